//! Ticket events: an audit with its child events; each child holds the changed field as a key of its own.

use super::json::{canary, int, lit, maybe_int, maybe_word, prose, time, word};
use super::{agent_id, end_user_id, oddity, organization_id, person_id};
use crate::dice::mix;
use crate::world::cast::group_id;
use crate::world::generated::FIRST_TICKET;
use crate::world::history::{Audit, Change, History, Kind, Priority, State, Via};
use crate::world::stream::Filter;

/// Writes the audit of this number as the ticket event of this id; its children take the ids that follow.
pub(crate) fn write_event(history: History<'_>, audit: usize, id: i64, filter: Filter, out: &mut Vec<u8>) {
    let Some(found) = history.audits.get(audit) else { return lit(out, "null") };
    let odd = oddity(filter.oddity_percent, id);
    int(out, "{\"id\":", id);
    int(out, ",\"ticket_id\":", FIRST_TICKET + i64::from(history.index));
    int(out, ",\"timestamp\":", i64::from(found.at));
    time(out, ",\"created_at\":", i64::from(found.at));
    int(out, ",\"updater_id\":", person_id(found.actor));
    match odd {
        Some(0) => {
            word(out, ",\"via\":{\"channel\":", found.via.name());
            canary(out, ",\"source\":{\"from\":{\"title\":", "event-via-title", id);
            lit(out, "},\"to\":{},\"rel\":null}}");
        }
        Some(1) => lit(out, ",\"via\":\"CANARY-event-via-0\""),
        _ => word(out, ",\"via\":", found.via.name()),
    }
    maybe_int(out, ",\"via_reference_id\":", rule(found, id));
    write_system(id, odd, out);
    lit(out, ",\"event_type\":\"Audit\",\"child_events\":[");
    let mut state = history.state_after(audit);
    let mut child = Child { history, audit: found, opening: audit == 0, id, odd, filter };
    for change in history.changes_of(found) {
        child.id += 1;
        if child.id > id + 1 {
            lit(out, ",");
        }
        child.write(*change, &state, out);
        state.apply(*change);
    }
    if matches!(odd, Some(5 | 6)) {
        child.id += 1;
        child.write_unknown(out);
    }
    lit(out, "]}");
}

fn rule(audit: &Audit, id: i64) -> Option<i64> {
    (audit.via == Via::Rule).then(|| 28_000_000_000_001 + id / 64 % 9)
}

/// Where somebody sat who made an update: addresses, places, what an app left behind.
fn write_system(id: i64, odd: Option<u8>, out: &mut Vec<u8>) {
    if odd == Some(2) {
        return lit(out, ",\"system\":null,\"metadata\":null");
    }
    let number = id / 64 % 250;
    canary(out, ",\"system\":{\"client\":", "system-client", id);
    int(out, ",\"ip_address\":\"203.0.113.", number);
    canary(out, "\",\"location\":", "system-location", id);
    lit(out, ",\"latitude\":51.47792813,\"longitude\":-0.00147829},\"metadata\":{\"custom\":{");
    canary(out, "\"note\":", "metadata-note", id);
    lit(out, "}}");
}

struct Child<'a> {
    history: History<'a>,
    audit: &'a Audit,
    opening: bool,
    id: i64,
    odd: Option<u8>,
    filter: Filter,
}

impl Child<'_> {
    fn write(&self, change: Change, before: &State, out: &mut Vec<u8>) {
        int(out, "{\"id\":", self.id);
        // On a new ticket triggers choose the group: the child says so, not the audit.
        let by_trigger = self.opening && matches!(change, Change::Group(_));
        let via = if by_trigger { Via::Rule } else { self.audit.via };
        if !self.writes_own_via(change) {
            word(out, ",\"via\":", via.name());
        }
        let reference = if by_trigger { Some(28_000_000_000_099) } else { rule(self.audit, self.id) };
        maybe_int(out, ",\"via_reference_id\":", reference);
        if let Change::Comment { public } = change {
            self.write_comment(public, out);
        } else {
            self.write_value(change, out);
            word(out, ",\"event_type\":", if self.opening { "Create" } else { "Change" });
            if !self.opening {
                lit(out, ",\"previous_value\":");
                self.write_previous(change, before, out);
            }
        }
        lit(out, "}");
    }

    fn writes_own_via(&self, change: Change) -> bool {
        matches!(change, Change::Comment { .. }) && self.filter.comment_events
    }

    fn write_comment(&self, public: bool, out: &mut Vec<u8>) {
        let public = if public { "true" } else { "false" };
        lit(out, ",\"comment_present\":true,\"comment_public\":");
        lit(out, public);
        lit(out, ",\"event_type\":\"Comment\"");
        if !self.filter.comment_events {
            return;
        }
        int(out, ",\"type\":\"Comment\",\"author_id\":", person_id(self.audit.actor));
        prose(out, ",\"body\":", "comment-body", self.id);
        canary(out, ",\"html_body\":", "comment-html", self.id);
        canary(out, ",\"plain_body\":", "comment-plain", self.id);
        lit(out, ",\"public\":");
        lit(out, public);
        canary(out, ",\"attachments\":[{\"content_url\":", "attachment-url", self.id);
        int(out, "}],\"audit_id\":", self.id / 64 * 64);
        time(out, ",\"created_at\":", i64::from(self.audit.at));
        word(out, ",\"via\":{\"channel\":", self.history.case.channel.name());
        lit(out, ",\"source\":{\"from\":{},\"to\":{},\"rel\":null}}");
    }

    /// An id as a number, or as text in the odd rows.
    fn id_value(&self, key: &str, id: Option<i64>, out: &mut Vec<u8>) {
        match id {
            Some(id) if self.odd == Some(3) => {
                lit(out, key);
                int(out, "\"", id);
                lit(out, "\"");
            }
            id => maybe_int(out, key, id),
        }
    }

    fn write_value(&self, change: Change, out: &mut Vec<u8>) {
        let n = self.id;
        match change {
            Change::Status(status) => word(out, ",\"status\":", status.name()),
            Change::CustomStatus(status) => {
                self.id_value(",\"custom_status_id\":", Some(custom_status(status)), out);
            }
            Change::Priority(priority) => maybe_word(out, ",\"priority\":", priority.map(Priority::name)),
            Change::Kind(kind) => maybe_word(out, ",\"type\":", kind.map(Kind::name)),
            Change::Group(group) => self.id_value(",\"group_id\":", group.map(group_id), out),
            Change::Assignee(agent) => self.id_value(",\"assignee_id\":", agent.map(agent_id), out),
            Change::Organization(organization) => {
                self.id_value(",\"organization_id\":", organization.map(organization_id), out);
            }
            Change::Brand(brand) => int(out, ",\"brand_id\":", 30_000_000_000_001 + i64::from(brand)),
            Change::Form(form) => int(out, ",\"ticket_form_id\":", 31_000_000_000_001 + i64::from(form)),
            Change::Problem(problem) => self.id_value(",\"problem_id\":", problem.map(ticket_id), out),
            Change::Requester(user) => int(out, ",\"requester_id\":", end_user_id(user)),
            Change::Subject => canary(out, ",\"subject\":", "event-subject", n),
            Change::Tags => {
                canary(out, ",\"added_tags\":[", "event-added-tag", n);
                canary(out, "],\"removed_tags\":[", "event-removed-tag", n);
                canary(out, "],\"tags\":[", "event-tag", n);
                lit(out, "]");
            }
            Change::MergedTag => {
                lit(out, ",\"added_tags\":[\"closed_by_merge\"],\"removed_tags\":[]");
                canary(out, ",\"tags\":[\"closed_by_merge\",", "event-tag", n);
                lit(out, "]");
            }
            Change::CustomField => {
                canary(out, ",\"custom_ticket_fields\":{\"35000000000011\":", "event-custom-field", n);
                lit(out, "}");
            }
            Change::Satisfaction => canary(out, ",\"satisfaction_comment\":", "event-satisfaction", n),
            Change::Due => time(out, ",\"due_at\":", i64::from(self.history.case.created_at) + 259_200),
            Change::Comment { .. } | Change::Scrubbed | Change::Touched => {}
        }
    }

    fn write_previous(&self, change: Change, before: &State, out: &mut Vec<u8>) {
        let n = self.id;
        match change {
            Change::Status(_) => word(out, "", before.status.name()),
            Change::CustomStatus(_) => self.id_value("", Some(custom_status(before.custom_status)), out),
            Change::Priority(_) => maybe_word(out, "", before.priority.map(Priority::name)),
            Change::Kind(_) => maybe_word(out, "", before.kind.map(Kind::name)),
            Change::Group(_) => self.id_value("", before.group.map(group_id), out),
            Change::Assignee(_) => self.id_value("", before.assignee.map(agent_id), out),
            Change::Organization(_) => self.id_value("", before.organization.map(organization_id), out),
            Change::Brand(_) => int(out, "", 30_000_000_000_001 + i64::from(before.brand)),
            Change::Form(_) => int(out, "", 31_000_000_000_001 + i64::from(before.form)),
            Change::Problem(_) => self.id_value("", before.problem.map(ticket_id), out),
            Change::Requester(_) => int(out, "", end_user_id(before.requester)),
            Change::Subject => canary(out, "", "previous-subject", n),
            Change::Tags | Change::MergedTag => {
                canary(out, "[", "previous-tag", n);
                lit(out, "]");
            }
            Change::CustomField => canary(out, "", "previous-custom-field", n),
            Change::Satisfaction => canary(out, "", "previous-satisfaction", n),
            Change::Due | Change::Comment { .. } | Change::Scrubbed | Change::Touched => lit(out, "null"),
        }
    }

    /// A kind of child event that no client knows, with a transcript in it.
    fn write_unknown(&self, out: &mut Vec<u8>) {
        int(out, ",{\"id\":", self.id);
        if self.odd == Some(5) {
            canary(
                out,
                ",\"event_type\":\"ChatEndedEvent\",\"history\":[{\"message\":",
                "chat-transcript",
                self.id,
            );
            let phone = 1_000_000 + mix(self.id as u64, 3) as i64 % 1_000_000;
            int(out, "}],\"caller\":\"+1555010", phone);
            canary(out, "\",\"recording_url\":", "recording-url", self.id);
            lit(out, ",\"via\":null}");
        } else {
            canary(out, ",\"event_type\":\"Change\",\"novel_field\":", "novel-value", self.id);
            canary(out, ",\"previous_value\":{\"text\":", "novel-previous\\u0000", self.id);
            lit(out, "},\"via\":\"Web form\"}");
        }
    }
}

fn custom_status(status: u8) -> i64 {
    32_000_000_000_001 + i64::from(status)
}

fn ticket_id(index: u32) -> i64 {
    FIRST_TICKET + i64::from(index)
}

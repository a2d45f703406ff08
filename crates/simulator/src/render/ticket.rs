//! Tickets as the exports show them, keys in recorded order, with everything planted that must not get out.

use super::json::{boolean, canary, email, int, lit, maybe_int, maybe_time, maybe_word, prose, time, word};
use super::live::{write_metric_events, write_slas};
use super::metrics::write_metric_set;
use super::{agent_id, end_user_id, oddity, organization_id, person_id};
use crate::dice::mix;
use crate::world::cast::group_id;
use crate::world::generated::{FIRST_TICKET, Generated};
use crate::world::history::{Channel, History, Kind, Priority, State, Status};
use crate::world::stream::Filter;

/// Writes a ticket as it was after the audit of this number.
pub(crate) fn write_ticket(
    world: &Generated,
    history: History<'_>,
    audit: usize,
    filter: Filter,
    out: &mut Vec<u8>,
) {
    let state = history.state_after(audit + 1);
    let id = FIRST_TICKET + i64::from(history.index);
    let odd = oddity(filter.oddity_percent, id);
    let generated_at = history.audits.get(audit).map_or(0, |audit| i64::from(audit.at));
    int(out, "{\"url\":\"https://canary-subdomain.example.test/api/v2/tickets/", id);
    int(out, ".json\",\"id\":", id);
    canary(out, ",\"external_id\":", "ticket-external-id", id);
    write_via(history, id, odd, out);
    time(out, ",\"created_at\":", i64::from(history.case.created_at));
    time(out, ",\"updated_at\":", state.updated_at);
    maybe_word(out, ",\"type\":", state.kind.map(Kind::name));
    write_content(&state, id, odd, out);
    maybe_word(out, ",\"priority\":", state.priority.map(Priority::name));
    word(out, ",\"status\":", state.status.name());
    email(out, ",\"recipient\":", "recipient", id);
    write_people(history, &state, odd, out);
    lit(out, ",\"forum_topic_id\":null");
    maybe_int(out, ",\"problem_id\":", state.problem.map(|index| FIRST_TICKET + i64::from(index)));
    boolean(out, ",\"has_incidents\":", world.has_incidents(history.index, generated_at));
    boolean(out, ",\"is_public\":", state.is_public);
    maybe_time(out, ",\"due_at\":", state.due.then_some(i64::from(history.case.created_at) + 259_200));
    write_tags(&state, id, odd, out);
    write_fields(&state, id, odd, out);
    lit(out, ",\"sharing_agreement_ids\":[]");
    int(out, ",\"custom_status_id\":", 32_000_000_000_001 + i64::from(state.custom_status));
    if odd != Some(3) {
        canary(out, ",\"encoded_id\":", "encoded-id", id);
    }
    lit(out, ",\"followup_ids\":[]");
    int(out, ",\"ticket_form_id\":", 31_000_000_000_001 + i64::from(state.form));
    int(out, ",\"brand_id\":", 30_000_000_000_001 + i64::from(state.brand));
    lit(out, ",\"allow_channelback\":false,\"allow_attachments\":true");
    let messaging = history.case.channel == Channel::Messaging;
    boolean(out, ",\"from_messaging_channel\":", messaging);
    if history.case.ai_agent || odd != Some(3) {
        word(out, ",\"support_type\":", if history.case.ai_agent { "ai_agent" } else { "agent" });
    }
    int(out, ",\"generated_timestamp\":", generated_at);
    if filter.metric_sets {
        lit(out, ",\"metric_set\":");
        if state.status == Status::Deleted {
            lit(out, "null");
        } else {
            write_metric_set(world, history, audit + 1, odd == Some(4), out);
        }
    }
    if let Some(now) = filter.slas {
        write_slas(world, history, now, out);
    }
    if let Some(now) = filter.metric_events {
        write_metric_events(world, history, (now, filter.oddity_percent), out);
    }
    if odd == Some(5) {
        canary(out, ",\"novelty\":{\"note\":", "ticket-novelty", id);
        canary(out, ",\"list\":[null,[{\"deep\":", "ticket-novelty-deep", id);
        lit(out, "}]]}");
    }
    lit(out, "}");
}

fn write_via(history: History<'_>, id: i64, odd: Option<u8>, out: &mut Vec<u8>) {
    word(out, ",\"via\":{\"channel\":", history.case.channel.name());
    if odd == Some(0) {
        return lit(out, ",\"source\":null}");
    }
    match history.case.channel {
        Channel::Email => {
            email(out, ",\"source\":{\"from\":{\"address\":", "via-from", id);
            canary(out, ",\"name\":", "via-from-name", id);
            email(out, ",\"original_recipients\":[", "via-original-recipient", id);
            canary(out, "]},\"to\":{\"name\":", "via-to-name", id);
            email(out, ",\"address\":", "via-to", id);
            email(out, ",\"email_ccs\":[", "via-cc", id);
            lit(out, "]},\"rel\":null}}");
        }
        Channel::Voice => {
            int(out, ",\"source\":{\"from\":{\"phone\":\"+1555010", 1_000_000 + id);
            int(out, "\",\"formatted_phone\":\"+1 (555) 010-", 1_000_000 + id);
            canary(out, "\",\"name\":", "via-caller-name", id);
            lit(
                out,
                "},\"to\":{\"phone\":\"+15550109999999\",\"name\":\"CANARY-via-line-0\",\"brand_id\":30000000000001}",
            );
            lit(out, ",\"rel\":\"inbound\"}}");
        }
        Channel::FollowUp => {
            int(out, ",\"source\":{\"from\":{\"ticket_id\":", FIRST_TICKET);
            canary(out, ",\"subject\":", "via-parent-subject", id);
            lit(out, "},\"to\":{},\"rel\":\"follow_up\"}}");
        }
        Channel::Messaging | Channel::Chat => {
            canary(out, ",\"source\":{\"from\":{\"username\":", "via-username", id);
            canary(out, ",\"profile_url\":", "via-profile-url", id);
            canary(out, ",\"facebook_id\":", "via-facebook-id", id);
            lit(out, "},\"to\":{},\"rel\":\"message\"}}");
        }
        Channel::Unheard => {
            canary(out, ",\"source\":{\"from\":{\"id\":28000000000001,\"title\":", "via-rule-title", id);
            lit(out, "},\"to\":{},\"rel\":\"CANARY-via-rel-0\"}}");
        }
        _ => lit(out, ",\"source\":{\"from\":{},\"to\":{},\"rel\":null}}"),
    }
}

fn write_content(state: &State, id: i64, odd: Option<u8>, out: &mut Vec<u8>) {
    if state.scrubbed {
        return lit(out, ",\"subject\":\"SCRUBBED\",\"raw_subject\":\"SCRUBBED\",\"description\":\"X\"");
    }
    let zero = if odd == Some(1) { "subject\\u0000" } else { "subject" };
    canary(out, ",\"subject\":", zero, id);
    canary(out, ",\"raw_subject\":", "raw-subject-{{dc.greeting}}", id);
    prose(out, ",\"description\":", "description", id);
}

fn write_people(history: History<'_>, state: &State, odd: Option<u8>, out: &mut Vec<u8>) {
    int(out, ",\"requester_id\":", end_user_id(state.requester));
    int(out, ",\"submitter_id\":", person_id(history.case.submitter));
    maybe_int(out, ",\"assignee_id\":", state.assignee.map(agent_id));
    maybe_int(out, ",\"organization_id\":", state.organization.map(organization_id));
    maybe_int(out, ",\"group_id\":", state.group.map(group_id));
    let copied = mix(u64::from(history.index), 0xCC).is_multiple_of(7);
    match copied {
        _ if odd == Some(2) => {
            lit(out, ",\"collaborator_ids\":null,\"follower_ids\":null,\"email_cc_ids\":null");
        }
        true => {
            int(out, ",\"collaborator_ids\":[", end_user_id(state.requester / 2));
            int(out, "],\"follower_ids\":[", agent_id(0));
            int(out, "],\"email_cc_ids\":[", end_user_id(state.requester / 2));
            lit(out, "]");
        }
        false => lit(out, ",\"collaborator_ids\":[],\"follower_ids\":[],\"email_cc_ids\":[]"),
    }
}

fn write_tags(state: &State, id: i64, odd: Option<u8>, out: &mut Vec<u8>) {
    if state.scrubbed {
        return lit(out, ",\"tags\":[]");
    }
    lit(out, ",\"tags\":[");
    for number in 0..state.tags {
        canary(out, if number == 0 { "" } else { "," }, "tag", id * 16 + i64::from(number));
    }
    if odd == Some(1) {
        lit(out, ",\"CANARY-tag-\\u0000-0\"");
    }
    if state.merged {
        lit(out, ",\"closed_by_merge\"");
    }
    lit(out, "]");
}

fn write_fields(state: &State, id: i64, odd: Option<u8>, out: &mut Vec<u8>) {
    for key in [",\"custom_fields\":", ",\"fields\":"] {
        if odd == Some(2) && key.contains("custom") {
            lit(out, ",\"custom_fields\":null");
            continue;
        }
        lit(out, key);
        canary(out, "[{\"id\":35000000000011,\"value\":", "custom-field", id);
        canary(out, "},{\"id\":35000000000014,\"value\":[\"a\",", "custom-field-list", id);
        int(
            out,
            "]},{\"id\":35000000000012,\"value\":null},{\"id\":35000000000013,\"value\":1555010",
            1_000_000 + id,
        );
        boolean(out, "},{\"id\":35000000000015,\"value\":", state.fields > 1);
        lit(out, "}]");
        if key.contains("custom") {
            write_rating(state, id, odd, out);
        }
    }
}

/// The four shapes of a rating: null, only a score, all of it, and a bare text.
fn write_rating(state: &State, id: i64, odd: Option<u8>, out: &mut Vec<u8>) {
    match (state.rated, odd, id % 3) {
        (_, Some(6), _) => canary(out, ",\"satisfaction_rating\":", "rating-text", id),
        (false, _, 0) => lit(out, ",\"satisfaction_rating\":{\"score\":\"unoffered\"}"),
        (false, _, _) => lit(out, ",\"satisfaction_rating\":null"),
        (true, _, _) => {
            int(out, ",\"satisfaction_rating\":{\"id\":", 34_000_000_000_000 + id);
            canary(out, ",\"score\":\"good\",\"comment\":", "rating-comment", id);
            canary(out, ",\"reason\":", "rating-reason", id);
            lit(out, ",\"reason_id\":33000000000001}");
        }
    }
}

//! The sanitizer once more, slow and obvious, over a tree: what the streaming one must agree with on every row, reject
//! and envelope. Times and ways are looked up in the lists of what the tests write, not computed.

use std::collections::HashSet;

use deskmeter_sanitizer::PseudonymKey;
use deskmeter_zendesk::{OrganizationId, Stream, UserId};

use crate::labels;
use crate::node::Node;

/// Texts that are times, and the seconds that they tell. All other texts are none.
pub(crate) const TIMES: [(&str, i64); 8] = [
    ("2026-11-02T09:14:07Z", 1_793_610_847),
    ("2026-11-03T15:40:51Z", 1_793_720_451),
    ("2026-11-02T11:49:07Z", 1_793_620_147),
    ("2025-12-31T23:30:00-01:00", 1_767_227_400),
    ("2026-01-01T00:30:00.75+01:00", 1_767_223_800),
    ("1970-01-01T00:00:00Z", 0),
    ("1969-12-31T23:59:59Z", -1),
    ("2200-01-01T00:00:00Z", 7_258_118_400),
];

const MONTHS: [(i64, &str); 7] = [
    (1_793_610_847, "2026-11"),
    (1_793_720_451, "2026-11"),
    (1_793_620_147, "2026-11"),
    (1_767_227_400, "2026-01"),
    (1_767_223_800, "2025-12"),
    (0, "1970-01"),
    (1_793_627_400, "2026-11"),
];

/// Names and numbers of ways: the channel and the word of an update. All others are `other`.
pub(crate) const WAYS: [(&str, &str, &str); 9] = [
    ("Web form", "web", "web_form"),
    ("0", "web", "web_form"),
    ("email", "email", "mail"),
    ("Mail", "email", "mail"),
    ("4", "email", "mail"),
    ("Rule", "rule", "rule"),
    ("8", "rule", "rule"),
    ("chat", "chat", "chat"),
    ("5", "api", "web_service"),
];

const STATUSES: &[&str] = &["new", "open", "pending", "hold", "solved", "closed", "deleted"];
const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];
const TYPES: &[&str] = &["question", "incident", "problem", "task"];
const RELS: &[&str] = &[
    "trigger",
    "automation",
    "follow_up",
    "merge",
    "problem",
    "voicemail",
    "inbound",
    "outbound",
    "chat",
    "message",
    "mention",
];
const METRICS: &[&str] = &[
    "reply_time",
    "periodic_update_time",
    "pausable_update_time",
    "requester_wait_time",
    "agent_work_time",
    "resolution_time",
    "group_ownership_time",
];
const METRIC_EVENT_TYPES: &[&str] =
    &["measure", "activate", "pause", "fulfill", "apply_sla", "apply_group_sla", "breach", "update_status"];

/// Fields of a child that are kept, and our words for them.
const FIELDS: [(&str, &str); 11] = [
    ("status", "status"),
    ("priority", "priority"),
    ("type", "type"),
    ("assignee_id", "assignee"),
    ("group_id", "group"),
    ("organization_id", "organization"),
    ("brand_id", "brand"),
    ("ticket_form_id", "ticket_form"),
    ("custom_status_id", "custom_status"),
    ("problem_id", "problem"),
    ("is_public", "is_public"),
];
/// Fields of a child that are known and give no row by themselves.
const OTHERS: [&str; 7] =
    ["subject", "tags", "added_tags", "removed_tags", "requester_id", "custom_ticket_fields", "sla"];

const ID_MAX: i64 = 9_007_199_254_740_992;
const COUNT_MAX: i64 = 1_000_000;
const SECONDS_MAX: i64 = 7_258_118_400;
const MINUTES_MAX: i64 = SECONDS_MAX / 60;
const TIME_MAX: i64 = 7_258_118_399;

pub(crate) type Row = Vec<Option<String>>;

/// What must come of a page, in words.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Rows by table, in the tables' column order.
    pub(crate) rows: Vec<(&'static str, Vec<Row>)>,
    /// Table, id and rule.
    pub(crate) rejects: Vec<(&'static str, Option<i64>, String)>,
    pub(crate) rows_seen: u64,
    pub(crate) newest: Option<i64>,
    pub(crate) after_cursor: Option<String>,
    pub(crate) end_time: Option<i64>,
    pub(crate) end_of_stream: Option<bool>,
}

/// None when the page must be refused.
pub(crate) fn sanitize(stream: Stream, page: &Node, key: &PseudonymKey) -> Option<Outcome> {
    let Node::Object(entries) = page else { return None };
    let arrays: Vec<_> = entries.iter().filter(|(name, _)| name == stream.rows_key()).collect();
    let [(_, Node::Array(rows))] = arrays.as_slice() else { return None };
    let mut reference = Reference { key, agents: HashSet::new(), outcome: Outcome::default() };
    reference.outcome.rows = match stream {
        Stream::Users => vec![("agents", vec![])],
        Stream::Organizations => vec![("organizations", vec![])],
        Stream::Tickets => vec![("ticket_metric_sets", vec![]), ("tickets", vec![])],
        Stream::TicketEvents => vec![("ticket_events", vec![])],
        Stream::TicketMetricEvents => vec![("ticket_metric_events", vec![])],
    };
    for row in rows {
        reference.row(stream, row);
    }
    let mut outcome = reference.outcome;
    outcome.rows_seen = rows.len() as u64;
    let meta = page.get("meta");
    let cursor = |from: Option<&Node>| match from?.get("after_cursor")? {
        Node::Text(text) if is_base64(text) => Some(text.clone()),
        _ => None,
    };
    outcome.after_cursor = cursor(Some(page)).or_else(|| cursor(meta));
    outcome.end_time = match page.get("end_time") {
        // A time has no sign, not even that of `-0`.
        Some(Node::Number(digits)) if !digits.starts_with('-') => {
            digits.parse().ok().filter(|time| (0..=TIME_MAX).contains(time))
        }
        _ => None,
    };
    let boolean = |node: Option<&Node>| match node {
        Some(Node::Bool(value)) => Some(*value),
        _ => None,
    };
    outcome.end_of_stream = boolean(page.get("end_of_stream"))
        .or_else(|| boolean(meta?.get("has_more")).map(|has_more| !has_more));
    Some(outcome)
}

struct Reference<'k> {
    key: &'k PseudonymKey,
    agents: HashSet<String>,
    outcome: Outcome,
}

type Cell = Result<Option<String>, String>;

impl Reference<'_> {
    fn row(&mut self, stream: Stream, row: &Node) {
        let table = self.outcome.rows.last().unwrap().0;
        if !matches!(row, Node::Object(_)) {
            return self.outcome.rejects.push((table, None, "[] is of the wrong type".into()));
        }
        let at = At { node: row, prefix: "" };
        let newest = match stream {
            Stream::Tickets => at.integer("generated_timestamp", 0, TIME_MAX),
            Stream::TicketEvents => event_time(at),
            Stream::TicketMetricEvents => at.time("time"),
            Stream::Users | Stream::Organizations => at.time("updated_at"),
        };
        self.outcome.newest = self.outcome.newest.max(newest.ok().flatten());
        let id = at.id("id").ok().flatten();
        let (id, done) = match stream {
            Stream::Tickets => (id, self.ticket(at)),
            Stream::TicketEvents => (id, self.ticket_event(at)),
            Stream::TicketMetricEvents => (id, self.metric_event(at)),
            Stream::Users => (None, self.user(at)),
            Stream::Organizations => (None, self.organization(at)),
        };
        if let Err(rule) = done {
            self.outcome.rejects.push((table, id, rule));
        }
    }

    fn push(&mut self, table: &'static str, row: Row) {
        let (_, rows) = self.outcome.rows.iter_mut().find(|(name, _)| *name == table).unwrap();
        rows.push(row);
    }

    fn user_key(&self, id: Result<Option<i64>, String>) -> Cell {
        Ok(id?.map(|id| self.key.user(UserId::new(id).unwrap()).to_string()))
    }

    fn organization_key(&self, id: Result<Option<i64>, String>) -> Cell {
        Ok(id?.map(|id| self.key.organization(OrganizationId::new(id).unwrap()).to_string()))
    }

    fn ticket(&mut self, ticket: At<'_>) -> Result<(), String> {
        let via = ticket.node.get("via");
        let channel = match via {
            Some(Node::Object(_)) => way(via.unwrap().get("channel"), true),
            via => way(via, true),
        };
        let rel =
            match via.and_then(|via| via.get("source")).and_then(|source| source.get("rel")).and_then(told) {
                None => None,
                Some(Node::Text(text)) if RELS.contains(&text.as_str()) => Some(text.clone()),
                Some(_) => Some("other".into()),
            };
        let id = ticket.required("id", ticket.id("id"))?;
        let created = ticket.required("created_at", ticket.time("created_at"))?;
        let generated = ticket.integer("generated_timestamp", 0, TIME_MAX)?;
        let updated = ticket.required("updated_at", ticket.time("updated_at"))?;
        let generated = generated.unwrap_or(updated);
        let row = vec![
            number(Some(id)),
            Some(month(created)),
            seconds(Some(generated)),
            seconds(Some(created)),
            seconds(Some(updated)),
            Some(ticket.required("status", ticket.word("status", STATUSES))?),
            ticket.word("priority", PRIORITIES)?,
            ticket.word("type", TYPES)?,
            channel,
            rel,
            self.user_key(ticket.id("requester_id"))?,
            self.user_key(ticket.id("submitter_id"))?,
            self.user_key(ticket.id("assignee_id"))?,
            self.organization_key(ticket.id("organization_id"))?,
            number(ticket.id("group_id")?),
            number(ticket.id("brand_id")?),
            number(ticket.id("ticket_form_id")?),
            number(ticket.id("custom_status_id")?),
            number(ticket.id("problem_id")?),
            ticket.boolean("has_incidents")?,
            ticket.boolean("is_public")?,
            Some(ticket.array("tags")?.contains(&Node::Text("closed_by_merge".into())).to_string()),
            seconds(ticket.time("due_at")?),
            number(Some(ticket.array("collaborator_ids")?.len() as i64)),
            number(Some(ticket.array("follower_ids")?.len() as i64)),
            number(Some(ticket.array("email_cc_ids")?.len() as i64)),
            number(Some(ticket.array("followup_ids")?.len() as i64)),
            ticket.boolean("from_messaging_channel")?,
            ticket.word("support_type", &["agent", "ai_agent"])?,
            labels::cell(&labels::of_ticket(ticket.node)),
        ];
        self.push("tickets", row);
        let head = vec![number(Some(id)), Some(month(created)), seconds(Some(generated))];
        if let Err(rule) = self.metric_set(ticket, head) {
            self.outcome.rejects.push(("ticket_metric_sets", Some(id), rule));
        }
        Ok(())
    }

    fn metric_set(&mut self, ticket: At<'_>, mut row: Row) -> Result<(), String> {
        let Some(set) = ticket.object("metric_set", "metric_set.")? else { return Ok(()) };
        row.push(number(set.id("id")?));
        row.push(seconds(set.time("created_at")?));
        row.push(seconds(set.time("updated_at")?));
        for key in ["group_stations", "assignee_stations", "reopens", "replies"] {
            row.push(number(set.integer(key, 0, COUNT_MAX)?));
        }
        for key in [
            "assignee_updated_at",
            "requester_updated_at",
            "status_updated_at",
            "custom_status_updated_at",
            "initially_assigned_at",
            "assigned_at",
            "solved_at",
            "latest_comment_added_at",
        ] {
            row.push(seconds(set.time(key)?));
        }
        for (key, prefix) in [
            ("reply_time_in_minutes", "metric_set.reply_time_in_minutes."),
            ("first_resolution_time_in_minutes", "metric_set.first_resolution_time_in_minutes."),
            ("full_resolution_time_in_minutes", "metric_set.full_resolution_time_in_minutes."),
            ("agent_wait_time_in_minutes", "metric_set.agent_wait_time_in_minutes."),
            ("requester_wait_time_in_minutes", "metric_set.requester_wait_time_in_minutes."),
            ("on_hold_time_in_minutes", "metric_set.on_hold_time_in_minutes."),
            ("reply_time_in_seconds", "metric_set.reply_time_in_seconds."),
        ] {
            let limit = if key.ends_with("seconds") { SECONDS_MAX } else { MINUTES_MAX };
            let durations = set.object(key, prefix)?;
            let read = |key| durations.map_or(Ok(None), |durations| durations.integer(key, 0, limit));
            let (calendar, business) = (read("calendar")?, read("business")?);
            row.push(number(calendar));
            if !key.ends_with("seconds") {
                row.push(number(business));
            }
        }
        self.push("ticket_metric_sets", row);
        Ok(())
    }

    fn metric_event(&mut self, event: At<'_>) -> Result<(), String> {
        let id = event.required("id", event.id("id"))?;
        let ticket_id = event.required("ticket_id", event.id("ticket_id"))?;
        let metric = event.required("metric", event.word("metric", METRICS))?;
        let instance = event.required("instance_id", event.integer("instance_id", 0, COUNT_MAX))?;
        let kind = event.required("type", event.word("type", METRIC_EVENT_TYPES))?;
        let time = event.required("time", event.time("time"))?;
        let deleted = event.boolean("deleted")?.unwrap_or("false".into());
        let (mut target, mut business, mut policy, mut group_policy) = (None, None, None, None);
        if let Some(sla) = event.object("sla", "sla.")? {
            (target, business) = sla_target(sla)?;
            if let Some(object) = sla.object("policy", "sla.policy.")? {
                policy = object.id("id")?;
            }
        }
        if let Some(sla) = event.object("group_sla", "group_sla.")? {
            let (group_target, group_business) = sla_target(sla)?;
            (target, business) = (target.or(group_target), business.or(group_business));
            if let Some(object) = sla.object("policy", "group_sla.policy.")? {
                group_policy = match object.node.get("id") {
                    Some(Node::Text(text)) if is_policy_key(text) => Some(text.clone()),
                    _ => None,
                };
            }
        }
        let clock = event.object("status", "status.")?;
        let open = |key| clock.map_or(Ok(None), |clock| clock.integer(key, 0, MINUTES_MAX));
        let (calendar, business_minutes) = (open("calendar")?, open("business")?);
        let row = vec![
            number(Some(id)),
            Some(month(time)),
            number(Some(ticket_id)),
            Some(metric),
            number(Some(instance)),
            Some(kind),
            seconds(Some(time)),
            Some(deleted),
            number(target),
            business,
            number(policy),
            group_policy,
            number(calendar),
            number(business_minutes),
        ];
        self.push("ticket_metric_events", row);
        Ok(())
    }

    fn user(&mut self, user: At<'_>) -> Result<(), String> {
        let role = match user.value("role") {
            None => return Err(user.rule("role", "is missing")),
            Some(Node::Text(text)) if text == "end-user" || text == "end_user" => "end_user",
            Some(Node::Text(text)) if text == "agent" => "agent",
            Some(Node::Text(text)) if text == "admin" => "admin",
            Some(Node::Text(_) | Node::Raw(_)) => return Err(user.rule("role", "is not a known word")),
            Some(_) => return Err(user.rule("role", "is of the wrong type")),
        };
        let key = user.required("id", self.user_key(user.id("id")));
        if role == "end_user" && !key.as_ref().is_ok_and(|key| self.agents.contains(key)) {
            return Ok(());
        }
        let key = key?;
        let updated = user.required("updated_at", user.time("updated_at"))?;
        let created = user.required("created_at", user.time("created_at"))?;
        let row = vec![
            Some(key.clone()),
            Some(month(created)),
            seconds(Some(updated)),
            seconds(Some(created)),
            Some(role.into()),
            number(user.integer("role_type", 0, COUNT_MAX)?),
            number(user.id("custom_role_id")?),
            number(user.id("default_group_id")?),
            user.boolean("active")?,
            user.boolean("suspended")?,
        ];
        self.push("agents", row);
        self.agents.insert(key);
        Ok(())
    }

    fn organization(&mut self, organization: At<'_>) -> Result<(), String> {
        let key = organization.required("id", self.organization_key(organization.id("id")))?;
        let created = organization.required("created_at", organization.time("created_at"))?;
        let updated = organization.required("updated_at", organization.time("updated_at"))?;
        let deleted = organization.time("deleted_at")?;
        let row = vec![
            Some(key),
            Some(month(created)),
            seconds(Some(created)),
            seconds(Some(updated)),
            seconds(deleted),
        ];
        self.push("organizations", row);
        Ok(())
    }

    fn ticket_event(&mut self, event: At<'_>) -> Result<(), String> {
        let id = event.required("id", event.id("id"))?;
        let ticket_id = event.required("ticket_id", event.id("ticket_id"))?;
        let time = event.required("timestamp", event_time(event))?;
        let updater = event.integer("updater_id", -1, ID_MAX)?;
        if updater == Some(0) {
            return Err(event.rule("updater_id", "is out of range"));
        }
        let updater_key = self.user_key(Ok(updater.filter(|id| *id != -1)))?;
        let children = event.array("child_events")?;
        for child in children {
            let Node::Object(_) = child else {
                let rule = "child_events[] is of the wrong type".to_owned();
                self.outcome.rejects.push(("ticket_events", None, rule));
                continue;
            };
            let child = At { node: child, prefix: "child_events[]." };
            let via =
                if child.value("via").is_some() { child.node.get("via") } else { event.node.get("via") };
            let via = match via {
                Some(Node::Object(_)) => way(via.unwrap().get("channel"), false),
                via => way(via, false),
            };
            match self.child(child) {
                Ok(None) => {}
                Ok(Some((child_id, rest))) => {
                    let mut row = vec![
                        number(Some(child_id)),
                        Some(month(time)),
                        number(Some(id)),
                        number(Some(ticket_id)),
                        seconds(Some(time)),
                        updater_key.clone(),
                        Some((updater == Some(-1)).to_string()),
                        via,
                    ];
                    row.extend(rest);
                    self.push("ticket_events", row);
                }
                Err(rule) => {
                    let child_id = child.id("id").ok().flatten();
                    self.outcome.rejects.push(("ticket_events", child_id, rule));
                }
            }
        }
        Ok(())
    }

    /// Id and the columns from `kind` on; None when the child is dropped.
    fn child(&self, child: At<'_>) -> Result<Option<(i64, Row)>, String> {
        let named = child.node.get("field_name");
        let keyed = FIELDS.iter().find(|(key, _)| child.node.get(key).is_some());
        let by_name = FIELDS.iter().find(|(key, _)| named == Some(&Node::Text((*key).into())));
        let field = keyed.or(by_name);
        let (added, removed) = labels::of_child(child.node);
        let is_kept = field.is_some() || !added.is_empty() || !removed.is_empty();
        let is_comment = child.node.get("comment_present") == Some(&Node::Bool(true));
        let kind = match child.value("event_type") {
            Some(Node::Text(text)) if text == "Comment" => "comment",
            Some(Node::Text(text)) if text == "Create" && is_kept => "create",
            Some(Node::Text(text)) if text == "Change" && is_kept => "change",
            _ if is_comment => "comment",
            None if field.is_some() => return Err(child.rule("event_type", "is missing")),
            _ => return Ok(None),
        };
        let id = child.required("id", child.id("id"))?;
        if kind == "comment" {
            let mut row = vec![None; 11];
            row[0] = Some(kind.into());
            row[8] = child.boolean("comment_public")?;
            return Ok(Some((id, row)));
        }
        let Some((field_key, field_word)) = field.copied() else {
            let mut row = vec![None; 11];
            (row[0], row[1]) = (Some(kind.into()), Some("label".into()));
            (row[9], row[10]) = (labels::cell(&added), labels::cell(&removed));
            return Ok(Some((id, row)));
        };
        let value_key = if keyed.is_some() { field_key } else { "value" };
        let [word, ref_id, ref_key] = self.setting(child, field_word, value_key)?;
        let Node::Object(entries) = child.node else { unreachable!() };
        let others: HashSet<_> = entries
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !labels::COMMON.contains(name) && *name != value_key)
            .filter(|name| keyed.is_some() || *name != "field_name")
            .collect();
        let is_number = ["group", "brand", "ticket_form", "custom_status", "problem"].contains(&field_word);
        let is_a_field = |name: &&str| {
            FIELDS.iter().any(|(key, _)| key == name) || *name == "field_name" || OTHERS.contains(name)
        };
        let is_certain = !others.iter().any(is_a_field) && (others.is_empty() || !is_number);
        let [previous_word, previous_id, previous_key] =
            if is_certain { self.setting(child, field_word, "previous_value")? } else { [None, None, None] };
        let kind = Some(kind.to_owned());
        let field = Some(field_word.to_owned());
        let row = vec![
            kind,
            field,
            word,
            previous_word,
            ref_id,
            previous_id,
            ref_key,
            previous_key,
            None,
            None,
            None,
        ];
        Ok(Some((id, row)))
    }

    /// Word, number and pseudonym of a field's value.
    fn setting(&self, child: At<'_>, field: &str, key: &str) -> Result<[Option<String>; 3], String> {
        Ok(match field {
            "status" => [child.word(key, STATUSES)?, None, None],
            "priority" => [child.word(key, PRIORITIES)?, None, None],
            "type" => [child.word(key, TYPES)?, None, None],
            "is_public" => match child.node.get(key) {
                Some(Node::Text(text)) if text == "true" || text == "false" => {
                    [Some(text.clone()), None, None]
                }
                _ => [child.boolean(key)?, None, None],
            },
            "assignee" => [None, None, self.user_key(child.id(key))?],
            "organization" => [None, None, self.organization_key(child.id(key))?],
            _ => [None, number(child.id(key)?), None],
        })
    }
}

/// A place in a row: the object, and what stands before its keys in a rule.
#[derive(Clone, Copy)]
struct At<'n> {
    node: &'n Node,
    prefix: &'static str,
}

impl<'n> At<'n> {
    fn value(self, key: &str) -> Option<&'n Node> {
        self.node.get(key).and_then(told)
    }

    fn rule(self, key: &str, fault: &str) -> String {
        format!("{}{key} {fault}", self.prefix)
    }

    fn required<T>(self, key: &str, value: Result<Option<T>, String>) -> Result<T, String> {
        value?.ok_or_else(|| self.rule(key, "is missing"))
    }

    fn integer(self, key: &str, least: i64, most: i64) -> Result<Option<i64>, String> {
        let (digits, is_text) = match self.value(key) {
            None => return Ok(None),
            Some(Node::Number(digits)) => (digits.as_str(), false),
            Some(Node::Text(text)) => (text.as_str(), true),
            Some(_) => return Err(self.rule(key, "is of the wrong type")),
        };
        let whole = if is_text { digits } else { digits.strip_suffix(".0").unwrap_or(digits) };
        let is_integer = whole.strip_prefix('-').unwrap_or(whole).chars().all(|c| c.is_ascii_digit())
            && whole.chars().any(|c| c.is_ascii_digit());
        if !is_integer {
            let fault = if is_text { "is of the wrong type" } else { "is not an integer" };
            return Err(self.rule(key, fault));
        }
        match whole.parse::<i128>() {
            Ok(integer) if (i128::from(least)..=i128::from(most)).contains(&integer) => {
                Ok(Some(integer as i64))
            }
            _ => Err(self.rule(key, "is out of range")),
        }
    }

    fn id(self, key: &str) -> Result<Option<i64>, String> {
        self.integer(key, 1, ID_MAX)
    }

    fn time(self, key: &str) -> Result<Option<i64>, String> {
        match self.value(key) {
            None => Ok(None),
            Some(Node::Text(text)) => match TIMES.iter().find(|(time, _)| time == text) {
                Some((_, seconds)) if (0..=TIME_MAX).contains(seconds) => Ok(Some(*seconds)),
                Some(_) => Err(self.rule(key, "is out of range")),
                None => Err(self.rule(key, "is not a time")),
            },
            Some(Node::Raw(_)) => Err(self.rule(key, "is not a time")),
            Some(_) => Err(self.rule(key, "is of the wrong type")),
        }
    }

    fn word(self, key: &str, words: &[&str]) -> Cell {
        match self.value(key) {
            None => Ok(None),
            Some(Node::Text(text)) if words.contains(&text.as_str()) => Ok(Some(text.clone())),
            Some(Node::Text(_) | Node::Raw(_)) => Ok(Some("other".into())),
            Some(_) => Err(self.rule(key, "is of the wrong type")),
        }
    }

    fn boolean(self, key: &str) -> Cell {
        match self.value(key) {
            None => Ok(None),
            Some(Node::Bool(value)) => Ok(Some(value.to_string())),
            Some(_) => Err(self.rule(key, "is of the wrong type")),
        }
    }

    fn array(self, key: &str) -> Result<&'n [Node], String> {
        match self.value(key) {
            None => Ok(&[]),
            Some(Node::Array(nodes)) => Ok(nodes),
            Some(_) => Err(self.rule(key, "is of the wrong type")),
        }
    }

    fn object(self, key: &str, prefix: &'static str) -> Result<Option<At<'n>>, String> {
        match self.value(key) {
            None => Ok(None),
            Some(node @ Node::Object(_)) => Ok(Some(At { node, prefix })),
            Some(_) => Err(self.rule(key, "is of the wrong type")),
        }
    }
}

/// The value, unless it is null or empty.
fn told(node: &Node) -> Option<&Node> {
    let is_told = *node != Node::Null && *node != Node::Text(String::new());
    is_told.then_some(node)
}

fn event_time(event: At<'_>) -> Result<Option<i64>, String> {
    match event.integer("timestamp", 0, TIME_MAX)? {
        Some(time) => Ok(Some(time)),
        None => event.time("created_at"),
    }
}

fn sla_target(sla: At<'_>) -> Result<(Option<i64>, Option<String>), String> {
    let minutes = sla.integer("target", 0, MINUTES_MAX)?;
    let seconds = sla.integer("target_in_seconds", 0, SECONDS_MAX)?;
    Ok((seconds.or(minutes.map(|minutes| minutes * 60)), sla.boolean("business_hours")?))
}

fn way(node: Option<&Node>, is_channel: bool) -> Option<String> {
    let name = match told(node?)? {
        Node::Text(text) => text.as_str(),
        Node::Number(digits) => digits.as_str(),
        _ => "",
    };
    let way = WAYS.iter().find(|(known, ..)| *known == name);
    let word = way.map_or("other", |(_, channel, via)| if is_channel { channel } else { via });
    Some(word.into())
}

fn is_policy_key(text: &str) -> bool {
    text.chars().count() == 26 && text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
}

fn number(value: Option<i64>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn seconds(value: Option<i64>) -> Option<String> {
    value.map(|value| format!("{value}s"))
}

fn month(time: i64) -> String {
    let known = MONTHS.iter().find(|(seconds, _)| *seconds == time).map(|(_, month)| *month);
    let small_number = (time < 2_678_400).then_some("1970-01");
    known.or(small_number).unwrap_or_else(|| panic!("the tests write no time {time}")).to_owned()
}

/// A cursor is base64 of some length, whose characters need no escapes.
fn is_base64(text: &str) -> bool {
    let is_of_it = |character: char| character.is_ascii_alphanumeric() || "+/-_=".contains(character);
    !text.is_empty() && text.len() <= 1_024 && text.chars().all(is_of_it)
}

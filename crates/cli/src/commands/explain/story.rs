//! A ticket without a metric: all of its numbers and transitions.

use std::collections::BTreeSet;

use deskmeter_warehouse::{Row, Story};

use crate::output::{Paint, Screen, Table};

/// The story, fitted to the screen.
pub(super) fn text(story: &Story, screen: Screen) -> String {
    let mut parts = vec![heading(story, screen), numbers(story, screen), counts(story, screen)];
    parts.push(section("statuses", &story.transitions, &STATUSES, screen));
    parts.push(section("assignments", &story.assignments, &ASSIGNMENTS, screen));
    parts.push(section("moves and raises", &story.escalations, &ESCALATIONS, screen));
    parts.push(section("SLA targets", &story.sla_targets, &TARGETS, screen));
    let hint = format!("one number: deskmeter explain {} METRIC, for example first_reply", story.ticket_id);
    parts.push(screen.wrapped(&hint, 0).join("\n"));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// Columns of a section: heading and name.
type Columns = [(&'static str, &'static str); 5];

const STATUSES: Columns = [
    ("when, UTC", "occurred_at"),
    ("status", "to_status"),
    ("by", "actor_role"),
    ("minutes", "status_minutes_calendar"),
    ("business", "status_minutes_business"),
];
const ASSIGNMENTS: Columns = [
    ("from, UTC", "valid_from"),
    ("agent", "assignee_key"),
    ("group", "group_id"),
    ("minutes", "held_minutes_calendar"),
    ("unsolved", "unsolved_minutes_calendar"),
];
const ESCALATIONS: Columns = [
    ("when, UTC", "occurred_at"),
    ("kind", "kind"),
    ("from group", "from_group_id"),
    ("to group", "group_id"),
    ("priority", "priority"),
];
const TARGETS: Columns = [
    ("metric", "policy_metric"),
    ("state", "state"),
    ("target s", "target_seconds"),
    ("elapsed s", "elapsed_seconds"),
    ("due, UTC", "due_at"),
];

fn heading(story: &Story, screen: Screen) -> String {
    let known = ["status", "priority", "channel", "group_id", "schedule"];
    let words: Vec<String> = known
        .iter()
        .filter_map(|name| Some(format!("{} {}", name.trim_end_matches("_id"), story.numbers.text(name)?)))
        .collect();
    let title = screen.paint(Paint::Strong, &format!("ticket {}", story.ticket_id));
    let created = story.numbers.text("created_at").unwrap_or_default();
    let as_of = story.numbers.text("as_of").unwrap_or_default();
    let mut lines = vec![title];
    lines.extend(screen.wrapped(&words.join(", "), 0));
    lines.extend(screen.wrapped(&format!("created {created}, as of {as_of}"), 0));
    lines.join("\n")
}

/// Every duration, calendar and business beside each other.
fn numbers(story: &Story, screen: Screen) -> String {
    let mut table = Table::of_width(["minutes", "calendar", "business"], screen.width);
    let mut seen = BTreeSet::new();
    for (name, _) in &story.numbers.0 {
        let Some((base, _)) = name.split_once("_minutes") else { continue };
        if !seen.insert(base.to_owned()) {
            continue;
        }
        let value = |kind: &str| story.numbers.text(&format!("{base}_minutes_{kind}")).unwrap_or_default();
        table.row([base.replace('_', " "), value("calendar"), value("business")]);
    }
    table.align_right(1);
    table.align_right(2);
    if seen.is_empty() { String::new() } else { table.to_string() }
}

/// Counts that are not 0, and flags that are set.
fn counts(story: &Story, screen: Screen) -> String {
    let words = story.numbers.0.iter().filter_map(|(name, value)| {
        if let Some(count) = name.strip_prefix("n_") {
            return (value.as_i64() != Some(0)).then(|| format!("{} {value}", count.replace('_', " ")));
        }
        let flag = name.strip_prefix("is_").or(name.strip_prefix("has_"))?;
        (value.as_bool() == Some(true)).then(|| flag.replace('_', " "))
    });
    screen.wrapped(&words.collect::<Vec<_>>().join(", "), 0).join("\n")
}

fn section(title: &str, rows: &[Row], columns: &Columns, screen: Screen) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::of_width(columns.map(|(heading, _)| heading), screen.width);
    for row in rows {
        table.row(columns.map(|(_, name)| short(&row.text(name).unwrap_or_default())));
    }
    format!("{}\n{table}", screen.paint(Paint::Strong, title))
}

/// A time without its `T` and `Z`, a pseudonym without its end.
fn short(value: &str) -> String {
    if value.len() == 20 && value.ends_with('Z') {
        return value.trim_end_matches('Z').replace('T', " ");
    }
    if value.len() > 24 {
        format!("{}…", value.chars().take(10).collect::<String>())
    } else {
        value.to_owned()
    }
}

//! Zendesk's own numbers for a ticket, carried by the ticket export.

use crate::{Column, Kind, Purpose, Table, Version};

/// One row per ticket that has a metric set (a deleted ticket has none).
pub const TICKET_METRIC_SETS: Table = Table {
    name: "ticket_metric_sets",
    grain: "one row per ticket, at its newest version",
    key: &["ticket_id"],
    partition: "created_month",
    version: Version::Newest("generated_at"),
    columns: COLUMNS,
};

const fn count(name: &'static str, source: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::Integer, Purpose::Resolution, source, about).nullable()
}

const fn minutes(name: &'static str, source: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::Integer, Purpose::Resolution, source, about).nullable()
}

const fn time(name: &'static str, source: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::Timestamp, Purpose::Resolution, source, about).nullable()
}

const COLUMNS: &[Column] = &[
    Column::new("ticket_id", Kind::Integer, Purpose::Key, "tickets[].id", "The ticket."),
    Column::new(
        "created_month",
        Kind::Month,
        Purpose::Key,
        "tickets[].created_at",
        "Month of the ticket's creation, UTC; partitions the table.",
    ),
    Column::new(
        "generated_at",
        Kind::Timestamp,
        Purpose::Key,
        "tickets[].generated_timestamp",
        "Version of the row: that of the ticket that carried it, UTC.",
    ),
    Column::new(
        "metric_set_id",
        Kind::Integer,
        Purpose::Key,
        "tickets[].metric_set.id",
        "The metric set; NULL when not told.",
    )
    .nullable(),
    time(
        "created_at",
        "tickets[].metric_set.created_at",
        "When the metric set was made, UTC; NULL when not told.",
    ),
    time("updated_at", "tickets[].metric_set.updated_at", "When it last changed, UTC; NULL when not told."),
    count(
        "group_stations",
        "tickets[].metric_set.group_stations",
        "Groups the ticket passed through; NULL when not told.",
    ),
    count(
        "assignee_stations",
        "tickets[].metric_set.assignee_stations",
        "Assignees the ticket passed through; NULL when not told.",
    ),
    count("reopens", "tickets[].metric_set.reopens", "Times it was reopened; NULL when not told."),
    count("replies", "tickets[].metric_set.replies", "Public agent comments; NULL when not told."),
    time(
        "assignee_updated_at",
        "tickets[].metric_set.assignee_updated_at",
        "When the assignee last changed it, UTC; NULL when never.",
    ),
    time(
        "requester_updated_at",
        "tickets[].metric_set.requester_updated_at",
        "When the requester last changed it, UTC; NULL when never.",
    ),
    time(
        "status_updated_at",
        "tickets[].metric_set.status_updated_at",
        "When the status last changed, UTC; NULL when never.",
    ),
    time(
        "custom_status_updated_at",
        "tickets[].metric_set.custom_status_updated_at",
        "When the custom status last changed, UTC; NULL in old rows.",
    ),
    time(
        "initially_assigned_at",
        "tickets[].metric_set.initially_assigned_at",
        "First assignment, UTC; NULL when never assigned.",
    ),
    time(
        "assigned_at",
        "tickets[].metric_set.assigned_at",
        "Latest assignment, UTC; NULL when never assigned.",
    ),
    time("solved_at", "tickets[].metric_set.solved_at", "Latest solve, UTC; NULL when never solved."),
    time(
        "latest_comment_added_at",
        "tickets[].metric_set.latest_comment_added_at",
        "Time of the latest comment, private ones included, UTC; NULL when none.",
    ),
    minutes(
        "reply_minutes_calendar",
        "tickets[].metric_set.reply_time_in_minutes.calendar",
        "First reply, calendar minutes; NULL before it happened.",
    ),
    minutes(
        "reply_minutes_business",
        "tickets[].metric_set.reply_time_in_minutes.business",
        "First reply, business minutes; NULL before it happened.",
    ),
    minutes(
        "first_resolution_minutes_calendar",
        "tickets[].metric_set.first_resolution_time_in_minutes.calendar",
        "First resolution, calendar minutes; NULL before it happened.",
    ),
    minutes(
        "first_resolution_minutes_business",
        "tickets[].metric_set.first_resolution_time_in_minutes.business",
        "First resolution, business minutes; NULL before it happened.",
    ),
    minutes(
        "full_resolution_minutes_calendar",
        "tickets[].metric_set.full_resolution_time_in_minutes.calendar",
        "Full resolution, calendar minutes; NULL before it happened.",
    ),
    minutes(
        "full_resolution_minutes_business",
        "tickets[].metric_set.full_resolution_time_in_minutes.business",
        "Full resolution, business minutes; NULL before it happened.",
    ),
    minutes(
        "agent_wait_minutes_calendar",
        "tickets[].metric_set.agent_wait_time_in_minutes.calendar",
        "Time in pending, calendar minutes; NULL before it ended.",
    ),
    minutes(
        "agent_wait_minutes_business",
        "tickets[].metric_set.agent_wait_time_in_minutes.business",
        "Time in pending, business minutes; NULL before it ended.",
    ),
    minutes(
        "requester_wait_minutes_calendar",
        "tickets[].metric_set.requester_wait_time_in_minutes.calendar",
        "Time in new, open and hold, calendar minutes; NULL before the solve.",
    ),
    minutes(
        "requester_wait_minutes_business",
        "tickets[].metric_set.requester_wait_time_in_minutes.business",
        "Time in new, open and hold, business minutes; NULL before the solve.",
    ),
    minutes(
        "on_hold_minutes_calendar",
        "tickets[].metric_set.on_hold_time_in_minutes.calendar",
        "Time in hold, calendar minutes; starts at 0, NULL when not told.",
    ),
    minutes(
        "on_hold_minutes_business",
        "tickets[].metric_set.on_hold_time_in_minutes.business",
        "Time in hold, business minutes; starts at 0, NULL when not told.",
    ),
    count(
        "reply_seconds_calendar",
        "tickets[].metric_set.reply_time_in_seconds.calendar",
        "First reply of a messaging ticket, calendar seconds; NULL for others.",
    ),
];

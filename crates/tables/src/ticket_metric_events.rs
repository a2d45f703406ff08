//! Zendesk's SLA engine, event by event.

use crate::domain::{METRIC, METRIC_EVENT_TYPE};
use crate::{Column, Kind, Purpose, Table, Version};

/// One row per metric event at its last seen state.
pub const TICKET_METRIC_EVENTS: Table = Table {
    name: "ticket_metric_events",
    grain: "one row per metric event, as last seen",
    key: &["metric_event_id"],
    partition: "event_month",
    version: Version::LastSeen,
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new("metric_event_id", Kind::Integer, Purpose::Key, "ticket_metric_events[].id", "The metric event."),
    Column::new("event_month", Kind::Month, Purpose::Key, "ticket_metric_events[].time", "Month of the event, UTC; partitions the table."),
    Column::new("ticket_id", Kind::Integer, Purpose::Key, "ticket_metric_events[].ticket_id", "The ticket."),
    Column::new("metric", Kind::Enum(&METRIC), Purpose::Sla, "ticket_metric_events[].metric", "The measured time."),
    Column::new("instance_id", Kind::Integer, Purpose::Sla, "ticket_metric_events[].instance_id", "Cycle of the metric on this ticket: 0 for measure, then 1, 2 and so on."),
    Column::new("type", Kind::Enum(&METRIC_EVENT_TYPE), Purpose::Sla, "ticket_metric_events[].type", "What happened to the clock or the target."),
    Column::new("occurred_at", Kind::Timestamp, Purpose::Sla, "ticket_metric_events[].time", "When it happened, or counts as having happened, UTC."),
    Column::new("is_deleted", Kind::Boolean, Purpose::Sla, "ticket_metric_events[].deleted", "Whether Zendesk has withdrawn the event; false when not told."),
    Column::new("sla_target_seconds", Kind::Integer, Purpose::Sla, "ticket_metric_events[].sla.target_in_seconds|group_sla.target_in_seconds", "The target put on, in seconds (from minutes where Zendesk tells only these); NULL when the event carries none.").nullable(),
    Column::new("is_sla_business_hours", Kind::Boolean, Purpose::Sla, "ticket_metric_events[].sla.business_hours|group_sla.business_hours", "Whether the target counts business hours; NULL when the event carries none.").nullable(),
    Column::new("sla_policy_id", Kind::Integer, Purpose::Sla, "ticket_metric_events[].sla.policy.id", "The SLA policy; NULL when the event carries none. Its title is not kept.").nullable(),
    Column::new("group_sla_policy_key", Kind::PolicyKey, Purpose::Sla, "ticket_metric_events[].group_sla.policy.id", "The group SLA policy; NULL when the event carries none. Its title is not kept.").nullable(),
    Column::new("status_minutes_calendar", Kind::Integer, Purpose::Sla, "ticket_metric_events[].status.calendar", "Calendar minutes measured so far, on update_status; NULL for other types.").nullable(),
    Column::new("status_minutes_business", Kind::Integer, Purpose::Sla, "ticket_metric_events[].status.business", "Business minutes measured so far, on update_status; NULL for other types.").nullable(),
];

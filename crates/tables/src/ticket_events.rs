//! What changed on a ticket, when, by whom and how; and that a comment was made, never what it says.

use crate::domain::{CHILD_EVENT_KIND, EVENT_FIELD, EVENT_VIA};
use crate::{Class, Column, Domain, Kind, Purpose, Table, Version};

/// One row per child event that is kept.
pub const TICKET_EVENTS: Table = Table {
    name: "ticket_events",
    grain: "one row per kept child event: a field's first value, a change of it, or a comment's flags",
    key: &["child_event_id"],
    partition: "event_month",
    version: Version::Immutable,
    columns: COLUMNS,
};

/// Words that a field of a child event may take: statuses, priorities, types, and the two booleans of `is_public`.
pub const EVENT_WORD: Domain = Domain {
    name: "event_word",
    values: &[
        "new", "open", "pending", "hold", "solved", "closed", "deleted", "low", "normal", "high", "urgent",
        "question", "incident", "problem", "task", "true", "false", "other",
    ],
};

const COLUMNS: &[Column] = &[
    Column::new(
        "child_event_id",
        Kind::Integer,
        Purpose::Key,
        "ticket_events[].child_events[].id",
        "The child event.",
    ),
    Column::new(
        "event_month",
        Kind::Month,
        Purpose::Key,
        "ticket_events[].timestamp",
        "Month of the event, UTC; partitions the table.",
    ),
    Column::new(
        "event_id",
        Kind::Integer,
        Purpose::Key,
        "ticket_events[].id",
        "The event that it belongs to: one update of the ticket.",
    ),
    Column::new("ticket_id", Kind::Integer, Purpose::Key, "ticket_events[].ticket_id", "The ticket."),
    Column::new(
        "occurred_at",
        Kind::Timestamp,
        Purpose::Lifecycle,
        "ticket_events[].timestamp",
        "When it happened, UTC; shared by all children of one event.",
    ),
    Column::new(
        "updater_key",
        Kind::Pseudonym,
        Purpose::Assignment,
        "ticket_events[].updater_id",
        "Keyed pseudonym of who made the update; NULL when the system did (-1) or it is not told.",
    )
    .nullable()
    .class(Class::PseudonymousCustomer),
    Column::new(
        "is_system",
        Kind::Boolean,
        Purpose::Escalation,
        "ticket_events[].updater_id",
        "Whether Zendesk itself made the update (updater -1).",
    ),
    Column::new(
        "via",
        Kind::Enum(&EVENT_VIA),
        Purpose::Escalation,
        "ticket_events[].child_events[].via",
        "By which way the update was made; NULL when not told.",
    )
    .nullable(),
    Column::new(
        "kind",
        Kind::Enum(&CHILD_EVENT_KIND),
        Purpose::Lifecycle,
        "ticket_events[].child_events[].event_type",
        "First value, change, or comment.",
    ),
    Column::new(
        "field",
        Kind::Enum(&EVENT_FIELD),
        Purpose::Lifecycle,
        "ticket_events[].child_events[]",
        "The field that is set; NULL for a comment.",
    )
    .nullable(),
    Column::new(
        "word",
        Kind::Enum(&EVENT_WORD),
        Purpose::Lifecycle,
        "ticket_events[].child_events[].status|priority|type|is_public",
        "The new value of a field of words; NULL when cleared, or for other fields.",
    )
    .nullable(),
    Column::new(
        "previous_word",
        Kind::Enum(&EVENT_WORD),
        Purpose::Lifecycle,
        "ticket_events[].child_events[].previous_value",
        "The old value of a field of words; NULL when there was none, or for other fields.",
    )
    .nullable(),
    Column::new(
        "ref_id",
        Kind::Integer,
        Purpose::Escalation,
        "ticket_events[].child_events[].group_id|brand_id|ticket_form_id|custom_status_id|problem_id",
        "The new value of a field of structural ids; NULL when cleared, or for other fields.",
    )
    .nullable(),
    Column::new(
        "previous_ref_id",
        Kind::Integer,
        Purpose::Escalation,
        "ticket_events[].child_events[].previous_value",
        "The old value of a field of structural ids; NULL when there was none, or for other fields.",
    )
    .nullable(),
    Column::new(
        "ref_key",
        Kind::Pseudonym,
        Purpose::Assignment,
        "ticket_events[].child_events[].assignee_id|organization_id",
        "Keyed pseudonym of the new assignee or organization; NULL when cleared, or for other fields.",
    )
    .nullable()
    .class(Class::PseudonymousAgent),
    Column::new(
        "previous_ref_key",
        Kind::Pseudonym,
        Purpose::Assignment,
        "ticket_events[].child_events[].previous_value",
        "Keyed pseudonym of the old assignee or organization; NULL when there was none, or for other fields.",
    )
    .nullable()
    .class(Class::PseudonymousAgent),
    Column::new(
        "is_comment_public",
        Kind::Boolean,
        Purpose::Resolution,
        "ticket_events[].child_events[].comment_public",
        "Whether the comment is public; NULL for other kinds.",
    )
    .nullable(),
    Column::new(
        "labels_added",
        Kind::Labels,
        Purpose::Escalation,
        "ticket_events[].child_events[].added_tags|tags|custom_ticket_fields",
        "Labels of allowed tags and field options that were set; NULL when none was.",
    )
    .nullable()
    .class(Class::Allowed),
    Column::new(
        "labels_removed",
        Kind::Labels,
        Purpose::Escalation,
        "ticket_events[].child_events[].removed_tags|previous_value",
        "Labels of allowed tags and field options that were taken off; NULL when none was.",
    )
    .nullable()
    .class(Class::Allowed),
];

//! Tickets at their newest version.

use crate::domain::{CHANNEL, PRIORITY, STATUS, SUPPORT_TYPE, TICKET_TYPE, VIA_REL};
use crate::{Class, Column, Kind, Purpose, Table, Version};

/// One row per ticket. Deleted and scrubbed tickets stay as a row with status `deleted`: a tombstone.
pub const TICKETS: Table = Table {
    name: "tickets",
    grain: "one row per ticket, at its newest version",
    key: &["ticket_id"],
    partition: "created_month",
    version: Version::Newest("generated_at"),
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new("ticket_id", Kind::Integer, Purpose::Key, "tickets[].id", "The ticket."),
    Column::new(
        "created_month",
        Kind::Month,
        Purpose::Key,
        "tickets[].created_at",
        "Month of creation, UTC; partitions the table.",
    ),
    Column::new(
        "generated_at",
        Kind::Timestamp,
        Purpose::Key,
        "tickets[].generated_timestamp",
        "Version of the row: when Zendesk last generated it, UTC.",
    ),
    Column::new(
        "created_at",
        Kind::Timestamp,
        Purpose::Lifecycle,
        "tickets[].created_at",
        "When the ticket was created, UTC.",
    ),
    Column::new(
        "updated_at",
        Kind::Timestamp,
        Purpose::Lifecycle,
        "tickets[].updated_at",
        "When it was last updated by an event, UTC; system changes do not move it.",
    ),
    Column::new(
        "status",
        Kind::Enum(&STATUS),
        Purpose::Lifecycle,
        "tickets[].status",
        "Current status category.",
    ),
    Column::new(
        "priority",
        Kind::Enum(&PRIORITY),
        Purpose::Escalation,
        "tickets[].priority",
        "Current priority; NULL when none is set.",
    )
    .nullable(),
    Column::new(
        "ticket_type",
        Kind::Enum(&TICKET_TYPE),
        Purpose::Breakdown,
        "tickets[].type",
        "Type; NULL when none is set.",
    )
    .nullable(),
    Column::new(
        "channel",
        Kind::Enum(&CHANNEL),
        Purpose::Breakdown,
        "tickets[].via.channel",
        "Channel of origin; NULL when not told.",
    )
    .nullable(),
    Column::new(
        "via_rel",
        Kind::Enum(&VIA_REL),
        Purpose::Breakdown,
        "tickets[].via.source.rel",
        "Relation to what made the ticket; NULL when none.",
    )
    .nullable(),
    Column::new(
        "requester_key",
        Kind::Pseudonym,
        Purpose::Resolution,
        "tickets[].requester_id",
        "Keyed pseudonym of who asked; NULL when not told.",
    )
    .nullable()
    .class(Class::PseudonymousCustomer),
    Column::new(
        "submitter_key",
        Kind::Pseudonym,
        Purpose::Resolution,
        "tickets[].submitter_id",
        "Keyed pseudonym of who opened the ticket; NULL when not told.",
    )
    .nullable()
    .class(Class::PseudonymousCustomer),
    Column::new(
        "assignee_key",
        Kind::Pseudonym,
        Purpose::Assignment,
        "tickets[].assignee_id",
        "Keyed pseudonym of the assigned agent; NULL when unassigned.",
    )
    .nullable()
    .class(Class::PseudonymousAgent),
    Column::new(
        "organization_key",
        Kind::Pseudonym,
        Purpose::Breakdown,
        "tickets[].organization_id",
        "Keyed pseudonym of the requester's organization; NULL when none.",
    )
    .nullable()
    .class(Class::PseudonymousCustomer),
    Column::new(
        "group_id",
        Kind::Integer,
        Purpose::Assignment,
        "tickets[].group_id",
        "Assigned group; NULL when none.",
    )
    .nullable(),
    Column::new(
        "brand_id",
        Kind::Integer,
        Purpose::Breakdown,
        "tickets[].brand_id",
        "Brand; NULL when not told.",
    )
    .nullable(),
    Column::new(
        "ticket_form_id",
        Kind::Integer,
        Purpose::Breakdown,
        "tickets[].ticket_form_id",
        "Form; NULL when none.",
    )
    .nullable(),
    Column::new(
        "custom_status_id",
        Kind::Integer,
        Purpose::Lifecycle,
        "tickets[].custom_status_id",
        "Custom status; NULL when the account has none.",
    )
    .nullable(),
    Column::new(
        "problem_id",
        Kind::Integer,
        Purpose::Escalation,
        "tickets[].problem_id",
        "The problem ticket this incident is linked to; NULL when none.",
    )
    .nullable(),
    Column::new(
        "has_incidents",
        Kind::Boolean,
        Purpose::Escalation,
        "tickets[].has_incidents",
        "Whether incidents are linked to this problem; NULL when not told.",
    )
    .nullable(),
    Column::new(
        "is_public",
        Kind::Boolean,
        Purpose::Resolution,
        "tickets[].is_public",
        "Whether the ticket has a public comment; NULL when not told.",
    )
    .nullable(),
    Column::new(
        "is_closed_by_merge",
        Kind::Boolean,
        Purpose::Resolution,
        "tickets[].tags",
        "Whether Zendesk closed the ticket by merging it (the one tag closed_by_merge).",
    ),
    Column::new(
        "due_at",
        Kind::Timestamp,
        Purpose::Lifecycle,
        "tickets[].due_at",
        "Due time of a task, UTC; NULL for other types.",
    )
    .nullable(),
    Column::new(
        "n_collaborators",
        Kind::Integer,
        Purpose::Breakdown,
        "tickets[].collaborator_ids",
        "Count of collaborators; who they are is not kept.",
    ),
    Column::new(
        "n_followers",
        Kind::Integer,
        Purpose::Breakdown,
        "tickets[].follower_ids",
        "Count of followers; who they are is not kept.",
    ),
    Column::new(
        "n_email_ccs",
        Kind::Integer,
        Purpose::Breakdown,
        "tickets[].email_cc_ids",
        "Count of addresses in copy; who they are is not kept.",
    ),
    Column::new(
        "n_followups",
        Kind::Integer,
        Purpose::Breakdown,
        "tickets[].followup_ids",
        "Count of follow-up tickets.",
    ),
    Column::new(
        "from_messaging_channel",
        Kind::Boolean,
        Purpose::Breakdown,
        "tickets[].from_messaging_channel",
        "Whether it came by messaging; NULL when not told.",
    )
    .nullable(),
    Column::new(
        "support_type",
        Kind::Enum(&SUPPORT_TYPE),
        Purpose::Breakdown,
        "tickets[].support_type",
        "Handled by an agent or an AI agent; NULL in older rows.",
    )
    .nullable(),
    Column::new(
        "labels",
        Kind::Labels,
        Purpose::Escalation,
        "tickets[].tags|custom_fields[].value|fields[].value",
        "Labels for those tags and field options that the pipeline file allows; NULL when the ticket has none of them.",
    )
    .nullable()
    .class(Class::Allowed),
];

//! Agents and admins, in every version seen, so that a reply counts by the role its author had then.

use crate::domain::ROLE;
use crate::{Class, Column, Kind, Purpose, Table, Version};

/// One row per version of an agent. End users are not stored; a former agent's later versions are.
pub const AGENTS: Table = Table {
    name: "agents",
    grain: "one row per agent and version seen",
    key: &["agent_key", "updated_at"],
    partition: "created_month",
    version: Version::Immutable,
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new("agent_key", Kind::Pseudonym, Purpose::Key, "users[].id", "Keyed pseudonym of the agent.").class(Class::PseudonymousAgent),
    Column::new("created_month", Kind::Month, Purpose::Key, "users[].created_at", "Month in which the user was created, UTC; partitions the table."),
    Column::new("updated_at", Kind::Timestamp, Purpose::Key, "users[].updated_at", "Version of the row: when the user last changed, UTC."),
    Column::new("created_at", Kind::Timestamp, Purpose::Assignment, "users[].created_at", "When the user was created, UTC."),
    Column::new("role", Kind::Enum(&ROLE), Purpose::Resolution, "users[].role", "Role in this version; end_user only for someone who was an agent before."),
    Column::new("role_type", Kind::Integer, Purpose::Assignment, "users[].role_type", "Zendesk's kind of agent: 0 custom, 1 light, 2 chat, 3 contributor, 4 admin, 5 billing admin; NULL when none.").nullable(),
    Column::new("custom_role_id", Kind::Integer, Purpose::Assignment, "users[].custom_role_id", "Custom role; NULL when none.").nullable(),
    Column::new("default_group_id", Kind::Integer, Purpose::Assignment, "users[].default_group_id", "Default group; NULL when none.").nullable(),
    Column::new("is_active", Kind::Boolean, Purpose::Assignment, "users[].active", "False once the user was deleted; NULL when not told.").nullable(),
    Column::new("is_suspended", Kind::Boolean, Purpose::Assignment, "users[].suspended", "Whether the user is suspended; NULL when not told.").nullable(),
];

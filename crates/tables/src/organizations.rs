//! Organizations: that they exist, not who they are.

use crate::{Class, Column, Kind, Purpose, Table, Version};

/// One row per organization.
pub const ORGANIZATIONS: Table = Table {
    name: "organizations",
    grain: "one row per organization, at its newest version",
    key: &["organization_key"],
    partition: "created_month",
    version: Version::Newest("updated_at"),
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new(
        "organization_key",
        Kind::Pseudonym,
        Purpose::Key,
        "organizations[].id",
        "Keyed pseudonym of the organization.",
    )
    .class(Class::PseudonymousCustomer),
    Column::new(
        "created_month",
        Kind::Month,
        Purpose::Key,
        "organizations[].created_at",
        "Month of creation, UTC; partitions the table.",
    ),
    Column::new(
        "created_at",
        Kind::Timestamp,
        Purpose::Breakdown,
        "organizations[].created_at",
        "When it was created, UTC.",
    ),
    Column::new(
        "updated_at",
        Kind::Timestamp,
        Purpose::Key,
        "organizations[].updated_at",
        "Version of the row: when it last changed, UTC.",
    ),
    Column::new(
        "deleted_at",
        Kind::Timestamp,
        Purpose::Breakdown,
        "organizations[].deleted_at",
        "When it was deleted, UTC; NULL when it was not.",
    )
    .nullable(),
];

//! One column: what it holds, where it comes from, why it is kept.

use arrow::datatypes::{DataType, Field, TimeUnit};

use crate::Domain;

/// What a column can hold. There is no kind for free text: a string is a member of a closed [`Domain`], a keyed
/// pseudonym, a month, or an identifier of a fixed shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit integer.
    Integer,
    /// True or false.
    Boolean,
    /// Microseconds since the epoch, UTC, with whole seconds.
    Timestamp,
    /// One word of a closed list.
    Enum(&'static Domain),
    /// A keyed pseudonym: 20 characters of lower-case base32.
    Pseudonym,
    /// A month as `2026-11`: the partition column.
    Month,
    /// A group SLA policy id: 26 characters of `0-9A-Z`.
    PolicyKey,
    /// A JSON path of a page, its map keys replaced by `*`: parts of `a-z0-9_`, `[]` and `*`.
    PathShape,
    /// Labels of the pipeline file's allow-list, each once, in order, with commas between (see [`crate::Label`]).
    Labels,
    /// A run's id: `20261122T120000Z-` and 8 hexadecimal digits.
    RunId,
}

impl Kind {
    /// The Arrow type of the column.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Boolean => DataType::Boolean,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Enum(_)
            | Self::Pseudonym
            | Self::Month
            | Self::PolicyKey
            | Self::PathShape
            | Self::Labels
            | Self::RunId => DataType::Utf8,
        }
    }
}

/// How close a column is to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// About the process: ids of tickets and groups, statuses, times, counts.
    Structural,
    /// A keyed pseudonym of an agent: linkable within one connection only, unlinkable once its key is destroyed.
    PseudonymousAgent,
    /// A keyed pseudonym of a customer or an organization; the same protection.
    PseudonymousCustomer,
    /// What the operator allowed one by one in the pipeline file, in words of their own; empty unless they did.
    Allowed,
}

impl Class {
    /// The class's name in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Structural => "structural",
            Self::PseudonymousAgent => "pseudonymous agent",
            Self::PseudonymousCustomer => "pseudonymous customer",
            Self::Allowed => "allowed by the operator",
        }
    }
}

/// Which of the promised measures needs the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Joins tables, removes duplicates, orders versions.
    Key,
    /// Status transitions and the life of a ticket.
    Lifecycle,
    /// Reply, wait and resolution times.
    Resolution,
    /// Escalation patterns.
    Escalation,
    /// Distribution of work over agents and groups.
    Assignment,
    /// SLA compliance rates.
    Sla,
    /// Breakdown of the other measures.
    Breakdown,
    /// Proof of what was dropped.
    Privacy,
}

impl Purpose {
    /// The purpose's name in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Lifecycle => "status transitions",
            Self::Resolution => "resolution-time metrics",
            Self::Escalation => "escalation patterns",
            Self::Assignment => "agent assignment distribution",
            Self::Sla => "SLA compliance rates",
            Self::Breakdown => "breakdown of the metrics",
            Self::Privacy => "proof of privacy",
        }
    }
}

/// A column of a collected table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in the lake and in SQL.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be NULL.
    pub is_nullable: bool,
    /// How close it is to a person.
    pub class: Class,
    /// Why it is kept.
    pub purpose: Purpose,
    /// Path in Zendesk's JSON, or how it is made.
    pub source: &'static str,
    /// What it means, with its unit, and what NULL means.
    pub about: &'static str,
}

impl Column {
    /// A structural column that is never NULL.
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        purpose: Purpose,
        source: &'static str,
        about: &'static str,
    ) -> Self {
        Self { name, kind, is_nullable: false, class: Class::Structural, purpose, source, about }
    }

    /// The same column, which may be NULL.
    pub(crate) const fn nullable(mut self) -> Self {
        self.is_nullable = true;
        self
    }

    /// The same column, of a class that is not structural.
    pub(crate) const fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// The column as an Arrow field.
    pub fn field(&self) -> Field {
        Field::new(self.name, self.kind.data_type(), self.is_nullable)
    }
}

//! What an explanation is.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// How a number of a ticket came about: pieces that add up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The ticket.
    pub ticket_id: i64,
    /// What is explained: `agent_work`, or what the mart names it (`first_reply_time`).
    pub metric: String,
    /// The mart that holds the number.
    pub mart: String,
    /// The row of the mart, where a ticket has several: columns of its key with their values.
    pub row: Row,
    /// The numbers, as the mart holds them, beside the sums of the pieces.
    pub totals: Vec<Total>,
    /// Further values of the row that help to read it: a target, when it is due.
    pub facts: Row,
    /// What adds up, in order of time.
    pub pieces: Vec<Piece>,
    /// Definitions that business time followed: `zendesk` or `all_schedules`.
    pub definitions: &'static str,
    /// The watermark of the mart.
    pub as_of: Timestamp,
}

/// Columns of a row that hold a value, in order; an object in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row(pub Vec<(String, Value)>);

impl Row {
    /// The value of a column as people read it.
    pub fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(column, _)| column == name)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Everything that is known of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    /// The ticket.
    pub ticket_id: i64,
    /// Its row of `ticket_metrics`.
    pub numbers: Row,
    /// Statuses that it took.
    pub transitions: Vec<Row>,
    /// Who held it.
    pub assignments: Vec<Row>,
    /// Moves between groups and raises of priority.
    pub escalations: Vec<Row>,
    /// Its SLA targets.
    pub sla_targets: Vec<Row>,
}

/// One number and what its pieces add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The mart's column.
    pub column: String,
    /// Its unit.
    pub unit: String,
    /// What it means.
    pub about: String,
    /// The mart's value; none where it is NULL.
    pub value: Option<i64>,
    /// What NULL means, where the value is.
    pub null: Option<String>,
    /// Sum of the pieces in the unit, rounded once; none where a piece cannot be measured.
    pub sum: Option<i64>,
}

impl Total {
    /// Whether the pieces add up to the value. A value that is not known yet is no contradiction.
    pub fn is_explained(&self) -> bool {
        self.value.is_none() || self.value == self.sum
    }
}

/// One span, or one event where events are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// What it is: a status, `running`, a role.
    pub what: String,
    /// From.
    pub from: Timestamp,
    /// To; none for an event.
    pub to: Option<Timestamp>,
    /// The schedule that counts for it.
    pub schedule: Option<String>,
    /// The schedule's time zone, as IANA names it.
    pub time_zone: Option<String>,
    /// Its length in calendar time.
    pub seconds_calendar: Option<i64>,
    /// Its length in business time; none without a schedule.
    pub seconds_business: Option<i64>,
    /// Working time and what is skipped, without gaps from `from` to `to`; empty without a schedule.
    pub windows: Vec<Window>,
}

/// A part of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// From.
    pub from: Timestamp,
    /// To.
    pub to: Timestamp,
    /// Whether it is working time, or why not.
    pub kind: WindowKind,
}

/// Whether a part of a span is working time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// Within working hours: it counts.
    Working,
    /// Before, between or after the working hours of a working day.
    Closed,
    /// A day of the week without working hours.
    Weekend,
    /// A holiday.
    Holiday,
}

impl WindowKind {
    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Working => "working hours",
            Self::Closed => "outside hours",
            Self::Weekend => "day off",
            Self::Holiday => "holiday",
        }
    }
}

//! A record that was refused: which and why, never what it held.

use std::fmt;

use crate::place::Place;

/// One refused record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// The table that its row would have gone to.
    pub table: &'static str,
    /// Id of the ticket, the event or the metric event. None when it has none that can be read, and always for users
    /// and organizations, whose ids are never told.
    pub record_id: Option<i64>,
    /// Why.
    pub rule: Rule,
}

/// The rule that a record broke: the path of the value and what is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rule {
    pub(crate) place: Place,
    pub(crate) index: usize,
    pub(crate) fault: Fault,
}

/// What can be wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Absent, null or empty, though every row needs it.
    Missing,
    /// Of another JSON type than it should be.
    WrongType,
    /// A number where an integer should be, with a fraction or an exponent.
    NotAnInteger,
    /// A number, an id or a time outside its range.
    OutOfRange,
    /// A text that is not an RFC 3339 time.
    NotATime,
    /// A word outside a list that has no `other`.
    UnknownWord,
}

impl Rule {
    /// Path of the value below a row, for example `metric_set.reopens`; `[]` is the row itself.
    pub fn path(self) -> String {
        self.place.path(self.index)
    }

    /// What is wrong with the value.
    pub const fn fault(self) -> Fault {
        self.fault
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            Fault::Missing => "is missing",
            Fault::WrongType => "is of the wrong type",
            Fault::NotAnInteger => "is not an integer",
            Fault::OutOfRange => "is out of range",
            Fault::NotATime => "is not a time",
            Fault::UnknownWord => "is not a known word",
        };
        write!(f, "{} {fault}", self.path())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({self})")
    }
}

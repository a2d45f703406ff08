//! What a publish or an export did.

use std::fmt;
use std::time::Duration;

/// What a publish did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishReport {
    /// Every table, in the order of sending.
    pub tables: Vec<TableReport>,
    /// Marts that the warehouse does not hold yet; the database keeps what it has of them.
    pub missing: Vec<String>,
    /// Tables of former publishes that were dropped, since there is no such mart any more.
    pub dropped: Vec<String>,
    /// Time from the first byte to the commit.
    pub elapsed: Duration,
}

/// One published table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// Name in the database.
    pub name: String,
    /// What was replaced.
    pub replaced: Replaced,
    /// Rows sent.
    pub rows: u64,
    /// Bytes sent, in PostgreSQL's binary format.
    pub bytes: u64,
    /// Time that deleting, sending and indexing took.
    pub elapsed: Duration,
}

/// Which part of a table was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// All of it.
    Whole,
    /// So many months.
    Months(usize),
    /// Nothing: it has not changed.
    Nothing,
}

impl fmt::Display for Replaced {
    /// In words, for a table of a publish.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => formatter.write_str("all of it"),
            Self::Months(1) => formatter.write_str("1 month"),
            Self::Months(months) => write!(formatter, "{months} months"),
            Self::Nothing => formatter.write_str("as it was"),
        }
    }
}

/// What was taken out of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unpublished {
    /// Tables that were dropped, with the views that read them; none when nothing was published.
    pub tables: Vec<String>,
    /// What stays: objects of others in the schema (then the schema stays, too), a reader role that has other rights.
    pub left: Vec<String>,
}

/// What an export wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Every file.
    pub files: Vec<ExportedFile>,
    /// Marts that the warehouse does not hold yet.
    pub missing: Vec<String>,
}

/// One written file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// The table.
    pub table: String,
    /// Path in the store.
    pub path: String,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

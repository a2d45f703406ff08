//! What can go wrong, told by place and action. Values of rows, option values and URL queries never appear.

use std::error::Error as StdError;
use std::fmt;

/// Why an operation on the lake failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be used for a lake.
    #[error("open lake: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// Who we are to the cloud cannot be found out.
    #[error("find credentials: {reason}")]
    Credentials {
        /// What is wrong; no key is told.
        reason: String,
    },
    /// The storage refused or failed.
    #[error("{action} {place}")]
    Storage {
        /// What was being done, as in "write" or "list".
        action: &'static str,
        /// Folder, bucket or file it was done to.
        place: String,
        /// What the storage said.
        source: Cause,
    },
    /// A table's log or a data file cannot be read or written.
    #[error("{action} table {table}")]
    Table {
        /// What was being done.
        action: &'static str,
        /// Name of the table.
        table: String,
        /// What failed below.
        source: Cause,
    },
    /// Another writer has committed to the table since it was read.
    #[error("table {table} was changed by another writer")]
    Conflict {
        /// Name of the table.
        table: String,
    },
    /// A run with a newer lease has written to the table: this run must end.
    #[error("another run took over table {table}: its lease is {newest}, ours is {ours}")]
    Fenced {
        /// Name of the table.
        table: String,
        /// Fencing number of this run's lease.
        ours: i64,
        /// The number found in the table.
        newest: i64,
    },
    /// The table was written by a newer deskmeter.
    #[error("table {table} is of contract {found}, newer than {known}: upgrade deskmeter")]
    NewerContract {
        /// Name of the table.
        table: String,
        /// Contract of the table.
        found: u32,
        /// Newest contract that this program knows.
        known: u32,
    },
    /// Rows do not fit the table.
    #[error("rows do not fit table {table}: {reason}")]
    Mismatch {
        /// Name of the table.
        table: String,
        /// Which column, and why.
        reason: String,
    },
}

/// What a library below said, shortened and without URL queries, where storage services carry signatures.
#[derive(Debug)]
pub struct Cause(String);

/// Longest text of a cause: services answer with whole documents.
const CAUSE_CHARS_MAX: usize = 400;

impl Cause {
    /// The error and its sources as one text.
    pub fn of(error: &dyn StdError) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let inner_text = inner.to_string();
            if !text.contains(&inner_text) {
                text = format!("{text}: {inner_text}");
            }
            source = inner.source();
        }
        Self(without_queries(&text).chars().take(CAUSE_CHARS_MAX).collect())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl StdError for Cause {}

/// Cuts every word at its question mark.
fn without_queries(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.split_once('?').map_or(word, |(head, _)| head));
    words.collect::<Vec<_>>().join(" ")
}

impl Error {
    pub(crate) fn storage(action: &'static str, place: impl fmt::Display, source: &dyn StdError) -> Self {
        Self::Storage { action, place: place.to_string(), source: Cause::of(source) }
    }

    /// A failure of a table's log or of one of its files.
    pub fn table(action: &'static str, table: &str, source: &dyn StdError) -> Self {
        Self::Table { action, table: table.to_owned(), source: Cause::of(source) }
    }

    pub(crate) fn mismatch(table: &str, reason: impl Into<String>) -> Self {
        Self::Mismatch { table: table.to_owned(), reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::without_queries;

    #[test]
    fn a_signature_in_a_url_is_not_told() {
        let told = without_queries("GET https://account.example/c/t?sv=1&sig=SECRET failed");
        assert_eq!(told, "GET https://account.example/c/t failed");
    }
}

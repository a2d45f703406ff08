//! The one thing that may leave for the lake.

use std::fmt;

use arrow::record_batch::RecordBatch;
use deskmeter_tables::Table;

/// Rows of a table of the contract, without content. Only this crate can build one, so whoever takes a `CleanBatch`
/// takes sanitized rows.
///
/// ```
/// # use deskmeter_sanitizer::CleanBatch;
/// fn store(batch: &CleanBatch) -> usize {
///     batch.record_batch().num_columns()
/// }
/// ```
///
/// Rows that did not pass the sanitizer cannot be made into one:
///
/// ```compile_fail,E0451
/// # use deskmeter_sanitizer::CleanBatch;
/// let table = &deskmeter_tables::TICKETS;
/// let batch = arrow::record_batch::RecordBatch::new_empty(table.schema());
/// let forged = CleanBatch { table, batch };
/// ```
#[derive(Clone, PartialEq)]
pub struct CleanBatch {
    table: &'static Table,
    batch: RecordBatch,
}

impl CleanBatch {
    pub(crate) const fn new(table: &'static Table, batch: RecordBatch) -> Self {
        Self { table, batch }
    }

    /// The table that the rows are of.
    pub const fn table(&self) -> &'static Table {
        self.table
    }

    /// Number of rows; may be 0.
    pub fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The rows, with the schema of the table.
    pub const fn record_batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// The rows, taken out.
    pub fn into_record_batch(self) -> RecordBatch {
        self.batch
    }
}

impl fmt::Debug for CleanBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CleanBatch({}, {} rows)", self.table.name, self.num_rows())
    }
}

//! Why rows were not stored.

/// What can go wrong in the loader. Nothing of a row, a position or a page is ever told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The storage or a table's log failed.
    #[error("keep rows in the lake")]
    Lake(#[source] deskmeter_lake::Error),
    /// A table's columns are not those of its contract and cannot become so.
    #[error("table {table} does not fit its contract: column {column} {fault}")]
    Contract {
        /// Name of the table.
        table: &'static str,
        /// Name of the column.
        column: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// No stream of this name fills a table.
    #[error("no stream is called {stream}")]
    UnknownStream {
        /// The name.
        stream: String,
    },
    /// The table is not one that the loader keeps.
    #[error("table {table} is not open")]
    Unopened {
        /// Name of the table.
        table: &'static str,
    },
    /// Other writers changed the table again and again.
    #[error("table {table} is changed by others all the time")]
    Contended {
        /// Name of the table.
        table: &'static str,
    },
    /// Rows could not be sorted or compared.
    #[error("arrange rows of table {table}")]
    Arrow {
        /// Name of the table.
        table: &'static str,
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
}

impl Error {
    pub(crate) fn arrow(table: &'static str) -> impl Fn(arrow::error::ArrowError) -> Self {
        move |source| Self::Arrow { table, source }
    }
}

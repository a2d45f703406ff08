//! What can go wrong in the warehouse.

use datafusion::error::DataFusionError;

/// A failure of the warehouse. Messages name models, tables and columns, never a value of a row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Schedules that cannot be compiled: every problem of every schedule, one a line.
    #[error("schedules cannot be used: {}", .0.join("; "))]
    Schedules(Vec<String>),
    /// Models that do not fit together: every problem, one a line.
    #[error("models cannot be used: {}", .0.join("; "))]
    Models(Vec<String>),
    /// A model file of the user's folder cannot be read.
    #[error("read model file {file}")]
    ModelFile {
        /// Path of the file below the folder.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A statement that would do more than read.
    #[error("refuse statement: {0}")]
    ReadOnly(&'static str),
    /// A query names a table that does not exist.
    #[error("find table {name}{}", suggestion.as_ref().map_or_else(String::new, |near| format!(": did you mean {near}?")))]
    UnknownTable {
        /// The name as it stands in the query.
        name: String,
        /// The nearest table that exists.
        suggestion: Option<String>,
    },
    /// A query names a column that does not exist.
    #[error("find column {name}{}", suggestion.as_ref().map_or_else(String::new, |near| format!(": did you mean {near}?")))]
    UnknownColumn {
        /// The name as it stands in the query.
        name: String,
        /// The nearest column that exists.
        suggestion: Option<String>,
    },
    /// A query cannot be parsed or planned, or failed while running.
    #[error("run query")]
    Query(#[source] Box<DataFusionError>),
    /// A model cannot be planned or evaluated.
    #[error("evaluate model {model}")]
    Model {
        /// The model.
        model: String,
        /// Why.
        #[source]
        source: Box<DataFusionError>,
    },
    /// A table cannot be read or written.
    #[error("{action} table {table}")]
    Table {
        /// What was tried.
        action: &'static str,
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The cluster cannot be reached, or a part of it cannot run.
    #[error("run cluster")]
    Cluster(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The engine cannot be set up.
    #[error("set up query engine")]
    Engine(#[source] Box<DataFusionError>),
}

impl Error {
    pub(crate) fn model(name: &str, source: DataFusionError) -> Self {
        Self::Model { model: name.to_owned(), source: Box::new(source) }
    }

    #[cfg(feature = "ballista")]
    pub(crate) fn cluster(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Cluster(source.into())
    }

    pub(crate) fn engine(source: DataFusionError) -> Self {
        Self::Engine(Box::new(source))
    }

    pub(crate) fn table(
        action: &'static str,
        table: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Table { action, table: table.to_owned(), source: source.into() }
    }
}

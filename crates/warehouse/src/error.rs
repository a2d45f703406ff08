//! What can go wrong in the warehouse.

use datafusion::common::SchemaError;
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
    /// A ticket that the marts do not hold.
    #[error("find ticket {ticket_id}{}", nearest_of(nearest))]
    UnknownTicket {
        /// The number that was asked for.
        ticket_id: i64,
        /// The tickets whose numbers are nearest.
        nearest: Vec<i64>,
    },
    /// A metric that nothing explains.
    #[error("find an explanation of {name}{}", nearest_of(nearest))]
    UnknownMetric {
        /// The name that was asked for.
        name: String,
        /// The names that are most like it.
        nearest: Vec<String>,
    },
    /// A query cannot be parsed or planned, or failed while running.
    #[error("run query")]
    Query(#[source] Box<DataFusionError>),
    /// A model reads a column that does not exist.
    #[error("find column {column} of {model}.sql{}", nearest_of(nearest))]
    ModelColumn {
        /// The model.
        model: String,
        /// The name as it stands in the SQL.
        column: String,
        /// The columns that are most like it.
        nearest: Vec<String>,
    },
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

/// A failure of something else, as the engine passes it on.
pub(crate) fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// `: did you mean …?`, or nothing.
fn nearest_of<T: ToString>(nearest: &[T]) -> String {
    let names: Vec<String> = nearest.iter().map(ToString::to_string).collect();
    if names.is_empty() { String::new() } else { format!(": did you mean {}?", names.join(", ")) }
}

impl Error {
    /// Whether a model found too little memory.
    pub(crate) fn is_about_memory(&self) -> bool {
        matches!(self, Self::Model { source, .. } if matches!(source.find_root(), DataFusionError::ResourcesExhausted(_)))
    }

    pub(crate) fn model(name: &str, source: DataFusionError) -> Self {
        Self::Model { model: name.to_owned(), source: Box::new(source) }
    }

    #[cfg(feature = "ballista")]
    pub(crate) fn cluster(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Cluster(source.into())
    }

    /// A plan that cannot be made: most often a column that is not there.
    pub(crate) fn of_plan(model: &str, source: DataFusionError) -> Self {
        if let DataFusionError::SchemaError(schema, _) = source.find_root()
            && let SchemaError::FieldNotFound { field, valid_fields } = schema.as_ref()
        {
            let mut scored: Vec<_> = valid_fields
                .iter()
                .map(|valid| (strsim::jaro_winkler(&field.name, &valid.name), valid.name.clone()))
                .collect();
            scored.sort_by(|left, right| right.0.total_cmp(&left.0));
            scored.truncate(1);
            let nearest = scored.into_iter().map(|(_, name)| name).collect();
            return Self::ModelColumn { model: model.to_owned(), column: field.name.clone(), nearest };
        }
        Self::model(model, source)
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

//! Read-only questions over the registered tables.

use std::collections::BTreeSet;

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;

use crate::Error;
use crate::models;

/// Likeness (Jaro-Winkler, 0 to 1) from which a name is suggested in the place of an unknown one.
const LIKENESS_MIN: f64 = 0.75;
/// Schema that the engine fills with the names of tables and columns.
const INFORMATION_SCHEMA: &str = "information_schema.";

/// Plans a statement that only reads; anything else is refused before it runs.
pub(crate) async fn plan(context: &SessionContext, sql: &str) -> Result<DataFrame, Error> {
    let statement = models::parse_one(sql).map_err(|source| Error::Query(Box::new(source)))?;
    refuse_writes(&statement)?;
    let tables = models::references(&statement).map_err(|source| Error::Query(Box::new(source)))?;
    let known: BTreeSet<String> = table_names(context);
    for name in tables {
        if !known.contains(&name) && !name.starts_with(INFORMATION_SCHEMA) {
            let suggestion = nearest(&name, known.iter().map(String::as_str));
            return Err(Error::UnknownTable { name, suggestion });
        }
    }
    let planned = context.state().statement_to_plan(statement).await.map_err(unknown_column)?;
    let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reading.verify_plan(&planned).map_err(|_| Error::ReadOnly("only reading is allowed"))?;
    Ok(DataFrame::new(context.state(), planned))
}

/// Runs a planned statement.
pub(crate) async fn stream(frame: DataFrame) -> Result<SendableRecordBatchStream, Error> {
    frame.execute_stream().await.map_err(|source| Error::Query(Box::new(source)))
}

fn refuse_writes(statement: &Statement) -> Result<(), Error> {
    match statement {
        Statement::Statement(statement) => refuse_write(statement),
        Statement::Explain(explain) => refuse_writes(&explain.statement),
        Statement::CreateExternalTable(_) => {
            Err(Error::ReadOnly("CREATE EXTERNAL TABLE would read outside the lake"))
        }
        Statement::CopyTo(_) => Err(Error::ReadOnly("COPY would write files; use export")),
        Statement::Reset(_) => Err(Error::ReadOnly("RESET would change the engine for others")),
    }
}

fn refuse_write(statement: &ast::Statement) -> Result<(), Error> {
    use ast::Statement as Sql;
    match statement {
        Sql::Query(query) => refuse_write_in(&query.body),
        Sql::Explain { statement, .. } => refuse_write(statement),
        Sql::ExplainTable { .. }
        | Sql::ShowTables { .. }
        | Sql::ShowColumns { .. }
        | Sql::ShowVariable { .. }
        | Sql::ShowFunctions { .. } => Ok(()),
        Sql::Set(_) => Err(Error::ReadOnly("SET would change the engine for others")),
        Sql::Insert(_) | Sql::Update(_) | Sql::Delete(_) | Sql::Merge(_) | Sql::Truncate(_) => {
            Err(Error::ReadOnly("rows are written by a sync and a refresh alone"))
        }
        Sql::Copy { .. } => Err(Error::ReadOnly("COPY would write files; use export")),
        _ => Err(Error::ReadOnly("only SELECT, EXPLAIN, SHOW and DESCRIBE are allowed")),
    }
}

fn refuse_write_in(body: &ast::SetExpr) -> Result<(), Error> {
    match body {
        ast::SetExpr::Insert(_)
        | ast::SetExpr::Update(_)
        | ast::SetExpr::Delete(_)
        | ast::SetExpr::Merge(_) => Err(Error::ReadOnly("rows are written by a sync and a refresh alone")),
        ast::SetExpr::Query(query) => refuse_write_in(&query.body),
        _ => Ok(()),
    }
}

/// Every table and view that a statement may name.
pub(crate) fn table_names(context: &SessionContext) -> BTreeSet<String> {
    let state = context.state();
    let options = &state.config_options().catalog;
    let schema =
        context.catalog(&options.default_catalog).and_then(|catalog| catalog.schema(&options.default_schema));
    schema.map(|schema| schema.table_names().into_iter().collect()).unwrap_or_default()
}

fn unknown_column(error: DataFusionError) -> Error {
    if let DataFusionError::SchemaError(schema, _) = error.find_root()
        && let SchemaError::FieldNotFound { field, valid_fields } = schema.as_ref()
    {
        let suggestion = nearest(&field.name, valid_fields.iter().map(|valid| valid.name.as_str()));
        return Error::UnknownColumn { name: field.name.clone(), suggestion };
    }
    Error::Query(Box::new(error))
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN).map(|(_, known)| known.to_owned())
}

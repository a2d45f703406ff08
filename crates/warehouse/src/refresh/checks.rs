//! Runs the checks of a mart: those that its rows alone decide, and those that ask other tables.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat, partition};
use arrow::datatypes::{DataType, Float64Type, Schema};
use arrow::error::ArrowError;
use datafusion::error::Result as EngineResult;
use datafusion::prelude::{DataFrame, SessionContext};

use super::CheckReport;
use crate::models::{self, Check, Model, Rule};

/// Runs every check that the rows alone decide.
pub(crate) fn of_rows(
    model: &Model,
    schema: &Schema,
    batches: &[RecordBatch],
) -> Result<Vec<CheckReport>, ArrowError> {
    let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64;
    let mut reports = Vec::new();
    for check in model.description.checks() {
        if let Some(violations) = violations(&check, model, schema, batches)? {
            reports.push(CheckReport::of(check, rows, violations));
        }
    }
    Ok(reports)
}

/// Runs every check that asks other tables; the mart is registered under its name.
pub(crate) async fn of_tables(
    model: &Model,
    context: &SessionContext,
    parameters: &[(&'static str, String)],
    rows: u64,
) -> EngineResult<Vec<CheckReport>> {
    let mut reports = Vec::new();
    for check in model.description.checks() {
        let own = &model.name;
        let statement = match &check.rule {
            Rule::Relation(name, table, other) => format!(
                "select {own}.{name} from {own} left anti join {table} on {own}.{name} = {table}.{other} \
                 where {own}.{name} is not null"
            ),
            Rule::Sql(sql) => sql.clone(),
            _ => continue,
        };
        let mut statement = models::parse_one(&statement)?;
        models::bind(&mut statement, parameters)?;
        let plan = context.state().statement_to_plan(statement).await?;
        let violations = DataFrame::new(context.state(), plan).count().await? as u64;
        reports.push(CheckReport::of(check, rows, violations));
    }
    Ok(reports)
}

/// How many rows are against the check; None when it asks other tables.
fn violations(
    check: &Check,
    model: &Model,
    schema: &Schema,
    batches: &[RecordBatch],
) -> Result<Option<u64>, ArrowError> {
    let column = |name: &String| schema.index_of(name).ok();
    let arrays = |index: usize| batches.iter().map(move |batch| batch.column(index));
    Ok(match &check.rule {
        Rule::Columns => Some(u64::from(!are_described(model, schema))),
        Rule::Key => Some(repeated_keys(&model.description.key, batches)?),
        Rule::NotNull(name) => {
            Some(column(name).map_or(0, |index| arrays(index).map(|array| array.null_count() as u64).sum()))
        }
        Rule::Range(name, min, max) => match column(name) {
            Some(index) => Some(out_of_range(arrays(index), *min, *max)?),
            None => Some(0),
        },
        Rule::AtMost(less, more) => match (column(less), column(more)) {
            (Some(less), Some(more)) => Some(greater(arrays(less).zip(arrays(more)))?),
            _ => Some(0),
        },
        Rule::Relation(..) | Rule::Sql(_) => None,
    })
}

fn are_described(model: &Model, schema: &Schema) -> bool {
    let described = model.description.columns.iter().map(|column| column.name.as_str());
    described.eq(schema.fields().iter().map(|field| field.name().as_str()))
}

/// Rows with the key of the row before them: the rows are in the order of their key.
fn repeated_keys(key: &[String], batches: &[RecordBatch]) -> Result<u64, ArrowError> {
    let mut violations = 0;
    let mut before: Option<Vec<ArrayRef>> = None;
    for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
        let columns = key.iter().map(|name| Ok(Arc::clone(batch.column(batch.schema_ref().index_of(name)?))));
        let own: Vec<ArrayRef> = columns.collect::<Result<_, ArrowError>>()?;
        let last = own.iter().map(|column| column.slice(batch.num_rows() - 1, 1)).collect();
        // The last row of the batch before stands in front.
        let joined = match before.replace(last) {
            Some(before) => before
                .iter()
                .zip(&own)
                .map(|(before, own)| concat(&[before.as_ref(), own.as_ref()]))
                .collect::<Result<_, _>>()?,
            None => own,
        };
        let rows = joined.first().map_or(0, Array::len);
        violations += (rows - partition(&joined)?.len()) as u64;
    }
    Ok(violations)
}

fn out_of_range<'a>(
    arrays: impl Iterator<Item = &'a ArrayRef>,
    min: f64,
    max: f64,
) -> Result<u64, ArrowError> {
    let mut violations = 0;
    for array in arrays {
        let values = cast(array, &DataType::Float64)?;
        let values = values.as_primitive::<Float64Type>().iter().flatten();
        violations += values.filter(|value| *value < min || *value > max).count() as u64;
    }
    Ok(violations)
}

/// Rows in which the first value is greater than the second.
fn greater<'a>(pairs: impl Iterator<Item = (&'a ArrayRef, &'a ArrayRef)>) -> Result<u64, ArrowError> {
    let mut violations = 0;
    for (less, more) in pairs {
        let (less, more) = (cast(less, &DataType::Float64)?, cast(more, &DataType::Float64)?);
        let pairs = less.as_primitive::<Float64Type>().iter().zip(more.as_primitive::<Float64Type>());
        violations += pairs
            .filter(|(less, more)| less.zip(*more).is_some_and(|(less, more)| less > more))
            .count() as u64;
    }
    Ok(violations)
}

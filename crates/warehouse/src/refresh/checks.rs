//! What must hold of a model's rows: its key is unique, its columns hold what their description says.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Schema};
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};

use super::CheckReport;
use crate::models::{Model, ModelColumn, Severity};

/// Runs every check that the rows alone decide.
pub(crate) fn run(
    model: &Model,
    schema: &Schema,
    batches: &[RecordBatch],
) -> Result<Vec<CheckReport>, ArrowError> {
    let mut reports = Vec::new();
    if !model.description.columns.is_empty() {
        reports.push(check_columns(model, schema));
    }
    if !model.description.key.is_empty() {
        reports.push(check_key(&model.description.key, batches)?);
    }
    for column in &model.description.columns {
        let Ok(index) = schema.index_of(&column.name) else { continue };
        let arrays: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(index)).collect();
        if column.null.is_none() {
            let nulls: usize = arrays.iter().map(Array::null_count).sum();
            reports.push(report(column, "is not null", nulls as u64));
        }
        if column.min.is_some() || column.max.is_some() {
            reports.push(report(column, "is in range", out_of_range(column, &arrays)?));
        }
    }
    Ok(reports)
}

fn report(column: &ModelColumn, what: &str, violations: u64) -> CheckReport {
    CheckReport { check: format!("{} {what}", column.name), severity: column.severity, violations }
}

fn check_columns(model: &Model, schema: &Schema) -> CheckReport {
    let described = model.description.columns.iter().map(|column| column.name.as_str());
    let is_same = described.eq(schema.fields().iter().map(|field| field.name().as_str()));
    let check = "columns are those described".to_owned();
    CheckReport { check, severity: Severity::Fail, violations: u64::from(!is_same) }
}

fn check_key(key: &[String], batches: &[RecordBatch]) -> Result<CheckReport, ArrowError> {
    let mut seen: HashSet<OwnedRow> = HashSet::new();
    let mut violations = 0;
    let mut converter = None;
    for batch in batches {
        let columns: Vec<ArrayRef> = key
            .iter()
            .map(|name| Ok(std::sync::Arc::clone(batch.column(batch.schema_ref().index_of(name)?))))
            .collect::<Result<_, ArrowError>>()?;
        let converter = match &mut converter {
            Some(converter) => converter,
            none => {
                let fields =
                    columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
                none.insert(RowConverter::new(fields)?)
            }
        };
        for row in &converter.convert_columns(&columns)? {
            violations += u64::from(!seen.insert(row.owned()));
        }
    }
    Ok(CheckReport { check: "key is unique".to_owned(), severity: Severity::Fail, violations })
}

fn out_of_range(column: &ModelColumn, arrays: &[&ArrayRef]) -> Result<u64, ArrowError> {
    let (min, max) = (column.min.unwrap_or(f64::NEG_INFINITY), column.max.unwrap_or(f64::INFINITY));
    let mut violations = 0;
    for array in arrays {
        let values = cast(array, &DataType::Float64)?;
        let outside = values
            .as_primitive::<Float64Type>()
            .iter()
            .flatten()
            .filter(|value| *value < min || *value > max);
        violations += outside.count() as u64;
    }
    Ok(violations)
}

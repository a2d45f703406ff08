//! Rows of a question, out of Arrow's columns.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, Schema, TimeUnit, TimestampSecondType};

use crate::format;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Unknown.
    Null,
    /// A count or an id.
    Int(i64),
    /// A measured number.
    Float(f64),
    /// A word.
    Text(String),
    /// Seconds since the epoch.
    Time(i64),
    /// Days since the epoch.
    Day(i64),
    /// Yes or no.
    Bool(bool),
}

impl Cell {
    /// The value as a number, if it is one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) if number.is_finite() => Some(*number),
            Self::Bool(is) => Some(f64::from(u8::from(*is))),
            _ => None,
        }
    }

    /// The value as an integer, if it is one.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Int(number) | Self::Time(number) | Self::Day(number) => Some(*number),
            _ => None,
        }
    }

    /// The value as plain text, as it stands in CSV.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Time(seconds) => format::rfc3339(*seconds),
            Self::Day(day) => format::rfc3339(day * 86_400).get(..10).unwrap_or_default().to_owned(),
            Self::Bool(is) => is.to_string(),
        }
    }
}

/// Rows with the names of their columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows {
    /// Names in order.
    pub(crate) columns: Vec<String>,
    /// As many cells in each as there are columns.
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Rows {
    /// The rows of Arrow batches.
    pub(crate) fn new(schema: &Schema, batches: &[RecordBatch]) -> Self {
        let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
        let mut rows = Vec::new();
        for batch in batches {
            let cells: Vec<Vec<Cell>> = batch.columns().iter().map(column).collect();
            for row in 0..batch.num_rows() {
                rows.push(
                    cells.iter().map(|column| column.get(row).cloned().unwrap_or(Cell::Null)).collect(),
                );
            }
        }
        Self { columns, rows }
    }

    /// The cell of this column in the first row.
    pub(crate) fn first(&self, column: &str) -> &Cell {
        self.cell(self.rows.first(), column)
    }

    /// The cell of this column.
    pub(crate) fn cell<'a>(&self, row: Option<&'a Vec<Cell>>, column: &str) -> &'a Cell {
        let index = self.columns.iter().position(|name| name == column);
        row.zip(index).and_then(|(row, index)| row.get(index)).unwrap_or(&Cell::Null)
    }

    /// Comma-separated values with a header. A text that a spreadsheet would take for a formula gets an apostrophe.
    pub(crate) fn csv(&self) -> String {
        let mut csv = self.columns.join(",");
        csv.push_str("\r\n");
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(csv_cell).collect();
            let _ = write!(csv, "{}\r\n", cells.join(","));
        }
        csv
    }
}

fn csv_cell(cell: &Cell) -> String {
    let mut text = cell.text();
    if matches!(cell, Cell::Text(_)) && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn column(array: &ArrayRef) -> Vec<Cell> {
    let converted = |kind: &DataType| cast(array, kind).ok();
    match array.data_type() {
        DataType::Boolean => cells(array, |row| Cell::Bool(array.as_boolean().value(row))),
        kind if kind.is_integer() => match converted(&DataType::Int64) {
            Some(array) => cells(&array, |row| Cell::Int(array.as_primitive::<Int64Type>().value(row))),
            None => vec![Cell::Null; array.len()],
        },
        kind if kind.is_numeric() => match converted(&DataType::Float64) {
            Some(array) => cells(&array, |row| Cell::Float(array.as_primitive::<Float64Type>().value(row))),
            None => vec![Cell::Null; array.len()],
        },
        DataType::Timestamp(..) => match converted(&DataType::Timestamp(TimeUnit::Second, None)) {
            Some(array) => {
                cells(&array, |row| Cell::Time(array.as_primitive::<TimestampSecondType>().value(row)))
            }
            None => vec![Cell::Null; array.len()],
        },
        DataType::Date32 => {
            cells(array, |row| Cell::Day(i64::from(array.as_primitive::<Date32Type>().value(row))))
        }
        _ => match converted(&DataType::Utf8) {
            Some(array) => cells(&array, |row| Cell::Text(array.as_string::<i32>().value(row).to_owned())),
            None => vec![Cell::Null; array.len()],
        },
    }
}

fn cells(array: &ArrayRef, value: impl Fn(usize) -> Cell) -> Vec<Cell> {
    (0..array.len()).map(|row| if array.is_null(row) { Cell::Null } else { value(row) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_and_disarms_formulas() {
        let rows = Rows {
            columns: vec!["a".into(), "b".into()],
            rows: vec![
                vec![Cell::Text("=1+1".into()), Cell::Float(-0.5)],
                vec![Cell::Text("x,\"y\"".into()), Cell::Null],
            ],
        };
        assert_eq!(rows.csv(), "a,b\r\n'=1+1,-0.5\r\n\"x,\"\"y\"\"\",\r\n");
    }
}

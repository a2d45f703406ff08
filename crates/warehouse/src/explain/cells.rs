//! Values of a batch, one at a time.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::Value;

use super::Row;

/// Cells of a batch by the name of their column.
pub(super) struct Cells<'a> {
    batch: &'a RecordBatch,
    texts: Vec<ArrayFormatter<'a>>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        const OPTIONS: FormatOptions<'static> =
            FormatOptions::new().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%SZ"));
        let texts = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &OPTIONS));
        Ok(Self { batch, texts: texts.collect::<Result<_, _>>()? })
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.batch.schema_ref().index_of(name).ok()
    }

    pub(super) fn text(&self, name: &str, row: usize) -> Option<String> {
        let index = self.index(name)?;
        let is_known = self.batch.column(index).is_valid(row);
        Some(self.texts.get(index)?.value(row).to_string()).filter(|_| is_known)
    }

    pub(super) fn integer(&self, name: &str, row: usize) -> Option<i64> {
        let column = self.batch.column(self.index(name)?);
        let column = cast(&column.slice(row, 1), &DataType::Int64).ok()?;
        column.as_primitive::<Int64Type>().iter().next()?
    }

    /// A time in microseconds since the epoch.
    pub(super) fn micros(&self, name: &str, row: usize) -> Option<i64> {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let column = cast(&self.batch.column(self.index(name)?).slice(row, 1), &micros).ok()?;
        column.as_primitive::<TimestampMicrosecondType>().iter().next()?
    }

    /// The named columns that are not NULL.
    pub(super) fn row<'b>(&self, names: impl IntoIterator<Item = &'b String>, row: usize) -> Row {
        Row(names.into_iter().filter_map(|name| Some((name.clone(), self.value(name, row)?))).collect())
    }

    fn value(&self, name: &str, row: usize) -> Option<Value> {
        let text = self.text(name, row)?;
        Some(match self.batch.column(self.index(name)?).data_type() {
            DataType::Boolean => Value::Bool(text == "true"),
            kind if kind.is_integer() => text.parse::<i64>().map_or(Value::Null, Value::from),
            kind if kind.is_floating() => text.parse::<f64>().map_or(Value::Null, Value::from),
            _ => Value::String(text),
        })
    }

    pub(super) fn key(&self, names: &[String], row: usize) -> Vec<String> {
        names.iter().map(|name| self.text(name, row).unwrap_or_default()).collect()
    }
}

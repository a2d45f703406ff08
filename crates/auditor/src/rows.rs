//! Decoded rows: columns that nobody expects, types, and every value against its domain.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Int64Type, TimeUnit};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use crate::patterns::Manner;
use crate::place::tell;
use crate::scan::Scan;
use crate::{ExpectedColumn, ExpectedTable, Part, Rule};

/// Rows that are decoded at a time.
const BATCH_ROWS: usize = 32 * 1024;
/// Greatest number of a mart: a double holds every integer up to it.
const NUMBER_MAX: f64 = 9_007_199_254_740_992.0;

/// Decodes the rows and holds them against the table. The file's own schema is taken, not one that it embeds.
pub(crate) fn examine(
    scan: &mut Scan<'_>,
    bytes: &Bytes,
    table: Option<&ExpectedTable>,
) -> Result<(), ParquetError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options)?;
    let schema = Arc::clone(builder.schema());
    let columns: Vec<_> = schema.fields().iter().map(|field| Column::new(scan, field, table)).collect();
    for batch in builder.with_batch_size(BATCH_ROWS).build()? {
        let batch = batch?;
        for (column, values) in columns.iter().zip(batch.columns()) {
            column.check(scan, values);
        }
    }
    Ok(())
}

/// A column of the file.
struct Column<'t> {
    expected: Option<&'t ExpectedColumn>,
    told: String,
}

impl<'t> Column<'t> {
    fn new(scan: &mut Scan<'_>, field: &Field, table: Option<&'t ExpectedTable>) -> Self {
        let expected = table.and_then(|table| table.column(field.name()));
        let told = tell(field.name(), expected.is_some());
        match expected {
            None => {
                scan.refuse(Part::Schema, Some(&told), Rule::UnknownColumn, field.name().as_bytes());
            }
            Some(expected) if !is_same(&expected.data_type, field.data_type()) => {
                scan.report(Part::Schema, Some(&told), Rule::WrongType, &[]);
            }
            Some(_) => {}
        }
        Self { expected, told }
    }

    fn check(&self, scan: &mut Scan<'_>, values: &ArrayRef) {
        match values.data_type() {
            DataType::Utf8 => self.check_texts(scan, values),
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
                self.check_integers(scan, values, ExpectedColumn::allows_integer);
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.check_integers(scan, values, ExpectedColumn::allows_micros);
            }
            DataType::Date32 => self.check_days(scan, values),
            DataType::Float32 | DataType::Float64 => self.check_numbers(scan, values),
            DataType::Boolean => scan.values += values.len() as u64,
            DataType::List(_) => self.check(scan, values.as_list::<i32>().values()),
            DataType::Struct(_) => {
                values.as_struct().columns().iter().for_each(|field| self.check(scan, field));
            }
            DataType::Map(_, _) => {
                values.as_map().entries().columns().iter().for_each(|field| self.check(scan, field));
            }
            // Types that are expected nowhere: the schema was a finding already.
            _ => self.search_any(scan, values),
        }
    }

    fn check_texts(&self, scan: &mut Scan<'_>, values: &ArrayRef) {
        scan.values += values.len() as u64;
        for text in values.as_string::<i32>().iter().flatten() {
            match self.expected {
                Some(expected) if expected.allows_text(text) => {}
                Some(_) => scan.refuse(Part::Values, Some(&self.told), Rule::OutsideDomain, text.as_bytes()),
                None => scan.search(Part::Values, Some(&self.told), text.as_bytes(), Manner::Values),
            }
        }
    }

    fn check_integers(
        &self,
        scan: &mut Scan<'_>,
        values: &ArrayRef,
        allows: impl Fn(&ExpectedColumn, i64) -> bool,
    ) {
        let Ok(integers) = cast(values, &DataType::Int64) else { return self.search_any(scan, values) };
        scan.values += values.len() as u64;
        for value in integers.as_primitive::<Int64Type>().iter().flatten() {
            if scan.knowledge.canaries.has_integer(value) {
                scan.report(Part::Values, Some(&self.told), Rule::Canary, &[]);
            }
            if self.expected.is_some_and(|expected| !allows(expected, value)) {
                scan.report(Part::Values, Some(&self.told), Rule::OutOfRange, &[]);
            }
        }
    }

    fn check_days(&self, scan: &mut Scan<'_>, values: &ArrayRef) {
        scan.values += values.len() as u64;
        let days = values.as_primitive::<Date32Type>().iter().flatten();
        for day in
            days.filter(|day| self.expected.is_some_and(|expected| !expected.allows_day(i64::from(*day))))
        {
            scan.report(Part::Values, Some(&self.told), Rule::OutOfRange, &day.to_le_bytes());
        }
    }

    /// Ratios and averages: finite, and no carriers of text.
    fn check_numbers(&self, scan: &mut Scan<'_>, values: &ArrayRef) {
        let Ok(numbers) = cast(values, &DataType::Float64) else { return self.search_any(scan, values) };
        scan.values += values.len() as u64;
        for number in numbers.as_primitive::<Float64Type>().iter().flatten() {
            if !number.is_finite() || number.abs() > NUMBER_MAX {
                scan.report(Part::Values, Some(&self.told), Rule::OutOfRange, &[]);
            }
            if number.fract() != 0.0 || scan.knowledge.canaries.has_integer(number as i64) {
                scan.find_canaries(Part::Values, Some(&self.told), number.to_string().as_bytes());
            }
        }
    }

    fn search_any(&self, scan: &mut Scan<'_>, values: &ArrayRef) {
        scan.values += values.len() as u64;
        let Ok(texts) = cast(values, &DataType::Utf8) else {
            return scan.report(Part::Values, Some(&self.told), Rule::WrongType, &[]);
        };
        for text in texts.as_string::<i32>().iter().flatten() {
            scan.search(Part::Values, Some(&self.told), text.as_bytes(), Manner::Values);
        }
    }
}

/// Whether the types are one, whatever the parts of nested ones are called and whether they may be NULL.
fn is_same(expected: &DataType, found: &DataType) -> bool {
    match (expected, found) {
        (DataType::List(expected), DataType::List(found)) => is_same(expected.data_type(), found.data_type()),
        (DataType::Struct(expected), DataType::Struct(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| {
                    expected.name() == found.name() && is_same(expected.data_type(), found.data_type())
                })
        }
        _ => expected == found,
    }
}

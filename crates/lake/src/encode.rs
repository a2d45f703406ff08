//! Rows become the bytes of data files, batch by batch: a file is never in memory as rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, max, min};
use arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use serde_json::{Map, Value, json};

use crate::Error;

/// Bytes at which a file ends whatever its rows.
pub const FILE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Rows of one row group: what a reader decodes at once.
const GROUP_ROWS: usize = 256 * 1024;

/// How Parquet is written: zstd level 1; integers and times as deltas without a dictionary; strings with one, and as they
/// are where it is full. A third smaller and faster to write than the defaults.
pub fn writer_properties(schema: &Schema) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_compression(Compression::ZSTD(ZstdLevel::default()));
    for field in schema.fields() {
        let column = ColumnPath::from(field.name().as_str());
        if is_delta_encoded(field.data_type()) {
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        } else {
            // Deltas of strings would take two megabytes of each column of each file under way, used or not. Words and
            // pseudonyms lie in no order, so that bounds of theirs spare nobody a page.
            properties = properties
                .set_column_statistics_enabled(column.clone(), EnabledStatistics::None)
                .set_column_encoding(column, Encoding::PLAIN);
        }
    }
    properties.build()
}

fn is_delta_encoded(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(_, _)
    )
}

/// The name of a file with this content: a hash of it.
pub(crate) fn file_name(content: &[u8]) -> String {
    let hash = blake3::hash(content).to_hex();
    format!("{}.zstd.parquet", hash.get(..32).unwrap_or(hash.as_str()))
}

/// A data file that is not written yet.
#[derive(Debug, Clone)]
pub struct EncodedFile {
    pub(crate) bytes: Bytes,
    /// Statistics for the log.
    pub(crate) stats: String,
}

/// Takes rows of one partition in their order, and gives them as files of `rows_per_file` rows.
#[derive(Debug)]
pub struct FileEncoder {
    table: String,
    partition: Option<String>,
    data_skipping: Vec<String>,
    rows_per_file: usize,
    open: Option<OpenFile>,
    files: Vec<EncodedFile>,
}

impl FileEncoder {
    pub(crate) const fn new(
        table: String,
        partition: Option<String>,
        data_skipping: Vec<String>,
        rows_per_file: usize,
    ) -> Self {
        Self { table, partition, data_skipping, rows_per_file, open: None, files: Vec::new() }
    }

    /// Takes further rows; the partition column is left out: its value is the folder's name.
    pub fn push(&mut self, rows: &RecordBatch) -> Result<(), Error> {
        self.try_push(rows).map_err(|error| Error::table("encode rows of", &self.table, &error))
    }

    /// The files. None when there was no row.
    pub fn finish(mut self) -> Result<Vec<EncodedFile>, Error> {
        self.close().map_err(|error| Error::table("encode rows of", &self.table, &error))?;
        Ok(self.files)
    }

    fn try_push(&mut self, rows: &RecordBatch) -> Result<(), ParquetError> {
        let stored = self.stored_columns(rows)?;
        let mut start = 0;
        while start < stored.num_rows() {
            let open = match self.open.take() {
                Some(open) => self.open.insert(open),
                None => self.open.insert(OpenFile::new(&stored.schema())?),
            };
            let rows = self.rows_per_file.saturating_sub(open.rows).max(1).min(stored.num_rows() - start);
            open.push(&stored.slice(start, rows), &self.data_skipping)?;
            start += rows;
            if open.rows >= self.rows_per_file || open.bytes() >= FILE_BYTES_MAX {
                self.close()?;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        if let Some(open) = self.open.take() {
            self.files.push(open.finish()?);
        }
        Ok(())
    }

    fn stored_columns(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let stored = |name: &String| Some(name) != self.partition.as_ref();
        let fields = batch.schema_ref().fields().iter().enumerate();
        let indices: Vec<_> =
            fields.filter(|(_, field)| stored(field.name())).map(|(index, _)| index).collect();
        batch.project(&indices)
    }
}

/// A file under way.
#[derive(Debug)]
struct OpenFile {
    writer: ArrowWriter<Vec<u8>>,
    rows: usize,
    measures: BTreeMap<String, Measure>,
}

impl OpenFile {
    fn new(schema: &SchemaRef) -> Result<Self, ParquetError> {
        // The schema is Parquet's alone: an embedded Arrow schema would differ by the writer.
        let options = ArrowWriterOptions::new()
            .with_properties(writer_properties(schema))
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options)?;
        Ok(Self { writer, rows: 0, measures: BTreeMap::new() })
    }

    fn push(&mut self, rows: &RecordBatch, measured: &[String]) -> Result<(), ParquetError> {
        self.writer.write(rows)?;
        self.rows += rows.num_rows();
        for name in measured {
            let Some(column) = rows.column_by_name(name) else { continue };
            if !self.measures.contains_key(name) {
                self.measures.insert(name.clone(), Measure::of(column.data_type()));
            }
            self.measures.get_mut(name).map_or(Ok(()), |measure| measure.add(column))?;
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.writer.bytes_written() + self.writer.in_progress_size()
    }

    /// The bytes, and the statistics: rows, and bounds of the columns that may be told.
    fn finish(self) -> Result<EncodedFile, ParquetError> {
        let (mut lowest, mut highest, mut nulls) = (Map::new(), Map::new(), Map::new());
        for (name, measure) in self.measures {
            nulls.insert(name.clone(), json!(measure.nulls));
            if let Some((low, high)) = measure.bounds {
                lowest.insert(name.clone(), stat_value(low, &measure.data_type)?);
                highest.insert(name, stat_value(high, &measure.data_type)?);
            }
        }
        let stats = json!({
            "numRecords": self.rows, "minValues": lowest, "maxValues": highest, "nullCount": nulls,
        });
        Ok(EncodedFile { bytes: self.writer.into_inner()?.into(), stats: stats.to_string() })
    }
}

/// What the log tells of a column.
#[derive(Debug)]
struct Measure {
    data_type: DataType,
    bounds: Option<(i64, i64)>,
    nulls: usize,
}

impl Measure {
    fn of(data_type: &DataType) -> Self {
        Self { data_type: data_type.clone(), bounds: None, nulls: 0 }
    }

    /// Bounds are of integers and times alone; a column of NULLs has none.
    fn add(&mut self, column: &ArrayRef) -> Result<(), ArrowError> {
        self.nulls += column.null_count();
        if !is_delta_encoded(&self.data_type) {
            return Ok(());
        }
        let integers = cast(&as_wide(column)?, &DataType::Int64)?;
        let integers = integers.as_primitive::<Int64Type>();
        if let (Some(low), Some(high)) = (min(integers), max(integers)) {
            let known = self.bounds.unwrap_or((low, high));
            self.bounds = Some((known.0.min(low), known.1.max(high)));
        }
        Ok(())
    }
}

/// Days are 32 bits wide: they reach 64 through an integer.
fn as_wide(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Date32 => cast(column, &DataType::Int32),
        _ => Ok(Arc::clone(column)),
    }
}

fn stat_value(value: i64, data_type: &DataType) -> Result<Value, ArrowError> {
    let array: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![value]));
    match data_type {
        DataType::Timestamp(_, _) | DataType::Date32 => {
            let narrow = match data_type {
                DataType::Date32 => cast(&array, &DataType::Int32)?,
                _ => array,
            };
            let text = cast(&cast(&narrow, data_type)?, &DataType::Utf8)?;
            Ok(json!(text.as_string::<i32>().value(0)))
        }
        _ => Ok(json!(value)),
    }
}

/// All rows as the bytes of one Parquet file, without statistics.
pub(crate) fn encode(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<Bytes, ParquetError> {
    let mut file = OpenFile::new(schema)?;
    for rows in rows {
        file.push(rows, &[])?;
    }
    Ok(file.finish()?.bytes)
}

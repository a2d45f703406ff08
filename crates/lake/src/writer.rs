//! Rows become data files.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, max, min};
use arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use bytes::Bytes;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use serde_json::{Map, Value, json};

use crate::schema::DATA_SKIPPING;
use crate::{Error, TableSpec};

/// Most rows in one file. An upsert rewrites whole files, so that this bounds its work and memory: a file of tickets
/// is about 120 MB of Arrow arrays and 9 MB of Parquet.
pub const FILE_ROWS_MAX: usize = 256 * 1024;

/// How Parquet is written: zstd level 1; integers and times as deltas without a dictionary; strings with one.
/// A third smaller and faster to write than the defaults.
pub fn writer_properties(schema: &Schema) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(ZstdLevel::default()));
    for field in schema.fields() {
        if is_delta_encoded(field.data_type()) {
            let column = ColumnPath::from(field.name().as_str());
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
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

/// Writes data files of one table. A file that is written is not part of the table until a commit adds it.
#[derive(Debug, Clone)]
pub struct FileWriter {
    table: String,
    store: Arc<dyn ObjectStore>,
    partition: Option<String>,
    data_skipping: Vec<String>,
}

impl FileWriter {
    /// A writer for the table as it is.
    pub fn of(table: &DeltaTable, name: &str) -> Result<Self, Error> {
        let state = table.snapshot().map_err(|error| Error::table("read log of", name, &error))?;
        let metadata = state.metadata();
        let skipping = metadata.configuration().get(DATA_SKIPPING).map_or("", String::as_str);
        Ok(Self {
            table: name.to_owned(),
            store: table.object_store(),
            partition: metadata.partition_columns().first().cloned(),
            data_skipping: skipping.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        })
    }

    /// A writer for a table that does not exist yet; `store` begins at the table's folder.
    pub(crate) fn of_new(store: Arc<dyn ObjectStore>, name: &str, spec: &TableSpec) -> Self {
        Self {
            table: name.to_owned(),
            store,
            partition: spec.partition.clone(),
            data_skipping: spec.data_skipping.clone(),
        }
    }

    /// Writes rows that all belong to one partition, in their order, as files of at most [`FILE_ROWS_MAX`] rows.
    ///
    /// A file's name is its content's hash: a write that is repeated after a failure meets its own file.
    pub async fn write(&self, partition: Option<&str>, batch: &RecordBatch) -> Result<Vec<Add>, Error> {
        let folder = self.folder(partition)?;
        let columns = self.stored_columns(batch)?;
        let mut adds = Vec::new();
        for start in (0..columns.num_rows()).step_by(FILE_ROWS_MAX) {
            let rows = columns.slice(start, FILE_ROWS_MAX.min(columns.num_rows() - start));
            adds.push(self.write_file(&folder, partition, rows).await?);
        }
        Ok(adds)
    }

    async fn write_file(
        &self,
        folder: &str,
        partition: Option<&str>,
        rows: RecordBatch,
    ) -> Result<Add, Error> {
        let stats = self.stats(&rows)?;
        let encoded = tokio::task::spawn_blocking(move || encode(&rows.schema(), &[rows])).await;
        let bytes = match encoded {
            Ok(bytes) => bytes.map_err(|error| Error::table("encode rows of", &self.table, &error))?,
            Err(error) => return Err(Error::table("encode rows of", &self.table, &error)),
        };
        let hash = blake3::hash(&bytes).to_hex();
        let path = format!("{folder}{}.zstd.parquet", hash.get(..32).unwrap_or(hash.as_str()));
        let location = Path::from(path.as_str());
        let failed = |error: object_store::Error| Error::storage("write file", &location, &error);
        self.store.put(&location, bytes.into()).await.map_err(failed)?;
        // The storage's own word on size and time: it is read back before the file may enter the log.
        let meta = self.store.head(&location).await.map_err(failed)?;
        let values = self.partition.iter().map(|column| (column.clone(), partition.map(str::to_owned)));
        Ok(Add {
            path,
            partition_values: values.collect::<HashMap<_, _>>(),
            size: meta.size as i64,
            modification_time: meta.last_modified.timestamp_millis(),
            data_change: true,
            stats: Some(stats),
            ..Add::default()
        })
    }

    /// Folder of the partition, with its slash; empty for a table without partitions.
    fn folder(&self, partition: Option<&str>) -> Result<String, Error> {
        let Some(column) = &self.partition else { return Ok(String::new()) };
        let value = partition.unwrap_or("__HIVE_DEFAULT_PARTITION__");
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if value.is_empty() || value.starts_with('.') || !value.chars().all(is_plain) {
            let reason = format!("values of partition column {column} must be plain words, months or days");
            return Err(Error::mismatch(&self.table, reason));
        }
        Ok(format!("{column}={value}/"))
    }

    /// The rows without the partition column: its value is the folder's name.
    fn stored_columns(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let stored = |name: &String| Some(name) != self.partition.as_ref();
        let fields = batch.schema_ref().fields().iter().enumerate();
        let indices: Vec<_> =
            fields.filter(|(_, field)| stored(field.name())).map(|(index, _)| index).collect();
        batch.project(&indices).map_err(|error| Error::table("encode rows of", &self.table, &error))
    }

    /// The file's statistics for the log: rows, and bounds of the columns that may be told.
    fn stats(&self, rows: &RecordBatch) -> Result<String, Error> {
        let (mut lowest, mut highest, mut nulls) = (Map::new(), Map::new(), Map::new());
        for name in &self.data_skipping {
            let Some(column) = rows.column_by_name(name) else { continue };
            nulls.insert(name.clone(), json!(column.null_count()));
            let failed = |error| Error::table("measure rows of", &self.table, &error);
            if let Some((low, high)) = bounds(column).map_err(failed)? {
                lowest.insert(name.clone(), low);
                highest.insert(name.clone(), high);
            }
        }
        let stats = json!({
            "numRecords": rows.num_rows(), "minValues": lowest, "maxValues": highest, "nullCount": nulls,
        });
        Ok(stats.to_string())
    }
}

/// Minimum and maximum as the log writes them; None for a column of NULLs or of another type than integer and time.
fn bounds(column: &ArrayRef) -> Result<Option<(Value, Value)>, arrow::error::ArrowError> {
    if !is_delta_encoded(column.data_type()) {
        return Ok(None);
    }
    let integers = cast(&as_wide(column)?, &DataType::Int64)?;
    let integers = integers.as_primitive::<Int64Type>();
    let (Some(low), Some(high)) = (min(integers), max(integers)) else { return Ok(None) };
    Ok(Some((stat_value(low, column.data_type())?, stat_value(high, column.data_type())?)))
}

/// Days are 32 bits wide: they reach 64 through an integer.
fn as_wide(column: &ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
    match column.data_type() {
        DataType::Date32 => cast(column, &DataType::Int32),
        _ => Ok(Arc::clone(column)),
    }
}

fn stat_value(value: i64, data_type: &DataType) -> Result<Value, arrow::error::ArrowError> {
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

/// The rows as one Parquet file. Its schema is Parquet's alone: an embedded Arrow schema would differ by the writer.
pub(crate) fn encode(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<Bytes, ParquetError> {
    let options =
        ArrowWriterOptions::new().with_properties(writer_properties(schema)).with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, Arc::clone(schema), options)?;
    for rows in rows {
        writer.write(rows)?;
    }
    writer.close()?;
    Ok(bytes.into())
}

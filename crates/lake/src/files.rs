//! Data files of a table's newest version, and their rows.

use std::error::Error as StdError;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimeUnit};
use bytes::Bytes;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::{Add, LogicalFileView, Remove};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use serde_json::Value;

use crate::encode::file_name;
use crate::{Error, busy, schema};

/// Rows in one batch that is read.
const BATCH_ROWS: usize = 32 * 1024;

/// A file of a table.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// Path below the table's folder.
    pub path: Path,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows, as the log tells; None when it does not.
    pub rows: Option<u64>,
    /// Value of the partition column; None for NULL or no partition.
    pub partition: Option<String>,
    stats: Value,
    remove: Remove,
}

impl DataFile {
    fn of(view: &LogicalFileView) -> Self {
        let partition = view.partition_values_map().into_values().next().flatten();
        let (bytes, remove) = (view.size() as u64, view.remove_action(true));
        Self::told(view.object_store_path(), bytes, partition, view.stats().as_deref(), remove)
    }

    /// A file that is to join the table.
    pub(crate) fn of_add(add: &Add) -> Result<Self, object_store::path::Error> {
        let partition = add.partition_values.values().next().cloned().flatten();
        let remove = Remove {
            path: add.path.clone(),
            data_change: true,
            partition_values: Some(add.partition_values.clone()),
            size: Some(add.size),
            ..Remove::default()
        };
        let path = Path::parse(&add.path)?;
        Ok(Self::told(path, add.size as u64, partition, add.stats.as_deref(), remove))
    }

    /// A file with what the log tells of its rows, as text.
    fn told(path: Path, bytes: u64, partition: Option<String>, stats: Option<&str>, remove: Remove) -> Self {
        let stats: Value = stats.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
        let rows = stats.get("numRecords").and_then(Value::as_u64);
        Self { path, bytes, rows, partition, stats, remove }
    }

    /// How many values of a column are NULL, as the log tells; None when it does not.
    pub fn nulls(&self, column: &str) -> Option<u64> {
        self.stats.get("nullCount")?.get(column)?.as_u64()
    }

    /// Whether the log may tell bounds of a column of instants cut to milliseconds, as it may where they are no whole seconds.
    pub fn may_be_cut(&self, column: &str) -> bool {
        let bounds = ["minValues", "maxValues"].map(|side| self.stats.get(side)?.get(column)?.as_str());
        bounds.into_iter().flatten().any(|text| text.contains('.'))
    }

    /// Values between which all of a column of integers, instants or days lie, as integers of its type, as the log tells;
    /// None when it does not. [`may_be_cut`](Self::may_be_cut) tells whether they are values of the column.
    pub fn bounds(&self, column: &str, data_type: &DataType) -> Option<(i64, i64)> {
        let bound = |side: &str| self.stats.get(side)?.get(column);
        let (low, high) = (bound("minValues")?, bound("maxValues")?);
        match data_type {
            DataType::Int64 => Some((low.as_i64()?, high.as_i64()?)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let cut = if self.may_be_cut(column) { 999 } else { 0 };
                let high = integer_of(high.as_str()?, data_type)?.checked_add(cut)?;
                Some((integer_of(low.as_str()?, data_type)?, high))
            }
            DataType::Date32 => {
                Some((integer_of(low.as_str()?, data_type)?, integer_of(high.as_str()?, data_type)?))
            }
            _ => None,
        }
    }

    /// The action that takes the file out of the table. `data_change` is false where its rows stay, in other files.
    pub fn remove(&self, data_change: bool) -> Remove {
        Remove { data_change, ..self.remove.clone() }
    }
}

/// What a text stands for, as an integer of the type.
fn integer_of(text: &str, data_type: &DataType) -> Option<i64> {
    let value = cast(&StringArray::from(vec![text]), data_type).ok()?;
    let value = match data_type {
        DataType::Date32 => cast(&value, &DataType::Int32).ok()?,
        _ => value,
    };
    cast(&value, &DataType::Int64).ok()?.as_primitive::<Int64Type>().iter().next().flatten()
}

/// The files of the table at the version that it holds, by path.
pub fn data_files(table: &DeltaTable, name: &str) -> Result<Vec<DataFile>, Error> {
    let failed = |error| Error::table("read log of", name, &error);
    let state = table.snapshot().map_err(failed)?;
    let log = state.snapshot().try_log_data().map_err(failed)?;
    let mut files: Vec<_> = log.iter().map(|view| DataFile::of(&view)).collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// A file's bytes, whose rows are decoded batch by batch.
#[derive(Debug, Clone)]
pub struct FetchedFile {
    bytes: Bytes,
    table: String,
    place: String,
    column: Option<String>,
    partition: Option<String>,
}

/// Fetches the file whole: it has at most [`FILE_BYTES_MAX`](crate::FILE_BYTES_MAX), and one request is cheaper than
/// several.
pub async fn fetch_file(table: &DeltaTable, name: &str, file: &DataFile) -> Result<FetchedFile, Error> {
    let failed = |error: object_store::Error| Error::storage("read file", place(table, file), &error);
    let fetched = table.object_store().get(&file.path).await.map_err(failed)?;
    Ok(FetchedFile {
        bytes: fetched.bytes().await.map_err(failed)?,
        table: name.to_owned(),
        place: place(table, file),
        column: partition_column(table, name)?,
        partition: file.partition.clone(),
    })
}

impl FetchedFile {
    /// Rows with the columns of `schema` in its order, in batches: the partition column is filled in, and columns that
    /// are younger than the file are NULL. Decoding takes the processor: it is for a thread that may be kept busy.
    pub fn batches(
        &self,
        schema: &SchemaRef,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
        let Self { bytes, table, place, column, partition } = self.clone();
        let failed = move |error: &dyn StdError| Error::storage("read file", &place, error);
        let reader = reader(bytes, schema).map_err(|error| failed(&error))?;
        let schema = Arc::clone(schema);
        Ok(reader.map(move |batch| {
            let batch = batch.map_err(|error| failed(&error))?;
            let batch = with_partition(&batch, column.as_deref(), partition.as_deref(), &schema);
            schema::conform(&table, &batch.map_err(|error| failed(&error))?, &schema)
        }))
    }

    /// Whether the content is the one that the file was named for. Names that are no hash of ours say nothing.
    pub(crate) fn is_as_named(&self, name: &str) -> bool {
        let ours = file_name(&self.bytes);
        let is_hash = name.len() == ours.len()
            && name.split('.').next().is_some_and(|stem| stem.bytes().all(|byte| byte.is_ascii_hexdigit()));
        !is_hash || name == ours
    }

    /// The file's size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// All rows of the file, as [`FetchedFile::batches`] gives them. For files that are small as rows.
pub async fn read_file(
    table: &DeltaTable,
    name: &str,
    file: &DataFile,
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>, Error> {
    let fetched = fetch_file(table, name, file).await?;
    let schema = Arc::clone(schema);
    busy(move || fetched.batches(&schema)?.collect()).await
}

fn place(table: &DeltaTable, file: &DataFile) -> String {
    table.table_url().join(file.path.as_ref()).map_or_else(|_| file.path.to_string(), String::from)
}

fn reader(bytes: Bytes, schema: &SchemaRef) -> Result<ParquetRecordBatchReader, ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let wanted = schema.fields().iter().map(|field| field.name().as_str());
    let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
    builder.with_batch_size(BATCH_ROWS).with_projection(mask).build()
}

fn partition_column(table: &DeltaTable, name: &str) -> Result<Option<String>, Error> {
    let state = table.snapshot().map_err(|error| Error::table("read log of", name, &error))?;
    Ok(state.metadata().partition_columns().first().cloned())
}

fn with_partition(
    batch: &RecordBatch,
    column: Option<&str>,
    value: Option<&str>,
    schema: &SchemaRef,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let Some((_, field)) = column.and_then(|column| schema.column_with_name(column)) else {
        return Ok(batch.clone());
    };
    let rows = batch.num_rows();
    let values: ArrayRef = match value {
        Some(value) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, rows))),
        None => new_null_array(field.data_type(), rows),
    };
    let field = field.clone().with_data_type(values.data_type().clone());
    let mut fields = batch.schema_ref().fields().to_vec();
    fields.push(Arc::new(field));
    let mut columns = batch.columns().to_vec();
    columns.push(values);
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), columns)
}

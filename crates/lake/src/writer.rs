//! Data files are put beside those of a table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::encode::file_name;
use crate::schema::DATA_SKIPPING;
use crate::{EncodedFile, Error, FileEncoder, TableSpec, busy};

/// Most rows in one file, unless its writer is told otherwise: a file of a mart is rows of one month as a whole.
pub const FILE_ROWS_MAX: usize = 256 * 1024;

/// Writes data files of one table. A file that is written is not part of the table until a commit adds it.
#[derive(Debug, Clone)]
pub struct FileWriter {
    table: String,
    store: Arc<dyn ObjectStore>,
    partition: Option<String>,
    data_skipping: Vec<String>,
    rows_max: usize,
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
            rows_max: FILE_ROWS_MAX,
        })
    }

    /// A writer for a table that does not exist yet; `store` begins at the table's folder.
    pub(crate) fn of_new(store: Arc<dyn ObjectStore>, name: &str, spec: &TableSpec) -> Self {
        Self {
            table: name.to_owned(),
            store,
            partition: spec.partition.clone(),
            data_skipping: spec.data_skipping.clone(),
            rows_max: FILE_ROWS_MAX,
        }
    }

    /// The same writer, with files of at most so many rows.
    #[must_use]
    pub fn with_rows_max(self, rows_max: usize) -> Self {
        Self { rows_max, ..self }
    }

    /// Takes rows of one partition, about `rows` of them, and makes files of equal size of them.
    pub fn encoder(&self, rows: usize) -> FileEncoder {
        let files = rows.div_ceil(self.rows_max).max(1);
        FileEncoder::new(
            self.table.clone(),
            self.partition.clone(),
            self.data_skipping.clone(),
            rows.div_ceil(files),
        )
    }

    /// Writes rows that all belong to one partition, in their order.
    pub async fn write(&self, partition: Option<&str>, batch: &RecordBatch) -> Result<Vec<Add>, Error> {
        let mut encoder = self.encoder(batch.num_rows());
        let rows = batch.clone();
        let files = busy(move || {
            encoder.push(&rows)?;
            encoder.finish()
        });
        self.put(partition, files.await?).await
    }

    /// Writes the files.
    ///
    /// A file's name is its content's hash: a write that is repeated after a failure meets its own file.
    pub async fn put(&self, partition: Option<&str>, files: Vec<EncodedFile>) -> Result<Vec<Add>, Error> {
        let folder = self.folder(partition)?;
        let mut adds = Vec::with_capacity(files.len());
        for file in files {
            adds.push(self.put_file(&folder, partition, file).await?);
        }
        Ok(adds)
    }

    async fn put_file(&self, folder: &str, partition: Option<&str>, file: EncodedFile) -> Result<Add, Error> {
        let path = format!("{folder}{}", file_name(&file.bytes));
        let location = Path::from(path.as_str());
        let failed = |error: object_store::Error| Error::storage("write file", &location, &error);
        self.store.put(&location, file.bytes.into()).await.map_err(failed)?;
        // The storage's own word on size and time: it is read back before the file may enter the log.
        let meta = self.store.head(&location).await.map_err(failed)?;
        let values = self.partition.iter().map(|column| (column.clone(), partition.map(str::to_owned)));
        Ok(Add {
            path,
            partition_values: values.collect::<HashMap<_, _>>(),
            size: meta.size as i64,
            modification_time: meta.last_modified.timestamp_millis(),
            data_change: true,
            stats: Some(file.stats),
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
}

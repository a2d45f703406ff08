//! Marts as plain files.

use std::sync::Arc;

use arrow::csv::WriterBuilder;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use deskmeter_warehouse::Warehouse;
use futures::StreamExt;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::AsyncArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tokio::io::AsyncWriteExt;

use crate::Error;
use crate::relation::{self, Rows, Source};
use crate::report::{ExportReport, ExportedFile};

/// Rows of a Parquet row group: what a writer holds in memory.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Parquet, zstd.
    Parquet,
    /// CSV with a header (RFC 4180); NULL is an empty field, times are RFC 3339 in UTC.
    Csv,
}

impl ExportFormat {
    const fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// Writes marts, and the small tables beside them, as one file each: `<folder>/<table>.parquet` or `.csv`. All of
/// them, or those named, without groups of fewer than `group_min` tickets (1: all). A file is whole or not there: it appears when its last byte is written, in the place of a
/// former one.
pub async fn export(
    warehouse: &Warehouse,
    (store, folder): (Arc<dyn ObjectStore>, Path),
    format: ExportFormat,
    marts: Option<&[String]>,
    group_min: u32,
) -> Result<ExportReport, Error> {
    let known = relation::known(warehouse, group_min);
    if let Some(name) = marts.into_iter().flatten().find(|name| !known.contains(name)) {
        return Err(Error::UnknownTable { name: name.clone(), known });
    }
    let is_wanted = |name: &String| marts.is_none_or(|marts| marts.contains(name));
    let (sources, mut missing) = relation::sources(warehouse, group_min).await?;
    missing.retain(is_wanted);
    let mut files = Vec::new();
    for source in sources.iter().filter(|source| is_wanted(&source.relation.name)) {
        let name = &source.relation.name;
        let path = folder.clone().join(format!("{name}.{}", format.extension()));
        let rows = source.rows(warehouse, None).await?;
        let file = File { source, store: Arc::clone(&store), path: path.clone() };
        let rows = match format {
            ExportFormat::Parquet => file.write_parquet(rows).await?,
            ExportFormat::Csv => file.write_csv(rows).await?,
        };
        let written = store.head(&path).await.map_err(|source| Error::write(path.as_ref(), source))?;
        files.push(ExportedFile { table: name.clone(), path: path.to_string(), rows, bytes: written.size });
    }
    Ok(ExportReport { files, missing })
}

/// One file to write.
struct File<'a> {
    source: &'a Source,
    store: Arc<dyn ObjectStore>,
    path: Path,
}

impl File<'_> {
    async fn write_parquet(&self, mut rows: Rows) -> Result<u64, Error> {
        let failed = |source| Error::write(self.path.as_ref(), source);
        let zstd = ZstdLevel::try_new(1).map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(zstd))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let object = BufWriter::new(Arc::clone(&self.store), self.path.clone());
        let mut writer =
            AsyncArrowWriter::try_new(object, self.schema(), Some(properties)).map_err(failed)?;
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            let batch = self.plain(&batch?)?;
            count += batch.num_rows() as u64;
            writer.write(&batch).await.map_err(failed)?;
        }
        writer.close().await.map_err(failed)?;
        Ok(count)
    }

    async fn write_csv(&self, mut rows: Rows) -> Result<u64, Error> {
        let failed = |source| Error::write(self.path.as_ref(), source);
        let mut object = BufWriter::new(Arc::clone(&self.store), self.path.clone());
        let mut text = self.csv(&RecordBatch::new_empty(self.schema()), true)?;
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            let batch = self.plain(&batch?)?;
            count += batch.num_rows() as u64;
            text.extend(self.csv(&batch, false)?);
            object.write_all(&text).await.map_err(failed)?;
            text.clear();
        }
        object.write_all(&text).await.map_err(failed)?;
        object.shutdown().await.map_err(failed)?;
        Ok(count)
    }

    fn csv(&self, batch: &RecordBatch, has_header: bool) -> Result<Vec<u8>, Error> {
        let mut text = Vec::new();
        let mut writer = WriterBuilder::new().with_header(has_header).build(&mut text);
        writer.write(batch).map_err(|source| Error::write(self.path.as_ref(), source))?;
        drop(writer);
        Ok(text)
    }

    /// The rows in the types that every tool reads: those of a published table.
    fn plain(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let name = &self.source.relation.name;
        let pairs = batch.columns().iter().zip(&self.source.columns);
        let columns = pairs.map(|(array, column)| arrow::compute::cast(array, &column.kind.arrow()));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(|source| Error::read(name, source))?;
        RecordBatch::try_new(self.schema(), columns).map_err(|source| Error::read(name, source))
    }

    fn schema(&self) -> SchemaRef {
        let fields =
            self.source.columns.iter().map(|column| Field::new(&column.name, column.kind.arrow(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

//! How a scan reads Parquet files: as the engine does, with failures that stay what they were.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::DefaultParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::error::Result;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

/// Reads files whose footers are kept. The engine's own reader makes text of a failure to read a footer: a storage that
/// went away could not be told from a broken file.
#[derive(Debug)]
pub(crate) struct Readers {
    inner: DefaultParquetFileReaderFactory,
    store: Arc<dyn ObjectStore>,
    footers: Arc<FileMetadataCache>,
}

impl Readers {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, footers: Arc<FileMetadataCache>) -> Self {
        Self { inner: DefaultParquetFileReaderFactory::new(Arc::clone(&store)), store, footers }
    }
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        footer_bytes: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let (store, footers) = (Arc::clone(&self.store), Arc::clone(&self.footers));
        let object = file.object_meta.clone();
        let inner = self.inner.create_reader(partition, file, footer_bytes, metrics)?;
        Ok(Box::new(Reader { inner, store, footers, object, footer_bytes }))
    }
}

struct Reader {
    inner: Box<dyn AsyncFileReader + Send>,
    store: Arc<dyn ObjectStore>,
    footers: Arc<FileMetadataCache>,
    object: ObjectMeta,
    footer_bytes: Option<usize>,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.inner.get_bytes(range)
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        self.inner.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let page_index = options.map(ArrowReaderOptions::column_index_policy);
        async move {
            DFParquetMetadata::new(self.store.as_ref(), &self.object)
                .with_file_metadata_cache(Some(Arc::clone(&self.footers)))
                .with_metadata_size_hint(self.footer_bytes)
                .with_page_index_policy(page_index)
                .fetch_metadata()
                .await
                .map_err(|error| ParquetError::External(Box::new(error)))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::runtime_env::RuntimeEnv;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_footer_that_the_storage_does_not_give_is_a_failure_of_the_storage() {
        let footers = RuntimeEnv::default().cache_manager.get_file_metadata_cache();
        let readers = Readers::new(Arc::new(InMemory::new()), footers);
        let file = PartitionedFile::new("acme/tickets/gone.parquet".to_owned(), 1_000);
        let mut reader = readers.create_reader(0, file, None, &ExecutionPlanMetricsSet::new()).unwrap();
        let failure = reader.get_metadata(None).await.unwrap_err();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&failure);
        let mut is_of_storage = false;
        while let Some(error) = cause {
            is_of_storage |= error.is::<object_store::Error>();
            cause = error.source();
        }
        assert!(is_of_storage, "{failure:?}");
    }
}

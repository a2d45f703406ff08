//! Rows that live no longer than one refresh: plain Parquet in a folder of the connection, for engines whose workers
//! share nothing but the store. What a killed run leaves is deleted by the next one, and by a purge like all else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::encode::{encode, file_name};
use crate::{ConnectionLake, Error};

/// Folder below the connection's.
const FOLDER: &str = "_scratch";

impl ConnectionLake {
    /// Writes each part as one file; returns where they lie in the store, with their bytes. Empty parts make no file. What
    /// was written under the name before is deleted.
    pub async fn write_scratch(
        &self,
        name: &str,
        schema: &SchemaRef,
        parts: &[Vec<RecordBatch>],
    ) -> Result<BTreeMap<Path, u64>, Error> {
        let mut written = BTreeMap::new();
        let folder = self.prefix().clone().join(FOLDER).join(name);
        for (index, batches) in parts.iter().enumerate() {
            if batches.iter().all(|batch| batch.num_rows() == 0) {
                continue;
            }
            let bytes = encode(schema, batches).map_err(|error| Error::storage("encode", &folder, &error))?;
            // Workers remember the footers of files by their names; parts may hold the same rows.
            let path = folder.clone().join(format!("{index}-{}", file_name(&bytes)));
            let size = bytes.len() as u64;
            let put = self.store().put(&path, bytes.into()).await;
            put.map_err(|error| Error::storage("write", &path, &error))?;
            written.insert(path, size);
        }
        self.clear_below(&folder, written.keys().cloned().collect()).await?;
        Ok(written)
    }

    /// Deletes all that [`write_scratch`](Self::write_scratch) wrote.
    pub async fn clear_scratch(&self) -> Result<(), Error> {
        self.clear_below(&self.prefix().clone().join(FOLDER), BTreeSet::new()).await
    }

    async fn clear_below(&self, folder: &Path, kept: BTreeSet<Path>) -> Result<(), Error> {
        let store: Arc<dyn ObjectStore> = self.store();
        let paths = store.list(Some(folder)).map_ok(|object| object.location);
        let others = paths.try_filter(move |path| std::future::ready(!kept.contains(path))).boxed();
        let deleted = store.delete_stream(others).try_collect::<Vec<_>>().await;
        deleted.map(drop).map_err(|error| Error::storage("clear", folder, &error))
    }
}

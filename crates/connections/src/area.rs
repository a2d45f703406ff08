//! A part of a store that is counted, emptied and looked at again.

use std::path::PathBuf;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{Error as StoreError, GetOptions, ObjectStore};

use crate::versions::Gone;
use crate::{BucketVersions, DeletedPart, Error, OldVersions};

/// Objects under a prefix of a store.
#[derive(Debug, Clone)]
pub struct StoredArea {
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// The prefix.
    pub prefix: Path,
    /// On local disk, the directory that is the store's root, `/` or below. A writer that was killed leaves half-written files
    /// there which the store does not list; they are deleted with their folder.
    pub local_root: Option<PathBuf>,
    /// On S3, what the bucket may keep of deleted objects.
    pub versions: Option<Arc<BucketVersions>>,
}

/// An object before its deletion, and the version that the store gives it.
pub(crate) struct Sample {
    location: Path,
    version: Option<String>,
}

impl StoredArea {
    pub(crate) fn below(&self, prefix: &Path) -> Self {
        Self { prefix: prefix.clone(), ..self.clone() }
    }

    /// Objects and their bytes.
    pub(crate) async fn count(&self) -> Result<(u64, u64), Error> {
        let counted = self
            .store
            .list(Some(&self.prefix))
            .try_fold((0, 0), async |(objects, bytes), object| Ok((objects + 1, bytes + object.size)));
        counted.await.map_err(Error::storage("count what is to be deleted"))
    }

    /// Any object that is there.
    pub(crate) async fn sample(&self) -> Result<Option<Sample>, Error> {
        let failed = || Error::storage("look at what is to be deleted");
        let Some(object) = self.store.list(Some(&self.prefix)).try_next().await.map_err(failed())? else {
            return Ok(None);
        };
        let head = GetOptions { head: true, ..GetOptions::default() };
        match self.store.get_opts(&object.location, head).await {
            Ok(found) => Ok(Some(Sample { location: object.location, version: found.meta.version })),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed()(error)),
        }
    }

    /// Deletes what the bucket keeps of the objects that are deleted now; `sample` is one of them. Where nobody may list
    /// versions, it is looked whether there are any.
    pub(crate) async fn forget(&self, sample: Option<&Sample>, part: &mut DeletedPart) {
        let gone = match &self.versions {
            Some(versions) => versions.delete(&self.prefix).await.ok(),
            None => None,
        };
        part.versions_deleted += gone.map_or(0, |gone| gone.deleted);
        part.versions_left = gone.map(|gone| gone.left);
        match (gone, sample) {
            (Some(Gone { left: 1.., .. }), _) => part.old_versions = OldVersions::Kept,
            (Some(_), _) if part.versions_deleted > 0 => part.old_versions = OldVersions::Deleted,
            (Some(_), _) => part.old_versions = OldVersions::NotKept,
            (None, Some(sample)) => part.old_versions = self.old_versions(sample).await,
            (None, None) => {}
        }
    }

    /// Whether the object, which is deleted now, can still be read by its version. Buckets without versions name none
    /// (S3, Azure), or only name a generation that is gone with the object (GCS).
    async fn old_versions(&self, sample: &Sample) -> OldVersions {
        let Some(version) = sample.version.clone().filter(|version| version != "null") else {
            return OldVersions::NotKept;
        };
        let by_version = GetOptions { head: true, version: Some(version), ..GetOptions::default() };
        match self.store.get_opts(&sample.location, by_version).await {
            Ok(_) => OldVersions::Kept,
            Err(StoreError::NotFound { .. }) => OldVersions::NotKept,
            Err(_) => OldVersions::Unknown,
        }
    }

    /// Deletes everything, and looks that nothing is left.
    pub(crate) async fn delete(&self) -> Result<(), Error> {
        let failed = "delete what was collected";
        let locations = self.store.list(Some(&self.prefix)).map_ok(|object| object.location).boxed();
        let mut deleted = self.store.delete_stream(locations);
        while let Some(outcome) = deleted.next().await {
            match outcome {
                Ok(_) | Err(StoreError::NotFound { .. }) => {}
                Err(source) => return Err(Error::Storage { action: failed, source }),
            }
        }
        if let Some(root) = &self.local_root {
            let dir = self.prefix.parts().fold(root.clone(), |dir, part| dir.join(part.as_ref()));
            match tokio::fs::remove_dir_all(dir).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    let source = StoreError::Generic { store: "local disk", source: Box::new(error) };
                    return Err(Error::Storage { action: failed, source });
                }
                _ => {}
            }
        }
        match self.count().await? {
            (0, _) => Ok(()),
            (objects, _) => Err(Error::NotEmpty { objects }),
        }
    }
}

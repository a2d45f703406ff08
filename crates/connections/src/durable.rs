//! Local disk that survives a power cut.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// A [`LocalFileSystem`] whose writes are on the disk when they return: the file is synced, and so is every folder up
/// to the root. Plain local writes are in the page cache alone, where a power cut would take a rotated token along.
#[derive(Debug)]
pub struct DurableLocal {
    files: LocalFileSystem,
    root: PathBuf,
}

impl DurableLocal {
    /// A store in this directory, which must exist.
    pub fn new(root: &std::path::Path) -> Result<Self> {
        let root = root.canonicalize().map_err(generic)?;
        Ok(Self { files: LocalFileSystem::new_with_prefix(&root)?, root })
    }

    async fn sync(&self, location: &Path) -> Result<()> {
        let (root, file) = (self.root.clone(), self.files.path_to_filesystem(location)?);
        let synced = tokio::task::spawn_blocking(move || {
            let folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(&root));
            File::open(&file)?.sync_all()?;
            folders.into_iter().try_for_each(|folder| File::open(folder)?.sync_all())
        });
        synced.await.map_err(|error| generic(io::Error::other(error)))?.map_err(generic)
    }
}

fn generic(source: io::Error) -> StoreError {
    StoreError::Generic { store: "local disk", source: Box::new(source) }
}

impl std::fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("durable local disk")
    }
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let put = self.files.put_opts(location, payload, options).await?;
        self.sync(location).await?;
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.files.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files.copy_opts(from, to, options).await?;
        self.sync(to).await
    }
}

//! Local disk that survives a power cut.
//!
//! [`LocalFileSystem`] leaves what it writes in the page cache: after a power cut a commit may be there whose data files
//! are empty. Nothing counts before something later speaks of it, so that is where the disk is waited for: creating a
//! file (a commit, a sealed token, a lease) and deleting one first bring everything written before onto the disk. A
//! created file gets its name when its content is there, and its folder is synced before the write returns.

use std::collections::{BTreeSet, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{Error as IoError, ErrorKind, Result as IoResult, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryFutureExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

/// The whole local disk, durably.
#[derive(Debug, Default)]
pub(crate) struct DurableLocal {
    files: LocalFileSystem,
    disk: Arc<Disk>,
}

impl DurableLocal {
    fn written(&self, location: &Path) -> Result<()> {
        self.disk.written(self.files.path_to_filesystem(location)?);
        Ok(())
    }
}

/// What is known to be on the disk, and what is not yet.
#[derive(Debug, Default)]
struct Disk {
    /// Files written since the disk was last waited for.
    pending: Mutex<Vec<PathBuf>>,
    /// Folders whose own names are on the disk.
    folders: Mutex<HashSet<PathBuf>>,
}

impl Disk {
    fn written(&self, file: PathBuf) {
        lock(&self.pending).push(file);
    }

    /// Runs work that waits for the disk where it may wait.
    async fn run(self: Arc<Self>, work: impl FnOnce(&Self) -> Result<()> + Send + 'static) -> Result<()> {
        let done = tokio::task::spawn_blocking(move || work(&self)).await;
        done.map_err(|error| generic(IoError::other(error)))?
    }

    /// Brings everything that was written before onto the disk.
    fn settle(&self) -> Result<()> {
        let pending = std::mem::take(&mut *lock(&self.pending));
        let mut folders = BTreeSet::new();
        for file in &pending {
            match File::open(file).and_then(|file| file.sync_all()) {
                // It was deleted since.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                synced => synced.map_err(generic)?,
            }
            folders.extend(file.parent());
        }
        folders.into_iter().try_for_each(|folder| self.sync_from(folder)).map_err(generic)
    }

    /// Creates a file that must not be there.
    fn create(&self, file: &FilePath, payload: &PutPayload) -> Result<()> {
        self.settle()?;
        let (mut content, staged) = self.stage(file).map_err(generic)?;
        let written = payload.iter().try_for_each(|bytes| content.write_all(bytes));
        let named =
            written.and_then(|()| content.sync_all()).and_then(|()| std::fs::hard_link(&staged, file));
        let _ = std::fs::remove_file(&staged);
        named.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                Error::AlreadyExists { path: file.display().to_string(), source: Box::new(error) }
            }
            _ => generic(error),
        })?;
        file.parent().map_or(Ok(()), |folder| self.sync_from(folder)).map_err(generic)
    }

    /// A new file beside the one that it will become, under a name that no listing shows.
    fn stage(&self, file: &FilePath) -> IoResult<(File, PathBuf)> {
        let mut number = 1_u32;
        loop {
            let mut name = file.as_os_str().to_owned();
            name.push(format!("#{number}"));
            match OpenOptions::new().write(true).create_new(true).open(&name) {
                Ok(staged) => return Ok((staged, name.into())),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let Some(folder) = file.parent() else { return Err(error) };
                    std::fs::create_dir_all(folder)?;
                    let mut known = lock(&self.folders);
                    for made in folder.ancestors() {
                        known.remove(made);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Syncs a folder, and those above whose names may not be on the disk yet.
    fn sync_from(&self, folder: &FilePath) -> IoResult<()> {
        sync_folder(folder)?;
        let mut inner = folder;
        for outer in folder.ancestors().skip(1) {
            if lock(&self.folders).contains(inner) {
                break;
            }
            match sync_folder(outer) {
                // A folder that we may not read is none that we made.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => break,
                synced => synced?,
            }
            lock(&self.folders).insert(inner.to_owned());
            inner = outer;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Some network file systems do not sync folders, and say so.
fn sync_folder(folder: &FilePath) -> IoResult<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

fn generic(source: IoError) -> Error {
    Error::Generic { store: "local disk", source: Box::new(source) }
}

impl std::fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("local disk")
    }
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if options.mode != PutMode::Create || !options.attributes.is_empty() {
            let put = self.files.put_opts(location, payload, options).await?;
            self.written(location)?;
            return Ok(put);
        }
        let file = self.files.path_to_filesystem(location)?;
        Arc::clone(&self.disk).run(move |disk| disk.create(&file, &payload)).await?;
        Ok(PutResult { e_tag: self.files.head(location).await?.e_tag, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.files.put_multipart_opts(location, options).await?;
        let file = self.files.path_to_filesystem(location)?;
        Ok(Box::new(DurableUpload { upload, file, disk: Arc::clone(&self.disk) }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let settled = Arc::clone(&self.disk).run(Disk::settle);
        let deleted = self.files.delete_stream(locations);
        settled.map_ok(|()| deleted).try_flatten_stream().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files.copy_opts(from, to, options).await?;
        self.written(to)
    }
}

/// An upload in parts, which the disk is waited for with everything else.
#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    file: PathBuf,
    disk: Arc<Disk>,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let put = self.upload.complete().await?;
        self.disk.written(self.file.clone());
        Ok(put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

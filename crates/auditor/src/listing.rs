//! Everything that is to be examined: objects of the lake, files that its listing hides, files beside it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use deskmeter_lake::Lake;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::{Error, StateStore, local};

/// Where an object's bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// In the lake's store.
    Store(Arc<dyn ObjectStore>, Path),
    /// On local disk.
    File(PathBuf),
}

/// Something to examine.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) source: Source,
    /// Path from the connection's name on; for a file beside the lake its number, from 1.
    pub(crate) name: Name,
    pub(crate) bytes: u64,
}

/// What an object is called.
#[derive(Debug, Clone)]
pub(crate) enum Name {
    /// Path below the lake.
    Lake(String),
    /// Path below the state store.
    State(String),
    /// Which of the files beside the lake, from 1, and its name.
    Beside(usize, String),
}

/// Objects of the lake, or of one connection in it.
pub(crate) async fn of_lake(lake: &Lake, connection: Option<&str>) -> Result<Vec<Object>, Error> {
    let (store, root) = lake.store();
    let prefix = connection.map_or_else(|| root.clone(), |name| root.clone().join(name));
    let listed: Vec<_> = store
        .list(Some(&prefix))
        .try_collect()
        .await
        .map_err(|error| Error::storage("list the lake", &error))?;
    let mut objects = Vec::new();
    let mut names = BTreeSet::new();
    for object in listed {
        let below = object.location.prefix_match(&root).into_iter().flatten();
        let name = below.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/");
        names.insert(name.clone());
        let source = Source::Store(Arc::clone(&store), object.location);
        objects.push(Object { source, name: Name::Lake(name), bytes: object.size });
    }
    objects.extend(hidden(lake, connection, &names)?);
    Ok(objects)
}

/// Files on local disk that the listing does not show.
fn hidden(lake: &Lake, connection: Option<&str>, listed: &BTreeSet<String>) -> Result<Vec<Object>, Error> {
    let inner = lake.connection(connection.unwrap_or("any"));
    let folder = inner.url().join("..").ok().filter(|url| url.scheme() == "file");
    let Some(folder) = folder.and_then(|url| url.to_file_path().ok()) else { return Ok(Vec::new()) };
    let failed = |_| Error::Storage { action: "list the lake's folder", reason: "the storage failed" };
    let files = local::unlisted(&folder, listed).map_err(failed)?;
    let is_asked = |name: &str| connection.is_none_or(|wanted| name.split('/').next() == Some(wanted));
    let files = files.into_iter().filter(|file| is_asked(&file.relative)).map(|file| {
        let bytes = std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
        Object { source: Source::File(file.path), name: Name::Lake(file.relative), bytes }
    });
    Ok(files.collect())
}

/// Objects of the state store: all, or those of one connection and those that all share.
pub(crate) async fn of_state(state: &StateStore, connection: Option<&str>) -> Result<Vec<Object>, Error> {
    let failed = |error| Error::storage("list the state store", &error);
    let listed: Vec<_> = state.store.list(Some(&state.prefix)).try_collect().await.map_err(failed)?;
    let mut objects = Vec::new();
    let mut names = BTreeSet::new();
    for object in listed {
        let below = object.location.prefix_match(&state.prefix).into_iter().flatten();
        let name = below.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/");
        names.insert(name.clone());
        let source = Source::Store(Arc::clone(&state.store), object.location);
        objects.push(Object { source, name: Name::State(name), bytes: object.size });
    }
    if let Some(folder) = state.folder.as_ref().filter(|folder| folder.is_dir()) {
        let failed =
            |_| Error::Storage { action: "list the state store's folder", reason: "the storage failed" };
        objects.extend(local::unlisted(folder, &names).map_err(failed)?.into_iter().map(|file| {
            let bytes = std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
            Object { source: Source::File(file.path), name: Name::State(file.relative), bytes }
        }));
    }
    objects.retain(|object| match &object.name {
        Name::State(path) => connection.is_none_or(|connection| is_of(path, connection)),
        _ => true,
    });
    Ok(objects)
}

/// Whether a file of the state store is this connection's, or nobody's alone. What has no known place is examined.
fn is_of(path: &str, connection: &str) -> bool {
    let areas = deskmeter_tables::STATE.iter().filter_map(|file| file.path.split_once("/<connection>/"));
    let mut others =
        areas.filter_map(|(area, _)| path.strip_prefix(area)?.strip_prefix('/')?.split('/').next());
    others.all(|owner| owner == connection)
}

/// Files beside the lake, and those below folders beside it.
pub(crate) fn beside(paths: &[PathBuf]) -> Result<Vec<Object>, Error> {
    let mut objects = Vec::new();
    for (position, path) in paths.iter().enumerate() {
        let failed = |source| Error::File { number: position + 1, source };
        std::fs::metadata(path).map_err(failed)?;
        for file in local::files_below(path).map_err(failed)? {
            let bytes = std::fs::metadata(&file).map_err(failed)?.len();
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            objects.push(Object {
                source: Source::File(file),
                name: Name::Beside(position + 1, name),
                bytes,
            });
        }
    }
    Ok(objects)
}

impl Object {
    /// The object's bytes; None when it was deleted since it was listed.
    pub(crate) async fn read(&self) -> Result<Option<Bytes>, Error> {
        match &self.source {
            Source::Store(store, path) => {
                let fetched = match store.get(path).await {
                    Ok(fetched) => fetched.bytes().await,
                    Err(error) => Err(error),
                };
                match fetched {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    Err(error) => Err(Error::storage("read an object of the lake", &error)),
                }
            }
            Source::File(path) => match tokio::fs::read(path).await {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => match self.name {
                    Name::Beside(number, _) => Err(Error::File { number, source }),
                    Name::Lake(_) | Name::State(_) => Err(Error::Storage {
                        action: "read a file of the lake or of its state",
                        reason: "the storage failed",
                    }),
                },
            },
        }
    }
}

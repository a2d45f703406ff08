//! State as a series of numbered objects: the newest number counts. Creating number N + 1, which fails when it exists,
//! is the compare-and-swap; it is the one conditional write that S3, GCS, Azure, memory and local disk all have.
//!
//! Older numbers are deleted, but for the last two: a listing that runs while the newest is replaced still sees one of
//! them. A number that was deleted could be created again by a writer that slept; so every write looks once more, and
//! gives way when three higher numbers are there. Fewer prove that its own number was never deleted; and a number below
//! the newest is never read, so nobody saw the late one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, PutMode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// How many of the newest are kept at least.
pub(crate) const KEPT: usize = 3;

/// One series.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    store: Arc<dyn ObjectStore>,
    dir: Path,
    what: &'static str,
}

impl Series {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, dir: Path, what: &'static str) -> Self {
        Self { store, dir, what }
    }

    /// The numbers there are, ascending.
    pub(crate) async fn numbers(&self) -> Result<Vec<u64>, Error> {
        let listed = self.store.list(Some(&self.dir)).try_collect::<Vec<_>>().await;
        let mut numbers: Vec<u64> = listed
            .map_err(Error::storage("list stored state"))?
            .iter()
            .filter_map(|object| object.location.filename()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The newest number, or 0 when there is none.
    pub(crate) async fn newest_number(&self) -> Result<u64, Error> {
        // A second look at an empty listing: on a local disk, names can move under a listing.
        for _ in 0..2 {
            if let Some(newest) = self.numbers().await?.last() {
                return Ok(*newest);
            }
        }
        Ok(0)
    }

    /// The newest object and its number.
    pub(crate) async fn newest(&self) -> Result<Option<(u64, Bytes)>, Error> {
        loop {
            let number = self.newest_number().await?;
            if number == 0 {
                return Ok(None);
            }
            // It is only ever deleted after newer ones were written: look again.
            if let Some(bytes) = self.read(number).await? {
                return Ok(Some((number, bytes)));
            }
        }
    }

    /// The object of this number, if it is there.
    pub(crate) async fn read(&self, number: u64) -> Result<Option<Bytes>, Error> {
        let read = async { self.store.get(&self.path(number)).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(source) => Err(Error::Storage { action: "read stored state", source }),
        }
    }

    /// Writes number `after` + 1, if `after` is still the newest.
    ///
    /// `bytes` must differ from what any other writer could write (a nonce or an owner in them): a store that repeats
    /// a request whose answer was lost reports "exists" for what it wrote itself, and only the bytes tell.
    pub(crate) async fn append(&self, after: u64, bytes: &Bytes) -> Result<u64, Error> {
        let number = after + 1;
        let put = self.store.put_opts(&self.path(number), bytes.clone().into(), PutMode::Create.into()).await;
        match put {
            Ok(_) => {}
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                if self.read(number).await?.as_ref() != Some(bytes) {
                    return Err(Error::Conflict { what: self.what });
                }
            }
            Err(source) => return Err(Error::Storage { action: "write stored state", source }),
        }
        if self.newest_number().await? >= number + KEPT as u64 {
            return Err(Error::Conflict { what: self.what });
        }
        Ok(number)
    }

    /// [`newest`](Self::newest), read as JSON.
    pub(crate) async fn newest_json<T: DeserializeOwned>(&self) -> Result<Option<(u64, T)>, Error> {
        let Some((number, bytes)) = self.newest().await? else { return Ok(None) };
        let value = serde_json::from_slice(&bytes).map_err(|_| Error::Damaged { what: self.what })?;
        Ok(Some((number, value)))
    }

    /// [`append`](Self::append) of a struct as JSON, with a nonce that tells this writer's bytes from another's.
    pub(crate) async fn append_json<T: Serialize>(&self, after: u64, value: &T) -> Result<u64, Error> {
        let stamped = Stamped { nonce: STANDARD.encode(rand::random::<[u8; 12]>()), value };
        let bytes = serde_json::to_vec(&stamped).map_err(|_| Error::Damaged { what: self.what })?;
        self.append(after, &bytes.into()).await
    }

    /// Deletes all but the newest few, where only the newest counts.
    pub(crate) async fn prune(&self) {
        self.prune_to(KEPT).await;
    }

    /// Deletes all but the `kept` newest. What cannot be deleted is left to the next write: it is superseded, and
    /// sealed if it was secret.
    pub(crate) async fn prune_to(&self, kept: usize) {
        if self.try_prune_to(kept).await.is_err() {
            tracing::debug!(what = self.what, "superseded state is not deleted yet");
        }
    }

    async fn try_prune_to(&self, kept: usize) -> Result<(), Error> {
        let numbers = self.numbers().await?;
        let old = numbers.len().saturating_sub(kept.max(KEPT));
        for number in numbers.into_iter().take(old) {
            match self.store.delete(&self.path(number)).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(source) => return Err(Error::Storage { action: "delete old state", source }),
            }
        }
        Ok(())
    }

    fn path(&self, number: u64) -> Path {
        self.dir.clone().join(format!("{number:012}"))
    }
}

#[derive(Serialize)]
struct Stamped<'a, T> {
    nonce: String,
    #[serde(flatten)]
    value: &'a T,
}

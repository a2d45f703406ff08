//! A storage that fails, lies, dawdles and tears: in front of the local disk, as a bad network is in front of a bucket.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// How often everything else may go on before a slow operation does.
const LOOKS_OF_A_SLOW_ONE: u32 = 1_000;

/// What becomes of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It fails, and nothing has happened.
    Before,
    /// It takes effect, and is reported as failed.
    After,
    /// It takes its time.
    Slow,
    /// A write leaves half a file that no listing shows, and fails; a read ends in the middle.
    Torn,
}

/// What goes wrong with the storage: which of the coming operations meet which fate.
#[derive(Debug, Default)]
pub(crate) struct Weather {
    operations: AtomicU64,
    fates: Mutex<BTreeMap<u64, Fate>>,
    met: AtomicU64,
    /// From this deletion on, every one fails.
    deletions_left: AtomicU64,
    local_roots: Vec<PathBuf>,
}

impl Weather {
    /// Good weather over stores whose files lie below these folders.
    pub(crate) fn new(local_roots: Vec<PathBuf>) -> Arc<Self> {
        Arc::new(Self { deletions_left: AtomicU64::new(u64::MAX), local_roots, ..Self::default() })
    }

    /// Lets the operations with these numbers, counted from now, meet their fates; none but these.
    pub(crate) fn set(&self, fates: impl IntoIterator<Item = (u64, Fate)>) {
        let from = self.operations.load(Ordering::SeqCst);
        let fates = fates.into_iter().map(|(number, fate)| (from + number, fate));
        *self.fates.lock().unwrap() = fates.collect();
    }

    /// Lets so many objects be deleted, and no more.
    pub(crate) fn allow_deletions(&self, count: u64) {
        self.deletions_left.store(count, Ordering::SeqCst);
    }

    /// Operations so far.
    pub(crate) fn operations(&self) -> u64 {
        self.operations.load(Ordering::SeqCst)
    }

    /// How many operations met a fate.
    pub(crate) fn met(&self) -> u64 {
        self.met.load(Ordering::SeqCst)
    }

    /// What stands between a run and its stores.
    pub(crate) fn door(self: &Arc<Self>) -> deskmeter_pipeline::Storage {
        let weather = self.clone();
        Arc::new(move |inner| Arc::new(Shaky { inner, weather: weather.clone() }))
    }

    fn next(&self) -> Option<Fate> {
        let number = self.operations.fetch_add(1, Ordering::SeqCst);
        let fate = self.fates.lock().unwrap().get(&number).copied();
        self.met.fetch_add(u64::from(fate.is_some()), Ordering::SeqCst);
        fate
    }

    fn refuses_deletion(&self) -> bool {
        let left =
            self.deletions_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.is_err()
    }

    /// What the local store leaves of a write that was cut off: half a staged file.
    fn tear(&self, location: &Path, payload: &PutPayload) {
        let half: Vec<u8> = payload.iter().flatten().copied().take(payload.content_length() / 2).collect();
        for root in &self.local_roots {
            let file = location.parts().fold(root.clone(), |path, part| path.join(part.as_ref()));
            if file.parent().is_some_and(std::path::Path::is_dir) {
                std::fs::write(format!("{}#1", file.display()), &half).unwrap();
            }
        }
    }
}

#[derive(Debug)]
struct Shaky {
    inner: Arc<dyn ObjectStore>,
    weather: Arc<Weather>,
}

fn failure() -> Error {
    Error::Generic { store: "shaky", source: "the connection was reset".into() }
}

/// The rule of [`Fate`] for an operation whose effect is one call.
async fn meet<T>(fate: Option<Fate>, operation: impl Future<Output = Result<T>>) -> Result<T> {
    match fate {
        Some(Fate::Before | Fate::Torn) => return Err(failure()),
        Some(Fate::Slow) => {
            for _ in 0..LOOKS_OF_A_SLOW_ONE {
                tokio::task::yield_now().await;
            }
        }
        Some(Fate::After) | None => {}
    }
    let done = operation.await?;
    if fate == Some(Fate::After) { Err(failure()) } else { Ok(done) }
}

impl fmt::Display for Shaky {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "shaky {}", self.inner)
    }
}

#[async_trait::async_trait]
impl ObjectStore for Shaky {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let fate = self.weather.next();
        if fate == Some(Fate::Torn) {
            self.weather.tear(location, &payload);
        }
        meet(fate, self.inner.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        meet(self.weather.next(), self.inner.put_multipart_opts(location, options)).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let fate = self.weather.next();
        if fate != Some(Fate::Torn) {
            return meet(fate, self.inner.get_opts(location, options)).await;
        }
        let whole = self.inner.get_opts(location, options).await?;
        let (meta, range, attributes) = (whole.meta.clone(), whole.range.clone(), whole.attributes.clone());
        let bytes = whole.bytes().await?;
        let half = bytes.slice(..bytes.len() / 2);
        let payload = GetResultPayload::Stream(stream::iter([Ok(half), Err(failure())]).boxed());
        Ok(GetResult { payload, meta, range, attributes })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, weather) = (self.inner.clone(), self.weather.clone());
        let deleted = locations.and_then(move |location| {
            let (inner, fate) = (inner.clone(), weather.next());
            let is_refused = weather.refuses_deletion();
            async move {
                if is_refused {
                    return Err(failure());
                }
                meet(fate, inner.delete(&location)).await.map(|()| location)
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.weather.next() {
            Some(Fate::Before | Fate::After) => stream::iter([Err(failure())]).boxed(),
            // It ends in the middle.
            Some(Fate::Torn) => self.inner.list(prefix).take(1).chain(stream::iter([Err(failure())])).boxed(),
            _ => self.inner.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        meet(self.weather.next(), self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        meet(self.weather.next(), self.inner.copy_opts(from, to, options)).await
    }
}

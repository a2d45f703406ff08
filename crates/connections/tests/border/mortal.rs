//! A store that fails or dies at its n-th operation. To die is to answer no more: the test then drops the work where it
//! stands, as a kill does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::Notify;

/// When a store fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Killed before the n-th operation takes effect.
    KillBefore(usize),
    /// Killed after the n-th operation took effect, before its answer.
    KillAfter(usize),
    /// The n-th operation fails; all others are well.
    ErrorAt(usize),
    /// The n-th operation takes effect, and is reported as failed.
    LostAnswerAt(usize),
}

/// What becomes of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    KillBefore,
    KillAfter,
    Error,
    LostAnswer,
}

#[derive(Debug)]
pub(crate) struct Mortal {
    inner: Arc<InMemory>,
    fault: Fault,
    operations: AtomicUsize,
    killed: Arc<Notify>,
}

impl Mortal {
    pub(crate) fn new(inner: &Arc<InMemory>, fault: Fault) -> Arc<Self> {
        let (operations, killed) = (AtomicUsize::new(0), Arc::new(Notify::new()));
        Arc::new(Self { inner: Arc::clone(inner), fault, operations, killed })
    }

    /// Works until the end, or until the kill.
    pub(crate) async fn until_killed<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.killed.notified() => None,
        }
    }

    /// A point outside the store at which the process can be killed too: it is counted among the operations.
    pub(crate) async fn point(&self) {
        self.meet(async { Ok(()) }).await.unwrap();
    }

    fn next(&self) -> Fate {
        let number = self.operations.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::KillBefore(n) if n == number => Fate::KillBefore,
            Fault::KillAfter(n) if n == number => Fate::KillAfter,
            Fault::ErrorAt(n) if n == number => Fate::Error,
            Fault::LostAnswerAt(n) if n == number => Fate::LostAnswer,
            _ => Fate::Well,
        }
    }

    /// Lets an operation meet its fate.
    fn meet<T: Send + 'static>(
        &self,
        operation: impl Future<Output = Result<T>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let (fate, killed) = (self.next(), Arc::clone(&self.killed));
        Box::pin(async move {
            let done = match fate {
                Fate::Error => return failed(),
                Fate::KillBefore => None,
                _ => Some(operation.await),
            };
            match (fate, done) {
                (Fate::LostAnswer, _) => failed(),
                (Fate::Well, Some(done)) => done,
                _ => {
                    killed.notify_one();
                    std::future::pending().await
                }
            }
        })
    }
}

fn failed<T>() -> Result<T> {
    Err(StoreError::Generic { store: "mortal", source: "failed".into() })
}

impl fmt::Display for Mortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mortal")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Mortal {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let (inner, location) = (Arc::clone(&self.inner), location.clone());
        self.meet(async move { inner.put_opts(&location, payload, options).await }).await
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        failed()
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (inner, location) = (Arc::clone(&self.inner), location.clone());
        self.meet(async move { inner.get_opts(&location, options).await }).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let inner = Arc::clone(&self.inner);
        let deleted = self.meet(async move { inner.delete_stream(locations).try_collect::<Vec<_>>().await });
        stream::once(deleted).map_ok(|paths| stream::iter(paths).map(Ok)).try_flatten().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (inner, prefix) = (Arc::clone(&self.inner), prefix.cloned());
        let listed = self.meet(async move { inner.list(prefix.as_ref()).try_collect::<Vec<_>>().await });
        stream::once(listed).map_ok(|objects| stream::iter(objects).map(Ok)).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        failed()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        failed()
    }
}

//! A storage that fails at any request, before or after it took effect: nothing is lost, nothing doubled.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use deskmeter_lake::{ConnectionLake, Lake};
use deskmeter_loader::{Loader, LoaderOptions};
use deskmeter_tables::{TICKET_EVENTS, TICKET_METRIC_SETS, TICKETS};
use deskmeter_zendesk::Stream;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::support::{Place, event, integers, load, rows, ticket};

/// When a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Before,
    After,
}

/// The local disk, whose n-th write fails, and every one after it: the process is as good as dead.
#[derive(Debug)]
struct DyingStore {
    disk: LocalFileSystem,
    writes_left: AtomicI64,
    fault: Fault,
}

impl DyingStore {
    fn new(writes: i64, fault: Fault) -> Self {
        Self { disk: LocalFileSystem::new(), writes_left: AtomicI64::new(writes), fault }
    }

    fn is_dead(&self) -> bool {
        self.writes_left.load(Ordering::SeqCst) < 0
    }

    fn failure() -> Error {
        Error::Generic { store: "dying", source: "the connection was reset".into() }
    }
}

impl fmt::Display for DyingStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dying disk")
    }
}

#[async_trait]
impl ObjectStore for DyingStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let left = self.writes_left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 {
            return self.disk.put_opts(location, payload, options).await;
        }
        if left == 0 && self.fault == Fault::After {
            self.disk.put_opts(location, payload, options).await?;
        }
        Err(Self::failure())
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.disk.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if self.is_dead() { Err(Self::failure()) } else { self.disk.get_opts(location, options).await }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.disk.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.disk.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.disk.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.disk.copy_opts(from, to, options).await
    }
}

fn dying(place: &Place, writes: i64, fault: Fault) -> (Arc<DyingStore>, ConnectionLake) {
    let store = Arc::new(DyingStore::new(writes, fault));
    let lake = Lake::over(&place.url(), Arc::clone(&store) as Arc<dyn ObjectStore>).unwrap();
    (store, lake.connection("acme"))
}

/// Two pages, each committed on its own, from wherever the stream stands.
async fn run(lake: ConnectionLake, fence: i64) -> std::result::Result<(), deskmeter_loader::Error> {
    let mut loader = Loader::open(lake, LoaderOptions { fence, ..LoaderOptions::default() }).await?;
    if loader.position("tickets").await?.is_none() {
        load(&mut loader, Stream::Tickets, &[ticket(1, 0, 1), ticket(2, 1, 1)], "one").await?;
    }
    if loader.position("tickets").await?.as_deref() == Some("one") {
        load(&mut loader, Stream::Tickets, &[ticket(2, 1, 2), ticket(3, 1, 1)], "two").await?;
    }
    load(&mut loader, Stream::TicketEvents, &[event(1, 0), event(2, 0)], "end").await?;
    Ok(())
}

/// Kills a run at its n-th write, for every n until one lives to its end; after each a healthy run must heal.
async fn dies_at_every_write(fault: Fault) {
    let mut deaths = 0;
    for writes in 0.. {
        let place = Place::new();
        let (store, lake) = dying(&place, writes, fault);
        let died = run(lake, 1).await;
        assert_eq!(died.is_err(), store.is_dead(), "{died:?}");
        run(place.lake.clone(), 2).await.unwrap();
        let tickets = place.rows(&TICKETS).await;
        let mut stored: Vec<_> =
            integers(&tickets, "ticket_id").into_iter().zip(integers(&tickets, "generated_at")).collect();
        stored.sort_unstable();
        let ids: Vec<_> = stored.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [1, 2, 3], "after {writes} writes, {fault:?}");
        let mut replies = integers(&rows(&place.lake, &TICKET_METRIC_SETS).await, "replies");
        replies.sort_unstable();
        assert_eq!(replies, [1, 1, 2], "after {writes} writes, {fault:?}");
        assert_eq!(place.rows(&TICKET_EVENTS).await.num_rows(), 2);
        let loader = place.loader().await;
        assert_eq!(loader.position("tickets").await.unwrap().as_deref(), Some("two"));
        if died.is_ok() {
            break;
        }
        deaths += 1;
    }
    // Seven tables are created, then at least 7 data files and 5 commits are written.
    assert!(deaths >= 19, "{deaths}");
}

#[tokio::test]
async fn a_run_that_dies_before_any_write_is_healed_by_the_next() {
    dies_at_every_write(Fault::Before).await;
}

#[tokio::test]
async fn a_run_that_dies_after_a_write_it_never_heard_of_is_healed_by_the_next() {
    dies_at_every_write(Fault::After).await;
}

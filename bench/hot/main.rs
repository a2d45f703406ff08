//! The hot paths one by one, on one input each: `cargo bench -p deskmeter-cli --bench hot`, or with a word in the end for
//! those with this word in their name: `sanitize`, `business_time`, `encode`, `upsert`, `mart`.
//! A speed is of wall time and of this machine, loaded as it is.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails stops")]

#[path = "../../crates/loader/benches/lake/desk.rs"]
mod desk;
#[path = "../../crates/warehouse/benches/marts/hours.rs"]
mod hours;
#[path = "../../crates/sanitizer/benches/sanitize/pages.rs"]
mod pages;
#[path = "../../crates/warehouse/tests/it/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use arrow::array::RecordBatch;
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use deskmeter_lake::{ConnectionLake, FileWriter, Lake, TableSpec};
use deskmeter_loader::{Loader, LoaderOptions};
use deskmeter_sanitizer::{CleanBatch, PseudonymKey, Sanitizer, SanitizerOptions};
use deskmeter_warehouse::{MemoryTables, RefreshScope, Warehouse, WarehouseOptions};
use deskmeter_zendesk::Stream;
use futures::TryStreamExt as _;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Tickets whose rows are encoded, or whose times are counted.
const TICKETS: i64 = 20_000;
/// Tickets whose marts are made, again and again.
const TICKETS_OF_MARTS: i64 = 2_000;
/// Tickets of the lake in which some change.
const TICKETS_OF_LAKE: i64 = 100_000;
/// Tickets that change at a time.
const CHANGED: i64 = 1_000;

fn sanitizer() -> Sanitizer {
    Sanitizer::new(PseudonymKey::from_bytes([7; 32]), SanitizerOptions::default())
}

fn lake(folder: &TempDir) -> ConnectionLake {
    let url = format!("file://{}", folder.path().display());
    Lake::open(&url, &BTreeMap::new()).unwrap().connection("acme")
}

/// A warehouse over these tables, with nine to five from Monday to Friday.
async fn warehouse(tables: MemoryTables) -> Warehouse {
    let options = WarehouseOptions { schedules: vec![hours::nine_to_five()], ..WarehouseOptions::default() };
    let mut warehouse = Warehouse::new(options).unwrap();
    warehouse.open(tables).await.unwrap();
    warehouse
}

/// A page of a stream to clean batches.
fn sanitize(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sanitize");
    for stream in Stream::ALL {
        let page = pages::page(stream);
        let mut sanitizer = sanitizer();
        group.throughput(Throughput::Bytes(page.len() as u64));
        group.bench_function(stream.name(), |bencher| {
            bencher.iter(|| sanitizer.page(stream, black_box(page.as_bytes())).unwrap());
        });
    }
}

/// Each function of time over the life of every ticket, by SQL.
fn business_time(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let warehouse = runtime.block_on(warehouse(world::tables(TICKETS, None)));
    let mut group = criterion.benchmark_group("business_time");
    group.throughput(Throughput::Elements(TICKETS as u64));
    for (name, call) in [
        ("calendar_seconds", "calendar_seconds(created_at, updated_at)"),
        ("business_seconds", "business_seconds(created_at, updated_at, 'default')"),
        ("business_due", "business_due(created_at, 28800, 'default')"),
    ] {
        let sql = format!("select count({call}) from tickets");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    warehouse.query(&sql).await.unwrap().try_collect::<Vec<_>>().await.unwrap()
                })
            });
        });
    }
}

/// Rows of a table to the bytes of its files.
fn encode(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = TempDir::new().unwrap();
    let (lake, tables) = (lake(&folder), world::tables(TICKETS, None));
    let mut group = criterion.benchmark_group("encode");
    for table in [&deskmeter_tables::TICKETS, &deskmeter_tables::TICKET_EVENTS] {
        let batches = tables.get(table.name).unwrap();
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let writer = runtime.block_on(async {
            let spec = TableSpec::mart(&table.schema(), None, table.grain);
            lake.replace_table(table.name, &spec, vec![]).await.unwrap();
            FileWriter::of(&lake.table(table.name).await.unwrap().unwrap(), table.name).unwrap()
        });
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_function(table.name, |bencher| {
            bencher.iter(|| {
                let mut encoder = writer.encoder(rows);
                for batch in &batches {
                    encoder.push(batch).unwrap();
                }
                encoder.finish().unwrap()
            });
        });
    }
}

/// Tickets that changed, spread over all months, into a lake on disk: from clean batches to the commit.
fn upsert(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = TempDir::new().unwrap();
    let mut sanitizer = sanitizer();
    let mut loader = runtime.block_on(Loader::open(lake(&folder), LoaderOptions::default())).unwrap();
    let mut version = 1;
    let mut page = |step: i64| -> Vec<CleanBatch> {
        version += 1;
        let ids = (0..TICKETS_OF_LAKE).step_by(step as usize);
        desk::page(&mut sanitizer, ids, TICKETS_OF_LAKE, version)
    };
    let mut push = |batches: Vec<CleanBatch>| {
        runtime.block_on(async {
            let mut writer = loader.stream(Stream::Tickets.name());
            writer.push(batches, "a cursor".to_owned()).await.unwrap();
            writer.finish().await.unwrap()
        })
    };
    push(page(1));
    let mut group = criterion.benchmark_group("upsert");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(CHANGED as u64));
    group.bench_function("tickets", |bencher| {
        let changed = || page(TICKETS_OF_LAKE / CHANGED);
        bencher.iter_batched(changed, &mut push, criterion::BatchSize::PerIteration);
    });
}

/// Each mart as a part of a full refresh in memory: what its own step takes, without the models before it but beside another.
fn mart(criterion: &mut Criterion) {
    const AS_OF: i64 = world::START + 310 * world::DAY;
    let runtime = Runtime::new().unwrap();
    let warehouse = runtime.block_on(warehouse(world::tables(TICKETS_OF_MARTS, None)));
    let marts: Vec<String> = warehouse.catalogue().marts().map(|mart| mart.name.clone()).collect();
    let refresh = || runtime.block_on(warehouse.refresh(AS_OF, RefreshScope::Full)).unwrap();
    let mut group = criterion.benchmark_group("mart");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(1));
    group.measurement_time(Duration::from_secs(1));
    group.bench_function("all", |bencher| bencher.iter(refresh));
    for name in marts {
        group.bench_function(&name, |bencher| {
            bencher.iter_custom(|times| {
                let of_mart = |_| refresh().models.iter().find(|model| model.name == name).unwrap().elapsed;
                (0..times).map(of_mart).sum()
            });
        });
    }
}

criterion_group!(hot, sanitize, business_time, encode, upsert, mart);
criterion_main!(hot);

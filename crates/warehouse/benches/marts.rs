//! The speed of the marts, over a made-up account of ten months with twelve child events and eight metric events a
//! ticket.
//!
//! ```text
//! cargo bench -p deskmeter-warehouse                            20,000 tickets in memory, twice
//! cargo bench -p deskmeter-warehouse -- make DIR TICKETS        writes a lake
//! cargo bench -p deskmeter-warehouse -- refresh DIR             refreshes all marts of that lake
//! cargo bench -p deskmeter-warehouse -- touch DIR N             refreshes after the newest N tickets changed
//! ```
//!
//! `MEMORY_GIB` is the engine's memory limit, 2 unless it is set; `ENGINE` what runs the models, `embedded` unless it is set.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails stops")]

#[path = "marts/hours.rs"]
mod hours;
#[path = "../tests/it/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;
use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use deskmeter_lake::{ConnectionLake, Lake, TableSpec};
use deskmeter_warehouse::{RefreshScope, Touched, Warehouse, WarehouseOptions};
use futures::TryStreamExt as _;

const AS_OF: i64 = world::START + 310 * 86_400;
/// From here on one ticket in seven is not solved yet: as many as come in on four days are waiting.
const UNSOLVED_SINCE: i64 = AS_OF - 40 * world::DAY;
/// Tickets whose rows are made at a time.
const PART: i64 = 20_000;

/// What an environment variable says, if it is set.
fn asked<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    #[expect(clippy::disallowed_methods, reason = "a switch of the benchmark")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap())
}

fn warehouse() -> Warehouse {
    let options = WarehouseOptions {
        schedules: vec![hours::nine_to_five()],
        memory_limit_bytes: asked("MEMORY_GIB").unwrap_or(2_usize) << 30,
        engine: asked("ENGINE").unwrap_or_default(),
        ..WarehouseOptions::default()
    };
    Warehouse::new(options).unwrap()
}

fn lake(folder: &str) -> ConnectionLake {
    let folder = std::path::absolute(folder).unwrap();
    Lake::open(&format!("file://{}", folder.display()), &BTreeMap::new()).unwrap().connection("acme")
}

async fn make(folder: &str, tickets: i64) {
    let lake = lake(folder);
    let mut made: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for first in (1..=tickets).step_by(PART as usize) {
        let part = world::part(first..=(first + PART - 1).min(tickets), None, UNSOLVED_SINCE);
        for table in deskmeter_tables::ALL {
            // The agents are the same in every part.
            if table.name != "agents" || first == 1 {
                made.entry(table.name).or_default().extend(part.get(table.name).unwrap_or_default());
            }
        }
    }
    for table in deskmeter_tables::ALL {
        let batches = made.remove(table.name).unwrap_or_default();
        let rows: usize = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
        let spec = TableSpec::mart(&table.schema(), Some(table.partition), table.grain);
        lake.replace_table(table.name, &spec, batches).await.unwrap();
        println!("{:>10} {}", rows, table.name);
    }
}

async fn newest(warehouse: &Warehouse, count: i64) -> Touched {
    let sql = format!("select ticket_id from tickets order by created_at desc limit {count}");
    let batches: Vec<_> = warehouse.query(&sql).await.unwrap().try_collect().await.unwrap();
    let ids =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
    Touched { ticket_ids: ids.collect() }
}

async fn refresh(warehouse: &Warehouse, as_of: i64, scope: RefreshScope, what: &str) {
    let started = Instant::now();
    let report = warehouse.refresh(as_of, scope).await.unwrap();
    let elapsed = started.elapsed();
    assert_eq!(report.violations().count(), 0, "the checks hold");
    let mut models = report.models;
    models.sort_by_key(|model| std::cmp::Reverse(model.elapsed));
    for model in models.iter().take(16) {
        println!("{:>9.1?} {:>9} {}", model.elapsed, model.rows.unwrap_or_default(), model.name);
    }
    println!("{what}: {elapsed:.2?}, at most {} MiB resident", resident_mib_max());
}

/// The most memory that the process has held, on Linux; 0 elsewhere.
fn resident_mib_max() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut warehouse = warehouse();
    match words.as_slice() {
        ["make", folder, tickets] => make(folder, tickets.parse().unwrap()).await,
        ["refresh", folder] => {
            warehouse.open(lake(folder)).await.unwrap();
            refresh(&warehouse, AS_OF, RefreshScope::Full, "full refresh").await;
        }
        ["touch", folder, count] => {
            warehouse.open(lake(folder)).await.unwrap();
            let touched = newest(&warehouse, count.parse().unwrap()).await;
            // Time has gone on, as it has between two runs: what is not solved is older now.
            refresh(&warehouse, AS_OF + 3_600, RefreshScope::Touched(touched), "refresh of what was touched")
                .await;
        }
        _ => {
            warehouse.open(world::tables(PART, None)).await.unwrap();
            refresh(&warehouse, AS_OF, RefreshScope::Full, "20,000 tickets in memory, first").await;
            refresh(&warehouse, AS_OF, RefreshScope::Full, "20,000 tickets in memory, again").await;
        }
    }
}

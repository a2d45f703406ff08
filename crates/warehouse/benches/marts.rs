//! The speed of the marts, over a made-up account of ten months with twelve child events and eight metric events a
//! ticket.
//!
//! ```text
//! cargo bench -p deskmeter-warehouse                            20,000 tickets in memory, twice
//! cargo bench -p deskmeter-warehouse -- make DIR TICKETS        writes a lake
//! cargo bench -p deskmeter-warehouse -- refresh DIR             refreshes all marts of that lake
//! cargo bench -p deskmeter-warehouse -- touch DIR N             changes the newest N tickets, and refreshes
//! ```
//!
//! `MEMORY_GIB` is the engine's memory limit, 2 unless it is set; `ENGINE` what runs the models, `embedded` unless it is set;
//! `HOURS=none` leaves business hours out.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails stops")]

#[path = "marts/hours.rs"]
mod hours;
#[path = "../tests/it/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use deskmeter_lake::{Among, ConnectionLake, Lake, StagedRows, TableSpec, checkpoint_if_due};
use deskmeter_tables::{TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKETS, Table};
use deskmeter_warehouse::{RefreshScope, Touched, Warehouse, WarehouseOptions};
use futures::TryStreamExt as _;

const AS_OF: i64 = world::START + 310 * 86_400;
/// From here on one ticket in seven is not solved yet: as many as come in on four days are waiting.
const UNSOLVED_SINCE: i64 = AS_OF - 40 * world::DAY;
/// The tables whose rows change with a ticket.
const OF_TICKETS: [&Table; 3] = [&TICKETS, &TICKET_EVENTS, &TICKET_METRIC_EVENTS];
/// Tickets whose rows are made at a time, and lie in files of their own.
const PART: i64 = 50_000;
/// Tickets of the account in memory.
const IN_MEMORY: i64 = 20_000;

fn world(tickets: i64, later: Option<i64>) -> world::World {
    world::World { tickets, later, unsolved_since: UNSOLVED_SINCE }
}

/// What an environment variable says, if it is set.
fn asked<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    #[expect(clippy::disallowed_methods, reason = "a switch of the benchmark")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap())
}

fn warehouse() -> Warehouse {
    let has_hours = asked::<String>("HOURS").is_none_or(|hours| hours != "none");
    let options = WarehouseOptions {
        schedules: has_hours.then(hours::nine_to_five).into_iter().collect(),
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
    let mut staged: BTreeMap<&str, (StagedRows, usize)> = BTreeMap::new();
    for first in (1..=tickets).step_by(PART as usize) {
        let part = world::part(first..=(first + PART - 1).min(tickets), world(tickets, None));
        for table in deskmeter_tables::ALL {
            // The agents are the same in every part.
            let is_wanted = table.name != "agents" || first == 1;
            let batches = part.get(table.name).filter(|_| is_wanted).unwrap_or_default();
            let (files, rows) = staged.entry(table.name).or_default();
            *rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
            files.extend(lake.stage(table.name, &spec(table), batches).await.unwrap());
        }
    }
    for table in deskmeter_tables::ALL {
        let (files, rows) = staged.remove(table.name).unwrap_or_default();
        lake.publish(table.name, &spec(table), &files, None).await.unwrap();
        println!("{rows:>10} {}", table.name);
    }
}

fn spec(table: &Table) -> TableSpec {
    TableSpec::mart(&table.schema(), Some(table.partition), table.grain)
}

/// Moves the last events of the newest tickets by some hours, or back to where they were.
async fn change(warehouse: &Warehouse, lake: &ConnectionLake, count: i64) -> Touched {
    let tickets = number(warehouse, "select count(*) from tickets").await;
    let ids = tickets - count + 1..=tickets;
    let updated_at = |rows: &world::World| {
        let newest = world::part(tickets..=tickets, *rows).get("tickets").unwrap();
        newest[0].column_by_name("updated_at").unwrap().as_primitive::<TimestampMicrosecondType>().value(0)
    };
    let sql = format!("select cast(updated_at as bigint) from tickets where ticket_id = {tickets}");
    let (first, moved) = (world(tickets, None), world(tickets, Some(1)));
    let is_first = number(warehouse, &sql).await == updated_at(&first);
    let (former, latter) = if is_first { (first, moved) } else { (moved, first) };
    let (former, latter) = (world::part(ids.clone(), former), world::part(ids.clone(), latter));
    let replaced: Arc<HashSet<i64>> = Arc::new(ids.clone().collect());
    for table in OF_TICKETS {
        let (Some(former), Some(latter)) = (former.get(table.name), latter.get(table.name)) else { continue };
        let months = |rows: &RecordBatch| {
            let months = rows.column_by_name(table.partition).unwrap().as_string::<i32>();
            months.iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        };
        let months: BTreeSet<String> = former.iter().chain(&latter).flat_map(months).collect();
        let order = table.key.iter().map(|&name| name.to_owned()).collect();
        let (replaced, restless, shown) = (Arc::clone(&replaced), Arc::default(), Vec::new());
        let among = Among { key: "ticket_id", replaced, restless, order, shown };
        let spec = spec(table);
        let (staged, _) = lake.stage_among(table.name, &spec, latter, &months, &among).await.unwrap();
        lake.publish(table.name, &spec, &staged, Some(&months)).await.unwrap();
    }
    Touched { ticket_ids: ids.collect() }
}

/// Writes checkpoints where they are due, as housekeeping does after each sync.
async fn keep(lake: &ConnectionLake) {
    for name in lake.table_names().await.unwrap() {
        checkpoint_if_due(&lake.table(&name).await.unwrap().unwrap(), &name).await.unwrap();
    }
}

async fn number(warehouse: &Warehouse, sql: &str) -> i64 {
    let batches: Vec<_> = warehouse.query(sql).await.unwrap().try_collect().await.unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
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
            let touched = change(&warehouse, &lake(folder), count.parse().unwrap()).await;
            keep(&lake(folder)).await;
            warehouse.open(lake(folder)).await.unwrap();
            // Time has gone on, as it has between two runs: what is not solved is older now.
            refresh(&warehouse, AS_OF + 3_600, RefreshScope::Touched(touched), "refresh of what was touched")
                .await;
        }
        _ => {
            warehouse.open(world::tables(IN_MEMORY, None)).await.unwrap();
            refresh(&warehouse, AS_OF, RefreshScope::Full, "20,000 tickets in memory, first").await;
            refresh(&warehouse, AS_OF, RefreshScope::Full, "20,000 tickets in memory, again").await;
        }
    }
}

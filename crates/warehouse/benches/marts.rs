//! `cargo bench -p deskmeter-warehouse` prints the time of a full refresh of a made-up account, and of its slowest
//! models. `DESKMETER_BENCH_TICKETS`, set at compile time, changes the number of tickets.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails stops")]

#[path = "../tests/it/world.rs"]
mod world;

use std::time::Instant;

use deskmeter_warehouse::{AppliesTo, RefreshScope, ScheduleSpec, Warehouse, WarehouseOptions};

/// Nine to five, Monday to Friday.
fn schedule() -> ScheduleSpec {
    let open = || vec![(540, 1_020)];
    ScheduleSpec {
        name: "default".into(),
        time_zone: "Europe/Berlin".into(),
        weekly: [open(), open(), open(), open(), open(), vec![], vec![]],
        holidays: vec![],
        applies_to: AppliesTo::default(),
    }
}

#[tokio::main]
async fn main() {
    let size: i64 = option_env!("DESKMETER_BENCH_TICKETS").map_or(20_000, |size| size.parse().unwrap());
    let options = WarehouseOptions {
        schedules: vec![schedule()],
        memory_limit_bytes: 4 << 30,
        ..WarehouseOptions::default()
    };
    let mut warehouse = Warehouse::new(options).unwrap();
    warehouse.open(world::tables(size, None)).await.unwrap();
    let started = Instant::now();
    let report = warehouse.refresh(world::START + 310 * 86_400, RefreshScope::Full).await.unwrap();
    let elapsed = started.elapsed();
    let mut models = report.models;
    models.sort_by_key(|model| std::cmp::Reverse(model.elapsed));
    for model in models.iter().take(15) {
        println!("{:>8.1?} {:>9} {}", model.elapsed, model.rows.unwrap_or_default(), model.name);
    }
    println!("{size} tickets: {elapsed:.2?}");
}

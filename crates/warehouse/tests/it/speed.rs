use std::time::Instant;

use deskmeter_warehouse::{RefreshScope, Warehouse, WarehouseOptions};

use crate::case_file::schedule;
use crate::world;

/// `cargo test -p deskmeter-warehouse --release speed -- --ignored --nocapture` prints the time of each model.
#[tokio::test]
#[ignore = "measures, does not check"]
async fn marts_of_twenty_thousand_tickets() {
    let size: i64 = option_env!("DESKMETER_SPEED_TICKETS").map_or(20_000, |size| size.parse().unwrap());
    let tables = world::tables(size, None);
    let options = WarehouseOptions {
        schedules: vec![schedule("default", "Europe/Berlin", "mon-fri", "09:00-17:00", &[])],
        // The memory that a refresh in one part is promised.
        memory_limit_bytes: size as usize * 20 * 1024,
        ..WarehouseOptions::default()
    };
    let mut warehouse = Warehouse::new(options).unwrap();
    warehouse.open(tables).await.unwrap();
    let started = Instant::now();
    let report = warehouse.refresh(world::START + 310 * 86_400, RefreshScope::Full).await.unwrap();
    let mut models = report.models.clone();
    models.sort_by_key(|model| std::cmp::Reverse(model.elapsed));
    for model in models.iter().take(30) {
        println!("{:>8.1?} {:>9} {}", model.elapsed, model.rows.unwrap_or_default(), model.name);
    }
    println!("{size} tickets: {:.2?}", started.elapsed());
}

//! A million rows: what is sent is what changed, and memory does not grow with it. Runs with SLOW_TESTS=1.

use std::fs;

use deskmeter_publisher::{ExportFormat, PublishReport, Replaced, export, publish};
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use crate::desk::{Desk, later, options, ticket};
use crate::server::database;

const ROWS: i64 = 1_000_000;
/// What a publish may hold beside the rows that are in memory already.
const GROWTH_KB_MAX: u64 = 64 * 1024;

#[tokio::test]
async fn a_million_rows_pass_in_bounded_memory_and_a_month_costs_a_month() {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run")]
    if std::env::var_os("SLOW_TESTS").is_none() {
        eprintln!("SKIPPED a_million_rows: set SLOW_TESTS=1");
        return;
    }
    let Some(database) = database("a_million_rows") else { return };
    let (desk, url) = (Desk::new(3), database.url());
    desk.put_tickets((0..ROWS).map(|number| ticket(number, 1)));
    let warehouse = desk.warehouse().await;
    // Forgets the peak that making the rows had.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak_kb();
    let first = tickets(&publish(&warehouse, &url, &options()).await.unwrap());
    let again = tickets(&publish(&warehouse, &url, &options()).await.unwrap());
    let growth = peak_kb() - before;
    desk.put_tickets((0..ROWS).map(|number| ticket(number, if number % 3 == 1 { 2 } else { 1 })));
    let month = tickets(&publish(&desk.warehouse().await, &url, &later()).await.unwrap());
    eprintln!("first {first:?}\nagain {again:?}\none month of three {month:?}\ngrowth {growth} KB");
    assert_eq!((first.1, again.1, month.1), (ROWS as u64, 0, ROWS as u64 / 3));
    assert!(growth < GROWTH_KB_MAX, "{growth} KB");
    let folder = tempfile::TempDir::new().unwrap();
    for format in [ExportFormat::Parquet, ExportFormat::Csv] {
        let store = std::sync::Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let started = std::time::Instant::now();
        let report =
            export(&warehouse, (store, Path::default()), format, Some(&["case_tickets".to_owned()]), 1).await;
        eprintln!("{:?} in {:?}", report.unwrap().files, started.elapsed());
    }
}

/// What was done to the mart of tickets: what was replaced, rows, bytes, milliseconds.
fn tickets(report: &PublishReport) -> (Replaced, u64, u64, u128) {
    let table = report.tables.iter().find(|table| table.name == "case_tickets").unwrap();
    (table.replaced, table.rows, table.bytes, table.elapsed.as_millis())
}

/// The most memory that the process held since the peak was last forgotten.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

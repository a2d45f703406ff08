//! What writing costs: `cargo bench -p deskmeter-loader -p deskmeter-cli --bench lake`. Tells seconds, bytes and peak
//! memory of this process; sizes come from `TICKETS` (1,000,000). Times are of this machine, loaded as it is.
#![expect(clippy::unwrap_used, reason = "a bench: a failure is a panic")]
#![expect(clippy::print_stdout, reason = "its figures are its result")]

#[path = "lake/desk.rs"]
mod desk;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use deskmeter_lake::Lake;
use deskmeter_loader::{Committed, HousekeepingBudget, Loader, LoaderOptions};
use deskmeter_sanitizer::{PseudonymKey, Sanitizer, SanitizerOptions};

use desk::{MONTHS, page};

/// Tickets of one page.
const PAGE: i64 = 1_000;

/// Loads the tickets of these ids; tells rows, the time in the loader alone, and what it wrote.
async fn load(loader: &mut Loader, what: &str, ids: Vec<i64>, tickets: i64, version: i64) {
    let key = || PseudonymKey::from_bytes([7; 32]);
    let mut sanitizer = Sanitizer::new(key(), SanitizerOptions::default());
    let rows = ids.len();
    let mut spent = Duration::ZERO;
    let mut total = Committed::default();
    let mut writer = loader.stream("tickets");
    for chunk in ids.chunks(PAGE as usize) {
        let batches = page(&mut sanitizer, chunk.iter().copied(), tickets, version);
        let started = Instant::now();
        if let Some(committed) = writer.push(batches, format!("{version}-{:?}", chunk.last())).await.unwrap()
        {
            total.add(committed);
        }
        spent += started.elapsed();
    }
    let started = Instant::now();
    total.add(writer.finish().await.unwrap());
    spent += started.elapsed();
    println!(
        "{what}: {rows} tickets and their metric sets in {:.2} s; {} rows new, {} changed, {} files, {:.1} MB written, \
         {} months; peak {} MB",
        spent.as_secs_f64(),
        total.rows_inserted,
        total.rows_updated,
        total.files_added,
        total.bytes_added as f64 / 1e6,
        total.months_touched.get("tickets").map_or(0, std::collections::BTreeSet::len),
        peak_megabytes()
    );
}

/// The 1,000 tickets that a sync finds changed, by age: an assumption, 70 % of them at most three days old, 28 % at most
/// thirty, and 2 % of any age. A small desk has not so many new ones: the next older take their places.
fn living(tickets: i64) -> Vec<i64> {
    let per_day = (tickets as f64 / (MONTHS as f64 * 30.4375)).max(1.0);
    let mut chosen = std::collections::BTreeSet::new();
    for number in 0..1_000 {
        let age_days = match number {
            0..700 => f64::from(number) * 3.0 / 700.0,
            700..980 => 3.0 + f64::from(number - 700) * 27.0 / 280.0,
            _ => f64::from(number - 980) * MONTHS as f64 * 30.4375 / 20.0,
        };
        let mut id = (tickets - 1 - (age_days * per_day) as i64).max(0);
        while !chosen.insert(id) && id > 0 {
            id -= 1;
        }
    }
    chosen.into_iter().collect()
}

/// Peak resident memory, as Linux tells it.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default()
        / 1024
}

#[tokio::main]
async fn main() {
    #[expect(clippy::disallowed_methods, reason = "the bench's size")]
    let tickets = std::env::var("TICKETS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000_i64);
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("file://{}", folder.path().display());
    let lake = Lake::open(&url, &BTreeMap::new()).unwrap().connection("acme");
    let mut loader = Loader::open(lake.clone(), LoaderOptions::default()).await.unwrap();
    load(&mut loader, "from nothing", (0..tickets).collect(), tickets, 1).await;

    let recent = tickets - tickets * 3 / MONTHS;
    let hundred = 100_000.min(tickets / 10);
    let step = ((tickets - recent) / hundred).max(1);
    load(&mut loader, "changed, as on a living desk", living(tickets), tickets, 2).await;
    load(&mut loader, "changed, the same again", living(tickets), tickets, 3).await;
    load(
        &mut loader,
        "changed, last three months",
        (0..hundred).map(|n| recent + n * step).collect(),
        tickets,
        4,
    )
    .await;
    let small: Vec<i64> = (0..1_000).map(|n| recent + n * ((tickets - recent) / 1_000)).collect();
    load(&mut loader, "changed, last three months", small, tickets, 5).await;
    load(&mut loader, "changed, all months", (0..1_000).map(|n| n * (tickets / 1_000)).collect(), tickets, 6)
        .await;
    load(
        &mut loader,
        "not changed, all months",
        (0..1_000).map(|n| n * (tickets / 1_000)).collect(),
        tickets,
        6,
    )
    .await;
    load(&mut loader, "new, one month", (tickets..tickets + 1_000).collect(), tickets, 1).await;
    let started = Instant::now();
    let tidied = loader.housekeeping(1_900_000_000, HousekeepingBudget::default()).await.unwrap();
    println!("housekeeping: {:.2} s, {tidied:?}", started.elapsed().as_secs_f64());
}

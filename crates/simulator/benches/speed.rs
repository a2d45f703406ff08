//! How fast a large world is made and served, and in how much memory: `cargo bench -p deskmeter-simulator`, and more
//! worlds with `-- 20000 1000000`. A measurement, no test: it claims nothing.
#![expect(clippy::expect_used, reason = "a measurement that finds nothing to measure has failed")]
#![expect(clippy::print_stdout, reason = "measurements are read")]

#[path = "../tests/it/client.rs"]
#[expect(dead_code, reason = "the client of the tests; a measurement needs less of it")]
mod client;

use client::{Client, NOW, options};
use deskmeter_simulator::{RateLimit, World, WorldOptions};
use std::fs;
use std::time::Instant;

fn memory_mib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

async fn measure(tickets: u32) {
    let begun = Instant::now();
    let world = World::generate(&WorldOptions { tickets, seed: 1, end: NOW, months: 12 });
    println!(
        "{tickets} tickets made in {:?}, {} MiB, peak {} MiB",
        begun.elapsed(),
        memory_mib("VmRSS"),
        memory_mib("VmHWM")
    );
    let mut options = options(NOW);
    options.rate_limit = RateLimit::Off;
    let client = Client::start(world, options).await;
    for path in [
        "tickets/cursor?start_time=0&include=metric_sets&support_type_scope=all",
        "ticket_events?start_time=0",
        "ticket_metric_events?start_time=0",
        "users/cursor?start_time=0",
    ] {
        let (begun, mut bytes, mut pages) = (Instant::now(), 0, 0);
        let mut next = format!("{}/api/v2/incremental/{path}", client.running.base_url());
        while pages < 200 {
            let request =
                client.http.get(&next).header("accept-encoding", "identity").bearer_auth(&client.token);
            let body = request.send().await.expect("answer").bytes().await.expect("body");
            (bytes, pages) = (bytes + body.len(), pages + 1);
            let page: Tail = serde_json::from_slice(&body).expect("page");
            if page.end_of_stream {
                break;
            }
            next = page.after_url.or(page.next_page).expect("next");
        }
        let secs = begun.elapsed().as_secs_f64();
        println!(
            "{path}: {pages} pages, {} MB/s, {:.1} ms a page",
            (bytes as f64 / 1e6 / secs) as u64,
            secs * 1e3 / f64::from(pages)
        );
    }
}

#[derive(serde::Deserialize)]
struct Tail {
    end_of_stream: bool,
    after_url: Option<String>,
    next_page: Option<String>,
}

#[tokio::main]
async fn main() {
    // Cargo adds `--bench` to what it is given.
    let named: Vec<u32> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    for tickets in if named.is_empty() { vec![20_000] } else { named } {
        measure(tickets).await;
    }
}

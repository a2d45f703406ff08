//! Every recorded exchange is asked again of a world made of the recorded rows, and must come back: the same
//! rows in the same order, the same cursor, end and next page.

use crate::client::{Client, NOW, options};
use deskmeter_simulator::{RateLimit, World};
use flate2::read::GzDecoder;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

fn payloads() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/payloads");
    let there = folder.is_dir();
    if !there {
        eprintln!(
            "SKIPPED: no recorded traffic beside the repository; the mechanics are not compared with it"
        );
    }
    there.then_some(folder)
}

struct Exchange {
    path: String,
    body: Value,
    text: String,
    /// The rows as they were recorded, to the byte.
    rows: Vec<String>,
}

fn exchanges(file: &Path, stream: &str) -> Vec<Exchange> {
    #[derive(serde::Deserialize)]
    struct Recorded {
        path: String,
        status: u16,
        body: Box<RawValue>,
    }
    let lines = BufReader::new(GzDecoder::new(File::open(file).expect("recording"))).lines();
    lines
        .map(|line| {
            let recorded: Recorded = serde_json::from_str(&line.expect("line")).expect("exchange");
            assert_eq!(recorded.status, 200);
            let lists: std::collections::HashMap<String, Box<RawValue>> =
                serde_json::from_str(recorded.body.get()).expect("body");
            let rows: Vec<Box<RawValue>> = serde_json::from_str(lists[stream].get()).expect("rows");
            let rows = rows.iter().map(|row| row.get().to_owned()).collect();
            let body = serde_json::from_str(recorded.body.get()).expect("body");
            Exchange { path: recorded.path, body, text: recorded.body.get().to_owned(), rows }
        })
        .collect()
}

/// The recorded rows once each, and one later row: the recordings say that the stream went on.
fn world_folder(exchanges: &[Exchange], stream: &str) -> tempfile::TempDir {
    let mut seen = HashSet::new();
    let mut rows: Vec<String> = exchanges.iter().flat_map(|exchange| exchange.rows.clone()).collect();
    rows.retain(|row| seen.insert(row.clone()));
    let later = json!({"id": 1, "generated_timestamp": NOW - 90_000, "updated_at": "2026-01-01T00:00:00Z"});
    rows.push(later.to_string());
    let folder = tempfile::tempdir().expect("folder");
    let (first, second) = rows.split_at(rows.len() / 2);
    for (name, part) in [("a.json", first), ("b.json", second)] {
        let text = format!("{{\"{stream}\":[{}],\"count\":7}}", part.join(","));
        fs::write(folder.path().join(name), text).expect("write");
    }
    folder
}

/// The tail of a URL behind the host.
fn tail(url: &Value) -> Option<&str> {
    url.as_str().map(|url| url.split_once("/api/").expect("an API URL").1)
}

async fn check(file: &str, stream: &str, expected_exchanges: usize) {
    let Some(folder) = payloads() else { return };
    let exchanges = exchanges(&folder.join(file), stream);
    assert_eq!(exchanges.len(), expected_exchanges);
    let world = world_folder(&exchanges, stream);
    let world = World::load(world.path()).expect("world");
    let mut options = options(NOW);
    options.rate_limit = RateLimit::Off;
    let client = Client::start(world, options).await;
    for exchange in &exchanges {
        let answer = client.get(&exchange.path).await;
        let body = answer.json();
        let rows: std::collections::HashMap<String, Box<RawValue>> =
            serde_json::from_str(&answer.text).expect("page");
        let rows: Vec<Box<RawValue>> = serde_json::from_str(rows[stream].get()).expect("rows");
        let rows: Vec<&str> = rows.iter().map(|row| row.get()).collect();
        assert!(rows == exchange.rows, "other rows at {}", exchange.path);
        for key in ["after_cursor", "before_cursor", "before_url", "end_of_stream", "count", "end_time"] {
            assert_eq!(body.get(key), exchange.body.get(key), "{key} at {}", exchange.path);
        }
        for key in ["after_url", "next_page"] {
            assert_eq!(
                body.get(key).and_then(tail),
                exchange.body.get(key).and_then(tail),
                "{key} at {}",
                exchange.path
            );
        }
        assert_eq!(key_order(&answer.text), key_order(&exchange.text), "order of keys at {}", exchange.path);
    }
}

/// The keys of the envelope in the order they are written.
fn key_order(text: &str) -> Vec<&'static str> {
    let keys = [
        "after_url",
        "before_url",
        "after_cursor",
        "before_cursor",
        "end_of_stream",
        "count",
        "next_page",
        "end_time",
    ];
    let mut found: Vec<_> =
        keys.into_iter().filter_map(|key| Some((text.rfind(&format!("\"{key}\""))?, key))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, key)| key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_ticket_pages_come_back() {
    check("recorded-incremental-tickets.jsonl.gz", "tickets", 117).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_user_pages_come_back() {
    check("recorded-incremental-users.jsonl.gz", "users", 128).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_real_tickets_is_served_as_it_is() {
    let Some(folder) = payloads() else { return };
    let world = World::load(&folder).expect("world");
    let text = fs::read_to_string(folder.join("real-tickets-with-metric-sets.json")).expect("tickets");
    let file: std::collections::HashMap<String, Vec<Box<RawValue>>> =
        serde_json::from_str(&text).expect("tickets");
    let expected: HashSet<&str> = file["tickets"].iter().map(|row| row.get()).collect();
    let client = Client::start(world, options(NOW)).await;
    let page = client.get("/api/v2/incremental/tickets/cursor?start_time=0&include=metric_sets").await;
    for row in &expected {
        assert!(page.text.contains(row));
    }
    assert_eq!(page.json()["tickets"].as_array().map(Vec::len), Some(expected.len()));
}

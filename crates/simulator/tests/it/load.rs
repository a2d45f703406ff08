//! Worlds from files: rows to the byte, versions, and errors that name the file.

use crate::client::{Client, NOW, options};
use deskmeter_simulator::{Options, World};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("write");
    }
    folder
}

#[tokio::test]
async fn rows_come_back_to_the_byte_whatever_they_hold() {
    let row = r#"{ "zebra": 1.50, "id": "7", "generated_timestamp":1700000000,"a":"\u00e9\u0000", "n":1e3 }"#;
    let files = [
        ("one.json", format!("{{\"tickets\":[{row}],\"extra\":[1]}}")),
        (
            "two.json",
            r#"{"users":[{"id":1,"updated_at":"2024-01-01T00:00:00Z"}],"organizations":[]}"#.to_owned(),
        ),
        ("ignored.txt", "not JSON".to_owned()),
    ];
    let folder = folder(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    let client = Client::start(World::load(folder.path()).expect("world"), options(NOW)).await;
    let page = client.get("/api/v2/incremental/tickets/cursor.json?start_time=0").await;
    assert!(page.text.starts_with(&format!("{{\"tickets\":[{row}],\"after_url\"")));
    let empty = client.get("/api/v2/incremental/organizations?start_time=5").await.json();
    assert_eq!((&empty["count"], &empty["end_of_stream"]), (&0.into(), &true.into()));
    assert!(empty["end_time"].is_null());
    assert!(empty["next_page"].as_str().expect("never null").ends_with("?start_time=5"));
}

#[test]
fn errors_name_the_file_and_never_quote_it() {
    let secret = "CANARY-in-a-file";
    let cases = [
        (format!("{{\"tickets\":[{{\"id\":1,\"subject\":\"{secret}"), "is not JSON"),
        (format!("{{\"comments\":[\"{secret}\"]}}"), "none of the keys tickets"),
        (format!("{{\"tickets\":[{{\"id\":1,\"subject\":\"{secret}\"}}]}}"), "generated_timestamp"),
        (
            format!("{{\"users\":[{{\"name\":\"{secret}\",\"updated_at\":\"2024-01-01T00:00:00Z\"}}]}}"),
            "usable id",
        ),
    ];
    for (text, expected) in cases {
        let folder = folder(&[("bad.json", &text)]);
        let error = World::load(folder.path()).expect_err("a bad file");
        let message = format!("{error} {error:?}");
        assert!(message.contains("bad.json") && message.contains(expected), "{message}");
        assert!(!message.contains(secret));
    }
    let nothing = folder(&[("readme.txt", "")]);
    assert!(
        World::load(nothing.path()).expect_err("an empty folder").to_string().starts_with("no *.json file")
    );
    assert!(World::load(&nothing.path().join("missing")).is_err());
}

#[tokio::test]
async fn as_of_the_clock_only_the_newest_visible_version_is_served() {
    let text = r#"{"tickets":[{"id":1,"generated_timestamp":1000},{"id":2,"generated_timestamp":1500},
        {"id":1,"generated_timestamp":2000}]}"#;
    let folder = folder(&[("tickets.json", text)]);
    let now = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now);
    let mut options = Options::new(Arc::new(move || clock.load(Ordering::SeqCst)));
    options.token_life_secs = 172_800;
    let everything = Client::start(World::load(folder.path()).expect("world"), options.clone()).await;
    let by_clock = Client::start(World::load_as_of_clock(folder.path()).expect("world"), options).await;
    for (time, expected) in [(1059, vec![]), (1060, vec![1]), (1560, vec![1, 2]), (2060, vec![2, 1])] {
        now.store(time, Ordering::SeqCst);
        let path = "/api/v2/incremental/tickets/cursor?start_time=0";
        let ids = |rows: Vec<serde_json::Value>| -> Vec<i64> {
            rows.iter().filter_map(|row| row["id"].as_i64()).collect()
        };
        assert_eq!(ids(by_clock.all("tickets", path).await), expected, "at {time}");
        assert_eq!(ids(everything.all("tickets", path).await), [1, 2, 1]);
    }
}

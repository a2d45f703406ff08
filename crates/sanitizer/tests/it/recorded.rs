//! Real traffic, where it is at hand. It holds other people's text, so it is no part of the repository.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use deskmeter_zendesk::{Cursor, Stream};
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::{sanitizer, text};

/// A file of the recordings, or None, said aloud.
fn recording(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/payloads").join(name);
    if !path.exists() {
        println!("SKIPPED: no recording {name}");
        return None;
    }
    Some(path)
}

/// Every recorded page: rows seen, envelope and rejects are as the recording says.
fn check(stream: Stream, name: &str, rows_expected: u64) {
    let Some(path) = recording(name) else { return };
    let mut exchanges = String::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut exchanges).unwrap();
    let mut sanitizer = sanitizer();
    let mut rows_seen = 0;
    for exchange in exchanges.lines() {
        let exchange: Value = serde_json::from_str(exchange).unwrap();
        let body = &exchange["body"];
        let page = sanitizer.page(stream, body.to_string().as_bytes()).unwrap();
        assert_eq!(page.rejects, []);
        assert_eq!(page.rows_seen, body[stream.name()].as_array().unwrap().len() as u64);
        let envelope = &page.envelope;
        assert_eq!(envelope.rows, page.rows_seen);
        assert_eq!(envelope.after_cursor.as_ref().map(Cursor::expose), body["after_cursor"].as_str());
        assert_eq!(envelope.end_time.map(|time| time.0), body["end_time"].as_i64());
        assert_eq!(envelope.end_of_stream, body["end_of_stream"].as_bool());
        let stored = page.batches.last().unwrap().num_rows() as u64;
        if stream == Stream::Tickets {
            assert_eq!(stored, page.rows_seen);
        } else {
            assert!(stored <= page.rows_seen);
        }
        rows_seen += page.rows_seen;
    }
    assert_eq!(rows_seen, rows_expected, "all rows of the recording");
}

#[test]
fn recorded_ticket_pages_come_through_whole() {
    check(Stream::Tickets, "recorded-incremental-tickets.jsonl.gz", 2_204);
}

#[test]
fn recorded_user_pages_come_through_without_end_users() {
    check(Stream::Users, "recorded-incremental-users.jsonl.gz", 2_200);
}

#[test]
fn real_metric_sets_come_through_cell_by_cell() {
    let Some(path) = recording("real-tickets-with-metric-sets.json") else { return };
    let page = fs::read(path).unwrap();
    let tickets: Value = serde_json::from_slice(&page).unwrap();
    let tickets = tickets["tickets"].as_array().unwrap();
    let clean = sanitizer().page(Stream::Tickets, &page).unwrap();
    let batch = &clean.batches[0];
    assert_eq!((batch.num_rows(), batch.table().name), (tickets.len(), "ticket_metric_sets"));
    for (row, ticket) in tickets.iter().enumerate() {
        for (column, declared) in batch.table().columns.iter().enumerate().filter(|(at, _)| *at != 1) {
            // `tickets[].metric_set.reply_time_in_minutes.calendar` is where the contract says that it comes from.
            let path = declared.source.trim_start_matches("tickets[].");
            let source = path.split('.').fold(ticket, |value, key| &value[key]);
            let expected = match source {
                Value::Number(number) if declared.name == "generated_at" => Some(format!("{number}s")),
                Value::Number(number) => Some(number.to_string()),
                Value::String(time) => {
                    Some(format!("{}s", time.parse::<jiff::Timestamp>().unwrap().as_second()))
                }
                _ => None,
            };
            let actual = text::cell(batch.record_batch(), column, row);
            assert_eq!(actual, expected, "row {row}, {}", declared.name);
        }
    }
}

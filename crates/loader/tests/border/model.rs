//! Any sequence of pages gives what a model of one line per rule gives.

use std::collections::BTreeMap;

use deskmeter_loader::{Loader, LoaderOptions};
use deskmeter_tables::{TICKET_METRIC_EVENTS, TICKETS};
use deskmeter_zendesk::Stream;
use proptest::prelude::*;

use crate::support::{NEW_YEAR, Place, clean, integers, metric_event, ticket};

/// Pages of rows: key, version (or flag).
type Pages = Vec<Vec<(i64, i64)>>;

fn pages() -> impl Strategy<Value = Pages> {
    prop::collection::vec(prop::collection::vec((1..24_i64, 0..6_i64), 0..12), 1..7)
}

/// A key's month never changes.
fn month(id: i64) -> u8 {
    (id % 3) as u8
}

async fn run(stream: Stream, pages: &Pages, buffer_bytes: u64) -> Place {
    let place = Place::new();
    for (number, chunk) in pages.chunks(2).enumerate() {
        let options = LoaderOptions { buffer_bytes, fence: number as i64, ..LoaderOptions::default() };
        let mut loader = Loader::open(place.lake.clone(), options).await.unwrap();
        let mut writer = loader.stream(stream.name());
        for (page, rows) in chunk.iter().enumerate() {
            let rows: Vec<_> = rows
                .iter()
                .map(|(id, version)| match stream {
                    Stream::Tickets => ticket(*id, month(*id), *version),
                    _ => metric_event(*id, month(*id), version % 2 == 1),
                })
                .collect();
            writer.push(clean(stream, &rows), format!("{number}-{page}")).await.unwrap();
        }
        writer.finish().await.unwrap();
        let last = format!("{number}-{}", chunk.len() - 1);
        assert_eq!(loader.position(stream.name()).await.unwrap(), Some(last));
    }
    place
}

fn check(stream: Stream, pages: &Pages, buffer_bytes: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (table, key, value) = match stream {
        Stream::Tickets => (&TICKETS, "ticket_id", "generated_at"),
        _ => (&TICKET_METRIC_EVENTS, "metric_event_id", "is_deleted"),
    };
    let mut model = BTreeMap::new();
    for (id, version) in pages.iter().flatten() {
        let kept = model.entry(*id).or_insert(0);
        *kept = if stream == Stream::Tickets { (*kept).max(*version) } else { *version % 2 };
    }
    let rows = runtime.block_on(async { run(stream, pages, buffer_bytes).await.rows(table).await });
    let stored = integers(&rows, value).into_iter().map(|value| match stream {
        Stream::Tickets => value / 1_000_000 - NEW_YEAR,
        _ => value,
    });
    let stored: Vec<_> = integers(&rows, key).into_iter().zip(stored).collect();
    assert_eq!(stored.len(), model.len(), "no key twice, none lost");
    assert_eq!(stored.into_iter().collect::<BTreeMap<_, _>>(), model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tickets_end_at_their_newest_version(pages in pages(), buffer in prop_oneof![Just(1), Just(u64::MAX)]) {
        check(Stream::Tickets, &pages, buffer);
    }

    #[test]
    fn metric_events_end_as_last_seen(pages in pages(), buffer in prop_oneof![Just(1), Just(u64::MAX)]) {
        check(Stream::TicketMetricEvents, &pages, buffer);
    }
}

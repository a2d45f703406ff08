//! What a stream's commits do.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::DataType;
use deskmeter_lake::Error as LakeError;
use deskmeter_loader::{Error, Loader, LoaderOptions};
use deskmeter_sanitizer::RunId;
use deskmeter_tables::{
    AGENTS, ALL, PRIVACY_LEDGER, TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKET_METRIC_SETS, TICKETS,
};
use deskmeter_zendesk::{Stream, UnixSeconds};

use crate::support::{NEW_YEAR, Place, agent, clean, event, integers, load, metric_event, sanitizer, ticket};

#[tokio::test]
async fn every_table_is_there_typed_and_empty_from_the_start() {
    let place = Place::new();
    let loader = place.loader().await;
    let names: BTreeSet<_> = ALL.into_iter().map(|table| table.name.to_owned()).collect();
    assert_eq!(place.lake.table_names().await.unwrap().into_iter().collect::<BTreeSet<_>>(), names);
    for table in ALL {
        assert_eq!(place.rows(table).await.num_rows(), 0);
        let handle = place.lake.table(table.name).await.unwrap().unwrap();
        let schema = handle.snapshot().unwrap().snapshot().arrow_schema();
        let comments = schema.fields().iter().map(|field| field.metadata().get("comment").cloned().unwrap());
        assert!(comments.eq(table.columns.iter().map(|column| column.about.to_owned())), "{}", table.name);
    }
    assert_eq!(loader.position("tickets").await.unwrap(), None);
    assert!(matches!(loader.position("comments").await, Err(Error::UnknownStream { .. })));
}

#[tokio::test]
async fn rows_and_position_come_back_after_a_restart() {
    let place = Place::new();
    let mut loader = place.loader().await;
    let rows = [ticket(1, 0, 1), ticket(2, 0, 1), ticket(3, 4, 1)];
    let committed = load(&mut loader, Stream::Tickets, &rows, "cursor-1").await.unwrap();
    assert_eq!((committed.rows_in, committed.rows_inserted, committed.rows_updated), (6, 6, 0));
    let months = BTreeSet::from(["2026-01".to_owned(), "2026-05".to_owned()]);
    let touched = BTreeMap::from([("tickets", months.clone()), ("ticket_metric_sets", months)]);
    assert_eq!(committed.months_touched, touched);
    drop(loader);
    let loader = place.loader().await;
    assert_eq!(loader.position("tickets").await.unwrap().as_deref(), Some("cursor-1"));
    assert_eq!(loader.position("users").await.unwrap(), None);
    assert_eq!(integers(&place.rows(&TICKETS).await, "ticket_id"), [1, 2, 3]);
    assert_eq!(integers(&place.rows(&TICKET_METRIC_SETS).await, "replies"), [1, 1, 1]);
}

#[tokio::test]
async fn the_same_pages_again_change_nothing() {
    let place = Place::new();
    let mut loader = place.loader().await;
    let pages = [
        (Stream::Tickets, vec![ticket(1, 0, 5), ticket(2, 1, 5)]),
        (Stream::TicketEvents, vec![event(1, 0), event(2, 1)]),
        (Stream::TicketMetricEvents, vec![metric_event(1, 0, false), metric_event(2, 1, true)]),
        (Stream::Users, vec![agent(900, 1, "agent")]),
    ];
    for (stream, rows) in &pages {
        load(&mut loader, *stream, rows, "end").await.unwrap();
    }
    let files = place.files();
    for (stream, rows) in &pages {
        let again = load(&mut loader, *stream, rows, "end").await.unwrap();
        assert_eq!((again.rows_inserted, again.rows_updated, again.files_added), (0, 0, 0), "{stream:?}");
        assert!(again.rows_in > 0 && again.months_touched.is_empty());
    }
    drop(place.loader().await);
    assert_eq!(place.files(), files, "no file, no commit");
}

#[tokio::test]
async fn a_position_that_moves_without_rows_is_a_commit_without_files() {
    let place = Place::new();
    let mut loader = place.loader().await;
    load(&mut loader, Stream::Users, &[agent(900, 1, "agent")], "page-1").await.unwrap();
    let data = place.data_files();
    let committed = load(&mut loader, Stream::Users, &[agent(1, 1, "end-user")], "page-2").await.unwrap();
    assert_eq!((committed.rows_inserted, committed.files_added), (0, 0));
    assert_eq!(loader.position("users").await.unwrap().as_deref(), Some("page-2"));
    assert_eq!(place.data_files(), data);
}

#[tokio::test]
async fn a_newer_version_replaces_and_an_older_one_does_not() {
    let place = Place::new();
    let mut loader = place.loader().await;
    load(&mut loader, Stream::Tickets, &[ticket(1, 0, 5), ticket(2, 0, 5)], "a").await.unwrap();
    let rows = [ticket(1, 0, 4), ticket(2, 0, 8), ticket(2, 0, 9), ticket(2, 0, 7), ticket(3, 0, 1)];
    let committed = load(&mut loader, Stream::Tickets, &rows, "b").await.unwrap();
    assert_eq!((committed.rows_inserted, committed.rows_updated), (2, 2), "metric sets beside tickets");
    let tickets = place.rows(&TICKETS).await;
    assert_eq!(integers(&tickets, "ticket_id"), [1, 2, 3], "one file, in key order");
    let versions = integers(&tickets, "generated_at").into_iter().map(|micros| micros / 1_000_000 - NEW_YEAR);
    assert_eq!(versions.collect::<Vec<_>>(), [5, 9, 1]);
    assert_eq!(integers(&place.rows(&TICKET_METRIC_SETS).await, "replies"), [5, 9, 1]);
}

#[tokio::test]
async fn only_the_month_of_a_changed_row_is_written_anew() {
    let place = Place::new();
    let mut loader = place.loader().await;
    let rows: Vec<_> = (0..8).map(|month| ticket(i64::from(month) + 1, month, 1)).collect();
    load(&mut loader, Stream::Tickets, &rows, "a").await.unwrap();
    let before = place.data_files();
    let committed = load(&mut loader, Stream::Tickets, &[ticket(4, 3, 2)], "b").await.unwrap();
    assert_eq!(committed.files_added, 2);
    let new: Vec<_> = place.data_files().difference(&before).cloned().collect();
    assert_eq!(new.len(), 2);
    assert!(new.iter().all(|path| path.to_string_lossy().contains("created_month=2026-04")), "{new:?}");
}

#[tokio::test]
async fn a_change_writes_a_bounded_part_of_its_month() {
    let place = Place::new();
    let mut loader = place.loader().await;
    let rows: Vec<_> = (1..=9000).map(|id| ticket(id, 0, 1)).collect();
    let committed = load(&mut loader, Stream::Tickets, &rows, "a").await.unwrap();
    assert_eq!(committed.files_added, 2 * 3, "three ranges of keys, at most 4,096 rows each");
    let changes = [ticket(10, 0, 2), ticket(9000, 0, 2), ticket(9001, 0, 1)];
    let committed = load(&mut loader, Stream::Tickets, &changes, "b").await.unwrap();
    assert_eq!(committed.files_added, 2 * 2, "the new ticket joins the newest range");
    let handle = place.lake.table("tickets").await.unwrap().unwrap();
    let files = deskmeter_lake::data_files(&handle, "tickets").unwrap();
    let mut ranges: Vec<_> =
        files.iter().filter_map(|file| file.bounds("ticket_id", &DataType::Int64)).collect();
    ranges.sort_unstable();
    assert_eq!(ranges, [(1, 3000), (3001, 6000), (6001, 9001)]);
    assert_eq!(integers(&place.rows(&TICKETS).await, "ticket_id").len(), 9001);
}

#[tokio::test]
async fn events_never_change_and_metric_events_do_when_they_differ() {
    let place = Place::new();
    let mut loader = place.loader().await;
    load(&mut loader, Stream::TicketEvents, &[event(1, 0), event(2, 0)], "a").await.unwrap();
    let events = load(&mut loader, Stream::TicketEvents, &[event(2, 0), event(3, 0)], "b").await.unwrap();
    assert_eq!((events.rows_inserted, events.rows_updated), (1, 0));
    assert_eq!(place.rows(&TICKET_EVENTS).await.num_rows(), 3);
    let rows = [metric_event(1, 0, false), metric_event(2, 0, false)];
    load(&mut loader, Stream::TicketMetricEvents, &rows, "a").await.unwrap();
    let rows = [metric_event(1, 0, false), metric_event(2, 0, true)];
    let changed = load(&mut loader, Stream::TicketMetricEvents, &rows, "b").await.unwrap();
    assert_eq!((changed.rows_inserted, changed.rows_updated), (0, 1));
    assert_eq!(integers(&place.rows(&TICKET_METRIC_EVENTS).await, "is_deleted"), [0, 1]);
}

#[tokio::test]
async fn a_full_buffer_is_committed_before_the_stream_ends() {
    let place = Place::new();
    let options = LoaderOptions { buffer_bytes: 1, ..LoaderOptions::default() };
    let mut loader = Loader::open(place.lake.clone(), options).await.unwrap();
    let mut writer = loader.stream("ticket_events");
    let first = writer.push(clean(Stream::TicketEvents, &[event(1, 0)]), "one".to_owned()).await.unwrap();
    assert_eq!(first.map(|committed| committed.rows_inserted), Some(1));
    assert_eq!(place.loader().await.position("ticket_events").await.unwrap().as_deref(), Some("one"));
    drop(writer);
    assert_eq!(loader.position("ticket_events").await.unwrap().as_deref(), Some("one"));
}

#[tokio::test]
async fn what_was_pushed_and_not_committed_moves_no_position() {
    let place = Place::new();
    let mut loader = place.loader().await;
    let mut writer = loader.stream("ticket_events");
    let pushed = writer.push(clean(Stream::TicketEvents, &[event(1, 0)]), "one".to_owned()).await.unwrap();
    assert_eq!(pushed, None);
    drop(writer);
    assert_eq!(loader.position("ticket_events").await.unwrap(), None);
    assert_eq!(place.rows(&TICKET_EVENTS).await.num_rows(), 0);
}

#[tokio::test]
async fn agents_of_all_versions_are_known_and_the_ledger_grows() {
    let place = Place::new();
    let mut loader = place.loader().await;
    let rows = [agent(900, 1, "agent"), agent(901, 1, "admin"), agent(900, 2, "end-user")];
    load(&mut loader, Stream::Users, &rows, "a").await.unwrap();
    assert_eq!(place.rows(&AGENTS).await.num_rows(), 3);
    assert_eq!(loader.agent_keys().await.unwrap().len(), 2);

    let mut sanitizer = sanitizer();
    sanitizer.page(Stream::Tickets, br#"{"tickets": [{"id": 1, "subject": "secret"}]}"#).unwrap();
    let started_at = UnixSeconds(NEW_YEAR);
    for run in [1, 2] {
        let ledger = sanitizer.ledger().to_batch(&RunId::new(started_at, run), started_at);
        loader.append_ledger(ledger.clone()).await.unwrap();
        assert_eq!(loader.append_ledger(ledger).await.unwrap().rows_inserted, 0);
    }
    assert!(place.rows(&PRIVACY_LEDGER).await.num_rows() >= 2);
}

#[tokio::test]
async fn a_run_whose_lease_was_taken_cannot_commit() {
    let place = Place::new();
    let open = |fence| Loader::open(place.lake.clone(), LoaderOptions { fence, ..LoaderOptions::default() });
    let (mut old, mut new) = (open(7).await.unwrap(), open(8).await.unwrap());
    load(&mut old, Stream::TicketEvents, &[event(1, 0)], "old-1").await.unwrap();
    load(&mut new, Stream::TicketEvents, &[event(2, 0)], "new-1").await.unwrap();
    let refused = load(&mut old, Stream::TicketEvents, &[event(3, 0)], "old-2").await;
    assert!(matches!(refused, Err(Error::Lake(LakeError::Fenced { ours: 7, newest: 8, .. }))), "{refused:?}");
    let mut stored = integers(&place.rows(&TICKET_EVENTS).await, "child_event_id");
    stored.sort_unstable();
    assert_eq!(stored, [1, 2]);
    assert_eq!(new.position("ticket_events").await.unwrap().as_deref(), Some("new-1"));
}

#[tokio::test]
async fn a_holder_that_slept_finds_every_table_closed_even_where_its_heir_wrote_nothing() {
    let place = Place::new();
    let options = LoaderOptions { fence: 7, ..LoaderOptions::default() };
    let mut sleeper = Loader::open(place.lake.clone(), options).await.unwrap();
    load(&mut sleeper, Stream::TicketEvents, &[event(1, 0)], "old-1").await.unwrap();
    place.lake.clone().under_lease(8).close_to_others().await.unwrap();
    for (stream, row) in [(Stream::TicketEvents, event(2, 0)), (Stream::Users, agent(1, 0, "agent"))] {
        let refused = load(&mut sleeper, stream, &[row], "old-2").await;
        assert!(
            matches!(refused, Err(Error::Lake(LakeError::Fenced { ours: 7, newest: 8, .. }))),
            "{stream}: {refused:?}"
        );
    }
    assert_eq!(integers(&place.rows(&TICKET_EVENTS).await, "child_event_id"), [1]);
    let late = place.lake.clone().under_lease(7).close_to_others().await;
    assert!(matches!(late, Err(LakeError::Fenced { .. })), "{late:?}");
}

//! Housekeeping, erasure and purge.

use std::collections::BTreeSet;

use arrow::array::{Array as _, AsArray as _};
use deskmeter_lake::data_files;
use deskmeter_loader::{Error, HousekeepingBudget, HousekeepingReport, Loader, LoaderOptions};
use deskmeter_tables::{ALL, TICKET_EVENTS, TICKET_METRIC_SETS, TICKETS};
use deskmeter_zendesk::Stream;

use crate::support::{FAR_FUTURE, Place, event, integers, load, metric_event, ticket};

/// Twelve runs of one new event each, in one month.
async fn twelve_small_runs(place: &Place) -> Loader {
    let mut loader = place.loader().await;
    for run in 1..=12 {
        load(&mut loader, Stream::TicketEvents, &[event(run, 0)], &format!("run-{run}")).await.unwrap();
    }
    loader
}

#[tokio::test]
async fn small_files_become_one_and_what_is_old_goes() {
    let place = Place::new();
    let mut loader = twelve_small_runs(&place).await;
    assert_eq!(place.data_files().len(), 12);
    let report = loader.housekeeping(FAR_FUTURE, HousekeepingBudget::default()).await.unwrap();
    assert_eq!((report.files_compacted, report.checkpoints, report.data_files_deleted), (12, 1, 12));
    assert!(report.log_files_deleted >= 12, "{report:?}");
    assert_eq!(place.data_files().len(), 1);

    let mut loader = place.loader().await;
    assert_eq!(integers(&place.rows(&TICKET_EVENTS).await, "child_event_id"), (1..=12).collect::<Vec<_>>());
    assert_eq!(loader.position("ticket_events").await.unwrap().as_deref(), Some("run-12"));
    let files = place.files();
    let again = loader.housekeeping(FAR_FUTURE, HousekeepingBudget::default()).await.unwrap();
    assert_eq!(again, HousekeepingReport::default());
    assert_eq!(place.files(), files, "nothing to do touches nothing");
    load(&mut loader, Stream::TicketEvents, &[event(12, 0), event(13, 0)], "run-13").await.unwrap();
    assert_eq!(place.rows(&TICKET_EVENTS).await.num_rows(), 13);
}

#[tokio::test]
async fn versions_within_the_retention_stay_readable() {
    let place = Place::new();
    let mut loader = twelve_small_runs(&place).await;
    let report = loader.housekeeping(0, HousekeepingBudget::default()).await.unwrap();
    assert_eq!((report.files_compacted, report.data_files_deleted, report.log_files_deleted), (12, 0, 0));
    let mut old = place.lake.table("ticket_events").await.unwrap().unwrap();
    old.load_version(6).await.unwrap();
    assert_eq!(data_files(&old, "ticket_events").unwrap().len(), 6);
    assert_eq!(place.data_files().len(), 13);
}

#[tokio::test]
async fn a_budget_that_is_spent_leaves_the_rest_for_the_next_run() {
    let place = Place::new();
    let mut loader = place.loader().await;
    for run in 1..=8 {
        let rows: Vec<_> = (0..3).map(|month| event(run * 10 + i64::from(month), month)).collect();
        load(&mut loader, Stream::TicketEvents, &rows, &run.to_string()).await.unwrap();
    }
    let one = HousekeepingBudget { compact_bytes: 1 };
    let compacted = |report: HousekeepingReport| report.files_compacted;
    assert_eq!(compacted(loader.housekeeping(0, HousekeepingBudget { compact_bytes: 0 }).await.unwrap()), 0);
    assert_eq!(compacted(loader.housekeeping(0, one).await.unwrap()), 8);
    assert_eq!(compacted(loader.housekeeping(0, HousekeepingBudget::default()).await.unwrap()), 16);
    assert_eq!(place.rows(&TICKET_EVENTS).await.num_rows(), 24);
}

#[tokio::test]
async fn leftovers_of_dead_writers_go_when_they_are_old() {
    let place = Place::new();
    let mut loader = place.loader().await;
    load(&mut loader, Stream::TicketEvents, &[event(1, 0)], "a").await.unwrap();
    let folder = place.folder.path().join("lake/acme/ticket_events/event_month=2026-01");
    let leftovers = [folder.join("never-committed.parquet"), folder.join("torn.parquet#1")];
    for leftover in &leftovers {
        std::fs::write(leftover, b"rows").unwrap();
    }
    loader.housekeeping(0, HousekeepingBudget::default()).await.unwrap();
    assert!(
        leftovers.iter().all(|leftover| leftover.exists()),
        "a living writer may be about to commit them"
    );
    let report = loader.housekeeping(FAR_FUTURE, HousekeepingBudget::default()).await.unwrap();
    assert_eq!(report.data_files_deleted, 2);
    assert!(!leftovers.iter().any(|leftover| leftover.exists()));
    assert_eq!(place.rows(&TICKET_EVENTS).await.num_rows(), 1);
}

const ERASED: i64 = 987_654_321;

#[tokio::test]
async fn an_erased_ticket_is_in_no_byte_and_no_version() {
    let place = Place::new();
    let mut loader = place.loader().await;
    let mut own = event(50, 0);
    own["ticket_id"] = ERASED.into();
    let mut metric = metric_event(60, 0, false);
    metric["ticket_id"] = ERASED.into();
    load(&mut loader, Stream::Tickets, &[ticket(1, 0, 1), ticket(ERASED, 0, 1)], "t1").await.unwrap();
    load(&mut loader, Stream::Tickets, &[ticket(ERASED, 0, 2), ticket(2, 1, 1)], "t2").await.unwrap();
    load(&mut loader, Stream::TicketEvents, &[event(1, 0), own], "e1").await.unwrap();
    load(&mut loader, Stream::TicketMetricEvents, &[metric], "m1").await.unwrap();
    let torn = place.folder.path().join("lake/acme/tickets/created_month=2026-01/torn.parquet#1");
    std::fs::write(&torn, b"a killed writer's rows").unwrap();

    let report = loader.erase_ticket(ERASED).await.unwrap();
    assert_eq!((report.rows, report.files), (4, 4));
    for table in [&TICKETS, &TICKET_METRIC_SETS] {
        assert_eq!(integers(&place.rows(table).await, "ticket_id"), [1, 2]);
    }
    assert_eq!(place.rows(&TICKET_EVENTS).await.num_rows(), 1);
    assert!(!torn.exists());
    for file in place.files() {
        let bytes = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&ERASED.to_string()), "{}", file.display());
    }
    let live: BTreeSet<_> = live_files(&place).await;
    assert_eq!(place.data_files().len(), live.len(), "no file but those of the newest version");
    let mut old = place.lake.table("tickets").await.unwrap().unwrap();
    old.load_version(1).await.unwrap_err();
    for (stream, position) in [("tickets", "t2"), ("ticket_events", "e1"), ("ticket_metric_events", "m1")] {
        assert_eq!(loader.position(stream).await.unwrap().as_deref(), Some(position));
    }
    load(&mut loader, Stream::Tickets, &[ticket(3, 0, 1)], "t3").await.unwrap();
    assert_eq!(loader.erase_ticket(ERASED).await.unwrap().rows, 0);
}

#[tokio::test]
async fn of_a_deleted_ticket_the_tombstone_alone_is_left_once_old_versions_went() {
    let place = Place::new();
    let mut loader = place.loader().await;
    load(&mut loader, Stream::Tickets, &[ticket(1, 0, 1), ticket(ERASED, 0, 1)], "t1").await.unwrap();
    let mut deleted = ticket(ERASED, 0, 2);
    deleted["status"] = "deleted".into();
    let mut scrubbed = ticket(ERASED, 0, 3);
    (scrubbed["status"], scrubbed["assignee_id"]) = ("deleted".into(), serde_json::Value::Null);
    for (row, position) in [(deleted, "t2"), (scrubbed, "t3")] {
        load(&mut loader, Stream::Tickets, &[row], position).await.unwrap();
    }
    let is_live =
        |file: &String, live: &BTreeSet<String>| live.iter().any(|live| file.ends_with(live.as_str()));
    let on_disk = |place: &Place| -> Vec<String> {
        place.data_files().iter().map(|file| file.display().to_string()).collect()
    };
    let live = live_files(&place).await;
    assert!(on_disk(&place).iter().any(|file| !is_live(file, &live)), "old versions are readable still");

    loader.housekeeping(FAR_FUTURE, HousekeepingBudget::default()).await.unwrap();
    let live = live_files(&place).await;
    assert!(on_disk(&place).iter().all(|file| is_live(file, &live)), "a file of an old version is left");
    let rows = place.rows(&TICKETS).await;
    assert_eq!(integers(&rows, "ticket_id"), [1, ERASED]);
    let statuses = rows.column_by_name("status").unwrap().as_string::<i32>();
    assert_eq!(statuses.iter().flatten().collect::<Vec<_>>(), ["open", "deleted"]);
    assert!(rows.column_by_name("assignee_key").unwrap().is_null(1), "what was scrubbed is not kept");
}

async fn live_files(place: &Place) -> BTreeSet<String> {
    let mut live = BTreeSet::new();
    for table in ALL {
        let handle = place.lake.table(table.name).await.unwrap().unwrap();
        let files = data_files(&handle, table.name).unwrap();
        live.extend(files.iter().map(|file| format!("{}/{}", table.name, file.path)));
    }
    live
}

#[tokio::test]
async fn purge_leaves_nothing_and_the_next_run_starts_from_nothing() {
    let place = Place::new();
    let mut loader = place.loader().await;
    load(&mut loader, Stream::Tickets, &[ticket(1, 0, 1)], "t1").await.unwrap();
    let files = place.files().len() as u64;
    assert_eq!(loader.purge().await.unwrap().objects, files);
    assert!(!place.folder.path().join("lake/acme").exists());
    let loader = place.loader().await;
    assert_eq!(loader.position("tickets").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loaders_at_the_same_time_lose_and_double_nothing() {
    let place = Place::new();
    let runs = (0..4).map(|writer| {
        let lake = place.lake.clone();
        tokio::spawn(async move {
            let mut loader = Loader::open(lake, LoaderOptions::default()).await?;
            for round in 0..3 {
                let rows = [event(round + 1, 0), event(100 + writer * 10 + round, 0)];
                load(&mut loader, Stream::TicketEvents, &rows, &format!("{writer}-{round}")).await?;
            }
            Ok::<_, Error>(())
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap().unwrap();
    }
    let mut ids = integers(&place.rows(&TICKET_EVENTS).await, "child_event_id");
    ids.sort_unstable();
    let expected: Vec<i64> =
        (1..=3).chain((0..4).flat_map(|writer| (0..3).map(move |round| 100 + writer * 10 + round))).collect();
    assert_eq!(ids, expected);
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Date32Type, Int64Type};
use deskmeter_tables::{TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKETS};
use deskmeter_warehouse::{MemoryTables, RefreshScope, ScheduleSpec, Touched, Warehouse, WarehouseOptions};

use crate::case_file::{fill, lake_in, rows, schedule};
use crate::desk::Desk;
use crate::world;

const AS_OF: i64 = world::START + 310 * 86_400;

fn options() -> WarehouseOptions {
    let default: ScheduleSpec = schedule("default", "Europe/Berlin", "mon-fri", "09:00-17:00", &[]);
    WarehouseOptions { schedules: vec![default], ..WarehouseOptions::default() }
}

async fn marts(warehouse: &Warehouse) -> BTreeMap<String, String> {
    let mut marts = BTreeMap::new();
    // data_checks tells how many rows a refresh looked at: those of fewer tickets are fewer.
    for mart in warehouse.catalogue().marts().filter(|mart| mart.name != "data_checks") {
        let columns = mart.description.columns.iter().map(|column| column.name.as_str());
        // A row of ticket_metrics says when it was made: what is over is not made again.
        let columns: Vec<&str> =
            columns.filter(|name| mart.name != "ticket_metrics" || *name != "as_of").collect();
        let sql = format!(
            "select {} from {} order by {}",
            columns.join(", "),
            mart.name,
            mart.description.key.join(", ")
        );
        marts.insert(mart.name.clone(), rows(warehouse, &sql).await);
    }
    marts
}

#[tokio::test]
async fn remaking_the_touched_tickets_gives_what_remaking_all_gives() {
    let former = world::tables(150, None);
    let latter = world::tables(150, Some(50));
    let mut partly = Warehouse::new(options()).unwrap();
    partly.open(former.clone()).await.unwrap();
    // Time goes on between the two: ages and running targets move on tickets that no update touches.
    partly.refresh(AS_OF - 40 * 86_400, RefreshScope::Full).await.unwrap();
    let before = marts(&partly).await;
    for table in deskmeter_tables::ALL {
        if let Some(batches) = latter.get(table.name) {
            former.put(table.name, table.schema(), batches);
        }
    }
    let touched = Touched { ticket_ids: [50, 100, 150].into() };
    let report = partly.refresh(AS_OF, RefreshScope::Touched(touched)).await.unwrap();
    assert_eq!(report.violations().count(), 0, "{:?}", report.violations().collect::<Vec<_>>());

    let mut fully = Warehouse::new(options()).unwrap();
    fully.open(latter).await.unwrap();
    fully.refresh(AS_OF, RefreshScope::Full).await.unwrap();

    let (partly, fully) = (marts(&partly).await, marts(&fully).await);
    assert_ne!(before["ticket_metrics"], fully["ticket_metrics"], "the update changes something");
    for (name, rows) in &fully {
        assert_eq!(rows, &partly[name], "{name}");
    }
}

#[tokio::test]
async fn events_that_can_be_read_at_last_make_every_ticket_anew() {
    let all = world::tables(60, None);
    let without_events = MemoryTables::default();
    for table in deskmeter_tables::ALL.into_iter().filter(|table| table.name != "ticket_events") {
        without_events.put(table.name, table.schema(), all.get(table.name).unwrap_or_default());
    }
    let mut warehouse = Warehouse::new(options()).unwrap();
    warehouse.open(without_events.clone()).await.unwrap();
    warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    let untold = "select count(n_replies) as n from ticket_metrics";
    assert_eq!(rows(&warehouse, untold).await.trim(), "0");
    // Events of all tickets come; those of one alone are told to be new.
    without_events.put("ticket_events", TICKET_EVENTS.schema(), all.get("ticket_events").unwrap());
    let touched = Touched { ticket_ids: [7].into() };
    warehouse.refresh(AS_OF, RefreshScope::Touched(touched)).await.unwrap();
    let mut fully = Warehouse::new(options()).unwrap();
    fully.open(all).await.unwrap();
    fully.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    assert_eq!(marts(&warehouse).await, marts(&fully).await);
}

/// Days after the beginning at which a desk is read, two of them on one day.
const RUNS: [i64; 6] = [50, 90, 90, 140, 200, 260];

async fn assert_runs_end_as_one(seed: u64) {
    let desk = Desk::new(60, seed);
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder);
    let (partly_lake, fully_lake) = (lake.connection("partly"), lake.connection("fully"));
    let (mut partly, mut fully) = (Warehouse::new(options()).unwrap(), Warehouse::new(options()).unwrap());
    let (mut before, mut erased, mut made) = (world::START - 1, BTreeSet::new(), Vec::new());
    let mut are_stale = false;
    for (run, day) in RUNS.into_iter().enumerate() {
        let at = world::START + day * world::DAY + run as i64 * 3_600;
        let mut ticket_ids = desk.seen_between(before, at);
        if run == 3 {
            erased.insert(7);
            ticket_ids.insert(7);
        }
        before = at;
        let tables = desk.collected_at(at, &erased);
        for (warehouse, lake) in [(&mut partly, &partly_lake), (&mut fully, &fully_lake)] {
            fill(lake, &tables).await;
            warehouse.open(lake.clone()).await.unwrap();
        }
        let as_of = desk.watermark(at);
        let report = partly.refresh(as_of, RefreshScope::Touched(Touched { ticket_ids })).await.unwrap();
        let found: Vec<_> = report.violations().map(|(model, check)| (&model.name, &check.check)).collect();
        assert!(found.is_empty(), "seed {seed}, run {run}: {found:?}");
        made.push(report.models.iter().find(|model| model.name == "ticket_metrics").unwrap().rows.unwrap());
        fully.refresh(as_of, RefreshScope::Full).await.unwrap();
        let (some, all) = (marts(&partly).await, marts(&fully).await);
        for (name, rows) in &all {
            assert_eq!(rows, &some[name], "seed {seed}, run {run}, {name}");
        }
        are_stale |= all["parity"].contains("stale_metric_set");
    }
    assert!(are_stale, "a metric set is older than what was counted");
    assert!(made[2] < made[1], "an hour makes fewer tickets anew than forty days: {made:?}");
    // What moves on lies apart from what is settled, so that few rows are written again; more files would slow readers.
    let parts = partly.contents().await.unwrap();
    let parts = parts.iter().flat_map(|(name, parts)| parts.iter().map(move |part| (name, part)));
    for (name, (month, files)) in parts {
        assert!(files.split_whitespace().count() <= 2, "seed {seed}, {name}, {month}: {files}");
    }
}

#[tokio::test]
async fn many_refreshes_of_some_tickets_end_as_one_of_all() {
    assert_runs_end_as_one(1).await;
}

/// The same tables, with all tickets solved while their targets go on running.
fn solved_with_running_targets(tables: &MemoryTables) {
    let solve = |batch: &RecordBatch| {
        let place = batch.schema_ref().index_of("status").unwrap();
        let mut columns = batch.columns().to_vec();
        columns[place] = Arc::new(StringArray::from_iter_values(vec!["solved"; batch.num_rows()]));
        RecordBatch::try_new(batch.schema(), columns).unwrap()
    };
    let solved = tables.get("tickets").unwrap().iter().map(solve).collect();
    tables.put("tickets", TICKETS.schema(), solved);
    let run_on = |batch: &RecordBatch| {
        let types = batch.column_by_name("type").unwrap().as_string::<i32>().clone();
        let keep: BooleanArray = types.iter().map(|kind| Some(kind != Some("fulfill"))).collect();
        filter_record_batch(batch, &keep).unwrap()
    };
    let running = tables.get("ticket_metric_events").unwrap().iter().map(run_on).collect();
    tables.put("ticket_metric_events", TICKET_METRIC_EVENTS.schema(), running);
}

#[tokio::test]
async fn a_target_that_runs_on_a_solved_ticket_moves_with_time() {
    let tables = world::tables(150, None);
    solved_with_running_targets(&tables);
    let mut partly = Warehouse::new(options()).unwrap();
    partly.open(tables.clone()).await.unwrap();
    partly.refresh(AS_OF - 40 * 86_400, RefreshScope::Full).await.unwrap();
    partly.refresh(AS_OF, RefreshScope::Touched(Touched::default())).await.unwrap();

    let mut fully = Warehouse::new(options()).unwrap();
    fully.open(tables).await.unwrap();
    fully.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    let (partly, fully) = (marts(&partly).await, marts(&fully).await);
    for name in ["sla_targets", "sla_compliance"] {
        let differing: Vec<_> = fully[name]
            .lines()
            .zip(partly[name].lines())
            .filter(|(full, part)| full != part)
            .take(3)
            .collect();
        assert!(differing.is_empty(), "{name}: {differing:#?}");
    }
}

/// Adds a thousand to what came in on the first day.
fn falsify_the_first_day(tables: &MemoryTables) {
    let batches = tables.get("backlog_daily").unwrap().into_iter().map(|batch| {
        let place = |name: &str| batch.schema_ref().index_of(name).unwrap();
        let days = batch.column(place("backlog_date")).as_primitive::<Date32Type>().clone();
        let first = days.values().iter().copied().min();
        let opened = batch.column(place("n_opened")).as_primitive::<Int64Type>();
        let falsified = days.values().iter().zip(opened.values());
        let falsified = falsified.map(|(day, n)| if Some(*day) == first { n + 1_000 } else { *n });
        let mut columns = batch.columns().to_vec();
        columns[place("n_opened")] = Arc::new(Int64Array::from_iter_values(falsified));
        RecordBatch::try_new(batch.schema(), columns).unwrap()
    });
    let batches: Vec<_> = batches.collect();
    tables.put("backlog_daily", batches[0].schema(), batches);
}

#[tokio::test]
async fn days_before_the_first_that_counts_otherwise_are_not_made_anew() {
    let tables = world::tables(150, None);
    let mut warehouse = Warehouse::new(options()).unwrap();
    warehouse.open(tables.clone()).await.unwrap();
    warehouse.refresh(AS_OF - 3_600, RefreshScope::Full).await.unwrap();
    falsify_the_first_day(&tables);
    let opened = "select max(n_opened) > 1000 as is_false from backlog_daily";
    warehouse.open(tables).await.unwrap();
    warehouse.refresh(AS_OF, RefreshScope::Touched(Touched { ticket_ids: [150].into() })).await.unwrap();
    assert_eq!(rows(&warehouse, opened).await, "true\n", "the first day stays as it was");
    // The oldest ticket counts on the first day, too, but does not count otherwise.
    warehouse.refresh(AS_OF, RefreshScope::Touched(Touched { ticket_ids: [1].into() })).await.unwrap();
    assert_eq!(rows(&warehouse, opened).await, "true\n");
    warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    assert_eq!(rows(&warehouse, opened).await, "false\n");
}

/// A further target of the first ticket, put on at this instant.
fn target_at(tables: &MemoryTables, seconds: i64) -> RecordBatch {
    let events = tables.get("ticket_metric_events").unwrap().remove(0);
    let types = events.column_by_name("type").unwrap().as_string::<i32>().clone();
    let target = types.iter().position(|kind| kind == Some("apply_sla")).unwrap();
    let target = events.slice(target, 1);
    let mut columns = target.columns().to_vec();
    let place = |name: &str| target.schema_ref().index_of(name).unwrap();
    columns[place("metric_event_id")] = Arc::new(Int64Array::from(vec![i64::MAX]));
    let at = TimestampMicrosecondArray::from(vec![seconds * 1_000_000]);
    columns[place("occurred_at")] = Arc::new(at.with_timezone("UTC"));
    RecordBatch::try_new(target.schema(), columns).unwrap()
}

#[tokio::test]
async fn what_was_collected_before_the_watermark_reached_it_is_told_when_it_does() {
    let tables = world::tables(20, None);
    let mut events = tables.get("ticket_metric_events").unwrap();
    events.push(target_at(&tables, AS_OF - 1_800));
    tables.put("ticket_metric_events", TICKET_METRIC_EVENTS.schema(), events);
    let mut partly = Warehouse::new(options()).unwrap();
    partly.open(tables.clone()).await.unwrap();
    partly.refresh(AS_OF - 3_600, RefreshScope::Full).await.unwrap();
    let solved = "select count(*) as n from ticket_metrics where ticket_id = 1 and is_solved";
    assert_eq!(rows(&partly, solved).await, "1\n", "nothing else makes the ticket anew");
    partly.refresh(AS_OF, RefreshScope::Touched(Touched::default())).await.unwrap();

    let mut fully = Warehouse::new(options()).unwrap();
    fully.open(tables).await.unwrap();
    fully.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    let (partly, fully) = (marts(&partly).await, marts(&fully).await);
    assert_eq!(partly["sla_target_history"], fully["sla_target_history"]);
}

#[tokio::test]
async fn some_months_at_a_time_and_pieces_of_one_give_what_all_at_once_give() {
    let of_ten_months = world::tables(2000, None);
    let of_one = world::World { tickets: 20_000, later: None, unsolved_since: world::START };
    let of_one = world::part(1..=2000, of_one);
    for (tables, months) in [(of_ten_months, 10), (of_one, 1)] {
        let at_once = {
            let mut warehouse = Warehouse::new(options()).unwrap();
            warehouse.open(tables.clone()).await.unwrap();
            warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
            marts(&warehouse).await
        };
        // Room for 1,638 tickets at a time.
        let little = WarehouseOptions { memory_limit_bytes: 32 << 20, ..options() };
        let mut warehouse = Warehouse::new(little).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let lake = lake_in(&folder).connection("acme");
        fill(&lake, &tables).await;
        warehouse.open(lake).await.unwrap();
        let created = "select count(distinct created_month) as n from tickets";
        assert_eq!(rows(&warehouse, created).await, format!("{months}\n"));
        let report = warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
        let metrics = report.models.iter().find(|model| model.name == "ticket_metrics").unwrap();
        assert_eq!(metrics.rows, Some(2000));
        let in_parts = marts(&warehouse).await;
        for (name, rows) in &at_once {
            assert!(*rows == in_parts[name], "{name} of {months} months");
        }
    }
}

#[tokio::test]
async fn marts_in_the_lake_are_those_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder).connection("acme");
    let tables = world::tables(60, None);
    fill(&lake, &tables).await;
    let mut stored = Warehouse::new(options()).unwrap();
    stored.open(lake.clone()).await.unwrap();
    stored.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    let version = async || lake.table("ticket_metrics").await.unwrap().unwrap().version();
    let touch = async || {
        let touched = Touched { ticket_ids: [1].into() };
        stored.refresh(AS_OF, RefreshScope::Touched(touched)).await.unwrap();
    };
    let first = version().await;
    touch().await;
    assert_eq!(
        version().await,
        first,
        "the same rows are not written again: what moves on lies apart already"
    );

    let mut held = Warehouse::new(options()).unwrap();
    held.open(tables).await.unwrap();
    held.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    let (stored, held) = (marts(&stored).await, marts(&held).await);
    for (name, rows) in &held {
        assert_eq!(rows, &stored[name], "{name}");
    }
}

#[tokio::test]
async fn columns_that_are_younger_than_a_table_are_null() {
    let tables = world::tables(30, None);
    let indices: Vec<usize> =
        (0..TICKETS.columns.len()).filter(|index| TICKETS.columns[*index].name != "support_type").collect();
    let older = tables.get("tickets").unwrap().iter().map(|batch| batch.project(&indices).unwrap()).collect();
    tables.put("tickets", Arc::new(TICKETS.schema().project(&indices).unwrap()), older);
    let mut warehouse = Warehouse::new(options()).unwrap();
    warehouse.open(tables).await.unwrap();
    let counted = "select count(*) as n, count(support_type) as told, max(ticket_id) as newest from tickets";
    assert_eq!(rows(&warehouse, counted).await, "30 0 30\n");
    warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    assert_eq!(rows(&warehouse, "select count(*) as n from ticket_metrics").await, "30\n");
}

//! A mart whose columns change between two publishes, and marts that come and go.

use arrow::datatypes::DataType;
use deskmeter_publisher::{Error, Replaced, publish};

use crate::desk::{Desk, later, options, read, schema};
use crate::server::database;

/// Names and types of the columns of the mart of days, and its key.
const COLUMNS: &str = "\
    select column_name, data_type from information_schema.columns \
    where table_schema = 'deskmeter_acme' and table_name = 'case_days' order by 1";
const KEY: &str = "\
    select pg_get_constraintdef(oid) from pg_constraint \
    where conrelid = 'deskmeter_acme.case_days'::regclass and contype = 'p'";

const CHANGED_TOML: &str = r#"
about = "Days, otherwise."
grain = "one row per day"
key = ["created_date"]
columns = [
    { name = "created_date", about = "The day, as text." },
    { name = "tickets", about = "Tickets of the day." },
    { name = "open_tickets", about = "Open ones." },
    { name = "version", about = "Number of the publish." },
]
"#;

fn put_changed(desk: &Desk) {
    desk.describe("case_days", CHANGED_TOML);
    let columns = schema(&[
        ("created_date", DataType::Utf8),
        ("tickets", DataType::Float64),
        ("open_tickets", DataType::Int64),
        ("version", DataType::Int64),
    ]);
    let rows = ["a", "b"]
        .map(|day| format!(r#"{{"created_date":"{day}","tickets":1.5,"open_tickets":1,"version":2}}"#));
    desk.tables.put("case_days", columns.clone(), vec![read(&columns, rows)]);
}

#[tokio::test]
async fn columns_come_go_and_change_their_type() {
    let Some(database) = database("columns_come_go_and_change_their_type") else { return };
    let (desk, url) = (Desk::new(30), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    assert_eq!(database.psql(COLUMNS), "created_date|date\ngroup_id|bigint\ntickets|bigint\nversion|bigint");
    assert_eq!(database.psql(KEY), "", "a key column may be NULL");
    put_changed(&desk);
    let report = publish(&desk.warehouse().await, &url, &later()).await.unwrap();
    let replaced = |name: &str| report.tables.iter().find(|table| table.name == name).unwrap().replaced;
    assert_eq!((replaced("case_days"), replaced("case_tickets")), (Replaced::Whole, Replaced::Nothing));
    assert_eq!(
        database.psql(COLUMNS),
        "created_date|text\nopen_tickets|bigint\ntickets|double precision\nversion|bigint"
    );
    assert_eq!(database.psql(KEY), "PRIMARY KEY (created_date)");
    let rows = "select created_date, tickets, open_tickets from deskmeter_acme.case_days order by 1";
    assert_eq!(database.psql(rows), "a|1.5|1\nb|1.5|1");
    assert_eq!(
        database.psql("select obj_description('deskmeter_acme.case_days'::regclass)"),
        "Days, otherwise.\nOne row: one row per day"
    );
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
}

#[tokio::test]
async fn a_view_on_a_lost_column_stops_the_publish_and_says_so() {
    let Some(database) = database("a_view_on_a_lost_column_stops_the_publish") else { return };
    let (desk, url) = (Desk::new(30), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    database.psql(
        "create schema analysts; create view analysts.busy as select group_id from deskmeter_acme.case_days",
    );
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    put_changed(&desk);
    let error = publish(&desk.warehouse().await, &url, &options()).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error:?}");
    assert_eq!(database.psql("select count(*) from analysts.busy"), "28");
    database.psql("drop view analysts.busy");
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
}

#[tokio::test]
async fn a_mart_that_is_no_more_is_dropped_and_one_not_made_yet_is_kept() {
    let Some(database) = database("a_mart_that_is_no_more_is_dropped") else { return };
    let (desk, url) = (Desk::new(30), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    desk.forget("case_days");
    let report = publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    assert_eq!(report.dropped, ["case_days"]);
    assert_eq!(database.psql("select to_regclass('deskmeter_acme.case_days') is null"), "t");
    let empty = Desk { tables: deskmeter_warehouse::MemoryTables::default(), ..desk };
    let report = publish(&empty.warehouse().await, &url, &options()).await.unwrap();
    assert!(report.missing.contains(&"case_tickets".to_owned()), "{:?}", report.missing);
    assert_eq!(database.psql("select count(*) from deskmeter_acme.case_tickets"), "30");
}

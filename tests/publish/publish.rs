//! What a publish leaves in the database, and what readers see meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deskmeter_publisher::{Error, PublishOptions, PublishReport, Replaced, publish, unpublish};
use deskmeter_warehouse::{MemoryTables, RefreshScope, Store, Warehouse, WarehouseOptions};
use tokio_postgres::{Client, NoTls};

use crate::desk::{AS_OF, Desk, later, options, ticket};
use crate::server::{Database, database};

/// Every row of the mart of tickets, and of days, as text.
const ROWS: &str = "select t::text from deskmeter_acme.case_tickets t order by ticket_id; \
                    select d::text from deskmeter_acme.case_days d order by created_date";

#[tokio::test]
async fn publishes_every_row_with_its_type() {
    let Some(database) = database("publishes_every_row_with_its_type") else { return };
    let desk = Desk::new(6);
    let report = publish(&desk.warehouse().await, &database.url(), &options()).await.unwrap();
    let rows: Vec<(&str, u64)> =
        report.tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    for expected in [("case_tickets", 6), ("case_days", 28), ("agents", 2), ("groups", 2), ("schedules", 0)] {
        assert!(rows.contains(&expected), "{expected:?} in {rows:?}");
    }
    let read = "set timezone = 'UTC'; select * from deskmeter_acme.case_tickets order by ticket_id limit 2";
    assert_eq!(
        database.psql(read),
        "0|2026-08||open||2026-08-01 12:34:56+00|2026-08-01||0|1\n\
         1|2026-09|360000000001|open|t|2026-09-02 12:34:56+00|2026-09-02|1|0.125|1"
    );
    assert_eq!(database.psql("select sum(share) from deskmeter_acme.case_tickets"), "1.875");
    let agents = "select agent_key, role from deskmeter_acme.agents order by agent_key";
    assert_eq!(database.psql(agents), "aaaaaaaaaaaaaaaaaaaa|admin\nbbbbbbbbbbbbbbbbbbbb|agent");
    assert_eq!(database.psql("select * from deskmeter_acme.groups order by group_id"), "7|2\n42|");
    let as_of = "select distinct extract(epoch from as_of)::bigint from deskmeter_acme.deskmeter_published";
    assert_eq!(database.psql(as_of), AS_OF.to_string());
}

#[tokio::test]
async fn every_shipped_mart_can_be_published() {
    let Some(database) = database("every_shipped_mart_can_be_published") else { return };
    let mut warehouse = Warehouse::new(WarehouseOptions::default()).unwrap();
    warehouse.open(Store::Memory(MemoryTables::default())).await.unwrap();
    warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    let report = publish(&warehouse, &database.url(), &options()).await.unwrap();
    assert_eq!(report.missing, Vec::<String>::new());
    let published: BTreeSet<&str> = report.tables.iter().map(|table| table.name.as_str()).collect();
    for mart in warehouse.catalogue().marts() {
        assert!(published.contains(mart.name.as_str()), "{}", mart.name);
    }
    let undescribed = "select attrelid::regclass, attname from pg_attribute join pg_class on pg_class.oid = attrelid \
                       where relnamespace = 'deskmeter_acme'::regnamespace and relkind = 'r' and attnum > 0 \
                       and col_description(attrelid, attnum) is null";
    assert_eq!(database.psql(undescribed), "");
}

#[tokio::test]
async fn sends_the_touched_months_alone_and_ends_as_a_whole_publish_does() {
    let Some(database) = database("sends_the_touched_months_alone") else { return };
    let (desk, url) = (Desk::new(600), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    let others =
        "select xmin, ctid, ticket_id from deskmeter_acme.case_tickets where created_month <> '2026-09'";
    let (days, untouched) = ("select xmin, ctid from deskmeter_acme.case_days", database.psql(others));
    let days_before = database.psql(days);
    // September (every third ticket) changes, loses a ticket and gains one.
    let numbers = (0..600).filter(|number| *number != 4).chain([601]);
    desk.put_tickets(numbers.map(|number| ticket(number, if number % 3 == 1 { 2 } else { 1 })));
    let warehouse = desk.warehouse().await;
    let report = publish(&warehouse, &url, &later()).await.unwrap();
    assert_eq!(sent(&report, "case_tickets"), (Replaced::Months(1), 200));
    assert_eq!(sent(&report, "case_days"), (Replaced::Nothing, 0));
    assert!(database.psql(others) == untouched, "rows of other months were written again");
    assert_eq!(database.psql(days), days_before);
    let by_months = database.psql(ROWS);
    unpublish(&url, "acme", "deskmeter_acme").await.unwrap();
    publish(&warehouse, &url, &later()).await.unwrap();
    assert!(database.psql(ROWS) == by_months, "the rows differ");
    assert_eq!(by_months.lines().count(), 600 + 28);
}

#[tokio::test]
async fn sends_what_changed_since_the_last_publish_however_many_were_missed() {
    let Some(database) = database("sends_what_changed_since_the_last_publish") else { return };
    let (desk, url) = (Desk::new(30), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    // Two months change, one after the other, and the publish between them never ran.
    desk.put_tickets((0..30).map(|number| ticket(number, if number % 3 == 1 { 2 } else { 1 })));
    desk.put_tickets((0..30).map(|number| ticket(number, if number % 3 == 0 { 1 } else { 2 })));
    let report = publish(&desk.warehouse().await, &url, &later()).await.unwrap();
    assert_eq!(sent(&report, "case_tickets"), (Replaced::Months(2), 20));
    let versions = "select created_month, min(version), max(version) from deskmeter_acme.case_tickets \
                    group by created_month order by created_month";
    assert_eq!(database.psql(versions), "2026-08|1|1\n2026-09|2|2\n2026-10|2|2");
    let report = publish(&desk.warehouse().await, &url, &later()).await.unwrap();
    assert_eq!(sent(&report, "case_tickets"), (Replaced::Nothing, 0));
    assert_eq!(database.psql("select count(*) from deskmeter_acme.case_tickets"), "30");
}

#[tokio::test]
async fn sends_everything_where_an_older_version_published() {
    let Some(database) = database("sends_everything_where_an_older_version_published") else { return };
    let (desk, url) = (Desk::new(30), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    database.psql("alter table deskmeter_acme.deskmeter_published drop column parts");
    desk.put_version(30, 2);
    let report = publish(&desk.warehouse().await, &url, &later()).await.unwrap();
    assert!(report.tables.iter().all(|table| table.replaced == Replaced::Whole));
    assert_eq!(database.psql("select distinct version from deskmeter_acme.case_tickets"), "2");
}

#[tokio::test]
async fn sends_everything_when_smaller_groups_are_left_out() {
    let Some(database) = database("sends_everything_when_smaller_groups_are_left_out") else { return };
    let (desk, url) = (Desk::new(30), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    let days = "select count(*) from deskmeter_acme.case_days";
    assert_eq!(database.psql(days), "28");
    let options = PublishOptions { group_min: 31, ..options() };
    publish(&desk.warehouse().await, &url, &options).await.unwrap();
    assert_eq!(database.psql(days), "0", "every day has 30 tickets");
}

/// What was done to a table, and rows sent.
fn sent(report: &PublishReport, name: &str) -> (Replaced, u64) {
    let table = report.tables.iter().find(|table| table.name == name).unwrap();
    (table.replaced, table.rows)
}

#[tokio::test]
async fn an_open_reader_keeps_the_former_publish_and_does_not_hold_up_the_next() {
    let Some(database) = database("an_open_reader_keeps_the_former_publish") else { return };
    let (desk, url) = (Desk::new(300), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    let (reader, connection) = connect(&database).await;
    reader.batch_execute("begin isolation level repeatable read").await.unwrap();
    assert_eq!(versions(&reader, "case_tickets").await, [(1, 300)]);
    desk.put_version(500, 2);
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    assert_eq!(versions(&reader, "case_days").await, [(1, 28)], "a table not looked at before");
    assert_eq!(versions(&reader, "case_tickets").await, [(1, 300)]);
    reader.batch_execute("commit").await.unwrap();
    assert_eq!(versions(&reader, "case_tickets").await, [(2, 500)]);
    drop(reader);
    connection.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_ever_sees_half_a_publish() {
    let Some(database) = database("no_reader_ever_sees_half_a_publish") else { return };
    let (desk, url) = (Desk::new(1001), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    let (reader, connection) = connect(&database).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&is_done);
    let reading = tokio::spawn(async move {
        let mut seen = BTreeSet::new();
        while !stop.load(Ordering::Relaxed) {
            // One statement, in the default isolation: what a dashboard does.
            let both = "select min(t.version), max(t.version), count(*), \
                        (select min(version) + max(version) from deskmeter_acme.case_days) \
                        from deskmeter_acme.case_tickets t";
            let row = reader.query_one(both, &[]).await.unwrap();
            let (least, greatest, count, days): (i64, i64, i64, i64) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            assert_eq!((least, 1000 + least, 2 * least), (greatest, count, days));
            seen.insert(least);
        }
        seen
    });
    for version in 2..=8 {
        desk.put_version(1000 + version, version);
        publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    }
    is_done.store(true, Ordering::Relaxed);
    let seen = reading.await.unwrap();
    connection.await.unwrap();
    assert!(seen.len() > 1, "the reader read while publishes ran: {seen:?}");
}

#[tokio::test]
async fn a_publish_that_fails_changes_nothing() {
    let Some(database) = database("a_publish_that_fails_changes_nothing") else { return };
    let (desk, url) = (Desk::new(30), database.url());
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    let before = database.psql(ROWS);
    desk.put_version(30, 2);
    desk.put_tickets([ticket(1, 2), ticket(7, 2), ticket(7, 2)].into_iter());
    let error = publish(&desk.warehouse().await, &url, &options()).await.unwrap_err();
    assert!(matches!(error, Error::DuplicateKey { .. }), "{error:?}");
    assert_eq!(database.psql(ROWS), before);
}

#[tokio::test]
async fn one_publish_of_a_schema_at_a_time() {
    let Some(database) = database("one_publish_of_a_schema_at_a_time") else { return };
    let desk = Desk::new(3);
    let (other, connection) = connect(&database).await;
    let lock = "begin; select pg_advisory_xact_lock(hashtextextended('deskmeter deskmeter_acme', 0))";
    other.batch_execute(lock).await.unwrap();
    let error = publish(&desk.warehouse().await, &database.url(), &options()).await.unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    other.batch_execute("commit").await.unwrap();
    publish(&desk.warehouse().await, &database.url(), &options()).await.unwrap();
    drop(other);
    connection.await.unwrap();
}

#[tokio::test]
async fn the_reader_role_reads_and_nothing_else() {
    let Some(database) = database("the_reader_role_reads_and_nothing_else") else { return };
    let (desk, url) = (Desk::new(30), database.url());
    let role = format!("{}_reader", database.name);
    let options = PublishOptions { reader_role: Some(role.clone()), ..options() };
    publish(&desk.warehouse().await, &url, &options).await.unwrap();
    publish(&desk.warehouse().await, &url, &options).await.unwrap();
    database.server.admin(&format!("alter role {role} login password '{}'", crate::server::PASSWORD));
    let reader = database.server.url(&role, &database.name);
    let count = "select count(*) from deskmeter_acme.case_tickets";
    assert_eq!(database.server.psql(&reader, count), "30");
    let may = |right: &str| {
        let may = format!(
            "select bool_or(has_table_privilege('{role}', oid, '{right}')) from pg_class \
                           where relnamespace = 'deskmeter_acme'::regnamespace and relkind = 'r'"
        );
        database.psql(&may)
    };
    assert_eq!(
        (may("select"), may("insert,update,delete,truncate,references,trigger")),
        ("t".into(), "f".into())
    );
    assert_eq!(
        database.psql(&format!("select has_schema_privilege('{role}', 'deskmeter_acme', 'create')")),
        "f"
    );
    let left = unpublish(&url, "acme", "deskmeter_acme").await.unwrap();
    assert_eq!(left.left, Vec::<String>::new());
    assert_eq!(database.psql(&format!("select count(*) from pg_roles where rolname = '{role}'")), "0");
}

/// Rows by version, as a reader sees them.
async fn versions(reader: &Client, table: &str) -> Vec<(i64, i64)> {
    let count =
        format!("select version, count(*) from deskmeter_acme.{table} group by version order by version");
    reader.query(&count, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn connect(database: &Database) -> (Client, tokio::task::JoinHandle<()>) {
    let (client, connection) = tokio_postgres::connect(&database.url_text(), NoTls).await.unwrap();
    (client, tokio::spawn(async move { connection.await.unwrap() }))
}

use deskmeter_warehouse::{Error, MemoryTables, RefreshScope, Warehouse, WarehouseOptions};

use crate::case_file::rows;

async fn warehouse() -> Warehouse {
    let mut warehouse = Warehouse::new(WarehouseOptions::default()).unwrap();
    warehouse.open(MemoryTables::default()).await.unwrap();
    warehouse
}

async fn error(warehouse: &Warehouse, sql: &str) -> Error {
    match warehouse.query(sql).await {
        Ok(_) => panic!("answered: {sql}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn whatever_does_more_than_read_is_refused() {
    let warehouse = warehouse().await;
    for sql in [
        "create table t as select 1",
        "create view v as select 1",
        "create external table t stored as csv location '/etc/passwd'",
        "copy (select 1) to '/tmp/out.csv'",
        "insert into tickets select * from tickets",
        "update tickets set status = 'new'",
        "delete from tickets",
        "drop table tickets",
        "truncate table tickets",
        "set datafusion.execution.target_partitions = 1",
        "reset datafusion.execution.target_partitions",
        "prepare p as select 1",
        "begin",
        "explain insert into tickets select * from tickets",
        "explain analyze copy (select 1) to '/tmp/out.csv'",
        "with x as (select 1) insert into tickets select * from tickets",
    ] {
        let error = error(&warehouse, sql).await;
        assert!(matches!(error, Error::ReadOnly(_)), "{sql}: {error:?}");
    }
    let two = error(&warehouse, "select 1; drop table tickets").await;
    assert!(matches!(two, Error::Query(_)), "{two:?}");
}

#[tokio::test]
async fn files_are_no_tables() {
    let warehouse = warehouse().await;
    for sql in
        ["select * from '/etc/passwd'", "select * from 'x.parquet'", "select * from read_csv('/etc/passwd')"]
    {
        let error = error(&warehouse, sql).await;
        assert!(matches!(error, Error::UnknownTable { .. } | Error::Query(_)), "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn an_unknown_name_suggests_the_nearest() {
    let warehouse = warehouse().await;
    let table = error(&warehouse, "select * from tickts").await;
    assert_eq!(table.to_string(), "find table tickts: did you mean tickets?");
    let column = error(&warehouse, "select ticket_idd from tickets").await;
    assert_eq!(column.to_string(), "find column ticket_idd: did you mean ticket_id?");
}

#[tokio::test]
async fn reading_statements_are_answered_over_empty_tables_too() {
    let warehouse = warehouse().await;
    warehouse.refresh(1_800_000_000, RefreshScope::Full).await.unwrap();
    for sql in [
        "select count(*) from ticket_metrics",
        "with t as (select * from tickets) select count(*) from t",
        "select count(*) from stg_zendesk__ticket_events",
        "explain select * from tickets",
        "show tables",
        "describe tickets",
        "show columns from ticket_metrics",
        "select table_name from information_schema.tables",
    ] {
        assert!(!rows(&warehouse, sql).await.is_empty(), "{sql}");
    }
}

/// The engine's parser lets `is distinct from` take `and` and what follows: a number that is silently wrong.
#[tokio::test]
async fn a_comparison_that_the_engine_would_misread_is_refused_until_it_has_parentheses() {
    let warehouse = warehouse().await;
    let values = "from (values (true, false)) as v(a, b)";
    for sql in [
        format!("select a is distinct from false and b {values}"),
        format!("select count(*) filter (where a is not distinct from true or b) {values}"),
        format!("explain select a is distinct from false and b {values}"),
    ] {
        let error = error(&warehouse, &sql).await;
        assert!(matches!(&error, Error::Query(_)), "{sql}: {error:?}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("into parentheses"), "{source}");
    }
    let right = format!("select (a is distinct from false) and b, b and a is distinct from false {values}");
    assert_eq!(rows(&warehouse, &right).await, "false false\n");
}

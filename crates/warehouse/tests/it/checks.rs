use std::fs;
use std::path::Path;

use deskmeter_warehouse::{RefreshScope, Store, Touched, Warehouse, WarehouseOptions};

use crate::case_file::{fill, lake_in, rows};
use crate::world;

const AS_OF: i64 = world::START + 310 * 86_400;

/// A mart of the operator's with one check of its own.
fn own(folder: &Path, severity: &str, check: &str) -> WarehouseOptions {
    let marts = folder.join("marts");
    fs::create_dir_all(&marts).unwrap();
    fs::write(marts.join("own.sql"), "select count(*) as n from ticket_metrics").unwrap();
    let toml = format!(
        "about = \"Own.\"\ngrain = \"one row\"\n[[columns]]\nname = \"n\"\nabout = \"Tickets.\"\n\
         [[checks]]\nname = \"holds\"\nseverity = \"{severity}\"\nsql = \"{check}\"\n"
    );
    fs::write(marts.join("own.toml"), toml).unwrap();
    WarehouseOptions { models_dir: Some(folder.to_owned()), ..WarehouseOptions::default() }
}

async fn open(options: WarehouseOptions, store: impl Into<Store>) -> Warehouse {
    let mut warehouse = Warehouse::new(options).unwrap();
    warehouse.open(store).await.unwrap();
    warehouse
}

/// While a check fails readers see the former marts, all of them; when it holds again they see the new ones.
async fn check(store: impl Into<Store>) {
    let store = store.into();
    let folder = tempfile::tempdir().unwrap();
    let count = "select count(*), max(as_of) from ticket_metrics";
    let outcome = "select outcome, n_violations, is_published from data_checks where check_name = 'holds'";

    let good = open(own(folder.path(), "fail", "select n from own where n > 60"), store.clone()).await;
    assert!(good.refresh(AS_OF, RefreshScope::Full).await.unwrap().is_published);
    let former = rows(&good, count).await;
    assert_eq!(rows(&good, outcome).await, "passed 0 true\n");

    let bad = open(own(folder.path(), "fail", "select n from own"), store.clone()).await;
    for scope in [RefreshScope::Full, RefreshScope::Touched(Touched::default())] {
        let report = bad.refresh(AS_OF + 60, scope).await.unwrap();
        assert!(report.has_failed() && !report.is_published);
        assert_eq!(rows(&bad, count).await, former);
        assert_eq!(rows(&bad, outcome).await, "failed 1 false\n");
    }
    let told = open(own(folder.path(), "warn", "select n from own"), store).await;
    let report = told.refresh(AS_OF + 60, RefreshScope::Touched(Touched::default())).await.unwrap();
    assert!(!report.has_failed() && report.is_published);
    assert_ne!(rows(&told, count).await, former);
    assert_eq!(rows(&told, outcome).await, "warned 1 true\n");
}

#[tokio::test]
async fn a_failed_check_keeps_the_former_marts_in_memory() {
    check(world::tables(60, None)).await;
}

#[tokio::test]
async fn a_failed_check_keeps_the_former_marts_in_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder).connection("acme");
    fill(&lake, &world::tables(60, None)).await;
    check(lake).await;
}

#[tokio::test]
async fn an_operator_without_schedules_gets_unknown_business_times_and_a_warning_never_zeros() {
    let warehouse = open(WarehouseOptions::default(), world::tables(60, None)).await;
    let report = warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    let warned = "no schedule is configured: business times are NULL";
    assert!(report.warnings.iter().any(|warning| warning == warned), "{:?}", report.warnings);
    let mut n_columns = 0;
    for mart in warehouse.catalogue().marts() {
        let is_measured = |name: &str| {
            name.contains("_business") && !name.starts_with("is_") && !name.starts_with("zendesk_")
        };
        for column in mart.description.columns.iter().filter(|column| is_measured(&column.name)) {
            let known = rows(&warehouse, &format!("select count({}) from {}", column.name, mart.name)).await;
            assert_eq!(known, "0\n", "{}.{}", mart.name, column.name);
            n_columns += 1;
        }
    }
    assert!(n_columns >= 16, "{n_columns}");
    let due = "select count(*) from sla_targets where is_business_hours and due_at is not null";
    assert_eq!(rows(&warehouse, due).await, "0\n");
}

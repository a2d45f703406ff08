use deskmeter_warehouse::{Error, RefreshScope, Room, Warehouse, WarehouseOptions};
use futures::TryStreamExt as _;

use crate::case_file::{fill, lake_in, rows};
use crate::world;

const AS_OF: i64 = world::START + 310 * 86_400;
const BY_STATUS: &str = "select status, count(*) as n, min(created_at) as first from ticket_metrics \
                         where is_solved group by status order by status";

/// A lake with marts, and a warehouse over it.
async fn warehouse() -> (tempfile::TempDir, Warehouse) {
    let dir = tempfile::TempDir::new().unwrap();
    let lake = lake_in(&dir).connection("acme");
    fill(&lake, &world::tables(60, None)).await;
    let mut warehouse = Warehouse::new(WarehouseOptions::default()).unwrap();
    warehouse.open(lake).await.unwrap();
    warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    (dir, warehouse)
}

#[tokio::test]
async fn held_columns_answer_without_a_file_and_others_from_the_files() {
    let (dir, warehouse) = warehouse().await;
    let (before, priorities) =
        (rows(&warehouse, BY_STATUS).await, "select distinct priority from ticket_metrics");
    let about = [BY_STATUS.to_owned(), "select * from no_such_mart".to_owned()];
    warehouse.hold(&about, &Room::new(1 << 30)).await.unwrap();
    assert_eq!(rows(&warehouse, BY_STATUS).await, before);
    assert!(!rows(&warehouse, priorities).await.is_empty(), "a column that nobody held");
    let mart = dir.path().join("acme/ticket_metrics");
    std::fs::rename(&mart, dir.path().join("away")).unwrap();
    assert_eq!(rows(&warehouse, BY_STATUS).await, before);
    std::fs::rename(dir.path().join("away"), &mart).unwrap();
    assert_eq!(rows(&warehouse, "select count(*) from ticket_metrics").await, "60\n");
}

#[tokio::test]
async fn what_is_opened_for_some_questions_answers_them_and_no_others() {
    let (dir, _) = warehouse().await;
    let lake = lake_in(&dir);
    let mut warehouse = Warehouse::new(WarehouseOptions::default()).unwrap();
    let of_a_view = "select count(*) as n from stg_zendesk__tickets where created_at >= $from";
    warehouse.open_for(lake.connection("acme"), [BY_STATUS, of_a_view]).await.unwrap();
    assert!(!rows(&warehouse, BY_STATUS).await.is_empty());
    assert_eq!(rows(&warehouse, "select count(*) from stg_zendesk__tickets").await, "60\n");
    for other in ["sla_targets", "ticket_events", "stg_zendesk__ticket_events"] {
        let refused = warehouse.query(&format!("select count(*) from {other}")).await.map(drop);
        assert!(matches!(refused, Err(Error::UnknownTable { .. })), "{other}: {refused:?}");
    }
    warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    assert!(warehouse.query("select count(*) from sla_targets").await.is_err(), "as before the refresh");
}

#[tokio::test]
async fn what_finds_no_room_is_read_from_its_files() {
    let (dir, warehouse) = warehouse().await;
    let before = rows(&warehouse, BY_STATUS).await;
    let room = Room::new(4 << 10);
    warehouse.hold(&[BY_STATUS.to_owned()], &room).await.unwrap();
    assert_eq!(rows(&warehouse, BY_STATUS).await, before);
    std::fs::remove_dir_all(dir.path().join("acme/ticket_metrics")).unwrap();
    let stream = warehouse.query(BY_STATUS).await.unwrap();
    assert!(stream.try_collect::<Vec<_>>().await.is_err(), "nothing is held");
}

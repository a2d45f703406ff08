//! Rows that cannot be stored: a few are counted, too many end the run before their page is committed.

use std::fmt::Write as _;

use deskmeter_pipeline::ErrorKind;
use deskmeter_simulator::World;

use crate::support::{Desk, END, told};

/// 1,200 tickets in two pages, of which these were never created.
fn account(bad: std::ops::Range<usize>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let users = r#"{"users":[{"id":1,"role":"admin","updated_at":"2026-01-01T00:00:00Z"}]}"#;
    std::fs::write(folder.path().join("users.json"), users).unwrap();
    let mut tickets = String::new();
    for id in 1..=1_200 {
        let created = if bad.contains(&id) { "null" } else { "\"2026-01-01T00:00:00Z\"" };
        let comma = if id == 1 { "" } else { "," };
        let at = END - 86_400 + id as i64;
        write!(
            tickets,
            "{comma}{{\"id\":{id},\"status\":\"open\",\"created_at\":{created},\
             \"updated_at\":\"2026-10-31T00:00:00Z\",\"generated_timestamp\":{at}}}"
        )
        .unwrap();
    }
    std::fs::write(folder.path().join("tickets.json"), format!("{{\"tickets\":[{tickets}]}}")).unwrap();
    World::load(folder.path()).unwrap()
}

const STORED: &str = "select count(*) from tickets";

#[tokio::test]
async fn a_few_bad_rows_are_counted_and_the_others_stored() {
    let desk = Desk::new(account(1..6), |_| {}).await.connected().await;
    let report = desk.sync().await.unwrap();
    let tickets = &report.streams["tickets"];
    assert_eq!((tickets.rows_read, tickets.rows_rejected), (1_200, 5));
    assert_eq!(desk.number(STORED).await, 1_195);
}

#[tokio::test]
async fn too_many_bad_rows_end_the_run_with_exit_code_7_and_nothing_of_their_page_is_committed() {
    for (bad, stored) in [(1..101, 0), (1_050..1_150, 1_000)] {
        let desk = Desk::new(account(bad.clone()), |_| {}).await.connected().await;
        let error = desk.sync().await.unwrap_err();
        assert_eq!((error.kind(), error.kind().exit_code()), (ErrorKind::DataCheck, 7));
        assert!(told(&error).contains("tickets"), "{}", told(&error));
        assert_eq!(desk.number(STORED).await, stored, "{bad:?}");
        assert!(desk.status().await.streams["tickets"].capability.starts_with("failing"));
    }
}

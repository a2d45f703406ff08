//! Rows that cannot be stored: a few are counted, too many end the run before their page is committed.

use deskmeter_pipeline::ErrorKind;
use deskmeter_simulator::World;

use crate::support::{CREATED_AT, Desk, END, account_of, ticket, told};

/// 1,200 tickets in two pages, of which these were never created.
fn account(bad: std::ops::Range<usize>) -> World {
    let created_at = |id| if bad.contains(&id) { "null" } else { CREATED_AT };
    account_of((1..=1_200).map(|id| ticket(id, created_at(id), END - 86_400 + id as i64)))
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

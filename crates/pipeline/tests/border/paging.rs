//! Reading on when the server is odd: refused cursors, streams that stand still, the last minute, one stream that fails.

use std::sync::Arc;

use deskmeter_pipeline::{ErrorKind, Observer};
use deskmeter_simulator::{Options, World, WorldOptions};

use crate::support::{CREATED_AT, Desk, END, Watcher, account_of, ticket, told, world};

async fn with_faults(tickets: u32, faults: &[&str]) -> Desk {
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let set = |options: &mut Options| options.faults = faults;
    let mut desk = Desk::new(world(tickets, 7), set).await;
    desk.more = "[sync]\nretries_max = 0\n".to_owned();
    desk.connected().await
}

const COUNTS: &str = "select (select count(*) from tickets) * 1000000 + (select count(*) from ticket_events)";

#[tokio::test]
async fn goes_on_by_time_when_a_cursor_is_refused_and_loses_and_doubles_nothing() {
    let plain = with_faults(1_200, &[]).await;
    plain.read().await.unwrap();
    // Every request by cursor is refused: the second page of tickets, and the first of the next run.
    let odd = with_faults(1_200, &["cursor-refused"]).await;
    odd.read().await.unwrap();
    odd.read().await.unwrap();
    assert_eq!(odd.number(COUNTS).await, plain.number(COUNTS).await);
    assert_eq!(odd.number("select count(distinct ticket_id) from tickets").await, 1_200);
}

/// An account whose 1,300 tickets were all updated within so many seconds: more than a page, within the overlap.
fn busy_minute(seconds: usize) -> World {
    let updated = |id: usize| END - 86_400 + (id * seconds / 1_300) as i64;
    account_of((1..=1_300).map(|id| ticket(id, CREATED_AT, updated(id))))
}

async fn without_cursors(world: World) -> Desk {
    let faults = vec!["cursor-refused".parse().unwrap()];
    Desk::new(world, |options| options.faults = faults).await.connected().await
}

#[tokio::test]
async fn goes_on_by_time_through_a_minute_that_fills_more_than_a_page() {
    let desk = without_cursors(busy_minute(50)).await;
    desk.read().await.unwrap();
    assert_eq!(desk.number("select count(distinct ticket_id) from tickets").await, 1_300);
}

#[tokio::test]
async fn ends_where_a_second_fills_more_than_a_page_and_no_cursor_leads_on() {
    let desk = without_cursors(busy_minute(1)).await;
    let error = desk.sync().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Zendesk);
    assert!(told(&error).contains("cursor"), "{}", told(&error));
    assert!(desk.exports() < 20, "{} requests", desk.exports());
}

#[tokio::test]
async fn fails_loudly_where_a_stream_stands_still_and_reads_the_others_all_the_same() {
    let plain = with_faults(60, &[]).await;
    plain.read().await.unwrap();
    // The second export request is for organizations: its page ends where it began, and says that there is more.
    let odd = with_faults(60, &["duplicate-page@2"]).await;
    let error = odd.sync().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Zendesk);
    assert!(told(&error).contains("does not advance"), "{}", told(&error));
    let status = odd.status().await;
    assert!(status.streams["organizations"].capability.starts_with("failing"));
    assert_eq!(status.streams["tickets"].capability, "available");
    assert_eq!(odd.number(COUNTS).await, plain.number(COUNTS).await);
    assert_eq!(odd.number("select count(*) from ticket_metrics").await, 60, "the marts show what was read");

    odd.sync().await.unwrap();
    assert_eq!(odd.status().await.streams["organizations"].capability, "available");
}

#[tokio::test]
async fn keeps_the_pages_before_a_failure() {
    // Requests: users, organizations, two of tickets, then the events.
    let odd = with_faults(1_200, &["500@4", "500@5"]).await;
    odd.sync().await.unwrap_err();
    assert_eq!(odd.number("select count(*) from tickets").await, 1_000, "the first page is a checkpoint");
    let before = odd.exports();
    odd.read().await.unwrap();
    assert_eq!(odd.number("select count(*) from tickets").await, 1_200);
    let tickets = |request: &deskmeter_simulator::LoggedRequest| request.path.contains("tickets/cursor");
    let again = odd.simulator.requests().into_iter().filter(tickets).count();
    assert_eq!(again, 3, "the second run starts behind it; {before} requests before");
}

#[tokio::test]
async fn a_run_whose_clock_is_ahead_of_zendesks_ends_well() {
    let desk = with_faults(60, &[]).await;
    for _ in 0..2 {
        let watcher = Arc::new(Watcher::default());
        let ahead = desk.context_ahead(300).observed_by(Arc::clone(&watcher) as Arc<dyn Observer>);
        desk.read_as(&ahead, &watcher).await.unwrap();
    }
    assert_eq!(desk.number("select count(*) from tickets").await, 60);
}

#[tokio::test]
async fn rows_of_the_withheld_minute_come_with_the_next_run() {
    let world = || {
        let options = WorldOptions { tickets: 400, seed: 9, end: END, months: 1 };
        World::generate_live(&options, 10)
    };
    let often = Desk::new(world(), |_| {}).await.connected().await;
    // Each run ends in a minute that is withheld, in which others write.
    for step in 0..8 {
        often.set_clock(END + 86_400 + step * 3_000);
        often.read().await.unwrap();
    }
    often.set_clock(END + 3 * 86_400);
    often.read().await.unwrap();
    let once = Desk::new(world(), |_| {}).await;
    once.set_clock(END + 3 * 86_400);
    let once = once.connected().await;
    once.read().await.unwrap();
    let metric_events = "select count(*) from ticket_metric_events where not is_deleted";
    for sql in [COUNTS, metric_events, "select count(*) from agents"] {
        assert_eq!(often.number(sql).await, once.number(sql).await, "{sql}");
    }
}

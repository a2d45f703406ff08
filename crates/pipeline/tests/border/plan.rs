//! The plan against what a sync then really takes.

use std::sync::Arc;

use deskmeter_pipeline::{ErrorKind, Observer, plan, plan_unasked};
use deskmeter_simulator::{RateLimit, ScopeProfile};

use crate::support::{Desk, Watcher, world};

/// Most sample pages of a plan.
const PAGES_MAX: u64 = 20;

#[tokio::test]
async fn tells_within_a_factor_of_1_6_what_a_first_sync_takes_and_feeds_its_progress() {
    let desk = Desk::new(world(3_000, 11), |options| options.rate_limit = RateLimit::PerMinute(100_000))
        .await
        .connected()
        .await;
    let planned = plan(&desk.pipeline(), &desk.context()).await.unwrap();
    assert_eq!(planned.requests_made, desk.exports() as u64);
    assert!(planned.requests_made <= PAGES_MAX, "{}", planned.requests_made);
    assert_eq!((planned.exports_per_minute, planned.users_per_minute), (100_000, 100_000), "learned");
    assert_eq!(desk.files("lake"), 0, "nothing is stored");

    let watcher = Arc::new(Watcher::default());
    let context = desk.context().observed_by(Arc::clone(&watcher) as Arc<dyn Observer>);
    desk.read_as(&context, &watcher).await.unwrap();
    let (really, mut pages) = (watcher.pages(), 0);
    for stream in &planned.streams {
        let (rows, stream_pages) = really[stream.stream];
        pages += stream_pages;
        println!("{}: {:?} rows, really {rows}; {}", stream.stream, stream.rows, stream.how);
        let factor = rows as f64 / stream.rows.likely as f64;
        assert!((0.6..1.6).contains(&factor), "{}: {factor}", stream.stream);
        let range = stream.rows.low..=stream.rows.high;
        assert!(range.contains(&rows), "{}: {range:?} {rows}", stream.stream);
    }
    let factor = pages as f64 / planned.requests.likely as f64;
    println!("{:?} requests, really {pages}", planned.requests);
    assert!((0.7..1.4).contains(&factor), "requests: {factor}");
    let left = watcher.left.lock().unwrap().clone();
    assert!(left.len() as u64 >= pages / 2 && left.last() <= left.first(), "{left:?}");
}

#[tokio::test]
async fn tells_what_is_left_after_a_sync_with_one_page_a_stream() {
    let desk = Desk::new(world(200, 12), |_| {}).await.connected().await;
    let first = plan(&desk.pipeline(), &desk.context()).await.unwrap();
    let tickets = first.streams.iter().find(|stream| stream.stream == "tickets").unwrap();
    assert!(tickets.rows.is_exact() && tickets.rows.likely == 200, "{:?}", tickets.rows);
    desk.sync().await.unwrap();
    let next = plan(&desk.pipeline(), &desk.context()).await.unwrap();
    assert!(next.requests.is_exact() && next.requests.likely == 5, "{:?}", next.requests);
    assert!(next.requests_made <= 5);
}

#[tokio::test]
async fn counts_nothing_of_a_refused_stream_and_says_so() {
    let desk = Desk::new(world(30, 13), |options| options.scope_profile = ScopeProfile::Strict).await;
    let desk = desk.connected().await;
    let planned = plan(&desk.pipeline(), &desk.context()).await.unwrap();
    assert_eq!(planned.rows.high, 0);
    assert!(planned.streams.iter().all(|stream| stream.capability.contains("lacks the scope")));
}

#[tokio::test]
async fn tells_the_order_of_magnitude_before_there_is_a_connection() {
    let desk = Desk::new(world(2_000, 14), |_| {}).await;
    let error = plan(&desk.pipeline(), &desk.context()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    let planned = plan_unasked(&desk.pipeline(), &desk.context(), 2_000).unwrap();
    assert_eq!((planned.requests_made, desk.simulator.requests().len()), (0, 0));
    let desk = desk.connected().await;
    let read = desk.read().await.unwrap();
    for stream in &planned.streams {
        let (really, _) = read[stream.stream];
        println!("{}: {:?}, really {really}", stream.stream, stream.rows);
        assert!((stream.rows.low..=stream.rows.high).contains(&really), "{}", stream.stream);
    }
}

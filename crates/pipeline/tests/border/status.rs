//! What `status` tells: where the connection stands, how fresh it is, and why there is no data.

use deskmeter_connections::FailureCause;
use deskmeter_pipeline::{ErrorKind, NoData};
use deskmeter_simulator::{Options, ScopeProfile};

use crate::support::{Desk, END, told, world};

/// A connected desk whose first run is over, and its diagnosis.
async fn diagnosed(more: &str, change: impl FnOnce(&mut Options)) -> (Desk, Option<NoData>, String) {
    let mut desk = Desk::new(world(30, 1), change).await;
    desk.more = more.to_owned();
    let desk = desk.connected().await;
    let _ = desk.sync().await;
    let status = desk.status().await;
    (desk, status.no_data, status.next_step)
}

#[tokio::test]
async fn says_what_is_missing_where_the_scopes_open_the_plain_lists_only() {
    let (desk, no_data, next) = diagnosed("", |options| options.scope_profile = ScopeProfile::Strict).await;
    assert_eq!(no_data, None);
    assert!(next.contains("parity"), "{next}");
    let status = desk.status().await;
    assert!(status.streams["tickets"].newest.is_some() && status.streams["ticket_events"].newest.is_none());
    let untold: Vec<&str> = status.untold.iter().map(|untold| untold.mart.as_str()).collect();
    assert!(untold.contains(&"backlog") && untold.contains(&"ticket_metrics"), "{untold:?}");
}

#[tokio::test]
async fn says_that_there_is_no_data_because_an_admin_is_none_any_more() {
    let (desk, no_data, next) =
        diagnosed("", |options| options.faults = vec!["403-role".parse().unwrap()]).await;
    assert_eq!(no_data, Some(NoData::NotAdmin));
    assert!(next.contains("let an admin"), "{next}");
    assert!(desk.status().await.streams.values().all(|stream| stream.capability.contains("admin")));
}

#[tokio::test]
async fn says_that_there_is_no_data_because_the_account_is_empty() {
    let (desk, no_data, next) = diagnosed("[sync]\nstart_date = \"2026-11-01\"\n", |_| {}).await;
    assert_eq!(no_data, Some(NoData::EmptyAccount));
    assert!(next.contains("start_date"), "{next}");
    assert_eq!(desk.status().await.streams["tickets"].newest, None);
}

#[tokio::test]
async fn says_that_there_is_no_data_because_other_apps_use_the_limit_up() {
    let faults = vec!["429=1".parse().unwrap()];
    let (desk, no_data, next) =
        diagnosed("[sync]\nretries_max = 0\n", |options| options.faults = faults).await;
    assert_eq!(no_data, Some(NoData::RateLimited));
    assert!(next.contains("429"), "{next}");
    let run = desk.status().await.last_run.unwrap();
    assert_eq!((run.exit_code, run.cause), (4, Some(FailureCause::RateLimited)));
}

#[tokio::test]
async fn says_that_there_is_no_data_yet_because_the_first_run_is_under_way() {
    let faults = vec!["slow=300@1".parse().unwrap()];
    let desk = Desk::new(world(30, 1), |options| options.faults = faults).await.connected().await;
    assert_eq!(desk.status().await.no_data, Some(NoData::NotSynced));
    let watching = async {
        loop {
            let status = desk.status().await;
            if status.is_running {
                return status;
            }
            tokio::task::yield_now().await;
        }
    };
    let (synced, status) = tokio::join!(desk.sync(), watching);
    synced.unwrap();
    assert_eq!(status.no_data, Some(NoData::StillRunning));
    assert_eq!(desk.status().await.no_data, None);
}

#[tokio::test]
async fn warns_before_the_authorization_ends_and_tells_that_it_has() {
    let desk = Desk::new(world(30, 2), |_| {}).await;
    assert_eq!(desk.status().await.state, "never connected");
    let desk = desk.connected().await;
    desk.sync().await.unwrap();
    let status = desk.status().await;
    assert_eq!((status.state, status.next_step.as_str()), ("connected", "nothing to do"));
    assert_eq!(status.streams["tickets"].lag_seconds, Some(61), "complete until the withheld minute");

    desk.set_clock(desk.now() + 28 * 86_400);
    assert_eq!(desk.status().await.state, "expiring");
    desk.sync().await.unwrap();
    assert_eq!(desk.status().await.state, "connected", "a run renews it");

    desk.set_clock(desk.now() + 31 * 86_400);
    let status = desk.status().await;
    assert_eq!((status.state, status.cause), ("disconnected", Some("the refresh token ended unused")));
    assert_eq!(desk.sync().await.unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(desk.status().await.cause, Some("the refresh token ended unused"));
}

#[tokio::test]
async fn tells_a_revoked_authorization_in_mid_run_and_what_was_read_stays() {
    let faults = vec!["revoked@3".parse().unwrap()];
    let desk = Desk::new(world(30, 3), |options| options.faults = faults).await.connected().await;
    let error = desk.sync().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected, "{}", told(&error));
    let status = desk.status().await;
    assert_eq!((status.state, status.is_running), ("disconnected", false));
    assert!(status.cause.unwrap().contains("revoked"));
    assert!(status.streams["organizations"].newest.is_some());

    let desk = desk.connected().await;
    desk.sync().await.unwrap();
    assert_eq!(desk.number("select count(*) from ticket_metrics").await, 30);
    assert_eq!(desk.status().await.state, "connected");
    assert!(desk.now() > END);
}

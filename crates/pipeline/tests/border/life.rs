//! Two at once, killed in between, deleted while something else goes on.

use std::time::Duration;

use deskmeter_connections::Revocation;
use deskmeter_pipeline::{
    ErrorKind, SyncOptions, disconnect, last_receipt, purge, resume_deletion, sync, verify_receipt,
};
use deskmeter_simulator::{World, WorldOptions};

use crate::support::{Desk, END, OTHER_KEY, told, world};

async fn slow(tickets: u32, fault: &str) -> Desk {
    let faults = vec![fault.parse().unwrap()];
    Desk::new(world(tickets, 31), |options| options.faults = faults).await.connected().await
}

/// Returns when a run holds the lease.
async fn running(desk: &Desk) {
    while !desk.status().await.is_running {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_second_run_leaves_with_its_own_code_or_waits() {
    let desk = slow(30, "slow=300@1").await;
    let second = async {
        running(&desk).await;
        desk.sync().await.unwrap_err()
    };
    let (first, error) = tokio::join!(desk.sync(), second);
    first.unwrap();
    assert_eq!((error.kind(), error.kind().exit_code()), (ErrorKind::Leased, 6), "{}", told(&error));
    assert!(told(&error).contains("--wait-secs"), "{}", told(&error));

    let desk = slow(30, "slow=300@1").await;
    let (pipeline, context) = (desk.pipeline(), desk.context());
    let patient = SyncOptions { wait: Duration::from_mins(5), ..SyncOptions::default() };
    let second = async {
        running(&desk).await;
        sync(&pipeline, &context, &patient).await
    };
    let (first, second) = tokio::join!(desk.sync(), second);
    first.unwrap();
    assert_eq!(second.unwrap().rows_committed(), 0);
}

#[tokio::test]
async fn a_run_killed_before_the_marts_is_made_good_by_the_next() {
    let options = WorldOptions { tickets: 200, seed: 5, end: END, months: 1 };
    let desk = Desk::new(World::generate_live(&options, 30), |_| {}).await.connected().await;
    desk.sync().await.unwrap();
    desk.set_clock(END + 5 * 86_400);
    desk.read().await.unwrap();
    let stale = "select count(*) from tickets left join ticket_metrics using (ticket_id) \
                 where ticket_metrics.ticket_id is null";
    assert!(desk.number(stale).await > 0, "the rows are there, the marts are not");
    // The dead run's lease is over two minutes later, in which next to nothing was new.
    desk.set_clock(desk.now() - 10);
    assert_eq!(desk.sync().await.unwrap_err().kind(), ErrorKind::Leased);
    desk.set_clock(desk.now() + 10);
    desk.sync().await.unwrap();
    assert_eq!(desk.number(stale).await, 0);
}

/// A mart of the operator's own that holds its check, or does not.
fn own_mart(desk: &Desk, holds: bool) {
    let folder = desk.dir.path().join("models/marts");
    std::fs::create_dir_all(&folder).unwrap();
    let sql = "select count(*) as n_tickets from stg_zendesk__tickets\n";
    std::fs::write(folder.join("desk_size.sql"), sql).unwrap();
    let against = if holds { "< 0" } else { "> 0" };
    let toml = format!(
        "about = \"How large the desk is.\"\ngrain = \"all tickets\"\nkey = []\n\
         columns = [{{ name = \"n_tickets\", unit = \"tickets\", about = \"Tickets.\" }}]\n\
         [[checks]]\nname = \"the desk is small\"\nsql = \"select n_tickets from desk_size where n_tickets {against}\"\n"
    );
    std::fs::write(folder.join("desk_size.toml"), toml).unwrap();
}

#[tokio::test]
async fn a_run_without_a_new_row_makes_the_marts_anew_when_their_checks_failed_or_their_settings_changed() {
    let mut desk = Desk::new(world(20, 6), |_| {}).await.connected().await;
    assert!(desk.sync().await.unwrap().models_refreshed > 0);
    assert_eq!(desk.sync().await.unwrap().models_refreshed, 0, "nothing is new");

    desk.more = "[warehouse]\nmodels_dir = \"models\"\n".to_owned();
    own_mart(&desk, false);
    let full = SyncOptions { is_full_refresh: true, ..SyncOptions::default() };
    sync(&desk.pipeline(), &desk.context(), &full).await.unwrap_err();
    assert_eq!(desk.sync().await.unwrap_err().kind(), ErrorKind::DataCheck, "told until it is mended");
    own_mart(&desk, true);
    assert!(desk.sync().await.unwrap().models_refreshed > 0);
    assert_eq!(desk.number("select n_tickets from desk_size").await, 20);

    desk.more.push_str("[tiers]\n36000000000002 = 1\n");
    assert!(desk.sync().await.unwrap().models_refreshed > 0, "tiers decide what escalates");
    assert_eq!(desk.sync().await.unwrap().models_refreshed, 0);
}

#[tokio::test]
async fn disconnect_while_a_sync_runs_leaves_nothing_but_a_receipt_that_verifies() {
    let desk = slow(60, "slow=300@3").await;
    let (pipeline, context) = (desk.pipeline(), desk.context());
    let leaving = async {
        running(&desk).await;
        disconnect(&pipeline, &context).await.unwrap()
    };
    let (synced, report) = tokio::join!(desk.sync(), leaving);
    assert_eq!(synced.unwrap_err().kind(), ErrorKind::NotConnected);
    assert!(report.is_revoked && !report.keeps_old_versions);
    assert_eq!((desk.files("lake"), desk.files("state/connections")), (0, 0));
    assert_eq!(desk.status().await.state, "deleted");
    let receipt = verify_receipt(&report.receipt, &report.public_key).unwrap();
    assert_eq!(receipt.number, report.receipt_number);
    assert!(!String::from_utf8_lossy(&report.receipt).contains("ticket_id"));
    assert_eq!(purge(&pipeline, &context).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_disconnect_without_the_sealing_key_deletes_everything_and_says_that_the_access_stands() {
    let desk = Desk::new(world(30, 34), |_| {}).await.connected().await;
    desk.read().await.unwrap();
    disconnect(&desk.pipeline(), &desk.context()).await.unwrap();
    // The receipt of a life before is signed with the key that is lost now.
    desk.answer("allow").await.unwrap();
    desk.read().await.unwrap();
    desk.set("KEY", OTHER_KEY);
    let report = disconnect(&desk.pipeline(), &desk.context()).await.unwrap();
    assert!(!report.is_revoked && report.objects > 20);
    let left = report.left_at_zendesk.unwrap();
    assert!(left.contains("NOT revoked") && left.contains("OAuth clients"), "{left}");
    assert_eq!((desk.files("lake"), desk.files("state/connections")), (0, 0));
    assert_eq!(desk.status().await.state, "deleted");
    let receipt = verify_receipt(&report.receipt, &report.public_key).unwrap();
    assert_eq!((receipt.number, receipt.revocation), (2, Revocation::NotRevoked));
    let last = last_receipt(&desk.pipeline(), &desk.context()).await.unwrap().unwrap();
    assert_eq!((last.text, last.left_at_zendesk), (report.receipt, Some(left)));
}

#[tokio::test]
async fn a_disconnect_whose_token_goes_on_working_says_that_the_access_may_stand() {
    let faults = vec!["revoke-lies".parse().unwrap()];
    let desk = Desk::new(world(5, 35), |options| options.faults = faults).await.connected().await;
    let report = disconnect(&desk.pipeline(), &desk.context()).await.unwrap();
    assert!(report.left_at_zendesk.unwrap().contains("NOT proven"), "{report:?}");
    let receipt = verify_receipt(&report.receipt, &report.public_key).unwrap();
    assert_eq!(receipt.revocation, Revocation::NotProven);
}

#[tokio::test]
async fn a_deletion_that_cannot_finish_is_loud_when_overdue_and_done_by_whoever_comes_by() {
    let mut desk = Desk::new(world(30, 33), |_| {}).await.connected().await;
    desk.read().await.unwrap();
    // What was published cannot be taken back: the database is away.
    desk.set("DATABASE", "postgres://nobody@127.0.0.1:1/none");
    desk.more = "[publish]\nurl_env = \"DATABASE\"\n".to_owned();
    let error = disconnect(&desk.pipeline(), &desk.context()).await.unwrap_err();
    assert!(told(&error).contains("deskmeter purge"), "{}", told(&error));
    let status = desk.status().await;
    assert_eq!(
        (status.state, status.deletion.map(|deletion| deletion.is_overdue)),
        ("deleting", Some(false))
    );
    let refused = desk.answer("allow").await.unwrap_err();
    assert!(told(&refused).contains("still being deleted"), "{}", told(&refused));
    assert_eq!(desk.sync().await.unwrap_err().kind(), ErrorKind::NotConnected);

    desk.set_clock(desk.now() + 86_401);
    assert!(desk.status().await.deletion.unwrap().is_overdue);
    assert_eq!(desk.sync().await.unwrap_err().kind().exit_code(), 8);
    for tried in [purge(&desk.pipeline(), &desk.context()).await.map(Some), {
        resume_deletion(&desk.pipeline(), &desk.context()).await
    }] {
        assert_eq!(tried.unwrap_err().kind(), ErrorKind::DeletionOverdue);
    }

    desk.more.clear();
    let report = resume_deletion(&desk.pipeline(), &desk.context()).await.unwrap().unwrap();
    assert!(report.is_revoked && report.objects > 20);
    assert_eq!((desk.files("lake"), desk.status().await.state), (0, "deleted"));
    assert!(resume_deletion(&desk.pipeline(), &desk.context()).await.unwrap().is_none());
    assert!(!desk.answer("allow").await.unwrap().is_reconnected, "a new life, with new pseudonyms");
}

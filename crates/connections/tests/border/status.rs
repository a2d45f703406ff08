//! Status records and the history of runs.

use deskmeter_connections::{
    Capability, ConnectionName, DisconnectCause, FailureCause, RunHistory, RunOutcome, RunRecord, Status,
    StatusBoard, StatusRecord, StreamStatus,
};

use crate::support::{NOW, acme, prefix, record, stores};

fn run(number: u64) -> RunRecord {
    let started_at = NOW + number as i64;
    let outcome = if number.is_multiple_of(2) {
        RunOutcome::Succeeded
    } else {
        RunOutcome::Failed { exit_code: 4, cause: FailureCause::RateLimited }
    };
    RunRecord {
        id: number.to_string(),
        started_at,
        ended_at: NOW,
        outcome,
        rows: 7,
        requests: 3,
        bytes: 5,
        rejected: 2,
        throttled: 1,
    }
}

#[tokio::test]
async fn begins_as_never_connected_and_keeps_what_is_changed() {
    for (name, store, _dir) in stores() {
        let board = StatusBoard::new(store, prefix());
        assert_eq!(board.read(&acme()).await.unwrap().status, Status::NeverConnected, "{name}");
        let stream = StreamStatus {
            capability: Capability::MissingScope,
            complete_until: Some(NOW),
            newest: Some(NOW),
        };
        board
            .update(&acme(), |record| {
                record.status = Status::Connected;
                record.last_run = Some(run(1));
                record.streams.insert("ticket_events".into(), stream);
            })
            .await
            .unwrap();
        let record = board.read(&acme()).await.unwrap();
        assert_eq!((record.status, record.last_run), (Status::Connected, Some(run(1))), "{name}");
        assert_eq!(record.streams["ticket_events"], stream, "{name}");
        let other = ConnectionName::new("zeta").unwrap();
        board.update(&other, |_| {}).await.unwrap();
        assert_eq!(board.connections().await.unwrap(), [acme(), other], "{name}");
    }
}

#[tokio::test]
async fn loses_no_change_when_processes_change_it_at_once() {
    for (name, store, _dir) in stores() {
        let board = StatusBoard::new(store, prefix());
        let changes = (0..8).map(|number| {
            let board = board.clone();
            let stream =
                StreamStatus { capability: Capability::Available, complete_until: None, newest: None };
            let change = move |record: &mut deskmeter_connections::StatusRecord| {
                record.streams.insert(number.to_string(), stream);
            };
            tokio::spawn(async move { board.update(&acme(), change).await.map(|_| ()) })
        });
        for change in futures::future::join_all(changes).await {
            change.unwrap().unwrap();
        }
        assert_eq!(board.read(&acme()).await.unwrap().streams.len(), 8, "{name}");
    }
}

#[tokio::test]
async fn keeps_the_newest_runs_in_order() {
    for (name, store, _dir) in stores() {
        let history = RunHistory::new(store, prefix(), 5);
        for number in 0..9 {
            history.append(&acme(), &run(number)).await.unwrap();
        }
        let connection = acme();
        let newest = |limit| history.newest(&connection, limit);
        assert_eq!(newest(100).await.unwrap(), [8, 7, 6, 5, 4].map(run), "{name}");
        assert_eq!(newest(2).await.unwrap(), [8, 7].map(run), "{name}");
    }
}

#[test]
fn warns_three_days_before_the_authorization_ends_and_knows_when_it_has() {
    let end = record(1).authorization_ends_at().unwrap();
    let status =
        StatusRecord { status: Status::Connected, authorization_ends_at: Some(end), ..Default::default() };
    assert_eq!(status.status_at(end - 3 * 86_400 - 1), Status::Connected);
    assert_eq!(status.status_at(end - 3 * 86_400), Status::Expiring);
    assert_eq!(status.status_at(end), Status::Disconnected { cause: DisconnectCause::Expired, at: end });
    let endless = StatusRecord { authorization_ends_at: None, ..status.clone() };
    assert_eq!(endless.status_at(i64::MAX), Status::Connected);
    let deleting = StatusRecord { status: Status::Deleting, ..status };
    assert_eq!(deleting.status_at(end), Status::Deleting);
}

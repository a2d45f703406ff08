//! What a run leaves for `status` and the history.

use deskmeter_connections::{
    DisconnectCause, FailureCause, RunOutcome, RunRecord, Status, StatusRecord, StreamStatus,
};
use deskmeter_extractor::{Error as FetchError, ErrorKind as FetchErrorKind};

use super::report::Marts;
use super::{Run, SyncReport};
use crate::error::{Error, ErrorKind};
use crate::state::of_state;

/// Writes the run's outcome into status and history.
pub(super) async fn outcome(
    run: &Run<'_>,
    failure: Option<&Error>,
    report: &SyncReport,
) -> Result<(), Error> {
    let outcome = failure.map_or(RunOutcome::Succeeded, |error| RunOutcome::Failed {
        exit_code: error.kind().exit_code(),
        cause: cause(error),
    });
    let stats = run.client.stats();
    let record = RunRecord {
        id: run.id.to_string(),
        started_at: run.context.started_at.0,
        ended_at: run.context.now().0,
        outcome,
        rows: report.rows_committed(),
        requests: stats.requests,
        bytes: stats.bytes_uncompressed,
        rejected: report.streams.values().map(|stream| stream.rows_rejected).sum(),
        throttled: stats.rate_limited,
    };
    let board = run.state.board();
    let update = board.update(&run.state.connection, |status| {
        status.totals.add(&record);
        status.totals.retries += stats.retries;
        status.totals.waited_seconds += stats.waited_for_rate.as_secs();
        report.add_to(&mut status.totals);
        apply(status, &record, failure, report);
    });
    update.await.map_err(|error| of_state("write the status", error))?;
    let history = run.state.history();
    let appended = history.append(&run.state.connection, &record).await;
    appended.map_err(|error| of_state("write the run history", error))
}

fn apply(status: &mut StatusRecord, run: &RunRecord, failure: Option<&Error>, report: &SyncReport) {
    status.last_run = Some(run.clone());
    status.authorization_ends_at = report.authorization_ends_at;
    if failure.is_none() {
        status.planned_requests.clear();
    }
    match &report.marts {
        Marts::AsTheyWere => {}
        Marts::MadeBy(definition) => status.marts_made_by = Some(definition.clone()),
        Marts::Refused => status.marts_made_by = None,
    }
    let is_lost = failure.is_some_and(|error| error.kind() == ErrorKind::NotConnected);
    // A deletion that was asked for meanwhile is what counts.
    if !matches!(status.status, Status::Deleting | Status::Deleted) {
        if is_lost {
            let cause = report.disconnect_cause.unwrap_or(DisconnectCause::Revoked);
            status.status = Status::Disconnected { cause, at: run.ended_at };
        } else if failure.is_none() {
            status.status = Status::Connected;
        }
    }
    for (name, stream) in &report.streams {
        let before = status.streams.get(*name).copied();
        let stream = StreamStatus {
            capability: stream.capability,
            complete_until: stream.complete_until.or(before.and_then(|before| before.complete_until)),
            newest: stream.newest.max(before.and_then(|before| before.newest)),
        };
        status.streams.insert((*name).to_owned(), stream);
    }
}

/// What a failure comes down to, for whoever asks `status` later.
fn cause(error: &Error) -> FailureCause {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(fetch) = cause.downcast_ref::<FetchError>() {
            return match fetch.kind() {
                FetchErrorKind::RateLimited => FailureCause::RateLimited,
                FetchErrorKind::Unreachable | FetchErrorKind::WrongAddress => FailureCause::Unreachable,
                _ => FailureCause::Zendesk,
            };
        }
        source = cause.source();
    }
    match error.kind() {
        ErrorKind::Zendesk => FailureCause::Zendesk,
        ErrorKind::Storage => FailureCause::Storage,
        ErrorKind::DataCheck => FailureCause::DataCheck,
        _ => FailureCause::Other,
    }
}

//! How a connection stands, for people and for machines.

use std::collections::BTreeMap;

use deskmeter_connections::{
    Capability, DisconnectCause, FailureCause, RunOutcome, RunRecord, Status, StatusRecord, Totals,
};
use deskmeter_warehouse::{CheckSummary, Untold};
use deskmeter_zendesk::Stream;
use jiff::Timestamp;
use serde::Serialize;

use crate::error::Error;
use crate::open::{new_warehouse, open_lake, sealing_keys};
use crate::state::{State, of_state};
use crate::{Context, PipelineFile};

/// Everything that `status` shows. Times are RFC 3339, UTC.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionStatus {
    /// Name in the pipeline file.
    pub connection: String,
    /// `never connected`, `connected`, `expiring`, `disconnected`, `deleting`, `deleted`.
    pub state: &'static str,
    /// Why it is disconnected.
    pub cause: Option<&'static str>,
    /// Since when it is disconnected.
    pub since: Option<Timestamp>,
    /// When the authorization ends unless a run renews it.
    pub authorization_ends_at: Option<Timestamp>,
    /// When it was first made.
    pub connected_at: Option<Timestamp>,
    /// The last run that ended.
    pub last_run: Option<Run>,
    /// Whether a run is under way.
    pub is_running: bool,
    /// By stream.
    pub streams: BTreeMap<String, StreamState>,
    /// What the data checks of the last refresh found; none before the first, or when the lake cannot be read.
    pub checks: Option<CheckSummary>,
    /// What the marts cannot tell because a stream could not be read.
    pub untold: Vec<Untold>,
    /// Why no ticket is there, when none is.
    pub no_data: Option<NoData>,
    /// Until when a deletion must be done, and whether that is past.
    pub deletion: Option<DeletionState>,
    /// What all runs did together.
    pub totals: Totals,
    /// What to do next.
    pub next_step: String,
}

/// A run that ended.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// 0 when it succeeded, else the exit code of its failure.
    pub exit_code: u8,
    /// What its failure comes down to: `rate_limited`, `unreachable`, `zendesk`, `storage`, `data_check`, `other`.
    pub cause: Option<FailureCause>,
    /// Rows that were new or changed.
    pub rows: u64,
    /// Requests to Zendesk.
    pub requests: u64,
    /// Bytes received, decompressed.
    pub bytes: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// Answers of status 429.
    pub throttled: u64,
}

/// One stream.
#[derive(Debug, Clone, Serialize)]
pub struct StreamState {
    /// Whether it can be read, and if not, why.
    pub capability: &'static str,
    /// Everything up to then is in the lake; none while it holds no row.
    pub newest: Option<Timestamp>,
    /// How old that is, in seconds: the stream's freshness.
    pub lag_seconds: Option<i64>,
}

/// Why there is no data after connecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoData {
    /// The first run is under way.
    StillRunning,
    /// No run was started yet.
    NotSynced,
    /// The connection lacks the scope for tickets.
    ScopeMissing,
    /// The person who connected is no administrator.
    NotAdmin,
    /// The account's plan has no ticket export.
    NotOnPlan,
    /// Zendesk went on refusing with 429.
    RateLimited,
    /// The last run failed for another reason.
    Failed,
    /// The account has no tickets since the start date.
    EmptyAccount,
}

/// A deletion that is not done.
#[derive(Debug, Clone, Serialize)]
pub struct DeletionState {
    /// Until when it must be done.
    pub deadline: Timestamp,
    /// Whether that is past.
    pub is_overdue: bool,
}

impl ConnectionStatus {
    /// Whether a run could read.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, "connected" | "expiring")
    }
}

/// How the connection stands. Needs no sealing key.
pub async fn status(pipeline: &PipelineFile, context: &Context) -> Result<ConnectionStatus, Error> {
    let state = State::open(pipeline, context)?;
    let now = context.started_at.0;
    let record =
        state.board().read(&state.connection).await.map_err(|error| of_state("read the status", error))?;
    let holder = state
        .leases()
        .holder(&state.connection, now)
        .await
        .map_err(|error| of_state("read the lease", error))?;
    let deletion = match record.status {
        Status::Deleting => pending_deletion(pipeline, context, &state).await?,
        _ => None,
    };
    let mut status = describe(pipeline, &record, now, holder.is_some(), deletion);
    if let Some((checks, untold)) = refreshed(pipeline, context).await {
        (status.checks, status.untold) = (Some(checks), untold);
    }
    Ok(status)
}

/// What the last refresh left: what its checks found, and what the marts cannot tell. What is wrong with lake or file is
/// told by the commands that need it.
async fn refreshed(pipeline: &PipelineFile, context: &Context) -> Option<(CheckSummary, Vec<Untold>)> {
    let (lake, warehouse) = (open_lake(pipeline, context).ok()?, new_warehouse(pipeline).ok()?);
    let checks = warehouse.check_summary(lake.clone()).await.ok()??;
    Some((checks, warehouse.untold(lake).await.unwrap_or_default()))
}

/// The newest runs, newest first.
pub async fn runs(pipeline: &PipelineFile, context: &Context, limit: usize) -> Result<Vec<Run>, Error> {
    let state = State::open(pipeline, context)?;
    let newest = state.history().newest(&state.connection, limit).await;
    Ok(newest.map_err(|error| of_state("read the run history", error))?.into_iter().map(Run::of).collect())
}

/// The job's deadline can be told without its key; only a missing key keeps it from being looked up.
async fn pending_deletion(
    pipeline: &PipelineFile,
    context: &Context,
    state: &State,
) -> Result<Option<DeletionState>, Error> {
    let Ok(keys) = sealing_keys(pipeline, context) else { return Ok(None) };
    let pending = state.deletions(keys)?.pending(&state.connection).await;
    let job = pending.map_err(|error| of_state("read the deletion job", error))?;
    Ok(job.map(|job| DeletionState {
        deadline: time(job.deadline),
        is_overdue: job.is_overdue(context.started_at.0),
    }))
}

fn describe(
    pipeline: &PipelineFile,
    record: &StatusRecord,
    now: i64,
    is_running: bool,
    deletion: Option<DeletionState>,
) -> ConnectionStatus {
    let (state, cause, since) = match record.status_at(now) {
        Status::NeverConnected => ("never connected", None, None),
        Status::Connected => ("connected", None, None),
        Status::Expiring => ("expiring", None, None),
        Status::Disconnected { cause, at } => ("disconnected", Some(words(cause)), Some(time(at))),
        Status::Deleting => ("deleting", None, None),
        Status::Deleted => ("deleted", None, None),
        _ => ("unknown", None, None),
    };
    let streams = record.streams.iter().map(|(name, stream)| {
        let newest = stream.complete_until.filter(|_| stream.newest.is_some());
        let capability = capability(stream.capability);
        let lag_seconds = newest.map(|newest| now - newest);
        (name.clone(), StreamState { capability, newest: newest.map(time), lag_seconds })
    });
    let mut status = ConnectionStatus {
        connection: pipeline.connection.name.clone(),
        state,
        cause,
        since,
        authorization_ends_at: record.authorization_ends_at.map(time),
        connected_at: record.connected_at.map(time),
        streams: streams.collect(),
        last_run: record.last_run.clone().map(Run::of),
        is_running,
        checks: None,
        untold: Vec::new(),
        no_data: None,
        deletion,
        totals: record.totals.clone(),
        next_step: String::new(),
    };
    status.no_data = if status.is_connected() { no_data(record, is_running) } else { None };
    status.next_step = next_step(&status).to_owned();
    status
}

/// The product page's "no data after connecting", answered by looking.
fn no_data(record: &StatusRecord, is_running: bool) -> Option<NoData> {
    let tickets = record.streams.get(Stream::Tickets.name());
    if tickets.is_some_and(|tickets| tickets.newest.is_some()) {
        return None;
    }
    let Some(run) = &record.last_run else {
        return Some(if is_running { NoData::StillRunning } else { NoData::NotSynced });
    };
    Some(match (tickets.map(|tickets| tickets.capability), run.outcome) {
        (Some(Capability::MissingScope), _) => NoData::ScopeMissing,
        (Some(Capability::NotAdmin), _) => NoData::NotAdmin,
        (Some(Capability::NotOnPlan), _) => NoData::NotOnPlan,
        (_, RunOutcome::Failed { cause: FailureCause::RateLimited, .. }) => NoData::RateLimited,
        (_, RunOutcome::Failed { .. }) if is_running => NoData::StillRunning,
        (_, RunOutcome::Failed { .. }) => NoData::Failed,
        _ => NoData::EmptyAccount,
    })
}

/// What helps now.
fn next_step(status: &ConnectionStatus) -> &'static str {
    match status.state {
        "never connected" | "deleted" => return "run `deskmeter connect`",
        "disconnected" => {
            return "run `deskmeter connect`; if it stays, check in Zendesk's Admin Center that the authorization was not revoked";
        }
        "deleting" => return "run `deskmeter purge` to finish the deletion",
        "expiring" if status.no_data.is_none() => {
            return "run `deskmeter sync`: it renews the authorization before it ends";
        }
        _ => {}
    }
    if let Some(no_data) = status.no_data {
        return no_data.next_step();
    }
    let failing = status.last_run.as_ref().and_then(|run| run.cause);
    match failing {
        Some(FailureCause::RateLimited) => NoData::RateLimited.next_step(),
        Some(_) => NoData::Failed.next_step(),
        None if status
            .streams
            .values()
            .any(|stream| stream.capability != capability(Capability::Available)) =>
        {
            "some streams are not open to this connection, and what they would tell is missing; Zendesk's own numbers for the tickets stand in the mart parity"
        }
        None => "nothing to do",
    }
}

impl NoData {
    /// What it is, and what helps.
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::StillRunning => {
                "the first run is under way: the first tickets are there within minutes; `deskmeter plan` tells how long all of it takes"
            }
            Self::NotSynced => "run `deskmeter sync`",
            Self::ScopeMissing => {
                "no tickets are there because a stream is refused: the connection lacks the scope; run `deskmeter connect` and allow all three permissions"
            }
            Self::NotAdmin => {
                "no tickets are there because a stream is refused: only an admin's connection may read exports; let an admin run `deskmeter connect`"
            }
            Self::NotOnPlan => {
                "no tickets are there because a stream is refused: the account's plan has no ticket export"
            }
            Self::RateLimited => {
                "Zendesk answered 429 until the last run gave up: other apps use the account's limit up; lower quota_percent, or wait, and run `deskmeter sync`"
            }
            Self::Failed => "the last run failed: run `deskmeter sync` and read its error",
            Self::EmptyAccount => "no tickets are there: the account has none since [sync] start_date",
        }
    }
}

impl Run {
    fn of(record: RunRecord) -> Self {
        let (exit_code, cause) = match record.outcome {
            RunOutcome::Failed { exit_code, cause } => (exit_code, Some(cause)),
            _ => (0, None),
        };
        Self {
            id: record.id,
            started_at: time(record.started_at),
            ended_at: time(record.ended_at),
            exit_code,
            cause,
            rows: record.rows,
            requests: record.requests,
            bytes: record.bytes,
            rejected: record.rejected,
            throttled: record.throttled,
        }
    }
}

fn words(cause: DisconnectCause) -> &'static str {
    match cause {
        DisconnectCause::Revoked => "revoked in Zendesk, or the person who connected lost access",
        DisconnectCause::Expired => "the refresh token ended unused",
        DisconnectCause::RefreshCutOff => "a refresh was cut off between Zendesk's answer and the disk",
        DisconnectCause::ByOperator => "disconnected by the operator",
        _ => "unknown",
    }
}

/// A capability in words, with what to do.
pub(crate) fn capability(capability: Capability) -> &'static str {
    match capability {
        Capability::Available => "available",
        Capability::MissingScope => {
            "refused: the connection lacks the scope; reconnect and allow all three permissions"
        }
        Capability::ListOnly => {
            "the plain list only: the connection lacks the scope of the export; archived and deleted rows are not in it"
        }
        Capability::NotAdmin => {
            "refused: only an admin's connection may read exports; let an admin reconnect"
        }
        Capability::NotOnPlan => "not on the account's plan",
        Capability::Failing => "failing: the last run could not read it; the next one asks again",
        _ => "unknown",
    }
}

/// Unix seconds as a timestamp; those beyond the calendar become its ends.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use deskmeter_connections::StreamStatus;

    use super::*;

    #[test]
    fn no_data_is_told_to_be_a_missing_scope_where_the_list_of_tickets_is_refused_too() {
        let run = RunRecord {
            id: "1".to_owned(),
            started_at: 1,
            ended_at: 2,
            outcome: RunOutcome::Succeeded,
            rows: 0,
            requests: 5,
            bytes: 0,
            rejected: 0,
            throttled: 0,
        };
        let mut record = StatusRecord { last_run: Some(run), ..StatusRecord::default() };
        let refused =
            StreamStatus { capability: Capability::MissingScope, complete_until: None, newest: None };
        record.streams.insert(Stream::Tickets.name().to_owned(), refused);
        let found = no_data(&record, false);
        assert_eq!(found, Some(NoData::ScopeMissing));
        assert!(NoData::ScopeMissing.next_step().contains("allow all three permissions"));
    }
}

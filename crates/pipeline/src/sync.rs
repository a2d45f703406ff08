//! One run: read every stream page by page, commit rows and position together, refresh the marts, tidy up.

mod read;
mod refresh;
mod report;

use std::future::Future;
use std::time::Duration;

use deskmeter_connections::{
    Capability, DisconnectCause, Lease, LeaseRequest, RunOutcome, RunRecord, Sealed, Status, StatusRecord,
    StreamStatus,
};
use deskmeter_extractor::Client;
use deskmeter_lake::{ConnectionLake, Retention};
use deskmeter_loader::{HousekeepingBudget, Loader, LoaderOptions};
use deskmeter_sanitizer::{PseudonymKey, RunId, Sanitizer, SanitizerOptions};
use deskmeter_warehouse::Warehouse;
use deskmeter_zendesk::{PageSize, Stream};

use crate::connect::client;
use crate::error::{Error, ErrorKind};
use crate::maintain::clean_marts;
use crate::open::{client_secret, new_warehouse, of_engine, of_loader, open_lake, sealing_keys};
use crate::publish::publish_configured;
use crate::state::{State, of_state};
use crate::tokens::{VaultTokens, owner};
use crate::{Context, Event, PipelineFile};

pub(crate) use refresh::watermark;
pub use report::{StreamReport, SyncReport};

/// How long a lease lasts that is not renewed: a killed run blocks the next one this long at most.
const LEASE_SECONDS: i64 = 120;

/// How a run is asked for.
#[derive(Debug, Clone, Copy)]
pub struct SyncOptions {
    /// Build every mart anew.
    pub is_full_refresh: bool,
    /// How long to wait for another run.
    pub wait: Duration,
    /// Rows that a page may hold at most; the largest page unless told.
    pub page_size: PageSize,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self { is_full_refresh: false, wait: Duration::ZERO, page_size: PageSize::MAX }
    }
}

/// Runs once. Whatever happens, what was committed is kept and the next run goes on from there.
pub async fn sync(
    pipeline: &PipelineFile,
    context: &Context,
    options: &SyncOptions,
) -> Result<SyncReport, Error> {
    let state = State::open(pipeline, context)?;
    let keys = sealing_keys(pipeline, context)?;
    refuse_while_deleting(&state, keys.clone(), context).await?;
    let loaded = state.vault(keys)?.load(&state.connection).await;
    let Some(sealed) = loaded.map_err(|error| of_state("open the stored connection", error))? else {
        return Err(Error::new(
            ErrorKind::NotConnected,
            format!("find a connection for {}", state.connection),
        )
        .next("run `deskmeter connect`"));
    };
    let lease = acquire(&state, context, options.wait).await?;
    let id = RunId::new(context.started_at, rand::random());
    let client = client(pipeline, context)?;
    let run = Run { pipeline, context, options, state: &state, client: &client, id: &id };
    let mut report = SyncReport::new(&id);
    let result = while_renewing(lease, context, |fence| {
        context.stop.bound(run.under_lease(sealed, fence, &mut report))
    });
    let result = result.await;
    // A run that was asked to end has no outcome: the next one goes on and has it.
    if !result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Stopped) {
        run.record(&report, result.as_ref().err()).await?;
    }
    result.map(|()| report)
}

/// A deletion that was asked for comes before anything new.
async fn refuse_while_deleting(
    state: &State,
    keys: Vec<deskmeter_connections::SealingKey>,
    context: &Context,
) -> Result<(), Error> {
    let pending = state.deletions(keys)?.pending(&state.connection).await;
    match pending.map_err(|error| of_state("read the deletion job", error))? {
        None => Ok(()),
        Some(job) if job.is_overdue(context.started_at.0) => {
            Err(Error::new(ErrorKind::DeletionOverdue, "sync: the deletion of this connection is overdue")
                .next("run `deskmeter purge` now"))
        }
        Some(_) => Err(Error::new(ErrorKind::NotConnected, "sync: this connection is being deleted")
            .next("run `deskmeter purge` to finish the deletion")),
    }
}

/// Takes the connection's lease.
pub(crate) async fn acquire(state: &State, context: &Context, wait: Duration) -> Result<Lease, Error> {
    let owner = owner();
    let request = LeaseRequest { owner: &owner, now: context.now().0, ttl: LEASE_SECONDS, wait };
    state
        .leases()
        .acquire(&state.connection, request)
        .await
        .map_err(|error| of_state("take the lease", error))
}

/// Does the work under the lease, renewing it, and gives it back. Work whose lease is lost is stopped.
pub(crate) async fn while_renewing<T, F: Future<Output = Result<T, Error>>>(
    mut lease: Lease,
    context: &Context,
    work: impl FnOnce(u64) -> F,
) -> Result<T, Error> {
    let mut work = Box::pin(work(lease.fence()));
    let third = Duration::from_secs(LEASE_SECONDS as u64 / 3);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = tokio::time::sleep(third) => {
                lease.renew(context.now().0).await.map_err(|error| of_state("renew the lease", error))?;
            }
        }
    };
    lease.release().await.map_err(|error| of_state("give the lease back", error))?;
    result
}

/// What every step of a run needs.
struct Run<'a> {
    pipeline: &'a PipelineFile,
    context: &'a Context,
    options: &'a SyncOptions,
    state: &'a State,
    client: &'a Client,
    id: &'a RunId,
}

impl Run<'_> {
    /// The whole run, with the lease's fencing number.
    async fn under_lease(&self, sealed: Sealed, fence: u64, report: &mut SyncReport) -> Result<(), Error> {
        let key = PseudonymKey::from_bytes(*sealed.record.pseudonym_key.expose());
        let options = LoaderOptions {
            buffer_bytes: self.pipeline.sync.buffer_bytes.min(self.context.shares.buffer_bytes_max),
            fence: i64::try_from(fence).unwrap_or(i64::MAX),
            keep_versions_hours: self.pipeline.lake.keep_versions_hours,
        };
        let lake = open_lake(self.pipeline, self.context)?;
        let mut loader = Loader::open(lake.clone(), options).await.map_err(of_loader)?;
        let options = SanitizerOptions {
            reject_share_max: self.pipeline.sync.reject_share_max,
            allow: self.pipeline.privacy.allow_list().unwrap_or_default(),
        };
        let mut sanitizer = Sanitizer::new(key, options);
        sanitizer.know_agents(loader.agent_keys().await.map_err(of_loader)?);

        let read = self.streams(sealed, &mut loader, &mut sanitizer, report).await;
        report.values_dropped = sanitizer.ledger().rows().map(|row| row.n_dropped).sum();
        // What was seen and dropped is written down also when the run ends early. A run that only met again what is
        // stored (the boundary second, the overlap) leaves the lake as it was.
        if report.streams.values().any(|stream| stream.has_changes() || stream.rows_rejected > 0) {
            let rows = sanitizer.ledger().to_batch(self.id, self.context.started_at);
            loader.append_ledger(rows).await.map_err(of_loader)?;
        }
        read?;
        self.context.stop.cut(self.finish(&lake, &mut loader, report)).await
    }

    /// What follows from the rows: marts, tidiness, the operator's database.
    async fn finish(
        &self,
        lake: &ConnectionLake,
        loader: &mut Loader,
        report: &mut SyncReport,
    ) -> Result<(), Error> {
        let _turn = self.context.shares.refresh_turn().await;
        let mut warehouse = new_warehouse(self.pipeline)?;
        let refreshed = refresh::marts(self, lake, &mut warehouse, report).await;
        refreshed.map_err(|error| of_engine(self.pipeline, error))?;
        self.tidy_up(loader, &warehouse, lake).await?;
        if report.models_refreshed > 0 {
            let published = publish_configured(self.pipeline, self.context).await?;
            report.tables_published = published.map_or(0, |published| published.tables.len());
        }
        Ok(())
    }

    /// Joins small files and lets go of old versions, within the run's budget.
    async fn tidy_up(
        &self,
        loader: &mut Loader,
        warehouse: &Warehouse,
        lake: &ConnectionLake,
    ) -> Result<(), Error> {
        let now = self.context.now().0;
        loader.housekeeping(now, HousekeepingBudget::default()).await.map_err(of_loader)?;
        let keep_hours = i64::try_from(self.pipeline.lake.keep_versions_hours).unwrap_or(i64::MAX);
        let cutoff = now.saturating_sub(keep_hours.saturating_mul(3_600));
        let retention = Retention { log_before: cutoff, files_before: cutoff };
        clean_marts(warehouse, lake, retention).await
    }

    async fn streams(
        &self,
        sealed: Sealed,
        loader: &mut Loader,
        sanitizer: &mut Sanitizer,
        report: &mut SyncReport,
    ) -> Result<(), Error> {
        let vault = self.state.vault(sealing_keys(self.pipeline, self.context)?)?;
        let secret = client_secret(self.pipeline, self.context)?;
        let connection = self.state.connection.clone();
        let tokens = VaultTokens::new(vault, connection, self.client.clone(), secret, self.context, sealed);
        let reader = read::Reader {
            client: self.client,
            tokens: &tokens,
            context: self.context,
            start_time: deskmeter_zendesk::UnixSeconds(self.pipeline.start_time()),
            page_size: self.options.page_size,
        };
        let reading = async {
            for stream in Stream::ALL {
                self.context.stop.check()?;
                let entry = report.streams.entry(stream.name()).or_default();
                reader.read(stream, loader, sanitizer, entry).await?;
            }
            Ok(())
        };
        let result = tokio::select! {
            result = reading => result,
            () = self.tell_waits() => Ok(()),
        };
        let stats = self.client.stats();
        (report.requests, report.bytes_received) = (stats.requests, stats.bytes_uncompressed);
        result
    }

    /// Tells the observer when the governor waits. Never ends.
    async fn tell_waits(&self) {
        let mut waits = self.client.observe();
        while waits.changed().await.is_ok() {
            let waiting = *waits.borrow_and_update();
            if let Some(waiting) = waiting {
                let wait = waiting.until.saturating_duration_since(self.context.timer.now());
                self.context.observer.event(&Event::Waiting { wait });
            }
        }
        std::future::pending::<()>().await;
    }

    /// Writes the run's outcome into status and history.
    async fn record(&self, report: &SyncReport, failure: Option<&Error>) -> Result<(), Error> {
        let run = self.outcome(report, failure);
        let (stats, now) = (self.client.stats(), run.ended_at);
        let board = self.state.board();
        let update = board.update(&self.state.connection, |record| {
            record.last_run = Some(run.clone());
            record.totals.add(&run);
            record.totals.retries += stats.retries;
            record.totals.waited_seconds += stats.waited_for_rate.as_secs();
            report.add_to(&mut record.totals);
            match failure {
                Some(error) if error.kind() == ErrorKind::NotConnected => {
                    record.status = Status::Disconnected { cause: DisconnectCause::Revoked, at: now };
                }
                Some(_) => {}
                None => {
                    record.status = Status::Connected;
                    report.streams.iter().for_each(|(name, stream)| complete(record, name, stream));
                }
            }
        });
        update.await.map_err(|error| of_state("write the status", error))?;
        let history = self.state.history();
        history
            .append(&self.state.connection, &run)
            .await
            .map_err(|error| of_state("write the run history", error))
    }

    /// The run as the history keeps it.
    fn outcome(&self, report: &SyncReport, failure: Option<&Error>) -> RunRecord {
        let stats = self.client.stats();
        RunRecord {
            id: self.id.to_string(),
            started_at: self.context.started_at.0,
            ended_at: self.context.now().0,
            outcome: failure.map_or(RunOutcome::Succeeded, |error| RunOutcome::Failed {
                exit_code: error.kind().exit_code(),
            }),
            rows: report.rows_committed(),
            requests: stats.requests,
            bytes: stats.bytes_uncompressed,
            rejected: report.streams.values().map(|stream| stream.rows_rejected).sum(),
            throttled: stats.rate_limited,
        }
    }
}

/// Notes that a stream was read to its end.
fn complete(record: &mut StatusRecord, name: &str, stream: &StreamReport) {
    let before = record.streams.get(name).and_then(|before| before.complete_until);
    let complete_until = stream.newest.or(before);
    record.streams.insert(name.to_owned(), StreamStatus { capability: stream.capability, complete_until });
}

/// The capability that a failure speaks of, if it is a refusal of one stream alone.
fn refusal(kind: deskmeter_extractor::ErrorKind) -> Option<Capability> {
    use deskmeter_extractor::ErrorKind as E;
    match kind {
        E::MissingScope => Some(Capability::MissingScope),
        E::NotAdmin => Some(Capability::NotAdmin),
        E::NotOnPlan => Some(Capability::NotOnPlan),
        _ => None,
    }
}

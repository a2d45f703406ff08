//! One run: read every stream page by page, commit rows and position together, refresh the marts, tidy up.

mod outlook;
mod read;
mod record;
mod refresh;
mod report;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use deskmeter_connections::{Capability, Sealed, SealingKey};
use deskmeter_extractor::Client;
use deskmeter_lake::{ConnectionLake, Retention};
use deskmeter_loader::{HousekeepingBudget, Loader, LoaderOptions};
use deskmeter_sanitizer::{PseudonymKey, RunId, Sanitizer, SanitizerOptions};
use deskmeter_warehouse::Warehouse;
use deskmeter_zendesk::{PageSize, Stream};
use tracing::warn;

use crate::connect::client;
use crate::error::{Error, ErrorKind};
use crate::maintain::clean_marts;
use crate::open::{client_secret, new_warehouse, of_engine, of_loader, sealing_keys};
use crate::publish::publish_configured;
use crate::state::{State, of_state};
use crate::tokens::VaultTokens;
use crate::{Context, Event, PipelineFile};

pub(crate) use refresh::watermark;
pub use report::{StreamReport, SyncReport};
pub(crate) use turn::{Turn, acquire, while_renewing};

/// What helps where there is no connection.
pub(crate) const CONNECT: &str = "run `deskmeter connect`";

/// One stream that fails is the stream's failure; so many in a row are an outage, which ends the run.
const FAILING_IN_A_ROW: usize = 2;

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
    // Told before another run is waited for; what counts is asked again under the lease.
    authorized(pipeline, &state, keys.clone(), context).await?;
    let id = RunId::new(context.started_at, rand::random());
    let client = client(pipeline, context)?;
    let run = Run { pipeline, context, options, state: &state, client: &client, id: &id };
    let lease = acquire(&state, context, options.wait).await?;
    while_renewing(lease, context, |turn| context.stop.bound(run.turn(keys, turn))).await
}

/// The stored connection, if it is one to the account of the pipeline file. A deletion that was asked for comes before
/// anything new.
pub(crate) async fn authorized(
    pipeline: &PipelineFile,
    state: &State,
    keys: Vec<SealingKey>,
    context: &Context,
) -> Result<Sealed, Error> {
    let pending = state.deletions(keys.clone())?.pending(&state.connection).await;
    match pending.map_err(|error| of_state("read the deletion job", error))? {
        None => {}
        Some(job) if job.is_overdue(context.started_at.0) => {
            let what = "the deletion of this connection is overdue";
            return Err(Error::new(ErrorKind::DeletionOverdue, what).next("run `deskmeter purge` now"));
        }
        Some(_) => {
            return Err(Error::new(ErrorKind::NotConnected, "this connection is being deleted")
                .next("run `deskmeter purge` to finish the deletion"));
        }
    }
    let loaded = state.vault(keys)?.load_for(&state.connection, pipeline.base_url()).await;
    loaded.map_err(|error| of_state("open the stored connection", error))?.ok_or_else(|| {
        Error::new(ErrorKind::NotConnected, format!("find a connection for {}", state.connection))
            .next(CONNECT)
    })
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
    /// The run's turn: what it did is written down before anybody else has the lease.
    async fn turn(&self, keys: Vec<SealingKey>, turn: Arc<Turn>) -> Result<SyncReport, Error> {
        let sealed = authorized(self.pipeline, self.state, keys, self.context).await?;
        let mut report = SyncReport::new(self.id);
        report.authorization_ends_at = sealed.record.authorization_ends_at();
        let result = self.work(sealed, &turn, &mut report).await;
        report.forget_tickets();
        // A run that was asked to end has no outcome: the next one goes on and has it.
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Stopped) {
            return result.map(|()| report);
        }
        let recorded = record::outcome(self, result.as_ref().err(), &report).await;
        result?;
        recorded?;
        Ok(report)
    }

    /// The whole run, with the lease's fencing number.
    async fn work(&self, sealed: Sealed, turn: &Turn, report: &mut SyncReport) -> Result<(), Error> {
        let key = PseudonymKey::from_bytes(*sealed.record.pseudonym_key.expose());
        let options = LoaderOptions {
            buffer_bytes: self.pipeline.sync.buffer_bytes.min(self.context.shares.buffer_bytes_max),
            fence: turn.fence(),
            keep_versions_hours: self.pipeline.lake.keep_versions_hours,
        };
        self.state.note(|record| &mut record.lakes, &self.pipeline.lake_place()).await?;
        let lake = turn.lake(self.pipeline, self.context).await?;
        let mut loader = Loader::open(lake.clone(), options).await.map_err(of_loader)?;
        let options = SanitizerOptions {
            reject_share_max: self.pipeline.sync.reject_share_max,
            allow: self.pipeline.privacy.allow_list().unwrap_or_default(),
        };
        let mut sanitizer = Sanitizer::new(key, options);
        sanitizer.know_agents(loader.agent_keys().await.map_err(of_loader)?);

        let were_behind = turn.are_marts_behind();
        // From the first commit until the refresh the marts lag behind the tables, whatever ends the run in between.
        turn.set_marts_behind(true);
        let read = self.streams(sealed, &mut loader, &mut sanitizer, report).await;
        let is_sure =
            !matches!(&read, Err(error) if matches!(error.kind(), ErrorKind::Storage | ErrorKind::Leased));
        if is_sure && !report.has_changes() {
            turn.set_marts_behind(were_behind);
        }
        report.values_dropped = sanitizer.ledger().rows().map(|row| row.n_dropped).sum();
        // What was seen and dropped is written down also when the run ends early. A run that only met again what is
        // stored (the boundary second, the overlap) leaves the lake as it was.
        if report.streams.values().any(|stream| stream.has_changes() || stream.rows_rejected > 0) {
            let rows = sanitizer.ledger().to_batch(self.id, self.context.started_at);
            loader.append_ledger(rows).await.map_err(of_loader)?;
        }
        let failed_stream = read?;
        self.context.stop.cut(self.finish(&lake, &mut loader, (turn, were_behind), report)).await?;
        failed_stream.map_or(Ok(()), Err)
    }

    /// What follows from the rows: marts, tidiness, the operator's database.
    async fn finish(
        &self,
        lake: &ConnectionLake,
        loader: &mut Loader,
        (turn, were_behind): (&Turn, bool),
        report: &mut SyncReport,
    ) -> Result<(), Error> {
        let _turn = self.context.shares.refresh_turn().await;
        let mut warehouse = new_warehouse(self.pipeline)?;
        let refreshed = refresh::marts(self, lake, &mut warehouse, were_behind, report).await;
        refreshed.map_err(|error| of_engine(self.pipeline, error))?;
        turn.set_marts_behind(false);
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
        self.state.sweep(cutoff)?;
        clean_marts(warehouse, lake, retention).await
    }

    /// Reads every stream. Gives the failure of a stream that failed alone: the others were read all the same.
    async fn streams(
        &self,
        sealed: Sealed,
        loader: &mut Loader,
        sanitizer: &mut Sanitizer,
        report: &mut SyncReport,
    ) -> Result<Option<Error>, Error> {
        let before = self.state.board().read(&self.state.connection).await;
        let before = before.map_err(|error| of_state("read the status", error))?;
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
            outlook: outlook::Outlook::new(before.planned_requests, self.client, self.context),
        };
        let result = tokio::select! {
            result = each_stream(&reader, loader, sanitizer, report) => result,
            () = self.tell_waits() => Ok(None),
        };
        let stats = self.client.stats();
        (report.requests, report.bytes_received) = (stats.requests, stats.bytes_uncompressed);
        report.authorization_ends_at = tokens.authorization_ends_at().await;
        report.disconnect_cause = tokens.disconnect_cause();
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
}

async fn each_stream(
    reader: &read::Reader<'_>,
    loader: &mut Loader,
    sanitizer: &mut Sanitizer,
    report: &mut SyncReport,
) -> Result<Option<Error>, Error> {
    let (mut first, mut in_a_row) = (None, 0);
    for stream in Stream::ALL {
        reader.context.stop.check()?;
        let entry = report.streams.entry(stream.name()).or_default();
        match reader.read(stream, loader, sanitizer, entry).await {
            Ok(()) => in_a_row = 0,
            Err(read::Ended::Run(error)) => return Err(error),
            Err(read::Ended::Stream(error)) => {
                warn!(stream = stream.name(), %error, "stream failed");
                entry.capability = Capability::Failing;
                in_a_row += 1;
                first.get_or_insert(error);
            }
        }
        if in_a_row == FAILING_IN_A_ROW {
            break;
        }
    }
    // An outage leaves nothing to refresh the marts with; a stream that fails alone does not hold the others up.
    match first {
        Some(error) if in_a_row == FAILING_IN_A_ROW => Err(error),
        first => Ok(first),
    }
}

/// The capability that a failure speaks of, if it is a refusal of one stream alone.
pub(crate) fn refusal(kind: deskmeter_extractor::ErrorKind) -> Option<Capability> {
    use deskmeter_extractor::ErrorKind as E;
    match kind {
        E::MissingScope => Some(Capability::MissingScope),
        E::NotAdmin => Some(Capability::NotAdmin),
        E::NotOnPlan => Some(Capability::NotOnPlan),
        _ => None,
    }
}

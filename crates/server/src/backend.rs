//! The one place that speaks with the pipeline: how a connection stands, its runs, its warehouse, connecting and
//! disconnecting.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use deskmeter_pipeline::{
    Clock, ConnectReport, ConnectionStatus, Context, DisconnectReport, LastAudit, LastReceipt, Observer,
    Pending, PipelineFile, Run, SyncOptions, SyncReport,
};
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::Error;
use crate::data::answers::Answers;
use crate::format;
use crate::live::Watcher;
use crate::snapshot::Snapshot;
use crate::visitors::Visitors;

/// Tables are held for connections that somebody looked at within this long: over a weekend.
const VIEWED_WITHIN: Duration = Duration::from_hours(96);
/// How long a sync that was asked for on the page waits for another one to end.
const SYNC_WAIT: Duration = Duration::from_secs(5);

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It was never made.
    Never,
    /// Authorized.
    Connected,
    /// Authorized, and the authorization ends within days.
    Expiring,
    /// The authorization is gone.
    Disconnected,
    /// All that was collected is being deleted.
    Deleting,
    /// All that was collected is deleted.
    Deleted,
    /// Its state cannot be read.
    Unknown,
}

impl State {
    fn of(word: &str) -> Self {
        match word {
            "never connected" => Self::Never,
            "connected" => Self::Connected,
            "expiring" => Self::Expiring,
            "disconnected" => Self::Disconnected,
            "deleting" => Self::Deleting,
            "deleted" => Self::Deleted,
            _ => Self::Unknown,
        }
    }

    /// As it stands on the card.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Never => "Not connected",
            Self::Connected => "Connected",
            Self::Expiring => "Connected, expiring",
            Self::Disconnected => "Disconnected",
            Self::Deleting => "Deleting",
            Self::Deleted => "Deleted",
            Self::Unknown => "Unknown",
        }
    }

    /// Colour of the indicator.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Connected => "ok",
            Self::Expiring | Self::Deleting => "warn",
            Self::Disconnected | Self::Unknown => "bad",
            Self::Never | Self::Deleted => "off",
        }
    }

    /// Whether data can be read.
    pub(crate) const fn is_connected(self) -> bool {
        matches!(self, Self::Connected | Self::Expiring)
    }

    /// Whether something must be done.
    pub(crate) const fn is_broken(self) -> bool {
        matches!(self, Self::Disconnected)
    }

    /// Whether connecting makes sense.
    pub(crate) const fn can_connect(self) -> bool {
        matches!(self, Self::Never | Self::Disconnected | Self::Deleted | Self::Expiring)
    }

    /// Whether there is something to disconnect.
    pub(crate) const fn can_disconnect(self) -> bool {
        matches!(self, Self::Connected | Self::Expiring | Self::Disconnected)
    }

    /// What the button says.
    pub(crate) const fn connect_label(self) -> &'static str {
        match self {
            Self::Disconnected | Self::Expiring => "Reconnect Zendesk",
            _ => "Connect Zendesk",
        }
    }
}

/// How one stream stands.
#[derive(Debug, Clone)]
pub(crate) struct StreamStanding {
    /// Its name in the API.
    pub(crate) name: String,
    /// Whether it can be read, in words.
    pub(crate) access: String,
    /// Whether it can be read.
    pub(crate) is_available: bool,
    /// Everything up to then is in the lake.
    pub(crate) newest: Option<i64>,
}

impl StreamStanding {
    /// Its name in words.
    pub(crate) fn label(&self) -> String {
        format::label(&self.name)
    }

    /// The end of what is complete, in words.
    pub(crate) fn newest_label(&self) -> String {
        self.newest.map_or_else(|| "–".to_owned(), format::instant)
    }
}

/// How a connection stands.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// Where it stands.
    pub(crate) state: State,
    /// Why it is not well.
    pub(crate) cause: Option<String>,
    /// What to do.
    pub(crate) next_step: Option<String>,
    /// When it was first made.
    pub(crate) connected_at: Option<i64>,
    /// The last run that ended.
    pub(crate) last_run: Option<Run>,
    /// Whether some process runs a sync.
    pub(crate) is_running: bool,
    /// Its streams.
    pub(crate) streams: Vec<StreamStanding>,
    /// Until when a deletion must be done, and whether that is past.
    pub(crate) deletion: Option<(i64, bool)>,
}

impl Standing {
    fn of(status: ConnectionStatus) -> Self {
        let state = State::of(status.state);
        let seconds = |time: Timestamp| time.as_second();
        let cause = status.cause.map(|cause| {
            let since = status.since.map(|since| format!(" since {}", format::instant(since.as_second())));
            format!("Disconnected{}: {cause}.", since.unwrap_or_default())
        });
        let next_step = match state {
            State::Disconnected => Some(
                "Reconnect. If it stays, check in Zendesk's Admin Center that the authorization was not revoked.".to_owned(),
            ),
            _ => None,
        };
        let streams = status.streams.into_iter().map(|(name, stream)| StreamStanding {
            name,
            access: stream.capability.to_owned(),
            is_available: stream.capability == "available",
            newest: stream.newest.map(seconds),
        });
        Self {
            state,
            cause,
            next_step,
            connected_at: status.connected_at.map(seconds),
            last_run: status.last_run,
            is_running: status.is_running,
            streams: streams.collect(),
            deletion: status.deletion.map(|deletion| (deletion.deadline.as_second(), deletion.is_overdue)),
        }
    }

    /// What is shown when the state store does not answer.
    pub(crate) fn unknown(error: &Error) -> Self {
        Self {
            state: State::Unknown,
            cause: Some(format!("The state of the connection cannot be read: {}.", causes(error))),
            next_step: error.next_step().map(str::to_owned),
            connected_at: None,
            last_run: None,
            is_running: false,
            streams: Vec::new(),
            deletion: None,
        }
    }
}

/// The chain of causes in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

/// A configured connection.
pub(crate) struct Connection {
    file: PipelineFile,
    context: Context,
    answers: Arc<Answers>,
    visitors: Visitors,
    tables: std::sync::Mutex<Tables>,
    /// Held by who opens the tables for the first time.
    opening: Mutex<()>,
    /// Held by who looks whether they were written.
    renewing: Mutex<()>,
    /// When somebody last looked at a report, or this process began.
    viewed_at: std::sync::Mutex<Instant>,
    /// While a sync of this process goes on the marts change one by one: nobody looks until all have.
    is_syncing: AtomicBool,
}

/// The tables as they were when they were last opened.
#[derive(Default)]
struct Tables {
    shown: Option<Arc<Snapshot>>,
    /// How often they were forgotten: what was opened before is not to be shown any more.
    forgotten: u64,
}

impl Connection {
    /// The connection of a pipeline file.
    pub(crate) fn new(
        file: PipelineFile,
        context: Context,
        answers: Arc<Answers>,
        visitors: Visitors,
    ) -> Self {
        let (tables, opening, renewing, is_syncing) = Default::default();
        let viewed_at = std::sync::Mutex::new(Instant::now());
        Self { file, context, answers, visitors, tables, opening, renewing, viewed_at, is_syncing }
    }

    /// Its pipeline file.
    pub(crate) fn file(&self) -> &PipelineFile {
        &self.file
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.file.connection.name
    }

    /// The account's address, without its scheme.
    pub(crate) fn account(&self) -> &str {
        let url = self.file.base_url();
        url.split_once("://").map_or(url, |(_, host)| host)
    }

    /// How it stands.
    pub(crate) async fn standing(&self) -> Result<Standing, Error> {
        let status = deskmeter_pipeline::status(&self.file, &self.now()).await;
        Ok(Standing::of(status.map_err(Error::pipeline("read how the connection stands"))?))
    }

    /// The newest runs, newest first.
    pub(crate) async fn runs(&self, limit: usize) -> Result<Vec<Run>, Error> {
        let runs = deskmeter_pipeline::runs(&self.file, &self.now(), limit).await;
        runs.map_err(Error::pipeline("read the run history"))
    }

    /// Where to send a person, and what to keep until they are back.
    pub(crate) fn authorize(&self, redirect_uri: &str) -> Result<(String, Pending), Error> {
        deskmeter_pipeline::begin_authorization(&self.file, &self.now(), redirect_uri)
            .map_err(Error::pipeline("start the authorization"))
    }

    /// Finishes an authorization.
    pub(crate) async fn complete(
        &self,
        pending: Pending,
        code: &str,
        state: &str,
    ) -> Result<ConnectReport, Error> {
        let report = pending.complete(&self.file, &self.now(), code, state).await;
        report.map_err(Error::pipeline("connect"))
    }

    /// Looks how long a first run will take, so that it can tell how long is left; later runs are short. Whatever hinders
    /// this hinders the run too, which tells it better.
    pub(crate) async fn plan_first(&self, watcher: &Watcher) {
        let is_first = self.standing().await.is_ok_and(|standing| standing.last_run.is_none());
        if is_first {
            watcher.estimating(true);
            let _ = deskmeter_pipeline::plan(&self.file, &self.now()).await;
            watcher.estimating(false);
        }
    }

    /// Reads what changed.
    pub(crate) async fn sync(&self, observer: Arc<dyn Observer>) -> Result<SyncReport, Error> {
        let context = self.now().observed_by(observer);
        let options = SyncOptions { wait: SYNC_WAIT, ..SyncOptions::default() };
        self.is_syncing.store(true, Ordering::Relaxed);
        let report = deskmeter_pipeline::sync(&self.file, &context, &options).await;
        self.is_syncing.store(false, Ordering::Relaxed);
        self.reopen().await;
        report.map_err(Error::pipeline("sync"))
    }

    /// Revokes the authorization and deletes everything.
    pub(crate) async fn disconnect(&self) -> Result<DisconnectReport, Error> {
        self.forget_tables();
        let report = deskmeter_pipeline::disconnect(&self.file, &self.now()).await;
        self.forget_tables();
        report.map_err(Error::pipeline("disconnect"))
    }

    /// Goes on with a deletion that was asked for.
    pub(crate) async fn purge(&self) -> Result<DisconnectReport, Error> {
        self.forget_tables();
        let report = deskmeter_pipeline::purge(&self.file, &self.now()).await;
        self.forget_tables();
        report.map_err(Error::pipeline("finish the deletion"))
    }

    /// The signed receipt of the newest deletion, if anything was ever deleted.
    pub(crate) async fn receipt(&self) -> Result<Option<LastReceipt>, Error> {
        let receipt = deskmeter_pipeline::last_receipt(&self.file, &self.now()).await;
        receipt.map_err(Error::pipeline("read the receipts"))
    }

    /// What the last audit found.
    pub(crate) async fn last_audit(&self) -> Result<Option<LastAudit>, Error> {
        let last = deskmeter_pipeline::last_audit(&self.file, &self.now()).await;
        last.map_err(Error::pipeline("read the last audit"))
    }

    /// Looks at everything that lies in the lake.
    pub(crate) async fn audit(&self) -> Result<(), Error> {
        let audited = deskmeter_pipeline::audit_privacy(&self.file, &self.now(), None, Vec::new()).await;
        audited.map(drop).map_err(Error::pipeline("audit the lake"))
    }

    /// The tables as they were last opened. Only who comes first waits for that.
    pub(crate) async fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        if let Some(shown) = self.tables().shown.clone() {
            return Ok(shown);
        }
        let _alone = self.opening.lock().await;
        let (shown, forgotten) = self.shown();
        if let Some(shown) = shown {
            return Ok(shown);
        }
        let opened = self.open(self.version().await?).await?;
        self.show(&opened, forgotten);
        Ok(opened)
    }

    /// Looks whether the tables were written. If they were, they are opened anew, prepared and then shown, so that
    /// nobody waits for it. Tables that nobody looks at any more are let go of.
    pub(crate) async fn renew(&self) {
        let _alone = self.renewing.lock().await;
        if !self.is_viewed() {
            self.let_go();
        } else if !self.is_syncing.load(Ordering::Relaxed)
            && let Err(error) = self.renew_alone().await
        {
            warn!(connection = self.name(), error = causes(&error), "the tables cannot be opened");
            self.let_go();
        }
    }

    async fn renew_alone(&self) -> Result<(), Error> {
        let (shown, forgotten) = self.shown();
        let Some(shown) = shown else {
            self.snapshot().await?.prepare(&self.visitors).await;
            return Ok(());
        };
        let version = self.version().await?;
        if shown.version() != version {
            let opened = self.open(version).await?;
            let had_room = opened.prepare(&self.visitors).await;
            self.show(&opened, forgotten);
            drop(shown);
            if !had_room {
                // What found none beside the former tables finds it now.
                opened.hold_rest().await;
            }
        } else if !shown.is_prepared() {
            shown.prepare(&self.visitors).await;
        }
        Ok(())
    }

    /// Shows at once what a sync of this process wrote: who watched it wants to see it.
    async fn reopen(&self) {
        let (_, forgotten) = self.shown();
        let opened = async { self.open(self.version().await?).await };
        match opened.await {
            Ok(opened) => self.show(&opened, forgotten),
            Err(_) => self.let_go(),
        }
    }

    async fn open(&self, version: blake3::Hash) -> Result<Arc<Snapshot>, Error> {
        Snapshot::open(&self.file, &self.now(), version, Arc::clone(&self.answers)).await
    }

    /// Nobody opens the tables for the first time until this is dropped.
    #[cfg(test)]
    pub(crate) async fn keep_closed(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.opening.lock().await
    }

    fn show(&self, opened: &Arc<Snapshot>, forgotten: u64) {
        let mut tables = self.tables();
        if tables.forgotten == forgotten {
            tables.shown = Some(Arc::clone(opened));
        }
    }

    /// Names the state of the tables as they are now.
    async fn version(&self) -> Result<blake3::Hash, Error> {
        let failed = Error::pipeline("look at the lake");
        let entries = deskmeter_pipeline::newest_entries(&self.file, &self.now()).await.map_err(failed)?;
        let mut version = blake3::Hasher::new();
        version.update(self.name().as_bytes());
        for (table, entry) in entries {
            version.update(b"\n").update(table.as_bytes()).update(b"/").update(entry.as_bytes());
        }
        Ok(version.finalize())
    }

    /// The context with the present time.
    pub(crate) fn now(&self) -> Context {
        Context { started_at: (self.context.clock)(), ..self.context.clone() }
    }

    /// The clock.
    pub(crate) fn clock(&self) -> Clock {
        self.context.clock.clone()
    }

    /// Who watches the console.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.context.observer)
    }

    /// Somebody looks at a report now.
    pub(crate) fn view(&self) {
        *self.viewed_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether somebody looked at a report lately: then the tables are worth holding.
    fn is_viewed(&self) -> bool {
        self.viewed_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < VIEWED_WITHIN
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(&self) -> (Option<Arc<Snapshot>>, u64) {
        let tables = self.tables();
        (tables.shown.clone(), tables.forgotten)
    }

    fn let_go(&self) {
        let mut tables = self.tables();
        tables.shown = None;
        tables.forgotten += 1;
    }

    /// What was deleted must not be answered from memory either.
    fn forget_tables(&self) {
        self.let_go();
        self.answers.clear();
    }
}

//! The one place that speaks with the pipeline: how a connection stands, its runs, its warehouse, connecting and
//! disconnecting.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use deskmeter_pipeline::{
    Clock, ConnectReport, ConnectionStatus, Context, DisconnectReport, Observer, Pending, PipelineFile, Run,
    SyncOptions, SyncReport,
};
use deskmeter_warehouse::Warehouse;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::Error;
use crate::data::rows::Rows;
use crate::format;

/// Another process may write: tables are looked at anew after this long.
const WAREHOUSE_AGE_MAX: Duration = Duration::from_secs(30);
/// Most rows that one answer may have; what lies beyond is cut off and said so.
pub(crate) const ROWS_MAX: usize = 200_000;
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
    warehouse: Mutex<Option<(Instant, Arc<Warehouse>)>>,
}

impl Connection {
    /// The connection of a pipeline file.
    pub(crate) fn new(file: PipelineFile, context: Context) -> Self {
        Self { file, context, warehouse: Mutex::new(None) }
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

    /// Reads what changed.
    pub(crate) async fn sync(&self, observer: Arc<dyn Observer>) -> Result<SyncReport, Error> {
        let context = self.now().observed_by(observer);
        let options = SyncOptions { wait: SYNC_WAIT, ..SyncOptions::default() };
        let report = deskmeter_pipeline::sync(&self.file, &context, &options).await;
        self.forget_tables().await;
        report.map_err(Error::pipeline("sync"))
    }

    /// Revokes the authorization and deletes everything.
    pub(crate) async fn disconnect(&self) -> Result<DisconnectReport, Error> {
        self.forget_tables().await;
        let report = deskmeter_pipeline::disconnect(&self.file, &self.now()).await;
        report.map_err(Error::pipeline("disconnect"))
    }

    /// Goes on with a deletion that was asked for.
    pub(crate) async fn purge(&self) -> Result<DisconnectReport, Error> {
        self.forget_tables().await;
        deskmeter_pipeline::purge(&self.file, &self.now())
            .await
            .map_err(Error::pipeline("finish the deletion"))
    }

    /// The warehouse over the tables as they are, at most half a minute old.
    pub(crate) async fn warehouse(&self) -> Result<Arc<Warehouse>, Error> {
        let mut cached = self.warehouse.lock().await;
        if let Some((at, warehouse)) = cached.as_ref().filter(|(at, _)| at.elapsed() < WAREHOUSE_AGE_MAX) {
            let _ = at;
            return Ok(Arc::clone(warehouse));
        }
        let opened = deskmeter_pipeline::open_warehouse(&self.file, &self.now()).await;
        let warehouse = Arc::new(opened.map_err(Error::pipeline("open the warehouse"))?);
        *cached = Some((Instant::now(), Arc::clone(&warehouse)));
        Ok(warehouse)
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

    async fn forget_tables(&self) {
        *self.warehouse.lock().await = None;
    }
}

/// Answers a statement, up to [`ROWS_MAX`] rows.
pub(crate) async fn ask(warehouse: &Warehouse, sql: &str) -> Result<Rows, deskmeter_warehouse::Error> {
    let mut stream = warehouse.query(sql).await?;
    let schema = stream.schema();
    let mut batches: Vec<RecordBatch> = Vec::new();
    let mut left = ROWS_MAX;
    let failed = |error| deskmeter_warehouse::Error::Query(Box::new(error));
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        let batch = batch.slice(0, batch.num_rows().min(left));
        left -= batch.num_rows();
        batches.push(batch);
        if left == 0 {
            break;
        }
    }
    Ok(Rows::new(&schema, &batches))
}

//! What all requests share, and which address leads to which page.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use deskmeter_pipeline::Stop;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::warn;

use crate::backend::Connection;
use crate::data::answers::Answers;
use crate::live::{Phase, Runs, Watcher, told};
use crate::pages::{
    accounts, assets, audit, connect, dashboard, data, disconnect, integrations, live, login, marts,
};
use crate::security::{Attempts, Hosts, Password, SessionId, Sessions};
use crate::visitors::{self, Visitors};
use crate::{Error, Labels, Limits, ServeOptions, prometheus, security};

/// Another process may write: how often it is looked whether one did.
const WARM_EVERY: Duration = Duration::from_secs(30);

/// What all requests share.
pub(crate) struct App {
    /// The hosts that are answered.
    pub(crate) hosts: Hosts,
    /// Who has signed in.
    pub(crate) sessions: Sessions,
    /// Whether requests come by a proxy, which says for whom it asks.
    pub(crate) is_behind_proxy: bool,
    /// Failed sign-ins.
    pub(crate) attempts: Attempts,
    /// What people must know to get in.
    pub(crate) password: Option<Password>,
    /// The operator's names.
    pub(crate) labels: Labels,
    /// Who waits for a page.
    pub(crate) visitors: Visitors,
    /// How long a slow sender is waited for.
    pub(crate) limits: Limits,
    /// Connections by name.
    pub(crate) connections: BTreeMap<String, Arc<Connection>>,
    /// Runs that this process made.
    pub(crate) runs: Runs,
    /// Authorizations that people have been sent away for.
    pub(crate) authorizations: connect::Authorizations,
    /// Audits that this process runs.
    pub(crate) audits: audit::Audits,
    /// Why deletions that this process tried are not done.
    pub(crate) problems: disconnect::Problems,
    /// Scheme and host that browsers use, without a slash at the end.
    pub(crate) origin: String,
    tasks: Mutex<JoinSet<()>>,
    stopping: watch::Sender<bool>,
    /// Ends the syncs of all connections, whose contexts hold it too.
    stop: Stop,
}

impl App {
    /// The console on a bound address.
    pub(crate) fn new(options: ServeOptions, bound: SocketAddr) -> Result<Self, Error> {
        let at_once = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (answers, visitors) = (Arc::new(Answers::new(at_once)), Visitors::none());
        let mut connections = BTreeMap::new();
        for (_, file) in options.pipelines {
            let name = file.connection.name.clone();
            let (context, answers) = (options.context.clone(), Arc::clone(&answers));
            let connection = Connection::new(file, context, answers, visitors.clone());
            if connections.insert(name.clone(), Arc::new(connection)).is_some() {
                return Err(Error::Twice { name });
            }
        }
        let origin = options.public_url.as_ref().map(|url| url.origin().ascii_serialization());
        Ok(Self {
            hosts: Hosts::new(bound, options.public_url.as_ref()),
            sessions: Sessions::new(),
            is_behind_proxy: options.public_url.is_some(),
            attempts: Attempts::default(),
            password: options.password,
            labels: options.labels,
            visitors,
            limits: options.limits,
            connections,
            runs: Runs::default(),
            authorizations: connect::Authorizations::default(),
            audits: audit::Audits::default(),
            problems: disconnect::Problems::default(),
            origin: origin.unwrap_or_else(|| format!("http://{bound}")),
            tasks: Mutex::new(JoinSet::new()),
            stopping: watch::Sender::new(false),
            stop: options.context.stop,
        })
    }

    /// Whether this visitor may see everything.
    pub(crate) fn is_signed_in(&self, session: &SessionId) -> bool {
        self.password.is_none() || self.sessions.is_signed_in(session, Instant::now())
    }

    /// Gives the visitor this session.
    pub(crate) fn set_cookie(&self, answer: &mut Response, session: &SessionId) {
        let cookie = session.cookie(self.origin.starts_with("https://"));
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().insert(header::SET_COOKIE, value);
        }
    }

    /// Starts a sync in the background, unless one is going on.
    pub(crate) fn start_sync(self: &Arc<Self>, connection: &Arc<Connection>) -> bool {
        let watcher = Arc::new(Watcher::new(connection.clock(), connection.observer()));
        if !self.runs.begin(connection.name(), watcher.follow()) {
            return false;
        }
        let (app, connection) = (Arc::clone(self), Arc::clone(connection));
        self.spawn(async move {
            connection.plan_first(&watcher).await;
            let phase = match connection.sync(watcher.clone()).await {
                Ok(_) => Phase::Done,
                Err(error) => {
                    warn!(
                        connection = connection.name(),
                        error = crate::backend::causes(&error),
                        "sync stopped"
                    );
                    Phase::Failed {
                        what: crate::backend::causes(&error),
                        next: error.next_step().map(str::to_owned),
                    }
                }
            };
            watcher.end(phase);
            app.warm(&connection).await;
        });
        true
    }

    /// Goes on with deletions that a stop interrupted: the promise of 24 hours runs on.
    pub(crate) fn resume_deletions(self: &Arc<Self>) {
        for connection in self.connections.values() {
            let (app, connection) = (Arc::clone(self), Arc::clone(connection));
            self.spawn(async move {
                let is_deleting =
                    |standing: &crate::backend::Standing| standing.state == crate::backend::State::Deleting;
                if connection.standing().await.as_ref().is_ok_and(is_deleting) {
                    let run = app.runs.get(connection.name());
                    disconnect::finish(&app, &connection, run.as_ref(), connection.purge().await);
                }
            });
        }
    }

    /// Opens the tables, and again after every sync, by whichever process, so that nobody who looks has to wait.
    pub(crate) fn keep_warm(self: &Arc<Self>) {
        let app = Arc::clone(self);
        self.spawn(async move {
            let mut stopping = app.stopping();
            loop {
                for connection in app.connections.values() {
                    app.warm(connection).await;
                }
                if tokio::time::timeout(WARM_EVERY, told(&mut stopping)).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// Looks whether there is something new, unless the console stops.
    async fn warm(&self, connection: &Connection) {
        let mut stopping = self.stopping();
        tokio::select! {
            () = told(&mut stopping) => {}
            () = connection.renew() => {}
        }
    }

    /// Runs something in the background; [`join`](Self::join) waits for it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// No new work: syncs commit what they have and end, streams of events end.
    pub(crate) fn stop(&self) {
        self.stop.ask();
        self.stopping.send_replace(true);
    }

    /// Tells when the console stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Waits for what runs in the background.
    pub(crate) async fn join(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
    }
}

/// Which address leads to which page.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(integrations::home))
        .route("/healthz", get(async || "ok\n"))
        .route("/metrics", get(prometheus::metrics))
        .route("/assets/{file}", get(assets::asset))
        .route("/login", get(login::form).post(login::sign_in))
        .route("/logout", post(login::sign_out))
        .route("/integrations", get(integrations::list))
        .route("/integrations/{connection}", get(integrations::details))
        .route("/integrations/{connection}/connect", get(connect::ask).post(connect::begin))
        .route("/integrations/{connection}/sync", post(integrations::sync))
        .route("/integrations/{connection}/events", get(live::events))
        .route("/integrations/{connection}/disconnect", get(disconnect::ask).post(disconnect::begin))
        .route("/integrations/{connection}/receipt.json", get(disconnect::receipt))
        .route("/oauth/callback", get(connect::callback))
        .route("/oauth/finish", get(connect::finish))
        .route("/accounts", get(accounts::page))
        .route("/accounts.csv", get(accounts::csv))
        .route("/c/{connection}/{page}", get(dashboard::page))
        .route("/c/{connection}/marts", get(marts::page))
        .route("/c/{connection}/marts/{mart}", get(marts::sql))
        .route("/c/{connection}/marts/{mart}/rows.csv", get(marts::csv))
        .route("/c/{connection}/privacy/audit", post(audit::begin))
        .route("/c/{connection}/sql/{query}", get(data::sql))
        .route("/c/{connection}/data/{file}", get(data::csv))
        .fallback(assets::not_found)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), visitors::counted))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), security::body))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), security::guard))
        .with_state(app)
}

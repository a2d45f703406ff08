//! Starting, watching and stopping a simulator.

use super::asked::Asked;
use super::route::{Endpoint, Route};
use super::wire::{Door, Peer};
use super::{Simulator, serve};
use crate::error::Error;
use crate::fault::Fault;
use crate::options::Options;
use crate::world::World;
use axum::Router;
use serde::Serialize;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long open connections may take to end when the simulator stops.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// A request as the simulator saw it; no value of a query, header or body is kept, but for `include`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LoggedRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Names of the query parameters, in the order they came.
    pub query_keys: Vec<String>,
    /// The words of `include`.
    pub includes: Vec<String>,
    /// The granular scope that the route wants; `read` when only the global scope opens it, empty when any
    /// token, or none, will do.
    pub scope: &'static str,
    /// The status that was answered.
    pub status: u16,
    /// The request reached for what the product promises never to read: a forbidden route, comment bodies,
    /// or a sideload other than `metric_sets`.
    pub forbidden: bool,
    /// Names of the faults that struck.
    pub faults: Vec<&'static str>,
}

impl LoggedRequest {
    pub(super) fn new(
        asked: &Asked,
        route: Option<&Route>,
        scope: &'static str,
        (status, faults): (u16, &[Fault]),
    ) -> Self {
        let includes = asked.words("include");
        let sideload = includes.iter().any(|include| include != "metric_sets");
        let forbidden = sideload || route.is_some_and(|route| route.endpoint == Endpoint::Forbidden);
        Self {
            method: asked.method.clone(),
            path: asked.path.clone(),
            query_keys: asked.query.iter().map(|(key, _)| key.clone()).collect(),
            includes,
            scope,
            status,
            forbidden,
            faults: faults.iter().map(Fault::name).collect(),
        }
    }
}

/// A simulator that is serving; it stops when dropped.
pub struct Running {
    simulator: Arc<Simulator>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// Starts a simulator on 127.0.0.1.
///
/// # Errors
/// [`Error::Listen`], naming the port, when the port is in use or may not be opened.
pub async fn start(world: World, options: Options) -> Result<Running, Error> {
    let port = options.port;
    let failed = |source| Error::Listen { port, source };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let base_url = format!("http://{}", listener.local_addr().map_err(failed)?);
    let simulator = Arc::new(Simulator::new(world, options, base_url));
    let router = Router::new().fallback(serve).with_state(Arc::clone(&simulator));
    let service = router.into_make_service_with_connect_info::<Peer>();
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(Door(listener), service).with_graceful_shutdown(async move {
        // An error means that the handle was dropped, which is a wish to stop as well.
        let _ = stopped.await;
    });
    let task = tokio::spawn(async move {
        // Serving ends only when it is told to; accepting never fails for good.
        let _ = server.await;
    });
    Ok(Running { simulator, stop: Some(stop), task })
}

impl Running {
    /// `http://127.0.0.1:PORT`
    pub fn base_url(&self) -> &str {
        &self.simulator.base_url
    }

    /// Every request so far, in order of answering.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.simulator.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Revokes every code and token, as an administrator does in Admin Center.
    pub fn revoke_all_tokens(&self) {
        self.simulator.tokens.revoke_all();
    }

    /// Other faults from now on; none for good weather. Requests are counted on from where they were.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        *self.simulator.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// The world that is served.
    pub fn world(&self) -> &World {
        &self.simulator.world
    }

    /// Stops serving; connections that do not end within two seconds are dropped.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(STOP_PATIENCE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }

    /// Serves until the process ends.
    pub async fn wait(mut self) {
        let _ = (&mut self.task).await;
    }
}

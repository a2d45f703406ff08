//! The listener: accepts, bounds and ends connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{debug, warn};
use url::Host;

use crate::app::{self, App};
use crate::live::told;
use crate::security::Peer;
use crate::{Error, ServeOptions, Serving};

/// Connections that are served at once; others wait.
const CONNECTIONS_MAX: usize = 512;
/// Pages that are being written may end within this time after the stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after an accept that failed for want of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the console until `shutdown` is done, then lets pages and syncs that are under way end. `started` is told
/// the address once the console answers. Prints nothing.
///
/// # Errors
/// [`Error::Unprotected`] for an address that others can reach, by itself or by a proxy that has the public one, when
/// there is no password, [`Error::Listen`], [`Error::Twice`].
pub async fn serve(
    options: ServeOptions,
    started: impl FnOnce(Serving),
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let address = options.bind;
    if options.password.is_none()
        && let Some(address) = reachable(&options)
    {
        return Err(Error::Unprotected { address });
    }
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let app = Arc::new(App::new(options, bound)?);
    started(Serving { address: bound });
    let router = app::router(Arc::clone(&app));
    let (stop, stopped) = watch::channel(false);
    app.resume_deletions();
    app.keep_warm();
    let mut connections = JoinSet::new();
    let visits = Visits { router, stopped, head: app.limits.head };
    accept(&listener, &visits, &mut connections, shutdown).await;
    drop(listener);
    app.stop();
    let _ = stop.send(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_TIMEOUT, ended).await.is_err() {
        connections.abort_all();
    }
    app.join().await;
    Ok(())
}

/// The address at which others can reach the console, if there is one: a public URL is that of a proxy before it.
fn reachable(options: &ServeOptions) -> Option<String> {
    if !options.bind.ip().is_loopback() {
        return Some(options.bind.to_string());
    }
    let public = options.public_url.as_ref()?;
    let is_own = match public.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    (!is_own).then(|| public.origin().ascii_serialization())
}

/// What every connection is given.
#[derive(Clone)]
struct Visits {
    router: axum::Router,
    stopped: watch::Receiver<bool>,
    head: Duration,
}

async fn accept(
    listener: &TcpListener,
    visits: &Visits,
    connections: &mut JoinSet<()>,
    shutdown: impl Future<Output = ()>,
) {
    let limit = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(shutdown);
    loop {
        let Ok(permit) = Arc::clone(&limit).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => return,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let visits = visits.clone();
                connections.spawn(async move {
                    connection(stream, peer, visits).await;
                    drop(permit);
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
}

async fn pause_after(error: &io::Error) {
    warn!(kind = ?error.kind(), "a visitor could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, visits: Visits) {
    let Visits { router, mut stopped, head } = visits;
    let service = TowerToHyperService::new(router.layer(axum::Extension(Peer(peer))));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(32 << 10)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let result = tokio::select! {
        result = served.as_mut() => result,
        () = told(&mut stopped) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if result.is_err() {
        debug!("a connection ended early");
    }
}

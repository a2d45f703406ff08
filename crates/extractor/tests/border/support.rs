//! A scripted server, a clock that jumps, and tokens in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use deskmeter_extractor::{Client, ClientOptions, Clock, Secret, TokenError, TokenSource};
use deskmeter_zendesk::{PageRequest, PageSize, Position, Stream, UnixSeconds};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;
use url::Url;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// How many came before it.
    pub(crate) number: usize,
}

impl Seen {
    pub(crate) fn bearer(&self) -> &str {
        self.headers.get(header::AUTHORIZATION).map_or("", |value| value.to_str().unwrap())
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) url: Url,
    log: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts one that answers every request by `answer`.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&log);
        let app = Router::new().fallback(move |request: Request| {
            let (answer, log) = (answer.clone(), Arc::clone(&shared));
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let seen = {
                    let mut log = log.lock().unwrap();
                    let seen = Seen {
                        method: parts.method,
                        path: parts.uri.path().to_owned(),
                        query: parts.uri.query().unwrap_or_default().to_owned(),
                        headers: parts.headers,
                        body: String::from_utf8(body.to_vec()).unwrap(),
                        number: log.len(),
                    };
                    log.push(seen.clone());
                    seen
                };
                answer(&seen)
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, log }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }
}

/// A JSON answer with further headers.
pub(crate) fn json(status: u16, body: &str, headers: &[(&str, &str)]) -> Response {
    let mut answer =
        Response::builder().status(status).header("content-type", "application/json; charset=utf-8");
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(Body::from(body.to_owned())).unwrap()
}

/// An answer that is not JSON.
pub(crate) fn html(status: u16, body: &str) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", "text/html")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// An empty page of tickets.
pub(crate) fn page() -> Response {
    json(200, r#"{"tickets":[],"after_cursor":"c","end_of_stream":true}"#, &[])
}

/// A clock that stands still until everybody waits, then jumps to the nearest deadline.
#[derive(Clone)]
pub(crate) struct JumpingClock(Arc<Mutex<Times>>);

struct Times {
    now: Instant,
    sleepers: Vec<(Instant, oneshot::Sender<()>)>,
}

impl JumpingClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Times { now: Instant::now(), sleepers: Vec::new() })))
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.lock().unwrap().now += by;
    }

    /// Jumps whenever the client has no request under way and somebody sleeps.
    pub(crate) fn run(&self, client: &Client) {
        let (clock, client) = (self.clone(), client.clone());
        tokio::spawn(async move {
            loop {
                tokio::task::yield_now().await;
                if client.stats().in_flight == 0 {
                    clock.jump();
                }
            }
        });
    }

    fn jump(&self) {
        let mut times = self.0.lock().unwrap();
        let Some(nearest) = times.sleepers.iter().map(|(deadline, _)| *deadline).min() else { return };
        times.now = times.now.max(nearest);
        let now = times.now;
        let (due, later) = std::mem::take(&mut times.sleepers).into_iter().partition(|(at, _)| *at <= now);
        times.sleepers = later;
        for (_, wake) in due {
            let _ = wake.send(());
        }
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Instant {
        self.0.lock().unwrap().now
    }

    async fn sleep_until(&self, deadline: Instant) {
        let wake = {
            let mut times = self.0.lock().unwrap();
            if times.now >= deadline {
                return;
            }
            let (wake, woken) = oneshot::channel();
            times.sleepers.push((deadline, wake));
            woken
        };
        wake.await.unwrap();
    }
}

/// Tokens `t0`, `t1`, … : every refresh goes on to the next.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<u32>);

impl Tokens {
    pub(crate) fn refreshes(&self) -> u32 {
        *self.0.lock().unwrap()
    }
}

#[async_trait]
impl TokenSource for Tokens {
    async fn access(&self) -> Result<Secret, TokenError> {
        Ok(Secret::new(format!("t{}", self.refreshes())))
    }

    async fn refresh(&self, _refused: &Secret) -> Result<Secret, TokenError> {
        *self.0.lock().unwrap() += 1;
        self.access().await
    }
}

/// A client of this server that may use the whole limit.
pub(crate) fn client(url: &Url) -> (Client, JumpingClock) {
    client_with(ClientOptions { quota_percent: 100, ..ClientOptions::new(url.clone()) })
}

pub(crate) fn client_with(options: ClientOptions) -> (Client, JumpingClock) {
    let clock = JumpingClock::new();
    let client = Client::with_clock(options, Arc::new(clock.clone())).unwrap();
    clock.run(&client);
    (client, clock)
}

/// The first page of a stream.
pub(crate) fn first_page(stream: Stream) -> PageRequest {
    PageRequest { stream, from: Position::start(UnixSeconds(1_700_000_000)), page_size: PageSize::MAX }
}

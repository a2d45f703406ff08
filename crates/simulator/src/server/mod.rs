//! The server: one handler that authenticates, limits, answers, breaks on purpose, and writes the log.

pub(crate) mod answer;
pub(crate) mod asked;
pub(crate) mod exports;
pub(crate) mod limits;
pub(crate) mod lists;
pub(crate) mod oauth;
pub(crate) mod route;
pub(crate) mod running;
pub(crate) mod send;
pub(crate) mod sideloads;
pub(crate) mod tokens;
pub(crate) mod wire;

use crate::fault::{Fault, Kind};
use crate::options::{Options, TokenRole};
use crate::world::World;
use crate::world::stream::Stream;
use answer::Answer;
use asked::Asked;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::response::Response;
use limits::{Bucket, Level, Limits};
use route::{Endpoint, Mode, Route};
use running::LoggedRequest;
use send::Delivery;
use sideloads::Sideloads;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokens::{Grant, Tokens};
use wire::Peer;

/// The user id of whoever authorises.
pub(crate) const ME: i64 = 38_000_000_000_001;
/// Largest request body, in bytes.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// A running account.
pub(crate) struct Simulator {
    pub(crate) world: World,
    pub(crate) options: Options,
    pub(crate) base_url: String,
    pub(crate) tokens: Tokens,
    limits: Limits,
    /// What goes wrong now; at first what the options say.
    pub(crate) faults: RwLock<Vec<Fault>>,
    pub(crate) log: Mutex<Vec<LoggedRequest>>,
    requests: AtomicU64,
    exports: AtomicU64,
}

impl Simulator {
    pub(crate) fn new(world: World, options: Options, base_url: String) -> Self {
        Self {
            world,
            faults: RwLock::new(options.faults.clone()),
            options,
            base_url,
            tokens: Tokens::default(),
            limits: Limits::default(),
            log: Mutex::default(),
            requests: AtomicU64::new(0),
            exports: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> i64 {
        (self.options.clock)()
    }

    /// The faults that strike at the next export request.
    fn faults(&self) -> Vec<Fault> {
        let number = self.exports.fetch_add(1, Ordering::SeqCst) + 1;
        let faults = self.faults.read().unwrap_or_else(PoisonError::into_inner);
        faults.iter().filter(|fault| fault.strikes(number)).copied().collect()
    }

    fn has_fault(&self, kind: Kind) -> bool {
        let faults = self.faults.read().unwrap_or_else(PoisonError::into_inner);
        faults.iter().any(|fault| fault.kind == kind)
    }
}

/// Serves one request.
pub(crate) async fn serve(
    State(simulator): State<Arc<Simulator>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let number = simulator.requests.fetch_add(1, Ordering::SeqCst) + 1;
    let asked = match asked(request).await {
        Ok(asked) => asked,
        Err(refusal) => return send::response(refusal, false, Delivery::Whole, number),
    };
    let is_export = asked.path.starts_with("/api/v2/incremental/");
    let faults = if is_export { simulator.faults() } else { Vec::new() };
    if let Some(slow) = faults.iter().find(|fault| fault.kind == Kind::Slow) {
        tokio::time::sleep(Duration::from_millis(u64::from(slow.value.unwrap_or(1000)))).await;
    }
    let kinds: Vec<Kind> = faults.iter().map(|fault| fault.kind).collect();
    let delivery = match () {
        () if kinds.contains(&Kind::TruncatedGzip) => Delivery::TruncatedGzip,
        () if kinds.contains(&Kind::CutBody) => Delivery::Cut,
        () => Delivery::Whole,
    };
    if kinds.contains(&Kind::Reset) {
        peer.cut();
    }
    // A page takes milliseconds of pure work to write: off the threads that must answer others.
    let worker = Arc::clone(&simulator);
    let work = tokio::task::spawn_blocking(move || {
        let gzip = asked.gzip;
        send::response(worker.answered(&asked, &faults, &kinds), gzip, delivery, number)
    });
    work.await.unwrap_or_else(|_| send::response(Answer::empty(500), false, Delivery::Whole, number))
}

async fn asked(request: Request) -> Result<Asked, Answer> {
    let (head, body) = request.into_parts();
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = axum::body::to_bytes(body, REQUEST_BYTES_MAX).await.map_err(|_| Answer::empty(413))?;
    Ok(Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: asked::pairs(head.uri.query().unwrap_or_default()),
        host: header(HOST).to_owned(),
        authorization: authorization(&head.headers),
        gzip: header(ACCEPT_ENCODING).contains("gzip"),
        json_body: header(CONTENT_TYPE).starts_with("application/json"),
        body: body.to_vec(),
    })
}

fn authorization(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(AUTHORIZATION)?.to_str().ok()?.to_owned())
}

/// Who asks.
enum Caller {
    Anonymous,
    Known(Grant),
    /// A bearer token that is not, or no longer, good.
    Refused,
}

impl Simulator {
    /// Answers and logs.
    fn answered(&self, asked: &Asked, faults: &[Fault], kinds: &[Kind]) -> Answer {
        let route = route::find(&asked.path);
        let answer = match route {
            Some((route, id)) => self.api(asked, route, id, (faults, kinds)),
            None => self.page(asked),
        };
        if !asked.path.starts_with("/__simulator/") {
            let scope = route.map_or("", |(route, _)| route.scope(self.options.scope_profile));
            let logged =
                LoggedRequest::new(asked, route.map(|(route, _)| route), scope, (answer.status, faults));
            self.log.lock().unwrap_or_else(PoisonError::into_inner).push(logged);
        }
        answer
    }

    /// What lies outside `/api/v2/`.
    fn page(&self, asked: &Asked) -> Answer {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET" | "POST", "/oauth/authorizations/new") => oauth::authorize(self, asked),
            ("POST", "/oauth/tokens") => oauth::token(self, asked),
            ("GET", "/__simulator/requests") => {
                let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
                Answer::json(200, serde_json::to_vec(&*log).unwrap_or_default())
            }
            _ => Answer::no_endpoint(),
        }
    }

    fn api(&self, asked: &Asked, route: &Route, id: i64, faults: (&[Fault], &[Kind])) -> Answer {
        if faults.1.contains(&Kind::Revoked) {
            self.tokens.revoke_all();
        }
        if faults.1.contains(&Kind::TokenExpired) {
            self.tokens.expire_access();
        }
        let now = self.now();
        let account = self.limits.take(Bucket::Account, self.options.rate_limit, now);
        let answer = match self.caller(asked) {
            Caller::Refused => Answer::invalid_token(),
            Caller::Anonymous if route.endpoint == Endpoint::Me => lists::me(self, asked, None),
            Caller::Anonymous => Answer::not_authenticated(),
            Caller::Known(_) if account.is_some_and(|level| level.exceeded) => {
                Answer::too_many(account.map(|level| level.resets_secs))
            }
            Caller::Known(grant) => self.for_grant(asked, route, id, &grant, faults),
        };
        match account {
            Some(level) => with_account_headers(answer, level),
            None => answer,
        }
    }

    fn caller(&self, asked: &Asked) -> Caller {
        let bearer = asked.authorization.as_deref().and_then(|text| text.strip_prefix("Bearer "));
        match bearer {
            Some(token) => self.tokens.grant(token, self.now()).map_or(Caller::Refused, Caller::Known),
            None => Caller::Anonymous,
        }
    }

    fn for_grant(
        &self,
        asked: &Asked,
        route: &Route,
        id: i64,
        grant: &Grant,
        faults: (&[Fault], &[Kind]),
    ) -> Answer {
        let scope = route.scope(self.options.scope_profile);
        let mut granted = grant.scope.split(' ');
        if scope != route::NONE && !grant.reads_all() && !granted.any(|held| held == scope) {
            return Answer::missing_scope(scope);
        }
        if route.admin && self.options.token_role != TokenRole::Admin {
            return Answer::wrong_role();
        }
        let token = matches!(route.endpoint, Endpoint::Token | Endpoint::TokenCurrent);
        if asked.method != "GET" && !(token && asked.method == "DELETE") {
            return Answer::no_endpoint();
        }
        let sideloads = Sideloads::granted(asked, grant);
        match route.endpoint {
            Endpoint::Export(stream, mode) => self.limited_export(asked, (stream, mode), sideloads, faults),
            Endpoint::Sample(stream) => {
                let level = self.limits.take(Bucket::Samples, self.options.rate_limit, self.now());
                within(Bucket::Samples, level, || exports::sample(self, asked, stream, sideloads))
            }
            Endpoint::TokenCurrent => self.token(asked, grant.id, grant),
            Endpoint::Token => self.token(asked, id, grant),
            other => lists::answer(self, asked, (other, id), sideloads),
        }
    }

    fn limited_export(
        &self,
        asked: &Asked,
        (stream, mode): (Stream, Mode),
        sideloads: Sideloads,
        faults: (&[Fault], &[Kind]),
    ) -> Answer {
        let cursor_users = stream == Stream::Users && mode == Mode::Cursor;
        let bucket = if cursor_users { Bucket::UsersCursor } else { Bucket::Exports };
        let level = self.limits.take(bucket, self.options.rate_limit, self.now());
        within(bucket, level, || {
            let by_cursor = asked.value("cursor").is_some();
            if by_cursor && faults.1.contains(&Kind::CursorRefused) {
                return Answer::refusal(400, "InvalidPaginationParameter", "The cursor parameter is invalid");
            }
            let broken = faults.0.iter().find_map(broken);
            broken.unwrap_or_else(|| exports::export(self, asked, (stream, mode), sideloads, faults.1))
        })
    }

    fn token(&self, asked: &Asked, id: i64, grant: &Grant) -> Answer {
        if asked.method == "GET" && id == grant.id {
            return Answer::json(200, oauth::token_object(grant, &self.base_url));
        }
        if asked.method == "GET" {
            return Answer::not_found();
        }
        if self.has_fault(Kind::RevokeLies) || self.tokens.revoke(id) {
            return Answer::empty(204);
        }
        Answer::not_found()
    }
}

fn within(bucket: Bucket, level: Option<Level>, answer: impl FnOnce() -> Answer) -> Answer {
    let Some(level) = level else { return answer() };
    let answer = if level.exceeded { Answer::too_many(Some(level.resets_secs)) } else { answer() };
    match bucket.header() {
        Some(name) => answer.with(
            name,
            format!("total={}; remaining={}; resets={}", level.total, level.remaining, level.resets_secs),
        ),
        None => answer,
    }
}

fn with_account_headers(answer: Answer, level: Level) -> Answer {
    answer
        .with("x-rate-limit", level.total.to_string())
        .with("x-rate-limit-remaining", level.remaining.to_string())
        .with("ratelimit-limit", level.total.to_string())
        .with("ratelimit-remaining", level.remaining.to_string())
        .with("ratelimit-reset", level.resets_secs.to_string())
}

/// The answer that takes the page's place, if the fault is one of those.
fn broken(fault: &Fault) -> Option<Answer> {
    let gateway = "<html><head><title>502 Bad Gateway</title></head><body>CANARY-gateway-0</body></html>";
    let mail = r#"{"error":"APIRateLimitExceeded","description":"Number of allowed API requests per minute exceeded for canary-admin-0@example.test"}"#;
    Some(match fault.kind {
        Kind::Status500 => Answer::refusal(500, "InternalError", "CANARY-error-0"),
        Kind::Status502 => Answer::html(502, gateway.into()),
        Kind::Status503 => {
            let answer = Answer::refusal(503, "ServiceUnavailable", "Zendesk is undergoing maintenance");
            match fault.value {
                Some(secs) => answer.with("retry-after", secs.to_string()),
                None => answer,
            }
        }
        Kind::Status504 => Answer::text(504, "upstream request timeout"),
        Kind::EmptyForbidden => Answer::empty(403),
        Kind::RoleForbidden => Answer::wrong_role(),
        Kind::EmptyNotFound => Answer::empty(404),
        Kind::TooMany => Answer::json(429, mail).with("retry-after", fault.value.unwrap_or(10).to_string()),
        Kind::TooManySilent => Answer::too_many(None),
        Kind::Html => Answer::html(200, gateway.into()),
        _ => return None,
    })
}

//! The way of a request to its page: host, body, session, sign-in, in this order.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::headers::harden;
use super::{Client, SessionId};
use crate::app::App;
use crate::pages::{Refusal, onward};

/// Largest body that is read: forms of a few fields.
const BODY_MAX: usize = 16 << 10;
/// Longest target of a request.
const TARGET_MAX: usize = 4 << 10;
/// Tells, in browsers, from where a request comes.
const FETCH_SITE: &str = "sec-fetch-site";
/// Where people sign in.
const LOGIN: &str = "/login";
/// What anyone may see: the way in, and whether the server lives.
const OPEN: [&str; 4] = [LOGIN, "/healthz", "/oauth/callback", "/metrics"];

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Refuses what is for another host, gives every visitor a session and keeps those out who must sign in.
pub(crate) async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    if let Err(refusal) = check(&app, &request) {
        return hardened(refusal.into_response());
    }
    let known = request_session(request.headers());
    let path = request.uri().path().to_owned();
    let is_open = OPEN.contains(&path.as_str()) || path.starts_with("/assets/");
    if known.is_none() && !is_open && is_from_elsewhere(&request) {
        return hardened(come_in(&request).into_response());
    }
    let session = known.clone().unwrap_or_else(SessionId::random);
    if !is_open && !app.is_signed_in(&session) {
        let answer = if request.method().is_safe() {
            Redirect::to(LOGIN).into_response()
        } else {
            Refusal::new(StatusCode::UNAUTHORIZED, "Sign in first.").into_response()
        };
        return hardened(answer);
    }
    if let Some(client) = client(&app, &request) {
        request.extensions_mut().insert(client);
    }
    request.extensions_mut().insert(session.clone());
    let mut answer = hardened(next.run(request).await);
    // An answer that sets a cookie of its own (a sign-in) wins; one that people may be led to from elsewhere sets
    // none, for their own cookie was only kept back.
    let is_place = !is_open || path == LOGIN;
    if known.is_none() && is_place && !answer.headers().contains_key(header::SET_COOKIE) {
        app.set_cookie(&mut answer, &session);
    }
    answer
}

/// Who sends a request: the proxy says so where one stands before the console.
fn client(app: &App, request: &Request) -> Option<Client> {
    let address = request.extensions().get::<Peer>()?.0.ip();
    Some(if app.is_behind_proxy { Client::behind(address, request.headers()) } else { Client::new(address) })
}

/// Whether a link of another site led here, so that the browser kept the strict cookie back.
fn is_from_elsewhere(request: &Request) -> bool {
    request.method().is_safe() && request.headers().get(FETCH_SITE).is_some_and(|site| site == "cross-site")
}

/// Leads to the same page once more, from this site: then the cookie comes along, if there is one.
fn come_in(request: &Request) -> Result<Response, Refusal> {
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    // To a browser a second slash, of either kind, begins the name of another host.
    let is_ours = !target.starts_with("//") && !target.contains('\\');
    let target = if is_ours { target } else { "/" };
    onward("Opening deskmeter", "One moment.", target.to_owned())
}

/// Reads the whole body, bounded in size and time, so that no page waits on a slow sender.
pub(crate) async fn body(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(app.limits.body, axum::body::to_bytes(body, BODY_MAX)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(_)) => {
            hardened(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large.").into_response())
        }
        Err(_) => {
            hardened(Refusal::new(StatusCode::REQUEST_TIMEOUT, "The request took too long.").into_response())
        }
    }
}

/// The session that a request names.
fn request_session(headers: &HeaderMap) -> Option<SessionId> {
    headers.get_all(header::COOKIE).iter().find_map(|value| SessionId::from_cookies(value.to_str().ok()?))
}

fn check(app: &App, request: &Request) -> Result<(), Refusal> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if !text(header::HOST).is_some_and(|host| app.hosts.allows(host)) {
        return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "This server has another name."));
    }
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > TARGET_MAX {
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "The address is too long."));
    }
    let is_foreign = text(header::ORIGIN).is_some_and(|origin| !app.hosts.allows_origin(origin));
    if !request.method().is_safe() && is_foreign {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "The form comes from another site."));
    }
    Ok(())
}

fn hardened(mut answer: Response) -> Response {
    harden(answer.headers_mut());
    answer
}

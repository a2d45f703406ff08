//! Connecting: the permissions in words, the way to Zendesk, the way back, the first sync.
//!
//! The session's cookie is `SameSite=Strict`, so the browser does not send it when Zendesk leads back. The callback
//! therefore only keeps the code with the question it answers, told by its `state`, and leads on to a page of this
//! site; there the cookie is back, and only the session that asked may finish.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use deskmeter_pipeline::Pending;
use serde::Deserialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::form::Submitted;
use super::{Refusal, Shell, connection, html, onward};
use crate::app::App;
use crate::security::SessionId;

/// A person who was sent to Zendesk must be back after this long.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(15);
/// Authorizations that may be open at once; the oldest gives way.
const OPEN_MAX: usize = 32;
/// Path of the redirect URI: register `<origin>/oauth/callback` for the OAuth client.
const CALLBACK: &str = "/oauth/callback";

/// Authorizations that people have been sent away for.
#[derive(Default)]
pub(crate) struct Authorizations(Mutex<Vec<Open>>);

/// One of them.
struct Open {
    connection: String,
    session: SessionId,
    pending: Pending,
    answer: Option<Answer>,
    since: Instant,
}

/// What Zendesk led back with.
enum Answer {
    Code(Zeroizing<String>),
    Refused,
}

impl Authorizations {
    fn open(&self, open: Open) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|open| open.since.elapsed() < ANSWER_TIMEOUT);
        if all.len() >= OPEN_MAX {
            all.remove(0);
        }
        all.push(open);
    }

    /// Keeps the answer with its question. Only the first counts.
    fn answer(&self, state: &str, answer: Answer) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|open| open.since.elapsed() < ANSWER_TIMEOUT);
        // Hashes are compared, so that the time tells nothing of the state.
        let state = blake3::hash(state.as_bytes());
        match all.iter_mut().find(|open| blake3::hash(open.pending.state().as_bytes()) == state) {
            Some(open) if open.answer.is_none() => {
                open.answer = Some(answer);
                true
            }
            _ => false,
        }
    }

    /// Takes the answered authorization of this session.
    fn take(&self, session: &SessionId) -> Option<Open> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = all.iter().position(|open| open.answer.is_some() && open.session == *session)?;
        Some(all.remove(index))
    }
}

#[derive(Template)]
#[template(path = "connect.html")]
struct Ask {
    shell: Shell,
    name: String,
    account: String,
}

/// The query that Zendesk leads back with.
#[derive(Deserialize)]
pub(crate) struct Callback {
    code: Option<String>,
    state: Option<String>,
}

/// What will be asked for, in words, before anybody leaves.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let shell = Shell::new(&app, &session, "Connect Zendesk", "integrations");
    html(&Ask { shell, name, account: connection.account().to_owned() })
}

/// Leads to Zendesk. A page does it and not a redirect: the content security policy holds for where a form ends up,
/// and an account's own sign-in may lead anywhere.
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path(name): Path<String>,
    _form: Submitted,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let redirect_uri = format!("{}{CALLBACK}", app.origin);
    let (url, pending) = connection.authorize(&redirect_uri).map_err(|error| Refusal::failed(&error))?;
    app.authorizations.open(Open { connection: name, session, pending, answer: None, since: Instant::now() });
    onward(
        "Taking you to Zendesk",
        "Zendesk shows the three read-only permissions. Choose Allow to connect.",
        url,
    )
}

/// The way back from Zendesk.
pub(crate) async fn callback(
    State(app): State<Arc<App>>,
    Query(query): Query<Callback>,
) -> Result<Response, Refusal> {
    let answer = match query.code {
        Some(code) => Answer::Code(Zeroizing::new(code)),
        None => Answer::Refused,
    };
    if !app.authorizations.answer(&query.state.unwrap_or_default(), answer) {
        let text =
            "This answer belongs to no open attempt to connect. Start again from the Integrations page.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, text));
    }
    onward("Back from Zendesk", "Finishing the connection.", "/oauth/finish".to_owned())
}

/// Exchanges the code, keeps the tokens sealed and starts the first sync.
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
) -> Result<Response, Refusal> {
    let Some(open) = app.authorizations.take(&session) else {
        return Ok(Redirect::to("/integrations").into_response());
    };
    let Some(Answer::Code(code)) = open.answer else {
        return Ok(Redirect::to("/integrations?notice=refused").into_response());
    };
    let connection = connection(&app, &open.connection)?;
    let state = open.pending.state().to_owned();
    connection.complete(open.pending, &code, &state).await.map_err(|error| Refusal::failed(&error))?;
    app.start_sync(&connection);
    Ok(Redirect::to("/integrations?notice=connected").into_response())
}

//! Signing in and out.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::form::Submitted;
use super::{Refusal, html};
use crate::app::App;
use crate::security::{Client, SessionId};

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    token: String,
    problem: Option<&'static str>,
}

/// The form.
pub(crate) async fn form(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
) -> Result<Response, Refusal> {
    if app.is_signed_in(&session) {
        return Ok(Redirect::to("/").into_response());
    }
    html(&Login { token: app.sessions.form_token(&session), problem: None })
}

/// Checks the password. The session that signs in is a new one, so that none can be planted.
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Extension(client): Extension<Client>,
    mut form: Submitted,
) -> Result<Response, Refusal> {
    match is_password(&app, client, Zeroizing::new(form.take("password"))).await {
        Ok(true) => {
            app.sessions.sign_out(&session);
            let session = SessionId::random();
            app.sessions.sign_in(&session, Instant::now());
            let mut answer = Redirect::to("/").into_response();
            app.set_cookie(&mut answer, &session);
            Ok(answer)
        }
        Ok(false) => {
            let token = app.sessions.form_token(&session);
            let page = html(&Login { token, problem: Some("That is not the password.") })?;
            Ok((StatusCode::UNAUTHORIZED, page).into_response())
        }
        Err(wait) => Ok(too_many(wait)),
    }
}

/// Ends the session.
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    _form: Submitted,
) -> Redirect {
    app.sessions.sign_out(&session);
    Redirect::to("/login")
}

/// Whether this is the password; the time to wait when there were too many failures. Without a password every attempt
/// is right: there is nothing to guess.
pub(crate) async fn is_password(
    app: &App,
    client: Client,
    attempt: Zeroizing<String>,
) -> Result<bool, Duration> {
    let Some(password) = app.password.clone() else { return Ok(true) };
    app.attempts.begin(client, Instant::now())?;
    // Hashing is slow on purpose: not on the threads that write pages.
    let is_right = tokio::task::spawn_blocking(move || password.matches(&attempt)).await.unwrap_or(false);
    if is_right {
        app.attempts.succeed(client);
    }
    Ok(is_right)
}

/// Refuses with the time to wait.
pub(crate) fn too_many(wait: Duration) -> Response {
    let text = match wait.as_secs().div_ceil(60) {
        0 | 1 => "Too many wrong passwords. Try again in a minute.".to_owned(),
        minutes => format!("Too many wrong passwords. Try again in {minutes} minutes."),
    };
    let mut answer = Refusal::new(StatusCode::TOO_MANY_REQUESTS, text).into_response();
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    answer
}

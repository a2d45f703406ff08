//! Disconnecting: the name typed as confirmation, deletion in the background, the signed receipt.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use deskmeter_pipeline::DisconnectReport;
use tracing::warn;

use super::form::Submitted;
use super::{Refusal, Shell, connection, html};
use crate::Error;
use crate::app::App;
use crate::backend::{Connection, causes};
use crate::security::SessionId;

/// Receipts of deletions that this process made, and failures to tell.
#[derive(Default)]
pub(crate) struct Receipts(Mutex<BTreeMap<String, Result<Vec<u8>, String>>>);

impl Receipts {
    /// The newest outcome of a connection.
    pub(crate) fn get(&self, connection: &str) -> Option<Result<Vec<u8>, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connection).cloned()
    }

    fn put(&self, connection: &str, outcome: Result<Vec<u8>, String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.to_owned(), outcome);
    }

    fn remove(&self, connection: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(connection);
    }
}

#[derive(Template)]
#[template(path = "disconnect.html")]
struct Ask {
    shell: Shell,
    name: String,
    is_wrong: bool,
}

/// Asks for the name.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    connection(&app, &name)?;
    let shell = Shell::new(&app, &session, "Disconnect", "integrations");
    html(&Ask { shell, name, is_wrong: false })
}

/// Starts the deletion when the name was typed. It goes on when the person leaves, and after a restart.
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path(name): Path<String>,
    mut form: Submitted,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    if form.take("confirm") != name {
        let shell = Shell::new(&app, &session, "Disconnect", "integrations");
        let page = html(&Ask { shell, name, is_wrong: true })?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let standing = connection.standing().await.map_err(|error| Refusal::failed(&error))?;
    if !standing.state.can_disconnect() {
        return Err(Refusal::new(StatusCode::CONFLICT, "There is no connection to disconnect."));
    }
    app.receipts.remove(&name);
    let background = Arc::clone(&app);
    app.spawn(async move {
        let outcome = connection.disconnect().await;
        finish(&background, &connection, outcome);
    });
    Ok(Redirect::to("/integrations?notice=deleting").into_response())
}

/// Keeps the receipt of a deletion that has ended, or why it has not.
pub(crate) fn finish(app: &App, connection: &Connection, outcome: Result<DisconnectReport, Error>) {
    let name = connection.name();
    match outcome {
        Ok(report) => {
            app.runs.forget(name);
            app.receipts.put(name, Ok(report.receipt));
        }
        Err(error) => {
            warn!(connection = name, error = causes(&error), "the deletion is not done");
            app.receipts.put(name, Err(causes(&error)));
        }
    }
}

/// The signed receipt of the last deletion.
pub(crate) async fn receipt(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    connection(&app, &name)?;
    let Some(Ok(receipt)) = app.receipts.get(&name) else { return Err(Refusal::not_found()) };
    let disposition = format!("attachment; filename=\"deskmeter-{name}-deletion-receipt.json\"");
    Ok((
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, disposition)],
        receipt,
    )
        .into_response())
}

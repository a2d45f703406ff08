//! Disconnecting: the name typed as confirmation, deletion in the background, the signed receipt.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use deskmeter_pipeline::DisconnectReport;
use tokio::sync::watch;
use tracing::warn;

use super::form::Submitted;
use super::{Refusal, Shell, connection, html};
use crate::Error;
use crate::app::App;
use crate::backend::{Connection, causes};
use crate::live::Progress;
use crate::security::SessionId;

/// Why deletions that this process tried are not done.
#[derive(Default)]
pub(crate) struct Problems(Mutex<BTreeMap<String, String>>);

impl Problems {
    /// Why the last try of a connection's deletion failed.
    pub(crate) fn get(&self, connection: &str) -> Option<String> {
        self.all().get(connection).cloned()
    }

    fn put(&self, connection: &str, problem: String) {
        self.all().insert(connection.to_owned(), problem);
    }

    fn remove(&self, connection: &str) {
        self.all().remove(connection);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    app.problems.remove(&name);
    let background = Arc::clone(&app);
    let run = app.runs.get(&name);
    app.spawn(async move {
        let outcome = connection.disconnect().await;
        finish(&background, &connection, run.as_ref(), outcome);
    });
    Ok(Redirect::to("/integrations?notice=deleting").into_response())
}

/// Keeps why a deletion has not ended. The receipt of one that has is in the store. `run` is the newest before it began:
/// whoever connects again the moment it is done starts another.
pub(crate) fn finish(
    app: &App,
    connection: &Connection,
    run: Option<&watch::Receiver<Progress>>,
    outcome: Result<DisconnectReport, Error>,
) {
    let name = connection.name();
    match outcome {
        Ok(_) => {
            app.runs.forget(name, run);
            app.problems.remove(name);
        }
        Err(error) => {
            warn!(connection = name, error = causes(&error), "the deletion is not done");
            app.problems.put(name, causes(&error));
        }
    }
}

/// The signed receipt of the last deletion, as it is stored.
pub(crate) async fn receipt(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let receipt = connection.receipt().await.map_err(|error| Refusal::failed(&error))?;
    let receipt = receipt.ok_or_else(Refusal::not_found)?;
    let disposition = format!("attachment; filename=\"deskmeter-{name}-deletion-receipt.json\"");
    Ok((
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, disposition)],
        receipt.text,
    )
        .into_response())
}

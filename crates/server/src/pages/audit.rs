//! The last privacy audit, and the way to a new one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use tracing::warn;

use super::form::Submitted;
use super::{Refusal, connection};
use crate::app::App;
use crate::backend::{Connection, causes};
use crate::format;

/// Audits that this process runs right now, by connection.
#[derive(Default)]
pub(crate) struct Audits(Mutex<BTreeSet<String>>);

impl Audits {
    fn running(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a page says of the audits of a connection.
pub(crate) struct AuditView {
    class: &'static str,
    text: String,
    is_running: bool,
}

impl AuditView {
    /// Class of its indicator.
    pub(crate) fn class(&self) -> &'static str {
        self.class
    }

    /// What was found.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether one is under way.
    pub(crate) fn is_running(&self) -> bool {
        self.is_running
    }
}

/// The last audit in words.
pub(crate) async fn view(app: &App, connection: &Connection) -> AuditView {
    let is_running = app.audits.running().contains(connection.name());
    let (class, text) = match connection.last_audit().await {
        Err(error) => ("bad", format!("The last audit cannot be read: {}.", causes(&error))),
        Ok(None) => ("", "There was none yet.".to_owned()),
        Ok(Some(last)) => {
            let found = match last.findings {
                0 => "nothing that should not be there".to_owned(),
                1 => "1 finding: run `deskmeter privacy audit` to see it".to_owned(),
                count => format!("{count} findings: run `deskmeter privacy audit` to see them"),
            };
            let text = format!(
                "{}: {} objects with {}, {} values looked at, {found}.",
                format::instant(last.at.as_second()),
                format::thousands(last.objects as i64),
                format::bytes(last.bytes),
                format::thousands(last.values as i64),
            );
            (if last.findings == 0 { "ok" } else { "bad" }, text)
        }
    };
    AuditView { class, text, is_running }
}

/// Starts an audit, unless one is under way.
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    _form: Submitted,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    if app.audits.running().insert(name.clone()) {
        let background = Arc::clone(&app);
        app.spawn(async move {
            let mut stopping = background.stopping();
            tokio::select! {
                () = crate::live::told(&mut stopping) => {}
                audited = connection.audit() => if let Err(error) = audited {
                    warn!(connection = connection.name(), error = causes(&error), "the audit did not end");
                }
            }
            background.audits.running().remove(connection.name());
        });
    }
    Ok(Redirect::to(&format!("/c/{name}/privacy#audit")).into_response())
}

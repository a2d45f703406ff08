//! The Integrations page: a card for each configured connection, with its state, progress and freshness.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::diagnosis::{self, Finding};
use super::form::Submitted;
use super::{Refusal, Shell, connection, html};
use crate::app::App;
use crate::backend::{Connection, Standing, State as Stand};
use crate::format;
use crate::live::{Phase, Progress};
use crate::security::SessionId;

/// Runs that the details show.
const RUNS_SHOWN: usize = 20;

/// What the page shows of one connection.
pub(crate) struct Card {
    name: String,
    account: String,
    standing: Standing,
    progress: Option<Progress>,
    has_receipt: bool,
    left_at_zendesk: Option<&'static str>,
    deletion_problem: Option<String>,
    now: i64,
}

/// A word about what was just done.
struct Notice {
    class: &'static str,
    text: &'static str,
}

/// The run of a card, which server-sent events bring again and again.
#[derive(Template)]
#[template(path = "progress.html")]
struct Live<'a> {
    progress: Option<&'a Progress>,
    rows_label: String,
    next_step: Option<&'a str>,
}

impl Live<'_> {
    fn rows_of(stream: &crate::live::StreamProgress) -> String {
        format::thousands(stream.rows as i64)
    }
}

#[derive(Template)]
#[template(path = "integrations.html")]
struct List {
    shell: Shell,
    notice: Option<Notice>,
    is_refreshing: bool,
    cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "details.html")]
struct Details {
    shell: Shell,
    card: Card,
    findings: Vec<Finding>,
    runs: RunsTable,
}

/// Runs as text.
struct RunsTable {
    columns: [&'static str; 6],
    rows: Vec<[String; 6]>,
}

/// The query of the page.
#[derive(Deserialize)]
pub(crate) struct Noticed {
    notice: Option<String>,
}

/// The reports of the first account that is connected, else the Integrations page.
pub(crate) async fn home(State(app): State<Arc<App>>) -> Redirect {
    for (name, connection) in &app.connections {
        if connection.standing().await.is_ok_and(|standing| standing.state.is_connected()) {
            return Redirect::to(&format!("/c/{name}/overview"));
        }
    }
    Redirect::to("/integrations")
}

/// The page.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Query(query): Query<Noticed>,
) -> Result<Response, Refusal> {
    let cards =
        futures::future::join_all(app.connections.values().map(|connection| card(&app, connection))).await;
    let is_refreshing = cards.iter().any(Card::may_change);
    let shell = Shell::new(&app, &session, "Integrations", "integrations");
    html(&List { shell, notice: query.notice.as_deref().and_then(notice), is_refreshing, cards })
}

/// Everything about one connection.
pub(crate) async fn details(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let card = card(&app, &connection).await;
    let findings = diagnosis::findings(&card.standing, card.progress.as_ref(), card.now);
    let runs = runs_table(connection.runs(RUNS_SHOWN).await.unwrap_or_default());
    let shell = Shell::new(&app, &session, format!("Zendesk {name}"), "integrations").about(&name);
    html(&Details { shell, card, findings, runs })
}

/// Starts a sync.
pub(crate) async fn sync(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    _form: Submitted,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let standing = connection.standing().await.map_err(|error| Refusal::failed(&error))?;
    if !standing.state.is_connected() {
        return Err(Refusal::new(StatusCode::CONFLICT, "Connect the account first."));
    }
    app.start_sync(&connection);
    Ok(Redirect::to("/integrations").into_response())
}

fn notice(word: &str) -> Option<Notice> {
    let (class, text) = match word {
        "connected" => ("ok", "Connected. The first sync has started; first data appears within minutes."),
        "refused" => ("warn", "The connection was not allowed on Zendesk’s page. Nothing was connected."),
        "deleting" => ("plain", "Disconnecting. Everything collected is being deleted."),
        _ => return None,
    };
    Some(Notice { class, text })
}

async fn card(app: &App, connection: &Arc<Connection>) -> Card {
    let standing = connection.standing().await.unwrap_or_else(|error| Standing::unknown(&error));
    let receipt = match standing.state {
        Stand::Deleted => connection.receipt().await.ok().flatten(),
        _ => None,
    };
    let now = connection.now().started_at.0;
    Card {
        name: connection.name().to_owned(),
        account: connection.account().to_owned(),
        progress: app.runs.get(connection.name()).map(|run| run.borrow().clone()),
        has_receipt: receipt.is_some(),
        left_at_zendesk: receipt.and_then(|receipt| receipt.left_at_zendesk),
        deletion_problem: app.problems.get(connection.name()),
        standing,
        now,
    }
}

/// The progress of a run as HTML.
pub(crate) fn progress_html(progress: Option<&Progress>) -> String {
    let rows_label = match progress {
        Some(progress) if progress.rows() > 0 => {
            format!("{} rows read", format::thousands(progress.rows() as i64))
        }
        _ => String::new(),
    };
    let next_step = match progress.map(|progress| &progress.phase) {
        Some(Phase::Failed { next, .. }) => next.as_deref(),
        _ => None,
    };
    Live { progress, rows_label, next_step }.render().unwrap_or_default()
}

impl Card {
    fn is_running(&self) -> bool {
        self.progress.as_ref().is_some_and(Progress::is_running) || self.standing.is_running
    }

    /// Whether the page shall look again by itself: something goes on, or could not be read just now.
    fn may_change(&self) -> bool {
        self.is_running() || matches!(self.standing.state, Stand::Deleting | Stand::Unknown)
    }

    /// How the run stands that goes on here or was the last one here; of one that ran elsewhere, that all is well.
    fn progress_html(&self) -> String {
        let elsewhere =
            self.standing.last_run.as_ref().filter(|run| run.exit_code == 0 && !self.is_running());
        let done = elsewhere.map(|run| Progress::done(run.started_at.as_second(), run.ended_at.as_second()));
        progress_html(self.progress.as_ref().or(done.as_ref()))
    }

    fn last_sync(&self) -> String {
        match &self.standing.last_run {
            Some(run) if run.exit_code == 0 => format::ago(run.ended_at.as_second(), self.now),
            Some(run) => format!("failed {}", format::ago(run.ended_at.as_second(), self.now)),
            None if self.is_running() => "running now".to_owned(),
            None => "not yet".to_owned(),
        }
    }

    fn newest(&self) -> String {
        let newest = self.standing.streams.iter().filter_map(|stream| stream.newest).max();
        newest.map_or_else(|| "none yet".to_owned(), |newest| format::ago(newest, self.now))
    }

    fn since(&self) -> String {
        self.standing.connected_at.map_or_else(|| "–".to_owned(), format::day)
    }

    fn missing(&self) -> Vec<(String, String)> {
        let refused = self.standing.streams.iter().filter(|stream| !stream.is_available);
        refused.map(|stream| (stream.label(), stream.access.clone())).collect()
    }

    fn deadline(&self) -> Option<String> {
        if self.standing.state != Stand::Deleting {
            return None;
        }
        let problem = self.deletion_problem.as_ref().map(|problem| {
            format!(
                " It is not done yet: {problem}. It goes on at the next start, or with `deskmeter purge`."
            )
        });
        let clock = match self.standing.deletion {
            Some((deadline, true)) => format!("It should have been done by {}.", format::instant(deadline)),
            Some((deadline, false)) => {
                format!(
                    "At the latest by {}, in {}.",
                    format::instant(deadline),
                    format::span_words(deadline - self.now)
                )
            }
            None => String::new(),
        };
        Some(format!("{clock}{}", problem.unwrap_or_default()))
    }
}

fn runs_table(runs: Vec<deskmeter_pipeline::Run>) -> RunsTable {
    let rows = runs.into_iter().map(|run| {
        let seconds = run.ended_at.as_second() - run.started_at.as_second();
        [
            format::instant(run.started_at.as_second()),
            format::span_words(seconds),
            if run.exit_code == 0 {
                "succeeded".to_owned()
            } else {
                format!("ended early ({})", run.exit_code)
            },
            format::thousands(run.rows as i64),
            format::thousands(run.requests as i64),
            format::bytes(run.bytes),
        ]
    });
    RunsTable {
        columns: ["Started", "Took", "Outcome", "Rows", "Requests", "Received"],
        rows: rows.collect(),
    }
}

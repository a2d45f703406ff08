//! What lies behind a chart: its statement and its rows.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deskmeter_warehouse::Model;

use super::dashboard::bad_filter;
use super::{Refusal, Shell, connection, html};
use crate::app::App;
use crate::backend::{Connection, causes};
use crate::dashboards;
use crate::data::filters::{Filters, RawFilters};
use crate::data::rows::Rows;
use crate::data::sql::{self, Parameters};
use crate::security::SessionId;
use crate::snapshot::{Snapshot, Unanswered};

#[derive(Template)]
#[template(path = "sql.html")]
pub(super) struct Statement {
    pub(super) shell: Shell,
    pub(super) title: String,
    /// Why it is there.
    pub(super) about: &'static str,
    pub(super) back: String,
    pub(super) csv: String,
    pub(super) sql: String,
    /// What it reads.
    pub(super) marts: Vec<Model>,
}

/// The statement, with the filters in place, and what it reads.
pub(crate) async fn sql(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path((name, query)): Path<(String, String)>,
    Query(filters): Query<RawFilters>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let (dashboard, title, query) = shown(&query).ok_or_else(Refusal::not_found)?;
    let filters = filters.parse().map_err(bad_filter)?;
    let snapshot = connection.snapshot().await.map_err(|error| Refusal::failed(&error))?;
    let statement = filled(&snapshot, &connection, query, &filters);
    let marts =
        snapshot.catalogue().marts().filter(|mart| sql::names(&statement, &mart.name)).cloned().collect();
    let arguments = filters.url_query();
    let shell = Shell::new(&app, &session, title, dashboard.slug).about(&name);
    html(&Statement {
        shell,
        title: title.to_owned(),
        about: "The statement behind the numbers, with the filters in place.",
        back: format!("/c/{name}/{}{arguments}", dashboard.slug),
        csv: format!("/c/{name}/data/{}.csv{arguments}", query.name),
        sql: statement,
        marts,
    })
}

/// All rows of a question as CSV.
pub(crate) async fn csv(
    State(app): State<Arc<App>>,
    Path((name, file)): Path<(String, String)>,
    Query(filters): Query<RawFilters>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let (_, _, query) = file.strip_suffix(".csv").and_then(shown).ok_or_else(Refusal::not_found)?;
    let filters = filters.parse().map_err(bad_filter)?;
    let snapshot = connection.snapshot().await.map_err(|error| Refusal::failed(&error))?;
    let statement = filled(&snapshot, &connection, query, &filters);
    let rows = snapshot.ask(&statement).await.map_err(|error| no_answer(query.name, &error))?;
    Ok(download(&name, query.name, &rows))
}

/// Refuses a download of what cannot be computed.
pub(super) fn no_answer(what: &str, error: &Unanswered) -> Refusal {
    tracing::warn!(query = what, error = causes(error), "a question has no answer");
    Refusal::new(StatusCode::CONFLICT, "There is no answer yet: it comes with the next sync.")
}

/// Rows as a file.
pub(super) fn download(connection: &str, what: &str, rows: &Rows) -> Response {
    let disposition = format!("attachment; filename=\"{connection}-{what}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, rows.csv()).into_response()
}

/// The panel that asks this question, with its dashboard.
fn shown(name: &str) -> Option<(&'static dashboards::Dashboard, &'static str, &'static sql::Query)> {
    let panels = dashboards::ALL
        .into_iter()
        .flat_map(|dashboard| dashboard.panels.iter().map(move |panel| (dashboard, panel)));
    let mut found = panels.filter(|(_, panel)| panel.query.name == name);
    found.next().map(|(dashboard, panel)| (dashboard, panel.title, panel.query))
}

fn filled(snapshot: &Snapshot, connection: &Connection, query: &sql::Query, filters: &Filters) -> String {
    let as_of = snapshot.as_of().unwrap_or(connection.now().started_at.0);
    query.filled(&Parameters::new(filters, filters.span(as_of), as_of))
}

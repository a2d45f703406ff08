//! All accounts side by side: the overview's headline numbers, a row each. Every account is asked for itself, so that
//! rows, groups and pseudonyms of two never meet.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use futures::stream;

use super::dashboard::bad_filter;
use super::{Refusal, Shell, html};
use crate::app::App;
use crate::backend::Connection;
use crate::dashboards;
use crate::data::filters::{Filters, RawFilters};
use crate::data::rows::{Cell, Rows};
use crate::data::sql::{self, Parameters};
use crate::format;
use crate::security::SessionId;

/// Accounts that are asked at once.
const AT_ONCE: usize = 8;

#[derive(Template)]
#[template(path = "accounts.html")]
struct Accounts {
    shell: Shell,
    periods: Vec<(&'static str, &'static str)>,
    filters: Filters,
    heads: Vec<&'static str>,
    rows: Vec<Row>,
}

/// One account.
struct Row {
    name: String,
    as_of: String,
    values: Vec<String>,
}

/// The page.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Query(filters): Query<RawFilters>,
) -> Result<Response, Refusal> {
    let filters = filters.parse().map_err(bad_filter)?;
    let kpis = dashboards::overview_kpis();
    let rows = answers(&app, &filters).await.into_iter().map(|(name, as_of, answer)| {
        let value = |kpi: &dashboards::Kpi| {
            let number = answer.first(kpi.column).number();
            number.map_or_else(|| "–".to_owned(), |number| format::value(number, kpi.unit))
        };
        let as_of = as_of.map_or_else(|| "no data yet".to_owned(), format::instant);
        Row { name, as_of, values: kpis.iter().map(value).collect() }
    });
    let rows = rows.collect();
    html(&Accounts {
        shell: Shell::new(&app, &session, "All accounts", "accounts"),
        periods: Filters::periods().collect(),
        filters,
        heads: kpis.iter().map(|kpi| kpi.label).collect(),
        rows,
    })
}

/// The same as CSV, with a column `connection`.
pub(crate) async fn csv(
    State(app): State<Arc<App>>,
    Query(filters): Query<RawFilters>,
) -> Result<Response, Refusal> {
    let filters = filters.parse().map_err(bad_filter)?;
    let columns: Vec<&str> = dashboards::overview_kpis().iter().map(|kpi| kpi.column).collect();
    let rows = answers(&app, &filters).await.into_iter().map(|(name, _, answer)| {
        let values = columns.iter().map(|column| answer.first(column).clone());
        [Cell::Text(name)].into_iter().chain(values).collect()
    });
    let rows = rows.collect();
    let columns = ["connection"].iter().chain(&columns).map(|name| (*name).to_owned()).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"accounts.csv\""),
    ];
    Ok((headers, Rows { columns, rows }.csv()).into_response())
}

/// Name, second of the newest data and headline numbers of every account, by name.
async fn answers(app: &App, filters: &Filters) -> Vec<(String, Option<i64>, Arc<Rows>)> {
    let asked: Vec<_> = app.connections.values().map(|connection| answer(connection, filters)).collect();
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

async fn answer(connection: &Connection, filters: &Filters) -> (String, Option<i64>, Arc<Rows>) {
    let name = connection.name().to_owned();
    let Ok(snapshot) = connection.snapshot().await else { return (name, None, Arc::default()) };
    let Some(as_of) = snapshot.as_of() else { return (name, None, Arc::default()) };
    let parameters = Parameters::new(filters, filters.span(as_of), as_of);
    let rows = snapshot.ask(&sql::OVERVIEW_KPIS.filled(&parameters)).await;
    (name, Some(as_of), rows.unwrap_or_default())
}

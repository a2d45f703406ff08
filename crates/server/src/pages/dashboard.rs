//! A dashboard: its questions asked at once, its answers drawn.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use deskmeter_tables::{CHANNEL, PRIORITY, Table};
use deskmeter_warehouse::Warehouse;
use futures::future::join_all;

use super::panel::{Drawing, KpiView, Links, PanelView, kpi, panel};
use super::{Refusal, Shell, connection, html};
use crate::Labels;
use crate::app::App;
use crate::backend::{self, ask};
use crate::dashboards::{self, Dashboard};
use crate::data::filters::{BadFilter, Filters, RawFilters};
use crate::data::rows::{Cell, Rows};
use crate::data::sql::{self, Parameters};
use crate::format;
use crate::security::SessionId;

/// A choice of a filter.
pub(crate) struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

/// A dashboard as it is shown.
pub(crate) struct Page {
    /// Its name.
    pub(crate) title: &'static str,
    /// What it answers.
    pub(crate) about: &'static str,
    /// Whose.
    pub(crate) connection: String,
    /// Instant of the newest data, in words.
    pub(crate) as_of: String,
    /// Whether there is no data at all.
    pub(crate) is_empty: bool,
    /// Headline numbers.
    pub(crate) kpis: Vec<KpiView>,
    /// Panels.
    pub(crate) panels: Vec<PanelView>,
    /// Every column that may be stored, where the page shows them.
    pub(crate) manifest: &'static [&'static Table],
    has_filters: bool,
    filters: Filters,
    groups: Vec<Choice>,
    priorities: Vec<Choice>,
    channels: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Shown {
    shell: Shell,
    page: Page,
}

/// What a dashboard is made from.
pub(crate) struct Request<'a> {
    /// Which.
    pub(crate) dashboard: &'static Dashboard,
    /// The tables.
    pub(crate) warehouse: &'a Warehouse,
    /// Whose.
    pub(crate) connection: &'a str,
    /// About which tickets.
    pub(crate) filters: &'a Filters,
    /// The operator's names.
    pub(crate) labels: &'a Labels,
    /// Whether panels link to SQL and CSV.
    pub(crate) has_links: bool,
    /// Rows about fewer tickets are left out; 0 shows all.
    pub(crate) cell_min: i64,
}

/// The page of a connection.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path((name, slug)): Path<(String, String)>,
    Query(filters): Query<RawFilters>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let dashboard = dashboards::get(&slug).ok_or_else(Refusal::not_found)?;
    let filters = filters.parse().map_err(bad_filter)?;
    let warehouse = connection.warehouse().await.map_err(|error| Refusal::failed(&error))?;
    let request = Request {
        dashboard,
        warehouse: &warehouse,
        connection: &name,
        filters: &filters,
        labels: &app.labels,
        has_links: true,
        cell_min: 0,
    };
    let page = make(&request).await;
    let shell = Shell::new(&app, &session, dashboard.title, dashboard.slug).about(&name);
    html(&Shown { shell, page })
}

/// Refuses a filter that does not exist, by its key.
pub(crate) fn bad_filter(BadFilter(key): BadFilter) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, format!("The filter “{key}” has a value that does not exist."))
}

/// The second of the newest data, if there is any.
pub(crate) async fn as_of(warehouse: &Warehouse) -> Option<i64> {
    let parameters = Parameters::new(&Filters::standard(), Filters::standard().span(0), 0);
    let rows = ask(warehouse, &sql::AS_OF.filled(&parameters)).await.ok()?;
    rows.first("as_of").integer()
}

/// Asks all questions of a dashboard and draws the answers.
pub(crate) async fn make(request: &Request<'_>) -> Page {
    let as_of = as_of(request.warehouse).await;
    let mut page = Page {
        title: request.dashboard.title,
        about: request.dashboard.about,
        connection: request.connection.to_owned(),
        as_of: as_of.map_or_else(|| "–".to_owned(), format::instant),
        is_empty: as_of.is_none(),
        kpis: Vec::new(),
        panels: Vec::new(),
        manifest: if request.dashboard.has_manifest { &deskmeter_tables::ALL } else { &[] },
        has_filters: request.dashboard.has_filters,
        filters: request.filters.clone(),
        groups: Vec::new(),
        priorities: words(PRIORITY.values, request.filters.priority),
        channels: words(CHANNEL.values, request.filters.channel),
    };
    let Some(as_of) = as_of else { return page };
    page.groups = groups(request, as_of).await;
    page.kpis = kpis(request, as_of).await;
    page.panels = panels(request, as_of).await;
    page
}

async fn kpis(request: &Request<'_>, as_of: i64) -> Vec<KpiView> {
    let Some(kpis) = &request.dashboard.kpis else { return Vec::new() };
    let span = request.filters.span(as_of);
    let asked = |query: &'static sql::Query, span| async move {
        ask(request.warehouse, &query.filled(&Parameters::new(request.filters, span, as_of))).await.ok()
    };
    let trend = async {
        match kpis.trend {
            Some(query) => asked(query, span).await,
            None => None,
        }
    };
    let (now, before, steps) =
        tokio::join!(asked(kpis.query, span), asked(kpis.query, span.previous()), trend);
    let now = now.unwrap_or_default();
    kpis.items.iter().map(|item| kpi(item, &now, before.as_ref(), steps.as_ref())).collect()
}

async fn panels(request: &Request<'_>, as_of: i64) -> Vec<PanelView> {
    let span = request.filters.span(as_of);
    let parameters = Parameters::new(request.filters, span, as_of);
    let query = request.filters.url_query();
    let drawing =
        Drawing { labels: request.labels, bucket: span.bucket(), span, as_of, cell_min: request.cell_min };
    let answers = request.dashboard.panels.iter().map(|spec| async {
        let answer = ask(request.warehouse, &spec.query.filled(&parameters)).await;
        let links = request.has_links.then(|| Links {
            sql: format!("/c/{}/sql/{}{query}", request.connection, spec.query.name),
            csv: format!("/c/{}/data/{}.csv{query}", request.connection, spec.query.name),
        });
        let answer = answer.as_ref().map_err(problem);
        panel(spec, answer, links, &drawing)
    });
    join_all(answers).await
}

/// Why a question has no answer: the mart is not there before the first sync has ended.
fn problem(error: &deskmeter_warehouse::Error) -> String {
    match error {
        deskmeter_warehouse::Error::UnknownTable { .. } => {
            "Not computed yet: it comes with the next sync.".to_owned()
        }
        error => format!("This could not be computed: {}.", backend::causes(error)),
    }
}

fn words(all: &[&'static str], chosen: Option<&'static str>) -> Vec<Choice> {
    let choice = |word: &&'static str| Choice {
        value: (*word).to_owned(),
        label: format::label(word),
        is_chosen: chosen == Some(*word),
    };
    all.iter().map(choice).collect()
}

async fn groups(request: &Request<'_>, as_of: i64) -> Vec<Choice> {
    let parameters = Parameters::new(request.filters, request.filters.span(as_of), as_of);
    let rows: Rows =
        ask(request.warehouse, &sql::FILTER_GROUPS.filled(&parameters)).await.unwrap_or_default();
    let ids = rows.rows.iter().filter_map(|row| row.first().and_then(Cell::integer));
    let choice = |id: i64| Choice {
        value: id.to_string(),
        label: request.labels.group(id),
        is_chosen: request.filters.group == Some(id),
    };
    ids.map(choice).collect()
}

impl Page {
    fn periods(&self) -> Vec<(&'static str, String)> {
        let mut periods: Vec<_> = Filters::periods().map(|(name, label)| (name, label.to_owned())).collect();
        if self.filters.period_name().is_empty() {
            periods.insert(0, ("", self.filters.period_label()));
        }
        periods
    }

    fn is_period(&self, name: &str) -> bool {
        self.filters.period_name() == name
    }
}

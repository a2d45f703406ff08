//! A dashboard: its questions asked at once, its answers drawn.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use deskmeter_tables::{CHANNEL, PRIORITY, Table};
use futures::future::join_all;

use super::audit::{self, AuditView};
use super::panel::{Drawing, KpiView, Links, PanelView, kpi, panel};
use super::{Refusal, Shell, connection, html};
use crate::Labels;
use crate::app::App;
use crate::backend;
use crate::dashboards::{self, Dashboard, Extra};
use crate::data::filters::{BadFilter, Filters, RawFilters, Split, civil};
use crate::data::rows::Cell;
use crate::data::sql::{self, Parameters};
use crate::format;
use crate::security::SessionId;
use crate::snapshot::{Snapshot, Unanswered};

/// A choice of a filter.
pub(crate) struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

/// The days that can be looked at, as numbers since the epoch.
pub(crate) struct Slider {
    first: i64,
    last: i64,
    day: i64,
    label: String,
}

impl Slider {
    fn of(filters: &Filters, as_of: i64) -> Self {
        let instant = filters.instant(as_of);
        // The end of a day is the first second of the next.
        let (day, last) = ((instant - 1).div_euclid(86_400), (as_of - 1).div_euclid(86_400));
        let first = filters.span(as_of).from.div_euclid(86_400).min(day);
        Self { first, last, day, label: civil(day).map_or_else(String::new, |day| day.to_string()) }
    }
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
    slider: Option<Slider>,
    splits: Vec<Choice>,
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
    audit: Option<AuditView>,
}

/// What a dashboard is made from.
pub(crate) struct Request<'a> {
    /// Which.
    pub(crate) dashboard: &'static Dashboard,
    /// The tables.
    pub(crate) snapshot: &'a Snapshot,
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

/// A question with its parameters.
type Asked = (&'static sql::Query, Parameters);

/// The page of a connection.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path((name, slug)): Path<(String, String)>,
    Query(filters): Query<RawFilters>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let dashboard = dashboards::get(&slug).ok_or_else(Refusal::not_found)?;
    let filters = filters.parse().map_err(bad_filter)?;
    connection.view();
    let snapshot = connection.snapshot().await.map_err(|error| Refusal::failed(&error))?;
    let shell = Shell::new(&app, &session, dashboard.title, dashboard.slug).about(&name);
    let audit = match dashboard.extra {
        Extra::Privacy => Some(audit::view(&app, &connection).await),
        _ => None,
    };
    let audited = audit.as_ref().map_or("", AuditView::text);
    let is_running = audit.as_ref().is_some_and(AuditView::is_running).to_string();
    let version = snapshot.version().to_hex();
    let tag = tag(&[&shell.token, &version, &slug, &filters.url_query(), audited, &is_running]);
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let page = make(&Request::of(dashboard, &snapshot, &name, &filters, &app.labels)).await;
    Ok((caching, html(&Shown { shell, page, audit })?).into_response())
}

/// Names what a page is made from: with the same name it is the same page, and need not be sent again. The forms' token
/// is a part of it, so that the name ends with the session and with the process.
fn tag(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(b"\n");
    }
    format!("\"{}\"", hasher.finalize().to_hex())
}

/// What every report asks as it is first shown, then what it asks for the other periods.
pub(crate) fn ahead(as_of: Option<i64>) -> Vec<Asked> {
    let Some(as_of) = as_of else { return Vec::new() };
    let all = |filters: &Filters, may_be_asked: fn(&Dashboard) -> bool| {
        let dashboards = dashboards::ALL.into_iter().filter(|dashboard| may_be_asked(dashboard));
        dashboards.flat_map(|dashboard| asked(dashboard, filters, as_of)).collect::<Vec<_>>()
    };
    let standard = all(&Filters::standard(), |_| true);
    let periods =
        Filters::every_period().flat_map(|filters| all(&filters, |dashboard| dashboard.has_filters));
    standard.into_iter().chain(periods).collect()
}

/// What a report asks: exactly the questions that [`make`] waits for.
fn asked(dashboard: &Dashboard, filters: &Filters, as_of: i64) -> Vec<Asked> {
    let span = filters.span(as_of);
    let now = Parameters::new(filters, span, as_of);
    let mut asked = Vec::new();
    if dashboard.has_filters {
        asked.push((&sql::FILTER_GROUPS, now.clone()));
    }
    if let Some(kpis) = &dashboard.kpis {
        let before = Parameters::new(filters, span.previous(), as_of);
        asked.extend([(kpis.query, now.clone()), (kpis.query, before)]);
        asked.extend(kpis.trend.map(|trend| (trend, now.clone())));
    }
    asked.extend(dashboard.panels.iter().map(|panel| (panel.query, now.clone())));
    asked
}

impl<'a> Request<'a> {
    /// A report of the console, with everything on it.
    fn of(
        dashboard: &'static Dashboard,
        snapshot: &'a Snapshot,
        connection: &'a str,
        filters: &'a Filters,
        labels: &'a Labels,
    ) -> Self {
        Self { dashboard, snapshot, connection, filters, labels, has_links: true, cell_min: 0 }
    }
}

/// Refuses a filter that does not exist, by its key.
pub(crate) fn bad_filter(BadFilter(key): BadFilter) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, format!("The filter “{key}” has a value that does not exist."))
}

/// Asks all questions of a dashboard and draws the answers.
pub(crate) async fn make(request: &Request<'_>) -> Page {
    let as_of = request.snapshot.as_of();
    let mut page = Page {
        title: request.dashboard.title,
        about: request.dashboard.about,
        connection: request.connection.to_owned(),
        as_of: as_of.map_or_else(|| "–".to_owned(), format::instant),
        is_empty: as_of.is_none(),
        kpis: Vec::new(),
        panels: Vec::new(),
        manifest: if request.dashboard.extra == Extra::Privacy { &deskmeter_tables::ALL } else { &[] },
        slider: None,
        splits: Vec::new(),
        has_filters: request.dashboard.has_filters,
        filters: request.filters.clone(),
        groups: Vec::new(),
        priorities: words(PRIORITY.values, request.filters.priority),
        channels: words(CHANNEL.values, request.filters.channel),
    };
    let Some(as_of) = as_of else { return page };
    match request.dashboard.extra {
        Extra::Instant => page.slider = Some(Slider::of(request.filters, as_of)),
        Extra::Split => page.splits = splits(request.filters.by),
        Extra::None | Extra::Privacy => {}
    }
    (page.groups, page.kpis, page.panels) =
        tokio::join!(groups(request, as_of), kpis(request, as_of), panels(request, as_of));
    page
}

async fn kpis(request: &Request<'_>, as_of: i64) -> Vec<KpiView> {
    let Some(kpis) = &request.dashboard.kpis else { return Vec::new() };
    let span = request.filters.span(as_of);
    let asked = |query: &'static sql::Query, span| async move {
        request.snapshot.answer(query, &Parameters::new(request.filters, span, as_of)).await.ok()
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
    kpis.items.iter().map(|item| kpi(item, &now, before.as_deref(), steps.as_deref())).collect()
}

async fn panels(request: &Request<'_>, as_of: i64) -> Vec<PanelView> {
    let span = request.filters.span(as_of);
    let parameters = Parameters::new(request.filters, span, as_of);
    let query = request.filters.url_query();
    let drawing = Drawing {
        labels: request.labels,
        bucket: span.bucket(),
        span,
        as_of,
        cell_min: request.cell_min,
        by: request.filters.by,
        has_filters: request.dashboard.has_filters,
    };
    let answers = request.dashboard.panels.iter().map(|spec| async {
        let answer = request.snapshot.answer(spec.query, &parameters).await;
        let links = request.has_links.then(|| Links {
            sql: format!("/c/{}/sql/{}{query}", request.connection, spec.query.name),
            csv: format!("/c/{}/data/{}.csv{query}", request.connection, spec.query.name),
        });
        let answer = answer.as_deref().map_err(problem);
        panel(spec, answer, links, &drawing)
    });
    join_all(answers).await
}

/// Why a question has no answer: the mart is not there before the first sync has ended.
pub(super) fn problem(error: &Unanswered) -> String {
    match error {
        Unanswered::Warehouse(deskmeter_warehouse::Error::UnknownTable { .. }) => {
            "Not computed yet: it comes with the next sync.".to_owned()
        }
        error => format!("This could not be computed: {}.", backend::causes(error)),
    }
}

fn splits(chosen: Split) -> Vec<Choice> {
    let choice = |by: Split| Choice {
        value: by.word().to_owned(),
        label: format::label(by.word()),
        is_chosen: chosen == by,
    };
    Split::ALL.map(choice).into()
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
    if !request.dashboard.has_filters {
        return Vec::new();
    }
    let parameters = Parameters::new(request.filters, request.filters.span(as_of), as_of);
    let rows = request.snapshot.answer(&sql::FILTER_GROUPS, &parameters).await.unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use deskmeter_warehouse::{MemoryTables, Warehouse, WarehouseOptions};
    use futures::FutureExt as _;

    use super::*;
    use crate::data::answers::Answers;
    use crate::visitors::Visitors;

    /// Tables without marts.
    async fn empty() -> (Snapshot, Arc<Answers>) {
        let answers = Arc::new(Answers::new(1));
        let mut warehouse = Warehouse::new(WarehouseOptions::default()).unwrap();
        warehouse.open(MemoryTables::default()).await.unwrap();
        (Snapshot::over(warehouse, 1_795_348_800, Arc::clone(&answers)), answers)
    }

    #[tokio::test]
    async fn nothing_is_asked_ahead_while_a_visitor_waits_for_a_page() {
        let (snapshot, answers) = empty().await;
        let visitors = Visitors::let_first(Duration::MAX);
        let visit = visitors.enter();
        let mut prepared = Box::pin(snapshot.prepare(&visitors));
        assert!(prepared.as_mut().now_or_never().is_none());
        assert_eq!(answers.count(), 0);
        drop(visit);
        prepared.await;
        assert!(answers.count() > 0 && snapshot.is_prepared());
    }

    #[tokio::test]
    async fn a_visitor_who_comes_later_goes_before_the_next_question() {
        let (snapshot, answers) = empty().await;
        let visitors = Visitors::let_first(Duration::MAX);
        let (query, parameters) = ahead(snapshot.as_of()).swap_remove(0);
        let busy = answers.permits.acquire().await.unwrap();
        let mut prepared = Box::pin(snapshot.prepare(&visitors));
        assert!(prepared.as_mut().now_or_never().is_none(), "the first question waits for its turn");
        let _visit = visitors.enter();
        drop(busy);
        tokio::select! {
            _ = prepared.as_mut() => panic!("a visitor waits"),
            _ = snapshot.answer(query, &parameters) => {}
        }
        assert!(prepared.as_mut().now_or_never().is_none());
        assert_eq!(answers.count(), 1, "another question was asked ahead");
    }

    #[tokio::test]
    async fn a_report_without_filters_asks_nothing_for_them() {
        let (snapshot, answers) = empty().await;
        let (privacy, labels) = (dashboards::get("privacy").unwrap(), Labels::default());
        make(&Request::of(privacy, &snapshot, "", &Filters::standard(), &labels)).await;
        assert_eq!(answers.count(), privacy.queries().count());
    }

    #[tokio::test]
    async fn what_is_asked_ahead_is_what_the_reports_ask() {
        let (snapshot, answers) = empty().await;
        snapshot.prepare(&Visitors::none()).await;
        let asked = answers.count();
        let labels = Labels::default();
        for filters in Filters::every_period() {
            for dashboard in dashboards::ALL.into_iter().filter(|dashboard| dashboard.has_filters) {
                make(&Request::of(dashboard, &snapshot, "", &filters, &labels)).await;
            }
        }
        for dashboard in dashboards::ALL {
            make(&Request::of(dashboard, &snapshot, "", &Filters::standard(), &labels)).await;
        }
        assert_eq!(answers.count(), asked, "a report asked what was not asked ahead");
        let filters = Filters { group: Some(1), ..Filters::standard() };
        make(&Request::of(dashboards::ALL[0], &snapshot, "", &filters, &labels)).await;
        assert!(answers.count() > asked, "other filters ask other things");
    }
}

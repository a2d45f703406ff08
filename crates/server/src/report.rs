//! The dashboards as one file to hand on: no server, no script, nothing from elsewhere, and nothing about so few
//! tickets that a person could be told.

use std::sync::Arc;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskmeter_pipeline::{Context, PipelineFile};
use sha2::{Digest as _, Sha256};

use crate::backend::Connection;
use crate::dashboards::{self, Column, Content, Dashboard, View};
use crate::data::answers::Answers;
use crate::data::filters::Filters;
use crate::pages::assets::STYLE;
use crate::pages::dashboard::{self, Page, Request};
use crate::visitors::Visitors;
use crate::{Error, Labels};

#[derive(Template)]
#[template(path = "report.html")]
struct Report {
    style_hash: String,
    style: &'static str,
    connection: String,
    period: String,
    as_of: String,
    k: u32,
    pages: Vec<Page>,
}

/// One self-contained HTML file with all dashboards over the default period. Rows about fewer than `k` tickets are left
/// out; tickets and agents are not shown one by one. Groups have the operator's own names.
///
/// # Errors
/// [`Error::Pipeline`] when the lake cannot be opened, [`Error::Page`].
pub async fn report(
    pipeline: &PipelineFile,
    context: &Context,
    labels: &Labels,
    k: u32,
) -> Result<String, Error> {
    let answers = Arc::new(Answers::new(1));
    let connection = Connection::new(pipeline.clone(), context.clone(), answers, Visitors::none());
    let snapshot = connection.snapshot().await?;
    let filters = Filters::standard();
    let mut pages = Vec::new();
    for dashboard in dashboards::ALL {
        let request = Request {
            dashboard,
            snapshot: &snapshot,
            connection: connection.name(),
            filters: &filters,
            labels,
            has_links: false,
            cell_min: i64::from(k),
        };
        pages.push(without_individuals(dashboard::make(&request).await, dashboard));
    }
    let as_of = pages.first().map(|page| page.as_of.clone()).unwrap_or_default();
    let report = Report {
        style_hash: STANDARD.encode(Sha256::digest(STYLE)),
        style: STYLE,
        connection: connection.name().to_owned(),
        period: filters.period_label().to_lowercase(),
        as_of,
        k,
        pages,
    };
    report.render().map_err(Error::Page)
}

/// The page without the panels that show one ticket or one agent a row.
fn without_individuals(mut page: Page, dashboard: &Dashboard) -> Page {
    let is_individual = |column: &Column| matches!(column.content, Content::Agent | Content::Ticket);
    let individual: Vec<&str> = dashboard
        .panels
        .iter()
        .filter(|panel| matches!(&panel.view, View::Table(columns) if columns.iter().any(is_individual)))
        .map(|panel| panel.title)
        .collect();
    page.panels.retain(|panel| !individual.contains(&panel.title.as_str()));
    page
}

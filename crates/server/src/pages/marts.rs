//! Marts of the operator's own models: what no dashboard knows, as tables with their SQL and CSV.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use deskmeter_warehouse::{Catalogue, Model, ModelColumn};
use futures::future::join_all;

use super::dashboard::problem;
use super::data::{Statement, download, no_answer};
use super::panel::{Head, Links, PanelView, ROWS_SHOWN, TableView, cell, is_number};
use super::{Refusal, Shell, connection, html};
use crate::Labels;
use crate::app::App;
use crate::dashboards::Content;
use crate::data::rows::{Cell, Rows};
use crate::format::{self, Unit};
use crate::security::SessionId;
use crate::snapshot::Snapshot;

#[derive(Template)]
#[template(path = "marts.html")]
struct Page {
    shell: Shell,
    connection: String,
    as_of: String,
    panels: Vec<PanelView>,
}

/// Every own mart with its first rows.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let snapshot = connection.snapshot().await.map_err(|error| Refusal::failed(&error))?;
    let shown = own(snapshot.catalogue()).map(|mart| shown(&snapshot, &name, mart, &app.labels));
    let panels = join_all(shown).await;
    let as_of = snapshot.as_of().map_or_else(|| "–".to_owned(), format::instant);
    let shell = Shell::new(&app, &session, "Own marts", "marts").about(&name);
    html(&Page { shell, connection: name, as_of, panels })
}

/// The model's own statement.
pub(crate) async fn sql(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Path((name, mart)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let snapshot = connection.snapshot().await.map_err(|error| Refusal::failed(&error))?;
    let mart = named(snapshot.catalogue(), &mart)?;
    let upstream = mart.upstream.iter().filter_map(|name| snapshot.catalogue().get(name));
    html(&Statement {
        shell: Shell::new(&app, &session, mart.name.clone(), "marts").about(&name),
        title: mart.name.clone(),
        about: "The model as it stands in your folder.",
        back: format!("/c/{name}/marts"),
        csv: format!("/c/{name}/marts/{}/rows.csv", mart.name),
        sql: mart.sql.clone(),
        marts: upstream.cloned().collect(),
    })
}

/// All rows of an own mart.
pub(crate) async fn csv(
    State(app): State<Arc<App>>,
    Path((name, mart)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let connection = connection(&app, &name)?;
    let snapshot = connection.snapshot().await.map_err(|error| Refusal::failed(&error))?;
    let mart = named(snapshot.catalogue(), &mart)?;
    let rows = snapshot.ask(&statement(mart, None)).await.map_err(|error| no_answer(&mart.name, &error))?;
    Ok(download(&name, &mart.name, &rows))
}

/// Marts that do not come with deskmeter, or say something else here.
fn own(catalogue: &Catalogue) -> impl Iterator<Item = &Model> {
    catalogue.marts().filter(|mart| mart.is_own)
}

fn named<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a Model, Refusal> {
    own(catalogue).find(|mart| mart.name == name).ok_or_else(Refusal::not_found)
}

/// Rows in the order of their key.
fn statement(mart: &Model, limit: Option<usize>) -> String {
    let key: Vec<String> = mart.description.key.iter().map(|column| format!("\"{column}\"")).collect();
    let order = if key.is_empty() { String::new() } else { format!(" order by {}", key.join(", ")) };
    let limit = limit.map_or_else(String::new, |limit| format!(" limit {limit}"));
    format!("select * from \"{}\"{order}{limit}", mart.name)
}

async fn shown(snapshot: &Snapshot, connection: &str, mart: &Model, labels: &Labels) -> PanelView {
    let grain = &mart.description.grain;
    let grain = grain.strip_prefix("one row per ").unwrap_or(grain);
    let about = format!("{} One row per {grain}.", mart.description.about);
    let mut view = PanelView::new(mart.name.replace('_', "-"), &mart.name, &about);
    view.links = Some(Links {
        sql: format!("/c/{connection}/marts/{}", mart.name),
        csv: format!("/c/{connection}/marts/{}/rows.csv", mart.name),
    });
    match snapshot.ask(&statement(mart, Some(ROWS_SHOWN + 1))).await {
        Err(error) => view.problem = Some(problem(&error)),
        Ok(rows) if rows.rows.is_empty() => view.nothing = Some("It has no rows.".to_owned()),
        Ok(rows) => view.table = Some(table(mart, &rows, labels)),
    }
    view
}

fn table(mart: &Model, rows: &Rows, labels: &Labels) -> TableView {
    let contents: Vec<Content> = rows
        .columns
        .iter()
        .map(|name| {
            let column = mart.description.columns.iter().find(|column| column.name == *name);
            let mut values = rows.rows.iter().map(|row| rows.cell(Some(row), name));
            content(name, column, values.find(|value| **value != Cell::Null))
        })
        .collect();
    let cells = |row: &Vec<Cell>| {
        row.iter().zip(&contents).map(|(value, content)| cell(value, *content, 0.0, labels)).collect()
    };
    let heads = rows.columns.iter().zip(&contents);
    TableView {
        heads: heads
            .map(|(name, content)| Head { label: name.clone(), is_number: is_number(*content) })
            .collect(),
        rows: rows.rows.iter().take(ROWS_SHOWN).map(cells).collect(),
        more: (rows.rows.len() > ROWS_SHOWN).then(|| "More rows in the CSV.".to_owned()),
    }
}

/// What a column's values are, by its name, its unit and a value.
fn content(name: &str, column: Option<&ModelColumn>, value: Option<&Cell>) -> Content {
    let is_minutes = column.is_some_and(|column| column.unit.as_deref() == Some("minutes"));
    match (name, value) {
        ("ticket_id", _) => Content::Ticket,
        ("agent_key", _) => Content::Agent,
        (name, _) if name == "group_id" || name.ends_with("_group_id") => Content::Group,
        (_, Some(Cell::Int(_) | Cell::Float(_))) if is_minutes => Content::Number(Unit::Minutes),
        (name, Some(Cell::Int(_))) if !name.ends_with("_id") => Content::Number(Unit::Count),
        (_, Some(Cell::Float(_))) => Content::Number(Unit::Ratio),
        (_, Some(Cell::Time(_))) => Content::Time,
        _ => Content::Text,
    }
}

//! `metrics docs`: the dictionary as one HTML file. It needs no network and no script, follows the reader's light or
//! dark, and can be read on a telephone.

use std::fmt::Write as _;

use deskmeter_warehouse::{Catalogue, Layer, Model, ModelColumn, decisions};

use super::graph;
use super::markdown::{self, escaped};

const STYLE: &str = include_str!("docs.css");

/// The page.
pub(super) fn page(catalogue: &Catalogue) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>deskmeter: dictionary of metrics</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>Dictionary of metrics</h1>\n<p>What each number is, what NULL means, what it is made of, and where \
         Zendesk’s own differs.</p></header>\n"
    );
    page.push_str(&contents(catalogue));
    page.push_str("<main>\n");
    for layer in [Layer::Mart, Layer::Intermediate, Layer::Staging] {
        for model in catalogue.models().iter().filter(|model| model.layer == layer) {
            page.push_str(&section(catalogue, model));
        }
    }
    page.push_str("<section id=\"decisions\"><h2>Contested definitions</h2>\n");
    for decision in decisions() {
        let (name, text) = (decision.name, markdown::html(decision.text));
        let _ = writeln!(page, "<article id=\"decision-{name}\"><h3>{name}</h3>\n{text}</article>");
    }
    page.push_str("</section>\n</main>\n</body>\n</html>\n");
    page
}

/// Every model, and every metric by its letter: plain links, which a browser's search finds.
fn contents(catalogue: &Catalogue) -> String {
    let mut nav =
        String::from("<nav aria-label=\"Contents\">\n<details open><summary>Tables</summary><ul>\n");
    for mart in catalogue.marts() {
        let name = &mart.name;
        let _ = writeln!(nav, "<li><a href=\"#{name}\">{name}</a></li>");
    }
    nav.push_str("<li><a href=\"#decisions\">Contested definitions</a></li></ul></details>\n<details><summary>Columns, A to Z</summary><ul>\n");
    let mut columns: Vec<(&str, &str)> = catalogue
        .marts()
        .flat_map(|mart| {
            mart.description.columns.iter().map(|column| (column.name.as_str(), mart.name.as_str()))
        })
        .collect();
    columns.sort_unstable();
    for (column, mart) in columns {
        let _ = writeln!(nav, "<li><a href=\"#{mart}.{column}\">{column}</a> <small>{mart}</small></li>");
    }
    nav.push_str("</ul></details>\n<details><summary>Steps on the way</summary><ul>\n");
    for model in catalogue.models().iter().filter(|model| model.layer != Layer::Mart) {
        let name = &model.name;
        let _ = writeln!(nav, "<li><a href=\"#{name}\">{name}</a></li>");
    }
    nav.push_str("</ul></details>\n</nav>\n");
    nav
}

fn section(catalogue: &Catalogue, model: &Model) -> String {
    let description = &model.description;
    let name = escaped(&model.name);
    let mut html = format!(
        "<section id=\"{name}\"><h2>{name}</h2>\n<p>{}</p>\n<p class=\"grain\">{}</p>\n",
        escaped(&description.about),
        escaped(&description.grain)
    );
    for caveat in &description.caveats {
        let _ = writeln!(html, "<p class=\"caveat\">{}</p>", escaped(caveat));
    }
    if !description.columns.is_empty() {
        html.push_str("<dl>\n");
        description.columns.iter().for_each(|column| html.push_str(&column_entry(&model.name, column)));
        html.push_str("</dl>\n");
    }
    html.push_str(&checks(model));
    let _ = writeln!(html, "<h3>Lineage</h3>\n<div class=\"graph\">{}</div>", graph::svg(catalogue, model));
    html.push_str(&differences(catalogue, model));
    let _ = writeln!(
        html,
        "<details><summary>SQL</summary><pre><code>{}</code></pre></details></section>",
        escaped(model.sql.trim_end())
    );
    html
}

fn column_entry(model: &str, column: &ModelColumn) -> String {
    let name = escaped(&column.name);
    let unit =
        column.unit.as_ref().map(|unit| format!(" <small>{}</small>", escaped(unit))).unwrap_or_default();
    let mut about = escaped(&column.about);
    if let Some(null) = &column.null {
        let _ = write!(about, " <span class=\"null\">NULL: {}.</span>", escaped(null.trim_end_matches('.')));
    }
    if let Some(source) = &column.source {
        let _ = write!(about, " <span class=\"null\">From {}.</span>", escaped(source.trim_end_matches('.')));
    }
    if !column.needs.is_empty() {
        let needs = escaped(&column.needs.join(" and "));
        let _ = write!(about, " <span class=\"null\">NULL without {needs}.</span>");
    }
    let anchor = format!("{}.{name}", escaped(model));
    format!("<dt id=\"{anchor}\"><a href=\"#{anchor}\">{name}</a>{unit}</dt><dd>{about}</dd>\n")
}

fn checks(model: &Model) -> String {
    let checks = model.description.checks();
    if model.layer != Layer::Mart || checks.is_empty() {
        return String::new();
    }
    let mut html = format!("<details><summary>{} checks</summary><ul>\n", checks.len());
    for check in &checks {
        let _ = writeln!(html, "<li>{} <small>{}</small></li>", escaped(&check.name), check.severity.name());
    }
    html.push_str("</ul></details>\n");
    html
}

fn differences(catalogue: &Catalogue, model: &Model) -> String {
    let decisions = catalogue.decisions(model);
    if decisions.is_empty() {
        return String::new();
    }
    let links: Vec<String> =
        decisions.iter().map(|one| format!("<a href=\"#decision-{0}\">{0}</a>", one.name)).collect();
    format!("<h3>Where Zendesk differs</h3>\n<p>{}</p>\n", links.join(", "))
}

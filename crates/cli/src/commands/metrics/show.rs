//! `metrics show`: a model, or one column of it.

use anyhow::Result;
use deskmeter_warehouse::{Catalogue, Model, ModelColumn};
use serde_json::json;

use super::super::{Opened, Usage, println};
use super::{graph, markdown};
use crate::args::Format;
use crate::exit_code::Exit;
use crate::output::{Paint, Screen, Table};

pub(super) fn run(opened: &Opened, name: &str) -> Result<Exit> {
    let warehouse = deskmeter_pipeline::new_warehouse(&opened.pipeline)?;
    let catalogue = warehouse.catalogue();
    let (model, column) = name.split_once('.').map_or((name, None), |(model, column)| (model, Some(column)));
    let Some(model) = catalogue.get(model) else {
        let known = catalogue.marts().map(|mart| mart.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Usage(format!("there is no model `{model}`; marts are {known}")).into());
    };
    let columns: Vec<&ModelColumn> = model
        .description
        .columns
        .iter()
        .filter(|known| column.is_none_or(|column| known.name == column))
        .collect();
    if let Some(column) = column.filter(|_| columns.is_empty()) {
        return Err(Usage(format!("model `{}` has no column `{column}`", model.name)).into());
    }
    if opened.global.format == Format::Json {
        println(&serde_json::to_string_pretty(&as_json(catalogue, model, &columns))?)?;
    } else {
        println(&text(catalogue, model, &columns, column.is_none(), Screen::of_stdout()))?;
    }
    Ok(Exit::Ok)
}

fn as_json(catalogue: &Catalogue, model: &Model, columns: &[&ModelColumn]) -> serde_json::Value {
    let columns: Vec<_> = columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name, "unit": column.unit, "about": column.about, "null": column.null,
                "source": column.source, "min": column.min, "max": column.max, "references": column.references,
                "needs": column.needs,
            })
        })
        .collect();
    let checks = model.description.checks();
    let checks = checks.iter().map(|check| json!({"name": check.name, "severity": check.severity.name()}));
    let decisions = catalogue.decisions(model);
    let decisions = decisions.iter().map(|decision| json!({"name": decision.name, "text": decision.text}));
    json!({
        "name": model.name, "layer": model.layer.folder(), "about": model.description.about,
        "grain": model.description.grain, "key": model.description.key, "caveats": model.description.caveats,
        "needs": model.description.needs,
        "columns": columns, "checks": checks.collect::<Vec<_>>(), "made_from": model.upstream,
        "used_by": model.downstream, "where_zendesk_differs": decisions.collect::<Vec<_>>(), "sql": model.sql,
    })
}

fn text(
    catalogue: &Catalogue,
    model: &Model,
    columns: &[&ModelColumn],
    is_whole: bool,
    screen: Screen,
) -> String {
    let description = &model.description;
    let title = |text: &str| screen.paint(Paint::Strong, text);
    let mut lines = vec![title(&model.name)];
    lines.extend(screen.wrapped(&format!("{}: {}", description.grain, description.about), 0));
    lines.extend(description.caveats.iter().flat_map(|caveat| screen.wrapped(&format!("mind: {caveat}"), 2)));
    if !columns.is_empty() {
        lines.push(String::new());
        lines.push(table(columns).to_string());
    }
    let checks = description.checks();
    let told = |name: &str| is_whole || columns.iter().any(|column| name.starts_with(&column.name));
    let checks: Vec<_> = checks.iter().filter(|check| told(&check.name)).collect();
    if !checks.is_empty() {
        lines.push(String::new());
        lines.push(title("must hold"));
        let names: Vec<String> =
            checks.iter().map(|check| format!("{} ({})", check.name, check.severity.name())).collect();
        lines.extend(screen.wrapped(&names.join("; "), 0));
    }
    lines.push(String::new());
    lines.push(title("lineage"));
    lines.extend(graph::tree(catalogue, model));
    let decisions = catalogue.decisions(model);
    if !decisions.is_empty() {
        lines.push(String::new());
        lines.push(title("where Zendesk differs, and why"));
        for decision in decisions {
            lines
                .extend(screen.wrapped(&format!("{}: {}", decision.name, markdown::plain(decision.text)), 2));
        }
    }
    if is_whole {
        lines.push(String::new());
        lines.push(title("sql"));
        lines.push(model.sql.trim_end().to_owned());
    }
    lines.join("\n")
}

/// What NULL means, and without which tables the column is NULL.
fn null(column: &ModelColumn) -> String {
    let needs = (!column.needs.is_empty()).then(|| format!("{} is missing", column.needs.join(" or ")));
    column.null.iter().cloned().chain(needs).collect::<Vec<_>>().join("; ")
}

fn table(columns: &[&ModelColumn]) -> Table {
    let mut table = Table::new(["column", "unit", "meaning", "NULL means"]);
    for column in columns {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        let source = column.source.as_ref().map(|source| format!(" From {source}.")).unwrap_or_default();
        table.row([
            column.name.clone(),
            or_none(&column.unit),
            format!("{}{source}", column.about),
            null(column),
        ]);
    }
    table
}

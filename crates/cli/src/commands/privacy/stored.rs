//! The manifest beyond the collected tables: the marts, which are computed from these alone, and the state store.

use std::fmt::Write as _;

use deskmeter_tables::{STATE, StateFile, StateKind};
use deskmeter_warehouse::{Catalogue, Model, ModelColumn};
use serde_json::{Value, json};

use crate::output::Table;

/// The columns of all marts, for machines.
pub(super) fn mart_entries(catalogue: &Catalogue) -> impl Iterator<Item = Value> {
    let columns =
        catalogue.marts().flat_map(|mart| mart.description.columns.iter().map(move |column| (mart, column)));
    columns.map(|(mart, column)| {
        json!({
            "stored_in": "mart", "table": mart.name, "column": column.name, "unit": column.unit,
            "nullable": column.null.is_some(), "about": column.about, "source": source(mart, column),
        })
    })
}

/// The values of all files of the state store, for machines; a sealed file is one entry.
pub(super) fn state_entries() -> impl Iterator<Item = Value> {
    STATE.iter().flat_map(|file| {
        let sealed = file.values().next().is_none().then(|| {
            json!({
                "stored_in": "state store", "file": file.path, "type": "sealed", "about": file.about,
                "kept": file.kept,
            })
        });
        let values = file.values().map(move |(path, value)| {
            json!({
                "stored_in": "state store", "file": file.path, "value": path, "type": value.kind.name(),
                "domain": domain(value.kind), "about": value.about, "kept": file.kept,
            })
        });
        sealed.into_iter().chain(values)
    })
}

/// A table of columns for each mart.
pub(super) fn marts(catalogue: &Catalogue) -> String {
    let mut text = "\n## Marts\n\nComputed from the collected tables and the pipeline file, from nothing else; a text in \
                    them is a word of these or of their SQL, a pseudonym, a day or a month.\n"
        .to_owned();
    for mart in catalogue.marts() {
        let mut rows = Table::markdown(["column", "unit", "source", "meaning"]);
        for column in &mart.description.columns {
            rows.row([
                column.name.clone(),
                column.unit.clone().unwrap_or_default(),
                source(mart, column).replace('|', "\\|"),
                column.about.replace('|', "\\|"),
            ]);
        }
        let _ = write!(text, "\n### {}\n\n{}\n\n{rows}\n", mart.name, mart.description.grain);
    }
    text
}

/// A table of values for each kind of file.
pub(super) fn state() -> String {
    let mut text = "\n## State store\n".to_owned();
    for file in &STATE {
        let _ =
            write!(text, "\n### {}\n\n{}; kept {}. {}\n", file.path, file.about, file.kept, contents(file));
    }
    text
}

fn contents(file: &StateFile) -> String {
    let mut rows = Table::markdown(["value", "type", "domain", "meaning"]);
    let mut is_sealed = true;
    for (path, value) in file.values() {
        is_sealed = false;
        rows.row([path, value.kind.name().to_owned(), domain(value.kind), value.about.to_owned()]);
    }
    if is_sealed {
        return "Sealed: XChaCha20-Poly1305 under the operator's key.".to_owned();
    }
    format!("JSON.\n\n{rows}")
}

fn source(mart: &Model, column: &ModelColumn) -> String {
    column.source.clone().unwrap_or_else(|| mart.upstream.join(", "))
}

fn domain(kind: StateKind) -> String {
    match kind {
        StateKind::Count => "0 to 2^64-1".into(),
        StateKind::Time => "1795375323".into(),
        StateKind::Moment => "2026-11-22T19:23:07Z".into(),
        StateKind::Word(words) => words.join(", "),
        StateKind::RunId => "20261122T120000Z-0123abcd".into(),
        StateKind::Connection => "1 to 63 of a-z0-9-_".into(),
        StateKind::Place => "s3://desk/lake, db.example:5432/metrics".into(),
        StateKind::Owner => "process 4711".into(),
        StateKind::Bytes => "up to 100 of A-Za-z0-9+/=-_".into(),
    }
}

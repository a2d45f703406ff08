//! `privacy`: what was dropped, and what can be stored at all.

mod stored;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use deskmeter_pipeline::LabelConfig;
use deskmeter_tables::{ALL, Column, Kind};

use super::{Opened, println};
use crate::args::{AuditArgs, Format, PrivacyCommand};
use crate::exit_code::Exit;
use crate::output::{self, Table};

/// Shorter texts stand everywhere by chance.
const CANARY_BYTES_MIN: usize = 4;

const LEDGER: &str = "select stream, path, cast(sum(n_kept) as bigint) as kept, \
    cast(sum(n_pseudonymised) as bigint) as pseudonymised, cast(sum(n_other) as bigint) as as_other, \
    cast(sum(n_dropped) as bigint) as dropped, cast(sum(n_rejected) as bigint) as rejected \
    from privacy_ledger group by stream, path order by stream, path";

const SUBJECTS: &str = "select coalesce(cast(sum(n_dropped) as bigint), 0) as n from privacy_ledger \
    where stream = 'tickets' and path = 'subject'";

pub(crate) async fn run(opened: &Opened, command: &PrivacyCommand) -> Result<Exit> {
    match command {
        PrivacyCommand::Ledger => ledger(opened).await,
        PrivacyCommand::Manifest => manifest(opened),
        PrivacyCommand::Audit(args) => audit(opened, args).await,
    }
}

async fn ledger(opened: &Opened) -> Result<Exit> {
    let (schema, batches) = deskmeter_pipeline::query(&opened.pipeline, &opened.context, LEDGER).await?;
    output::rows(&schema, &batches, opened.global.format, None)?;
    if opened.global.format == Format::Table {
        let (_, batches) = deskmeter_pipeline::query(&opened.pipeline, &opened.context, SUBJECTS).await?;
        let subjects = batches
            .first()
            .map(|batch| arrow::util::display::array_value_to_string(batch.column(0), 0).unwrap_or_default());
        println(&format!("{} subjects seen and dropped; 0 stored", subjects.unwrap_or_default()))?;
        println("satisfaction surveys: dropped and not counted, for a count tells that one was offered")?;
    }
    Ok(Exit::Ok)
}

/// Everything that can be stored: columns of the collected tables and of the marts, files of the state store.
fn manifest(opened: &Opened) -> Result<Exit> {
    let labels = &opened.pipeline.privacy.labels;
    let names: Vec<_> = labels.keys().map(String::as_str).collect();
    let warehouse = deskmeter_pipeline::new_warehouse(&opened.pipeline)?;
    let marts = warehouse.catalogue();
    if opened.global.format == Format::Json {
        let columns =
            ALL.into_iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
        let collected = columns.map(|(table, column)| entry(table, column, &names, labels));
        let entries = collected.chain(stored::mart_entries(marts)).chain(stored::state_entries());
        println(&serde_json::to_string_pretty(&entries.collect::<Vec<_>>())?)?;
        return Ok(Exit::Ok);
    }
    println("# What is stored\n\n## Collected tables")?;
    for table in ALL {
        println(&format!("\n### {}\n\n{}\n", table.name, table.grain))?;
        let mut rows = Table::markdown(["column", "type", "class", "purpose", "source", "domain", "meaning"]);
        for column in table.columns {
            rows.row([
                column.name.to_owned(),
                type_name(column.kind).to_owned(),
                column.class.name().to_owned(),
                column.purpose.name().to_owned(),
                column.source.replace('|', "\\|"),
                domain(column.kind, &names),
                column.about.to_owned(),
            ]);
        }
        println(&rows.to_string())?;
    }
    println("\n## Labels\n")?;
    println(&labels_table(labels))?;
    println(&stored::marts(marts))?;
    println(&stored::state())?;
    Ok(Exit::Ok)
}

/// A column for machines.
fn entry(
    table: &deskmeter_tables::Table,
    column: &Column,
    names: &[&str],
    labels: &BTreeMap<String, LabelConfig>,
) -> serde_json::Value {
    let mut entry = serde_json::json!({
        "stored_in": "collected table", "table": table.name, "column": column.name, "type": type_name(column.kind),
        "nullable": column.is_nullable, "class": column.class.name(),
        "purpose": column.purpose.name(), "source": column.source, "about": column.about,
        "domain": domain(column.kind, names),
    });
    if column.kind == Kind::Labels {
        entry["allowed"] = allowed(labels);
    }
    entry
}

fn labels_table(labels: &BTreeMap<String, LabelConfig>) -> String {
    if labels.is_empty() {
        return "The pipeline file allows no tag and no option of a custom field: columns for labels are empty."
            .to_owned();
    }
    let mut rows = Table::markdown(["label", "tags", "custom field", "options", "escalation", "tier"]);
    for (name, label) in labels {
        rows.row([
            name.clone(),
            label.tags.join(", "),
            label.field_id.map(|id| id.to_string()).unwrap_or_default(),
            label.options.join(", "),
            label.is_escalation.to_string(),
            label.tier.map(|tier| tier.to_string()).unwrap_or_default(),
        ]);
    }
    rows.to_string()
}

/// The pipeline file's labels with what each stands for.
fn allowed(labels: &BTreeMap<String, LabelConfig>) -> serde_json::Value {
    let label = |(name, label): (&String, &LabelConfig)| {
        serde_json::json!({
            "label": name, "tags": label.tags, "field_id": label.field_id, "options": label.options,
            "is_escalation": label.is_escalation, "tier": label.tier,
        })
    };
    labels.iter().map(label).collect()
}

/// What really lies in the lake. Findings end in exit code 7.
async fn audit(opened: &Opened, args: &AuditArgs) -> Result<Exit> {
    let canaries = match &args.canaries {
        None => None,
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("read canaries {}", path.display()))?;
            Some(text.lines().filter(|line| line.len() >= CANARY_BYTES_MIN).map(str::to_owned).collect())
        }
    };
    let audited =
        deskmeter_pipeline::audit_privacy(&opened.pipeline, &opened.context, canaries, args.files.clone());
    let report = audited.await?;
    if opened.global.format == Format::Json {
        println(&serde_json::to_string_pretty(&report)?)?;
    } else {
        let mut table = Table::new(["object", "column", "part", "rule", "count", "outline"]);
        for finding in &report.findings {
            let place = &finding.place;
            let column = place.column.clone().unwrap_or_default();
            table.row([
                place.object.clone(),
                column,
                place.part.to_string(),
                finding.rule.to_string(),
                finding.count.to_string(),
                finding.outline.clone(),
            ]);
        }
        if !report.findings.is_empty() {
            println(&table.to_string())?;
        }
        let bytes = super::sync::bytes(report.bytes);
        println(&format!(
            "{} objects, {bytes}, {} values looked at: {} findings",
            report.objects,
            report.values,
            report.findings.len()
        ))?;
    }
    Ok(if report.findings.is_empty() { Exit::Ok } else { Exit::DataCheck })
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "integer",
        Kind::Boolean => "boolean",
        Kind::Timestamp => "timestamp (UTC)",
        Kind::Enum(_) => "word of a closed list",
        Kind::Pseudonym => "keyed pseudonym",
        Kind::Labels => "labels of the pipeline file",
        Kind::Month | Kind::PolicyKey | Kind::PathShape | Kind::RunId => "text of a fixed shape",
    }
}

/// Which values there can be; `labels` are those that the pipeline file allows.
fn domain(kind: Kind, labels: &[&str]) -> String {
    match kind {
        Kind::Integer => "-2^63 to 2^63-1".into(),
        Kind::Boolean => "true, false".into(),
        Kind::Timestamp => "2026-11-02T09:14:07Z".into(),
        Kind::Enum(domain) => domain.values.join(", "),
        Kind::Labels if labels.is_empty() => "always NULL: no label is allowed".into(),
        Kind::Labels => format!("{}; several with commas between", labels.join(", ")),
        Kind::Pseudonym => "20 characters of a-z2-7".into(),
        Kind::Month => "2026-11".into(),
        Kind::PolicyKey => "26 characters of 0-9A-Z".into(),
        Kind::PathShape => "custom_fields[].value".into(),
        Kind::RunId => "20261122T120000Z-0123abcd".into(),
    }
}

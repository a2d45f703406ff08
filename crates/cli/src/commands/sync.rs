//! `sync`: one run.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use deskmeter_pipeline::{Context, SyncOptions, SyncReport};

use super::{Opened, disconnect, println};
use crate::args::{Format, LogFormat, SyncArgs};
use crate::exit_code::Exit;
use crate::output::Table;
use crate::{logs, progress, signals};

pub(crate) async fn run(opened: &Opened, args: &SyncArgs) -> Result<Exit> {
    if disconnect::resume(&opened.pipeline, &opened.context).await? {
        return Ok(Exit::NotConnected);
    }
    let context = opened.context.clone().observed_by(progress::observer(&opened.global));
    signals::end_runs(context.stop.clone());
    let outcome = deskmeter_pipeline::sync(&opened.pipeline, &context, &options(args)).await;
    // Written also when the run failed: that is when somebody looks. How the run ended is told in any case.
    let written = match &args.metrics_file {
        Some(file) => write_metrics(opened, file).await,
        None => Ok(()),
    };
    tell(opened, &outcome?)?;
    written?;
    Ok(Exit::Ok)
}

/// How the command line asks for a run.
pub(super) fn options(args: &SyncArgs) -> SyncOptions {
    SyncOptions {
        is_full_refresh: args.full_refresh,
        wait: Duration::from_secs(args.wait_secs),
        ..SyncOptions::default()
    }
}

/// What a run did: all of it on a terminal, one line elsewhere, as cron's mail and log collectors want it.
fn tell(opened: &Opened, report: &SyncReport) -> Result<()> {
    let global = &opened.global;
    if global.format == Format::Json {
        println(&serde_json::to_string(report)?)?;
    } else if global.log_format == LogFormat::Json {
        let fields = serde_json::json!({
            "connection": opened.pipeline.connection.name,
            "run": report.run_id,
            "rows": report.rows_committed(),
            "requests": report.requests,
            "bytes": report.bytes_received,
            "models": report.models_refreshed,
            "published": report.tables_published,
            "checks": report.checks,
            "warnings": report.warnings,
        });
        logs::line("INFO", "sync succeeded", fields);
    } else if std::io::stdout().is_terminal() || global.verbose > 0 {
        println(&summary(report))?;
    } else {
        println(&one_line(&opened.pipeline.connection.name, report))?;
    }
    Ok(())
}

fn one_line(name: &str, report: &SyncReport) -> String {
    let rejected: u64 = report.streams.values().map(|stream| stream.rows_rejected).sum();
    let mut line = format!(
        "{name}: {} rows new or changed, {rejected} rejected, {} requests, {} received, {} models refreshed",
        report.rows_committed(),
        report.requests,
        bytes(report.bytes_received),
        report.models_refreshed
    );
    for warning in &report.warnings {
        line.push_str("\nwarning: ");
        line.push_str(warning);
    }
    line
}

/// Metrics in a file that is never seen half written.
async fn write_metrics(opened: &Opened, file: &Path) -> Result<()> {
    let now = Context { started_at: opened.context.now(), ..opened.context.clone() };
    let text = deskmeter_server::metrics_text(&opened.pipeline, &now).await;
    // The collector reads `*.prom` alone.
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, text)
        .and_then(|()| std::fs::rename(&part, file))
        .with_context(|| format!("write metrics {}", file.display()))
}

/// What a run did, as a table and a few lines.
pub(crate) fn summary(report: &SyncReport) -> String {
    let mut table = Table::new(["stream", "read", "new", "changed", "rejected", "requests", "state"]);
    for (name, stream) in &report.streams {
        table.row([
            (*name).to_owned(),
            stream.rows_read.to_string(),
            stream.rows_inserted.to_string(),
            stream.rows_updated.to_string(),
            stream.rows_rejected.to_string(),
            stream.pages.to_string(),
            stream.capability_text().to_owned(),
        ]);
    }
    for index in 1..=5 {
        table.align_right(index);
    }
    let mut text = format!(
        "{table}\n{} requests, {} received; {} values seen and dropped, none of them stored; {}",
        report.requests,
        bytes(report.bytes_received),
        report.values_dropped,
        refreshed(report)
    );
    for warning in &report.warnings {
        text.push_str("\nwarning: ");
        text.push_str(warning);
    }
    text
}

/// How many models were made anew, and of which months.
fn refreshed(report: &SyncReport) -> String {
    let models = format!("{} models refreshed", report.models_refreshed);
    let Some(months) = report.months_refreshed.as_ref().filter(|_| report.models_refreshed > 0) else {
        return models;
    };
    let names: Vec<&str> = months.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => models,
        [first, _, _, _, .., last] => format!("{models} ({} months, {first} to {last})", names.len()),
        few => format!("{models} ({})", few.join(", ")),
    }
}

/// Bytes as a person reads them.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..=9_999 => format!("{count} B"),
        10_000..=9_999_999 => format!("{} kB", count / 1_000),
        _ => format!("{} MB", count / 1_000_000),
    }
}

//! `sync`: one run.

use std::time::Duration;

use anyhow::Result;
use deskmeter_pipeline::{SyncOptions, SyncReport};

use super::{Opened, println};
use crate::args::{Format, SyncArgs};
use crate::exit_code::Exit;
use crate::output::Table;
use crate::progress;

pub(crate) async fn run(opened: &Opened, args: &SyncArgs) -> Result<Exit> {
    let context = opened.context.clone().observed_by(progress::observer());
    let report = deskmeter_pipeline::sync(&opened.pipeline, &context, &options(args)).await?;
    match opened.global.format {
        Format::Json => println(&serde_json::to_string(&report)?),
        _ => println(&summary(&report)),
    }
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

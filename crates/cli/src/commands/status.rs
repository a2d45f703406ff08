//! `status`: how the connection stands.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use anyhow::Result;
use deskmeter_pipeline::ConnectionStatus;
use deskmeter_warehouse::Untold;

use super::{Opened, disconnect, note, println};
use crate::args::Format;
use crate::exit_code::Exit;
use crate::output::{Paint, Screen, Table};

pub(crate) async fn run(opened: &Opened) -> Result<Exit> {
    // A deletion that is open is gone on with by whoever comes by; what keeps it open is told, and does not hide the
    // status.
    if let Err(error) = disconnect::resume(&opened.pipeline, &opened.context).await {
        note(&format!("warning: {}", crate::failure::chain(&error)));
    }
    let status = deskmeter_pipeline::status(&opened.pipeline, &opened.context).await?;
    match opened.global.format {
        Format::Json => println(&serde_json::to_string_pretty(&status)?)?,
        _ => println(&describe(&status))?,
    }
    Ok(match &status.deletion {
        Some(deletion) if deletion.is_overdue => Exit::DeletionOverdue,
        _ if status.is_connected() => Exit::Ok,
        _ => Exit::NotConnected,
    })
}

fn describe(status: &ConnectionStatus) -> String {
    let mut lines = vec![headline(status)];
    if let Some(run) = &status.last_run {
        let outcome = match run.exit_code {
            0 => "succeeded".to_owned(),
            code => format!("failed with exit code {code}"),
        };
        lines.push(format!(
            "last run: {} {outcome}, {} rows, {} requests",
            run.ended_at, run.rows, run.requests
        ));
    }
    if !status.streams.is_empty() {
        let mut table = Table::new(["stream", "complete until", "age", "state"]);
        for (name, stream) in &status.streams {
            let newest = stream.newest.map_or_else(|| "-".to_owned(), |newest| newest.to_string());
            let age = stream.lag_seconds.map_or_else(|| "-".to_owned(), super::span);
            table.row([name.clone(), newest, age, stream.capability.to_owned()]);
        }
        lines.push(table.to_string());
    }
    if let Some(checks) = &status.checks {
        lines.push(format!(
            "data checks: {} passed, {} warned, {} failed",
            checks.passed, checks.warned, checks.failed
        ));
        lines.extend(checks.found.iter().map(|found| format!("  {found}")));
    }
    lines.extend(untold(&status.untold, Screen::of_stdout()));
    if let Some(deletion) = &status.deletion {
        let clock = if deletion.is_overdue { "OVERDUE since" } else { "due by" };
        lines.push(format!("deletion: {clock} {}", deletion.deadline));
    }
    if let Some(end) = status.authorization_ends_at.filter(|_| status.state == "expiring") {
        lines.push(format!("the authorization ends {end} unless a run renews it"));
    }
    lines.push(format!("next: {}", status.next_step));
    lines.join("\n")
}

/// What the marts cannot tell, by what is missing: whole marts first, then how many columns of the others.
fn untold(untold: &[Untold], screen: Screen) -> Vec<String> {
    let mut by_streams: BTreeMap<&[&str], (Vec<String>, Vec<String>)> = BTreeMap::new();
    for part in untold {
        let (marts, columns) = by_streams.entry(&part.tables).or_default();
        match &part.columns {
            None => marts.push(part.mart.clone()),
            Some(names) => columns.push(format!("{} columns of {}", names.len(), part.mart)),
        }
    }
    let line = |(streams, (marts, columns)): (&[&str], (Vec<String>, Vec<String>))| {
        let parts: Vec<String> = marts.into_iter().chain(columns).collect();
        let text = format!("empty for want of {}: {}", streams.join(" and "), parts.join(", "));
        screen.wrapped(&text, 2)
    };
    let mut lines: Vec<String> = by_streams.into_iter().flat_map(line).collect();
    if !lines.is_empty() {
        lines.push("  `deskmeter metrics show MART` tells which columns need what".to_owned());
    }
    lines
}

fn headline(status: &ConnectionStatus) -> String {
    let cause = match (status.cause, status.since) {
        (Some(cause), Some(since)) => format!(" since {since}: {cause}"),
        _ => String::new(),
    };
    let running = if status.is_running { "; a run is under way" } else { "" };
    format!("{} {} is {}{cause}{running}", dot(status), status.connection, status.state)
}

/// A green dot for a connection that works, as on the Integrations page.
fn dot(status: &ConnectionStatus) -> String {
    if !std::io::stdout().is_terminal() {
        return "*".to_owned();
    }
    let (paint, dot) = match status.state {
        "connected" => (Paint::Good, "●"),
        "expiring" | "deleting" => (Paint::Warn, "●"),
        "disconnected" => (Paint::Bad, "●"),
        _ => (Paint::Plain, "○"),
    };
    Screen::of_stdout().paint(paint, dot)
}

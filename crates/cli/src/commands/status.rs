//! `status`: how the connection stands.

use std::io::IsTerminal;

use anyhow::Result;
use deskmeter_pipeline::ConnectionStatus;

use super::{Opened, println};
use crate::args::Format;
use crate::exit_code::Exit;
use crate::output::Table;

pub(crate) async fn run(opened: &Opened) -> Result<Exit> {
    let status = deskmeter_pipeline::status(&opened.pipeline, &opened.context).await?;
    match opened.global.format {
        Format::Json => println(&serde_json::to_string_pretty(&status)?),
        _ => println(&describe(&status)),
    }
    Ok(match &status.deletion {
        Some(deletion) if deletion.is_overdue => Exit::DeletionOverdue,
        _ if status.is_connected() => Exit::Ok,
        _ => Exit::NotConnected,
    })
}

fn describe(status: &ConnectionStatus) -> String {
    let mut text = format!("{} {} is {}", dot(status), status.connection, status.state);
    if let (Some(cause), Some(since)) = (status.cause, status.since) {
        text.push_str(&format!(" since {since}: {cause}"));
    }
    if status.is_running {
        text.push_str("; a run is under way");
    }
    if let Some(run) = &status.last_run {
        let outcome = if run.exit_code == 0 {
            "succeeded".to_owned()
        } else {
            format!("failed with exit code {}", run.exit_code)
        };
        text.push_str(&format!(
            "\nlast run: {} {outcome}, {} rows, {} requests",
            run.ended_at, run.rows, run.requests
        ));
    }
    if !status.streams.is_empty() {
        let mut table = Table::new(["stream", "complete until", "state"]);
        for (name, stream) in &status.streams {
            let newest = stream.newest.map_or_else(|| "-".to_owned(), |newest| newest.to_string());
            table.row([name.clone(), newest, stream.capability.to_owned()]);
        }
        text.push_str(&format!("\n{table}"));
    }
    if let Some(deletion) = &status.deletion {
        let clock = if deletion.is_overdue { "OVERDUE since" } else { "due by" };
        text.push_str(&format!("\ndeletion: {clock} {}", deletion.deadline));
    }
    text.push_str(&format!("\nnext: {}", status.next_step));
    text
}

/// A green dot for a connection that works, as on the Integrations page.
fn dot(status: &ConnectionStatus) -> &'static str {
    if !std::io::stdout().is_terminal() {
        return "*";
    }
    match status.state {
        "connected" => "\u{1b}[32m●\u{1b}[0m",
        "expiring" | "deleting" => "\u{1b}[33m●\u{1b}[0m",
        "disconnected" => "\u{1b}[31m●\u{1b}[0m",
        _ => "○",
    }
}

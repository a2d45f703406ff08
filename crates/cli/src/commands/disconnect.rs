//! `disconnect` and `purge`: everything that was collected is deleted, and a receipt proves it.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use deskmeter_pipeline::{Context, DisconnectReport, PipelineFile};

use super::{Opened, Usage, note, println};
use crate::args::{DisconnectArgs, Format, Global, ReceiptCommand};
use crate::exit_code::Exit;

pub(crate) async fn run(opened: &Opened, args: &DisconnectArgs) -> Result<Exit> {
    if !args.yes {
        confirm(opened)?;
    }
    let report = deskmeter_pipeline::disconnect(&opened.pipeline, &opened.context).await?;
    tell(opened, &report)
}

pub(crate) async fn purge(opened: &Opened) -> Result<Exit> {
    let report = deskmeter_pipeline::purge(&opened.pipeline, &opened.context).await?;
    tell(opened, &report)
}

/// Asks for the connection's name, so that nobody deletes the wrong one with a finger too fast.
fn confirm(opened: &Opened) -> Result<()> {
    let name = &opened.pipeline.connection.name;
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Usage(
            "disconnect deletes everything that was collected: add --yes to do it without being asked".into(),
        )
        .into());
    }
    println(&format!(
        "This revokes the authorization and deletes everything collected from {name}. Type {name} to go on:"
    ))?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("read the answer")?;
    if line.trim() == name { Ok(()) } else { Err(Usage("nothing was deleted".into()).into()) }
}

/// Goes on with a deletion that was asked for and is not done, as every command that comes by does. Gives whether one was
/// finished.
pub(crate) async fn resume(pipeline: &PipelineFile, context: &Context) -> Result<bool> {
    let Some(report) = deskmeter_pipeline::resume_deletion(pipeline, context).await? else {
        return Ok(false);
    };
    let file = keep_receipt(pipeline, &report)?;
    note(&format!(
        "The deletion of {} that was open is finished; the signed receipt is {}.",
        pipeline.connection.name,
        file.display()
    ));
    warn_of_what_is_left(&report);
    Ok(true)
}

/// Writes the receipt beside the pipeline file.
fn keep_receipt(pipeline: &PipelineFile, report: &DisconnectReport) -> Result<PathBuf> {
    let name = &pipeline.connection.name;
    let file = pipeline.folder.join(format!("receipt-{name}-{}.txt", report.receipt_number));
    std::fs::write(&file, &report.receipt).with_context(|| format!("write receipt {}", file.display()))?;
    Ok(file)
}

fn warn_of_what_is_left(report: &DisconnectReport) {
    if let Some(left) = report.left_at_zendesk {
        note(&format!("warning: {left}. The receipt says so too."));
    }
    if report.keeps_old_versions {
        note(
            "warning: the bucket keeps old versions of deleted objects or parts of unfinished uploads, and these credentials \
             may not list and delete them. Until a lifecycle rule of the bucket ends them, what was collected can still be read there by whoever may \
             read versions. The receipt says how many are left.",
        );
    }
}

/// Keeps the receipt and says what was done.
fn tell(opened: &Opened, report: &DisconnectReport) -> Result<Exit> {
    let file = keep_receipt(&opened.pipeline, report)?;
    warn_of_what_is_left(report);
    // What was collected is gone either way; access that stands is a matter between the operator and Zendesk.
    let exit = if report.is_revoked { Exit::Ok } else { Exit::Zendesk };
    if opened.global.format == Format::Json {
        println(&serde_json::to_string_pretty(report)?)?;
        return Ok(exit);
    }
    let left = if report.keeps_old_versions { "only old versions are left" } else { "nothing is left" };
    println(&format!("Deleted {} objects, {}; {left}.", report.objects, super::sync::bytes(report.bytes)))?;
    if report.versions_deleted > 0 {
        println(&format!("{} old versions in the bucket were deleted too.", report.versions_deleted))?;
    }
    if let Some(tables) = report.tables_unpublished {
        println(&format!("{tables} published tables were dropped from your database."))?;
    }
    if report.is_revoked {
        println("Zendesk refuses the token: the authorization is revoked.")?;
    }
    println(&format!("The signed receipt is {} (public key {}).", file.display(), report.public_key))?;
    Ok(exit)
}

/// Checks a receipt; needs no pipeline file, so that anybody can.
pub(crate) fn receipt(global: &Global, command: &ReceiptCommand) -> Result<Exit> {
    let ReceiptCommand::Verify { file, public_key } = command;
    let text = std::fs::read(file).with_context(|| format!("read receipt {}", file.display()))?;
    let receipt = deskmeter_pipeline::verify_receipt(&text, public_key)?;
    println(&serde_json::to_string_pretty(&receipt)?)?;
    if global.format != Format::Json {
        println("The receipt is genuine.")?;
    }
    Ok(Exit::Ok)
}

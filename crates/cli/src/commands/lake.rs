//! `lake` and `erase`: looking after the files.

use anyhow::Result;

use super::{Opened, println};
use crate::args::LakeCommand;
use crate::exit_code::Exit;
use crate::output::Table;

pub(crate) async fn run(opened: &Opened, command: &LakeCommand) -> Result<Exit> {
    match command {
        LakeCommand::Check { repair: false } => check(opened).await,
        LakeCommand::Check { repair: true } => repair(opened).await,
    }
}

async fn repair(opened: &Opened) -> Result<Exit> {
    let files = deskmeter_pipeline::repair_lake(&opened.pipeline, &opened.context).await?;
    println(&match files {
        0 => "nothing was broken".to_owned(),
        files => {
            format!("{files} broken files were taken out; run `deskmeter sync` to have their rows again")
        }
    })?;
    Ok(Exit::Ok)
}

async fn check(opened: &Opened) -> Result<Exit> {
    let findings = deskmeter_pipeline::check_lake(&opened.pipeline, &opened.context).await?;
    let mut table = Table::new(["table", "fault", "file"]);
    let mut is_whole = true;
    for finding in &findings {
        is_whole &= !finding.fault.loses_rows();
        table.row([
            finding.table.clone(),
            format!("{:?}", finding.fault).to_lowercase(),
            finding.path.clone(),
        ]);
    }
    if findings.is_empty() {
        println("every file of every table is there and readable")?;
    } else {
        println(&table.to_string())?;
    }
    Ok(if is_whole { Exit::Ok } else { Exit::Storage })
}

pub(crate) async fn erase(opened: &Opened, ticket: i64) -> Result<Exit> {
    let report = deskmeter_pipeline::erase_ticket(&opened.pipeline, &opened.context, ticket).await?;
    println(&format!(
        "Ticket {ticket}: {} rows erased, {} files rewritten, {} old files deleted; the marts are made anew.",
        report.rows, report.files, report.cleaned.data_files_deleted
    ))?;
    Ok(Exit::Ok)
}

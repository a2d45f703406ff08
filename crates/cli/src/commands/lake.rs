//! `lake` and `erase`: looking after the files.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Opened, answer};
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
    let text = match files {
        0 => "nothing was broken".to_owned(),
        files => {
            format!("{files} broken files were taken out; run `deskmeter sync` to have their rows again")
        }
    };
    answer(opened, &json!({ "files_removed": files }), &text)?;
    Ok(Exit::Ok)
}

async fn check(opened: &Opened) -> Result<Exit> {
    let findings = deskmeter_pipeline::check_lake(&opened.pipeline, &opened.context).await?;
    let mut table = Table::new(["table", "fault", "file"]);
    let mut faults = Vec::new();
    for finding in &findings {
        let fault = format!("{:?}", finding.fault).to_lowercase();
        faults.push(json!({
            "table": finding.table, "fault": fault, "file": finding.path, "loses_rows": finding.fault.loses_rows(),
        }));
        table.row([finding.table.clone(), fault, finding.path.clone()]);
    }
    let text = match findings.len() {
        0 => "every file of every table is there and readable".to_owned(),
        _ => table.to_string(),
    };
    answer(opened, &Value::from(faults), &text)?;
    let is_whole = !findings.iter().any(|finding| finding.fault.loses_rows());
    Ok(if is_whole { Exit::Ok } else { Exit::Storage })
}

pub(crate) async fn erase(opened: &Opened, ticket: i64) -> Result<Exit> {
    let report = deskmeter_pipeline::erase_ticket(&opened.pipeline, &opened.context, ticket).await?;
    let (rows, files, deleted) = (report.rows, report.files, report.cleaned.data_files_deleted);
    let json = json!({
        "ticket_id": ticket, "rows_erased": rows, "files_rewritten": files, "files_deleted": deleted,
    });
    let text = format!(
        "Ticket {ticket}: {rows} rows erased, {files} files rewritten, {deleted} old files deleted; the marts are \
         made anew."
    );
    answer(opened, &json, &text)?;
    Ok(Exit::Ok)
}

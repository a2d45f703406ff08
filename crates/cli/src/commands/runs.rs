//! `runs`: the history of runs.

use anyhow::Result;

use super::{Opened, println};
use crate::args::Format;
use crate::exit_code::Exit;
use crate::output::Table;

/// Runs that are shown.
const SHOWN: usize = 50;

pub(crate) async fn run(opened: &Opened) -> Result<Exit> {
    let runs = deskmeter_pipeline::runs(&opened.pipeline, &opened.context, SHOWN).await?;
    if opened.global.format == Format::Json {
        println(&serde_json::to_string_pretty(&runs)?);
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(["run", "started", "ended", "exit code", "rows", "requests", "received"]);
    for run in runs {
        table.row([
            run.id,
            run.started_at.to_string(),
            run.ended_at.to_string(),
            run.exit_code.to_string(),
            run.rows.to_string(),
            run.requests.to_string(),
            super::sync::bytes(run.bytes),
        ]);
    }
    for index in 3..=6 {
        table.align_right(index);
    }
    println(&table.to_string());
    Ok(Exit::Ok)
}

//! `query`: read-only SQL.

use std::io::{IsTerminal, Read};

use anyhow::{Context as _, Result};

use super::{Opened, Usage};
use crate::args::QueryArgs;
use crate::exit_code::Exit;
use crate::output;

pub(crate) async fn run(opened: &Opened, args: &QueryArgs) -> Result<Exit> {
    let sql = statement(args)?;
    let (schema, batches) = deskmeter_pipeline::query(&opened.pipeline, &opened.context, &sql).await?;
    output::rows(&schema, &batches, opened.global.format, args.output.as_deref())?;
    Ok(Exit::Ok)
}

fn statement(args: &QueryArgs) -> Result<String> {
    if let Some(sql) = &args.sql {
        return Ok(sql.clone());
    }
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Usage(
            "no statement: write it as an argument, for example deskmeter query \"select * from kpis\""
                .into(),
        )
        .into());
    }
    let mut sql = String::new();
    stdin.read_to_string(&mut sql).context("read statement from standard input")?;
    Ok(sql)
}

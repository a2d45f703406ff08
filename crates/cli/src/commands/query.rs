//! `query`: read-only SQL.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::{Context as _, Result};
use deskmeter_pipeline::Context;

use super::{Opened, Usage, folder, set_engine};
use crate::args::{Global, QueryArgs};
use crate::exit_code::Exit;
use crate::{clock, env, output};

pub(crate) async fn run(opened: &Opened, args: &QueryArgs) -> Result<Exit> {
    let sql = statement(args)?;
    let (schema, batches) = deskmeter_pipeline::query(&opened.pipeline, &opened.context, &sql).await?;
    output::rows(&schema, &batches, opened.global.format, args.output.as_deref())?;
    Ok(Exit::Ok)
}

/// The same over all accounts of a folder: each table has a column `connection` before its own.
pub(crate) async fn run_all(global: &Global, args: &QueryArgs, folder: &Path) -> Result<Exit> {
    let sql = statement(args)?;
    let context = Context::new(clock::clock(), env::environment());
    let mut pipelines = folder::pipelines(folder)?;
    for pipeline in &mut pipelines {
        set_engine(pipeline, global);
    }
    let (schema, batches) = deskmeter_pipeline::query_all(&pipelines, &context, &sql).await?;
    output::rows(&schema, &batches, global.format, args.output.as_deref())?;
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

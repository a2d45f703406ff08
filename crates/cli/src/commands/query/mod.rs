//! `query`: read-only SQL, from an argument, a file, standard input or a prompt.

mod commands;
mod helper;
mod prompt;

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::{Context as _, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deskmeter_pipeline::{Answer, Context};
use deskmeter_server::Labels;

use super::{Opened, Usage, folder, set_engine};
use crate::args::{Format, Global, QueryArgs};
use crate::exit_code::Exit;
use crate::output::{self, RowWriter};
use crate::{clock, env};

pub(crate) async fn run(opened: &Opened, args: &QueryArgs) -> Result<Exit> {
    let labels = labels(args)?;
    match statement(args)? {
        Some(sql) => {
            answer(opened, &sql, &labels, opened.global.format, args.output.as_deref(), None).await?;
            Ok(Exit::Ok)
        }
        None => prompt::run(opened, labels, args.output.as_deref()).await,
    }
}

/// The same over all accounts of a folder: each table has a column `connection` before its own.
pub(crate) async fn run_all(global: &Global, args: &QueryArgs, folder: &Path) -> Result<Exit> {
    let Some(sql) = statement(args)? else {
        return Err(Usage("--all needs a statement: write it as an argument, or add -f FILE".into()).into());
    };
    let context = Context::new(clock::clock(), env::environment());
    let read = folder::pipelines(folder)?.into_iter();
    let mut pipelines: Vec<_> = read.map(|(_, pipeline)| pipeline).collect();
    for pipeline in &mut pipelines {
        set_engine(pipeline, global);
    }
    let (schema, batches) = deskmeter_pipeline::query_all(&pipelines, &context, &sql).await?;
    let labels = labels(args)?;
    let named = batches.iter().map(|batch| name_rows(&labels, batch)).collect::<Result<Vec<_>>>()?;
    output::rows(&named_schema(&labels, &schema)?, &named, global.format, args.output.as_deref())?;
    Ok(Exit::Ok)
}

/// The operator's own names; none where no file is given.
fn labels(args: &QueryArgs) -> Result<Labels> {
    Ok(args.labels.as_deref().map(super::labels).transpose()?.unwrap_or_default())
}

fn name_rows(labels: &Labels, batch: &RecordBatch) -> Result<RecordBatch> {
    labels.name_rows(batch).context("name groups and agents")
}

fn named_schema(labels: &Labels, schema: &SchemaRef) -> Result<SchemaRef> {
    Ok(name_rows(labels, &RecordBatch::new_empty(schema.clone()))?.schema())
}

/// The statement, or none where somebody sits at a terminal and can be asked.
fn statement(args: &QueryArgs) -> Result<Option<String>> {
    if let Some(sql) = &args.sql {
        return Ok(Some(sql.clone()));
    }
    if let Some(path) = &args.file {
        let sql = std::fs::read_to_string(path);
        return sql.map(Some).map_err(|error| {
            Usage(format!("the statement cannot be read from {}: {error}", path.display())).into()
        });
    }
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Ok(None);
    }
    let mut sql = String::new();
    stdin.read_to_string(&mut sql).context("read statement from standard input")?;
    Ok(Some(sql))
}

/// Writes the rows of a statement as they come, at most `rows_max` of them; returns whether there were more.
async fn answer(
    opened: &Opened,
    sql: &str,
    labels: &Labels,
    format: Format,
    to: Option<&Path>,
    rows_max: Option<usize>,
) -> Result<bool> {
    let mut answer = Answer::to(&opened.pipeline, &opened.context, sql).await?;
    let mut left = rows_max.unwrap_or(usize::MAX);
    let mut has_more = false;
    // The writer is made when the first rows are there: a query that fails leaves an older file as it was.
    let mut next = answer.next().await?;
    let mut writer = RowWriter::new(&named_schema(labels, &answer.schema)?, format, to)?;
    while let Some(batch) = next {
        has_more = batch.num_rows() > left;
        let rows = batch.num_rows().min(left);
        writer.write(&name_rows(labels, &batch.slice(0, rows))?)?;
        left -= rows;
        if has_more {
            break;
        }
        next = answer.next().await?;
    }
    writer.finish()?;
    Ok(has_more)
}

//! Rows in the format that was asked for.

mod screen;
mod table;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::LineDelimitedWriter;
use parquet::arrow::ArrowWriter;

use crate::args::Format;
use crate::commands::Usage;

pub(crate) use screen::{Paint, Screen};
pub(crate) use table::Table;

/// Where rows go.
type Out = Box<dyn Write + Send>;

/// Writes rows to standard output or a file, batch by batch. Only a table holds all of them: its columns are as wide
/// as their widest cell.
pub(crate) enum RowWriter {
    Table(SchemaRef, Vec<RecordBatch>, Out),
    Csv(Out),
    /// The flag: whether a row is there already.
    Json(Out, bool),
    Parquet(Box<ArrowWriter<Out>>),
}

impl RowWriter {
    /// A writer to a file, or to standard output.
    pub(crate) fn new(schema: &SchemaRef, format: Format, to: Option<&Path>) -> Result<Self> {
        if format == Format::Parquet && to.is_none() && io::stdout().is_terminal() {
            let what = "a Parquet file cannot be shown on a terminal: redirect the output, or add -o FILE to query or report";
            return Err(Usage(what.into()).into());
        }
        let out: Out = match to {
            Some(path) => Box::new(io::BufWriter::new(
                File::create(path).with_context(|| format!("create {}", path.display()))?,
            )),
            None => Box::new(io::stdout()),
        };
        Ok(match format {
            Format::Table => Self::Table(schema.clone(), Vec::new(), out),
            Format::Csv => {
                let mut out = out;
                // The header also stands where there is no row.
                csv(&RecordBatch::new_empty(schema.clone()), true, &mut out).context("write rows")?;
                Self::Csv(out)
            }
            Format::Json => Self::Json(out, false),
            Format::Parquet => Self::Parquet(Box::new(
                ArrowWriter::try_new(out, schema.clone(), None).context("write rows")?,
            )),
        })
    }

    /// Writes further rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Table(_, batches, _) => batches.push(batch.clone()),
            Self::Csv(out) => csv(batch, false, out).context("write rows")?,
            Self::Json(out, has_rows) => json(batch, out, has_rows).context("write rows")?,
            Self::Parquet(writer) => writer.write(batch).context("write rows")?,
        }
        Ok(())
    }

    /// Ends the output.
    pub(crate) fn finish(self) -> Result<()> {
        let mut out = match self {
            Self::Table(schema, batches, mut out) => {
                writeln!(out, "{}", table::render(&schema, &batches)?).context("write rows")?;
                out
            }
            Self::Csv(out) => out,
            Self::Json(mut out, has_rows) => {
                writeln!(out, "{}", if has_rows { "]" } else { "[]" }).context("write rows")?;
                out
            }
            Self::Parquet(writer) => writer.into_inner().context("write rows")?,
        };
        out.flush().context("write rows")
    }
}

/// Writes rows that are there already.
pub(crate) fn rows(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    format: Format,
    to: Option<&Path>,
) -> Result<()> {
    let mut writer = RowWriter::new(schema, format, to)?;
    batches.iter().try_for_each(|batch| writer.write(batch))?;
    writer.finish()
}

/// Lines of CSV. They are encoded apart from the writing: arrow's writer turns a failure to write into a text, in which
/// a closed pipe and a full disk are no longer to be known.
fn csv(batch: &RecordBatch, has_header: bool, out: &mut Out) -> Result<()> {
    let mut lines = Vec::new();
    arrow::csv::WriterBuilder::new().with_header(has_header).build(&mut lines).write(batch)?;
    Ok(out.write_all(&lines)?)
}

/// Elements of a JSON array, one object on a line, so that both a parser and `head` can read it.
fn json(batch: &RecordBatch, out: &mut Out, has_rows: &mut bool) -> Result<()> {
    let mut lines = Vec::new();
    let mut writer: LineDelimitedWriter<_> =
        arrow::json::WriterBuilder::new().with_explicit_nulls(true).build(&mut lines);
    writer.write(batch)?;
    writer.finish()?;
    drop(writer);
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        out.write_all(if *has_rows { b",\n" } else { b"[" })?;
        out.write_all(line)?;
        *has_rows = true;
    }
    Ok(())
}

//! Rows in the format that was asked for.

mod screen;
mod table;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;

use crate::args::Format;

pub(crate) use screen::{Paint, Screen};
pub(crate) use table::Table;

/// Writes rows to standard output or a file.
pub(crate) fn rows(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    format: Format,
    to: Option<&Path>,
) -> Result<()> {
    if format == Format::Parquet && to.is_none() && io::stdout().is_terminal() {
        bail!("a Parquet file cannot be shown on a terminal: add -o FILE, or redirect the output");
    }
    let mut out: Box<dyn Write + Send> = match to {
        Some(path) => Box::new(File::create(path).with_context(|| format!("create {}", path.display()))?),
        None => Box::new(io::stdout()),
    };
    write(schema, batches, format, &mut out).context("write rows")?;
    out.flush().context("write rows")
}

fn write(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    match format {
        Format::Table => writeln!(out, "{}", table::render(schema, batches)?)?,
        Format::Csv => {
            let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(&mut *out);
            writer.write(&RecordBatch::new_empty(schema.clone()))?;
            for batch in batches {
                writer.write(batch)?;
            }
        }
        Format::Json => json(batches, out)?,
        Format::Parquet => {
            let mut writer = ArrowWriter::try_new(out, schema.clone(), None)?;
            for batch in batches {
                writer.write(batch)?;
            }
            writer.close()?;
        }
    }
    Ok(())
}

/// A JSON array with one object on a line, so that both a parser and `head` can read it.
fn json(batches: &[RecordBatch], out: &mut dyn Write) -> Result<()> {
    let mut lines = Vec::new();
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow::json::writer::LineDelimited>(&mut lines);
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    drop(writer);
    let text = String::from_utf8(lines)?;
    let joined = text.lines().collect::<Vec<_>>().join(",\n");
    writeln!(out, "[{joined}]")?;
    Ok(())
}

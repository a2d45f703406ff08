//! `export`: plain files.

use anyhow::Result;

use super::{Opened, println};
use crate::args::{ExportArgs, Format};
use crate::exit_code::Exit;
use crate::output::Table;

pub(crate) async fn run(opened: &Opened, args: &ExportArgs) -> Result<Exit> {
    let is_csv = opened.global.format == Format::Csv;
    let report =
        deskmeter_pipeline::export(&opened.pipeline, &opened.context, &args.to, is_csv, &args.marts).await?;
    let mut table = Table::new(["file", "rows", "bytes"]);
    for file in &report.files {
        table.row([file.path.clone(), file.rows.to_string(), super::sync::bytes(file.bytes)]);
    }
    table.align_right(1);
    table.align_right(2);
    println(&table.to_string())?;
    Ok(Exit::Ok)
}

//! `publish`: the marts in a database of yours.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Opened, answer};
use crate::args::PublishArgs;
use crate::exit_code::Exit;
use crate::output::Table;

pub(crate) async fn run(opened: &Opened, args: &PublishArgs) -> Result<Exit> {
    let role = args.reader_role.clone();
    let report = deskmeter_pipeline::publish(&opened.pipeline, &opened.context, &args.url, role).await?;
    let mut table = Table::new(["table", "sent", "rows", "bytes"]);
    let mut tables: Vec<Value> = Vec::new();
    for published in &report.tables {
        let (name, sent, rows) = (&published.name, published.replaced.to_string(), published.rows);
        tables.push(json!({ "table": name, "sent": sent, "rows": rows, "bytes": published.bytes }));
        table.row([name.clone(), sent, rows.to_string(), super::sync::bytes(published.bytes)]);
    }
    table.align_right(2);
    table.align_right(3);
    let json = json!({ "tables": tables, "missing": report.missing, "dropped": report.dropped });
    answer(opened, &json, &table.to_string())?;
    Ok(Exit::Ok)
}

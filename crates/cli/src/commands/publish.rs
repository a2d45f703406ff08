//! `publish`: the marts in a database of yours.

use anyhow::Result;

use super::{Opened, println};
use crate::args::PublishArgs;
use crate::exit_code::Exit;
use crate::output::Table;

pub(crate) async fn run(opened: &Opened, args: &PublishArgs) -> Result<Exit> {
    let role = args.reader_role.clone();
    let report = deskmeter_pipeline::publish(&opened.pipeline, &opened.context, &args.url, role).await?;
    let mut table = Table::new(["table", "sent", "rows", "bytes"]);
    for published in &report.tables {
        let sent = published.replaced.to_string();
        let (rows, bytes) = (published.rows.to_string(), super::sync::bytes(published.bytes));
        table.row([published.name.clone(), sent, rows, bytes]);
    }
    table.align_right(2);
    table.align_right(3);
    println(&table.to_string())?;
    Ok(Exit::Ok)
}

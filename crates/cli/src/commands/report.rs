//! `report`: the dashboards in one file.

use anyhow::{Context as _, Result};

use super::{Opened, demo, println};
use crate::args::{Format, ReportArgs};
use crate::exit_code::Exit;

pub(crate) async fn run(opened: &Opened, args: &ReportArgs) -> Result<Exit> {
    if opened.global.format != Format::Table {
        demo::kpis::print(&opened.pipeline, &opened.context, opened.global.format, args.output.as_deref())
            .await?;
        return Ok(Exit::Ok);
    }
    let labels = args.labels.as_deref().map(super::labels).transpose()?.unwrap_or_default();
    let html = deskmeter_server::report(&opened.pipeline, &opened.context, &labels, args.cell_min).await?;
    match &args.output {
        None => println(&html)?,
        Some(path) => {
            std::fs::write(path, html).with_context(|| format!("write report {}", path.display()))?;
            println(&format!("{} is written", path.display()))?;
        }
    }
    Ok(Exit::Ok)
}

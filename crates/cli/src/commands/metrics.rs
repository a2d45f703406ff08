//! `metrics`: the catalogue.

mod docs;
mod graph;
mod markdown;
mod show;

use anyhow::{Context as _, Result};

use super::{Opened, println};
use crate::args::{Format, MetricsCommand};
use crate::exit_code::Exit;
use crate::output::{self, Table};

pub(crate) async fn run(opened: &Opened, command: &MetricsCommand) -> Result<Exit> {
    match command {
        MetricsCommand::List => list(opened),
        MetricsCommand::Show { name } => show::run(opened, name),
        MetricsCommand::Docs { output } => {
            let warehouse = deskmeter_pipeline::new_warehouse(&opened.pipeline)?;
            let page = docs::page(warehouse.catalogue());
            std::fs::write(output, page).with_context(|| format!("write {}", output.display()))?;
            println(&format!("{} written: open it in a browser", output.display()))?;
            Ok(Exit::Ok)
        }
        MetricsCommand::Parity => parity(opened).await,
    }
}

/// Ticket by ticket against Zendesk's own numbers, summed up: how many agree, how many differ and why.
async fn parity(opened: &Opened) -> Result<Exit> {
    const SQL: &str = "select metric, count(*) as n_compared, \
        count(*) filter (where reason = 'equal') as n_equal, \
        count(*) filter (where reason = 'rounding') as n_rounding, \
        count(*) filter (where reason not in ('equal', 'rounding', 'unexplained')) as n_explained, \
        count(*) filter (where reason = 'unexplained') as n_unexplained, \
        coalesce(string_agg(distinct reason, ', ') filter (where reason not in ('equal', 'rounding')), '') as reasons \
        from parity group by metric order by metric";
    let (schema, batches) = deskmeter_pipeline::query(&opened.pipeline, &opened.context, SQL).await?;
    output::rows(&schema, &batches, opened.global.format, None)?;
    Ok(Exit::Ok)
}

/// Every mart, with what one row is.
fn list(opened: &Opened) -> Result<Exit> {
    let warehouse = deskmeter_pipeline::new_warehouse(&opened.pipeline)?;
    let marts = warehouse.catalogue().marts();
    if opened.global.format == Format::Json {
        let rows: Vec<_> = marts
            .map(|mart| {
                let description = &mart.description;
                serde_json::json!({
                    "mart": mart.name, "grain": description.grain, "about": description.about,
                    "columns": description.columns.len(),
                })
            })
            .collect();
        println(&serde_json::to_string_pretty(&rows)?)?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(["mart", "one row per", "what it says"]);
    for mart in marts {
        table.row([mart.name.clone(), mart.description.grain.clone(), mart.description.about.clone()]);
    }
    println(&table.to_string())?;
    Ok(Exit::Ok)
}

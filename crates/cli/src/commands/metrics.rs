//! `metrics`: the catalogue.

use anyhow::Result;

use super::{Opened, Usage, println};
use crate::args::{Format, MetricsCommand};
use crate::exit_code::Exit;
use crate::output::{self, Table};

pub(crate) async fn run(opened: &Opened, command: &MetricsCommand) -> Result<Exit> {
    match command {
        MetricsCommand::List => list(opened),
        MetricsCommand::Show { name } => show(opened, name),
        MetricsCommand::Parity => parity(opened).await,
    }
}

async fn parity(opened: &Opened) -> Result<Exit> {
    let sql = "select metric, reason, count(*) as n_tickets from parity group by metric, reason order by metric, reason";
    let (schema, batches) = deskmeter_pipeline::query(&opened.pipeline, &opened.context, sql).await?;
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
        println(&serde_json::to_string_pretty(&rows)?);
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(["mart", "one row per", "what it says"]);
    for mart in marts {
        table.row([mart.name.clone(), mart.description.grain.clone(), mart.description.about.clone()]);
    }
    println(&table.to_string());
    Ok(Exit::Ok)
}

/// A model, or one column of it.
fn show(opened: &Opened, name: &str) -> Result<Exit> {
    let warehouse = deskmeter_pipeline::new_warehouse(&opened.pipeline)?;
    let catalogue = warehouse.catalogue();
    let (model, column) = name.split_once('.').map_or((name, None), |(model, column)| (model, Some(column)));
    let Some(model) = catalogue.get(model) else {
        let known = catalogue.marts().map(|mart| mart.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Usage(format!("there is no model `{model}`; marts are {known}")).into());
    };
    let description = &model.description;
    let columns = description.columns.iter().filter(|known| column.is_none_or(|column| known.name == column));
    let mut table = Table::new(["column", "unit", "meaning", "NULL means"]);
    let mut n_shown = 0;
    for known in columns {
        n_shown += 1;
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        table.row([known.name.clone(), or_none(&known.unit), known.about.clone(), or_none(&known.null)]);
    }
    if n_shown == 0 {
        return Err(
            Usage(format!("model `{}` has no column `{}`", model.name, column.unwrap_or_default())).into()
        );
    }
    let caveats =
        description.caveats.iter().map(|caveat| format!("\nmind: {caveat}")).collect::<Vec<_>>().concat();
    println(&format!("{}: {}\n{}{caveats}\n{table}", model.name, description.grain, description.about));
    let names = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
    println(&format!("made from: {}\nused by:   {}", names(&model.upstream), names(&model.downstream)));
    if column.is_none() {
        println(&format!("\n{}", model.sql));
    }
    Ok(Exit::Ok)
}

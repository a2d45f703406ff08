//! `plan`: what the next run will take.

use anyhow::Result;
use deskmeter_pipeline::{PlanReport, Range};

use super::{Opened, println, span, sync::bytes};
use crate::args::{Format, PlanArgs};
use crate::exit_code::Exit;
use crate::output::Table;

pub(crate) async fn run(opened: &Opened, args: &PlanArgs) -> Result<Exit> {
    let plan = match args.tickets {
        Some(tickets) => deskmeter_pipeline::plan_unasked(&opened.pipeline, &opened.context, tickets)?,
        None => deskmeter_pipeline::plan(&opened.pipeline, &opened.context).await?,
    };
    match opened.global.format {
        Format::Json => println(&serde_json::to_string_pretty(&plan)?)?,
        _ => println(&describe(&plan))?,
    }
    Ok(Exit::Ok)
}

fn describe(plan: &PlanReport) -> String {
    let mut table = Table::new(["stream", "rows", "requests", "received", "time", "ends", "estimated from"]);
    for stream in &plan.streams {
        let how =
            if stream.capability == "available" { stream.how.clone() } else { stream.capability.to_owned() };
        table.row([
            stream.stream.to_owned(),
            range(stream.rows, |rows| rows.to_string()),
            range(stream.requests, |requests| requests.to_string()),
            range(stream.bytes, bytes),
            range(stream.seconds, seconds),
            stream.ends_at.to_string(),
            how,
        ]);
    }
    table.row([
        "in all".to_owned(),
        range(plan.rows, |rows| rows.to_string()),
        range(plan.requests, |requests| requests.to_string()),
        range(plan.bytes, bytes),
        range(plan.seconds, seconds),
        plan.ends_at.to_string(),
        String::new(),
    ]);
    for index in 1..=4 {
        table.align_right(index);
    }
    let cost = match plan.requests_made {
        0 => "Zendesk was not asked.".to_owned(),
        1 => "One sample page was asked for.".to_owned(),
        pages => format!("{pages} sample pages were asked for."),
    };
    format!(
        "{table}\nAt {} % of the limits: {} export requests and {} of the users export a minute. {cost}",
        plan.quota_percent, plan.exports_per_minute, plan.users_per_minute
    )
}

/// The best guess, and how far off it may be.
fn range(range: Range, show: impl Fn(u64) -> String) -> String {
    let (low, likely, high) = (show(range.low), show(range.likely), show(range.high));
    if low == high { likely } else { format!("{likely} ({low} to {high})") }
}

fn seconds(seconds: u64) -> String {
    span(i64::try_from(seconds).unwrap_or(i64::MAX))
}

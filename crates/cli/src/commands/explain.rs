//! `explain`: how a ticket's numbers came about.

mod chart;
mod pieces;
mod story;

use anyhow::Result;

use super::{Opened, println};
use crate::args::{ExplainArgs, Format};
use crate::exit_code::Exit;
use crate::output::Screen;

pub(crate) async fn run(opened: &Opened, args: &ExplainArgs) -> Result<Exit> {
    let is_json = opened.global.format == Format::Json;
    let screen = Screen::of_stdout();
    let Some(metric) = &args.metric else {
        let story = deskmeter_pipeline::story(&opened.pipeline, &opened.context, args.ticket).await?;
        println(&if is_json { serde_json::to_string_pretty(&story)? } else { story::text(&story, screen) })?;
        return Ok(Exit::Ok);
    };
    let explained =
        deskmeter_pipeline::explain(&opened.pipeline, &opened.context, args.ticket, metric).await?;
    if is_json {
        println(&serde_json::to_string_pretty(&explained)?)?;
        return Ok(Exit::Ok);
    }
    let texts: Vec<String> = explained.iter().map(|one| pieces::text(one, screen)).collect();
    if texts.is_empty() {
        println(&format!("ticket {}: nothing was measured of {metric}", args.ticket))?;
    } else {
        println(&texts.join("\n\n"))?;
    }
    Ok(Exit::Ok)
}

//! `connect`: asks a person for the three permissions.

use std::time::Duration;

use anyhow::Result;

use super::{Opened, note, println, println_or_tell, shell_word, span};
use crate::args::ConnectArgs;
use crate::exit_code::Exit;

pub(crate) async fn run(opened: &Opened, args: &ConnectArgs) -> Result<Exit> {
    let timeout = Duration::from_secs(args.timeout_secs);
    let show = |url: &str| {
        if args.no_browser || open::that_detached(url).is_err() {
            println_or_tell(&format!("Open this URL to authorize: {url}"));
        } else {
            println_or_tell(
                "Your browser opens on Zendesk's page: allow the three read-only permissions there.",
            );
        }
        note(&format!("Waiting up to {} for the answer; Ctrl-C stops.", span(timeout.as_secs() as i64)));
    };
    let report = deskmeter_pipeline::connect(&opened.pipeline, &opened.context, timeout, show).await?;
    println(&format!(
        "Connected {} with {}. Next: deskmeter sync -p {}",
        opened.pipeline.connection.name,
        report.scopes,
        shell_word(&opened.path)
    ))?;
    if !report.missing_scopes.is_empty() {
        note(&format!(
            "warning: not granted: {}; what depends on it stays empty",
            report.missing_scopes.join(", ")
        ));
    }
    Ok(Exit::Ok)
}

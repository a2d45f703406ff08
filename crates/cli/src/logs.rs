//! Log lines go to stderr; stdout is for results.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::args::{Global, LogFormat};

/// Starts logging as asked.
pub(crate) fn start(global: &Global) {
    let ours = match global.verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    // Libraries below us quote paths and statements in their own lines: only their errors are let through.
    // What a cluster tells of a failed job is in the error that the command ends with.
    let filter = EnvFilter::new(format!("error,ballista_core=off,deskmeter={ours}{}", each_crate(ours)));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match global.log_format {
        LogFormat::Text => subscriber.with_target(false).with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => subscriber.json().init(),
    }
}

fn each_crate(level: &str) -> String {
    ["connections", "extractor", "lake", "loader", "pipeline", "simulator", "warehouse"]
        .map(|name| format!(",deskmeter_{name}={level}"))
        .concat()
}

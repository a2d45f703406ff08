//! Log lines go to stderr; stdout is for results. As JSON, each line is one object with `timestamp`, `level`,
//! `message` and the fields of the message beside them.

use std::io::{IsTerminal, Write};

use serde_json::{Map, Value};

use tracing_subscriber::EnvFilter;

use crate::args::{Global, LogFormat};
use crate::clock;

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
        LogFormat::Json => {
            subscriber.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
        }
    }
}

/// A line of our own in the shape of the others, written whatever the level is.
pub(crate) fn line(level: &str, message: &str, fields: Value) {
    let now = jiff::Timestamp::from_second((clock::clock())().0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let mut object = Map::new();
    object.insert("timestamp".to_owned(), now.to_string().into());
    object.insert("level".to_owned(), level.into());
    object.insert("message".to_owned(), message.into());
    object.insert("target".to_owned(), "deskmeter".into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    let _ = writeln!(std::io::stderr(), "{}", Value::Object(object));
}

fn each_crate(level: &str) -> String {
    ["connections", "extractor", "lake", "loader", "pipeline", "simulator", "warehouse"]
        .map(|name| format!(",deskmeter_{name}={level}"))
        .concat()
}

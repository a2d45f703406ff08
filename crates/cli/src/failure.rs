//! A failure as a person reads it, and as a script does: a chain of causes, a next step, an exit code.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::args::LogFormat;
use crate::commands::Usage;
use crate::exit_code::Exit;
use crate::logs;

/// Prints the failure; returns the exit code.
pub(crate) fn end(error: &anyhow::Error, format: LogFormat) -> ExitCode {
    if error.chain().any(is_broken_pipe) {
        return Exit::Ok.into();
    }
    let code = exit_code(error);
    match format {
        LogFormat::Text => tell(error),
        LogFormat::Json => {
            let next = failure(error).and_then(deskmeter_pipeline::Error::next_step);
            let fields = serde_json::json!({ "causes": causes(error), "next": next, "exit_code": code });
            logs::line("ERROR", &error.to_string(), fields);
        }
    }
    code.into()
}

/// A file or an output that cannot be read or written is no bug of ours.
fn exit_code(error: &anyhow::Error) -> u8 {
    if error.chain().any(<dyn StdError>::is::<Usage>) {
        return Exit::Usage as u8;
    }
    let other = if error.chain().any(<dyn StdError>::is::<io::Error>) { Exit::Storage } else { Exit::Bug };
    failure(error).map_or(other as u8, |failure| failure.kind().exit_code())
}

/// Prints the chain of causes once, and the next step.
pub(crate) fn tell(error: &anyhow::Error) {
    let mut text = format!("error: {error}\n");
    for cause in causes(error) {
        let _ = writeln!(text, "  caused by: {cause}");
    }
    if let Some(next) = failure(error).and_then(deskmeter_pipeline::Error::next_step) {
        let _ = writeln!(text, "  next: {next}");
    }
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// What stands behind the failure; words that only repeat those before them are left out.
fn causes(error: &anyhow::Error) -> Vec<String> {
    let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
    let news =
        texts.windows(2).filter(|pair| matches!(pair, [last, cause] if !last.contains(cause.as_str())));
    news.filter_map(|pair| pair.last().cloned()).collect()
}

fn failure(error: &anyhow::Error) -> Option<&deskmeter_pipeline::Error> {
    error
        .chain()
        .find_map(|cause: &(dyn StdError + 'static)| cause.downcast_ref::<deskmeter_pipeline::Error>())
}

fn is_broken_pipe(cause: &(dyn StdError + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The chain of causes in one line.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    causes(error).into_iter().fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

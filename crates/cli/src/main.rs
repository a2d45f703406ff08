//! The `deskmeter` binary: arguments, environment, clock, logs, exit codes. What a command does is in `pipeline`.

mod args;
mod clock;
mod commands;
mod env;
mod exit_code;
mod logs;
mod output;
mod panics;
mod progress;

use std::error::Error as StdError;
use std::io::Write;
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind as ClapError;

use crate::args::Cli;
use crate::exit_code::Exit;

fn main() -> ExitCode {
    panics::hide_messages();
    let cli = match args::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let is_asked = matches!(error.kind(), ClapError::DisplayHelp | ClapError::DisplayVersion);
            let _ = error.print();
            return if is_asked { Exit::Ok } else { Exit::Usage }.into();
        }
    };
    logs::start(&cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&anyhow::Error::new(error).context("start the runtime")),
    };
    match panics::caught(|| runtime.block_on(commands::run(cli))) {
        Ok(Err(error)) => report(&error),
        Ok(Ok(exit)) | Err(exit) => exit.into(),
    }
}

/// Prints the chain of causes once, and the next step; returns the exit code.
fn report(error: &anyhow::Error) -> ExitCode {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "error: {error}");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        if !last.contains(&text) {
            let _ = writeln!(stderr, "  caused by: {text}");
        }
        last = text;
    }
    let failure = error
        .chain()
        .find_map(|cause: &(dyn StdError + 'static)| cause.downcast_ref::<deskmeter_pipeline::Error>());
    if let Some(next) = failure.and_then(deskmeter_pipeline::Error::next_step) {
        let _ = writeln!(stderr, "  next: {next}");
    }
    if error.chain().any(is_broken_pipe) {
        return Exit::Ok.into();
    }
    if error.chain().any(<dyn StdError>::is::<commands::Usage>) {
        return Exit::Usage.into();
    }
    failure.map_or(Exit::Bug.into(), |failure| ExitCode::from(failure.kind().exit_code()))
}

fn is_broken_pipe(cause: &(dyn StdError + 'static)) -> bool {
    cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

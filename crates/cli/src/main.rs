//! The `deskmeter` binary: arguments, environment, clock, logs, exit codes. What a command does is in `pipeline`.

mod args;
mod clock;
mod commands;
mod env;
mod exit_code;
mod failure;
mod help;
mod logs;
mod output;
mod panics;
mod progress;
mod signals;

use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind as ClapError;

use crate::args::Cli;
use crate::exit_code::Exit;

/// Stack of each worker thread, in bytes: plans are nested as the models are. What is not used is never taken.
const STACK_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    panics::hide_messages();
    let cli = match help::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let is_asked = matches!(error.kind(), ClapError::DisplayHelp | ClapError::DisplayVersion);
            let _ = error.print();
            return if is_asked { Exit::Ok } else { Exit::Usage }.into();
        }
    };
    logs::start(&cli.global);
    let format = cli.global.log_format;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK_BYTES).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failure::end(&anyhow::Error::new(error).context("start the runtime"), format),
    };
    let ended = panics::caught(|| runtime.block_on(commands::run(cli)));
    // A statement that was cancelled may still compute: nobody waits for it.
    runtime.shutdown_background();
    match ended {
        Ok(Err(error)) => failure::end(&error, format),
        Ok(Ok(exit)) | Err(exit) => exit.into(),
    }
}

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

use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind as ClapError;

use crate::args::Cli;
use crate::exit_code::Exit;

/// Stack of each thread, in bytes; what is not used is never taken.
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
    let runtime = match runtime() {
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

/// Threads for work that keeps the processor or a disk busy are few: glibc gives each new thread an arena of its own and
/// keeps there what was freed, so that with hundreds of threads many accounts would take twice the memory. Their stacks
/// are deep: plans are nested as the models are.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.max_blocking_threads(4 * cores).thread_stack_size(STACK_BYTES).enable_all().build()
}

//! One module per command.

#[cfg(feature = "ballista")]
mod cluster;
mod connect;
mod demo;
mod disconnect;
mod explain;
mod export;
mod folder;
mod generate;
mod init;
mod lake;
mod metrics;
mod plan;
mod privacy;
mod publish;
mod query;
mod report;
mod runs;
mod serve;
mod simulate;
mod status;
mod sync;
mod sync_all;
mod validate;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use deskmeter_pipeline::{Context, Error, ErrorKind, PipelineFile};
use deskmeter_server::Labels;

use crate::args::{Cli, Command, Format, Global};
use crate::exit_code::Exit;
use crate::{clock, env};

/// A command that was called wrongly, beyond what the argument parser knows.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Runs the command.
pub(crate) async fn run(cli: Cli) -> Result<Exit> {
    if let Some(problem) = cli.format_problem() {
        return Err(Usage(problem).into());
    }
    let global = &cli.global;
    match &cli.command {
        Command::Demo(args) => demo::run(global, args).await,
        Command::Init(args) => init::run(global, args),
        Command::Simulate(args) => simulate::run(args).await,
        Command::Connect(args) => connect::run(&open(global)?, args).await,
        Command::Plan(args) => plan::run(&open(global)?, args).await,
        Command::Sync(args) => match &args.all {
            Some(folder) => sync_all::run(global, args, folder).await,
            None => sync::run(&open(global)?, args).await,
        },
        Command::Status => status::run(&open(global)?).await,
        Command::Disconnect(args) => disconnect::run(&open(global)?, args).await,
        Command::Purge => disconnect::purge(&open(global)?).await,
        Command::Rekey => rekey(&open(global)?).await,
        Command::Receipt { command } => disconnect::receipt(global, command),
        Command::Query(args) => match &args.all {
            Some(folder) => query::run_all(global, args, folder).await,
            None => query::run(&open(global)?, args).await,
        },
        Command::Metrics { command } => metrics::run(&open(global)?, command).await,
        Command::Explain(args) => explain::run(&open(global)?, args).await,
        Command::Validate(args) => validate::run(global, args).await,
        Command::Privacy { command } => privacy::run(&open(global)?, command).await,
        Command::Lake { command } => lake::run(&open(global)?, command).await,
        Command::Erase { ticket } => lake::erase(&open(global)?, *ticket).await,
        Command::Serve(args) => serve::run(global, args).await,
        Command::Report(args) => report::run(&open(global)?, args).await,
        Command::Publish(args) => publish::run(&open(global)?, args).await,
        Command::Export(args) => export::run(&open(global)?, args).await,
        #[cfg(feature = "ballista")]
        Command::Scheduler(args) => cluster::scheduler(args).await,
        #[cfg(feature = "ballista")]
        Command::Executor(args) => cluster::executor(args).await,
        Command::Runs(args) => runs::run(&open(global)?, args).await,
        Command::Schema => generate::schema(),
        Command::Completions { shell } => generate::completions(*shell),
        Command::Man { dir } => generate::man(dir),
    }
}

/// A pipeline file, read, with the context that a run needs.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) pipeline: PipelineFile,
    pub(crate) context: Context,
    pub(crate) global: Global,
    pub(crate) path: PathBuf,
}

/// Reads the pipeline file that the command line names.
fn open(global: &Global) -> Result<Opened> {
    let context = Context::new(clock::clock(), env::environment());
    let mut pipeline = read(&global.pipeline)?;
    set_engine(&mut pipeline, global);
    Ok(Opened { pipeline, context, global: global.clone(), path: global.pipeline.clone() })
}

/// The engine of the command line overrules the file's.
pub(crate) fn set_engine(pipeline: &mut PipelineFile, global: &Global) {
    if let Some(engine) = &global.engine {
        pipeline.warehouse.engine.clone_from(engine);
    }
}

/// Reads and checks a pipeline file.
pub(crate) fn read(path: &Path) -> Result<PipelineFile> {
    let (text, folder) = text_of(path)?;
    Ok(PipelineFile::parse(&text, folder).map_err(|problems| Error::problems(path, &problems))?)
}

/// Text and folder of a pipeline file.
fn text_of(path: &Path) -> Result<(String, &Path)> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Config, format!("read pipeline file {}", path.display()))
            .next("write one with `deskmeter init`, or name one with -p FILE")
            .because(error)
    })?;
    Ok((text, path.parent().unwrap_or(Path::new("."))))
}

/// The operator's own names for groups and agents.
fn labels(path: &Path) -> Result<Labels> {
    let failed = |what: &str| Error::new(ErrorKind::Config, format!("{what} label file {}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed("read").because(error))?;
    Ok(Labels::parse(&text).map_err(|error| {
        failed("understand")
            .because(error)
            .next("write [groups] with GROUP_ID = \"name\", and [agents] with PSEUDONYM = \"name\"")
    })?)
}

/// Seals everything anew with the first key, so that the others can be dropped.
async fn rekey(opened: &Opened) -> Result<Exit> {
    let report = deskmeter_pipeline::rekey(&opened.pipeline, &opened.context).await?;
    let text = format!(
        "{} of {} connections were sealed anew; every one is sealed with the first key of {}, and the others can be \
         dropped.",
        report.resealed,
        report.connections.len(),
        opened.pipeline.state.key_env
    );
    answer(opened, &serde_json::to_value(&report)?, &text)?;
    Ok(Exit::Ok)
}

/// What a command did: as JSON where that is asked for, else in words.
pub(crate) fn answer(opened: &Opened, json: &serde_json::Value, text: &str) -> Result<()> {
    match opened.global.format {
        Format::Json => println(&serde_json::to_string_pretty(json)?),
        _ => println(text),
    }
}

/// A line on standard error, which is for people.
pub(crate) fn note(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A line on standard output, which is for results. A reader that has gone away has seen enough: the command goes on
/// to its end.
pub(crate) fn println(line: &str) -> Result<()> {
    use std::io::{ErrorKind, Write};
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("write to standard output"),
        _ => Ok(()),
    }
}

/// A line on standard output amid what has to go on without it.
pub(crate) fn println_or_tell(line: &str) {
    if let Err(error) = println(line) {
        crate::failure::tell(&error);
    }
}

/// A path as a shell takes it, for commands to copy.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    // Only a text with a NUL cannot be quoted, and no path has one.
    shlex::try_quote(&text).map_or_else(|_| text.clone(), Cow::into_owned)
}

/// Seconds as a person reads them: `45 s`, `12 min`, `3.5 h`, `2 days`.
pub(crate) fn span(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{} s", seconds.max(0)),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{}.{} h", seconds / 3_600, seconds % 3_600 / 360),
        _ => format!("{} days", seconds / 86_400),
    }
}

//! `sync --all DIR`: the accounts of a folder, side by side in bounded memory.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use deskmeter_pipeline::{Context, Error, ErrorKind, PipelineFile, Shares, SyncOptions, SyncReport};
use futures::{StreamExt as _, stream};
use indicatif::ProgressBar;
use serde::Serialize;

use super::folder::pipeline_files;
use super::{disconnect, println, read, set_engine, sync};
use crate::args::{Format, Global, SyncArgs};
use crate::exit_code::Exit;
use crate::output::Table;
use crate::{clock, env, signals};

pub(crate) async fn run(global: &Global, args: &SyncArgs, folder: &Path) -> Result<Exit> {
    let files = pipeline_files(folder)?;
    let jobs = usize::from(args.jobs).min(files.len());
    let context = Context::new(clock::clock(), env::environment()).sharing(Shares::among(jobs));
    signals::end_runs(context.stop.clone());
    let bar = progress(files.len());
    let runs = read_all(files)
        .into_iter()
        .map(|(file, read)| one(file, read, global.clone(), context.clone(), sync::options(args)));
    let mut accounts: Vec<Account> = stream::iter(runs)
        .buffer_unordered(jobs)
        .inspect(|account| {
            bar.inc(1);
            tell(&bar, &account.line());
        })
        .collect()
        .await;
    bar.finish_and_clear();
    accounts.sort_by(|one, other| one.file.cmp(&other.file));
    match global.format {
        Format::Json => println(&serde_json::to_string(&accounts)?)?,
        _ => println(&summary(&accounts))?,
    }
    outcome(&accounts)
}

/// How one account fared.
#[derive(Debug, Serialize)]
struct Account {
    file: PathBuf,
    /// The connection's name; none where the file cannot be read.
    connection: Option<String>,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<SyncReport>,
    #[serde(skip)]
    kind: Option<ErrorKind>,
}

impl Account {
    /// A plain line when the account is done.
    fn line(&self) -> String {
        match (&self.report, &self.error) {
            (Some(report), _) => format!("{}: {} rows committed", self.name(), report.rows_committed()),
            (None, error) => format!("{}: {}", self.name(), error.as_deref().unwrap_or("failed")),
        }
    }

    fn name(&self) -> String {
        self.connection.clone().unwrap_or_else(|| self.file.display().to_string())
    }
}

/// Every file, read. Of those that name one connection, as a copy does that was not changed, the first is that
/// connection's.
fn read_all(files: Vec<PathBuf>) -> Vec<(PathBuf, Result<PipelineFile>)> {
    let mut owners: BTreeMap<String, PathBuf> = BTreeMap::new();
    let read_one = |file: PathBuf| {
        let pipeline = read(&file).and_then(|pipeline| {
            let name = &pipeline.connection.name;
            let owner = owners.entry(name.clone()).or_insert_with(|| file.clone());
            anyhow::ensure!(*owner == file, "{} names the connection {name}, too", owner.display());
            Ok(pipeline)
        });
        (file, pipeline)
    };
    files.into_iter().map(read_one).collect()
}

/// Runs one account to its end, on any thread.
async fn one(
    file: PathBuf,
    read: Result<PipelineFile>,
    global: Global,
    context: Context,
    options: SyncOptions,
) -> Account {
    let path = file.clone();
    let task = tokio::spawn(async move {
        let mut pipeline = match read {
            Ok(pipeline) => pipeline,
            Err(error) => return Account::failed(file, None, ErrorKind::Config, &format!("{error:#}")),
        };
        set_engine(&mut pipeline, &global);
        let name = Some(pipeline.connection.name.clone());
        if context.stop.is_asked() {
            return Account::failed(file, name, ErrorKind::Stopped, "not begun: the runs were asked to end");
        }
        match disconnect::resume(&pipeline, &context).await {
            Ok(false) => {}
            Ok(true) => {
                return Account::failed(file, name, ErrorKind::NotConnected, "its deletion was finished");
            }
            Err(error) => {
                let kind = error.downcast_ref::<Error>().map_or(ErrorKind::Bug, Error::kind);
                return Account::failed(file, name, kind, &format!("{error:#}"));
            }
        }
        match deskmeter_pipeline::sync(&pipeline, &context, &options).await {
            Ok(report) => Account {
                file,
                connection: name,
                exit_code: 0,
                error: None,
                report: Some(report),
                kind: None,
            },
            Err(error) => {
                let kind = error.kind();
                Account::failed(file, name, kind, &format!("{:#}", anyhow::Error::new(error)))
            }
        }
    });
    match task.await {
        Ok(account) => account,
        Err(_) => Account::failed(path, None, ErrorKind::Bug, "the run panicked"),
    }
}

impl Account {
    fn failed(file: PathBuf, connection: Option<String>, kind: ErrorKind, error: &str) -> Self {
        let (error, exit_code) = (Some(error.to_owned()), kind.exit_code());
        Self { file, connection, exit_code, error, report: None, kind: Some(kind) }
    }
}

/// A bar on a terminal; nothing beside the lines otherwise.
fn progress(accounts: usize) -> ProgressBar {
    if io::stderr().is_terminal() { ProgressBar::new(accounts as u64) } else { ProgressBar::hidden() }
}

fn tell(bar: &ProgressBar, line: &str) {
    if bar.is_hidden() {
        let _ = writeln!(io::stderr(), "{line}");
    } else {
        bar.println(line);
    }
}

fn summary(accounts: &[Account]) -> String {
    let mut table = Table::new(["connection", "result", "read", "committed", "rejected", "requests"]);
    for account in accounts {
        let numbers = account.report.as_ref().map(|report| {
            let (read, rejected) = report.streams.values().fold((0, 0), |(read, rejected), stream| {
                (read + stream.rows_read, rejected + stream.rows_rejected)
            });
            [read, report.rows_committed(), rejected, report.requests].map(|number| number.to_string())
        });
        let [read, committed, rejected, requests] = numbers.unwrap_or_default();
        let result = match (&account.report, account.kind) {
            (Some(_), _) => "ok".to_owned(),
            (None, Some(ErrorKind::Stopped)) => "asked to end".to_owned(),
            (None, _) => format!("exit {}", account.exit_code),
        };
        table.row([account.name(), result, read, committed, rejected, requests]);
    }
    for index in 2..=5 {
        table.align_right(index);
    }
    let failed = accounts.iter().filter(|account| account.report.is_none()).count();
    format!("{table}\n{} of {} accounts synced", accounts.len() - failed, accounts.len())
}

/// The exit code of the first account that failed; that a run was asked to end is no failure.
fn outcome(accounts: &[Account]) -> Result<Exit> {
    let failed: Vec<&Account> = accounts.iter().filter(|account| account.report.is_none()).collect();
    let kinds = || failed.iter().filter_map(|account| account.kind);
    let failure = kinds().find(|kind| *kind != ErrorKind::Stopped);
    let Some(kind) = failure.or_else(|| kinds().next()) else { return Ok(Exit::Ok) };
    let lines = failed.iter().map(|account| account.line()).collect::<Vec<_>>().join("\n  ");
    Err(Error::new(kind, format!("sync {} of {} accounts:\n  {lines}", failed.len(), accounts.len()))
        .next("each account's own `deskmeter sync -p FILE` says more; the others are done")
        .into())
}

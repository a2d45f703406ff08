//! The prompt: statements until `;`, commands that begin with a backslash, a history that outlives the session.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use deskmeter_server::Labels;
use futures::FutureExt as _;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use super::commands::{self, Command};
use super::helper::Helper;
use crate::args::Format;
use crate::commands::{Opened, println};
use crate::exit_code::Exit;
use crate::{env, failure};

/// Statements that the history keeps.
const HISTORY_MAX: usize = 1_000;
/// Rows that are shown of one answer, unless they go to a file.
const ROWS_SHOWN: usize = 1_000;
const PROMPT: &str = "deskmeter> ";

type Line = Editor<Helper, FileHistory>;

/// Asks until the end of input.
pub(super) async fn run(opened: &Opened, labels: Labels, to: Option<&Path>) -> Result<Exit> {
    let warehouse = deskmeter_pipeline::new_warehouse(&opened.pipeline)?;
    let mut line = Line::with_config(config()?).context("open the terminal")?;
    line.set_helper(Some(Helper::new(warehouse.catalogue())));
    let history = history();
    if let Some(history) = &history {
        // The first session finds none.
        let _ = line.load_history(history);
    }
    println(
        "Read-only SQL over the lake and its marts, each statement ended by ;   \\? lists the commands, \\q ends.",
    )?;
    let mut session = Session {
        interrupts: Interrupts::listen()?,
        opened: Arc::new(opened.clone()),
        labels: Arc::new(labels),
        format: opened.global.format,
        to: to.map(Path::to_owned),
    };
    loop {
        session.interrupts.forget();
        // Reading blocks: it has a thread of its own, so that the runtime goes on.
        let (read, again) = tokio::task::spawn_blocking(move || (line.readline(PROMPT), line)).await?;
        line = again;
        match read {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => {
                // Lines that begin with a blank are not kept. Results never are: the history holds what was typed.
                let _ = line.add_history_entry(text.as_str());
                if session.take(&text).await == Next::End {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => println("(\\q or Ctrl-D ends)")?,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error).context("read from the terminal"),
        }
    }
    if let Some(history) = &history {
        keep(&mut line, history)?;
    }
    Ok(Exit::Ok)
}

fn config() -> Result<Config> {
    let config = Config::builder()
        .max_history_size(HISTORY_MAX)
        .and_then(|config| config.history_ignore_dups(true))
        .context("configure the prompt")?;
    Ok(config.history_ignore_space(true).completion_type(CompletionType::List).build())
}

/// The file of the history, in the folder that the system has for such things.
fn history() -> Option<PathBuf> {
    env::state_folder().map(|folder| folder.join("deskmeter").join("query_history"))
}

fn keep(line: &mut Line, history: &Path) -> Result<()> {
    let folder = history.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .map_err(anyhow::Error::from)
        .and_then(|()| Ok(line.save_history(history)?))
        .with_context(|| format!("keep the history in {}", history.display()))
}

/// Whether to ask again.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Ask,
    End,
}

/// Ctrl-C, listened to for the whole session: from here on it stops a statement and not the program, also when it is
/// pressed between the end of typing and the start of computing.
#[cfg(unix)]
struct Interrupts(tokio::signal::unix::Signal);
#[cfg(windows)]
struct Interrupts(tokio::signal::windows::CtrlC);

impl Interrupts {
    fn listen() -> Result<Self> {
        #[cfg(unix)]
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        #[cfg(windows)]
        let signal = tokio::signal::windows::ctrl_c();
        Ok(Self(signal.context("listen for Ctrl-C")?))
    }

    /// What was pressed while nothing ran would stop the next statement.
    fn forget(&mut self) {
        while matches!(self.0.recv().now_or_never(), Some(Some(()))) {}
    }

    async fn pressed(&mut self) {
        self.0.recv().await;
    }
}

struct Session {
    interrupts: Interrupts,
    opened: Arc<Opened>,
    labels: Arc<Labels>,
    format: Format,
    to: Option<PathBuf>,
}

impl Session {
    /// Does what a line says. What fails is told, and the session goes on.
    async fn take(&mut self, text: &str) -> Next {
        let done = match commands::parse(text) {
            Some(Command::End) => return Next::End,
            Some(Command::Format(format)) => {
                self.format = format;
                Ok(())
            }
            Some(Command::Help) => println(commands::HELP),
            Some(Command::Describe(name)) => commands::describe(&self.opened, name).await,
            Some(Command::Unknown(what)) => println(&what),
            None => self.query(text).await,
        };
        if let Err(error) = done {
            failure::tell(&error);
        }
        Next::Ask
    }

    /// Runs a statement until it ends or Ctrl-C is pressed.
    async fn query(&mut self, text: &str) -> Result<()> {
        let sql = text.trim().trim_end_matches(';').to_owned();
        let shown = self.to.is_none().then_some(ROWS_SHOWN);
        let started = tokio::time::Instant::now();
        let (opened, labels) = (Arc::clone(&self.opened), Arc::clone(&self.labels));
        let (format, to) = (self.format, self.to.clone());
        // A task of its own: a statement that computes for long would not let Ctrl-C be heard beside it.
        let mut answering =
            tokio::spawn(
                async move { super::answer(&opened, &sql, &labels, format, to.as_deref(), shown).await },
            );
        let has_more = tokio::select! {
            answered = &mut answering => answered??,
            () = self.interrupts.pressed() => {
                answering.abort();
                println("cancelled")?;
                return Ok(());
            }
        };
        if has_more {
            println(&format!(
                "… the first {ROWS_SHOWN} rows; for all: deskmeter query --format csv -o FILE \"…\""
            ))?;
        }
        if io::stderr().is_terminal() {
            let _ = writeln!(io::stderr(), "({:.2} s)", started.elapsed().as_secs_f64());
        }
        Ok(())
    }
}

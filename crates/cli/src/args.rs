//! The command line: a contract that scripts call.

mod formats;
mod simulate;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::env;

pub(crate) use simulate::{RoleArg, ScopeProfileArg, SimulateArgs};

/// Support-desk metrics without reading a single message.
///
/// Connects to a Zendesk account with three read-only permissions, takes structural metadata only, keeps it as Delta
/// tables of partitioned Parquet, and computes resolution, reply, escalation, workload and SLA metrics in SQL.
#[derive(Debug, Parser)]
#[command(
    name = "deskmeter",
    version,
    after_help = "Exit codes: 0 ok, 1 our bug, 2 usage or configuration, 3 not connected, 4 Zendesk refused or \
                  unreachable, or access left there, 5 storage failed, 6 another run holds the lease, 7 a data check failed, 8 a deletion \
                  is overdue"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The pipeline file.
    #[arg(short, long, global = true, env = env::PIPELINE, default_value = env::PIPELINE_DEFAULT, value_name = "FILE")]
    pub(crate) pipeline: PathBuf,
    /// How rows come out; a command whose answer is no rows takes json at most, and refuses what it does not write.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// What runs the SQL: `embedded`, or `ballista://HOST:PORT`. Overrules the pipeline file.
    #[arg(long, global = true, value_name = "ENGINE", value_parser = engine)]
    pub(crate) engine: Option<String>,
    /// How log lines are written to stderr.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// More log lines: -v for each step, -vv for each request.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The engine's name, if there is one of that name.
fn engine(name: &str) -> Result<String, String> {
    name.parse::<deskmeter_warehouse::Engine>().map(|_| name.to_owned())
}

/// Formats of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table that fits the terminal.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// A JSON array of objects, one on a line.
    Json,
    /// A Parquet file.
    Parquet,
}

/// Formats of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows everything without an account: simulator, connect, sync, metrics.
    Demo(DemoArgs),
    /// Writes a pipeline file to start from; asks what it must know.
    Init(InitArgs),
    /// Serves a faithful Zendesk on this machine, for trying the pipeline or a connector of your own.
    Simulate(SimulateArgs),
    /// Asks for the three read-only permissions in the browser and keeps the tokens sealed.
    Connect(ConnectArgs),
    /// Tells what the next sync will take: requests, time, bytes. Asks for a few sample pages and stores none of them.
    Plan(PlanArgs),
    /// Reads what changed, commits it to the lake and refreshes the marts. Safe to run at any time.
    Sync(SyncArgs),
    /// Tells how the connection stands.
    Status,
    /// Revokes the authorization and deletes everything that was collected; keeps a signed receipt.
    Disconnect(DisconnectArgs),
    /// Finishes a deletion that a disconnect could not finish.
    Purge,
    /// Seals everything anew with the first key of key_env, so that the others can be dropped: while it works the
    /// variable holds both, NEW,OLD.
    Rekey,
    /// Receipts of deletions.
    Receipt {
        #[command(subcommand)]
        command: ReceiptCommand,
    },
    /// Runs read-only SQL over the lake and its marts; a prompt with history and completion where none is given.
    Query(QueryArgs),
    /// The catalogue of metrics.
    Metrics {
        #[command(subcommand)]
        command: MetricsCommand,
    },
    /// How a number of a ticket came about: spans, working hours, pauses, until they add up.
    Explain(ExplainArgs),
    /// Checks the pipeline file and everything it names, and says all that is wrong at once.
    Validate(ValidateArgs),
    /// What was collected, what was dropped, and what may be stored at all.
    Privacy {
        #[command(subcommand)]
        command: PrivacyCommand,
    },
    /// Serves the web console: connect, dashboards, disconnect.
    Serve(ServeArgs),
    /// Writes the dashboards as one HTML file that needs no network.
    Report(ReportArgs),
    /// Writes all marts into a PostgreSQL database, in one transaction.
    Publish(PublishArgs),
    /// Writes marts as plain Parquet or CSV files, for tools that do not read Delta tables.
    Export(ExportArgs),
    /// Looks after the lake's files.
    Lake {
        #[command(subcommand)]
        command: LakeCommand,
    },
    /// Removes every trace of one ticket, from old versions of the tables too.
    Erase {
        /// The ticket's number.
        #[arg(long, value_name = "ID")]
        ticket: i64,
    },
    /// History of runs, newest first.
    Runs(RunsArgs),
    /// Prints the JSON Schema of pipeline files, for editors.
    Schema,
    /// Prints a script that completes commands and options in your shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Writes a manual page for each command.
    Man {
        /// Folder for the pages; made when it is missing.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Runs the scheduler of a Ballista cluster, for `--engine ballista://HOST:PORT`.
    #[cfg(feature = "ballista")]
    Scheduler(SchedulerArgs),
    /// Runs an executor of a Ballista cluster; it reads the lake with the credentials of its own environment.
    #[cfg(feature = "ballista")]
    Executor(ExecutorArgs),
}

/// Options of `scheduler`.
#[cfg(feature = "ballista")]
#[derive(Debug, Args)]
pub(crate) struct SchedulerArgs {
    /// Where clients and executors reach it.
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "ADDRESS:PORT")]
    pub(crate) bind: std::net::SocketAddr,
    /// Ballista knows no passwords: say that only trusted machines can reach an address that is not loopback.
    #[arg(long)]
    pub(crate) trusted_network: bool,
}

/// Options of `executor`.
#[cfg(feature = "ballista")]
#[derive(Debug, Args)]
pub(crate) struct ExecutorArgs {
    /// The scheduler.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) scheduler: String,
    /// Where clients and other executors fetch rows.
    #[arg(long, default_value = "127.0.0.1:50051", value_name = "ADDRESS:PORT")]
    pub(crate) bind: std::net::SocketAddr,
    /// Port on the same address where the scheduler hands in tasks; one more than that of --bind when left out.
    #[arg(long, value_name = "PORT")]
    pub(crate) task_port: Option<u16>,
    /// Tasks that run side by side; all cores when left out.
    #[arg(long)]
    pub(crate) cores: Option<usize>,
    /// Memory of all tasks together, in MiB; beyond it they spill.
    #[arg(long, default_value_t = 2_048, value_name = "MIB")]
    pub(crate) memory: u64,
    /// Folder for rows on their way between stages; what is in it goes at the start and at the end. Best on an
    /// encrypted or memory-backed file system.
    #[arg(long, value_name = "DIR")]
    pub(crate) work_dir: PathBuf,
    /// Ballista knows no passwords: say that only trusted machines can reach an address that is not loopback.
    #[arg(long)]
    pub(crate) trusted_network: bool,
}

/// Options of `init`. What is left out is asked on a terminal, and has the default elsewhere.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The account: `acme`, `acme.zendesk.com` or `https://acme.zendesk.com`.
    #[arg(long, value_name = "SUBDOMAIN|URL")]
    pub(crate) account: Option<String>,
    /// Name of the connection: its folder in the lake [default: the subdomain].
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Unique identifier of your OAuth client [default: deskmeter].
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Folder or URL of the lake [default: lake].
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) lake: Option<String>,
    /// Folder or URL for sealed tokens, leases and receipts [default: state].
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) state: Option<String>,
    /// First day that is read [default: everything].
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) start_date: Option<String>,
    /// Time zone of your business hours, Monday to Friday from nine to five [default: none].
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
}

/// Options of `validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Look at the file, the environment and the models only: no store, no database, no Zendesk.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Check this label file too.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
}

/// Options of `runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// How many runs to show.
    #[arg(long, default_value_t = 20, value_name = "RUNS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many tickets the generated account has.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) tickets: u32,
    /// Another number makes another account.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Folder for the lake; an earlier demo's is made anew.
    #[arg(long, default_value = "deskmeter-demo")]
    pub(crate) dir: PathBuf,
}

/// Options of `connect`.
#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// Print the URL instead of opening a browser.
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// How long to wait for the answer, in seconds.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub(crate) timeout_secs: u64,
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Plan a first sync of an account with so many tickets, without asking it. Rougher: accounts differ.
    #[arg(long, value_name = "TICKETS")]
    pub(crate) tickets: Option<u64>,
}

/// Options of `sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Sync every pipeline file (*.toml) of this folder, side by side; one that fails stops no other. Ends with the
    /// exit code of the first one, by name, that failed.
    #[arg(long, value_name = "DIR")]
    pub(crate) all: Option<PathBuf>,
    /// With --all: how many accounts at once. Each has a rate limit of its own, so that more is quicker; memory is
    /// shared among them.
    #[arg(long, default_value_t = 64, value_name = "ACCOUNTS", requires = "all",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    /// Build every mart anew, whatever changed.
    #[arg(long)]
    pub(crate) full_refresh: bool,
    /// Wait up to this long for another run of the same connection to end, in seconds; 0 leaves with exit code 6.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub(crate) wait_secs: u64,
    /// When the run has ended, write Prometheus metrics to this file, for the node exporter's textfile collector.
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    pub(crate) metrics_file: Option<PathBuf>,
}

/// Options of `disconnect`.
#[derive(Debug, Args)]
pub(crate) struct DisconnectArgs {
    /// Do not ask: delete.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Options of `query`.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// Ask the accounts of every pipeline file (*.toml) of this folder as one: each table has a column `connection`.
    #[arg(long, value_name = "DIR")]
    pub(crate) all: Option<PathBuf>,
    /// The statement. When it is left out: read from standard input, or from a prompt on a terminal.
    pub(crate) sql: Option<String>,
    /// Read the statement from this file.
    #[arg(short, long, value_name = "FILE", conflicts_with = "sql")]
    pub(crate) file: Option<PathBuf>,
    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Your own names for groups, agents and SLA policies, shown in the place of their ids: a TOML file, as for `serve`.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The ticket's number.
    pub(crate) ticket: i64,
    /// The metric (`agent_work`), a column of it, or an SLA metric (`first_reply_time`); all numbers when left out.
    pub(crate) metric: Option<String>,
}

/// `metrics …`
#[derive(Debug, Subcommand)]
pub(crate) enum MetricsCommand {
    /// Every mart with its grain.
    List,
    /// One model or column: definition, unit, caveats, checks, lineage, where Zendesk differs, SQL.
    Show {
        /// Name of a model, or `model.column`.
        name: String,
    },
    /// Writes the whole dictionary as one HTML file that needs no network: definitions, lineage, where Zendesk differs.
    Docs {
        /// The file.
        #[arg(short, long, value_name = "FILE", default_value = "metrics.html")]
        output: PathBuf,
    },
    /// How derived numbers compare with Zendesk's own, and why they differ.
    Parity,
}

/// `privacy …`
#[derive(Debug, Subcommand)]
pub(crate) enum PrivacyCommand {
    /// Values seen, kept, pseudonymised and dropped, by stream and path.
    Ledger,
    /// Every column that may be stored, with its class, purpose and source.
    Manifest,
    /// Opens everything that really lies in the lake and tells what should not be there.
    Audit(AuditArgs),
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address; any but a loopback one needs a password in DESKMETER_PASSWORD or DESKMETER_PASSWORD_HASH.
    #[arg(long, default_value = "127.0.0.1:8780", value_name = "ADDRESS:PORT")]
    pub(crate) bind: std::net::SocketAddr,
    /// The address that browsers use, when a proxy stands before the console; it must put the visitor's own address last in
    /// X-Forwarded-For.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<url::Url>,
    /// Further pipeline files, one card each.
    #[arg(long = "also", value_name = "FILE")]
    pub(crate) also: Vec<PathBuf>,
    /// The accounts of every pipeline file (*.toml) of this folder, instead of the one that -p names.
    #[arg(long, value_name = "DIR", conflicts_with = "also")]
    pub(crate) all: Option<PathBuf>,
    /// Your own names for groups, agents and SLA policies; they are shown, never stored.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Open the console in your browser.
    #[arg(long)]
    pub(crate) open: bool,
}

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Your own names for groups; they are shown, never stored.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Groups of fewer tickets than this are not shown.
    #[arg(long, default_value_t = 5, value_name = "TICKETS")]
    pub(crate) cell_min: u32,
}

/// Options of `publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// The database; better named by the variable DESKMETER_DATABASE_URL, which no process list shows.
    #[arg(env = env::DATABASE_URL, hide_env_values = true)]
    pub(crate) url: String,
    /// A role that may read what is published; made when it is missing.
    #[arg(long, value_name = "ROLE")]
    pub(crate) reader_role: Option<String>,
}

/// Options of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Folder, file://, s3://, gs:// or az:// URL.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) to: String,
    /// Only these marts.
    pub(crate) marts: Vec<String>,
}

/// Options of `privacy audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// A file with a text a line that must be nowhere.
    #[arg(long, value_name = "FILE")]
    pub(crate) canaries: Option<PathBuf>,
    /// Logs, reports and other files or folders that are looked through too.
    #[arg(long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// `receipt …`
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Checks that a receipt was not changed since it was signed.
    Verify {
        /// The receipt.
        file: PathBuf,
        /// The public key that is trusted, as base64.
        #[arg(long, value_name = "KEY")]
        public_key: String,
    },
}

/// `lake …`
#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// Looks for missing, damaged and orphaned files.
    Check {
        /// Take broken files out of their tables; the next sync reads what they held again.
        #[arg(long)]
        repair: bool,
    },
}

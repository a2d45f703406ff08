//! Options of `simulate`, the largest command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of `simulate`.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8765)]
    pub(crate) port: u16,
    /// Serve the JSON files of this folder instead of a generated account.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["tickets", "seed"])]
    pub(crate) world: Option<PathBuf>,
    /// How many tickets the generated account has.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) tickets: u32,
    /// Another number makes another account.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Which endpoints the three scopes open: everything they may (lenient), or only the lists (strict).
    #[arg(long, value_enum, default_value_t = ScopeProfileArg::Lenient)]
    pub(crate) scope_profile: ScopeProfileArg,
    /// Role of the person who allows the connection.
    #[arg(long, value_enum, default_value_t = RoleArg::Admin)]
    pub(crate) role: RoleArg,
    /// Life of an access token in seconds.
    #[arg(long, default_value_t = 1_800, value_name = "SECONDS")]
    pub(crate) token_life: u32,
    /// `documented` (10 exports a minute), a number of exports a minute, or `off`: no limit, and none announced, so that a
    /// careful client keeps to the documented one. For speed, take a number that nobody reaches.
    #[arg(long, default_value = "documented", value_name = "LIMIT")]
    pub(crate) rate_limit: String,
    /// Serve rows of the last minute too, and accept any start time (real exports withhold and refuse them).
    #[arg(long)]
    pub(crate) serve_last_minute: bool,
    /// Let the account live: it starts 30 days ago and its clock runs this many times as fast as ours until it
    /// reaches the present, so that each sync finds something new.
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "world")]
    pub(crate) live: Option<u32>,
    /// Percentage of rows with the oddities of real accounts: ids as text, unknown words, missing keys.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) oddities: Option<u8>,
    /// A fault to serve, for example `503`, `504@3` (the third request) or `reset%5` (5 % of requests). May be
    /// repeated; the list is below.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) fault: Vec<String>,
    /// Write what an ideal observer knows of each ticket to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    /// Write every planted sensitive text to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) canaries: Option<PathBuf>,
}

/// Scope profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeProfileArg {
    /// The granular scopes open the exports.
    Lenient,
    /// They open only the lists of tickets, users and organizations.
    Strict,
}

/// Roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArg {
    /// May read exports.
    Admin,
    /// May not.
    Agent,
}

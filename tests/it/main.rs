//! End-to-end tests: the real binary against the real simulator, read back by the binary and by other tools.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test binary: a failure is a panic")]
#![expect(clippy::print_stderr, reason = "a skipped test says so aloud")]

/// A long backfill under the documented limit, on a clock that jumps.
mod backfill;
/// Wrong files, addresses, ports, folders and pages: one clear error, the published exit code, nothing lost.
mod bad_input;
/// A database that every sync ends in, and Apache Superset on it.
mod bi;
/// Connect, sync, sync again, query: the chain on a generated account.
mod chain;
/// Clients written by others, as published, against the simulator.
mod clients;
/// Object stores that run for the length of a test.
mod cloud;
/// The marts on a cluster.
#[cfg(feature = "ballista")]
mod cluster;
/// The command of the README's first block.
mod demo;
/// Full, read-only and forbidden disks.
mod disk;
/// Every way a connection can end: in mid-run, with a store that fails, revoked from outside.
mod endings;
/// What an erased ticket leaves in the files.
mod erasure;
/// Every fault of the simulator and of the storage, alone and mixed: the same tables in the end.
mod faults;
/// Several accounts in one command.
mod fleet;
/// The pipeline in this process, with time as a value and faults from outside.
mod inside;
/// Runs that are killed, and runs that meet.
mod kills;
/// Lakes that earlier versions wrote.
mod lakes;
/// Numbers that explain themselves, the dictionary, a metric of one's own.
mod numbers;
/// Lake and state on S3 and Azure, and races on S3.
mod object_store;
/// Schema, completions, man pages, init, validate, metrics, logs, deployment examples.
mod operators;
/// A PostgreSQL server.
#[path = "../publish/server.rs"]
#[expect(dead_code, reason = "the publisher's tests use all of it")]
mod postgres;
/// Everything planted is found nowhere; what is allowed stands under its label.
mod privacy;
/// The prompt of `query`, and what it shows on a narrow terminal.
mod prompt;
/// Python's deltalake, DuckDB and Polars on the same lake.
mod readers;
/// The README's blocks are run, its tables checked against the code.
mod readme;
/// Real recorded Zendesk traffic as the simulator's world.
mod recorded;
/// A token that opens the plain lists only.
mod scopes;
/// A storage that fails, lies, dawdles and tears.
mod shaky;
/// What the tests share.
mod support;
/// The marts against the simulator's independent truth.
mod truth;
/// A lake that is kept up hour after hour.
mod upkeep;

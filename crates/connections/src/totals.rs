//! What all runs of a connection did together, for monitoring: numbers that only grow, whatever the history forgets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{RunOutcome, RunRecord};

/// Sums over every run since the connection was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Runs by published exit code; 0 is success.
    pub runs: BTreeMap<u8, u64>,
    /// By the stream's name.
    pub streams: BTreeMap<String, StreamTotals>,
    /// Requests that were sent, repeated ones included.
    pub requests: u64,
    /// Requests that repeated one that failed.
    pub retries: u64,
    /// Answers of status 429.
    pub throttled: u64,
    /// Seconds that runs waited for the rate limit.
    pub waited_seconds: u64,
    /// Bytes that were received, decompressed.
    pub bytes: u64,
    /// Seconds that runs took.
    pub run_seconds: u64,
    /// When a run last succeeded, in Unix seconds.
    pub last_success_at: Option<i64>,
    /// Checks of the last refresh of the marts.
    pub checks: CheckTotals,
}

/// Sums over one stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamTotals {
    /// Rows on its pages, dropped ones included.
    pub read: u64,
    /// Rows that were new, over all tables that the stream fills.
    pub inserted: u64,
    /// Rows that took the place of an older version.
    pub updated: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

/// How the checks of a refresh ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckTotals {
    /// Checks that held.
    pub held: u64,
    /// Checks against which rows were found, and that only warn.
    pub warned: u64,
    /// Checks against which rows were found, and that fail a run.
    pub failed: u64,
}

impl Totals {
    /// Adds a run that has ended, but for its streams and checks.
    pub fn add(&mut self, run: &RunRecord) {
        let exit_code = match run.outcome {
            RunOutcome::Succeeded => 0,
            RunOutcome::Failed { exit_code, .. } => exit_code,
        };
        *self.runs.entry(exit_code).or_default() += 1;
        self.requests += run.requests;
        self.throttled += run.throttled;
        self.bytes += run.bytes;
        self.run_seconds += u64::try_from(run.ended_at - run.started_at).unwrap_or_default();
        if exit_code == 0 {
            self.last_success_at = Some(run.ended_at);
        }
    }
}

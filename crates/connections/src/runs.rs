//! The history of runs.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::series::Series;
use crate::{ConnectionName, Error};

/// How often a record is written anew under the next number after another process was faster.
const APPENDS_MAX: u32 = 20;
/// Records that are read at once.
const READS_AT_ONCE: usize = 8;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunOutcome {
    /// Everything was read that can be read.
    Succeeded,
    /// It ended early and goes on from there next time.
    Failed {
        /// The published exit code.
        exit_code: u8,
        /// What it comes down to.
        #[serde(default)]
        cause: FailureCause,
    },
}

/// What a failed run comes down to, as far as it helps a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureCause {
    /// Zendesk went on answering 429: other apps use the account's limit up.
    RateLimited,
    /// No Zendesk account answered.
    Unreachable,
    /// Zendesk answered with something else that a run cannot go on with.
    Zendesk,
    /// The lake or the state store failed.
    Storage,
    /// A data check failed.
    DataCheck,
    /// Anything else.
    #[default]
    #[serde(other)]
    Other,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id, as in the logs.
    pub id: String,
    /// When it began, in Unix seconds.
    pub started_at: i64,
    /// When it ended, in Unix seconds.
    pub ended_at: i64,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Rows that were committed.
    pub rows: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Bytes that were received.
    pub bytes: u64,
    /// Rows that were refused.
    #[serde(default)]
    pub rejected: u64,
    /// Answers of status 429.
    #[serde(default)]
    pub throttled: u64,
}

/// The last runs of each connection.
#[derive(Clone)]
pub struct RunHistory {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    kept: usize,
}

impl RunHistory {
    /// Histories under `prefix` that hold the `kept` newest runs of each connection, at least three.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path, kept: usize) -> Self {
        Self { store, prefix, kept }
    }

    /// Adds a run that has ended.
    pub async fn append(&self, connection: &ConnectionName, run: &RunRecord) -> Result<(), Error> {
        let series = self.series(connection);
        let mut tries = 0;
        loop {
            let newest = series.newest_number().await?;
            match series.append_json(newest, run).await {
                Ok(_) => {
                    series.prune_to(self.kept).await;
                    return Ok(());
                }
                Err(Error::Conflict { .. }) if tries < APPENDS_MAX => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The newest runs, newest first, at most `limit`. Records that cannot be read are left out.
    pub async fn newest(&self, connection: &ConnectionName, limit: usize) -> Result<Vec<RunRecord>, Error> {
        let series = self.series(connection);
        let numbers = series.numbers().await?;
        let read: Vec<_> = stream::iter(numbers.into_iter().rev().take(limit))
            .map(|number| series.read(number))
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(read.into_iter().flatten().filter_map(|bytes| serde_json::from_slice(&bytes).ok()).collect())
    }

    fn series(&self, connection: &ConnectionName) -> Series {
        let dir = connection.dir(&self.prefix, "connections").join("runs");
        Series::new(Arc::clone(&self.store), dir, "run")
    }
}

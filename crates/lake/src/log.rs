//! Is a table's log whole? Looked at file by file, so that a log that no reader opens is named, too.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::{ConnectionLake, Error};

/// What is wrong with a file of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFault {
    /// The newest commit is cut off. Nobody has ever read it: taken away, its rows come again.
    Torn,
    /// A commit that later ones build on is missing or damaged, and no checkpoint stands for it.
    Commit,
    /// A checkpoint is missing or damaged; the commits that it stands for are there.
    Checkpoint,
}

/// Files of the table's log that are not as they should be, below the table's folder; none when there is no table.
pub async fn log_faults(lake: &ConnectionLake, name: &str) -> Result<Vec<(Path, LogFault)>, Error> {
    let log = Log::read(lake, name).await?;
    let Some(newest) = log.commits.keys().chain(log.checkpoints.keys()).max().copied() else {
        return Ok(Vec::new());
    };
    let base = log.checkpoints.iter().filter(|(_, is_good)| **is_good).map(|(version, _)| *version).max();
    let mut faults = Vec::new();
    for version in base.map_or(0, |base| base + 1)..=newest {
        match log.commits.get(&version) {
            Some(true) => {}
            Some(false) if version == newest => faults.push((commit_path(version), LogFault::Torn)),
            _ => faults.push((commit_path(version), LogFault::Commit)),
        }
    }
    let is_rebuildable = !faults.iter().any(|(_, fault)| *fault == LogFault::Commit);
    let damaged = log.checkpoints.iter().filter(|(_, is_good)| !**is_good).map(|(version, _)| *version);
    let fault = if is_rebuildable { LogFault::Checkpoint } else { LogFault::Commit };
    faults.extend(damaged.map(|version| (checkpoint_path(version), fault)));
    if log.hint.is_some_and(|hint| !log.checkpoints.contains_key(&hint)) {
        faults.push((hint_path(), fault));
    }
    Ok(faults)
}

/// Takes away what the log is better without: a newest commit that is cut off, checkpoints that cannot be read. Gives
/// the number of files. A log with a commit missing in its middle is left as it is.
pub async fn repair_log(lake: &ConnectionLake, name: &str) -> Result<u64, Error> {
    let faults = log_faults(lake, name).await?;
    let mut files = 0;
    for (path, fault) in faults.iter().filter(|(_, fault)| *fault != LogFault::Commit) {
        let failed = |error: object_store::Error| Error::storage("delete", path, &error);
        delete(lake, name, path).await.map_err(failed)?;
        if *fault == LogFault::Checkpoint {
            delete(lake, name, &hint_path()).await.map_err(failed)?;
        }
        files += 1;
    }
    Ok(files)
}

async fn delete(lake: &ConnectionLake, name: &str, path: &Path) -> object_store::Result<()> {
    let path = path.parts().fold(lake.prefix().clone().join(name), Path::join);
    match lake.store().delete(&path).await {
        Err(object_store::Error::NotFound { .. }) => Ok(()),
        deleted => deleted,
    }
}

fn commit_path(version: u64) -> Path {
    Path::from(format!("_delta_log/{version:020}.json"))
}

fn checkpoint_path(version: u64) -> Path {
    Path::from(format!("_delta_log/{version:020}.checkpoint.parquet"))
}

fn hint_path() -> Path {
    Path::from("_delta_log/_last_checkpoint")
}

/// Versions of commits and checkpoints, and whether each can be read to its end.
#[derive(Debug, Default)]
struct Log {
    commits: BTreeMap<u64, bool>,
    checkpoints: BTreeMap<u64, bool>,
    /// Version that the hint names.
    hint: Option<u64>,
}

impl Log {
    async fn read(lake: &ConnectionLake, name: &str) -> Result<Self, Error> {
        let folder = lake.prefix().clone().join(name).join("_delta_log");
        let failed =
            |error: object_store::Error| Error::storage("read log of", lake.table_location(name), &error);
        let store = lake.store();
        let objects: Vec<_> = store.list(Some(&folder)).try_collect().await.map_err(failed)?;
        let mut log = Self::default();
        for path in objects.into_iter().map(|object| object.location) {
            let Some(file) = path.filename() else { continue };
            let (digits, ending) = file.split_once('.').unwrap_or((file, ""));
            let bytes = store.get(&path).await.map_err(failed)?.bytes().await.map_err(failed)?;
            match (digits.parse::<u64>(), ending) {
                (Ok(version), "json") => {
                    log.commits.insert(version, is_commit(&bytes));
                }
                (Ok(version), "checkpoint.parquet") => {
                    log.checkpoints.insert(version, is_parquet(bytes));
                }
                _ if file == "_last_checkpoint" => {
                    let hint: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
                    log.hint = hint.and_then(|hint| hint.get("version")?.as_u64());
                }
                _ => {}
            }
        }
        Ok(log)
    }
}

/// Whether these are lines of JSON objects, the last one whole.
fn is_commit(bytes: &Bytes) -> bool {
    let mut actions = serde_json::Deserializer::from_slice(bytes).into_iter::<serde_json::Value>().peekable();
    actions.peek().is_some() && actions.all(|action| action.is_ok_and(|action| action.is_object()))
}

fn is_parquet(bytes: Bytes) -> bool {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(ParquetRecordBatchReaderBuilder::build);
    reader.is_ok_and(|mut batches| batches.all(|batch| batch.is_ok()))
}

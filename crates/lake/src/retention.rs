//! What old versions leave behind: commits, checkpoints, data files that no version needs, files of dead writers.

use std::collections::BTreeSet;

use deltalake_core::checkpoints::{cleanup_expired_logs_for, create_checkpoint};
use deltalake_core::{DeltaTable, DeltaTableError};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt as _};

use crate::{Error, data_files, staged};

/// What may go, as instants in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Commits and checkpoints written before it go, where a younger checkpoint covers them.
    pub log_before: i64,
    /// Data files that left the table, or never joined it, before it go.
    pub files_before: i64,
}

/// The end of the year 9999: later than every file, and within every calendar's reach.
const END_OF_TIME: i64 = 253_402_300_799;

impl Retention {
    /// Nothing but the newest version stays. It takes files from under every reader and writer: for erasure under an
    /// exclusive lease.
    pub const NEWEST_VERSION_ONLY: Self = Self { log_before: END_OF_TIME, files_before: END_OF_TIME };
}

/// What [`clean_up`] deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Commits and checkpoints.
    pub log_files: u64,
    /// Data files, staged leftovers included.
    pub data_files: u64,
    /// Bytes of the data files.
    pub bytes: u64,
}

/// Writes a checkpoint of the version that the table holds, so that reading it needs none of the commits before.
pub async fn write_checkpoint(table: &DeltaTable, name: &str) -> Result<(), Error> {
    let written = create_checkpoint(table, None).await;
    written.map_err(|error| Error::table("write checkpoint of", name, &error))
}

/// Commits since the last checkpoint after which a new one is written. Reading a table replays what comes after it.
const COMMITS_PER_CHECKPOINT: u64 = 10;

/// Writes a checkpoint where reading the table would replay many commits. Gives whether it was.
pub async fn checkpoint_if_due(table: &DeltaTable, name: &str) -> Result<bool, Error> {
    let last = last_checkpoint(table, name).await?;
    let is_due = table.version().unwrap_or_default() - last.unwrap_or_default() >= COMMITS_PER_CHECKPOINT;
    if is_due {
        write_checkpoint(table, name).await?;
    }
    Ok(is_due)
}

/// Version of the newest checkpoint; None before the first.
async fn last_checkpoint(table: &DeltaTable, name: &str) -> Result<Option<u64>, Error> {
    let hint = table.log_store().log_path().clone().join("_last_checkpoint");
    let fetched = match table.object_store().get(&hint).await {
        Ok(fetched) => fetched.bytes().await,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => Err(error),
    };
    let bytes = fetched.map_err(|error| Error::table("read log of", name, &error))?;
    let hint: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    Ok(hint.and_then(|hint| hint.get("version")?.as_u64()))
}

/// Deletes what the retention lets go, and gives the counts. The table must hold its newest version; if commits went,
/// open it again: a handle from before may look for them.
///
/// It looks at all files below the table's folder, not only at those that the log calls removed: what a writer left
/// that died before its commit is in no log.
pub async fn clean_up(table: &DeltaTable, name: &str, retention: Retention) -> Result<Cleaned, Error> {
    let failed = |error: &DeltaTableError| Error::table("clean up", name, error);
    let Some(version) = table.version() else { return Ok(Cleaned::default()) };
    let store = table.object_store();
    let garbage = unneeded(table, name, retention.files_before).await?;
    let bytes = garbage.iter().map(|object| object.size).sum();
    let mut files = garbage.len() as u64;
    let locations = futures::stream::iter(garbage.into_iter().map(|object| Ok(object.location)));
    let deleted = store.delete_stream(Box::pin(locations)).try_for_each(|_| std::future::ready(Ok(())));
    deleted.await.map_err(|error| Error::storage("delete files of", table.table_url(), &error))?;
    files += staged::sweep(table.table_url(), retention.files_before)?;
    let log_store = table.log_store();
    let log_before = retention.log_before.saturating_mul(1000);
    let log_files = cleanup_expired_logs_for(version, log_store.as_ref(), log_before, None)
        .await
        .map_err(|error| failed(&error))? as u64;
    Ok(Cleaned { log_files, data_files: files, bytes })
}

/// Files below the table's folder that no commit of its log knows: what writers left that died before theirs, half-written
/// ones included.
pub async fn orphans(table: &DeltaTable, name: &str) -> Result<Vec<String>, Error> {
    let mut known = tombstones(table, name, i64::MIN).await?;
    known.extend(data_files(table, name)?.into_iter().map(|file| file.path));
    let objects = stored(table).await?.into_iter().map(|object| object.location);
    let unknown = objects.filter(|path| !known.contains(path)).map(|path| path.to_string());
    Ok(unknown.chain(staged::leftovers(table.table_url())?).collect())
}

/// Data files that are in no version since `cutoff`.
async fn unneeded(table: &DeltaTable, name: &str, cutoff: i64) -> Result<Vec<ObjectMeta>, Error> {
    let mut needed = tombstones(table, name, cutoff).await?;
    needed.extend(data_files(table, name)?.into_iter().map(|file| file.path));
    let is_old = |object: &ObjectMeta| object.last_modified.timestamp() < cutoff;
    let objects = stored(table).await?;
    Ok(objects.into_iter().filter(|object| is_old(object) && !needed.contains(&object.location)).collect())
}

/// Paths of the files that left the table at `since`, in seconds since the epoch, or later.
async fn tombstones(table: &DeltaTable, name: &str, since: i64) -> Result<BTreeSet<Path>, Error> {
    let failed = |error: &DeltaTableError| Error::table("read log of", name, error);
    let state = table.snapshot().map_err(|error| failed(&error))?;
    let log_store = table.log_store();
    let mut removed = state.all_tombstones(log_store.as_ref());
    let mut paths = BTreeSet::new();
    while let Some(tombstone) = removed.try_next().await.map_err(|error| failed(&error))? {
        if tombstone.deletion_timestamp().is_none_or(|millis| millis / 1000 >= since) {
            paths.insert(Path::from(tombstone.path().as_ref()));
        }
    }
    Ok(paths)
}

/// Everything below the table's folder but its log.
async fn stored(table: &DeltaTable) -> Result<Vec<ObjectMeta>, Error> {
    let log = table.log_store().log_path().clone();
    let objects = table
        .object_store()
        .list(None)
        .try_filter(|object| std::future::ready(!object.location.prefix_matches(&log)));
    let objects = objects.try_collect().await;
    objects.map_err(|error| Error::storage("list", table.table_url(), &error))
}

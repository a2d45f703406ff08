//! Rows and position of one table, as one commit.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use deskmeter_lake::{Change, commit};
use deskmeter_tables::Table;

use crate::incoming::{Incoming, prepare};
use crate::upsert::{Upsert, upsert};
use crate::{Error, Loader, open};

/// Property of a table: how far its stream has been read.
///
/// A property, because the newest metadata of a table is part of every version of it: it is read with the log and
/// costs no request, goes into every checkpoint, and stays when commits expire or files are compacted. A commit's own
/// notes would be lost with the commit, and an application transaction holds no text.
pub(crate) const POSITION: &str = "deskmeter.position";

/// What commits did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Rows that were handed in, repeated ones included.
    pub rows_in: u64,
    /// Rows with a key that was not stored before.
    pub rows_inserted: u64,
    /// Rows that took the place of an older version.
    pub rows_updated: u64,
    /// Data files that joined the tables, rewritten ones included.
    pub files_added: u64,
    /// Their bytes.
    pub bytes_added: u64,
    /// By table, the months whose rows changed.
    pub months_touched: BTreeMap<&'static str, BTreeSet<String>>,
    /// Version of the table with the stream's position afterwards.
    pub version: i64,
}

impl Committed {
    /// Adds what a later commit did.
    pub fn add(&mut self, later: Self) {
        self.rows_in += later.rows_in;
        self.rows_inserted += later.rows_inserted;
        self.rows_updated += later.rows_updated;
        self.files_added += later.files_added;
        self.bytes_added += later.bytes_added;
        for (table, months) in later.months_touched {
            self.months_touched.entry(table).or_default().extend(months);
        }
        self.version = later.version;
    }
}

impl Loader {
    /// Upserts the rows and moves the position, if one is given, in one commit; in none when neither changes anything.
    pub(crate) async fn commit_rows(
        &mut self,
        table: &'static Table,
        rows: Vec<RecordBatch>,
        position: Option<String>,
    ) -> Result<Committed, Error> {
        let rows_in = rows.iter().map(|batch| batch.num_rows() as u64).sum();
        let incoming = prepare(table, rows)?;
        for attempt in 0..open::ATTEMPTS_MAX {
            if attempt > 0 {
                self.reload(table).await?;
            }
            match self.try_commit(table, &incoming, position.as_deref()).await {
                Err(Error::Lake(deskmeter_lake::Error::Conflict { .. })) => {
                    tracing::debug!(table = table.name, attempt, "the table has moved on, reading it again");
                }
                committed => return committed.map(|committed| Committed { rows_in, ..committed }),
            }
        }
        Err(Error::Contended { table: table.name })
    }

    async fn try_commit(
        &mut self,
        table: &'static Table,
        incoming: &[Incoming],
        position: Option<&str>,
    ) -> Result<Committed, Error> {
        let fence = self.options.fence;
        let handle = self.handle(table)?;
        let Upsert { adds, removes, inserted, updated, months } = upsert(handle, table, incoming).await?;
        let mut change = Change::write();
        change.fence = Some(fence);
        if let Some(position) = position
            && open::property(handle, table, POSITION)?.as_deref() != Some(position)
        {
            change.configuration.insert(POSITION.to_owned(), Some(position.to_owned()));
        }
        let mut committed = Committed {
            rows_inserted: inserted,
            rows_updated: updated,
            files_added: adds.len() as u64,
            bytes_added: adds.iter().map(|add| add.size.unsigned_abs()).sum(),
            version: handle.version().unwrap_or_default() as i64,
            ..Committed::default()
        };
        change.adds = adds;
        change.removes = removes;
        if change.is_empty() {
            return Ok(committed);
        }
        open::refuse_fenced(handle, table, fence).await?;
        committed.version = commit(handle, table.name, change).await.map_err(Error::Lake)? as i64;
        if !months.is_empty() {
            committed.months_touched.insert(table.name, months);
        }
        Ok(committed)
    }
}

//! What a run does after its streams: few, large, young files; a short log; no rubbish.

use deskmeter_lake::{Cleaned, Layout, Retention, checkpoint_if_due, clean_up, commit, compact, data_files};
use deskmeter_tables::{ALL, Table};

use crate::layout::rows_per_file;
use crate::{Error, Loader, open};

/// Hours in seconds.
const HOUR: i64 = 3600;

/// How much of it one run may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HousekeepingBudget {
    /// Bytes of small files that may be read to be joined. 256 MiB unless told; what is left waits for the next run.
    pub compact_bytes: u64,
}

impl Default for HousekeepingBudget {
    fn default() -> Self {
        Self { compact_bytes: 256 * 1024 * 1024 }
    }
}

/// What it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HousekeepingReport {
    /// Small files that were joined with others.
    pub files_compacted: u64,
    /// Checkpoints written.
    pub checkpoints: u64,
    /// Commits and checkpoints deleted.
    pub log_files_deleted: u64,
    /// Data files deleted that no version within the retention needs, and leftovers of dead writers.
    pub data_files_deleted: u64,
    /// Their bytes.
    pub bytes_deleted: u64,
}

impl HousekeepingReport {
    pub(crate) fn add(&mut self, cleaned: Cleaned) {
        self.log_files_deleted += cleaned.log_files;
        self.data_files_deleted += cleaned.data_files;
        self.bytes_deleted += cleaned.bytes;
    }
}

impl Loader {
    /// Joins small files, writes checkpoints, and deletes what `keep_versions_hours` no longer covers at `now`, in
    /// seconds since the epoch. A table in which nothing is to be done is not touched. It needs the run's lease.
    pub async fn housekeeping(
        &mut self,
        now: i64,
        budget: HousekeepingBudget,
    ) -> Result<HousekeepingReport, Error> {
        let cutoff = now.saturating_sub(self.options.keep_versions_hours as i64 * HOUR);
        let retention = Retention { log_before: cutoff, files_before: cutoff };
        let mut report = HousekeepingReport::default();
        let mut bytes_left = budget.compact_bytes;
        for table in ALL {
            self.reload(table).await?;
            self.compact_table(table, &mut bytes_left, &mut report).await?;
            let was_due = checkpoint_if_due(self.handle(table)?, table.name).await.map_err(Error::Lake)?;
            report.checkpoints += u64::from(was_due);
            report.add(self.clean_table(table, retention).await?);
        }
        Ok(report)
    }

    /// Reads the table's newest version: others may have committed, and clean-ups take old commits away.
    pub(crate) async fn reload(&mut self, table: &'static Table) -> Result<(), Error> {
        let newest = open::open(&self.lake, table, self.options.fence).await?;
        self.tables.insert(table.name, newest);
        Ok(())
    }

    pub(crate) async fn clean_table(
        &mut self,
        table: &'static Table,
        retention: Retention,
    ) -> Result<Cleaned, Error> {
        let cleaned = clean_up(self.handle(table)?, table.name, retention).await.map_err(Error::Lake)?;
        if cleaned.log_files > 0 {
            self.reload(table).await?;
        }
        Ok(cleaned)
    }

    async fn compact_table(
        &mut self,
        table: &'static Table,
        bytes_left: &mut u64,
        report: &mut HousekeepingReport,
    ) -> Result<(), Error> {
        let fence = self.options.fence;
        while *bytes_left > 0 {
            let handle = self.handle(table)?;
            let files = data_files(handle, table.name).map_err(Error::Lake)?;
            let layout =
                Layout { schema: &table.schema(), key: table.key, rows_max: rows_per_file(table, &files, 0) };
            let planned = compact(handle, table.name, layout).await.map_err(Error::Lake)?;
            let Some((mut change, bytes)) = planned else { break };
            open::refuse_fenced(handle, table, fence).await?;
            change.fence = Some(fence);
            let files = change.removes.len() as u64;
            match commit(handle, table.name, change).await {
                Ok(_) => report.files_compacted += files,
                // Someone else writes: not the moment to tidy up.
                Err(deskmeter_lake::Error::Conflict { .. }) => break,
                Err(error) => return Err(Error::Lake(error)),
            }
            *bytes_left = bytes_left.saturating_sub(bytes);
        }
        Ok(())
    }
}

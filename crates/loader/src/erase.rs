//! Rows that must go: one ticket's, or all.

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::Int64Type;
use deskmeter_lake::{
    Change, DataFile, DeltaTable, FileWriter, Purged, Retention, commit, data_files, read_file,
    write_checkpoint,
};
use deskmeter_tables::{ALL, Table};

use crate::{Error, HousekeepingReport, Loader, open};

/// Column by which a row belongs to a ticket.
const TICKET: &str = "ticket_id";

/// What an erasure did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EraseReport {
    /// Rows taken out, over all tables.
    pub rows: u64,
    /// Files that held them and are gone.
    pub files: u64,
    /// Old versions and leftovers that went with them.
    pub cleaned: HousekeepingReport,
}

impl Loader {
    /// Takes every row of the ticket out of every table, then every older version of these tables: data files, commits
    /// and checkpoints, and what dead writers left. The streams' positions stay. It needs an exclusive lease: readers
    /// of older versions and writers that have not committed lose their files.
    ///
    /// It may be repeated until it succeeds. A ticket that the account still has comes back when it changes next.
    pub async fn erase_ticket(&mut self, ticket_id: i64) -> Result<EraseReport, Error> {
        let mut report = EraseReport::default();
        for table in ALL.into_iter().filter(|table| table.column(TICKET).is_some()) {
            self.erase_rows(table, ticket_id, &mut report).await?;
            // Also where no row was found: an older version, or a run that died here before, may hold one.
            write_checkpoint(self.handle(table)?, table.name).await.map_err(Error::Lake)?;
            let cleaned = self.clean_table(table, Retention::NEWEST_VERSION_ONLY).await?;
            report.cleaned.checkpoints += 1;
            report.cleaned.add(cleaned);
        }
        Ok(report)
    }

    /// Deletes everything of the connection, and proves that nothing is left. The loader is gone with it: opening it
    /// again makes empty tables. It needs an exclusive lease.
    pub async fn purge(self) -> Result<Purged, Error> {
        self.lake.purge().await.map_err(Error::Lake)
    }

    async fn erase_rows(
        &mut self,
        table: &'static Table,
        ticket_id: i64,
        report: &mut EraseReport,
    ) -> Result<(), Error> {
        let fence = self.options.fence;
        for _ in 0..open::ATTEMPTS_MAX {
            self.reload(table).await?;
            let handle = self.handle(table)?;
            let (mut change, rows) = without(handle, table, ticket_id).await?;
            if change.is_empty() {
                return Ok(());
            }
            open::refuse_fenced(handle, table, fence).await?;
            change.fence = Some(fence);
            let files = change.removes.len() as u64;
            match commit(handle, table.name, change).await {
                Ok(_) => {
                    report.rows += rows;
                    report.files += files;
                    return Ok(());
                }
                Err(deskmeter_lake::Error::Conflict { .. }) => {}
                Err(error) => return Err(Error::Lake(error)),
            }
        }
        Err(Error::Contended { table: table.name })
    }
}

/// The change that takes the ticket's rows out, and their number.
async fn without(handle: &DeltaTable, table: &'static Table, ticket_id: i64) -> Result<(Change, u64), Error> {
    let writer = FileWriter::of(handle, table.name).map_err(Error::Lake)?;
    let mut change = Change::delete();
    let mut rows = 0;
    let may_hold = |file: &DataFile| {
        file.integer_bounds(TICKET).is_none_or(|(low, high)| (low..=high).contains(&ticket_id))
    };
    for file in data_files(handle, table.name).map_err(Error::Lake)?.iter().filter(|file| may_hold(file)) {
        let batches = read_file(handle, table.name, file, &table.schema()).await.map_err(Error::Lake)?;
        let stored = concat_batches(&table.schema(), &batches).map_err(Error::arrow(table.name))?;
        let Some(tickets) = stored.column_by_name(TICKET) else { continue };
        let stays: BooleanArray =
            tickets.as_primitive::<Int64Type>().iter().map(|id| Some(id != Some(ticket_id))).collect();
        let erased = stays.false_count() as u64;
        if erased == 0 {
            continue;
        }
        let kept = filter_record_batch(&stored, &stays).map_err(Error::arrow(table.name))?;
        change.adds.extend(writer.write(file.partition.as_deref(), &kept).await.map_err(Error::Lake)?);
        change.removes.push(file.remove(true));
        rows += erased;
    }
    Ok((change, rows))
}

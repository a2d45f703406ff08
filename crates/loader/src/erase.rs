//! Rows that must go: one ticket's, or all.

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use deskmeter_lake::{
    Change, DataFile, DeltaTable, EncodedFile, Error as LakeError, FetchedFile, FileEncoder, FileWriter,
    Purged, Retention, busy, commit, data_files, fetch_file, write_checkpoint,
};
use deskmeter_tables::{ALL, Table};

use crate::layout::rows_per_file;
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
    let files = data_files(handle, table.name).map_err(Error::Lake)?;
    let rows_max = rows_per_file(table, &files, 0);
    let writer = FileWriter::of(handle, table.name).map_err(Error::Lake)?.with_rows_max(rows_max);
    let mut change = Change::delete();
    let mut rows = 0;
    let may_hold = |file: &DataFile| {
        file.bounds(TICKET, &DataType::Int64).is_none_or(|(low, high)| (low..=high).contains(&ticket_id))
    };
    for file in files.iter().filter(|file| may_hold(file)) {
        let fetched = fetch_file(handle, table.name, file).await.map_err(Error::Lake)?;
        let (encoder, schema) = (writer.encoder(file.rows.unwrap_or_default() as usize), table.schema());
        let kept = busy(move || keep_others(&fetched, &schema, ticket_id, encoder)).await;
        let (kept, erased) = kept.map_err(Error::Lake)?;
        if erased == 0 {
            continue;
        }
        change.adds.extend(writer.put(file.partition.as_deref(), kept).await.map_err(Error::Lake)?);
        change.removes.push(file.remove(true));
        rows += erased;
    }
    Ok((change, rows))
}

/// The file without the ticket's rows, and their number.
fn keep_others(
    file: &FetchedFile,
    schema: &SchemaRef,
    ticket_id: i64,
    mut encoder: FileEncoder,
) -> Result<(Vec<EncodedFile>, u64), LakeError> {
    let mut erased = 0;
    for batch in file.batches(schema)? {
        let batch = batch?;
        let tickets = batch.column_by_name(TICKET).map(AsArray::as_primitive::<Int64Type>);
        let stays: BooleanArray =
            tickets.into_iter().flatten().map(|id| Some(id != Some(ticket_id))).collect();
        erased += stays.false_count() as u64;
        let kept = filter_record_batch(&batch, &stays);
        encoder.push(&kept.map_err(|error| LakeError::table("take rows out of", TICKET, &error))?)?;
    }
    Ok((encoder.finish()?, erased))
}

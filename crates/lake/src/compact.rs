//! Small files of a partition become larger ones, without their rows ever being in memory at once.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};
use deltalake_core::DeltaTable;

use crate::{Change, DataFile, Error, FILE_BYTES_MAX, FetchedFile, FileWriter, busy, data_files, fetch_file};

/// Small files that a partition may keep. Joining them at every run would write the same rows again and again, and
/// every version that is still readable would hold them.
pub const SMALL_FILES_MAX: usize = 7;

/// Rows up to which a file counts as small beside any other.
const SMALL_ROWS: u64 = 4096;

/// Files of a table as they are to be.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// Columns of the table.
    pub schema: &'a SchemaRef,
    /// The columns by which rows lie in a file.
    pub key: &'a [&'a str],
    /// Rows that a file is to have: one with half of them is left as it is.
    pub rows_max: usize,
}

/// Plans the compaction of one partition's small files, sorted by key: the change to commit, and the bytes that it
/// read; None when no partition has more than [`SMALL_FILES_MAX`]. The partition with the most comes first, and one call
/// handles one partition and at most [`FILE_BYTES_MAX`] bytes of files.
pub async fn compact(
    table: &DeltaTable,
    name: &str,
    layout: Layout<'_>,
) -> Result<Option<(Change, u64)>, Error> {
    let mut by_partition: BTreeMap<Option<String>, Vec<DataFile>> = BTreeMap::new();
    for file in data_files(table, name)? {
        by_partition.entry(file.partition.clone()).or_default().push(file);
    }
    let candidates = by_partition.into_iter().map(|(value, files)| (value, together(files, layout.rows_max)));
    let Some((partition, files)) = candidates.max_by_key(|(_, files)| files.len()) else { return Ok(None) };
    if files.len() <= SMALL_FILES_MAX {
        return Ok(None);
    }
    let mut fetched = Vec::with_capacity(files.len());
    for file in &files {
        fetched.push(fetch_file(table, name, file).await?);
    }
    let writer = FileWriter::of(table, name)?.with_rows_max(layout.rows_max);
    let rows = files.iter().filter_map(|file| file.rows).sum::<u64>();
    let mut encoder = writer.encoder(usize::try_from(rows).unwrap_or(usize::MAX));
    let (schema, key) = (layout.schema.clone(), layout.key.iter().map(|name| (*name).to_owned()).collect());
    let table_name = name.to_owned();
    let joined = busy(move || {
        let failed = |error: ArrowError| Error::table("sort rows of", &table_name, &error);
        let mut merge = Merge::new(&fetched, schema, key).map_err(failed)?;
        while let Some(rows) = merge.next_rows().map_err(failed)? {
            encoder.push(&rows)?;
        }
        encoder.finish()
    });
    let mut adds = writer.put(partition.as_deref(), joined.await?).await?;
    for add in &mut adds {
        add.data_change = false;
    }
    let removes = files.iter().map(|file| file.remove(false)).collect();
    let bytes = files.iter().map(|file| file.bytes).sum();
    Ok(Some((Change { adds, removes, ..Change::compaction() }, bytes)))
}

/// The files that are worth joining: the smallest, and each that is not larger than all smaller ones together, so that a
/// row is written again only when its file at least doubles. Few sizes remain, and few files.
fn together(mut files: Vec<DataFile>, rows_max: usize) -> Vec<DataFile> {
    files.sort_by_key(|file| file.rows);
    let (mut rows, mut bytes) = (0, 0);
    let joins = |file: &DataFile| {
        let own = file.rows.unwrap_or(u64::MAX);
        bytes += file.bytes;
        let is_small = own < (rows_max as u64).div_ceil(2) && own <= SMALL_ROWS.max(rows);
        rows += own;
        is_small && bytes <= FILE_BYTES_MAX as u64
    };
    files.into_iter().take_while(joins).collect()
}

/// Rows of sorted files in the order of all of them, a few batches in memory at a time.
struct Merge<'a> {
    sources: Vec<Source<'a>>,
    schema: SchemaRef,
    key: Vec<String>,
    converter: RowConverter,
}

/// One file: the batch that stands first, and what follows.
struct Source<'a> {
    head: RecordBatch,
    rest: Box<dyn Iterator<Item = Result<RecordBatch, Error>> + 'a>,
}

fn external(error: Error) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}

impl<'a> Merge<'a> {
    fn new(files: &'a [FetchedFile], schema: SchemaRef, key: Vec<String>) -> Result<Self, ArrowError> {
        let fields = key.iter().filter_map(|name| schema.field_with_name(name).ok());
        let converter =
            RowConverter::new(fields.map(|field| SortField::new(field.data_type().clone())).collect())?;
        let mut sources = Vec::new();
        for file in files {
            let mut rest = file.batches(&schema).map_err(external)?;
            if let Some(head) = rest.next() {
                sources.push(Source { head: head.map_err(external)?, rest: Box::new(rest) });
            }
        }
        Ok(Self { sources, schema, key, converter })
    }

    /// The next rows: of each file those that are not beyond the least last row of all batches at hand.
    fn next_rows(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let mut bound: Option<(usize, OwnedRow)> = None;
        let mut keys = Vec::with_capacity(self.sources.len());
        for (number, source) in self.sources.iter().enumerate() {
            let columns: Vec<_> =
                self.key.iter().filter_map(|name| source.head.column_by_name(name).cloned()).collect();
            let rows = self.converter.convert_columns(&columns)?;
            if let Some(last) = rows.num_rows().checked_sub(1).map(|last| rows.row(last))
                && bound.as_ref().is_none_or(|(_, bound)| last < bound.row())
            {
                bound = Some((number, last.owned()));
            }
            keys.push(rows);
        }
        let Some((bounding, bound)) = bound else { return Ok(None) };
        let mut parts = Vec::with_capacity(self.sources.len());
        let mut ended = Vec::new();
        for (number, (source, keys)) in self.sources.iter_mut().zip(&keys).enumerate() {
            // A batch that sets the bound goes whole: a file that someone else wrote in no order ends, too.
            let goes = |key: &arrow::row::Row<'_>| number == bounding || *key <= bound.row();
            let taken = keys.iter().take_while(goes).count();
            parts.push(source.head.slice(0, taken));
            source.head = source.head.slice(taken, source.head.num_rows() - taken);
            if source.head.num_rows() == 0 {
                match source.rest.next() {
                    Some(batch) => source.head = batch.map_err(external)?,
                    None => ended.push(number),
                }
            }
        }
        for number in ended.into_iter().rev() {
            self.sources.remove(number);
        }
        Ok(Some(sorted_by(&parts, &self.schema, &self.key)?))
    }
}

fn sorted_by(batches: &[RecordBatch], schema: &SchemaRef, key: &[String]) -> Result<RecordBatch, ArrowError> {
    let batch = concat_batches(schema, batches)?;
    let columns: Vec<_> = key
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .map(|values| SortColumn { values: values.clone(), options: None })
        .collect();
    take_record_batch(&batch, &lexsort_to_indices(&columns, None)?)
}

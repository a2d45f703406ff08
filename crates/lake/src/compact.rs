//! Small files of a partition become one.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use deltalake_core::DeltaTable;

use crate::writer::FILE_ROWS_MAX;
use crate::{Change, DataFile, Error, FileWriter, data_files, read_file};

/// A file of this many bytes or more is left as it is.
pub const COMPACT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Small files that a partition may keep. Joining them at every run would write the same rows again and again, and
/// every version that is still readable would hold them.
pub const SMALL_FILES_MAX: usize = 7;

/// Plans the compaction of one partition's small files, sorted by `key`: the change to commit, and the bytes that it
/// read; None when no partition has more than [`SMALL_FILES_MAX`]. The partition with the most comes first, and one call
/// handles one partition and at most [`FILE_ROWS_MAX`] rows, so that its memory is bounded.
pub async fn compact(
    table: &DeltaTable,
    name: &str,
    schema: &SchemaRef,
    key: &[&str],
) -> Result<Option<(Change, u64)>, Error> {
    let mut by_partition: BTreeMap<Option<String>, Vec<DataFile>> = BTreeMap::new();
    for file in data_files(table, name)? {
        if file.bytes < COMPACT_BYTES_MAX && file.rows.is_some_and(|rows| rows < FILE_ROWS_MAX as u64) {
            by_partition.entry(file.partition.clone()).or_default().push(file);
        }
    }
    let candidates = by_partition.into_iter().map(|(partition, files)| (partition, together(files)));
    let Some((partition, files)) = candidates.max_by_key(|(_, files)| files.len()) else { return Ok(None) };
    if files.len() <= SMALL_FILES_MAX {
        return Ok(None);
    }
    let mut batches = Vec::new();
    for file in &files {
        batches.extend(read_file(table, name, file, schema).await?);
    }
    let sorted =
        sorted_by(&batches, schema, key).map_err(|error| Error::table("sort rows of", name, &error))?;
    let mut adds = FileWriter::of(table, name)?.write(partition.as_deref(), &sorted).await?;
    for add in &mut adds {
        add.data_change = false;
    }
    let removes = files.iter().map(|file| file.remove(false)).collect();
    let bytes = files.iter().map(|file| file.bytes).sum();
    Ok(Some((Change { adds, removes, ..Change::compaction() }, bytes)))
}

/// As many of the files, smallest first, as one file may hold.
fn together(mut files: Vec<DataFile>) -> Vec<DataFile> {
    files.sort_by_key(|file| file.rows);
    let mut rows = 0;
    let fits = |file: &DataFile| {
        rows += file.rows.unwrap_or_default();
        rows <= FILE_ROWS_MAX as u64
    };
    files.into_iter().take_while(fits).collect()
}

fn sorted_by(
    batches: &[RecordBatch],
    schema: &SchemaRef,
    key: &[&str],
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let batch = concat_batches(schema, batches)?;
    let columns: Vec<_> = key
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .map(|values| SortColumn { values: values.clone(), options: None })
        .collect();
    take_record_batch(&batch, &lexsort_to_indices(&columns, None)?)
}

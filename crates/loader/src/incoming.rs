//! Rows as they arrived become rows as they are stored: by month, each key once, in key order.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{
    SortColumn, SortOptions, concat_batches, lexsort_to_indices, partition, take_record_batch,
};
use deskmeter_tables::{Table, Version};

use crate::Error;

/// The rows of one month.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) month: String,
    /// Sorted by key; no key twice.
    pub(crate) rows: RecordBatch,
}

/// Sorts the rows by month and key. Of rows with one key the one stays that would stay if they came one by one: the
/// newest version, and the later arrival among equals; of rows that never change, the first.
pub(crate) fn prepare(table: &'static Table, batches: &[RecordBatch]) -> Result<Vec<Incoming>, Error> {
    let failed = Error::arrow(table.name);
    let all = concat_batches(&table.schema(), batches).map_err(&failed)?;
    if all.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let winners = winners(table, &all).map_err(&failed)?;
    let sorted = take_record_batch(&all, &winners).map_err(&failed)?;
    let months = column(&sorted, table.partition);
    let ranges = partition(&[Arc::clone(&months)]).map_err(&failed)?.ranges();
    let months = months.as_string::<i32>();
    let by_month = ranges.into_iter().map(|range| Incoming {
        month: months.value(range.start).to_owned(),
        rows: sorted.slice(range.start, range.len()),
    });
    Ok(by_month.collect())
}

/// Indices of the row that stays for each key, by month and key.
fn winners(table: &'static Table, all: &RecordBatch) -> Result<UInt32Array, arrow::error::ArrowError> {
    let identity: Vec<_> = std::iter::once(table.partition)
        .chain(table.key.iter().copied())
        .map(|name| column(all, name))
        .collect();
    let arrival: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..all.num_rows() as u32));
    // The winner is to stand last among the rows of its key.
    let newest = match table.version {
        Version::Newest(version) => Some(column(all, version)),
        Version::Immutable | Version::LastSeen => None,
    };
    let descending = table.version == Version::Immutable;
    let ascending = |values| SortColumn { values, options: None };
    let order: Vec<_> = identity
        .iter()
        .cloned()
        .chain(newest)
        .map(ascending)
        .chain([SortColumn { values: arrival, options: Some(SortOptions { descending, nulls_first: true }) }])
        .collect();
    let indices = lexsort_to_indices(&order, None)?;
    let identity: Result<Vec<_>, _> =
        identity.iter().map(|values| arrow::compute::take(values, &indices, None)).collect();
    let keys = partition(&identity?)?.ranges();
    Ok(keys.into_iter().map(|range| indices.value(range.end - 1)).collect())
}

/// A column of the table's contract; batches have its schema.
fn column(batch: &RecordBatch, name: &str) -> ArrayRef {
    batch
        .column_by_name(name)
        .cloned()
        .unwrap_or_else(|| arrow::array::new_null_array(&arrow::datatypes::DataType::Null, batch.num_rows()))
}

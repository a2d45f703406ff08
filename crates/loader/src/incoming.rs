//! Rows as they arrived become rows as they are stored: by month, each key once, in key order.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use arrow::row::Rows;
use deskmeter_tables::{Table, Version};

use crate::Error;
use crate::probe::{integers, row_converter};

/// Rows that arrived side by side are copied as one when such runs are at least this long on average.
const RUN_ROWS: usize = 16;

/// Rows that are copied at once: about a megabyte, which the next ones take again.
const COPIED_ROWS: usize = 8 * 1024;

/// Where a row is: its batch, and its number in it.
type Place = (usize, usize);

/// The rows of one month, sorted by key, no key twice. They stay where they arrived until they are written.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) month: String,
    table: &'static Table,
    batches: Arc<[RecordBatch]>,
    places: Arc<[Place]>,
}

impl Incoming {
    pub(crate) fn num_rows(&self) -> usize {
        self.places.len()
    }

    /// All rows as one batch.
    pub(crate) fn copy(&self) -> Result<RecordBatch, ArrowError> {
        self.copy_of(&self.places)
    }

    /// All rows, some at a time.
    pub(crate) fn copies(&self) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
        self.places.chunks(COPIED_ROWS).map(|places| self.copy_of(places))
    }

    /// Whether a row's key, which is this one column of integers, is within these bounds.
    pub(crate) fn has_key_within(&self, column: &str, low: i64, high: i64) -> bool {
        let key = |(batch, row): &Place| {
            let keys = self.batches.get(*batch).and_then(|batch| batch.column_by_name(column));
            keys.and_then(|keys| keys.as_primitive::<Int64Type>().values().get(*row).copied())
        };
        let first = self.places.partition_point(|place| key(place) < Some(low));
        self.places.get(first).is_some_and(|place| key(place) <= Some(high))
    }

    fn copy_of(&self, places: &[Place]) -> Result<RecordBatch, ArrowError> {
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for (batch, row) in places {
            match runs.last_mut() {
                Some((of, start, rows)) if of == batch && *start + *rows == *row => *rows += 1,
                _ => runs.push((*batch, *row, 1)),
            }
        }
        if runs.len() * RUN_ROWS > places.len() {
            return interleave_record_batch(&self.batches.iter().collect::<Vec<_>>(), places);
        }
        let slices = runs
            .into_iter()
            .filter_map(|(batch, start, rows)| self.batches.get(batch).map(|batch| batch.slice(start, rows)));
        concat_batches(&self.table.schema(), &slices.collect::<Vec<_>>())
    }
}

/// Sorts the rows by month and key. Of rows with one key the one stays that would stay if they came one by one: the
/// newest version, and the later arrival among equals; of rows that never change, the first.
pub(crate) fn prepare(table: &'static Table, batches: Vec<RecordBatch>) -> Result<Vec<Incoming>, Error> {
    let arrivals = Arrivals::of(table, &batches).map_err(Error::arrow(table.name))?;
    let by_month: Vec<(String, Arc<[Place]>)> = arrivals
        .months()
        .into_iter()
        .map(|(month, arrived)| (month.to_owned(), arrivals.places_of(&arrivals.winners(arrived))))
        .collect();
    let batches: Arc<[RecordBatch]> = batches.into();
    let incoming = |(month, places)| Incoming { month, table, batches: Arc::clone(&batches), places };
    Ok(by_month.into_iter().map(incoming).collect())
}

/// All rows in the order of their arrival, each known by its number in it.
struct Arrivals<'a> {
    table: &'static Table,
    batches: &'a [RecordBatch],
    /// Batch, and row in it, of each arrival.
    places: Vec<Place>,
    keys: Option<Rows>,
    versions: Vec<Int64Array>,
}

impl<'a> Arrivals<'a> {
    fn of(table: &'static Table, batches: &'a [RecordBatch]) -> Result<Self, ArrowError> {
        let places = batches.iter().enumerate();
        let places = places.flat_map(|(batch, rows)| (0..rows.num_rows()).map(move |row| (batch, row)));
        let mut arrivals =
            Self { table, batches, places: places.collect(), keys: None, versions: Vec::new() };
        let mut converter = None;
        for batch in batches {
            let key: Vec<ArrayRef> =
                table.key.iter().filter_map(|name| batch.column_by_name(name).cloned()).collect();
            let converter = match &mut converter {
                Some(converter) => converter,
                None => converter.insert(row_converter(&key)?),
            };
            let keys = arrivals.keys.get_or_insert_with(|| converter.empty_rows(0, 0));
            converter.append(keys, &key)?;
            if let Version::Newest(version) = table.version {
                arrivals.versions.push(integers(batch.column_by_name(version))?);
            }
        }
        Ok(arrivals)
    }

    /// The arrivals of each month, as they came.
    fn months(&self) -> BTreeMap<&'a str, Vec<usize>> {
        let mut months = BTreeMap::<&str, Vec<usize>>::new();
        let mut first = 0;
        for batch in self.batches {
            let Some(column) = batch.column_by_name(self.table.partition) else { continue };
            let column = column.as_string::<i32>();
            let mut row = 0;
            while row < batch.num_rows() {
                let month = column.value(row);
                let until = (row..batch.num_rows()).find(|next| column.value(*next) != month);
                let until = until.unwrap_or(batch.num_rows());
                months.entry(month).or_default().extend(first + row..first + until);
                row = until;
            }
            first += batch.num_rows();
        }
        months
    }

    /// The arrival that stays for each key, in key order. A stable sort keeps equals as they came, and passes quickly over
    /// what is in order already, as most of an export is.
    fn winners(&self, mut arrived: Vec<usize>) -> Vec<usize> {
        let Some(keys) = &self.keys else { return Vec::new() };
        let key = |arrival: usize| keys.row(arrival);
        arrived.sort_by(|a, b| key(*a).cmp(&key(*b)).then_with(|| self.version(*a).cmp(&self.version(*b))));
        arrived.dedup_by(|later, kept| {
            let is_same = key(*later) == key(*kept);
            if is_same && self.table.version != Version::Immutable {
                *kept = *later;
            }
            is_same
        });
        arrived
    }

    fn version(&self, arrival: usize) -> Option<i64> {
        let (batch, row) = self.places.get(arrival)?;
        self.versions.get(*batch).and_then(|versions| versions.values().get(*row).copied())
    }

    /// Where these arrivals are.
    fn places_of(&self, arrivals: &[usize]) -> Arc<[Place]> {
        arrivals.iter().filter_map(|arrival| self.places.get(*arrival).copied()).collect()
    }
}

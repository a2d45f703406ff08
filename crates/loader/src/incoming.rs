//! Rows as they arrived become rows as they are stored: by month, each key once, in key order.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use deskmeter_tables::{Table, Version};

use crate::Error;
use crate::keys::{Key, KeyMaker, Keys};
use crate::probe::integers;

/// Rows that arrived side by side need no copy when such runs are at least this long on average.
const RUN_ROWS: usize = 256;

/// Rows that are copied at once: about a megabyte, which the next ones take again.
const COPIED_ROWS: usize = 8 * 1024;

/// Where a row is: its batch, and its number in it.
type Place = (usize, usize);

/// The rows of one month, sorted by key, no key twice. They stay where they arrived until they are written.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) month: String,
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

    /// All rows, some at a time: as they lie, where most did arrive in the order of their keys, else copied.
    pub(crate) fn pieces(&self) -> Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + '_> {
        let runs = || self.places.chunk_by(|(batch, row), next| *next == (*batch, row + 1));
        if runs().count() * RUN_ROWS <= self.places.len() {
            return Box::new(runs().filter_map(|run| self.slice(run)).map(Ok));
        }
        Box::new(self.places.chunks(COPIED_ROWS).map(|places| self.copy_of(places)))
    }

    /// Rows that lie side by side.
    fn slice(&self, run: &[Place]) -> Option<RecordBatch> {
        let (batch, start) = *run.first()?;
        self.batches.get(batch).map(|batch| batch.slice(start, run.len()))
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
        interleave_record_batch(&self.batches.iter().collect::<Vec<_>>(), places)
    }
}

/// Sorts the rows by month and key. Of rows with one key the one stays that would stay if they came one by one: the
/// newest version, and the later arrival among equals; of rows that never change, the first.
pub(crate) fn prepare(table: &'static Table, batches: Vec<RecordBatch>) -> Result<Vec<Incoming>, Error> {
    let arrivals = Arrivals::of(table, &batches).map_err(Error::arrow(table.name))?;
    let months = arrivals.months().into_iter();
    let by_month: Vec<(String, Vec<Place>)> =
        months.map(|(month, arrived)| (month.to_owned(), arrivals.winners(arrived))).collect();
    let batches: Arc<[RecordBatch]> = batches.into();
    let incoming = |(month, places): (_, Vec<_>)| Incoming {
        month,
        batches: Arc::clone(&batches),
        places: places.into(),
    };
    Ok(by_month.into_iter().map(incoming).collect())
}

/// All rows in the order of their arrival.
struct Arrivals<'a> {
    table: &'static Table,
    batches: &'a [RecordBatch],
    /// The keys of each batch.
    keys: Vec<Keys>,
    /// The versions of each batch, of a table that has versions.
    versions: Vec<Int64Array>,
}

impl<'a> Arrivals<'a> {
    fn of(table: &'static Table, batches: &'a [RecordBatch]) -> Result<Self, ArrowError> {
        let mut arrivals = Self { table, batches, keys: Vec::new(), versions: Vec::new() };
        let mut maker = None;
        for batch in batches {
            let key: Vec<ArrayRef> =
                table.key.iter().filter_map(|name| batch.column_by_name(name).cloned()).collect();
            let maker = match &mut maker {
                Some(maker) => maker,
                None => maker.insert(KeyMaker::of(&key)?),
            };
            arrivals.keys.push(maker.keys(&key)?);
            if let Version::Newest(version) = table.version {
                arrivals.versions.push(integers(batch.column_by_name(version))?);
            }
        }
        Ok(arrivals)
    }

    /// The arrivals of each month, as they came.
    fn months(&self) -> BTreeMap<&'a str, Vec<Place>> {
        let mut months = BTreeMap::<&str, Vec<Place>>::new();
        for (at, batch) in self.batches.iter().enumerate() {
            let Some(column) = batch.column_by_name(self.table.partition) else { continue };
            let column = column.as_string::<i32>();
            let mut row = 0;
            while row < batch.num_rows() {
                let month = column.value(row);
                let until = (row..batch.num_rows()).find(|next| column.value(*next) != month);
                let until = until.unwrap_or(batch.num_rows());
                months.entry(month).or_default().extend((row..until).map(|row| (at, row)));
                row = until;
            }
        }
        months
    }

    /// The arrival that stays for each key, in key order. A stable sort keeps equals as they came.
    fn winners(&self, mut arrived: Vec<Place>) -> Vec<Place> {
        // As most of an export is.
        if arrived.is_sorted_by(|a, b| self.key(*a) < self.key(*b)) {
            return arrived;
        }
        arrived.sort_by(|a, b| {
            self.key(*a).cmp(&self.key(*b)).then_with(|| self.version(*a).cmp(&self.version(*b)))
        });
        arrived.dedup_by(|later, kept| {
            let is_same = self.key(*later) == self.key(*kept);
            if is_same && self.table.version != Version::Immutable {
                *kept = *later;
            }
            is_same
        });
        arrived
    }

    fn key(&self, (batch, row): Place) -> Option<Key<'_>> {
        self.keys.get(batch).map(|keys| keys.at(row))
    }

    fn version(&self, (batch, row): Place) -> Option<i64> {
        self.versions.get(batch).and_then(|versions| versions.values().get(row).copied())
    }
}

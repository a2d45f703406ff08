//! The incoming rows of a month, ready to be looked up and compared.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows};
use deskmeter_lake::{DataFile, Error as LakeError, FetchedFile};
use deskmeter_tables::{Kind, Table, Version};

use crate::Error;
use crate::incoming::Incoming;
use crate::keys::{Key, KeyMaker, Keys, row_converter};

/// Rows of one month, and what tells them from those that are stored.
#[derive(Debug)]
pub(crate) struct Probe {
    table: &'static Table,
    /// Sorted by key; no key twice.
    pub(crate) rows: RecordBatch,
    /// Columns of stored rows that are needed to compare them: the key's first.
    schema: SchemaRef,
    maker: KeyMaker,
    keys: Keys,
    newness: Newness,
}

/// By what an incoming row is told from the stored one.
#[derive(Debug)]
enum Newness {
    /// Not at all: rows never change.
    Same,
    /// By a version.
    Version(Int64Array),
    /// By all columns.
    Row(RowConverter, Rows),
}

/// What a file holds of the incoming rows.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// Incoming rows that are stored as new as they come, or newer.
    pub(crate) known: Vec<usize>,
    /// Numbers of stored rows, ascending, and of the incoming rows that take their places.
    pub(crate) replaced: Vec<(usize, usize)>,
}

impl Probe {
    pub(crate) fn new(table: &'static Table, rows: &Incoming) -> Result<Self, Error> {
        rows.copy().and_then(|rows| Self::try_new(table, rows)).map_err(Error::arrow(table.name))
    }

    fn try_new(table: &'static Table, rows: RecordBatch) -> Result<Self, ArrowError> {
        let key_names = table.key.iter().copied();
        let names: Vec<&str> = match table.version {
            Version::Immutable => key_names.collect(),
            Version::Newest(version) => key_names.chain([version]).collect(),
            Version::LastSeen => {
                let others = table.columns.iter().map(|column| column.name);
                key_names.chain(others.filter(|name| !table.key.contains(name))).collect()
            }
        };
        let fields = names.iter().filter_map(|name| table.column(name)).map(deskmeter_tables::Column::field);
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns: Vec<ArrayRef> =
            names.iter().filter_map(|name| rows.column_by_name(name).cloned()).collect();
        let key: Vec<_> = columns.iter().take(table.key.len()).cloned().collect();
        let maker = KeyMaker::of(&key)?;
        let keys = maker.keys(&key)?;
        let newness = match table.version {
            Version::Immutable => Newness::Same,
            Version::Newest(_) => Newness::Version(integers(columns.last())?),
            Version::LastSeen => {
                let converter = row_converter(&columns)?;
                let rows = converter.convert_columns(&columns)?;
                Newness::Row(converter, rows)
            }
        };
        Ok(Self { table, rows, schema, maker, keys, newness })
    }

    /// Compares the rows of a file with the incoming ones.
    pub(crate) fn meet(&self, file: &FetchedFile) -> Result<Met, LakeError> {
        let failed = |error: ArrowError| LakeError::table("compare rows of", self.table.name, &error);
        let mut met = Met::default();
        let mut first = 0;
        for batch in file.batches(&self.schema)? {
            let batch = batch?;
            self.meet_rows(&batch, first, &mut met).map_err(failed)?;
            first += batch.num_rows();
        }
        Ok(met)
    }

    fn meet_rows(&self, stored: &RecordBatch, first: usize, met: &mut Met) -> Result<(), ArrowError> {
        let keys = self.keys_of(stored.columns())?;
        let is_newer = self.compare(stored)?;
        for at in 0..keys.len() {
            let Some(row) = self.find(keys.at(at)) else { continue };
            if is_newer(row, at) {
                met.replaced.push((first + at, row));
            } else {
                met.known.push(row);
            }
        }
        Ok(())
    }

    /// The number of the incoming row with this key.
    fn find(&self, key: Key<'_>) -> Option<usize> {
        let (mut low, mut high) = (0, self.keys.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.keys.at(middle).cmp(&key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// Keys of stored rows, from columns of which the key's come first.
    fn keys_of(&self, columns: &[ArrayRef]) -> Result<Keys, ArrowError> {
        self.maker.keys(columns.get(..self.table.key.len()).unwrap_or_default())
    }

    /// Tells whether an incoming row takes the place of a stored one.
    fn compare(&self, stored: &RecordBatch) -> Result<Box<dyn Fn(usize, usize) -> bool + '_>, ArrowError> {
        Ok(match &self.newness {
            Newness::Same => Box::new(|_, _| false),
            Newness::Version(incoming) => {
                let stored = integers(stored.columns().last())?;
                Box::new(move |row, at| incoming.values().get(row) > stored.values().get(at))
            }
            Newness::Row(converter, incoming) => {
                let stored = converter.convert_columns(stored.columns())?;
                Box::new(move |row, at| incoming.row(row).data() != stored.row(at).data())
            }
        })
    }

    /// Keys of rows that have the table's columns, comparable with [`Self::key`].
    pub(crate) fn keys_of_rows(&self, stored: &RecordBatch) -> Result<Keys, ArrowError> {
        let columns: Vec<_> =
            self.table.key.iter().filter_map(|name| stored.column_by_name(name).cloned()).collect();
        self.keys_of(&columns)
    }

    /// Key of an incoming row.
    pub(crate) fn key(&self, row: usize) -> Key<'_> {
        self.keys.at(row)
    }

    pub(crate) fn table(&self) -> &'static Table {
        self.table
    }
}

/// Whether a stored key may be among the incoming rows. Known for keys of one integer, whose bounds the log tells.
pub(crate) fn may_meet(table: &Table, rows: &Incoming, file: &DataFile) -> bool {
    let [key] = table.key else { return true };
    let is_integer = table.column(key).is_some_and(|column| column.kind == Kind::Integer);
    let (true, Some((low, high))) = (is_integer, file.bounds(key, &DataType::Int64)) else { return true };
    rows.has_key_within(key, low, high)
}

/// A column of times as integers.
pub(crate) fn integers(column: Option<&ArrayRef>) -> Result<Int64Array, ArrowError> {
    let missing = || ArrowError::SchemaError("the version column is missing".to_owned());
    let integers = cast(column.ok_or_else(missing)?, &DataType::Int64)?;
    Ok(integers.as_primitive::<Int64Type>().clone())
}

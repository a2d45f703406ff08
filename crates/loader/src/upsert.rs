//! Rows meet the rows that are stored. Only files of the rows' months whose key range they touch are read, and only
//! files in which a row is replaced are written anew.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{
    SortColumn, cast, concat_batches, filter_record_batch, lexsort_to_indices, take_record_batch,
};
use arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use deskmeter_lake::{Add, DataFile, DeltaTable, FileWriter, Remove, data_files, read_file};
use deskmeter_tables::{Kind, Table, Version};

use crate::Error;
use crate::incoming::Incoming;

/// What an upsert does to a table, not yet committed.
#[derive(Debug, Default)]
pub(crate) struct Upsert {
    pub(crate) adds: Vec<Add>,
    pub(crate) removes: Vec<Remove>,
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) months: BTreeSet<String>,
}

/// Writes the files that hold the rows, and names the files that these replace.
pub(crate) async fn upsert(
    handle: &DeltaTable,
    table: &'static Table,
    incoming: &[Incoming],
) -> Result<Upsert, Error> {
    let mut done = Upsert::default();
    if incoming.is_empty() {
        return Ok(done);
    }
    let writer = FileWriter::of(handle, table.name).map_err(Error::Lake)?;
    let files = data_files(handle, table.name).map_err(Error::Lake)?;
    for month in incoming {
        let merge = Merge { handle, table, month, writer: &writer };
        let stored = files.iter().filter(|file| file.partition.as_ref() == Some(&month.month));
        merge.run(stored, &mut done).await?;
    }
    Ok(done)
}

/// What becomes of an incoming row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Its key is not stored.
    New,
    /// It is stored as new as this, or newer.
    Known,
    /// It takes the place of a row in the file of this number.
    Replaces(usize),
}

/// One month's rows on their way into it.
struct Merge<'a> {
    handle: &'a DeltaTable,
    table: &'static Table,
    month: &'a Incoming,
    writer: &'a FileWriter,
}

impl Merge<'_> {
    async fn run(&self, files: impl Iterator<Item = &DataFile>, done: &mut Upsert) -> Result<(), Error> {
        let probe = Probe::new(self.table, &self.month.rows).map_err(Error::arrow(self.table.name))?;
        let index = probe.index();
        let mut fates = vec![Fate::New; self.month.rows.num_rows()];
        let mut rewritten = Vec::new();
        for (number, file) in files.filter(|file| self.may_hold(file)).enumerate() {
            let stored = self.read(file, &probe.schema).await?;
            let kept =
                probe.meet(&index, &stored, number, &mut fates).map_err(Error::arrow(self.table.name))?;
            if kept.true_count() < kept.len() {
                rewritten.push((number, file, kept));
            }
        }
        let last = rewritten.len().saturating_sub(1);
        for (at, (number, file, kept)) in rewritten.iter().enumerate() {
            // The month's new rows join a file that is written anyway, so that small files do not pile up.
            let joins = |fate: &Fate| *fate == Fate::Replaces(*number) || (at == last && *fate == Fate::New);
            let stored = self.read(file, &self.table.schema()).await?;
            let survivors = filter_record_batch(&stored, kept).map_err(Error::arrow(self.table.name))?;
            self.write(Some(&survivors), &fates, joins, done).await?;
            done.removes.push(file.remove(true));
        }
        if rewritten.is_empty() && fates.contains(&Fate::New) {
            self.write(None, &fates, |fate| *fate == Fate::New, done).await?;
        }
        let count = |is: fn(&Fate) -> bool| fates.iter().filter(|fate| is(fate)).count() as u64;
        let (inserted, updated) =
            (count(|fate| *fate == Fate::New), count(|fate| matches!(fate, Fate::Replaces(_))));
        done.inserted += inserted;
        done.updated += updated;
        if inserted + updated > 0 {
            done.months.insert(self.month.month.clone());
        }
        Ok(())
    }

    /// Whether a stored key may be among the incoming ones. Known for keys of one integer, whose bounds the log tells.
    fn may_hold(&self, file: &DataFile) -> bool {
        let [key] = self.table.key else { return true };
        let is_integer = self.table.column(key).is_some_and(|column| column.kind == Kind::Integer);
        let (true, Some((low, high))) = (is_integer, file.integer_bounds(key)) else { return true };
        let Some(keys) = self.month.rows.column_by_name(key) else { return true };
        let keys = keys.as_primitive::<Int64Type>().values();
        keys.get(keys.partition_point(|key| *key < low)).is_some_and(|key| *key <= high)
    }

    async fn read(&self, file: &DataFile, schema: &SchemaRef) -> Result<RecordBatch, Error> {
        let batches = read_file(self.handle, self.table.name, file, schema).await.map_err(Error::Lake)?;
        concat_batches(schema, &batches).map_err(Error::arrow(self.table.name))
    }

    /// Writes the incoming rows whose fate is chosen, and the survivors of a file, in key order.
    async fn write(
        &self,
        survivors: Option<&RecordBatch>,
        fates: &[Fate],
        is_chosen: impl Fn(&Fate) -> bool,
        done: &mut Upsert,
    ) -> Result<(), Error> {
        let chosen = fates.iter().enumerate().filter(|(_, fate)| is_chosen(fate)).map(|(row, _)| row as u32);
        let chosen = UInt32Array::from_iter_values(chosen);
        let failed = Error::arrow(self.table.name);
        let mut rows = take_record_batch(&self.month.rows, &chosen).map_err(&failed)?;
        if let Some(survivors) = survivors {
            let both = concat_batches(&self.table.schema(), [survivors, &rows]).map_err(&failed)?;
            rows = sorted(&both, self.table.key).map_err(&failed)?;
        }
        let adds = self.writer.write(Some(&self.month.month), &rows).await.map_err(Error::Lake)?;
        done.adds.extend(adds);
        Ok(())
    }
}

/// The rows in the order of the columns.
pub(crate) fn sorted(rows: &RecordBatch, columns: &[&str]) -> Result<RecordBatch, ArrowError> {
    let order: Vec<_> = columns
        .iter()
        .filter_map(|name| rows.column_by_name(name))
        .map(|values| SortColumn { values: Arc::clone(values), options: None })
        .collect();
    take_record_batch(rows, &lexsort_to_indices(&order, None)?)
}

/// The incoming rows of a month, ready to be looked up and compared.
struct Probe {
    version: Version,
    key_columns: Vec<usize>,
    /// Columns of stored rows that are needed to compare them: the key's first.
    schema: SchemaRef,
    key_converter: RowConverter,
    keys: Rows,
    newness: Newness,
}

/// By what an incoming row is told from the stored one.
enum Newness {
    /// Not at all: rows never change.
    Same,
    /// By a version.
    Version(Int64Array),
    /// By all columns.
    Row(RowConverter, Rows),
}

impl Probe {
    fn new(table: &'static Table, rows: &RecordBatch) -> Result<Self, ArrowError> {
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
        let key_columns: Vec<usize> = (0..table.key.len()).collect();
        let key: Vec<_> = columns.iter().take(table.key.len()).cloned().collect();
        let key_converter = converter(&key)?;
        let keys = key_converter.convert_columns(&key)?;
        let newness = match table.version {
            Version::Immutable => Newness::Same,
            Version::Newest(_) => Newness::Version(integers(columns.last())?),
            Version::LastSeen => {
                let converter = converter(&columns)?;
                let rows = converter.convert_columns(&columns)?;
                Newness::Row(converter, rows)
            }
        };
        Ok(Self { version: table.version, key_columns, schema, key_converter, keys, newness })
    }

    /// Row number by key.
    fn index(&self) -> HashMap<&[u8], usize> {
        self.keys.iter().enumerate().map(|(row, key)| (key.data(), row)).collect()
    }

    /// Compares the rows of a file with the incoming ones, settles the fate of those that it holds, and gives which
    /// stored rows stay.
    fn meet(
        &self,
        index: &HashMap<&[u8], usize>,
        stored: &RecordBatch,
        number: usize,
        fates: &mut [Fate],
    ) -> Result<BooleanArray, ArrowError> {
        let key = stored.project(&self.key_columns)?;
        let keys = self.key_converter.convert_columns(key.columns())?;
        let is_newer = self.compare(stored)?;
        let mut kept = vec![true; stored.num_rows()];
        for ((at, key), kept) in keys.iter().enumerate().zip(&mut kept) {
            let Some(row) = index.get(key.data()).copied() else { continue };
            let Some(fate) = fates.get_mut(row) else { continue };
            if is_newer(row, at) {
                *kept = false;
                *fate = Fate::Replaces(number);
            } else {
                *fate = Fate::Known;
            }
        }
        Ok(BooleanArray::from(kept))
    }

    /// Tells whether an incoming row takes the place of a stored one.
    fn compare(&self, stored: &RecordBatch) -> Result<Box<dyn Fn(usize, usize) -> bool + '_>, ArrowError> {
        debug_assert_eq!(self.version == Version::Immutable, matches!(self.newness, Newness::Same));
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
}

fn converter(columns: &[ArrayRef]) -> Result<RowConverter, ArrowError> {
    RowConverter::new(columns.iter().map(|column| SortField::new(column.data_type().clone())).collect())
}

/// A column of times as integers.
fn integers(column: Option<&ArrayRef>) -> Result<Int64Array, ArrowError> {
    let missing = || ArrowError::SchemaError("the version column is missing".to_owned());
    let integers = cast(column.ok_or_else(missing)?, &DataType::Int64)?;
    Ok(integers.as_primitive::<Int64Type>().clone())
}

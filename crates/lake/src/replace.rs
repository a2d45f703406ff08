//! Whole tables and whole partitions replaced in one commit: how marts are written. Rows can be staged first and
//! published later, so that what is found wrong in between is never seen.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, UInt64Array};
use arrow::compute::{cast, concat_batches, partition, take_record_batch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;

use crate::{
    Change, ConnectionLake, DataFile, Error, FileWriter, TableSpec, commit, data_files, refuse_fenced, schema,
};

/// Attempts before a table that others keep changing is given up.
pub(crate) const ATTEMPTS_MAX: u32 = 8;

/// What a replacement did. Files that already hold exactly the new rows stay, and are in no count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows handed in.
    pub rows: u64,
    /// Files that joined the table.
    pub files_added: u64,
    /// Their bytes.
    pub bytes_added: u64,
    /// Files that left it.
    pub files_removed: u64,
    /// The table's version afterwards.
    pub version: u64,
}

/// Rows that are written as files and not yet part of their table: nobody sees them before [`ConnectionLake::publish`].
#[derive(Debug, Clone, Default)]
pub struct StagedRows {
    adds: Vec<Add>,
    /// Files of the table that stay.
    kept: Vec<DataFile>,
    rows: u64,
}

impl StagedRows {
    /// Further rows of the same table.
    pub fn extend(&mut self, more: Self) {
        self.adds.extend(more.adds);
        self.kept.extend(more.kept);
        self.rows += more.rows;
    }

    /// The files: those that were written, and those that stay.
    pub fn files(&self) -> Result<Vec<DataFile>, Error> {
        let added = self
            .adds
            .iter()
            .map(|add| DataFile::of_add(add).map_err(|error| Error::storage("name file", &add.path, &error)));
        added.chain(self.kept.iter().cloned().map(Ok)).collect()
    }

    /// Paths of the files below the table's folder, with the value of the partition column.
    fn places(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let added = self.adds.iter().map(|add| {
            let value = add.partition_values.values().next().and_then(Option::as_deref);
            (add.path.as_str(), value)
        });
        added.chain(self.kept.iter().map(|file| (file.path.as_ref(), file.partition.as_deref())))
    }

    pub(crate) fn of(rows: u64) -> Self {
        Self { rows, ..Self::default() }
    }

    pub(crate) fn add(&mut self, adds: Vec<Add>) {
        self.adds.extend(adds);
    }

    pub(crate) fn keep(&mut self, file: &DataFile) {
        self.kept.push(file.clone());
    }
}

impl ConnectionLake {
    /// Replaces all rows of the table, and its columns where they differ, in one commit; creates it when it does not
    /// exist. Types that a table cannot hold are stored as [`storable_schema`](crate::storable_schema) says.
    ///
    /// `spec.schema` must fit the batches. Replacing rows by the same rows in the same order commits nothing.
    pub async fn replace_table(
        &self,
        name: &str,
        spec: &TableSpec,
        batches: Vec<RecordBatch>,
    ) -> Result<Written, Error> {
        let staged = self.stage(name, spec, batches).await?;
        self.publish(name, spec, &staged, None).await
    }

    /// Writes rows as files beside those of the table, without any reader seeing them. What is staged and never
    /// published is an orphan, as what a dead writer leaves.
    pub async fn stage(
        &self,
        name: &str,
        spec: &TableSpec,
        batches: Vec<RecordBatch>,
    ) -> Result<StagedRows, Error> {
        self.stage_in_files(name, spec, batches, |rows| Ok(vec![rows])).await
    }

    /// Stages rows, each partition in as many files as `files` makes of its rows.
    pub(crate) async fn stage_in_files(
        &self,
        name: &str,
        spec: &TableSpec,
        batches: Vec<RecordBatch>,
        files: impl Fn(RecordBatch) -> Result<Vec<RecordBatch>, Error>,
    ) -> Result<StagedRows, Error> {
        let schema = schema::storable_schema(&spec.schema);
        let rows = Rows::new(name, &schema, spec.partition.as_deref(), batches)?;
        let writer = match self.table(name).await? {
            Some(table) => FileWriter::of(&table, name)?,
            None => FileWriter::of_new(self.table_store(name), name, spec),
        };
        let mut staged = StagedRows::of(rows.count);
        for (value, batch) in rows.by_partition {
            for rows in files(batch)?.iter().filter(|rows| rows.num_rows() > 0) {
                staged.add(writer.write(value.as_deref(), rows).await?);
            }
        }
        Ok(staged)
    }

    /// Makes staged rows the rows of the table, or of these partitions of it, in one commit; creates the table when it
    /// does not exist. All rows must lie in the named partitions, and one without rows becomes empty.
    pub async fn publish(
        &self,
        name: &str,
        spec: &TableSpec,
        staged: &StagedRows,
        partitions: Option<&BTreeSet<String>>,
    ) -> Result<Written, Error> {
        let spec = TableSpec { schema: schema::storable_schema(&spec.schema), ..spec.clone() };
        let is_replaced = |value: Option<&str>| {
            partitions.is_none_or(|named| value.is_some_and(|value| named.contains(value)))
        };
        if !staged.places().all(|(_, value)| is_replaced(value)) {
            return Err(Error::mismatch(name, "rows lie outside the partitions that are replaced"));
        }
        for _ in 1..ATTEMPTS_MAX {
            let mut table = self.open_or_create(name, &spec).await?;
            if let Some(fence) = self.fence {
                refuse_fenced(&table, name, fence).await?;
            }
            match publish_once(&mut table, (name, self.fence), &spec, staged, is_replaced).await {
                Err(Error::Conflict { .. }) => {}
                done => return done,
            }
        }
        Err(Error::Conflict { table: name.to_owned() })
    }
}

async fn publish_once(
    table: &mut DeltaTable,
    (name, fence): (&str, Option<i64>),
    spec: &TableSpec,
    staged: &StagedRows,
    is_replaced: impl Fn(Option<&str>) -> bool,
) -> Result<Written, Error> {
    let is_old = |file: &DataFile| is_replaced(file.partition.as_deref());
    let old: Vec<_> = data_files(table, name)?.into_iter().filter(is_old).collect();
    let kept: BTreeSet<_> = old.iter().map(|file| file.path.to_string()).collect();
    // What was to stay is gone: somebody else replaced it meanwhile.
    if staged.kept.iter().any(|file| !kept.contains(file.path.as_ref())) {
        return Err(Error::Conflict { table: name.to_owned() });
    }
    let new: BTreeSet<_> = staged.places().map(|(path, _)| path).collect();
    let adds: Vec<Add> = staged.adds.iter().filter(|add| !kept.contains(&add.path)).cloned().collect();
    let removes = old.iter().filter(|file| !new.contains(file.path.as_ref())).map(|file| file.remove(true));
    let schema = new_schema(table, name, spec)?;
    let mut change = Change { removes: removes.collect(), schema, fence, ..Change::overwrite() };
    let written = Written {
        rows: staged.rows,
        files_added: adds.len() as u64,
        bytes_added: adds.iter().map(|add| add.size.unsigned_abs()).sum(),
        files_removed: change.removes.len() as u64,
        version: table.version().unwrap_or_default(),
    };
    change.adds = adds;
    if change.is_empty() {
        return Ok(written);
    }
    Ok(Written { version: commit(table, name, change).await?, ..written })
}

/// The schema to change the table to; None when it has it.
fn new_schema(table: &DeltaTable, name: &str, spec: &TableSpec) -> Result<Option<SchemaRef>, Error> {
    let state = table.snapshot().map_err(|error| Error::table("read log of", name, &error))?;
    let wanted = schema::delta_schema(name, &spec.schema)?;
    Ok((*state.schema() != wanted).then(|| spec.schema.clone()))
}

/// Rows by the value of the partition column.
pub(crate) struct Rows {
    pub(crate) by_partition: BTreeMap<Option<String>, RecordBatch>,
    pub(crate) count: u64,
}

impl Rows {
    pub(crate) fn new(
        name: &str,
        schema: &SchemaRef,
        column: Option<&str>,
        batches: Vec<RecordBatch>,
    ) -> Result<Self, Error> {
        let failed = |error: arrow::error::ArrowError| Error::table("sort rows of", name, &error);
        let batches = batches.into_iter().map(|batch| schema::conform(name, &batch, schema));
        let batch = concat_batches(schema, &batches.collect::<Result<Vec<_>, _>>()?).map_err(failed)?;
        let count = batch.num_rows() as u64;
        let by_partition = match column {
            _ if count == 0 => BTreeMap::new(),
            None => BTreeMap::from([(None, batch)]),
            Some(column) => split(name, &batch, column)?,
        };
        Ok(Self { by_partition, count })
    }
}

/// The rows of each value, in the order in which they came.
fn split(
    name: &str,
    batch: &RecordBatch,
    column: &str,
) -> Result<BTreeMap<Option<String>, RecordBatch>, Error> {
    let failed = |error: arrow::error::ArrowError| Error::table("sort rows of", name, &error);
    let Some(values) = batch.column_by_name(column) else {
        return Err(Error::mismatch(name, format!("column {column} is missing")));
    };
    let words = cast(values, &DataType::Utf8).map_err(failed)?;
    let words = words.as_string::<i32>();
    let mut places: BTreeMap<Option<&str>, Vec<Range<usize>>> = BTreeMap::new();
    for range in partition(&[Arc::clone(values)]).map_err(failed)?.ranges() {
        let word = words.is_valid(range.start).then(|| words.value(range.start));
        places.entry(word).or_default().push(range);
    }
    let part = |(word, ranges): (Option<&str>, Vec<Range<usize>>)| {
        let rows = match ranges.as_slice() {
            // In the order of their keys, the rows of a month mostly lie together.
            [range] => batch.slice(range.start, range.len()),
            ranges => {
                let places = ranges.iter().cloned().flatten().map(|place| place as u64);
                take_record_batch(batch, &UInt64Array::from_iter_values(places))?
            }
        };
        Ok((word.map(str::to_owned), rows))
    };
    places.into_iter().map(part).collect::<Result<_, _>>().map_err(failed)
}

impl TableSpec {
    /// A mart: its integer, date and time columns may be bounded in the log, strings and with them pseudonyms never.
    pub fn mart(schema: &Schema, partition: Option<&str>, description: &str) -> Self {
        let schema = schema::storable_schema(schema);
        let is_bounded = |data_type: &DataType| {
            matches!(
                data_type,
                DataType::Int32 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(_, _)
            )
        };
        let bounded = schema.fields().iter().filter(|field| is_bounded(field.data_type()));
        Self {
            data_skipping: bounded.map(|field| field.name().clone()).collect(),
            schema,
            partition: partition.map(str::to_owned),
            description: description.to_owned(),
            configuration: BTreeMap::new(),
        }
    }
}

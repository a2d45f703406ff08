//! New rows of some tickets, or whatever a key tells apart, among the rows that a table holds of the others. Files in which
//! nothing changes stay as they are.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{SortOptions, concat_batches, filter_record_batch, not, take_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::replace::Rows;
use crate::{
    ConnectionLake, DataFile, DeltaTable, Error, FetchedFile, FileWriter, StagedRows, TableSpec, busy,
    data_files, fetch_file, schema,
};

/// Partitions that are worked on at once: each has its rows in memory.
const PARTITIONS_AT_ONCE: usize = 2;

/// Which rows of a table make way for new ones.
#[derive(Debug, Clone)]
pub struct Among {
    /// The integer column that tells whose a row is.
    pub key: &'static str,
    /// Those whose rows make way.
    pub replaced: Arc<HashSet<i64>>,
    /// Those of them whose rows will soon make way again. They get a file of their own in each partition, so that the
    /// rows of all others need not be written every time.
    pub restless: Arc<HashSet<i64>>,
    /// The columns by which the rows of a file are ordered; those of the new rows are.
    pub order: Vec<String>,
    /// Further columns that the caller wants to see of the rows that make way.
    pub shown: Vec<String>,
}

/// A file of the table, and which of its rows make way.
struct Held {
    file: DataFile,
    fetched: FetchedFile,
    is_replaced: BooleanArray,
    /// The rows that make way.
    former: Vec<RecordBatch>,
}

impl Held {
    /// Whether some of its rows make way and others stay.
    fn is_mixed(&self) -> bool {
        (1..self.is_replaced.len()).contains(&self.is_replaced.true_count())
    }
}

impl ConnectionLake {
    /// Stages rows as [`stage`](Self::stage) does, with those whose key is among the restless in files of their own: when
    /// they make way, the others need not be written again.
    pub async fn stage_apart(
        &self,
        name: &str,
        spec: &TableSpec,
        batches: Vec<RecordBatch>,
        key: &str,
        restless: &HashSet<i64>,
    ) -> Result<StagedRows, Error> {
        let failed = |error: ArrowError| Error::table("sort rows of", name, &error);
        let apart =
            |rows: RecordBatch| Ok(apart(&rows, &is_among(&rows, key, restless)).map_err(failed)?.into());
        self.stage_in_files(name, spec, batches, apart).await
    }

    /// Stages what these partitions of a table will hold: new rows, which all lie in them, and the rows of all others.
    /// [`publish`](Self::publish) it for the same partitions. The rows that make way come back, with the key and the
    /// columns that are to be shown.
    pub async fn stage_among(
        &self,
        name: &str,
        spec: &TableSpec,
        new: Vec<RecordBatch>,
        partitions: &BTreeSet<String>,
        among: &Among,
    ) -> Result<(StagedRows, Vec<RecordBatch>), Error> {
        let Some(table) = self.table(name).await? else {
            return Ok((self.stage(name, spec, new).await?, Vec::new()));
        };
        let schema = schema::storable_schema(&spec.schema);
        let mut new = Rows::new(name, &schema, spec.partition.as_deref(), new)?;
        let mut staged = StagedRows::of(new.count);
        let (writer, files) = (FileWriter::of(&table, name)?, data_files(&table, name)?);
        let work = Work { table: &table, name, writer: &writer, among, shown: shown(&schema, among) };
        let partitions = partitions.iter().map(|partition| {
            let new = new.by_partition.remove(&Some(partition.clone()));
            let new = new.unwrap_or_else(|| RecordBatch::new_empty(Arc::clone(&schema)));
            let files = files.iter().filter(|file| file.partition.as_ref() == Some(partition)).cloned();
            work.stage(partition, new, files.collect())
        });
        let mut partitions = stream::iter(partitions.collect::<Vec<_>>()).buffered(PARTITIONS_AT_ONCE);
        let mut former = Vec::new();
        while let Some((rows, made_way)) = partitions.try_next().await? {
            staged.extend(rows);
            former.extend(made_way);
        }
        Ok((staged, former))
    }
}

/// What is the same for every partition of a table.
struct Work<'a> {
    table: &'a DeltaTable,
    name: &'a str,
    writer: &'a FileWriter,
    among: &'a Among,
    shown: SchemaRef,
}

impl Work<'_> {
    async fn stage(
        &self,
        partition: &str,
        new: RecordBatch,
        files: Vec<DataFile>,
    ) -> Result<(StagedRows, Vec<RecordBatch>), Error> {
        let (mut held, mut former) = (Vec::new(), Vec::new());
        for file in &files {
            let mut file = held_file(self.table, self.name, file, self.among, &self.shown).await?;
            former.append(&mut file.former);
            held.push(file);
        }
        let parts = parted(self.name, new, held, self.among.clone()).await?;
        let mut staged = StagedRows::default();
        for rows in parts.written.iter().filter(|rows| rows.num_rows() > 0) {
            staged.add(self.writer.write(Some(partition), rows).await?);
        }
        parts.kept.iter().for_each(|file| staged.keep(file));
        Ok((staged, former))
    }
}

/// The key and the columns that are to be shown.
fn shown(schema: &Schema, among: &Among) -> SchemaRef {
    let key = Field::new(among.key, DataType::Int64, true);
    let is_shown = |field: &&Arc<Field>| among.shown.contains(field.name()) && field.name() != among.key;
    let others = schema.fields().iter().filter(is_shown).map(|field| field.as_ref().clone());
    Arc::new(Schema::new([key].into_iter().chain(others).collect::<Vec<_>>()))
}

async fn held_file(
    table: &DeltaTable,
    name: &str,
    file: &DataFile,
    among: &Among,
    shown: &SchemaRef,
) -> Result<Held, Error> {
    let fetched = fetch_file(table, name, file).await?;
    let (name, file, among, shown) = (name.to_owned(), file.clone(), among.clone(), Arc::clone(shown));
    busy(move || {
        let failed = |error: ArrowError| Error::table("read rows of", &name, &error);
        let (mut is_replaced, mut former) = (Vec::new(), Vec::new());
        for batch in fetched.batches(&shown)? {
            let batch = batch?;
            let is_among = is_among(&batch, among.key, &among.replaced);
            former.push(filter_record_batch(&batch, &is_among).map_err(failed)?);
            is_replaced.extend(is_among.iter().map(|is| is == Some(true)));
        }
        Ok(Held { file, fetched, is_replaced: is_replaced.into(), former })
    })
    .await
}

/// What becomes of a partition.
struct Parted {
    /// Rows of each file that is written.
    written: [RecordBatch; 2],
    /// Files that stay.
    kept: Vec<DataFile>,
}

/// The restless among the new rows are written alone. The others join all that stays, unless there are none and no file
/// holds rows of both kinds.
async fn parted(name: &str, new: RecordBatch, held: Vec<Held>, among: Among) -> Result<Parted, Error> {
    let name = name.to_owned();
    busy(move || {
        let failed = |error: ArrowError| Error::table("sort rows of", &name, &error);
        let is_restless = is_among(&new, among.key, &among.restless);
        let [settled, restless] = apart(&new, &is_restless).map_err(failed)?;
        let mut kept = Vec::new();
        let mut rows = Vec::new();
        if settled.num_rows() == 0 && !held.iter().any(Held::is_mixed) {
            kept.extend(
                held.into_iter().filter(|held| held.is_replaced.true_count() == 0).map(|held| held.file),
            );
        } else {
            for held in held.iter().filter(|held| held.is_replaced.false_count() > 0) {
                rows.extend(staying(held, &new.schema(), &name)?);
            }
        }
        // What changes is young as a rule, and comes last in the order.
        rows.push(settled);
        let settled = concat_batches(&new.schema(), &rows).map_err(failed)?;
        Ok(Parted { written: [in_order(&settled, &among.order).map_err(failed)?, restless], kept })
    })
    .await
}

fn staying(held: &Held, schema: &SchemaRef, name: &str) -> Result<Vec<RecordBatch>, Error> {
    let failed = |error: ArrowError| Error::table("sort rows of", name, &error);
    let (mut rows, mut before) = (Vec::new(), 0);
    for batch in held.fetched.batches(schema)? {
        let batch = batch?;
        let is_replaced = held.is_replaced.slice(before, batch.num_rows());
        before += batch.num_rows();
        let stays = not(&is_replaced).map_err(failed)?;
        rows.push(filter_record_batch(&batch, &stays).map_err(failed)?);
    }
    Ok(rows)
}

/// The settled rows, and the restless ones.
fn apart(rows: &RecordBatch, is_restless: &BooleanArray) -> Result<[RecordBatch; 2], ArrowError> {
    Ok([filter_record_batch(rows, &not(is_restless)?)?, filter_record_batch(rows, is_restless)?])
}

/// Which rows have one of these keys.
fn is_among(batch: &RecordBatch, key: &str, keys: &HashSet<i64>) -> BooleanArray {
    let column = batch.column_by_name(key).and_then(|column| column.as_primitive_opt::<Int64Type>());
    match column {
        Some(column) => column.iter().map(|key| Some(key.is_some_and(|key| keys.contains(&key)))).collect(),
        None => BooleanArray::from(vec![false; batch.num_rows()]),
    }
}

/// Rows in an order in which most of them are already: parts that are in order are merged.
fn in_order(batch: &RecordBatch, order: &[String]) -> Result<RecordBatch, ArrowError> {
    let options = SortOptions { descending: false, nulls_first: false };
    let columns: Vec<ArrayRef> =
        order.iter().filter_map(|name| batch.column_by_name(name)).cloned().collect();
    if columns.is_empty() {
        return Ok(batch.clone());
    }
    let fields =
        columns.iter().map(|column| SortField::new_with_options(column.data_type().clone(), options));
    let keys = RowConverter::new(fields.collect())?.convert_columns(&columns)?;
    let mut places: Vec<u32> = (0..batch.num_rows() as u32).collect();
    let key = |place: &u32| keys.row(*place as usize);
    if places.is_sorted_by_key(key) {
        return Ok(batch.clone());
    }
    // Stable, and quick where runs are in order.
    places.sort_by(|one, other| key(one).cmp(&key(other)));
    take_record_batch(batch, &UInt32Array::from(places))
}

//! Rows meet the rows that are stored. Only files of the rows' months whose key range they touch are read, and only
//! files in which a row is replaced are written anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::compute::interleave_record_batch;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use deskmeter_lake::{
    Add, DataFile, DeltaTable, EncodedFile, Error as LakeError, FetchedFile, FileEncoder, FileWriter, Remove,
    busy, data_files, fetch_file,
};
use deskmeter_tables::Table;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::Error;
use crate::incoming::Incoming;
use crate::layout::rows_per_file;
use crate::probe::{Met, Probe, may_meet};

/// Months, and files of each, that are worked on at once. A file is in memory as bytes, and batch by batch as rows.
const AT_ONCE: usize = 2;

/// Bytes of a month's files that may be kept in memory between comparing and writing them anew.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

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
    if incoming.is_empty() {
        return Ok(Upsert::default());
    }
    let files = data_files(handle, table.name).map_err(Error::Lake)?;
    let further = incoming.iter().map(Incoming::num_rows).sum();
    let rows_max = rows_per_file(table, &files, further);
    let writer = FileWriter::of(handle, table.name).map_err(Error::Lake)?.with_rows_max(rows_max);
    let months = incoming.iter().map(|incoming| {
        let stored = files.iter().filter(|file| file.partition.as_ref() == Some(&incoming.month)).collect();
        let month = Month { handle, table, name: &incoming.month, stored, writer: &writer };
        month.run(incoming)
    });
    let months: Vec<_> = months.collect();
    let done: Vec<Upsert> = stream::iter(months).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(done.into_iter().fold(Upsert::default(), Upsert::and))
}

impl Upsert {
    fn and(mut self, other: Self) -> Self {
        self.adds.extend(other.adds);
        self.removes.extend(other.removes);
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.months.extend(other.months);
        self
    }
}

/// One month of the table.
struct Month<'a> {
    handle: &'a DeltaTable,
    table: &'static Table,
    name: &'a str,
    stored: Vec<&'a DataFile>,
    writer: &'a FileWriter,
}

/// A stored file that holds incoming rows, and its bytes when they are kept.
struct Look<'a> {
    file: &'a DataFile,
    met: Met,
    fetched: Option<FetchedFile>,
}

impl<'a> Month<'a> {
    async fn run(self, rows: &Incoming) -> Result<Upsert, Error> {
        let met: Vec<_> =
            self.stored.iter().copied().filter(|file| may_meet(self.table, rows, file)).collect();
        if met.is_empty() { self.insert(rows).await } else { self.merge(rows, met).await }
    }

    /// Nothing that is stored has to do with the rows.
    async fn insert(self, rows: &Incoming) -> Result<Upsert, Error> {
        let (encoder, table, own) = (self.writer.encoder(rows.num_rows()), self.table, rows.clone());
        let files = busy(move || encode(table, &own, encoder)).await.map_err(Error::Lake)?;
        let adds = self.writer.put(Some(self.name), files).await.map_err(Error::Lake)?;
        let months = BTreeSet::from([self.name.to_owned()]);
        Ok(Upsert { adds, inserted: rows.num_rows() as u64, months, ..Upsert::default() })
    }

    /// These files may hold some of the rows.
    async fn merge(self, rows: &Incoming, met: Vec<&'a DataFile>) -> Result<Upsert, Error> {
        let probe = Arc::new(Probe::new(self.table, rows)?);
        let mut done = Upsert::default();
        let mut is_new = vec![true; probe.rows.num_rows()];
        let mut rewrites = Vec::new();
        for look in self.looks(&probe, met).await? {
            let replacing = look.met.replaced.iter().map(|(_, row)| row);
            for row in look.met.known.iter().chain(replacing) {
                is_new.get_mut(*row).into_iter().for_each(|is_new| *is_new = false);
            }
            if !look.met.replaced.is_empty() {
                done.updated += look.met.replaced.len() as u64;
                done.removes.push(look.file.remove(true));
                rewrites
                    .push(Rewrite { replaced: look.met.replaced, ..Rewrite::of(look.file, look.fetched) });
            }
        }
        let new: Vec<_> =
            is_new.iter().enumerate().filter(|(_, is_new)| **is_new).map(|(row, _)| row).collect();
        done.inserted += new.len() as u64;
        if done.inserted + done.updated > 0 {
            done.months.insert(self.name.to_owned());
        }
        self.place(new, &mut rewrites);
        let written: Vec<_> = rewrites.into_iter().map(|rewrite| self.write(&probe, rewrite)).collect();
        let adds: Vec<Vec<Add>> = stream::iter(written).buffer_unordered(AT_ONCE).try_collect().await?;
        done.adds = adds.into_iter().flatten().collect();
        Ok(done)
    }

    /// The files that hold incoming rows.
    async fn looks(&self, probe: &Arc<Probe>, files: Vec<&'a DataFile>) -> Result<Vec<Look<'a>>, Error> {
        let kept_bytes = KEPT_BYTES / files.len().max(1);
        let looks: Vec<_> = files.into_iter().map(|file| self.look(probe, file, kept_bytes)).collect();
        stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn look(
        &self,
        probe: &Arc<Probe>,
        file: &'a DataFile,
        kept_bytes: usize,
    ) -> Result<Look<'a>, Error> {
        let fetched = self.fetch(file).await?;
        let probe = Arc::clone(probe);
        let looked = busy(move || Ok((probe.meet(&fetched)?, fetched))).await;
        let (met, fetched) = looked.map_err(Error::Lake)?;
        let is_kept = !met.replaced.is_empty() && fetched.size() <= kept_bytes;
        Ok(Look { file, met, fetched: is_kept.then_some(fetched) })
    }

    /// New rows join the month's newest file where that is written anyway, so that small files do not pile up.
    fn place(&self, new: Vec<usize>, rewrites: &mut Vec<Rewrite<'a>>) {
        if new.is_empty() {
            return;
        }
        let [key, ..] = self.table.key else { return };
        let newest =
            self.stored.iter().max_by_key(|file| file.bounds(key, &DataType::Int64).map(|(_, high)| high));
        let joined = rewrites.iter_mut().find(|rewrite| newest.is_some_and(|newest| rewrite.is_of(newest)));
        match joined {
            Some(rewrite) => rewrite.joining = new,
            None => rewrites.push(Rewrite { joining: new, ..Rewrite::default() }),
        }
    }

    async fn write(&self, probe: &Arc<Probe>, rewrite: Rewrite<'a>) -> Result<Vec<Add>, Error> {
        let stored = rewrite.file.and_then(|file| file.rows).unwrap_or_default();
        let rows = usize::try_from(stored).unwrap_or_default() + rewrite.joining.len();
        let encoder = self.writer.encoder(rows);
        let fetched = match (rewrite.fetched, rewrite.file) {
            (Some(fetched), _) => Some(fetched),
            (None, Some(file)) => Some(self.fetch(file).await?),
            (None, None) => None,
        };
        let probe = Arc::clone(probe);
        let (replaced, joining) = (rewrite.replaced, rewrite.joining);
        let merged = busy(move || merge(&probe, fetched.as_ref(), &replaced, &joining, encoder));
        let files = merged.await.map_err(Error::Lake)?;
        self.writer.put(Some(self.name), files).await.map_err(Error::Lake)
    }

    async fn fetch(&self, file: &DataFile) -> Result<FetchedFile, Error> {
        fetch_file(self.handle, self.table.name, file).await.map_err(Error::Lake)
    }
}

/// A file that is written: the rows of a stored one, with incoming rows in the place of some, and further ones.
#[derive(Default)]
struct Rewrite<'a> {
    file: Option<&'a DataFile>,
    fetched: Option<FetchedFile>,
    replaced: Vec<(usize, usize)>,
    joining: Vec<usize>,
}

impl<'a> Rewrite<'a> {
    fn of(file: &'a DataFile, fetched: Option<FetchedFile>) -> Self {
        Self { file: Some(file), fetched, ..Self::default() }
    }

    fn is_of(&self, file: &DataFile) -> bool {
        self.file.is_some_and(|own| own.path == file.path)
    }
}

/// The rows alone, in key order.
fn encode(table: &Table, rows: &Incoming, mut encoder: FileEncoder) -> Result<Vec<EncodedFile>, LakeError> {
    for rows in rows.pieces() {
        encoder.push(&rows.map_err(|error| LakeError::table("arrange rows of", table.name, &error))?)?;
    }
    encoder.finish()
}

/// The rows in key order: both sides are sorted, so that each row is copied once.
fn merge(
    probe: &Probe,
    stored: Option<&FetchedFile>,
    replaced: &[(usize, usize)],
    joining: &[usize],
    mut encoder: FileEncoder,
) -> Result<Vec<EncodedFile>, LakeError> {
    let failed = |error: ArrowError| LakeError::table("arrange rows of", probe.table().name, &error);
    let mut replaced = replaced.iter().copied().peekable();
    let mut joining = joining.iter().copied().peekable();
    let mut at = 0;
    let schema = probe.table().schema();
    let batches = stored.map(|file| file.batches(&schema)).transpose()?;
    for batch in batches.into_iter().flatten() {
        let batch = batch?;
        let keys = joining.peek().map(|_| probe.keys_of_rows(&batch)).transpose().map_err(failed)?;
        let mut picks = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            while let Some(keys) = &keys
                && let Some(joined) = joining.next_if(|joined| probe.key(*joined) < keys.at(row))
            {
                picks.push((1, joined));
            }
            let replacing = replaced.next_if(|(stored, _)| *stored == at + row);
            picks.push(replacing.map_or((0, row), |(_, incoming)| (1, incoming)));
        }
        at += batch.num_rows();
        encoder.push(&interleave_record_batch(&[&batch, &probe.rows], &picks).map_err(failed)?)?;
    }
    let rest: Vec<_> = joining.map(|row| (0, row)).collect();
    encoder.push(&interleave_record_batch(&[&probe.rows], &rest).map_err(failed)?)?;
    encoder.finish()
}

//! The loader: one connection's collected tables, open for one run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Schema;
use deskmeter_lake::{ConnectionLake, DeltaTable, data_files, read_file};
use deskmeter_sanitizer::CleanBatch;
use deskmeter_tables::{AGENTS, ALL, Table};
use futures::future::try_join_all;

use crate::commit::POSITION;
use crate::stream::cursor_table;
use crate::{Committed, Error, StreamWriter, open};

/// How rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderOptions {
    /// Bytes of Arrow arrays that a stream may hold before it commits. 64 MiB, about 150,000 tickets or 400,000
    /// events, unless told.
    pub buffer_bytes: u64,
    /// Fencing number of the run's lease: greater for each lease that is given.
    pub fence: i64,
    /// How long old versions stay readable, in hours. 168 unless told.
    pub keep_versions_hours: u64,
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self { buffer_bytes: 64 * 1024 * 1024, fence: 0, keep_versions_hours: 168 }
    }
}

/// One connection's collected tables, open for writing.
#[derive(Debug)]
pub struct Loader {
    pub(crate) lake: ConnectionLake,
    pub(crate) options: LoaderOptions,
    /// Every table of the contract, at the version that was last read or written.
    pub(crate) tables: BTreeMap<&'static str, DeltaTable>,
}

impl Loader {
    /// Opens the tables of the contract. One that is missing is created, empty and typed; one of an older contract
    /// gains its new columns without a file being touched; one of a newer contract is refused.
    pub async fn open(lake: ConnectionLake, options: LoaderOptions) -> Result<Self, Error> {
        let opening = ALL.map(|table| open::open(&lake, table, options.fence));
        let tables = try_join_all(opening).await?;
        let tables = ALL.into_iter().map(|table| table.name).zip(tables).collect();
        Ok(Self { lake, options, tables })
    }

    /// The position of the stream's newest commit, as it was handed to [`StreamWriter::push`]; None before the first.
    pub async fn position(&self, stream: &str) -> Result<Option<String>, Error> {
        let table = cursor_table(stream)?;
        let handle = open::required(&self.lake, table).await?;
        open::property(&handle, table, POSITION)
    }

    /// A writer for the stream: users, organizations, tickets, ticket_events or ticket_metric_events.
    pub fn stream(&mut self, stream: &'static str) -> StreamWriter<'_> {
        StreamWriter::new(self, stream)
    }

    /// Pseudonyms of everyone who was an agent in any version, sorted: for the sanitizer, which keeps the later
    /// versions of these users.
    pub async fn agent_keys(&self) -> Result<Vec<String>, Error> {
        let schema = Arc::new(Schema::new(
            AGENTS.column("agent_key").map(|key| vec![key.field()]).unwrap_or_default(),
        ));
        let table = open::required(&self.lake, &AGENTS).await?;
        let mut keys = BTreeSet::new();
        for file in data_files(&table, AGENTS.name).map_err(Error::Lake)? {
            for batch in read_file(&table, AGENTS.name, &file, &schema).await.map_err(Error::Lake)? {
                let column = batch.column_by_name("agent_key").map(AsArray::as_string::<i32>);
                keys.extend(column.into_iter().flatten().flatten().map(str::to_owned));
            }
        }
        Ok(keys.into_iter().collect())
    }

    /// The table as it was last read or written.
    pub(crate) fn handle(&mut self, table: &'static Table) -> Result<&mut DeltaTable, Error> {
        self.tables.get_mut(table.name).ok_or(Error::Unopened { table: table.name })
    }

    /// Stores rows of the privacy ledger.
    pub async fn append_ledger(&mut self, batch: CleanBatch) -> Result<Committed, Error> {
        let table: &'static Table = batch.table();
        self.commit_rows(table, vec![batch.into_record_batch()], None).await
    }
}

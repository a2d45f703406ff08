//! Where the collected tables come from and the marts go.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, Expr, SessionContext, ident, lit};
use deskmeter_lake::ConnectionLake;

use crate::snapshot::Snapshot;
use crate::{Engine, Error};

/// Tables by name.
#[derive(Debug, Clone, Default)]
pub enum Store {
    /// Nothing is there yet.
    #[default]
    Empty,
    /// Tables in memory: for tests and cases.
    Memory(MemoryTables),
    /// The Delta tables of one connection.
    Lake(LakeTables),
    /// The tables of several connections as one, to be read only: each with a column `connection` before its own.
    Union(Vec<(String, ConnectionLake)>),
}

/// The column that tells the connections of a union apart.
const CONNECTION: &str = "connection";

impl From<ConnectionLake> for Store {
    fn from(lake: ConnectionLake) -> Self {
        Self::Lake(LakeTables { lake: lake.opened_once(), opened: Arc::default() })
    }
}

impl From<MemoryTables> for Store {
    fn from(tables: MemoryTables) -> Self {
        Self::Memory(tables)
    }
}

impl Store {
    /// The table of this name, if it is there, for an engine: as it is now, or was when it was first asked for since
    /// [`let_go`](Self::let_go).
    pub(crate) async fn provider(
        &self,
        name: &str,
        context: &SessionContext,
        engine: &Engine,
    ) -> Result<Option<Arc<dyn TableProvider>>, Error> {
        match self {
            Self::Empty => Ok(None),
            Self::Memory(tables) => tables.provider(name),
            Self::Lake(tables) => Ok(tables.snapshot(name, context, engine).await?.map(|table| table as _)),
            Self::Union(lakes) => union_provider(lakes, name, context, engine).await,
        }
    }

    /// What names the content of a table, part by part: with the same name a part has the same rows. None when the table
    /// is not there, or cannot tell.
    pub(crate) async fn parts(&self, name: &str, partition: Option<&str>) -> Result<Option<Parts>, Error> {
        match self {
            Self::Memory(tables) => tables.parts(name, partition),
            Self::Lake(tables) => lake_parts(&tables.lake, name).await,
            Self::Empty | Self::Union(_) => Ok(None),
        }
    }

    /// Reads tables at their newest versions from now on; until then, each is read at the version at which it was opened.
    pub(crate) fn let_go(&self) {
        if let Self::Lake(tables) = self {
            tables.lake.let_go();
            tables.opened().clear();
        }
    }

    /// The lake of one connection, if this is one.
    pub(crate) fn lake(&self) -> Option<&ConnectionLake> {
        match self {
            Self::Lake(tables) => Some(&tables.lake),
            _ => None,
        }
    }
}

/// Data files are named by their content.
async fn lake_parts(lake: &ConnectionLake, name: &str) -> Result<Option<Parts>, Error> {
    let failed = |source| Error::table("open", name, source);
    let Some(table) = lake.table(name).await.map_err(failed)? else { return Ok(None) };
    let mut parts = Parts::new();
    for file in deskmeter_lake::data_files(&table, name).map_err(failed)? {
        let part = parts.entry(file.partition.clone().unwrap_or_default()).or_default();
        part.push_str(file.path.filename().unwrap_or_default());
        part.push(' ');
    }
    Ok(Some(parts))
}

/// The Delta tables of one connection, each opened once: many models read it.
#[derive(Debug, Clone)]
pub struct LakeTables {
    lake: ConnectionLake,
    opened: Arc<Mutex<BTreeMap<String, Arc<Snapshot>>>>,
}

impl LakeTables {
    /// The table as it is now, or was when it was first asked for.
    pub(crate) async fn snapshot(
        &self,
        name: &str,
        context: &SessionContext,
        engine: &Engine,
    ) -> Result<Option<Arc<Snapshot>>, Error> {
        if let Some(opened) = self.opened().get(name) {
            return Ok(Some(Arc::clone(opened)));
        }
        let table = lake_snapshot(&self.lake, name, context, engine).await?.map(Arc::new);
        if let Some(table) = &table {
            self.opened().insert(name.to_owned(), Arc::clone(table));
        }
        Ok(table)
    }

    pub(crate) fn lake(&self) -> &ConnectionLake {
        &self.lake
    }

    fn opened(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Snapshot>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn lake_snapshot(
    lake: &ConnectionLake,
    name: &str,
    context: &SessionContext,
    engine: &Engine,
) -> Result<Option<Snapshot>, Error> {
    let failed = |source| Error::table("open", name, source);
    let table = lake.table(name).await.map_err(|source| Error::table("open", name, source))?;
    let Some(table) = table else { return Ok(None) };
    let store = engine.store_url(lake, context).map_err(failed)?;
    Snapshot::of(lake, &table, name, store).map(Some).map_err(failed)
}

/// All rows of the tables of this name. A column that only some of them have (a younger or an own one) is NULL in the
/// others.
async fn union_provider(
    lakes: &[(String, ConnectionLake)],
    name: &str,
    context: &SessionContext,
    engine: &Engine,
) -> Result<Option<Arc<dyn TableProvider>>, Error> {
    let failed = |source| Error::table("open", name, source);
    let mut union: Option<DataFrame> = None;
    for (connection, lake) in lakes {
        let Some(table) = lake_snapshot(lake, name, context, engine).await? else { continue };
        let rows = context.read_table(Arc::new(table)).map_err(failed)?;
        let own = rows.schema().fields().iter().map(|field| ident(field.name()));
        let columns: Vec<Expr> =
            [lit(connection.as_str()).alias(CONNECTION)].into_iter().chain(own).collect();
        let rows = rows.select(columns).map_err(failed)?;
        union = Some(match union {
            Some(union) => union.union_by_name(rows).map_err(failed)?,
            None => rows,
        });
    }
    Ok(union.map(DataFrame::into_view))
}

/// What names the content of each part of a table: by month, or under an empty name where a table has no months.
pub type Parts = BTreeMap<String, String>;

/// A table's schema and rows.
type HeldTable = (SchemaRef, Vec<RecordBatch>);

/// Tables in memory, shared by all clones.
#[derive(Debug, Clone, Default)]
pub struct MemoryTables {
    tables: Arc<Mutex<BTreeMap<String, HeldTable>>>,
}

impl MemoryTables {
    /// Puts a table in the place of the former one of this name.
    pub fn put(&self, name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.insert(name.to_owned(), (schema, batches));
    }

    /// The rows of a table; none when it is not there.
    pub fn get(&self, name: &str) -> Option<Vec<RecordBatch>> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.get(name).map(|(_, batches)| batches.clone())
    }

    fn parts(&self, name: &str, partition: Option<&str>) -> Result<Option<Parts>, Error> {
        let Some(batches) = self.get(name) else { return Ok(None) };
        let mut parts = BTreeMap::<String, DefaultHasher>::new();
        for batch in batches {
            hash_rows(&batch, partition, &mut parts).map_err(|source| Error::table("read", name, source))?;
        }
        Ok(Some(parts.into_iter().map(|(part, rows)| (part, rows.finish().to_string())).collect()))
    }

    fn provider(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, Error> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((schema, batches)) = tables.get(name) else { return Ok(None) };
        let table = MemTable::try_new(Arc::clone(schema), vec![batches.clone()])
            .map_err(|source| Error::table("open", name, source))?;
        Ok(Some(Arc::new(table)))
    }

    /// What the table holds when these rows are in the place of the former ones, or of those of these months of the column.
    pub(crate) fn with_replaced(
        &self,
        name: &str,
        mut batches: Vec<RecordBatch>,
        months: Option<(&BTreeSet<String>, &str)>,
    ) -> Result<Vec<RecordBatch>, Error> {
        if let Some((months, partition)) = months {
            for batch in self.get(name).unwrap_or_default() {
                let others = without_months(&batch, partition, months);
                batches.push(others.map_err(|source| Error::table("write", name, source))?);
            }
        }
        Ok(batches)
    }
}

fn hash_rows(
    batch: &RecordBatch,
    partition: Option<&str>,
    parts: &mut BTreeMap<String, DefaultHasher>,
) -> Result<(), ArrowError> {
    let options = FormatOptions::default();
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let months = match partition {
        Some(partition) => Some(batch.column(batch.schema_ref().index_of(partition)?).as_string::<i32>()),
        None => None,
    };
    for row in 0..batch.num_rows() {
        let month = months.map_or("", |months| months.value(row));
        let part = parts.entry(month.to_owned()).or_default();
        for column in &columns {
            column.value(row).to_string().hash(part);
        }
    }
    Ok(())
}

fn without_months(
    batch: &RecordBatch,
    partition: &str,
    months: &BTreeSet<String>,
) -> Result<RecordBatch, ArrowError> {
    let column = batch.column(batch.schema_ref().index_of(partition)?);
    let month = column.as_string::<i32>();
    let keep: BooleanArray = (0..month.len()).map(|row| Some(!months.contains(month.value(row)))).collect();
    filter_record_batch(batch, &keep)
}

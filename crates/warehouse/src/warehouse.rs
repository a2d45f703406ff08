//! The warehouse: tables registered, marts refreshed, questions answered.

mod remake;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt as _;
use futures::future::try_join_all;

use crate::Error;
use crate::business_time::Schedules;
use crate::engine::Engine;
use crate::held::{self, HeldTable, Room};
use crate::models::{Catalogue, Layer, Model};
use crate::options::WarehouseOptions;
use crate::query;
use crate::refresh::{self, CheckSummary, RefreshReport, RefreshScope, Untold};
use crate::session::{self, Sessions};
use crate::store::{Parts, Store};

/// Tables that are opened at a time. Each holds a thread that waits for others, of which a process has some hundreds: more
/// at a time could use them up.
const OPENED_AT_ONCE: usize = 4;

/// Tables of one connection, the models over them, and an engine.
pub struct Warehouse {
    options: WarehouseOptions,
    catalogue: Catalogue,
    sessions: Sessions,
    store: Store,
    /// The tables, views and marts that questions may read; none for all.
    opened: Option<BTreeSet<String>>,
    /// What questions see; made anew when tables change.
    reading: RwLock<Option<SessionContext>>,
}

impl fmt::Debug for Warehouse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Warehouse").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Warehouse {
    /// A warehouse without tables; reports every problem of the schedules, or of the models, at once.
    pub fn new(options: WarehouseOptions) -> Result<Self, Error> {
        let schedules = Arc::new(Schedules::new(&options.schedules)?);
        let catalogue = Catalogue::read(options.models_dir.as_deref())?;
        let sessions = Sessions::new(&options, schedules).map_err(Error::engine)?;
        let reading = RwLock::new(None);
        Ok(Self { options, catalogue, sessions, store: Store::Empty, opened: None, reading })
    }

    /// Opens the tables of a store: what it lacks is typed and empty. Open again to see new versions.
    pub async fn open(&mut self, store: impl Into<Store>) -> Result<(), Error> {
        (self.store, self.opened) = (store.into(), None);
        self.let_go();
        self.reading().await?;
        // What is open now has all that it needs of them.
        self.store.let_go();
        Ok(())
    }

    /// Opens those tables of a store alone that these statements read, and the marts of the operator's own models:
    /// questions about others find no such table.
    pub async fn open_for(
        &mut self,
        store: impl Into<Store>,
        statements: impl IntoIterator<Item = &str>,
    ) -> Result<(), Error> {
        let names = self.catalogue.read_by(statements).map_err(|source| Error::Query(Box::new(source)))?;
        (self.store, self.opened) = (store.into(), Some(names));
        self.let_go();
        self.reading().await?;
        // What is open now has all that it needs of them.
        self.store.let_go();
        Ok(())
    }

    /// What the checks of the last refresh of a store found; none before the first. Opens one table alone.
    pub async fn check_summary(&self, store: impl Into<Store>) -> Result<Option<CheckSummary>, Error> {
        let context = self.sessions.open_embedded().map_err(Error::engine)?;
        CheckSummary::read(&store.into(), &context).await
    }

    /// What the marts over these tables cannot tell, because collected tables are missing.
    pub async fn untold(&self, store: impl Into<Store>) -> Result<Vec<Untold>, Error> {
        let context = self.sessions.open_embedded().map_err(Error::engine)?;
        let missing = refresh::missing_in_marts(&store.into(), &Engine::Embedded, &context).await?;
        Ok(refresh::untold(&self.catalogue, &missing))
    }

    /// Every model, with its description and lineage.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Remakes marts as of `as_of` (seconds since the epoch): events after it do not count. The marts are made, then
    /// checked, and only when no check of severity `fail` found anything published, all of them; otherwise readers go
    /// on seeing the former ones. What the checks found is published in any case.
    pub async fn refresh(&self, as_of: i64, scope: RefreshScope) -> Result<RefreshReport, Error> {
        self.remake(as_of, scope, |models| !refresh::has_failed(models)).await
    }

    /// Remakes every mart and publishes it whatever the checks find: after an erasure the former ones must not stay.
    pub async fn refresh_unheld(&self, as_of: i64) -> Result<RefreshReport, Error> {
        self.remake(as_of, RefreshScope::Full, |_| true).await
    }

    /// Answers a statement that only reads: SELECT, EXPLAIN, SHOW, DESCRIBE over tables, staging views and marts.
    pub async fn query(&self, sql: &str) -> Result<SendableRecordBatchStream, Error> {
        query::stream(query::plan(&self.reading().await?, sql).await?).await
    }

    /// What names the content of each mart that is kept, part by part, by which a reader elsewhere tells what he has
    /// already. What is read from now on is what was named.
    pub async fn contents(&self) -> Result<BTreeMap<String, Parts>, Error> {
        self.let_go();
        let mut marts = BTreeMap::new();
        for mart in self.catalogue.marts() {
            let partition = mart.description.partition.as_deref();
            marts.extend(
                self.store.parts(&mart.name, partition).await?.map(|parts| (mart.name.clone(), parts)),
            );
        }
        Ok(marts)
    }

    /// Keeps the columns of marts that these statements read in memory, until the tables are opened anew: a whole mart
    /// or none of it, as long as there is room. The others are read from their files, as before, and so are all on a
    /// cluster, whose executors have no memory of ours. Tells whether there was room for all of them.
    pub async fn hold(&self, statements: &[String], room: &Room) -> Result<bool, Error> {
        if !matches!(self.options.engine, Engine::Embedded) {
            return Ok(true);
        }
        let asked = self.reading().await?;
        let columns = self.columns_read(&asked, statements).await?;
        let held = self.sessions.open().map_err(Error::engine)?;
        let mut had_room = true;
        for name in query::table_names(&asked) {
            let failed = |source| Error::table("hold", &name, source);
            if held.table_exist(&name).map_err(failed)? {
                continue;
            }
            let mut table = asked.table_provider(&name).await.map_err(failed)?;
            if let Some(columns) = columns.get(&name)
                && !table.is::<HeldTable>()
            {
                match HeldTable::load(&asked, &name, columns, room).await.map_err(failed)? {
                    Some(loaded) => table = Arc::new(loaded),
                    None => had_room = false,
                }
            }
            held.register_table(&name, table).map_err(failed)?;
        }
        *self.reading.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(had_room)
    }

    /// The columns of marts that statements read. One about a mart that is not there yet reads nothing.
    async fn columns_read(
        &self,
        context: &SessionContext,
        statements: &[String],
    ) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
        let mut columns = BTreeMap::new();
        for statement in statements {
            let plan = match query::plan(context, statement).await {
                Err(Error::UnknownTable { .. }) => continue,
                planned => planned?.into_optimized_plan().map_err(Error::engine)?,
            };
            held::add_columns_read(&plan, &mut columns).map_err(Error::engine)?;
        }
        columns.retain(|name, _| self.catalogue.marts().any(|mart| mart.name == *name));
        Ok(columns)
    }

    /// Rows of a statement that only reads.
    pub(crate) async fn collect(&self, sql: &str) -> Result<Vec<RecordBatch>, Error> {
        let stream = self.query(sql).await?;
        stream.try_collect().await.map_err(|source| Error::Query(Box::new(source)))
    }

    pub(crate) fn options(&self) -> &WarehouseOptions {
        &self.options
    }

    pub(crate) fn schedules(&self) -> &Schedules {
        self.sessions.schedules()
    }

    /// The values of a model's parameters as of an instant (seconds since the epoch).
    pub(crate) fn parameters(&self, as_of: i64) -> Vec<(&'static str, String)> {
        refresh::parameters(as_of, self.options.definitions)
    }

    fn is_union(&self) -> bool {
        matches!(self.store, Store::Union(_))
    }

    async fn provider(
        &self,
        name: &str,
        context: &SessionContext,
    ) -> Result<Option<Arc<dyn TableProvider>>, Error> {
        self.store.provider(name, context, &self.options.engine).await
    }

    /// Several tables, some at a time: far away each takes several requests, one after the other.
    async fn providers(
        &self,
        names: &[&str],
        context: &SessionContext,
    ) -> Result<Vec<Option<Arc<dyn TableProvider>>>, Error> {
        let mut opened = Vec::with_capacity(names.len());
        for names in names.chunks(OPENED_AT_ONCE) {
            opened.extend(try_join_all(names.iter().map(|name| self.provider(name, context))).await?);
        }
        Ok(opened)
    }

    /// What questions see, opened if it is not.
    async fn reading(&self) -> Result<SessionContext, Error> {
        let opened = self.reading.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(opened) = opened {
            return Ok(opened);
        }
        let context = self.reading_context().await?;
        *self.reading.write().unwrap_or_else(PoisonError::into_inner) = Some(context.clone());
        Ok(context)
    }

    /// The next question opens the tables as they are then.
    fn let_go(&self) {
        self.store.let_go();
        *self.reading.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// An engine with the collected tables as they are now.
    pub(crate) async fn source_context(&self) -> Result<SessionContext, Error> {
        let context = self.collected_context(|_| true).await?;
        session::register_ever_assigned(&context).await.map_err(Error::engine)?;
        Ok(context)
    }

    /// An engine with some of them.
    async fn collected_context(&self, is_wanted: impl Fn(&str) -> bool) -> Result<SessionContext, Error> {
        let context = self.sessions.open().map_err(Error::engine)?;
        let tables: Vec<_> = deskmeter_tables::ALL.iter().filter(|table| is_wanted(table.name)).collect();
        let names: Vec<_> = tables.iter().map(|table| table.name).collect();
        let opened = self.providers(&names, &context).await?;
        for (table, opened) in tables.into_iter().zip(opened) {
            let failed = |source| Error::table("register", table.name, source);
            match opened {
                // The column that tells connections apart is no column of the contract.
                Some(provider) if self.is_union() => {
                    context.register_table(table.name, provider).map(drop).map_err(failed)?;
                }
                Some(provider) => session::register_collected(&context, table, provider).map_err(failed)?,
                None => session::register_empty(&context, table).map_err(failed)?,
            }
        }
        Ok(context)
    }

    /// An engine with tables, staging views and those marts that exist, as far as they may be read.
    async fn reading_context(&self) -> Result<SessionContext, Error> {
        let context = match &self.opened {
            Some(names) => self.collected_context(|name| names.contains(name)).await?,
            None => self.source_context().await?,
        };
        self.register_marts(&context).await?;
        // Staging views join and number rows of one connection: over several they would mix them.
        if self.is_union() {
            return Ok(context);
        }
        let is_shown = |model: &&Model| model.layer == Layer::Staging && self.is_opened(&model.name);
        for model in self.catalogue.models().iter().filter(is_shown) {
            let failed = |source| Error::model(&model.name, source);
            let plan = refresh::bound_plan(&context, model, &[]).await.map_err(failed)?;
            let view = DataFrame::new(context.state(), plan).into_view();
            context.register_table(&model.name, view).map_err(failed)?;
        }
        Ok(context)
    }

    async fn register_marts(&self, context: &SessionContext) -> Result<(), Error> {
        let names = self.catalogue.marts().map(|model| model.name.as_str());
        let names: Vec<&str> = names.filter(|name| self.is_opened(name)).collect();
        for (name, opened) in names.iter().zip(self.providers(&names, context).await?) {
            if let Some(provider) = opened {
                let failed = |source| Error::table("register", name, source);
                context.register_table(*name, provider).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn is_opened(&self, name: &str) -> bool {
        self.opened.as_ref().is_none_or(|names| names.contains(name))
    }
}

//! The warehouse: tables registered, marts refreshed, questions answered.

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
use crate::refresh::{
    self, CheckSummary, Kept, MOVED, Made, ModelReport, OF_TICKETS, Part, Refresh, RefreshReport,
    RefreshScope, Replaced, TELLING, TICKET, Tickets, Touched, Untold,
};
use crate::session::{self, EVER_ASSIGNED, Sessions};
use crate::store::{Parts, Store};

/// Tables that are opened at a time. Each holds a thread that waits for others, of which a process has some hundreds: more
/// at a time could use them up.
const OPENED_AT_ONCE: usize = 4;

/// What all marts of a refresh have in common.
#[derive(Clone, Copy)]
struct Moment<'a> {
    /// As of when they are made, in seconds since the epoch.
    as_of: i64,
    /// Collected tables that are missing.
    missing: &'a BTreeSet<&'static str>,
}

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
        self.reopen().await
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
        self.reopen().await
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

    async fn remake(
        &self,
        as_of: i64,
        scope: RefreshScope,
        may_be_seen: impl Fn(&[ModelReport]) -> bool,
    ) -> Result<RefreshReport, Error> {
        self.options.engine.release(self.store.lake()).await.map_err(Error::engine)?;
        let context = self.source_context().await?;
        let missing = refresh::missing_tables(&context).await.map_err(Error::engine)?;
        let moment = Moment { as_of, missing: &missing };
        let (mut made, months) = match scope {
            RefreshScope::Touched(touched) => Box::pin(self.make_touched(&context, moment, &touched)).await?,
            RefreshScope::Full => (Box::pin(self.make_all(&context, moment)).await?, None),
        };
        let is_published = may_be_seen(&made.models);
        if is_published {
            made.staging.publish(&self.store).await?;
        }
        let results = self.make_results(&context, moment, &made.models, is_published).await?;
        results.staging.publish(&self.store).await?;
        made.models.extend(results.models);
        self.options.engine.release(self.store.lake()).await.map_err(Error::engine)?;
        self.reopen().await?;
        Ok(RefreshReport { as_of, models: made.models, months, is_published, warnings: self.warnings() })
    }

    /// Answers a statement that only reads: SELECT, EXPLAIN, SHOW, DESCRIBE over tables, staging views and marts.
    pub async fn query(&self, sql: &str) -> Result<SendableRecordBatchStream, Error> {
        let context = self.reading.read().unwrap_or_else(PoisonError::into_inner).clone();
        let context = match context {
            Some(context) => context,
            None => self.reading_context().await?,
        };
        query::stream(query::plan(&context, sql).await?).await
    }

    /// What names the content of each mart that is kept, part by part, by which a reader elsewhere tells what he has
    /// already. Opens the tables anew: what is read from now on is as new as the names, or newer.
    pub async fn contents(&self) -> Result<BTreeMap<String, Parts>, Error> {
        let mut marts = BTreeMap::new();
        for mart in self.catalogue.marts() {
            let partition = mart.description.partition.as_deref();
            marts.extend(
                self.store.parts(&mart.name, partition).await?.map(|parts| (mart.name.clone(), parts)),
            );
        }
        self.reopen().await?;
        Ok(marts)
    }

    /// Keeps the columns of marts that these statements read in memory, until the tables are opened anew: a whole mart
    /// or none of it, as long as there is room. The others are read from their files, as before, and so are all on a
    /// cluster, whose executors have no memory of ours. Tells whether there was room for all of them.
    pub async fn hold(&self, statements: &[String], room: &Room) -> Result<bool, Error> {
        let asked = self.reading.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(asked) = asked.filter(|_| matches!(self.options.engine, Engine::Embedded)) else {
            return Ok(true);
        };
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

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.options.schedules.is_empty() {
            warnings.push("no schedule is configured: business times are NULL".to_owned());
        }
        if self.options.tiers.is_empty() {
            warnings.push("no tiers are configured: moves to a higher tier cannot be told".to_owned());
        }
        warnings
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

    async fn reopen(&self) -> Result<(), Error> {
        let context = self.reading_context().await?;
        *self.reading.write().unwrap_or_else(PoisonError::into_inner) = Some(context);
        Ok(())
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

    /// The marts by which the tickets of a partial refresh are found; none where every mart has to be made whole: one is
    /// missing, or has other columns now, or they hold as of a later instant, or other tables were missing then.
    async fn kept(&self, context: &SessionContext, moment: Moment<'_>) -> Result<Option<Kept>, Error> {
        let missing = refresh::missing_in_marts(&self.store, &self.options.engine, context).await?;
        if missing != *moment.missing {
            return Ok(None);
        }
        let mut telling = [None, None];
        for model in self.catalogue.marts().filter(|model| is_of_tickets(model)) {
            let Some(table) = self.provider(&model.name, context).await? else { return Ok(None) };
            let schema = table.schema();
            let kept: BTreeSet<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            let described: BTreeSet<&str> =
                model.description.columns.iter().map(|column| column.name.as_str()).collect();
            if kept != described {
                return Ok(None);
            }
            if let Some(place) = TELLING.iter().position(|name| *name == model.name) {
                telling[place] = Some(context.read_table(table).map_err(Error::engine)?);
            }
        }
        let [Some(metrics), Some(targets)] = telling else { return Ok(None) };
        let kept = Kept::of(metrics, targets).await.map_err(Error::engine)?;
        Ok(kept.filter(|kept| !kept.is_newer_than(moment.as_of)))
    }

    /// Makes everything: at once, or some months of creation at a time where all would not fit into memory.
    async fn make_all(&self, context: &SessionContext, moment: Moment<'_>) -> Result<Made, Error> {
        let parts = self.parts(context, None).await?;
        if parts.len() < 2 {
            let steps = refresh::steps(&self.catalogue, |model| !self.catalogue.is_about_checks(model));
            return self.run(context, moment, None).run(&steps).await;
        }
        let assigned = context.table(EVER_ASSIGNED).await.map_err(Error::engine)?;
        let assigned = self.held_assigned(assigned).await?;
        self.make_parts(moment, &parts, assigned).await
    }

    /// Makes the rows of the tickets that may have others now, and what sums over all tickets. Tells the months in which
    /// those tickets were created, too; none where everything had to be made.
    async fn make_touched(
        &self,
        context: &SessionContext,
        moment: Moment<'_>,
        touched: &Touched,
    ) -> Result<(Made, Option<BTreeSet<String>>), Error> {
        let Some(kept) = self.kept(context, moment).await? else {
            return Ok((self.make_all(context, moment).await?, None));
        };
        let assigned = refresh::assigned(context, touched).await.map_err(Error::engine)?;
        let assigned = self.held_assigned(assigned).await?;
        let everyone = context.read_table(Arc::clone(&assigned)).map_err(Error::engine)?;
        let newcomers = refresh::newcomers(context, everyone).await.map_err(Error::engine)?;
        let moved = kept.moved(context, touched, &newcomers).await.map_err(Error::engine)?;
        let (schema, rows) = refresh::evaluated(moved).await.map_err(Error::engine)?;
        let rows = rows.into_iter().flatten().collect::<Vec<_>>();
        let held = self.options.engine.hold(self.store.lake(), MOVED, schema, vec![rows.clone()]).await;
        let tickets = Tickets::new(&rows, held.map_err(Error::engine)?);
        let mut parts = self.parts(context, Some(&tickets)).await?;
        // What is kept of a ticket that is no longer there goes with the first part.
        let mut gone = kept.months(&tickets).await.map_err(Error::engine)?;
        gone.retain(|month| parts.iter().all(|part| !part.months.contains(month)));
        match parts.first_mut() {
            Some(first) => first.months.extend(gone),
            None => parts.push(Part { months: gone, tickets: Some(tickets) }),
        }
        let months = parts.iter().flat_map(|part| part.months.iter().cloned()).collect();
        Ok((self.make_parts(moment, &parts, assigned).await?, Some(months)))
    }

    /// Makes the marts of tickets, one part after the other, then those that sum over all tickets from the former as
    /// they will be.
    async fn make_parts(
        &self,
        moment: Moment<'_>,
        parts: &[Part],
        assigned: Arc<dyn TableProvider>,
    ) -> Result<Made, Error> {
        let mut made = Made::default();
        for part in parts {
            let context = self.source_context().await?;
            session::replace_ever_assigned(&context, Arc::clone(&assigned)).map_err(Error::engine)?;
            refresh::narrow(&context, part).await.map_err(Error::engine)?;
            if part.tickets.is_some() {
                self.hold_rows_of_tickets(&context).await?;
            }
            let steps = refresh::steps(&self.catalogue, is_of_tickets);
            let replaced = Replaced::of(part);
            made.extend(self.run(&context, moment, replaced).run(&steps).await?);
        }
        let context = self.source_context().await?;
        let own = self.sessions.open_embedded().map_err(Error::engine)?;
        for mart in made.staging.marts() {
            let failed = |source| Error::table("register", &mart.name, source);
            let staged = mart.frame(&self.store, &own).await?;
            let placed = self.options.engine.place(self.store.lake(), &mart.name, staged).await;
            context.register_table(&mart.name, placed.map_err(failed)?).map_err(failed)?;
        }
        let is_sum = |model: &Model| !is_of_tickets(model) && !self.catalogue.is_about_checks(model);
        let steps = refresh::steps(&self.catalogue, is_sum);
        made.extend(self.run(&context, moment, None).run(&steps).await?);
        Ok(made)
    }

    /// Evaluates the narrowed tables once. Scattered tickets lie in every file, and each model would read them all.
    async fn hold_rows_of_tickets(&self, context: &SessionContext) -> Result<(), Error> {
        for name in OF_TICKETS {
            let frame = context.table(name).await.map_err(Error::engine)?;
            let held = refresh::held(&self.options.engine, self.store.lake(), name, frame).await;
            let (_, table) = held.map_err(Error::engine)?;
            session::replace_table(context, name, table).map_err(Error::engine)?;
        }
        Ok(())
    }

    /// Everyone whom a ticket was ever assigned to, evaluated once for all parts: it reads every event.
    async fn held_assigned(&self, assigned: DataFrame) -> Result<Arc<dyn TableProvider>, Error> {
        let held = refresh::held(&self.options.engine, self.store.lake(), EVER_ASSIGNED, assigned).await;
        held.map(|(_, table)| table).map_err(Error::engine)
    }

    /// Makes the marts about what the checks found.
    async fn make_results(
        &self,
        context: &SessionContext,
        moment: Moment<'_>,
        models: &[ModelReport],
        is_published: bool,
    ) -> Result<Made, Error> {
        session::register_check_results(context, models, is_published).map_err(Error::engine)?;
        let steps = refresh::steps(&self.catalogue, |model| self.catalogue.is_about_checks(model));
        self.run(context, moment, None).run(&steps).await
    }

    /// All tickets, or these, in parts that fit into memory one after the other.
    async fn parts(&self, context: &SessionContext, tickets: Option<&Tickets>) -> Result<Vec<Part>, Error> {
        refresh::parts(context, tickets, self.options.memory_limit_bytes).await.map_err(Error::engine)
    }

    fn run(&self, context: &SessionContext, moment: Moment<'_>, replaced: Option<Replaced>) -> Refresh {
        Refresh {
            context: context.clone(),
            store: self.store.clone(),
            engine: self.options.engine.clone(),
            parameters: self.parameters(moment.as_of),
            missing: moment.missing.clone(),
            replaced,
        }
    }
}

/// Whether each row of a mart is about one ticket and made from the rows of that ticket alone.
fn is_of_tickets(model: &Model) -> bool {
    let mut columns = model.description.columns.iter();
    model.description.partition.is_some() && columns.any(|column| column.name == TICKET)
}

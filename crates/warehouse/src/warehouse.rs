//! The warehouse: tables registered, marts refreshed, questions answered.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use datafusion::catalog::TableProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;

use crate::Error;
use crate::business_time::Schedules;
use crate::models::{Catalogue, Layer, Model};
use crate::options::WarehouseOptions;
use crate::query;
use crate::refresh::{self, ModelReport, Refresh, RefreshReport, RefreshScope, Touched};
use crate::session::{self, Sessions};
use crate::store::Store;

/// Tables of one connection, the models over them, and an engine.
pub struct Warehouse {
    options: WarehouseOptions,
    catalogue: Catalogue,
    sessions: Sessions,
    store: Store,
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
        Ok(Self { options, catalogue, sessions, store: Store::Empty, reading: RwLock::new(None) })
    }

    /// Opens the tables of a store: what it lacks is typed and empty. Open again to see new versions.
    pub async fn open(&mut self, store: impl Into<Store>) -> Result<(), Error> {
        self.store = store.into();
        self.reopen().await
    }

    /// Every model, with its description and lineage.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Remakes marts as of `as_of` (seconds since the epoch): events after it do not count.
    pub async fn refresh(&self, as_of: i64, scope: RefreshScope) -> Result<RefreshReport, Error> {
        self.options.engine.release(self.store.lake()).await.map_err(Error::engine)?;
        let models = match scope {
            RefreshScope::Touched(touched) if self.has_monthly_marts().await? => {
                self.refresh_touched(as_of, &touched).await?
            }
            RefreshScope::Full | RefreshScope::Touched(_) => self.refresh_all(as_of).await?,
        };
        self.options.engine.release(self.store.lake()).await.map_err(Error::engine)?;
        self.reopen().await?;
        Ok(RefreshReport { as_of, models, warnings: self.warnings() })
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

    async fn reopen(&self) -> Result<(), Error> {
        let context = self.reading_context().await?;
        *self.reading.write().unwrap_or_else(PoisonError::into_inner) = Some(context);
        Ok(())
    }

    /// An engine with the collected tables as they are now.
    async fn source_context(&self) -> Result<SessionContext, Error> {
        let context = self.sessions.open().map_err(Error::engine)?;
        for table in deskmeter_tables::ALL {
            let failed = |source| Error::table("register", table.name, source);
            match self.provider(table.name, &context).await? {
                // The column that tells connections apart is no column of the contract.
                Some(provider) if self.is_union() => {
                    context.register_table(table.name, provider).map(drop).map_err(failed)?;
                }
                Some(provider) => session::register_collected(&context, table, provider).map_err(failed)?,
                None => session::register_empty(&context, table).map_err(failed)?,
            }
        }
        session::register_ever_assigned(&context).await.map_err(Error::engine)?;
        Ok(context)
    }

    /// An engine with tables, staging views and those marts that exist.
    async fn reading_context(&self) -> Result<SessionContext, Error> {
        let context = self.source_context().await?;
        self.register_marts(&context, |_| true).await?;
        // Staging views join and number rows of one connection: over several they would mix them.
        if self.is_union() {
            return Ok(context);
        }
        for model in self.catalogue.models().iter().filter(|model| model.layer == Layer::Staging) {
            let failed = |source| Error::model(&model.name, source);
            let plan = refresh::bound_plan(&context, model, &[]).await.map_err(failed)?;
            let view = datafusion::prelude::DataFrame::new(context.state(), plan).into_view();
            context.register_table(&model.name, view).map_err(failed)?;
        }
        Ok(context)
    }

    async fn register_marts(
        &self,
        context: &SessionContext,
        is_wanted: impl Fn(&Model) -> bool,
    ) -> Result<(), Error> {
        for model in self.catalogue.marts().filter(|model| is_wanted(model)) {
            if let Some(provider) = self.provider(&model.name, context).await? {
                let failed = |source| Error::table("register", &model.name, source);
                context.register_table(&model.name, provider).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Whether every mart that is kept by months is there, with the columns that it has now.
    async fn has_monthly_marts(&self) -> Result<bool, Error> {
        let context = self.sessions.open().map_err(Error::engine)?;
        for model in self.catalogue.marts().filter(|model| has_months(model)) {
            let Some(table) = self.provider(&model.name, &context).await? else { return Ok(false) };
            let schema = table.schema();
            let kept: BTreeSet<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            let described: BTreeSet<&str> =
                model.description.columns.iter().map(|column| column.name.as_str()).collect();
            if kept != described {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Remakes everything: at once, or some months of creation at a time where all would not fit into memory.
    async fn refresh_all(&self, as_of: i64) -> Result<Vec<ModelReport>, Error> {
        let context = self.source_context().await?;
        let parts = refresh::parts(&context, self.options.memory_limit_bytes).await.map_err(Error::engine)?;
        if parts.len() < 2 {
            let steps = refresh::steps(&self.catalogue, |_| true);
            return self.run(&context, as_of, None).run(&steps).await;
        }
        let mut are_kept = self.has_monthly_marts().await?;
        let mut reports = Vec::new();
        for months in &parts {
            let part = self.refresh_months(as_of, months, are_kept.then_some(months)).await?;
            refresh::add_up(&mut reports, part);
            are_kept = true;
        }
        reports.extend(self.refresh_sums(as_of).await?);
        Ok(reports)
    }

    /// Remakes the touched months of the marts that have months, then the others from all months. Months that hold
    /// an unsolved ticket count as touched: ages and running targets move with time alone.
    async fn refresh_touched(&self, as_of: i64, touched: &Touched) -> Result<Vec<ModelReport>, Error> {
        let context = self.source_context().await?;
        let months = refresh::touched_months(&context, touched).await.map_err(Error::engine)?;
        let mut reports = self.refresh_months(as_of, &months, Some(&months)).await?;
        reports.extend(self.refresh_sums(as_of).await?);
        Ok(reports)
    }

    /// Makes the monthly marts of the tickets of these months. They replace `replaced`, or else all.
    async fn refresh_months(
        &self,
        as_of: i64,
        months: &BTreeSet<String>,
        replaced: Option<&BTreeSet<String>>,
    ) -> Result<Vec<ModelReport>, Error> {
        let context = self.source_context().await?;
        refresh::narrow(&context, months).await.map_err(Error::engine)?;
        let steps = refresh::steps(&self.catalogue, has_months);
        self.run(&context, as_of, replaced).run(&steps).await
    }

    /// Makes the marts that sum over all months, from the monthly ones as they are kept.
    async fn refresh_sums(&self, as_of: i64) -> Result<Vec<ModelReport>, Error> {
        let context = self.source_context().await?;
        self.register_marts(&context, has_months).await?;
        let steps = refresh::steps(&self.catalogue, |model| !has_months(model));
        self.run(&context, as_of, None).run(&steps).await
    }

    fn run<'a>(
        &'a self,
        context: &'a SessionContext,
        as_of: i64,
        months: Option<&'a BTreeSet<String>>,
    ) -> Refresh<'a> {
        let parameters = refresh::parameters(as_of, self.options.definitions);
        Refresh { context, store: &self.store, engine: &self.options.engine, parameters, months }
    }
}

fn has_months(model: &Model) -> bool {
    model.description.partition.is_some()
}

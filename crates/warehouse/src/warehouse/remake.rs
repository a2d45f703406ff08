//! Makes marts: which tickets, in which parts, in which order, and when readers see them.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::Result as EngineResult;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::future::try_join_all;

use super::{OPENED_AT_ONCE, Warehouse};
use crate::Error;
use crate::models::Model;
use crate::refresh::{
    self, Day, FirstDays, Kept, MOVED, Made, ModelReport, OF_TICKETS, Part, Refresh, RefreshReport,
    RefreshScope, Replaced, Since, TELLING, Tickets, Touched, of_task,
};
use crate::session::{self, EVER_ASSIGNED};
use crate::staging::StagedMart;

/// What all marts of a refresh have in common.
#[derive(Clone, Copy)]
struct Moment<'a> {
    /// As of when they are made, in seconds since the epoch.
    as_of: i64,
    /// Collected tables that are missing.
    missing: &'a BTreeSet<&'static str>,
}

/// What is known of an account before its tickets are made in parts.
struct Known {
    /// Everyone whom a ticket was ever assigned to.
    assigned: Arc<dyn TableProvider>,
    /// Where all tickets are made anew, those that will soon be made anew.
    restless: Arc<HashSet<i64>>,
    /// Where some are, the day of the former watermark.
    day: Option<Day>,
}

impl Warehouse {
    pub(super) async fn remake(
        &self,
        as_of: i64,
        scope: RefreshScope,
        may_be_seen: impl Fn(&[ModelReport]) -> bool,
    ) -> Result<RefreshReport, Error> {
        self.options.engine.release(self.store.lake()).await.map_err(Error::engine)?;
        // From here to the end every table is read at one version.
        self.store.let_go();
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
        self.let_go();
        Ok(RefreshReport { as_of, models: made.models, months, is_published, warnings: self.warnings() })
    }

    /// The marts by which the tickets of a partial refresh are found; none where every mart has to be made whole: one whose
    /// rows are kept is missing, or has other columns now, or they hold as of a later instant, or other tables were missing then.
    async fn kept(&self, context: &SessionContext, moment: Moment<'_>) -> Result<Option<Kept>, Error> {
        let missing = refresh::missing_in_marts(&self.store, &self.options.engine, context).await?;
        if missing != *moment.missing {
            return Ok(None);
        }
        let mut telling = [None, None];
        let is_kept = |model: &&Model| model.is_of_tickets() || model.description.days.is_some();
        let marts: Vec<&Model> = self.catalogue.marts().filter(is_kept).collect();
        let names: Vec<&str> = marts.iter().map(|model| model.name.as_str()).collect();
        for (model, table) in marts.into_iter().zip(self.providers(&names, context).await?) {
            let Some(table) = table else { return Ok(None) };
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

    /// Makes everything: at once, or some months of creation at a time, or pieces of one, where all would not fit into
    /// memory.
    async fn make_all(&self, context: &SessionContext, moment: Moment<'_>) -> Result<Made, Error> {
        let restless = Arc::new(refresh::unsolved(context).await.map_err(Error::engine)?);
        let parts = self.parts(context, None).await?;
        if parts.len() < 2 {
            let steps = refresh::steps(&self.catalogue, |model| !self.catalogue.is_about_checks(model));
            let run = Refresh { restless, ..self.run(context, moment) };
            return run.run(&steps).await;
        }
        let assigned = context.table(EVER_ASSIGNED).await.map_err(Error::engine)?;
        let assigned = of_task(self.begin_assigned(assigned).join().await)?.map_err(Error::engine)?;
        self.make_parts(moment, &parts, Known { assigned, restless, day: None }).await
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
        // It reads every event: what can be found meanwhile is.
        let assigned = refresh::assigned(context, touched).await.map_err(Error::engine)?;
        let assigned = self.begin_assigned(assigned);
        let mut parts = self.moved_parts(context, &kept, touched, &[]).await?;
        let assigned = of_task(assigned.join().await)?.map_err(Error::engine)?;
        let everyone = context.read_table(Arc::clone(&assigned)).map_err(Error::engine)?;
        let newcomers = refresh::newcomers(context, everyone).await.map_err(Error::engine)?;
        if !newcomers.is_empty() {
            parts = self.moved_parts(context, &kept, touched, &newcomers).await?;
        }
        let months = parts.iter().flat_map(|part| part.months.iter().cloned()).collect();
        let known = Known { assigned, restless: Arc::default(), day: kept.day() };
        Ok((self.make_parts(moment, &parts, known).await?, Some(months)))
    }

    /// The tickets that may have other rows now, with what newcomers wrote on among them.
    async fn moved_parts(
        &self,
        context: &SessionContext,
        kept: &Kept,
        touched: &Touched,
        newcomers: &[String],
    ) -> Result<Vec<Part>, Error> {
        let moved = kept.moved(context, touched, newcomers).await.map_err(Error::engine)?;
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
            None => parts.push(Part::of_months(gone, Some(tickets))),
        }
        Ok(parts)
    }

    /// Makes the marts of tickets, one part after the other, then those that sum over all tickets from the former as
    /// they will be: all days, or where the parts are some tickets those from which on they count otherwise than they
    /// did.
    async fn make_parts(&self, moment: Moment<'_>, parts: &[Part], known: Known) -> Result<Made, Error> {
        let mut made = Made::default();
        for part in parts {
            let context = self.source_context().await?;
            session::replace_ever_assigned(&context, Arc::clone(&known.assigned)).map_err(Error::engine)?;
            refresh::narrow(&context, part).await.map_err(Error::engine)?;
            if part.tickets.is_some() {
                self.hold_rows_of_tickets(&context).await?;
            }
            let steps = refresh::steps(&self.catalogue, Model::is_of_tickets);
            let replaced = Replaced::of(part, &self.catalogue);
            let restless = Arc::clone(&known.restless);
            let run = Refresh { replaced, restless, ..self.run(&context, moment) };
            made.extend(run.run(&steps).await?);
        }
        let context = self.source_context().await?;
        for marts in made.staging.marts().chunks(OPENED_AT_ONCE) {
            let placed: Vec<_> = marts.iter().map(|mart| self.place(mart, &context)).collect();
            try_join_all(placed).await?;
        }
        let mut first_days = FirstDays::new();
        made.staging.marts().iter().for_each(|mart| refresh::join(&mut first_days, &mart.first_days));
        let since = known.day.map(|last| Since::of(&self.catalogue, &first_days, last)).unwrap_or_default();
        let is_sum = |model: &Model| !model.is_of_tickets() && !self.catalogue.is_about_checks(model);
        let steps = refresh::steps(&self.catalogue, is_sum);
        let run = Refresh { since, ..self.run(&context, moment) };
        made.extend(run.run(&steps).await?);
        Ok(made)
    }

    /// Evaluates the narrowed tables once. Scattered tickets lie in every file, and each model would read them all.
    async fn hold_rows_of_tickets(&self, context: &SessionContext) -> Result<(), Error> {
        let held = OF_TICKETS.map(|name| self.hold_rows(name, context));
        try_join_all(held).await.map(drop).map_err(Error::engine)
    }

    async fn hold_rows(&self, name: &str, context: &SessionContext) -> EngineResult<()> {
        let frame = context.table(name).await?;
        let (_, table) = refresh::held(&self.options.engine, self.store.lake(), name, frame).await?;
        session::replace_table(context, name, table)
    }

    /// Lets models read a mart as it will be.
    async fn place(&self, mart: &StagedMart, context: &SessionContext) -> Result<(), Error> {
        let table = mart.table(&self.store, context, &self.options.engine).await?;
        let placed = context.register_table(&mart.name, table).map(drop);
        placed.map_err(|source| Error::table("register", &mart.name, source))
    }

    /// Everyone whom a ticket was ever assigned to, evaluated once for all parts. Whoever drops it ends it.
    fn begin_assigned(&self, assigned: DataFrame) -> SpawnedTask<EngineResult<Arc<dyn TableProvider>>> {
        let (engine, store) = (self.options.engine.clone(), self.store.clone());
        SpawnedTask::spawn(async move {
            let held = refresh::held(&engine, store.lake(), EVER_ASSIGNED, assigned).await;
            held.map(|(_, table)| table)
        })
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
        self.run(context, moment).run(&steps).await
    }

    /// All tickets, or these, in parts that fit into memory one after the other.
    async fn parts(&self, context: &SessionContext, tickets: Option<&Tickets>) -> Result<Vec<Part>, Error> {
        refresh::parts(context, tickets, self.options.memory_limit_bytes).await.map_err(Error::engine)
    }

    fn run(&self, context: &SessionContext, moment: Moment<'_>) -> Refresh {
        Refresh {
            context: context.clone(),
            store: self.store.clone(),
            engine: self.options.engine.clone(),
            parameters: self.parameters(moment.as_of),
            missing: moment.missing.clone(),
            replaced: None,
            restless: Arc::default(),
            since: Since::default(),
        }
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
}

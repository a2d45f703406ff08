//! Evaluates the steps of a refresh in one engine.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::common::runtime::SpawnedTask;
use datafusion::dataframe::DataFrame;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::{ExprSchemable as _, LogicalPlan};
use datafusion::physical_plan::collect_partitioned;
use datafusion::prelude::{SessionContext, col, ident, lit};
use deskmeter_lake::ConnectionLake;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::task::JoinSet;

use super::keeping::{Keeping, Rows, of_task};
use super::merging::Replaced;
use super::missing;
use super::order::Order;
use super::plan::{Form, Step};
use super::since::Since;
use super::{ModelReport, add_up, checks};
use crate::models::{self, Model};
use crate::options::Definitions;
use crate::session::replace_table;
use crate::staging::Staging;
use crate::store::Store;
use crate::{Engine, Error};

/// Marts whose checks are asked at a time.
const CHECKED_AT_ONCE: usize = 2;

/// One run over a list of steps.
pub(crate) struct Refresh {
    pub(crate) context: SessionContext,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Collected tables that are missing.
    pub(crate) missing: BTreeSet<&'static str>,
    /// The tickets that are made anew, where the rows of others are kept.
    pub(crate) replaced: Option<Replaced>,
    /// Where all tickets are made anew, those that a partial refresh is likely to make anew soon.
    pub(crate) restless: Arc<HashSet<i64>>,
    /// From which day on sums are made anew, where the days before are kept.
    pub(crate) since: Since,
}

/// A step that is done.
struct Done {
    report: ModelReport,
    /// The rows of a mart.
    kept: Option<Rows>,
}

/// What a run made: reports, and marts that nobody sees yet.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) models: Vec<ModelReport>,
    pub(crate) staging: Staging,
}

impl Made {
    /// Adds a further run: of other models, or of other months of the same ones.
    pub(crate) fn extend(&mut self, other: Self) {
        add_up(&mut self.models, other.models);
        self.staging.extend(other.staging);
    }
}

impl Refresh {
    /// Evaluates every step, each after those that it reads: two at a time, and one by itself that found too little
    /// memory beside another. While the next models are evaluated, the marts before them are checked and written.
    pub(crate) async fn run(self, steps: &[Step<'_>]) -> Result<Made, Error> {
        let refresh = Arc::new(self);
        let mut order = Order::of(steps);
        let mut keeping = Keeping::default();
        let mut under_way = JoinSet::new();
        let mut reports = BTreeMap::new();
        loop {
            while let Some((place, step)) = order.begin().and_then(|place| Some((place, steps.get(place)?))) {
                let (refresh, model, form) = (Arc::clone(&refresh), step.model.clone(), step.form);
                under_way.spawn(async move { (place, refresh.step(model, form).await) });
            }
            let Some(ended) = under_way.join_next().await else { break };
            let (place, done) = of_task(ended)?;
            let done = match done {
                Err(error) if error.is_about_memory() && order.retry(place) => continue,
                done => done?,
            };
            if let (Some(rows), Some(step)) = (done.kept, steps.get(place)) {
                keeping.begin(place, &refresh, step.model, rows).await?;
            }
            for step in order.end(place).into_iter().filter_map(|place| steps.get(place)) {
                let failed = |source| Error::model(&step.model.name, source);
                refresh.context.deregister_table(&step.model.name).map_err(failed)?;
            }
            reports.insert(place, done.report);
        }
        refresh.finish(steps, reports.into_values().collect(), keeping).await
    }

    /// Waits for the marts that are still written, and asks the checks that read whole tables.
    async fn finish(
        &self,
        steps: &[Step<'_>],
        models: Vec<ModelReport>,
        keeping: Keeping,
    ) -> Result<Made, Error> {
        let mut made = Made { models, ..Made::default() };
        for kept in keeping.finish().await? {
            if let Some(report) = made.models.iter_mut().find(|report| report.name == kept.mart.name) {
                report.checks = kept.checks;
            }
            made.staging.put(kept.mart);
        }
        let marts = steps.iter().zip(&mut made.models).filter(|(step, _)| step.form == Form::Kept);
        let asked: Vec<_> = marts.map(|(step, report)| self.ask(step.model, report)).collect();
        stream::iter(asked).buffered(CHECKED_AT_ONCE).try_collect::<()>().await?;
        Ok(made)
    }

    /// Asks the checks of a mart that read other tables, too.
    async fn ask(&self, model: &Model, report: &mut ModelReport) -> Result<(), Error> {
        let rows = report.rows.unwrap_or_default();
        let described = missing::described(model, &self.missing).into_owned();
        let (context, parameters) = (self.context.clone(), self.parameters.clone());
        let checks = async move { checks::of_tables(&described, &context, &parameters, rows).await };
        let found = of_task(SpawnedTask::spawn(checks).join().await)?;
        report.checks.extend(found.map_err(|source| Error::model(&model.name, source))?);
        Ok(())
    }

    async fn step(&self, model: Model, form: Form) -> Result<Done, Error> {
        let started = Instant::now();
        let failed = |source| Error::model(&model.name, source);
        let plan = bound_plan(&self.context, &model, &self.parameters_of(&model)).await;
        let plan = plan.map_err(|source| Error::of_plan(&model.name, source))?;
        let frame = DataFrame::new(self.context.state(), plan);
        let (rows, kept) = match form {
            Form::View => {
                replace_table(&self.context, &model.name, frame.into_view()).map_err(failed)?;
                (None, None)
            }
            Form::Memory => (Some(self.hold(&model, frame).await.map_err(failed)?), None),
            Form::Kept => {
                let frame = missing::told(frame, &model, &self.missing).map_err(failed)?;
                let frame = self.after_kept_days(&model, frame).await?;
                let kept = self.keep(&missing::described(&model, &self.missing), frame).await?;
                (Some(kept.1.iter().map(|batch| batch.num_rows() as u64).sum()), Some(kept))
            }
        };
        let report = ModelReport {
            name: model.name,
            layer: model.layer,
            rows,
            elapsed: started.elapsed(),
            checks: Vec::new(),
        };
        Ok(Done { report, kept })
    }

    fn parameters_of(&self, model: &Model) -> Vec<(&'static str, String)> {
        let mut parameters = self.parameters.clone();
        if let Some(day) = self.since.get(model) {
            parameters.retain(|(name, _)| *name != SINCE);
            parameters.push((SINCE, instant(i64::from(day) * 86_400)));
        }
        parameters
    }

    /// Behind the rows of the days that are kept, where some are, those of the others.
    async fn after_kept_days(&self, model: &Model, frame: DataFrame) -> Result<DataFrame, Error> {
        let (Some(day), Some(days)) = (self.since.get(model), &model.description.days) else {
            return Ok(frame);
        };
        let Some(kept) = self.store.provider(&model.name, &self.context, &self.engine).await? else {
            let gone = DataFusionError::Execution("the rows of the days before are gone".to_owned());
            return Err(Error::model(&model.name, gone));
        };
        let since = lit(ScalarValue::Date32(Some(day)));
        let kept = self.context.read_table(kept).and_then(|kept| {
            let columns: Vec<&str> = model.description.columns.iter().map(|it| it.name.as_str()).collect();
            kept.filter(ident(&days.column).lt(since.clone()))?.select_columns(&columns)
        });
        let schema = storable_schema(frame.schema().inner());
        let columns = schema.fields().iter().map(|field| {
            Ok(ident(field.name()).cast_to(field.data_type(), frame.schema())?.alias(field.name()))
        });
        let joined = columns.collect::<EngineResult<Vec<_>>>().and_then(|columns| {
            // What has no day is made anew each time.
            let is_new = ident(&days.column).gt_eq(since).or(ident(&days.column).is_null());
            kept?.union(frame.filter(is_new)?.select(columns)?)
        });
        joined.map_err(|source| Error::model(&model.name, source))
    }

    async fn hold(&self, model: &Model, frame: DataFrame) -> EngineResult<u64> {
        let (rows, table) = held(&self.engine, self.store.lake(), &model.name, frame).await?;
        replace_table(&self.context, &model.name, table)?;
        Ok(rows)
    }

    /// The rows of a mart, which the engine can read from now on.
    async fn keep(&self, model: &Model, frame: DataFrame) -> Result<Rows, Error> {
        let failed = |source| Error::model(&model.name, source);
        let schema = storable_schema(frame.schema().inner());
        let batches = in_key_order(model, frame).map_err(failed)?.collect().await.map_err(failed)?;
        let batches: Vec<RecordBatch> = batches
            .iter()
            .filter(|batch| batch.num_rows() > 0)
            .map(|batch| storable(batch, &schema))
            .collect::<Result<_, _>>()
            .map_err(|source| failed(source.into()))?;
        let rows = (Arc::clone(&schema), batches.clone());
        let held =
            self.engine.hold(self.store.lake(), &model.name, schema, vec![batches]).await.map_err(failed)?;
        replace_table(&self.context, &model.name, held).map_err(failed)?;
        Ok(rows)
    }
}

/// The rows of a frame, evaluated once.
pub(crate) async fn evaluated(frame: DataFrame) -> EngineResult<(SchemaRef, Vec<Vec<RecordBatch>>)> {
    let context = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await?;
    let schema = nullable(&plan.schema());
    Ok((schema, collect_partitioned(plan, context).await?))
}

/// The rows of a frame, evaluated once, where the engine can read them again; and how many there are.
pub(crate) async fn held(
    engine: &Engine,
    lake: Option<&ConnectionLake>,
    name: &str,
    frame: DataFrame,
) -> EngineResult<(u64, Arc<dyn TableProvider>)> {
    let (schema, partitions) = evaluated(frame).await?;
    let rows = partitions.iter().flatten().map(RecordBatch::num_rows).sum::<usize>() as u64;
    Ok((rows, engine.hold(lake, name, schema, partitions).await?))
}

/// Rows in the order of their key: the same rows make the same file, and then nothing is written.
fn in_key_order(model: &Model, frame: DataFrame) -> EngineResult<DataFrame> {
    let key: Vec<_> = model.description.key.iter().map(|name| col(name.as_str()).sort(true, false)).collect();
    if key.is_empty() { Ok(frame) } else { frame.sort(key) }
}

/// Name of the parameter that tells from which instant on sums by day are made anew.
const SINCE: &str = "since";
/// 0001-01-01T00:00Z, before all that happened, in seconds since the epoch.
const BEGINNING: i64 = -62_135_596_800;

/// The values of `$as_of`, `$definitions` and `$since`, as SQL: sums are made of all days.
pub(crate) fn parameters(as_of: i64, definitions: Definitions) -> Vec<(&'static str, String)> {
    vec![
        ("as_of", instant(as_of)),
        ("definitions", format!("'{}'", definitions.name())),
        (SINCE, instant(BEGINNING)),
    ]
}

fn instant(seconds: i64) -> String {
    let micros = seconds.saturating_mul(1_000_000);
    format!("arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')")
}

/// The plan of a model with its parameters filled in.
pub(crate) async fn bound_plan(
    context: &SessionContext,
    model: &Model,
    parameters: &[(&'static str, String)],
) -> EngineResult<LogicalPlan> {
    let mut statement = models::parse_one(&model.sql)?;
    models::bind(&mut statement, parameters)?;
    context.state().statement_to_plan(statement).await
}

/// The schema with all columns nullable: what a plan claims not to be NULL may differ from part to part of a union.
fn nullable(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The schema with the types that the lake knows: no views, no unsigned numbers, UTC microseconds.
fn storable_schema(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let data_type = match field.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 | DataType::Int32 => {
                DataType::Int64
            }
            DataType::Timestamp(_, _) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            other => other.clone(),
        };
        Field::new(field.name(), data_type, true)
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn storable(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns: Vec<ArrayRef> =
        columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

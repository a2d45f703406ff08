//! Evaluates the steps of a refresh in one engine.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::collect_partitioned;
use datafusion::prelude::{SessionContext, col};
use deskmeter_lake::ConnectionLake;

use super::keeping::Keeping;
use super::merging::Replaced;
use super::missing;
use super::plan::{Form, Step, last_use};
use super::{ModelReport, add_up, checks};
use crate::models::{self, Model};
use crate::options::Definitions;
use crate::session::replace_table;
use crate::staging::Staging;
use crate::store::Store;
use crate::{Engine, Error};

/// One run over a list of steps.
pub(crate) struct Refresh<'a> {
    pub(crate) context: &'a SessionContext,
    pub(crate) store: &'a Store,
    pub(crate) engine: &'a Engine,
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Collected tables that are missing.
    pub(crate) missing: &'a BTreeSet<&'static str>,
    /// The tickets that are made anew, where the rows of others are kept.
    pub(crate) replaced: Option<Replaced>,
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

impl Refresh<'_> {
    /// Evaluates every step in order. While the next models are evaluated, the marts before them are checked and written.
    pub(crate) async fn run(&self, steps: &[Step<'_>]) -> Result<Made, Error> {
        let released = last_use(steps);
        let mut made = Made::default();
        let mut keeping = Keeping::default();
        for step in steps {
            let report = self.step(step, &mut keeping).await?;
            made.models.push(report);
            for name in released.get(step.model.name.as_str()).into_iter().flatten() {
                self.context.deregister_table(*name).map_err(|source| Error::model(name, source))?;
            }
        }
        for kept in keeping.finish().await? {
            if let Some(report) = made.models.iter_mut().find(|report| report.name == kept.mart.name) {
                report.checks = kept.checks;
            }
            made.staging.put(kept.mart);
        }
        for (step, report) in steps.iter().zip(&mut made.models).filter(|(step, _)| step.form == Form::Kept) {
            let rows = report.rows.unwrap_or_default();
            let model = missing::described(step.model, self.missing);
            let asked = checks::of_tables(&model, self.context, &self.parameters, rows).await;
            report.checks.extend(asked.map_err(|source| Error::model(&step.model.name, source))?);
        }
        Ok(made)
    }

    async fn step(&self, step: &Step<'_>, keeping: &mut Keeping) -> Result<ModelReport, Error> {
        let started = Instant::now();
        let model = step.model;
        let failed = |source| Error::model(&model.name, source);
        let plan = bound_plan(self.context, model, &self.parameters).await;
        let plan = plan.map_err(|source| Error::of_plan(&model.name, source))?;
        let frame = DataFrame::new(self.context.state(), plan);
        let rows = match step.form {
            Form::View => {
                replace_table(self.context, &model.name, frame.into_view()).map_err(failed)?;
                None
            }
            Form::Memory => Some(self.hold(model, frame).await.map_err(failed)?),
            Form::Kept => {
                let frame = missing::told(frame, model, self.missing).map_err(failed)?;
                Some(self.keep(&missing::described(model, self.missing), frame, keeping).await?)
            }
        };
        Ok(ModelReport {
            name: model.name.clone(),
            layer: model.layer,
            rows,
            elapsed: started.elapsed(),
            checks: Vec::new(),
        })
    }

    async fn hold(&self, model: &Model, frame: DataFrame) -> EngineResult<u64> {
        let (rows, table) = held(self.engine, self.store.lake(), &model.name, frame).await?;
        replace_table(self.context, &model.name, table)?;
        Ok(rows)
    }

    async fn keep(&self, model: &Model, frame: DataFrame, keeping: &mut Keeping) -> Result<u64, Error> {
        let failed = |source| Error::model(&model.name, source);
        let schema = storable_schema(frame.schema().inner());
        let batches = in_key_order(model, frame).map_err(failed)?.collect().await.map_err(failed)?;
        let batches: Vec<RecordBatch> = batches
            .iter()
            .filter(|batch| batch.num_rows() > 0)
            .map(|batch| storable(batch, &schema))
            .collect::<Result<_, _>>()
            .map_err(|source| failed(source.into()))?;
        let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64;
        keeping
            .begin(self.store, model, (Arc::clone(&schema), batches.clone()), self.replaced.clone())
            .await?;
        let held =
            self.engine.hold(self.store.lake(), &model.name, schema, vec![batches]).await.map_err(failed)?;
        replace_table(self.context, &model.name, held).map_err(failed)?;
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

/// The values of `$as_of` and `$definitions`, as SQL.
pub(crate) fn parameters(as_of: i64, definitions: Definitions) -> Vec<(&'static str, String)> {
    let micros = as_of.saturating_mul(1_000_000);
    vec![
        ("as_of", format!("arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')")),
        ("definitions", format!("'{}'", definitions.name())),
    ]
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

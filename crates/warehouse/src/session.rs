//! The query engine and what is registered in it.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use deskmeter_tables::Table;

use crate::business_time::{Schedules, functions};
use crate::engine::Engine;
use crate::models::CHECK_RESULTS;
use crate::options::{LabelSpec, WarehouseOptions};
use crate::refresh::{CheckReport, ModelReport};
use crate::spill::spill_in;

/// Makes engines that share one memory limit and one set of schedules.
#[derive(Debug)]
pub(crate) struct Sessions {
    runtime: Arc<RuntimeEnv>,
    config: SessionConfig,
    schedules: Arc<Schedules>,
    tiers: Vec<(i64, u32)>,
    engine: Engine,
    labels: Vec<LabelSpec>,
}

impl Sessions {
    pub(crate) fn new(options: &WarehouseOptions, schedules: Arc<Schedules>) -> Result<Self> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_limit_bytes)))
            .with_disk_manager_builder(spill_in(&std::env::temp_dir()))
            .build_arc()?;
        let config = SessionConfig::new()
            .with_information_schema(true)
            .with_target_partitions(options.target_partitions.max(1))
            // Many small sorts run side by side: the default of 10 MiB each would leave nothing for the rows.
            .set_u64("datafusion.execution.sort_spill_reservation_bytes", 1 << 20)
            .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
            // Short words gain nothing from views, and rows that are joined hold on to the buffers of all rows there
            // were: a sort of 200,000 tickets asked for 29 GB.
            .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
            // What a sort with a limit pushes into a scan while it runs can fail there: a CASE in the order of a question
            // stopped one run in three (`case.rs`, DataFusion 55.2).
            .set_bool("datafusion.execution.parquet.pushdown_filters", false);
        let tiers = options.tiers.iter().map(|(group, tier)| (*group, *tier)).collect();
        let labels = options.labels.clone();
        Ok(Self { runtime, config, schedules, tiers, labels, engine: options.engine.clone() })
    }

    pub(crate) fn schedules(&self) -> &Schedules {
        &self.schedules
    }

    /// A new engine with the functions and the settings tables.
    pub(crate) fn open(&self) -> Result<SessionContext> {
        let context = self.engine.context(self.config.clone(), &self.runtime)?;
        for function in functions(&self.schedules) {
            context.register_udf(function);
        }
        context.register_udwf(crate::fill_down::function());
        register_batch(&context, "config_schedules", self.schedule_rows()?)?;
        register_batch(&context, "config_tiers", self.tier_rows()?)?;
        register_batch(&context, "config_labels", self.label_rows()?)?;
        Ok(context)
    }

    /// A new engine of this process, for rows that no other can read.
    pub(crate) fn open_embedded(&self) -> Result<SessionContext> {
        Engine::Embedded.context(self.config.clone(), &self.runtime)
    }

    fn schedule_rows(&self) -> Result<RecordBatch> {
        let all = self.schedules.all();
        let column = |text: fn(&crate::business_time::Schedule) -> &str| -> ArrayRef {
            Arc::new(all.iter().map(|schedule| Some(text(schedule))).collect::<StringArray>())
        };
        let position: Int64Array = (1..=all.len() as i64).map(Some).collect();
        Ok(RecordBatch::try_from_iter([
            ("position", Arc::new(position) as ArrayRef),
            ("schedule", column(|schedule| &schedule.name)),
            ("time_zone", column(|schedule| &schedule.time_zone)),
        ])?)
    }

    fn tier_rows(&self) -> Result<RecordBatch> {
        let schema = Schema::new(vec![
            Field::new("group_id", DataType::Int64, false),
            Field::new("tier", DataType::Int64, false),
        ]);
        let group: Int64Array = self.tiers.iter().map(|(group, _)| Some(*group)).collect();
        let tier: Int64Array = self.tiers.iter().map(|(_, tier)| Some(i64::from(*tier))).collect();
        Ok(RecordBatch::try_new(Arc::new(schema), vec![Arc::new(group), Arc::new(tier)])?)
    }

    fn label_rows(&self) -> Result<RecordBatch> {
        let schema = Schema::new(vec![
            Field::new("label", DataType::Utf8, false),
            Field::new("is_escalation", DataType::Boolean, false),
            Field::new("tier", DataType::Int64, true),
        ]);
        let label: StringArray = self.labels.iter().map(|label| Some(label.label.as_str())).collect();
        let is_escalation: BooleanArray = self.labels.iter().map(|label| Some(label.is_escalation)).collect();
        let tier: Int64Array = self.labels.iter().map(|label| label.tier.map(i64::from)).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(label), Arc::new(is_escalation), Arc::new(tier)];
        Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
    }
}

fn register_batch(context: &SessionContext, name: &str, batch: RecordBatch) -> Result<()> {
    context.register_table(name, Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))?;
    Ok(())
}

/// Registers what the checks of a refresh found, for the models about it.
pub(crate) fn register_check_results(
    context: &SessionContext,
    models: &[ModelReport],
    is_published: bool,
) -> Result<()> {
    let found: Vec<_> =
        models.iter().flat_map(|model| model.checks.iter().map(move |check| (&model.name, check))).collect();
    let text = |of: fn(&(&String, &CheckReport)) -> String| -> ArrayRef {
        Arc::new(found.iter().map(|pair| Some(of(pair))).collect::<StringArray>())
    };
    let count = |of: fn(&CheckReport) -> u64| -> ArrayRef {
        let counts = found.iter().map(|(_, check)| i64::try_from(of(check)).ok());
        Arc::new(counts.collect::<Int64Array>())
    };
    let batch = RecordBatch::try_from_iter([
        ("model_name", text(|(model, _)| (*model).clone())),
        ("check_name", text(|(_, check)| check.check.clone())),
        ("severity", text(|(_, check)| check.severity.name().to_owned())),
        ("n_rows", count(|check| check.rows)),
        ("n_violations", count(|check| check.violations)),
        ("is_published", Arc::new(BooleanArray::from(vec![is_published; found.len()])) as ArrayRef),
    ])?;
    register_batch(context, CHECK_RESULTS, batch)
}

/// Registers a collected table that is not in the lake: typed and empty.
pub(crate) fn register_empty(context: &SessionContext, table: &Table) -> Result<()> {
    context.register_table(table.name, Arc::new(MemTable::try_new(table.schema(), vec![vec![]])?))?;
    Ok(())
}

/// Registers a collected table. One that an older version wrote lacks the columns that are younger: they are NULL until
/// the next run adds them.
pub(crate) fn register_collected(
    context: &SessionContext,
    table: &Table,
    provider: Arc<dyn TableProvider>,
) -> Result<()> {
    let stored = provider.schema();
    let is_young = |name: &str| stored.field_with_name(name).is_err();
    if !table.columns.iter().any(|column| is_young(column.name)) {
        return context.register_table(table.name, provider).map(drop);
    }
    let columns = table.columns.iter().map(|column| {
        if is_young(column.name) {
            let null = ScalarValue::try_from(column.field().data_type())?;
            return Ok(lit(null).alias(column.name));
        }
        Ok(col(column.name))
    });
    let whole = context.read_table(provider)?.select(columns.collect::<Result<Vec<_>>>()?)?;
    context.register_table(table.name, whole.into_view()).map(drop)
}

/// Registers a table, in the place of another of its name if there is one.
pub(crate) fn replace_table(
    context: &SessionContext,
    name: &str,
    table: Arc<dyn TableProvider>,
) -> Result<()> {
    context.deregister_table(name)?;
    context.register_table(name, table).map(drop)
}

/// The table of everyone whom a ticket was ever assigned to.
pub(crate) const EVER_ASSIGNED: &str = "ever_assigned";

/// Registers everyone whom a ticket was ever assigned to: only agents can be. It holds on to the table of events as it
/// is now, so that narrowing the events to some months later does not narrow who is known.
pub(crate) async fn register_ever_assigned(context: &SessionContext) -> Result<()> {
    let assigned = context.table("ticket_events").await?;
    let assigned = assigned.filter(col("field").eq(lit("assignee")).and(col("ref_key").is_not_null()))?;
    let assigned = assigned.select(vec![col("ref_key").alias("agent_key")])?.distinct()?;
    context.register_table(EVER_ASSIGNED, assigned.into_view())?;
    Ok(())
}

/// Puts the same, evaluated, in its place.
pub(crate) fn replace_ever_assigned(
    context: &SessionContext,
    assigned: Arc<dyn TableProvider>,
) -> Result<()> {
    let assigned = context.read_table(assigned)?.select_columns(&["agent_key"])?;
    replace_table(context, EVER_ASSIGNED, assigned.into_view())
}

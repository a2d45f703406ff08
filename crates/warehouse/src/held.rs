//! Columns of tables in memory, for questions that are asked again and again: decoding the files would cost most of an
//! answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableScan, TableType};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::external;

/// Memory for held columns, shared by all warehouses that are given the same room.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Room {
    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes >> 10).min(Semaphore::MAX_PERMITS))))
    }

    /// Takes room until the permit is dropped; none if there is not enough.
    fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kibibytes = u32::try_from(bytes.div_ceil(1 << 10)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(kibibytes).ok()
    }
}

/// A table of which some columns are in memory. Who asks for others too reads the files.
#[derive(Debug)]
pub(crate) struct HeldTable {
    whole: Arc<dyn TableProvider>,
    rows: MemTable,
    /// Where each column of the whole stands in memory.
    places: Vec<Option<usize>>,
    _room: Vec<OwnedSemaphorePermit>,
}

impl HeldTable {
    /// Reads these columns of a table, its parts side by side; none when there is no room for all of them.
    pub(crate) async fn load(
        context: &SessionContext,
        name: &str,
        columns: &BTreeSet<String>,
        room: &Room,
    ) -> Result<Option<Self>> {
        let whole = context.table_provider(name).await?;
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let plan = context.table(name).await?.select_columns(&columns)?.create_physical_plan().await?;
        let reading = (0..plan.output_partitioning().partition_count()).map(|part| {
            let stream = plan.execute(part, context.task_ctx())?;
            Ok(SpawnedTask::spawn(read(stream, room.clone())))
        });
        let (mut parts, mut taken) = (Vec::new(), Vec::new());
        // Whoever leaves ends those that still read.
        for part in reading.collect::<Result<Vec<_>>>()? {
            let Some((batches, room)) = part.join_unwind().await.map_err(external)?? else { return Ok(None) };
            parts.push(batches);
            taken.extend(room);
        }
        let schema = plan.schema();
        let fields = whole.schema();
        let places = fields.fields().iter().map(|field| schema.index_of(field.name()).ok()).collect();
        Ok(Some(Self { whole, rows: MemTable::try_new(schema, parts)?, places, _room: taken }))
    }
}

/// The rows of a part, and the room that they take; none when there is not enough.
async fn read(
    mut stream: SendableRecordBatchStream,
    room: Room,
) -> Result<Option<(Vec<RecordBatch>, Vec<OwnedSemaphorePermit>)>> {
    let (mut batches, mut taken) = (Vec::new(), Vec::new());
    while let Some(batch) = stream.try_next().await? {
        let Some(room) = room.take(batch.get_array_memory_size()) else { return Ok(None) };
        taken.push(room);
        batches.push(batch);
    }
    Ok(Some((batches, taken)))
}

#[async_trait]
impl TableProvider for HeldTable {
    fn schema(&self) -> SchemaRef {
        self.whole.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let place = |column: &usize| self.places.get(*column).copied().flatten();
        let held = projection.and_then(|columns| columns.iter().map(place).collect::<Option<Vec<_>>>());
        match held {
            Some(places) => self.rows.scan(state, Some(&places), filters, limit).await,
            None => self.whole.scan(state, projection, filters, limit).await,
        }
    }

    /// Rows in memory are not filtered by the scan, so that none of its filters is ever taken off the plan.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// Adds the columns of each table that a plan reads.
pub(crate) fn add_columns_read(
    plan: &LogicalPlan,
    columns: &mut BTreeMap<String, BTreeSet<String>>,
) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(TableScan { table_name, projected_schema, filters, .. }) = node {
            let read = columns.entry(table_name.table().to_owned()).or_default();
            read.extend(projected_schema.fields().iter().map(|field| field.name().clone()));
            read.extend(filters.iter().flat_map(Expr::column_refs).map(|column| column.name.clone()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

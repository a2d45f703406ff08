//! The operator.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{concat, concat_batches, partition};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::OrderingRequirements;
use datafusion::physical_plan::execution_plan::{
    ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, InputDistributionRequirements, PhysicalExpr, PlanProperties,
};
use futures::{TryStreamExt as _, stream};

use super::function::Function;

/// Evaluates functions of neighbours over groups that arrive one after the other. It holds one group and one batch.
#[derive(Debug, Clone)]
pub(super) struct GroupWindowExec {
    /// The engine's operator that it stands for: what it asks of its input and promises of its output is the same.
    window: Arc<dyn ExecutionPlan>,
    groups: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    metrics: ExecutionPlanMetricsSet,
}

impl GroupWindowExec {
    pub(super) fn new(
        window: Arc<dyn ExecutionPlan>,
        groups: Vec<Arc<dyn PhysicalExpr>>,
        functions: Vec<Function>,
    ) -> Self {
        Self { window, groups, functions, metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for GroupWindowExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<_> = self.groups.iter().map(ToString::to_string).collect();
        let functions: Vec<_> = self.functions.iter().map(ToString::to_string).collect();
        write!(out, "GroupWindowExec: groups=[{}], functions=[{}]", groups.join(", "), functions.join(", "))
    }
}

impl ExecutionPlan for GroupWindowExec {
    fn name(&self) -> &'static str {
        "GroupWindowExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.window.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.window.children()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.window.apply_expressions(visit)
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.window.maintains_input_order()
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        self.window.required_input_ordering()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.window.input_distribution_requirements()
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let window = Arc::clone(&self.window).replace_children(children, options)?;
        Ok(Arc::new(Self::new(window, self.groups.clone(), self.functions.clone())))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.window.schema();
        let Some(input) = self.window.children().first().copied().map(Arc::clone) else {
            return datafusion::common::internal_err!("a window has an input");
        };
        let windows = Windows {
            input: input.execute(partition, context)?,
            input_schema: input.schema(),
            schema: Arc::clone(&schema),
            groups: self.groups.clone(),
            functions: self.functions.clone(),
            held: Vec::new(),
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let batches = stream::try_unfold(windows, |mut windows| async move {
            Ok(windows.next().await?.map(|batch| (batch, windows)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// One partition of the input on its way.
struct Windows {
    input: SendableRecordBatchStream,
    input_schema: SchemaRef,
    schema: SchemaRef,
    groups: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    /// Rows of the group that may go on in the next batch.
    held: Vec<RecordBatch>,
    metrics: BaselineMetrics,
}

impl Windows {
    /// The next whole groups.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while let Some(batch) = self.input.try_next().await? {
            let _timer = self.metrics.elapsed_compute().timer();
            // All before the last group that this batch begins is whole.
            let Some(start) = self.last_start(&batch)? else {
                self.held.push(batch);
                continue;
            };
            self.held.push(batch.slice(0, start));
            let rest = batch.slice(start, batch.num_rows() - start);
            let whole = std::mem::replace(&mut self.held, vec![rest]);
            if let Some(done) = self.evaluate(&whole)? {
                return Ok(Some(done));
            }
        }
        let whole = std::mem::take(&mut self.held);
        self.evaluate(&whole)
    }

    /// Where the last group begins that begins in this batch; none if it all belongs to the group that is held.
    fn last_start(&self, batch: &RecordBatch) -> Result<Option<usize>> {
        let keys = self.keys(batch)?;
        let Some(held) = self.held.iter().rfind(|held| held.num_rows() > 0) else {
            return Ok(partition(&keys)?.ranges().last().map(|last| last.start));
        };
        let before = self.keys(&held.slice(held.num_rows() - 1, 1))?;
        let joined = before.iter().zip(&keys).map(|(before, keys)| concat(&[before.as_ref(), keys.as_ref()]));
        let groups = partition(&joined.collect::<Result<Vec<_>, _>>()?)?.ranges();
        // The held row stands before the batch's own.
        Ok(groups.last().and_then(|last| last.start.checked_sub(1)))
    }

    fn keys(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        self.groups.iter().map(|group| group.evaluate(batch)?.into_array(batch.num_rows())).collect()
    }

    fn evaluate(&self, whole: &[RecordBatch]) -> Result<Option<RecordBatch>> {
        let batch = concat_batches(&self.input_schema, whole)?;
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let groups: Vec<Range<usize>> = partition(&self.keys(&batch)?)?.ranges();
        let mut columns = batch.columns().to_vec();
        for function in &self.functions {
            columns.push(function.evaluate(&batch, &groups)?);
        }
        self.metrics.record_output(batch.num_rows());
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), columns)?))
    }
}

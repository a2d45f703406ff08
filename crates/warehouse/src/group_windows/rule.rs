//! Where the operator takes the place of the engine's.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode, WindowExpr};

use super::exec::GroupWindowExec;
use super::function::Function;

/// Replaces the windows whose functions all look at neighbours alone, over groups that arrive in order. It has to run
/// after the rules that place sorts: it changes neither the order nor the rows.
#[derive(Debug)]
pub(crate) struct GroupWindows;

impl PhysicalOptimizerRule for GroupWindows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            Ok(match replacement(&plan) {
                Some(window) => Transformed::yes(Arc::new(window)),
                None => Transformed::no(plan),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "group_windows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn replacement(plan: &Arc<dyn ExecutionPlan>) -> Option<GroupWindowExec> {
    let expressions = windows_in_order(plan.as_ref())?;
    let input = plan.children().first()?.schema();
    let functions: Option<Vec<_>> =
        expressions.iter().map(|expression| Function::of(expression, &input)).collect();
    let groups = expressions.first()?.partition_by();
    if groups.is_empty() {
        return None;
    }
    Some(GroupWindowExec::new(Arc::clone(plan), groups.to_vec(), functions?))
}

/// The expressions of a window whose groups arrive one after the other.
fn windows_in_order(plan: &dyn ExecutionPlan) -> Option<&[Arc<dyn WindowExpr>]> {
    if let Some(window) = plan.downcast_ref::<WindowAggExec>() {
        return Some(window.window_expr());
    }
    let window = plan.downcast_ref::<BoundedWindowAggExec>()?;
    (window.input_order_mode == InputOrderMode::Sorted).then(|| window.window_expr())
}

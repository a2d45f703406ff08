//! Functions that look at neighbours in the same group, for all rows of a batch at once.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::take;
use datafusion::error::Result;
use datafusion::logical_expr::WindowFrameBound;
use datafusion::physical_expr::window::{StandardWindowExpr, StandardWindowFunctionExpr as _};
use datafusion::physical_plan::windows::WindowUDFExpr;
use datafusion::physical_plan::{PhysicalExpr, WindowExpr};

/// One column to compute.
#[derive(Debug, Clone)]
pub(super) enum Function {
    /// The row's place in its group, from 1.
    RowNumber,
    /// A value of another row of the group.
    Other(Neighbour, Arc<dyn PhysicalExpr>),
}

/// Which row a value is taken from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Neighbour {
    Before,
    After,
    First,
    /// The nearest before it, or itself, whose value is not NULL.
    NewestKnown,
}

impl Function {
    /// The function of a window expression; none for one that looks at more than neighbours.
    pub(super) fn of(expression: &Arc<dyn WindowExpr>) -> Option<Self> {
        let expression = expression.as_any().downcast_ref::<StandardWindowExpr>()?;
        let call = expression.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>()?;
        // What ignores NULLs says so in its name alone.
        if call.name().contains("IGNORE NULLS") {
            return None;
        }
        let is_from_start = matches!(
            &expression.get_window_frame().start_bound,
            WindowFrameBound::Preceding(bound) if bound.is_null()
        );
        match (call.fun().name(), call.args()) {
            ("row_number", _) => Some(Self::RowNumber),
            // With an offset or a default of its own it stays with the engine.
            ("lag", [value]) => Some(Self::Other(Neighbour::Before, Arc::clone(value))),
            ("lead", [value]) => Some(Self::Other(Neighbour::After, Arc::clone(value))),
            ("first_value", [value]) if is_from_start => {
                Some(Self::Other(Neighbour::First, Arc::clone(value)))
            }
            ("fill_down", [value]) => Some(Self::Other(Neighbour::NewestKnown, Arc::clone(value))),
            _ => None,
        }
    }

    /// The column for a batch of whole groups.
    pub(super) fn evaluate(&self, batch: &RecordBatch, groups: &[Range<usize>]) -> Result<ArrayRef> {
        match self {
            Self::RowNumber => {
                let numbers = groups.iter().flat_map(|group| 1..=group.len() as u64);
                Ok(Arc::new(numbers.collect::<UInt64Array>()))
            }
            Self::Other(neighbour, value) => {
                let values = value.evaluate(batch)?.into_array(batch.num_rows())?;
                Ok(take(&values, &neighbour.rows(&values, groups), None)?)
            }
        }
    }
}

impl Neighbour {
    /// For each row the one whose value it gets.
    fn rows(self, values: &ArrayRef, groups: &[Range<usize>]) -> UInt32Array {
        let nulls = values.logical_nulls();
        let is_known = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let of_group = |group: &Range<usize>| {
            let Range { start, end } = *group;
            let mut newest = None;
            (start..end).map(move |row| {
                let other = match self {
                    Self::Before => row.checked_sub(1).filter(|other| *other >= start),
                    Self::After => Some(row + 1).filter(|other| *other < end),
                    Self::First => Some(start),
                    Self::NewestKnown => {
                        if is_known(row) {
                            newest = Some(row);
                        }
                        newest
                    }
                };
                other.map(|other| other as u32)
            })
        };
        groups.iter().flat_map(of_group).collect()
    }
}

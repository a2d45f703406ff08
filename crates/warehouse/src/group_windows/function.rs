//! Functions that look at neighbours in the same group, for all rows of a batch at once.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type, Schema};
use datafusion::error::Result;
use datafusion::logical_expr::{WindowFrame, WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::window::{PlainAggregateWindowExpr, StandardWindowExpr};
use datafusion::physical_plan::windows::WindowUDFExpr;
use datafusion::physical_plan::{PhysicalExpr, WindowExpr};

/// One column to compute.
#[derive(Debug, Clone)]
pub(super) enum Function {
    /// The row's place in its group, from 1.
    RowNumber,
    /// A value of another row of the group.
    Other(Neighbour, Arc<dyn PhysicalExpr>),
    /// A sum of whole numbers.
    Sum(Span, Arc<dyn PhysicalExpr>),
    /// The number of values that are not NULL.
    Count(Span, Arc<dyn PhysicalExpr>),
}

impl fmt::Display for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowNumber => write!(out, "row_number"),
            Self::Other(neighbour, value) => write!(out, "{neighbour:?}({value})"),
            Self::Sum(span, value) => write!(out, "sum({value}) of {span:?}"),
            Self::Count(span, value) => write!(out, "count({value}) of {span:?}"),
        }
    }
}

/// Rows that are added up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Span {
    /// The whole group.
    Group,
    /// The group's rows up to this one.
    Until,
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
    /// The function of a window expression; none for what stays with the engine. What ignores NULLs or filters says so
    /// in its name alone.
    pub(super) fn of(expression: &Arc<dyn WindowExpr>, schema: &Schema) -> Option<Self> {
        if ["IGNORE NULLS", "FILTER"].iter().any(|word| expression.name().contains(word)) {
            return None;
        }
        Self::of_standard(expression).or_else(|| Self::of_aggregate(expression, schema))
    }

    fn of_aggregate(expression: &Arc<dyn WindowExpr>, schema: &Schema) -> Option<Self> {
        let plain = expression.as_any().downcast_ref::<PlainAggregateWindowExpr>()?;
        let aggregate = plain.get_aggregate_expr();
        let span = Span::of(expression)?;
        if aggregate.is_distinct() {
            return None;
        }
        match (aggregate.fun().name(), aggregate.expressions().as_slice()) {
            ("sum", [value]) if value.data_type(schema).ok()? == DataType::Int64 => {
                Some(Self::Sum(span, Arc::clone(value)))
            }
            ("count", [value]) => Some(Self::Count(span, Arc::clone(value))),
            _ => None,
        }
    }

    fn of_standard(expression: &Arc<dyn WindowExpr>) -> Option<Self> {
        let expression = expression.as_any().downcast_ref::<StandardWindowExpr>()?;
        let call = expression.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>()?;
        let is_from_start = is_from_start(expression.get_window_frame());
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
            Self::Sum(span, value) => {
                let values = value.evaluate(batch)?.into_array(batch.num_rows())?;
                let values = values.as_primitive::<Int64Type>();
                Ok(span.totals(groups, |row| values.is_valid(row).then(|| values.value(row))))
            }
            Self::Count(span, value) => {
                let values = value.evaluate(batch)?.into_array(batch.num_rows())?;
                let nulls = values.logical_nulls();
                let is_known = |row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                Ok(span.totals(groups, |row| Some(i64::from(is_known(row)))))
            }
        }
    }
}

fn is_from_start(frame: &WindowFrame) -> bool {
    matches!(&frame.start_bound, WindowFrameBound::Preceding(bound) if bound.is_null())
}

impl Span {
    fn of(expression: &Arc<dyn WindowExpr>) -> Option<Self> {
        let frame = expression.get_window_frame();
        if !is_from_start(frame) {
            return None;
        }
        match &frame.end_bound {
            WindowFrameBound::Following(bound) if bound.is_null() => Some(Self::Group),
            // Without an order every row of the group is a peer of this one.
            WindowFrameBound::CurrentRow if frame.units == WindowFrameUnits::Rows => Some(Self::Until),
            WindowFrameBound::CurrentRow if expression.order_by().is_empty() => Some(Self::Group),
            _ => None,
        }
    }

    /// For each row what the values of its rows add up to; NULL when all of them are.
    fn totals(self, groups: &[Range<usize>], value: impl Fn(usize) -> Option<i64>) -> ArrayRef {
        let mut totals = Int64Builder::new();
        for group in groups {
            let mut total: Option<i64> = None;
            for row in group.clone() {
                if let Some(value) = value(row) {
                    total = Some(total.unwrap_or(0).wrapping_add(value));
                }
                if matches!(self, Self::Until) {
                    totals.append_option(total);
                }
            }
            if matches!(self, Self::Group) {
                group.clone().for_each(|_| totals.append_option(total));
            }
        }
        Arc::new(totals.finish())
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

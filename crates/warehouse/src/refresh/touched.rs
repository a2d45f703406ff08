//! Which months a partial refresh remakes, and the collected tables narrowed to them.

use std::collections::BTreeSet;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::prelude::{DataFrame, SessionContext, col, in_subquery, lit};

use super::Touched;
use crate::session::replace_table;

/// Memory that a refresh of one ticket with its events may need, in bytes: measured with twelve child events and eight
/// metric events a ticket, with room to spare.
const BYTES_OF_TICKET: usize = 20 * 1024;

/// Tables whose rows belong to one ticket.
const OF_TICKETS: [&str; 4] = ["tickets", "ticket_metric_sets", "ticket_events", "ticket_metric_events"];

/// Months of creation of the touched tickets and of all unsolved ones.
pub(crate) async fn touched_months(context: &SessionContext, touched: &Touched) -> Result<BTreeSet<String>> {
    let mut months = touched.created_months.clone();
    let ids: Vec<_> = touched.ticket_ids.iter().map(|id| lit(*id)).collect();
    let is_unsolved = col("status").in_list(["solved", "closed", "deleted"].map(lit).to_vec(), true);
    let is_wanted = is_unsolved.or(col("ticket_id").in_list(ids, false));
    let found =
        context.table("tickets").await?.filter(is_wanted)?.select_columns(&["created_month"])?.distinct()?;
    for batch in found.collect().await? {
        months.extend(months_of(&batch)?);
    }
    Ok(months)
}

/// The mart whose rows move with time alone until their end is known, whatever has become of the ticket: a target can go
/// on running on a solved ticket.
pub(crate) const SLA_TARGETS: &str = "sla_targets";

/// Months of creation of the tickets with a running target, from [`SLA_TARGETS`] as it is kept.
pub(crate) async fn running_months(targets: DataFrame) -> Result<BTreeSet<String>> {
    let found =
        targets.filter(col("fulfilled_at").is_null())?.select_columns(&["created_month"])?.distinct()?;
    let mut months = BTreeSet::new();
    for batch in found.collect().await? {
        months.extend(months_of(&batch)?);
    }
    Ok(months)
}

/// Months of creation, all or these, in parts that fit into memory one after the other; a month is never cut.
pub(crate) async fn parts(
    context: &SessionContext,
    months: Option<&BTreeSet<String>>,
    memory_limit_bytes: usize,
) -> Result<Vec<BTreeSet<String>>> {
    let tickets_max = (memory_limit_bytes / BYTES_OF_TICKET) as i64;
    let mut tickets_in_months = context.table("tickets").await?;
    if let Some(months) = months {
        let months = months.iter().map(|month| lit(month.as_str())).collect();
        tickets_in_months = tickets_in_months.filter(col("created_month").in_list(months, false))?;
    }
    let counts = tickets_in_months.aggregate(vec![col("created_month")], vec![count(lit(1)).alias("n")])?;
    let mut parts: Vec<BTreeSet<String>> = Vec::new();
    let mut tickets = 0;
    for batch in counts.sort_by(vec![col("created_month")])?.collect().await? {
        for (month, count) in
            months_of(&batch)?.into_iter().zip(batch.column(1).as_primitive::<Int64Type>().values())
        {
            tickets += count;
            if let Some(part) = parts.last_mut().filter(|_| tickets <= tickets_max) {
                part.insert(month);
            } else {
                tickets = *count;
                parts.push(BTreeSet::from([month]));
            }
        }
    }
    Ok(parts)
}

fn months_of(batch: &RecordBatch) -> Result<Vec<String>> {
    let column = cast(batch.column(0), &DataType::Utf8)?;
    Ok(column.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}

/// Puts views over the rows of tickets created in these months in the place of the tables.
pub(crate) async fn narrow(context: &SessionContext, months: &BTreeSet<String>) -> Result<()> {
    let months: Vec<_> = months.iter().map(|month| lit(month.as_str())).collect();
    let is_in_months = col("created_month").in_list(months, false);
    let tickets = context.table("tickets").await?.filter(is_in_months)?;
    // Numbers grow with time: their bounds let the scan skip files, whatever the join then keeps.
    let bounds = tickets.clone().aggregate(vec![], vec![min(col("ticket_id")), max(col("ticket_id"))])?;
    let bounds = bounds.collect().await?;
    for name in OF_TICKETS {
        let of_tickets = in_subquery(col("ticket_id"), plan_of_ids(&tickets)?);
        let mut narrowed = context.table(name).await?.filter(of_tickets)?;
        if let Some((first, last)) = bounds.first().and_then(bounds_of) {
            narrowed = narrowed.filter(col("ticket_id").between(lit(first), lit(last)))?;
        }
        replace_table(context, name, narrowed.into_view())?;
    }
    Ok(())
}

fn bounds_of(batch: &RecordBatch) -> Option<(i64, i64)> {
    let value = |column: usize| batch.column(column).as_primitive::<Int64Type>().iter().next().flatten();
    value(0).zip(value(1))
}

/// Puts views over the rows of one ticket in the place of the tables.
pub(crate) async fn narrow_to_ticket(context: &SessionContext, ticket_id: i64) -> Result<()> {
    for name in OF_TICKETS {
        let narrowed = context.table(name).await?.filter(col("ticket_id").eq(lit(ticket_id)))?;
        replace_table(context, name, narrowed.into_view())?;
    }
    Ok(())
}

fn plan_of_ids(tickets: &DataFrame) -> Result<std::sync::Arc<datafusion::logical_expr::LogicalPlan>> {
    Ok(std::sync::Arc::new(tickets.clone().select_columns(&["ticket_id"])?.into_unoptimized_plan()))
}

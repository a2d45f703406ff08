//! Which tickets a partial refresh makes anew, and the collected tables narrowed to them.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::{JoinType, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::{bool_and, bool_or, count, max, min};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::{DataFrame, Expr, SessionContext, col, in_subquery, lit, not};

use super::{Day, Touched};
use crate::session::replace_table;

/// Memory that a refresh of one ticket with its events may need, in bytes: measured with twelve child events and eight
/// metric events a ticket, with room to spare.
const BYTES_OF_TICKET: usize = 20 * 1024;

/// Name under which the engine finds the tickets that a partial refresh makes anew.
pub(crate) const MOVED: &str = "moved_tickets";

/// Tables whose rows belong to one ticket.
pub(crate) const OF_TICKETS: [&str; 4] =
    ["tickets", "ticket_metric_sets", "ticket_events", "ticket_metric_events"];

/// Instants that rows of tickets bear. A row that is not older than the marts says what they may not tell yet.
const INSTANTS: [(&str, &[&str]); 4] = [
    ("tickets", &["created_at", "generated_at", "updated_at"]),
    ("ticket_metric_sets", &["generated_at"]),
    ("ticket_events", &["occurred_at"]),
    ("ticket_metric_events", &["occurred_at"]),
];

/// Tickets whose rows a partial refresh makes anew.
#[derive(Debug, Clone)]
pub(crate) struct Tickets {
    pub(crate) ids: Arc<HashSet<i64>>,
    /// Those of them that will be made anew next time, too, as far as is known: they go on moving with time.
    pub(crate) restless: Arc<HashSet<i64>>,
    /// The same, where the engine can read them.
    table: Arc<dyn TableProvider>,
}

/// Tickets that are made anew at a time.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The months in which they were created.
    pub(crate) months: BTreeSet<String>,
    /// Which tickets of these months; none for all.
    pub(crate) tickets: Option<Tickets>,
    /// The first and the last id, where one month is too large to be made at once.
    ids: Option<(i64, i64)>,
}

impl Part {
    pub(crate) fn of_months(months: BTreeSet<String>, tickets: Option<Tickets>) -> Self {
        Self { months, tickets, ids: None }
    }
}

/// The marts by which the tickets of a partial refresh are found, as they are kept.
pub(crate) struct Kept {
    ticket_metrics: DataFrame,
    sla_targets: DataFrame,
    as_of: ScalarValue,
}

/// Those marts: one tells which tickets age, the other which targets run.
pub(crate) const TELLING: [&str; 2] = ["ticket_metrics", "sla_targets"];

impl Kept {
    /// None where the marts do not tell what is needed: models of the operator's own can stand in their place.
    pub(crate) async fn of(ticket_metrics: DataFrame, sla_targets: DataFrame) -> Result<Option<Self>> {
        let has = |frame: &DataFrame, name| frame.schema().has_column_with_unqualified_name(name);
        let tells_of_tickets = ["ticket_id", "created_month", "is_solved", "as_of"];
        let is_told = tells_of_tickets.iter().all(|name| has(&ticket_metrics, name))
            && ["ticket_id", "fulfilled_at"].iter().all(|name| has(&sla_targets, name));
        if !is_told {
            return Ok(None);
        }
        let newest = ticket_metrics.clone().aggregate(vec![], vec![max(col("as_of"))])?.collect().await?;
        let as_of =
            newest.first().map(|batch| ScalarValue::try_from_array(batch.column(0), 0)).transpose()?;
        Ok(as_of.filter(|as_of| !as_of.is_null()).map(|as_of| Self { ticket_metrics, sla_targets, as_of }))
    }

    /// Whether the marts hold as of a later instant than this one, in seconds since the epoch.
    pub(crate) fn is_newer_than(&self, as_of: i64) -> bool {
        let as_of =
            ScalarValue::TimestampMicrosecond(Some(as_of.saturating_mul(1_000_000)), Some("UTC".into()));
        self.as_of.partial_cmp(&as_of).is_none_or(|order| order == Ordering::Greater)
    }

    /// The day of the instant as of which the marts hold.
    pub(crate) fn day(&self) -> Option<Day> {
        let days = self.as_of.cast_to(&DataType::Date32).ok()?.to_array().ok()?;
        days.as_primitive::<Date32Type>().iter().next().flatten()
    }

    /// The tickets whose rows may be other than they are kept: the touched ones, those with a row that is not older than
    /// the marts, those that newcomers wrote on, and those that move with time alone. Ages move until a ticket is solved,
    /// and what a target says until its end is known, whatever has become of the ticket.
    pub(crate) async fn moved(
        &self,
        context: &SessionContext,
        touched: &Touched,
        newcomers: &[String],
    ) -> Result<DataFrame> {
        let mut changed = touched_ids(context, touched)?;
        for (name, instants) in INSTANTS {
            let is_new = instants.iter().map(|instant| col(*instant).gt_eq(lit(self.as_of.clone())));
            if let Some(is_new) = is_new.reduce(Expr::or) {
                let rows = context.table(name).await?.filter(is_new)?;
                changed = changed.union(rows.select_columns(&["ticket_id"])?)?;
            }
        }
        if !newcomers.is_empty() {
            let newcomers = newcomers.iter().map(|agent| lit(agent.as_str())).collect();
            let rows =
                context.table("ticket_events").await?.filter(col("updater_key").in_list(newcomers, false))?;
            changed = changed.union(rows.select_columns(&["ticket_id"])?)?;
        }
        let aging = self.ticket_metrics.clone().filter(col("is_solved").is_not_true())?;
        let running = self.sla_targets.clone().filter(col("fulfilled_at").is_null())?;
        let moving = aging.select_columns(&["ticket_id"])?.union(running.select_columns(&["ticket_id"])?)?;
        let marked = |tickets: DataFrame, is_changed: bool| {
            tickets.select(vec![col("ticket_id"), lit(is_changed).alias("is_changed")])
        };
        let moved = marked(changed, true)?.union(marked(moving, false)?)?;
        let moved =
            moved.aggregate(vec![col("ticket_id")], vec![bool_or(col("is_changed")).alias("is_changed")])?;
        // What did not change moves on; what changed does unless it is solved now.
        let solved = context.table("tickets").await?.filter(is_solved())?;
        let solved = solved.select(vec![col("ticket_id").alias("solved_id")])?;
        let moved = moved.join(solved, JoinType::Left, &["ticket_id"], &["solved_id"], None)?;
        let is_restless = not(col("is_changed")).or(col("solved_id").is_null());
        moved.select(vec![col("ticket_id"), is_restless.alias("is_restless")])
    }

    /// Months of creation of those of the tickets that the marts know.
    pub(crate) async fn months(&self, tickets: &Tickets) -> Result<BTreeSet<String>> {
        let known = self.ticket_metrics.clone().filter(tickets.is_among()?)?;
        let mut months = BTreeSet::new();
        for batch in known.select_columns(&["created_month"])?.distinct()?.collect().await? {
            months.extend(words_of(&batch)?);
        }
        Ok(months)
    }
}

fn is_solved() -> Expr {
    col("status").in_list(["solved", "closed"].map(lit).to_vec(), false)
}

/// Tickets that go on moving with time, as far as their own rows tell.
pub(crate) async fn unsolved(context: &SessionContext) -> Result<HashSet<i64>> {
    let unsolved = context.table("tickets").await?.filter(is_solved().is_not_true())?;
    Ok(ids_of(unsolved).await?.into_iter().collect())
}

async fn ids_of(tickets: DataFrame) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    for batch in tickets.select_columns(&["ticket_id"])?.collect().await? {
        ids.extend(batch.column(0).as_primitive::<Int64Type>().iter().flatten());
    }
    Ok(ids)
}

fn touched_ids(context: &SessionContext, touched: &Touched) -> Result<DataFrame> {
    let ids = Int64Array::from_iter_values(touched.ticket_ids.iter().copied());
    let schema = Schema::new(vec![Field::new("ticket_id", DataType::Int64, true)]);
    context.read_batch(RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids)])?)
}

/// Everyone whom a ticket was ever assigned to, as `agent_key`, and as `is_new` whether it was none but touched ones.
pub(crate) async fn assigned(context: &SessionContext, touched: &Touched) -> Result<DataFrame> {
    let events = context.table("ticket_events").await?;
    let assignments = events.filter(col("field").eq(lit("assignee")).and(col("ref_key").is_not_null()))?;
    let assignments = assignments.select(vec![col("ref_key").alias("agent_key"), col("ticket_id")])?;
    let touched = touched_ids(context, touched)?.select(vec![col("ticket_id").alias("touched_id")])?;
    let joined = assignments.join(touched, JoinType::Left, &["ticket_id"], &["touched_id"], None)?;
    let is_new = bool_and(col("touched_id").is_not_null()).alias("is_new");
    joined.aggregate(vec![col("agent_key")], vec![is_new])
}

/// Who may have become an agent by a first ticket: in no users export, and assigned to touched tickets alone. What such
/// a person wrote before, on whichever ticket, is an agent's word from now on.
pub(crate) async fn newcomers(context: &SessionContext, assigned: DataFrame) -> Result<Vec<String>> {
    let known = context.table("agents").await?.select(vec![col("agent_key").alias("known_key")])?;
    let unknown = assigned.filter(col("is_new"))?.join(
        known,
        JoinType::LeftAnti,
        &["agent_key"],
        &["known_key"],
        None,
    )?;
    let mut newcomers = Vec::new();
    for batch in unknown.select_columns(&["agent_key"])?.collect().await? {
        newcomers.extend(words_of(&batch)?);
    }
    Ok(newcomers)
}

impl Tickets {
    /// Tickets by rows of [`Kept::moved`].
    pub(crate) fn new(rows: &[RecordBatch], table: Arc<dyn TableProvider>) -> Self {
        let (mut ids, mut restless) = (HashSet::new(), HashSet::new());
        for batch in rows {
            let tickets = batch.column(0).as_primitive::<Int64Type>();
            for (ticket, is_restless) in tickets.iter().zip(batch.column(1).as_boolean()) {
                ids.extend(ticket);
                restless.extend(ticket.filter(|_| is_restless == Some(true)));
            }
        }
        Self { ids: Arc::new(ids), restless: Arc::new(restless), table }
    }

    /// Whether a row is of one of these tickets.
    fn is_among(&self) -> Result<Expr> {
        let source = provider_as_source(Arc::clone(&self.table));
        let ids = LogicalPlanBuilder::scan(MOVED, source, None)?.project(vec![col("ticket_id")])?.build()?;
        Ok(in_subquery(col("ticket_id"), Arc::new(ids)))
    }
}

/// All tickets, or these, in parts that fit into memory one after the other. A month is cut by the ids of its tickets where
/// all of them are made anew; where some are, the rows of the others stay beside them, and it is whole.
pub(crate) async fn parts(
    context: &SessionContext,
    tickets: Option<&Tickets>,
    memory_limit_bytes: usize,
) -> Result<Vec<Part>> {
    let tickets_max = (memory_limit_bytes / BYTES_OF_TICKET).max(1) as i64;
    let mut parts: Vec<Part> = Vec::new();
    let mut in_part = tickets_max;
    for (month, count) in counts_of_months(context, tickets).await? {
        in_part += count;
        if tickets.is_none() && count > tickets_max {
            parts.extend(pieces(context, &month, tickets_max).await?);
            in_part = tickets_max;
        } else if let Some(part) = parts.last_mut().filter(|_| in_part <= tickets_max) {
            part.months.insert(month);
        } else {
            in_part = count;
            parts.push(Part::of_months(BTreeSet::from([month]), tickets.cloned()));
        }
    }
    Ok(parts)
}

async fn counts_of_months(context: &SessionContext, tickets: Option<&Tickets>) -> Result<Vec<(String, i64)>> {
    let mut in_months = context.table("tickets").await?;
    if let Some(tickets) = tickets {
        in_months = in_months.filter(tickets.is_among()?)?;
    }
    let counts = in_months.aggregate(vec![col("created_month")], vec![count(lit(1)).alias("n")])?;
    let mut months = Vec::new();
    for batch in counts.sort_by(vec![col("created_month")])?.collect().await? {
        let counts = batch.column(1).as_primitive::<Int64Type>();
        months.extend(words_of(&batch)?.into_iter().zip(counts.values().iter().copied()));
    }
    Ok(months)
}

/// All tickets of a month, so many at a time.
async fn pieces(context: &SessionContext, month: &str, tickets_max: i64) -> Result<Vec<Part>> {
    let tickets = context.table("tickets").await?.filter(col("created_month").eq(lit(month)))?;
    let mut ids = ids_of(tickets).await?;
    ids.sort_unstable();
    let piece = |ids: &[i64]| {
        let months = BTreeSet::from([month.to_owned()]);
        Part { months, tickets: None, ids: ids.first().copied().zip(ids.last().copied()) }
    };
    Ok(ids.chunks(tickets_max as usize).map(piece).collect())
}

/// The texts of the first column.
pub(super) fn words_of(batch: &RecordBatch) -> Result<Vec<String>> {
    let column = cast(batch.column(0), &DataType::Utf8)?;
    Ok(column.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}

/// Puts views over the rows of the tickets of a part in the place of the tables.
pub(crate) async fn narrow(context: &SessionContext, part: &Part) -> Result<()> {
    let months: Vec<_> = part.months.iter().map(|month| lit(month.as_str())).collect();
    let mut tickets = context.table("tickets").await?.filter(col("created_month").in_list(months, false))?;
    if let Some(wanted) = &part.tickets {
        tickets = tickets.filter(wanted.is_among()?)?;
    }
    if let Some((first, last)) = part.ids {
        tickets = tickets.filter(col("ticket_id").between(lit(first), lit(last)))?;
    }
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

fn plan_of_ids(tickets: &DataFrame) -> Result<Arc<LogicalPlan>> {
    Ok(Arc::new(tickets.clone().select_columns(&["ticket_id"])?.into_unoptimized_plan()))
}

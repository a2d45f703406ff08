//! Which kept rows of a mart make way for new ones.

use std::collections::BTreeSet;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use deskmeter_lake::Among;

use super::Part;
use super::since::Sums;
use crate::models::{Catalogue, Model, TICKET};

/// Tickets whose kept rows make way for new ones.
#[derive(Debug, Clone)]
pub(crate) struct Replaced {
    /// The months in which they were created.
    pub(crate) months: BTreeSet<String>,
    among: Among,
    /// What is summed of them by day.
    pub(crate) sums: Sums,
}

impl Replaced {
    /// The tickets of a part; none when it is all tickets of its months.
    pub(crate) fn of(part: &Part, catalogue: &Catalogue) -> Option<Self> {
        let tickets = part.tickets.as_ref()?;
        let (replaced, restless) = (tickets.ids.clone(), tickets.restless.clone());
        let among = Among { key: TICKET, replaced, restless, order: Vec::new(), shown: Vec::new() };
        Some(Self { months: part.months.clone(), among, sums: Sums::of(catalogue) })
    }

    /// The rows of a mart that make way.
    pub(crate) fn among(&self, model: &Model) -> Among {
        let order = model.description.key.clone();
        let shown = self.sums.columns(model).into_iter().collect();
        Among { order, shown, ..self.among.clone() }
    }

    /// The rows of a batch that lie in the months: those that make way, and those that stay.
    pub(crate) fn parted(
        &self,
        model: &Model,
        batch: &RecordBatch,
    ) -> Result<(RecordBatch, RecordBatch), ArrowError> {
        let schema = batch.schema_ref();
        let partition = model.description.partition.as_deref().unwrap_or_default();
        let months = batch.column(schema.index_of(partition)?).as_string::<i32>();
        let tickets = batch.column(schema.index_of(TICKET)?).as_primitive::<Int64Type>();
        let lies = |month: Option<&str>| month.is_some_and(|month| self.months.contains(month));
        let is_replaced = |ticket: Option<i64>| ticket.is_some_and(|id| self.among.replaced.contains(&id));
        let parted = |is_wanted: bool| {
            let rows = months.iter().zip(tickets);
            let wanted = rows.map(|(month, ticket)| Some(lies(month) && is_replaced(ticket) == is_wanted));
            filter_record_batch(batch, &wanted.collect::<BooleanArray>())
        };
        Ok((parted(true)?, parted(false)?))
    }
}

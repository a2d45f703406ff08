//! Which kept rows of a mart make way for new ones.

use std::collections::BTreeSet;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use deskmeter_lake::Among;

use super::Part;
use crate::models::Model;

/// The column by which the rows of a ticket are told from those of others.
pub(crate) const TICKET: &str = "ticket_id";

/// Tickets whose kept rows make way for new ones.
#[derive(Debug, Clone)]
pub(crate) struct Replaced {
    /// The months in which they were created.
    pub(crate) months: BTreeSet<String>,
    among: Among,
}

impl Replaced {
    /// The tickets of a part; none when it is all tickets of its months.
    pub(crate) fn of(part: &Part) -> Option<Self> {
        let tickets = part.tickets.as_ref()?;
        let (replaced, restless) = (tickets.ids.clone(), tickets.restless.clone());
        let among = Among { key: TICKET, replaced, restless, order: Vec::new() };
        Some(Self { months: part.months.clone(), among })
    }

    /// The rows of a mart that make way.
    pub(crate) fn among(&self, model: &Model) -> Among {
        Among { order: model.description.key.clone(), ..self.among.clone() }
    }

    /// The rows of a batch that lie in the months and are of other tickets.
    pub(crate) fn staying(&self, model: &Model, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let schema = batch.schema_ref();
        let partition = model.description.partition.as_deref().unwrap_or_default();
        let months = batch.column(schema.index_of(partition)?).as_string::<i32>();
        let tickets = batch.column(schema.index_of(TICKET)?).as_primitive::<Int64Type>();
        let stays = |(month, ticket): (Option<&str>, Option<i64>)| {
            month.is_some_and(|month| self.months.contains(month))
                && !ticket.is_some_and(|ticket| self.among.replaced.contains(&ticket))
        };
        let stays: BooleanArray = months.iter().zip(tickets).map(|row| Some(stays(row))).collect();
        filter_record_batch(batch, &stays)
    }
}

//! The allow-lists, stream by stream: which keys are read, and what column each becomes.

mod child_events;
mod label_changes;
mod labels;
mod metric_sets;
mod organizations;
mod ticket_events;
mod ticket_metric_events;
mod tickets;
mod users;
mod via_object;

use crate::CleanBatch;
use crate::context::Context;
use crate::layout::Layout;
use crate::place::Place;
use crate::table_builder::Room;

pub(crate) use child_events::ChildEvent;
pub(crate) use labels::CustomField;
pub(crate) use metric_sets::{Durations, TicketMetricSet};
pub(crate) use organizations::{Organization, Organizations};
pub(crate) use ticket_events::{TicketEvent, TicketEvents};
pub(crate) use ticket_metric_events::{Clock, MetricEvents, PolicyKey, Sla, SlaPolicy, TicketMetricEvent};
pub(crate) use tickets::{Ticket, Tickets};
pub(crate) use users::{Agents, User};
pub(crate) use via_object::{Via, ViaSource};

/// What a stream makes of the rows of a page.
pub(crate) trait Rows: Sized {
    /// The layout of a row.
    type Row<'a>: Layout<'a>;
    /// The place of a row.
    const PLACE: Place;

    /// No rows, with room for those of a page.
    fn new(room: &Room) -> Self;

    /// Takes a row; None where something else than an object stands.
    fn add(&mut self, row: Option<&mut Self::Row<'_>>, context: &mut Context<'_>);

    /// The batches, in the order in which they must be stored.
    fn finish(self) -> Vec<CleanBatch>;
}

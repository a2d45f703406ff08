//! How a ticket's numbers came about.

use deskmeter_warehouse::{Error as WarehouseError, Explanation, Story};

use crate::error::{Error, ErrorKind};
use crate::open::{of_warehouse, open_warehouse};
use crate::{Context, PipelineFile};

/// The pieces that add up to a metric of a ticket; several where the ticket has several rows of it.
pub async fn explain(
    pipeline: &PipelineFile,
    context: &Context,
    ticket_id: i64,
    metric: &str,
) -> Result<Vec<Explanation>, Error> {
    let warehouse = open_warehouse(pipeline, context).await?;
    warehouse.explain(Some(ticket_id), Some(metric)).await.map_err(|error| of(ticket_id, error))
}

/// Everything that the marts know of a ticket.
pub async fn story(pipeline: &PipelineFile, context: &Context, ticket_id: i64) -> Result<Story, Error> {
    let warehouse = open_warehouse(pipeline, context).await?;
    warehouse.story(ticket_id).await.map_err(|error| of(ticket_id, error))
}

fn of(ticket_id: i64, error: WarehouseError) -> Error {
    let next = match &error {
        WarehouseError::UnknownTicket { .. } => {
            "`deskmeter query \"select ticket_id from tickets\"` lists them"
        }
        WarehouseError::UnknownMetric { .. } => "without a metric, all numbers of the ticket are shown",
        WarehouseError::UnknownTable { .. } => "the marts are not made yet: run `deskmeter sync`",
        _ => return of_warehouse(error),
    };
    Error::new(ErrorKind::Query, format!("explain ticket {ticket_id}")).because(error).next(next)
}

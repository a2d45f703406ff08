//! Everything that the marts know of one ticket.

use super::cells::Cells;
use super::{Row, Story};
use crate::{Error, Warehouse};

impl Warehouse {
    /// All numbers of a ticket, its transitions, who held it, its escalations and SLA targets.
    pub async fn story(&self, ticket: i64) -> Result<Story, Error> {
        self.as_of_of_marts(Some(ticket)).await?;
        let numbers = self.rows_of_ticket("ticket_metrics", "ticket_id", ticket).await?;
        Ok(Story {
            ticket_id: ticket,
            numbers: numbers.into_iter().next().unwrap_or_default(),
            transitions: self.rows_of_ticket("status_transitions", "transition_number", ticket).await?,
            assignments: self.rows_of_ticket("assignment_spans", "span_number", ticket).await?,
            escalations: self.rows_of_ticket("escalations", "step_number", ticket).await?,
            sla_targets: self.rows_of_ticket("sla_targets", "started_at, policy_metric", ticket).await?,
        })
    }

    async fn rows_of_ticket(&self, mart: &str, order: &str, ticket: i64) -> Result<Vec<Row>, Error> {
        let sql = format!("select * from {mart} where ticket_id = {ticket} order by {order}");
        let mut rows = Vec::new();
        for batch in self.collect(&sql).await? {
            let cells = Cells::new(&batch).map_err(|source| Error::model(mart, source.into()))?;
            let names: Vec<String> =
                batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
            rows.extend((0..batch.num_rows()).map(|row| cells.row(&names, row)));
        }
        Ok(rows)
    }
}

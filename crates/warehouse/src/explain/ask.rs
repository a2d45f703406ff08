//! Explanations from the models' own spans: what the mart adds up is evaluated again, row by row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionContext};
use jiff::Timestamp;

use super::cells::Cells;
use super::{Explanation, Piece, Total};
use crate::models::{self, Explain, Layer, Model};
use crate::refresh;
use crate::{Error, Warehouse};

/// How many tickets or metrics an error names.
const NEAREST_MAX: usize = 3;

/// A mart and one of its explanations.
type Asked<'a> = (&'a Model, &'a Explain);

impl Warehouse {
    /// Explains the numbers of a ticket, or of all of them: one metric, by its name (`agent_work`), by a column of it
    /// (`agent_work_minutes_business`) or by what its rows are named (`first_reply_time`), or every metric. The
    /// numbers are those of the marts as they are now; the pieces come from the models that the marts are made of.
    pub async fn explain(
        &self,
        ticket: Option<i64>,
        metric: Option<&str>,
    ) -> Result<Vec<Explanation>, Error> {
        let as_of = self.as_of_of_marts(ticket).await?;
        let asked = self.asked(metric)?;
        let context = self.model_context(ticket, as_of, &asked).await?;
        let mut explanations = Vec::new();
        for (mart, explain) in asked {
            let mut rows = self.rows_of(mart, explain, ticket, as_of).await?;
            self.add_pieces(&context, mart, explain, as_of, &mut rows).await?;
            let named = |row: &Explanation| match metric {
                Some(metric) if explain.named_by.is_some() && metric != explain.metric => {
                    row.metric == metric
                }
                _ => true,
            };
            explanations.extend(rows.into_values().filter(named));
        }
        Ok(explanations)
    }

    /// Every metric that can be explained, with what it is.
    pub fn explained_metrics(&self) -> Vec<&str> {
        let explains = self.catalogue().marts().flat_map(|mart| &mart.description.explain);
        explains.map(|explain| explain.metric.as_str()).collect()
    }

    /// The watermark of the marts, in microseconds; an unknown ticket is an error that names the nearest ones.
    pub(super) async fn as_of_of_marts(&self, ticket: Option<i64>) -> Result<i64, Error> {
        let rows = ticket.map_or_else(String::new, |ticket| format!(" where ticket_id = {ticket}"));
        let found = self.collect(&format!("select max(as_of) as as_of from ticket_metrics{rows}")).await?;
        for batch in &found {
            let cells = Cells::new(batch).map_err(|source| Error::model("ticket_metrics", source.into()))?;
            if let Some(as_of) = cells.micros("as_of", 0) {
                return Ok(as_of);
            }
        }
        let ticket_id = ticket.unwrap_or_default();
        let near = format!(
            "select ticket_id from ticket_metrics order by abs(ticket_id - {ticket_id}), ticket_id limit {NEAREST_MAX}"
        );
        let mut nearest = Vec::new();
        for batch in self.collect(&near).await? {
            let cells = Cells::new(&batch).map_err(|source| Error::model("ticket_metrics", source.into()))?;
            nearest.extend((0..batch.num_rows()).filter_map(|row| cells.integer("ticket_id", row)));
        }
        Err(Error::UnknownTicket { ticket_id, nearest })
    }

    fn asked(&self, metric: Option<&str>) -> Result<Vec<Asked<'_>>, Error> {
        let mut all: Vec<Asked<'_>> = Vec::new();
        for mart in self.catalogue().marts() {
            all.extend(mart.description.explain.iter().map(|explain| (mart, explain)));
        }
        let Some(metric) = metric else { return Ok(all) };
        let asked: Vec<_> = all.iter().filter(|(_, explain)| explain.answers_to(metric)).copied().collect();
        if asked.is_empty() {
            let names: BTreeSet<&str> = all
                .iter()
                .flat_map(|(_, explain)| explain.names().chain([explain.metric.as_str()]))
                .collect();
            let mut scored: Vec<_> =
                names.into_iter().map(|name| (strsim::jaro_winkler(metric, name), name)).collect();
            scored.sort_by(|left, right| right.0.total_cmp(&left.0));
            let nearest = scored.into_iter().take(NEAREST_MAX).map(|(_, name)| name.to_owned()).collect();
            return Err(Error::UnknownMetric { name: metric.to_owned(), nearest });
        }
        Ok(asked)
    }

    /// An engine with everything that the explanations read, evaluated for one ticket or for all.
    async fn model_context(
        &self,
        ticket: Option<i64>,
        as_of: i64,
        asked: &[Asked<'_>],
    ) -> Result<SessionContext, Error> {
        let context = self.source_context().await?;
        if let Some(ticket) = ticket {
            refresh::narrow_to_ticket(&context, ticket).await.map_err(Error::engine)?;
        }
        let mut needed: BTreeSet<String> = BTreeSet::new();
        for (mart, explain) in asked {
            let names = models::parse_one(&explain.sql).and_then(|statement| models::references(&statement));
            needed.extend(names.map_err(|source| Error::model(&mart.name, source))?);
        }
        for model in self.catalogue().models().iter().rev().filter(|model| model.layer != Layer::Mart) {
            if needed.contains(&model.name) {
                needed.extend(model.upstream.iter().cloned());
            }
        }
        let parameters = self.parameters(as_of / 1_000_000);
        for model in self.catalogue().models().iter().filter(|model| needed.contains(&model.name)) {
            let failed = |source| Error::model(&model.name, source);
            let plan = refresh::bound_plan(&context, model, &parameters).await.map_err(failed)?;
            let frame = DataFrame::new(context.state(), plan);
            let table = if model.layer == Layer::Staging {
                frame.into_view()
            } else {
                let (schema, rows) = refresh::evaluated(frame).await.map_err(failed)?;
                Arc::new(MemTable::try_new(schema, rows).map_err(failed)?)
            };
            context.register_table(&model.name, table).map_err(failed)?;
        }
        Ok(context)
    }

    /// The mart's rows, without pieces, by the values of their key.
    async fn rows_of(
        &self,
        mart: &Model,
        explain: &Explain,
        ticket: Option<i64>,
        as_of: i64,
    ) -> Result<BTreeMap<Vec<String>, Explanation>, Error> {
        let key = &mart.description.key;
        let columns: Vec<&str> = key
            .iter()
            .chain(&explain.columns)
            .chain(&explain.facts)
            .chain(&explain.named_by)
            .map(String::as_str)
            .collect();
        let mut sql = format!("select {} from {}", columns.join(", "), mart.name);
        if let Some(ticket) = ticket {
            let _ = write!(sql, " where ticket_id = {ticket}");
        }
        let mut rows = BTreeMap::new();
        for batch in self.collect(&sql).await? {
            let cells = Cells::new(&batch).map_err(|source| Error::model(&mart.name, source.into()))?;
            for row in 0..batch.num_rows() {
                let explanation = self.explanation(mart, explain, &cells, row, as_of);
                rows.insert(cells.key(key, row), explanation);
            }
        }
        Ok(rows)
    }

    fn explanation(
        &self,
        mart: &Model,
        explain: &Explain,
        cells: &Cells,
        row: usize,
        as_of: i64,
    ) -> Explanation {
        let total = |name: &String| {
            let column = mart.description.columns.iter().find(|column| column.name == *name);
            let value = cells.integer(name, row);
            Total {
                column: name.clone(),
                unit: column.and_then(|column| column.unit.clone()).unwrap_or_default(),
                about: column.map(|column| column.about.clone()).unwrap_or_default(),
                value,
                null: column.and_then(|column| column.null.clone()).filter(|_| value.is_none()),
                sum: None,
            }
        };
        let name = explain.named_by.as_ref().and_then(|column| cells.text(column, row));
        Explanation {
            ticket_id: cells.integer("ticket_id", row).unwrap_or_default(),
            metric: name.unwrap_or_else(|| explain.metric.clone()),
            mart: mart.name.clone(),
            row: cells.row(mart.description.key.iter().filter(|name| *name != "ticket_id"), row),
            totals: explain.columns.iter().map(total).collect(),
            facts: cells.row(&explain.facts, row),
            pieces: Vec::new(),
            definitions: self.options().definitions.name(),
            as_of: Timestamp::from_microsecond(as_of).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// Evaluates the pieces and puts each to its row.
    async fn add_pieces(
        &self,
        context: &SessionContext,
        mart: &Model,
        explain: &Explain,
        as_of: i64,
        rows: &mut BTreeMap<Vec<String>, Explanation>,
    ) -> Result<(), Error> {
        let failed = |source| Error::model(&mart.name, source);
        let mut statement = models::parse_one(&explain.sql).map_err(failed)?;
        models::bind(&mut statement, &self.parameters(as_of / 1_000_000)).map_err(failed)?;
        let plan = context.state().statement_to_plan(statement).await.map_err(failed)?;
        let batches = DataFrame::new(context.state(), plan).collect().await.map_err(failed)?;
        for batch in &batches {
            let cells = Cells::new(batch).map_err(|source| failed(source.into()))?;
            for row in 0..batch.num_rows() {
                let Some(explanation) = rows.get_mut(&cells.key(&mart.description.key, row)) else {
                    continue;
                };
                explanation.pieces.extend(self.piece(&cells, row));
            }
        }
        for explanation in rows.values_mut() {
            explanation.pieces.sort_by_key(|piece| (piece.from, piece.to));
            let Explanation { totals, pieces, .. } = explanation;
            for total in totals.iter_mut() {
                total.sum = sum(total, pieces);
            }
        }
        Ok(())
    }

    fn piece(&self, cells: &Cells, row: usize) -> Option<Piece> {
        let seconds = |name| cells.micros(name, row).map(|micros| micros.div_euclid(1_000_000));
        let (from, to) = (seconds("valid_from")?, seconds("valid_to"));
        let schedule = cells.text("schedule", row);
        let known = schedule.as_ref().and_then(|name| self.schedules().get(name));
        let windows = known.zip(to).and_then(|(known, to)| known.windows(from, to));
        Some(Piece {
            what: cells.text("what", row).unwrap_or_default(),
            from: Timestamp::from_second(from).ok()?,
            to: to.and_then(|to| Timestamp::from_second(to).ok()),
            time_zone: known.and_then(|known| known.zone_name(from)),
            schedule,
            seconds_calendar: cells.integer("seconds_calendar", row),
            seconds_business: cells.integer("seconds_business", row),
            windows: windows.unwrap_or_default(),
        })
    }
}

/// What the pieces add up to in the total's unit.
fn sum(total: &Total, pieces: &[Piece]) -> Option<i64> {
    if total.unit == "count" {
        return i64::try_from(pieces.len()).ok();
    }
    let seconds = |piece: &Piece| {
        if total.column.contains("_business") { piece.seconds_business } else { piece.seconds_calendar }
    };
    let seconds = pieces.iter().map(seconds).sum::<Option<i64>>()?;
    Some(if total.unit == "seconds" { seconds } else { (seconds + 30).div_euclid(60) })
}

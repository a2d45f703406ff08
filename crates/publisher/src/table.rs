//! One table of a publish.

use std::collections::BTreeSet;
use std::time::Instant;

use deskmeter_warehouse::{Parts, Warehouse};
use tokio_postgres::Transaction;

use crate::copy::{self, Sent};
use crate::layout::{self, Layout};
use crate::options::PublishOptions;
use crate::relation::Source;
use crate::report::{Replaced, TableReport};
use crate::{Error, names, state};

/// A table and what is to be done with it.
pub(crate) struct Step<'a> {
    pub(crate) source: &'a Source,
    /// The table as it is; none when it is not there.
    layout: Option<Layout>,
    replaced: Replaced,
    /// Months to replace; none for the whole table.
    months: Option<Vec<&'a str>>,
}

/// Decides what is to be done with a table of whose parts the database holds those.
pub(crate) async fn plan<'a>(
    transaction: &Transaction<'_>,
    options: &PublishOptions,
    source: &'a Source,
    held: Option<&'a Parts>,
) -> Result<Step<'a>, Error> {
    let layout = layout::read(transaction, &options.schema, &source.relation.name).await?;
    let is_fitting = layout.as_ref().is_some_and(|layout| layout.fits(source));
    let (replaced, months) = match (held, &source.parts) {
        (Some(held), Some(parts)) if is_fitting => what_differs(source, held, parts),
        _ => (Replaced::Whole, None),
    };
    Ok(Step { source, layout, replaced, months })
}

fn what_differs<'a>(source: &Source, held: &'a Parts, parts: &'a Parts) -> (Replaced, Option<Vec<&'a str>>) {
    let all: BTreeSet<&str> = held.keys().chain(parts.keys()).map(String::as_str).collect();
    let differing: Vec<&str> =
        all.iter().copied().filter(|part| held.get(*part) != parts.get(*part)).collect();
    if differing.is_empty() {
        (Replaced::Nothing, None)
    } else if source.relation.partition.is_none() || differing.len() == all.len() {
        (Replaced::Whole, None)
    } else {
        (Replaced::Months(differing.len()), Some(differing))
    }
}

impl Step<'_> {
    /// Whether the table's columns change. That locks readers out until the commit, so such tables come last.
    pub(crate) fn changes_columns(&self) -> bool {
        self.layout.as_ref().is_some_and(|layout| !layout.fits(self.source))
    }

    /// Replaces the rows. Former rows are deleted one by one rather than with the table: whoever reads the former
    /// publish goes on reading it, to the end of his transaction.
    pub(crate) async fn run(
        &self,
        transaction: &Transaction<'_>,
        warehouse: &Warehouse,
        options: &PublishOptions,
    ) -> Result<TableReport, Error> {
        let started = Instant::now();
        let (schema, name) = (options.schema.as_str(), self.source.relation.name.as_str());
        let sent = match self.replaced {
            Replaced::Nothing => Sent::default(),
            Replaced::Whole | Replaced::Months(_) => {
                self.make_room(transaction, schema).await?;
                let rows = self.source.rows(warehouse, self.months.as_deref()).await?;
                let sent = copy::copy(transaction, (schema, name), &self.source.columns, rows).await?;
                layout::index(transaction, schema, self.source).await?;
                sent
            }
        };
        layout::comment(transaction, schema, self.source).await?;
        if self.replaced != Replaced::Nothing {
            let analyze = format!("analyze {}", names::qualified(schema, name));
            let failed = |error| Error::statement(format!("analyze table {name}"), error);
            transaction.batch_execute(&analyze).await.map_err(failed)?;
        }
        state::write(transaction, schema, name, options.as_of, self.source.parts.as_ref()).await?;
        let Sent { rows, bytes } = sent;
        Ok(TableReport {
            name: name.to_owned(),
            replaced: self.replaced,
            rows,
            bytes,
            elapsed: started.elapsed(),
        })
    }

    /// Makes the table, or takes out what is replaced.
    async fn make_room(&self, transaction: &Transaction<'_>, schema: &str) -> Result<(), Error> {
        let Some(layout) = &self.layout else {
            return layout::create(transaction, schema, self.source).await;
        };
        self.delete(transaction, schema).await?;
        if layout.fits(self.source) {
            Ok(())
        } else {
            layout::change(transaction, schema, self.source, layout).await
        }
    }

    async fn delete(&self, transaction: &Transaction<'_>, schema: &str) -> Result<(), Error> {
        let relation = &self.source.relation;
        let table = names::qualified(schema, &relation.name);
        let deleted = match (&self.months, &relation.partition) {
            (Some(months), Some(partition)) => {
                let delete = format!("delete from {table} where {} = any($1)", names::quoted(partition));
                transaction.execute(&delete, &[months]).await
            }
            _ => transaction.execute(&format!("delete from {table}"), &[]).await,
        };
        deleted
            .map(drop)
            .map_err(|error| Error::statement(format!("delete rows of {}", relation.name), error))
    }
}

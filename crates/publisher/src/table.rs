//! One table of a publish.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use deskmeter_warehouse::Warehouse;
use tokio_postgres::Transaction;

use crate::copy::{self, Sent};
use crate::layout::{self, Layout};
use crate::options::{PublishOptions, PublishScope};
use crate::relation::Source;
use crate::report::{Replaced, TableReport};
use crate::{Error, names, state};

/// A table and what is to be done with it.
pub(crate) struct Step<'a> {
    pub(crate) source: &'a Source,
    /// The table as it is; none when it is not there.
    layout: Option<Layout>,
    /// Months to replace; none for the whole table.
    months: Option<Vec<&'a str>>,
}

/// Decides what is to be done with a table that the database holds as of `held`.
pub(crate) async fn plan<'a>(
    transaction: &Transaction<'_>,
    options: &'a PublishOptions,
    source: &'a Source,
    held: &BTreeMap<String, i64>,
) -> Result<Step<'a>, Error> {
    let name = &source.relation.name;
    let layout = layout::read(transaction, &options.schema, name).await?;
    let is_fitting = layout.as_ref().is_some_and(|layout| layout.fits(source));
    let months = match &options.scope {
        PublishScope::Months { since, months }
            if is_fitting && source.relation.partition.is_some() && held.get(name) == Some(since) =>
        {
            Some(months.get(name).into_iter().flatten().map(String::as_str).collect::<BTreeSet<_>>())
        }
        _ => None,
    };
    Ok(Step { source, layout, months: months.map(|months| months.into_iter().collect()) })
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
        let replaced = match &self.months {
            None => Replaced::Whole,
            Some(months) if months.is_empty() => Replaced::Nothing,
            Some(months) => Replaced::Months(months.len()),
        };
        let sent = match replaced {
            Replaced::Nothing => Sent::default(),
            Replaced::Whole | Replaced::Months(_) => {
                self.make_room(transaction, schema).await?;
                let rows = self.source.rows(warehouse, self.months.as_deref()).await?;
                copy::copy(transaction, (schema, name), &self.source.columns, rows).await?
            }
        };
        layout::index(transaction, schema, self.source).await?;
        layout::comment(transaction, schema, self.source).await?;
        let analyze = format!("analyze {}", names::qualified(schema, name));
        let failed = |error| Error::statement(format!("analyze table {name}"), error);
        transaction.batch_execute(&analyze).await.map_err(failed)?;
        state::write(transaction, schema, name, options.as_of).await?;
        let Sent { rows, bytes } = sent;
        Ok(TableReport { name: name.to_owned(), replaced, rows, bytes, elapsed: started.elapsed() })
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

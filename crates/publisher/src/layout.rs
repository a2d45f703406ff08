//! The columns and the key that a table of the database has, and how it comes by those that it should have.

use std::collections::BTreeMap;

use tokio_postgres::Transaction;

use crate::columns::{Column, ColumnType};
use crate::relation::Source;
use crate::{Error, names};

/// A table as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Types by column.
    columns: BTreeMap<String, String>,
    key: Vec<String>,
}

/// The table's layout; none when it is not there.
pub(crate) async fn read(
    transaction: &Transaction<'_>,
    schema: &str,
    table: &str,
) -> Result<Option<Layout>, Error> {
    let columns = "select attname::text, format_type(atttypid, atttypmod) from pg_attribute \
                   where attrelid = to_regclass($1) and attnum > 0 and not attisdropped";
    let key = "select attname::text from pg_index join pg_attribute on attrelid = indrelid and attnum = any(indkey) \
               where indrelid = to_regclass($1) and indisprimary order by array_position(indkey::smallint[], attnum)";
    let failed = |error| Error::statement(format!("look at table {table}"), error);
    let name = names::qualified(schema, table);
    let columns = transaction.query(columns, &[&name]).await.map_err(failed)?;
    if columns.is_empty() {
        return Ok(None);
    }
    let key = transaction.query(key, &[&name]).await.map_err(failed)?;
    let columns = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
    Ok(Some(Layout { columns, key: key.iter().map(|row| row.get(0)).collect() }))
}

impl Layout {
    /// Whether the table's columns are those of the source, in whatever order.
    pub(crate) fn fits(&self, source: &Source) -> bool {
        self.columns.len() == source.columns.len() && source.columns.iter().all(|column| self.has(column))
    }

    fn has(&self, column: &Column) -> bool {
        self.columns.get(&column.name).is_some_and(|kind| kind == column.kind.sql())
    }

    /// Statements that make the columns those of the source. The table is empty: a column of another type is dropped
    /// and made anew, since rewriting the old rows would hide them from readers of the former publish.
    fn change(&self, source: &Source) -> Vec<String> {
        let is_kept =
            |name: &String| source.columns.iter().any(|column| column.name == *name && self.has(column));
        let lost = self.columns.keys().filter(|name| !is_kept(name));
        let drop = lost.map(|name| format!("drop column {}", names::quoted(name)));
        let gained = source.columns.iter().filter(|column| !self.has(column));
        drop.chain(gained.map(|column| format!("add column {}", definition(column)))).collect()
    }
}

/// Makes the table.
pub(crate) async fn create(
    transaction: &Transaction<'_>,
    schema: &str,
    source: &Source,
) -> Result<(), Error> {
    let name = &source.relation.name;
    let columns: Vec<String> = source.columns.iter().map(definition).collect();
    let create = format!("create table {} ({})", names::qualified(schema, name), columns.join(", "));
    let failed = |error| Error::statement(format!("create table {name}"), error);
    transaction.batch_execute(&create).await.map_err(failed)
}

/// Changes the columns of an emptied table to those of the source.
pub(crate) async fn change(
    transaction: &Transaction<'_>,
    schema: &str,
    source: &Source,
    layout: &Layout,
) -> Result<(), Error> {
    let name = &source.relation.name;
    let change =
        format!("alter table {} {}", names::qualified(schema, name), layout.change(source).join(", "));
    let failed = |error| Error::statement(format!("change columns of table {name}"), error);
    transaction.batch_execute(&change).await.map_err(failed)
}

/// Gives the filled table its key and indexes.
pub(crate) async fn index(transaction: &Transaction<'_>, schema: &str, source: &Source) -> Result<(), Error> {
    let (name, key) = (&source.relation.name, &source.relation.key);
    let table = names::qualified(schema, name);
    let constraint = names::quoted(&format!("{name}_pkey"));
    let mut statements = Vec::new();
    let former = read(transaction, schema, name).await?.map(|layout| layout.key).unwrap_or_default();
    if former != *key {
        statements.push(format!("alter table {table} drop constraint if exists {constraint}"));
        if !key.is_empty() {
            let list = names::quoted_list(key.iter().map(String::as_str));
            statements.push(format!("alter table {table} add constraint {constraint} primary key ({list})"));
        }
    }
    for column in indexed(source) {
        let index = names::quoted(&format!("{name}_{column}_idx"));
        statements.push(format!("create index if not exists {index} on {table} ({})", names::quoted(column)));
    }
    let failed = |error| Error::statement(format!("index table {name}"), error);
    transaction.batch_execute(&statements.join("; ")).await.map_err(failed)
}

/// The columns by which publishes delete and dashboards filter: months, days, groups, tickets. The first column of
/// the key has the key's own index.
fn indexed(source: &Source) -> impl Iterator<Item = &str> {
    let relation = &source.relation;
    let columns = source.columns.iter().filter(|column| {
        relation.partition.as_ref() == Some(&column.name)
            || column.kind == ColumnType::Date
            || ["group_id", "ticket_id"].contains(&column.name.as_str())
    });
    columns
        .map(|column| column.name.as_str())
        .filter(|name| relation.key.first().is_none_or(|first| first != name))
}

/// Says in the database what table and columns mean.
pub(crate) async fn comment(
    transaction: &Transaction<'_>,
    schema: &str,
    source: &Source,
) -> Result<(), Error> {
    let relation = &source.relation;
    let table = names::qualified(schema, &relation.name);
    let mut statements = vec![format!("comment on table {table} is {}", names::literal(&relation.comment))];
    for column in &source.columns {
        let text = relation.column_comments.get(&column.name).map_or("", String::as_str);
        let name = names::quoted(&column.name);
        statements.push(format!("comment on column {table}.{name} is {}", names::literal(text)));
    }
    let failed = |error| Error::statement(format!("describe table {}", relation.name), error);
    transaction.batch_execute(&statements.join("; ")).await.map_err(failed)
}

fn definition(column: &Column) -> String {
    format!("{} {}", names::quoted(&column.name), column.kind.sql())
}

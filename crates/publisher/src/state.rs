//! What the database holds of us: a table beside the marts, with the instant as of which each of them holds.

use std::collections::BTreeMap;

use tokio_postgres::Transaction;

use crate::{Error, names};

/// The table's name.
pub(crate) const TABLE: &str = "deskmeter_published";

/// Makes the table where it is not there.
pub(crate) async fn create(transaction: &Transaction<'_>, schema: &str) -> Result<(), Error> {
    let table = names::qualified(schema, TABLE);
    let create = format!(
        "create table if not exists {table} (table_name text primary key, as_of timestamp with time zone not null); \
         comment on table {table} is 'What is published here, and as of when.'; \
         comment on column {table}.table_name is 'The table.'; \
         comment on column {table}.as_of is 'The instant as of which the table holds: later events do not count.'"
    );
    let failed = |error| Error::statement(format!("create table {TABLE}"), error);
    transaction.batch_execute(&create).await.map_err(failed)
}

/// The published tables, with the instant as of which each holds, in seconds since the epoch.
pub(crate) async fn read(
    transaction: &Transaction<'_>,
    schema: &str,
) -> Result<BTreeMap<String, i64>, Error> {
    let failed = |error| Error::statement(format!("read table {TABLE}"), error);
    let table = names::qualified(schema, TABLE);
    let is_there =
        transaction.query_one("select to_regclass($1) is not null", &[&table]).await.map_err(failed)?;
    if !is_there.get::<_, bool>(0) {
        return Ok(BTreeMap::new());
    }
    let read = format!("select table_name, extract(epoch from as_of)::bigint from {table}");
    let rows = transaction.query(&read, &[]).await.map_err(failed)?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Notes that a table holds as of an instant.
pub(crate) async fn write(
    transaction: &Transaction<'_>,
    schema: &str,
    name: &str,
    as_of: i64,
) -> Result<(), Error> {
    let write = format!(
        "insert into {} (table_name, as_of) values ($1, 'epoch'::timestamptz + $2 * interval '1 second') \
         on conflict (table_name) do update set as_of = excluded.as_of",
        names::qualified(schema, TABLE)
    );
    let failed = |error| Error::statement(format!("write table {TABLE}"), error);
    transaction.execute(&write, &[&name, &(as_of as f64)]).await.map_err(failed)?;
    Ok(())
}

/// Forgets a table.
pub(crate) async fn forget(transaction: &Transaction<'_>, schema: &str, name: &str) -> Result<(), Error> {
    let forget = format!("delete from {} where table_name = $1", names::qualified(schema, TABLE));
    let failed = |error| Error::statement(format!("write table {TABLE}"), error);
    transaction.execute(&forget, &[&name]).await.map_err(failed)?;
    Ok(())
}

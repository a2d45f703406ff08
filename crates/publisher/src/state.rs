//! What the database holds of us: a table beside the marts, with the instant as of which each of them holds, and what
//! names the content of its months.

use std::collections::BTreeMap;

use deskmeter_warehouse::Parts;
use tokio_postgres::Transaction;

use crate::{Error, names};

/// The table's name.
pub(crate) const TABLE: &str = "deskmeter_published";

/// Makes the table where it is not there.
pub(crate) async fn create(transaction: &Transaction<'_>, schema: &str) -> Result<(), Error> {
    let table = names::qualified(schema, TABLE);
    let create = format!(
        "create table if not exists {table} (table_name text primary key, as_of timestamp with time zone not null); \
         alter table {table} add column if not exists parts jsonb; \
         comment on table {table} is 'What is published here, and as of when.'; \
         comment on column {table}.table_name is 'The table.'; \
         comment on column {table}.as_of is 'The instant as of which the table holds: later events do not count.'; \
         comment on column {table}.parts is 'Names the content of each month: the next publish sends those that differ.'"
    );
    let failed = |error| Error::statement(format!("create table {TABLE}"), error);
    transaction.batch_execute(&create).await.map_err(failed)
}

/// The published tables, with what names the content of their parts; none where that is not known.
pub(crate) async fn read(
    transaction: &Transaction<'_>,
    schema: &str,
) -> Result<BTreeMap<String, Option<Parts>>, Error> {
    let failed = |error| Error::statement(format!("read table {TABLE}"), error);
    let table = names::qualified(schema, TABLE);
    let is_there =
        transaction.query_one("select to_regclass($1) is not null", &[&table]).await.map_err(failed)?;
    if !is_there.get::<_, bool>(0) {
        return Ok(BTreeMap::new());
    }
    // A publish of an older version knew of no parts.
    let read = format!("select table_name, to_jsonb({TABLE}) ->> 'parts' from {table}");
    let rows = transaction.query(&read, &[]).await.map_err(failed)?;
    let parts = |text: Option<&str>| text.and_then(|text| serde_json::from_str(text).ok());
    Ok(rows.iter().map(|row| (row.get(0), parts(row.get(1)))).collect())
}

/// Notes as of which instant a table holds, and what names the content of its parts.
pub(crate) async fn write(
    transaction: &Transaction<'_>,
    schema: &str,
    name: &str,
    as_of: i64,
    parts: Option<&Parts>,
) -> Result<(), Error> {
    let write = format!(
        "insert into {} (table_name, as_of, parts) \
         values ($1, 'epoch'::timestamptz + $2 * interval '1 second', $3::text::jsonb) \
         on conflict (table_name) do update set as_of = excluded.as_of, parts = excluded.parts",
        names::qualified(schema, TABLE)
    );
    let failed = |error| Error::statement(format!("write table {TABLE}"), error);
    let parts = parts.and_then(|parts| serde_json::to_string(parts).ok());
    transaction.execute(&write, &[&name, &(as_of as f64), &parts]).await.map_err(failed)?;
    Ok(())
}

/// Forgets a table.
pub(crate) async fn forget(transaction: &Transaction<'_>, schema: &str, name: &str) -> Result<(), Error> {
    let forget = format!("delete from {} where table_name = $1", names::qualified(schema, TABLE));
    let failed = |error| Error::statement(format!("write table {TABLE}"), error);
    transaction.execute(&forget, &[&name]).await.map_err(failed)?;
    Ok(())
}

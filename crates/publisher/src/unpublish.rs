//! Takes out of a database what was published.

use tokio_postgres::Transaction;

use crate::database::Database;
use crate::report::Unpublished;
use crate::url::DatabaseUrl;
use crate::{Error, names, ownership, reader_role, state};

/// Drops what publishes of the connection put into the schema, with every view that reads it, wherever it is, and the
/// reader role that a publish made. The schema goes too, unless others put something into it. A schema that is not
/// there is no error: a deletion that is repeated has nothing to do.
pub async fn unpublish(url: &DatabaseUrl, connection: &str, schema: &str) -> Result<Unpublished, Error> {
    names::check_connection(connection)?;
    names::check("schema", schema)?;
    let mut database = Database::connect(url).await?;
    let unpublished = unpublish_schema(&mut database, connection, schema).await;
    database.close().await;
    unpublished
}

async fn unpublish_schema(
    database: &mut Database,
    connection: &str,
    schema: &str,
) -> Result<Unpublished, Error> {
    let mut transaction = database.begin().await?;
    if !ownership::is_there(&transaction, schema, connection).await? {
        return Ok(Unpublished::default());
    }
    let tables: Vec<String> = state::read(&transaction, schema).await?.into_keys().collect();
    let mut left = ownership::foreign_objects(&transaction, schema).await?;
    drop_tables(&transaction, schema, &tables, left.is_empty()).await?;
    left.extend(reader_role::drop_made(&mut transaction, connection).await?);
    transaction.commit().await.map_err(|error| Error::statement("commit unpublish", error))?;
    tracing::info!(schema, tables = tables.len(), "unpublished marts");
    Ok(Unpublished { tables, left })
}

async fn drop_tables(
    transaction: &Transaction<'_>,
    schema: &str,
    tables: &[String],
    is_all: bool,
) -> Result<(), Error> {
    let place = names::quoted(schema);
    let statements = if is_all {
        format!("drop schema {place} cascade")
    } else {
        let every = tables.iter().map(String::as_str).chain([state::TABLE]);
        let list: Vec<String> = every.map(|table| names::qualified(schema, table)).collect();
        format!("drop table if exists {} cascade; comment on schema {place} is null", list.join(", "))
    };
    let failed = |error| Error::statement(format!("drop schema {schema}"), error);
    transaction.batch_execute(&statements).await.map_err(failed)
}

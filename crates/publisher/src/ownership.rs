//! Whose a database schema is. Its comment says so: `deskmeter connection acme`. Nothing is done in a schema that
//! another connection, or someone else altogether, owns.

use tokio_postgres::Transaction;

use crate::options::PublishOptions;
use crate::{Error, names, state};

/// The comment of a schema (and of a role) that belongs to a connection.
pub(crate) fn marker(connection: &str) -> String {
    format!("deskmeter connection {connection}")
}

/// Makes the schema, or takes over an empty one of ours, or makes sure that it is ours alone.
pub(crate) async fn claim(transaction: &Transaction<'_>, options: &PublishOptions) -> Result<(), Error> {
    let schema = &options.schema;
    lock(transaction, schema).await?;
    let Some(found) = find(transaction, schema).await? else { return create(transaction, options).await };
    match found.comment {
        Some(comment) if comment == marker(&options.connection) => {
            refuse_foreign(schema, foreign_objects(transaction, schema).await?)?;
            state::create(transaction, schema).await
        }
        Some(comment) => Err(not_ours(schema, &comment)),
        None if found.is_owned => {
            refuse_foreign(schema, objects(transaction, schema).await?)?;
            mark(transaction, options).await
        }
        None => {
            let reason = "another role owns it".to_owned();
            Err(Error::NotOurs { schema: schema.clone(), reason })
        }
    }
}

/// Whether the schema exists and is this connection's; an error when it is someone else's.
pub(crate) async fn is_there(
    transaction: &Transaction<'_>,
    schema: &str,
    connection: &str,
) -> Result<bool, Error> {
    lock(transaction, schema).await?;
    match find(transaction, schema).await? {
        None => Ok(false),
        Some(Found { comment: Some(comment), .. }) if comment == marker(connection) => Ok(true),
        Some(Found { comment, .. }) => Err(not_ours(schema, comment.as_deref().unwrap_or_default())),
    }
}

/// What is in the schema that no publish made.
pub(crate) async fn foreign_objects(
    transaction: &Transaction<'_>,
    schema: &str,
) -> Result<Vec<String>, Error> {
    let ours = state::read(transaction, schema).await?;
    let mut objects = objects(transaction, schema).await?;
    objects.retain(|name| !ours.contains_key(name) && name != state::TABLE);
    Ok(objects)
}

/// Tables, views, sequences, functions and types of the schema.
async fn objects(transaction: &Transaction<'_>, schema: &str) -> Result<Vec<String>, Error> {
    let objects = "\
        select relname::text from pg_class join pg_namespace on pg_namespace.oid = relnamespace \
            where nspname = $1 and relkind in ('r', 'p', 'v', 'm', 'f', 'S') \
        union all \
        select proname::text || '()' from pg_proc join pg_namespace on pg_namespace.oid = pronamespace \
            where nspname = $1 \
        union all \
        select typname::text from pg_type join pg_namespace on pg_namespace.oid = typnamespace \
            where nspname = $1 and typtype in ('d', 'e', 'r') \
        order by 1";
    let failed = |error| Error::statement(format!("look into schema {schema}"), error);
    let rows = transaction.query(objects, &[&schema]).await.map_err(failed)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

struct Found {
    comment: Option<String>,
    is_owned: bool,
}

/// One publish of a schema at a time. The lock ends with the transaction.
async fn lock(transaction: &Transaction<'_>, schema: &str) -> Result<(), Error> {
    let failed = |error| Error::statement(format!("lock schema {schema}"), error);
    let lock = "select pg_try_advisory_xact_lock(hashtextextended($1, 0))";
    let row = transaction.query_one(lock, &[&format!("deskmeter {schema}")]).await.map_err(failed)?;
    if row.get(0) { Ok(()) } else { Err(Error::Busy { schema: schema.to_owned() }) }
}

async fn find(transaction: &Transaction<'_>, schema: &str) -> Result<Option<Found>, Error> {
    let find = "select obj_description(oid, 'pg_namespace'), pg_has_role(nspowner, 'usage') \
                from pg_namespace where nspname = $1";
    let failed = |error| Error::statement(format!("look up schema {schema}"), error);
    let row = transaction.query_opt(find, &[&schema]).await.map_err(failed)?;
    Ok(row.map(|row| Found { comment: row.get(0), is_owned: row.get(1) }))
}

async fn create(transaction: &Transaction<'_>, options: &PublishOptions) -> Result<(), Error> {
    let schema = &options.schema;
    let failed = |error| {
        Error::statement(format!("create schema {schema}"), error).remedied_by(format!(
            "as its administrator: GRANT CREATE ON DATABASE … TO the role, or CREATE SCHEMA {schema} AUTHORIZATION \
             the role"
        ))
    };
    let create = format!("create schema {}", names::quoted(schema));
    transaction.batch_execute(&create).await.map_err(failed)?;
    mark(transaction, options).await
}

async fn mark(transaction: &Transaction<'_>, options: &PublishOptions) -> Result<(), Error> {
    let schema = &options.schema;
    let failed = |error| Error::statement(format!("mark schema {schema}"), error);
    let marker = names::literal(&marker(&options.connection));
    let mark = format!("comment on schema {} is {marker}", names::quoted(schema));
    transaction.batch_execute(&mark).await.map_err(failed)?;
    state::create(transaction, schema).await
}

fn refuse_foreign(schema: &str, objects: Vec<String>) -> Result<(), Error> {
    if objects.is_empty() {
        Ok(())
    } else {
        Err(Error::ForeignObjects { schema: schema.to_owned(), objects })
    }
}

fn not_ours(schema: &str, comment: &str) -> Error {
    let reason = match comment.strip_prefix("deskmeter connection ") {
        Some(other) => format!("it belongs to connection {other}"),
        None => "its comment does not name this connection".to_owned(),
    };
    Error::NotOurs { schema: schema.to_owned(), reason }
}

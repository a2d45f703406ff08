//! The role that reads a published schema and can do nothing else.

use tokio_postgres::Transaction;

use crate::ownership::marker;
use crate::{Error, names};

/// Makes the role where it is not there, and lets it read the schema's tables, now and later.
pub(crate) async fn grant(
    transaction: &Transaction<'_>,
    role: &str,
    schema: &str,
    connection: &str,
) -> Result<(), Error> {
    let failed = |error| {
        let remedy = format!("as an administrator of the server: CREATE ROLE {role} NOLOGIN");
        Error::statement(format!("create reader role {role}"), error).remedied_by(remedy)
    };
    let find = "select exists (select from pg_roles where rolname = $1)";
    let (reader, place) = (names::quoted(role), names::quoted(schema));
    if !transaction.query_one(find, &[&role]).await.map_err(failed)?.get::<_, bool>(0) {
        let marker = names::literal(&marker(connection));
        let create = format!("create role {reader} nologin; comment on role {reader} is {marker}");
        transaction.batch_execute(&create).await.map_err(failed)?;
    }
    let grant = format!(
        "grant usage on schema {place} to {reader}; \
         grant select on all tables in schema {place} to {reader}; \
         alter default privileges in schema {place} grant select on tables to {reader}"
    );
    let failed = |error| Error::statement(format!("let role {role} read schema {schema}"), error);
    transaction.batch_execute(&grant).await.map_err(failed)
}

/// Drops the roles that a publish of the connection made. Those that have rights elsewhere stay, and are returned.
pub(crate) async fn drop_made(
    transaction: &mut Transaction<'_>,
    connection: &str,
) -> Result<Vec<String>, Error> {
    let find = "select rolname::text from pg_roles where shobj_description(oid, 'pg_authid') = $1";
    let failed = |error| Error::statement("drop reader role", error);
    let roles = transaction.query(find, &[&marker(connection)]).await.map_err(failed)?;
    let mut left = Vec::new();
    for role in roles.iter().map(|row| row.get::<_, String>(0)) {
        let attempt = transaction.savepoint("reader_role").await.map_err(failed)?;
        match attempt.batch_execute(&format!("drop role {}", names::quoted(&role))).await {
            Ok(()) => attempt.commit().await.map_err(failed)?,
            Err(error) if error.as_db_error().is_some() => {
                attempt.rollback().await.map_err(failed)?;
                left.push(format!("role {role}"));
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(left)
}

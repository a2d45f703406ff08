//! A publish: one transaction that replaces what changed.

use std::collections::BTreeMap;
use std::time::Instant;

use deskmeter_warehouse::{Parts, Warehouse};
use tokio_postgres::Transaction;

use crate::database::Database;
use crate::options::PublishOptions;
use crate::relation::{self, Source};
use crate::report::PublishReport;
use crate::url::DatabaseUrl;
use crate::{Error, names, ownership, reader_role, state, table};

/// Writes every mart that the warehouse holds, and small tables of agents (by pseudonym), groups and schedules, into
/// a schema of a PostgreSQL database (12 or newer): typed, described, with keys and indexes. What the database holds
/// already is not sent again: of a mart with months, only those that differ are.
///
/// One transaction does it all: readers see the former publish, then the new one, and on an error or a crash nothing
/// has changed. Readers are not kept waiting, but for the end of a transaction that changes a table's columns. Memory
/// is bounded by a batch of rows. A publish that finds another one of the same schema at work ends in
/// [`Error::Busy`].
pub async fn publish(
    warehouse: &Warehouse,
    url: &DatabaseUrl,
    options: &PublishOptions,
) -> Result<PublishReport, Error> {
    let started = Instant::now();
    options.check()?;
    let (sources, missing) = relation::sources(warehouse, options.group_min).await?;
    let mut database = Database::connect(url).await?;
    let published = publish_sources(&mut database, warehouse, options, &sources, &missing).await;
    database.close().await;
    let mut report = published?;
    report.missing = missing;
    report.elapsed = started.elapsed();
    tracing::info!(
        schema = options.schema,
        tables = report.tables.len(),
        rows = report.tables.iter().map(|table| table.rows).sum::<u64>(),
        elapsed_ms = report.elapsed.as_millis() as u64,
        "published marts"
    );
    Ok(report)
}

/// Tries what a publish needs and undoes it: the login, the schema (ours, or one that can be made), the reader role.
pub async fn check(url: &DatabaseUrl, options: &PublishOptions) -> Result<(), Error> {
    options.check()?;
    let mut database = Database::connect(url).await?;
    let tried = try_out(&mut database, options).await;
    database.close().await;
    tried
}

async fn try_out(database: &mut Database, options: &PublishOptions) -> Result<(), Error> {
    let transaction = database.begin().await?;
    ownership::claim(&transaction, options).await?;
    if let Some(role) = &options.reader_role {
        reader_role::grant(&transaction, role, &options.schema, &options.connection).await?;
    }
    transaction.rollback().await.map_err(|error| Error::statement("undo what was tried", error))
}

async fn publish_sources(
    database: &mut Database,
    warehouse: &Warehouse,
    options: &PublishOptions,
    sources: &[Source],
    missing: &[String],
) -> Result<PublishReport, Error> {
    let transaction = database.begin().await?;
    ownership::claim(&transaction, options).await?;
    let held = state::read(&transaction, &options.schema).await?;
    let holds = |source: &Source| held.get(&source.relation.name).and_then(Option::as_ref);
    let mut steps = Vec::with_capacity(sources.len());
    for source in sources {
        steps.push(table::plan(&transaction, options, source, holds(source)).await?);
    }
    steps.sort_by_key(table::Step::changes_columns);
    let mut report = PublishReport::default();
    for step in &steps {
        report.tables.push(step.run(&transaction, warehouse, options).await?);
    }
    let is_known =
        |name: &String| missing.contains(name) || sources.iter().any(|it| it.relation.name == *name);
    report.dropped = drop_others(&transaction, &options.schema, &held, is_known).await?;
    if let Some(role) = &options.reader_role {
        reader_role::grant(&transaction, role, &options.schema, &options.connection).await?;
    }
    transaction.commit().await.map_err(|error| Error::statement("commit publish", error))?;
    Ok(report)
}

/// Drops the tables of former publishes that are no marts any more.
async fn drop_others(
    transaction: &Transaction<'_>,
    schema: &str,
    held: &BTreeMap<String, Option<Parts>>,
    is_known: impl Fn(&String) -> bool,
) -> Result<Vec<String>, Error> {
    let mut dropped = Vec::new();
    for name in held.keys().filter(|name| !is_known(name)) {
        let drop = format!("drop table if exists {}", names::qualified(schema, name));
        let failed = |error| Error::statement(format!("drop table {name}"), error);
        transaction.batch_execute(&drop).await.map_err(failed)?;
        state::forget(transaction, schema, name).await?;
        dropped.push(name.clone());
    }
    Ok(dropped)
}

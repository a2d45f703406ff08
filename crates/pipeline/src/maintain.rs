//! Looking after the lake: one ticket erased everywhere, broken files found.

use std::time::Duration;

use deskmeter_lake::{ConnectionLake, Retention, checkpoint_if_due, clean_up, write_checkpoint};
use deskmeter_loader::{EraseReport, Finding, Loader, LoaderOptions};
use deskmeter_warehouse::Warehouse;

use crate::error::Error;
use crate::open::{new_warehouse, of_lake, of_loader, of_warehouse, open_lake, sealing_keys};
use crate::state::State;
use crate::sync::{acquire, authorized, watermark, while_renewing};
use crate::{Context, PipelineFile};

/// Removes every trace of one ticket: its rows from all tables and marts, and with them every old version.
pub async fn erase_ticket(
    pipeline: &PipelineFile,
    context: &Context,
    ticket_id: i64,
) -> Result<EraseReport, Error> {
    let state = State::open(pipeline, context)?;
    let keys = sealing_keys(pipeline, context)?;
    authorized(pipeline, &state, keys.clone(), context).await?;
    let lease = acquire(&state, context, Duration::ZERO).await?;
    while_renewing(lease, context, |turn| async move {
        // Asked again under the lease: nothing may be written where all was deleted meanwhile.
        authorized(pipeline, &state, keys, context).await?;
        let lake = turn.lake(pipeline, context).await?;
        turn.set_marts_behind(true);
        let options = LoaderOptions { fence: turn.fence(), ..LoaderOptions::default() };
        let mut loader = Loader::open(lake.clone(), options).await.map_err(of_loader)?;
        let report = loader.erase_ticket(ticket_id).await.map_err(of_loader)?;
        let mut warehouse = new_warehouse(pipeline)?;
        warehouse.open(lake.clone()).await.map_err(of_warehouse)?;
        let as_of = watermark(&warehouse).await?.unwrap_or(context.started_at.0);
        warehouse.refresh_unheld(as_of).await.map_err(of_warehouse)?;
        clean_marts(&warehouse, &lake, Retention::NEWEST_VERSION_ONLY).await?;
        turn.set_marts_behind(false);
        Ok(report)
    })
    .await
}

/// Reads every table from end to end and tells what is wrong. Changes nothing.
pub async fn check_lake(pipeline: &PipelineFile, context: &Context) -> Result<Vec<Finding>, Error> {
    let lake = open_lake(pipeline, context)?;
    deskmeter_loader::check(&lake).await.map_err(of_loader)
}

/// Takes broken files out of their tables, so that the next run reads their streams from the start, and damaged marts
/// away, so that it makes them anew; gives the number of broken files.
pub async fn repair_lake(pipeline: &PipelineFile, context: &Context) -> Result<u64, Error> {
    let state = State::open(pipeline, context)?;
    let lease = acquire(&state, context, Duration::ZERO).await?;
    while_renewing(lease, context, |turn| async move {
        turn.set_marts_behind(true);
        let options = LoaderOptions { fence: turn.fence(), ..LoaderOptions::default() };
        let lake = open_lake(pipeline, context)?;
        let log_files = deskmeter_loader::repair_logs(&lake).await.map_err(of_loader)?;
        let of_marts = deskmeter_loader::repair_marts(&lake).await.map_err(of_loader)?;
        let mut loader = Loader::open(lake, options).await.map_err(of_loader)?;
        Ok(log_files + of_marts + loader.repair().await.map_err(of_loader)?)
    })
    .await
}

/// Keeps the marts' logs short, and deletes their versions that the retention no longer covers.
pub(crate) async fn clean_marts(
    warehouse: &Warehouse,
    lake: &ConnectionLake,
    retention: Retention,
) -> Result<(), Error> {
    let failed = |error| of_lake("clean up the marts", error);
    for mart in warehouse.catalogue().marts() {
        if let Some(table) = lake.table(&mart.name).await.map_err(failed)? {
            if retention == Retention::NEWEST_VERSION_ONLY {
                write_checkpoint(&table, &mart.name).await.map_err(failed)?;
            } else {
                checkpoint_if_due(&table, &mart.name).await.map_err(failed)?;
            }
            clean_up(&table, &mart.name, retention).await.map_err(failed)?;
        }
    }
    Ok(())
}

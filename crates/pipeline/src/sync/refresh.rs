//! After the streams: marts of the tickets that changed.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use deskmeter_connections::CheckTotals;
use deskmeter_lake::ConnectionLake;
use deskmeter_warehouse::{RefreshReport, RefreshScope, Severity, Touched, Warehouse};
use futures::TryStreamExt;

use super::report::Marts;
use super::{Run, SyncReport};
use crate::Event;
use crate::error::{Error, ErrorKind};
use crate::open::{definition, of_lake, of_warehouse};
use crate::state::of_state;

/// The instant as of which the marts hold: the newest change that the lake knows, so that the same lake gives the same
/// numbers whenever the marts are made.
const WATERMARK: &str = "select cast(max(at) as bigint) as as_of from ( \
    select max(to_unixtime(generated_at)) as at from tickets \
    union all select max(to_unixtime(occurred_at)) as at from ticket_events)";

/// A mart that every refresh makes: without it, nothing was refreshed yet.
const ANY_MART: &str = "ticket_metrics";

/// Refreshes what the run's rows touch, and checks it.
pub(super) async fn marts(
    run: &Run<'_>,
    lake: &ConnectionLake,
    warehouse: &mut Warehouse,
    were_behind: bool,
    report: &mut SyncReport,
) -> Result<(), Error> {
    let is_first =
        lake.table(ANY_MART).await.map_err(|error| of_lake("look for the marts", error))?.is_none();
    let made_by = definition(run.pipeline, warehouse);
    let before = run.state.board().read(&run.state.connection).await;
    let before = before.map_err(|error| of_state("read the status", error))?.marts_made_by;
    // A run before this one that was cut off left rows which this run's own do not tell of; models and settings that
    // changed, or whose checks failed, say something else of all rows.
    let must_be_full =
        is_first || were_behind || run.options.is_full_refresh || before.as_ref() != Some(&made_by);
    if !must_be_full && !report.has_changes() {
        return Ok(());
    }
    run.context.observer.event(&Event::Refreshing);
    warehouse.open(lake.clone()).await.map_err(of_warehouse)?;
    let as_of = watermark(warehouse).await?.unwrap_or(run.context.started_at.0);
    let is_full = must_be_full || agents_changed(report);
    let scope = if is_full { RefreshScope::Full } else { RefreshScope::Touched(touched(report)) };
    let refreshed = warehouse.refresh(as_of, scope).await.map_err(of_warehouse)?;
    report.models_refreshed = refreshed.models.len();
    report.months_refreshed.clone_from(&refreshed.months);
    report.checks = checks(&refreshed);
    report.warnings.extend(refreshed.warnings.iter().cloned());
    for (model, check) in refreshed.violations() {
        report
            .warnings
            .push(format!("{}: {} ({} rows against it)", model.name, check.check, check.violations));
    }
    run.context.observer.event(&Event::Refreshed { models: refreshed.models.len() });
    if refreshed.has_failed() {
        let what = format!("check the marts: {}", report.warnings.join("; "));
        report.marts = Marts::Refused;
        return Err(Error::new(ErrorKind::DataCheck, what).next(
            "the rows are kept, the marts stay as they were; see `deskmeter query \"select * from data_checks where \
             outcome = 'failed'\"`; the next `deskmeter sync` makes all marts anew and checks again",
        ));
    }
    report.marts = Marts::MadeBy(made_by);
    Ok(())
}

/// How the checks ended.
fn checks(refreshed: &RefreshReport) -> CheckTotals {
    let mut totals = CheckTotals::default();
    for check in refreshed.models.iter().flat_map(|model| &model.checks) {
        match (check.violations, check.severity) {
            (0, _) => totals.held += 1,
            (_, Severity::Fail) => totals.failed += 1,
            (_, Severity::Warn) => totals.warned += 1,
        }
    }
    totals
}

/// A role that changed can change the replies of any ticket.
fn agents_changed(report: &SyncReport) -> bool {
    report.streams.get("users").is_some_and(super::StreamReport::has_changes)
}

fn touched(report: &SyncReport) -> Touched {
    let changed = report.streams.values().filter(|stream| stream.has_changes());
    let ticket_ids = changed.flat_map(|stream| stream.tickets_seen.iter().copied()).collect();
    Touched { ticket_ids }
}

/// The newest change that the lake knows, Unix seconds; None while it knows none.
pub(crate) async fn watermark(warehouse: &Warehouse) -> Result<Option<i64>, Error> {
    let rows = warehouse.query(WATERMARK).await.map_err(of_warehouse)?;
    let batches: Vec<_> = rows
        .try_collect()
        .await
        .map_err(|error| Error::new(ErrorKind::Storage, "read the watermark").because(error))?;
    let first = batches.iter().find(|batch| batch.num_rows() > 0);
    Ok(first.and_then(|batch| batch.column(0).as_primitive_opt::<Int64Type>()?.iter().next()?))
}

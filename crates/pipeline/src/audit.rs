//! The privacy audit of a pipeline's lake: what may lie there follows from the contract, the models and the file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use deskmeter_auditor::{AuditOptions, AuditReport, Expectations, audit};
use deskmeter_warehouse::{Error as WarehouseError, Severity, Warehouse};
use jiff::Timestamp;
use object_store::ObjectStoreExt as _;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::open::{of_warehouse, open_warehouse, whole_lake};
use crate::state::State;
use crate::{Context, PipelineFile};

/// Severities of checks, as `data_checks` holds them.
const SEVERITIES: [&str; 2] = [Severity::Warn.name(), Severity::Fail.name()];

/// Opens everything that lies in the connection's part of the lake and of the state store, and these files, and tells
/// what should not be there. `canaries` are texts that must be nowhere.
pub async fn audit_privacy(
    pipeline: &PipelineFile,
    context: &Context,
    canaries: Option<Vec<String>>,
    extra_files: Vec<PathBuf>,
) -> Result<AuditReport, Error> {
    let warehouse = open_warehouse(pipeline, context).await?;
    let expectations = expectations(pipeline, &warehouse).await?;
    let hosts: BTreeSet<String> =
        pipeline.connection.base_url.host_str().map(str::to_owned).into_iter().collect();
    let state = Some(State::open(pipeline, context)?.audited());
    let options = AuditOptions { canaries, state, extra_files, hosts };
    let lake = whole_lake(pipeline, context)?;
    let report = audit(&lake, Some(&pipeline.connection.name), &expectations, &options)
        .await
        .map_err(|error| Error::new(ErrorKind::Storage, "audit the lake").because(error))?;
    // Of an empty lake nothing is kept: a connection that was deleted leaves no trace.
    if report.objects > 0 {
        keep(pipeline, context, &report).await?;
    }
    Ok(report)
}

/// What the last audit of a connection found. It is deleted with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAudit {
    /// When it began.
    pub at: Timestamp,
    /// Objects and files that were read.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Values that were looked at one by one.
    pub values: u64,
    /// Findings.
    pub findings: u64,
}

/// The last audit; None when there was none, or when what is kept of it cannot be read.
pub async fn last_audit(pipeline: &PipelineFile, context: &Context) -> Result<Option<LastAudit>, Error> {
    let (store, path) = State::open(pipeline, context)?.last_audit();
    match store.get(&path).await {
        Ok(found) => {
            let bytes = found.bytes().await.map_err(|error| of_store("read the last audit", error))?;
            Ok(serde_json::from_slice(&bytes).ok())
        }
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(of_store("read the last audit", error)),
    }
}

async fn keep(pipeline: &PipelineFile, context: &Context, report: &AuditReport) -> Result<(), Error> {
    let last = LastAudit {
        at: Timestamp::from_second(context.started_at.0).unwrap_or_default(),
        objects: report.objects,
        bytes: report.bytes,
        values: report.values,
        findings: report.findings.len() as u64,
    };
    let (store, path) = State::open(pipeline, context)?.last_audit();
    let text = serde_json::to_vec(&last)
        .map_err(|error| Error::new(ErrorKind::Bug, "write down the audit").because(error))?;
    let kept = store.put(&path, text.into()).await;
    kept.map(drop).map_err(|error| of_store("write down the audit", error))
}

fn of_store(what: &str, error: object_store::Error) -> Error {
    Error::new(ErrorKind::Storage, what.to_owned()).because(error)
}

/// The collected tables, and every mart with the words that its rows can hold.
async fn expectations(pipeline: &PipelineFile, warehouse: &Warehouse) -> Result<Expectations, Error> {
    let words = words(pipeline, warehouse);
    let mut expectations = Expectations::collected();
    expectations.allow_labels(pipeline.privacy.labels.keys().cloned().collect());
    for mart in warehouse.catalogue().marts() {
        let sql = format!("select * from {} limit 0", mart.name);
        let schema = match warehouse.query(&sql).await {
            Ok(rows) => rows.schema(),
            // A mart that a newer version brought is made by the next run.
            Err(WarehouseError::UnknownTable { .. }) => continue,
            Err(error) => return Err(of_warehouse(error)),
        };
        expectations.add_mart(&mart.name, &schema, words.clone());
    }
    Ok(expectations)
}

/// Literals of the models' SQL, names of models and of their checks, names of the file's schedules, and its labels.
fn words(pipeline: &PipelineFile, warehouse: &Warehouse) -> BTreeSet<String> {
    let models = warehouse.catalogue().models();
    let literals = models.iter().flat_map(|model| literals(&model.sql));
    let checks = models.iter().flat_map(|model| model.description.checks()).map(|check| check.name);
    let names = models.iter().map(|model| model.name.clone()).chain(checks);
    let schedules =
        pipeline.schedules.iter().flat_map(|schedule| [schedule.name.clone(), schedule.time_zone.clone()]);
    let labels = pipeline.privacy.labels.keys().cloned();
    literals.chain(names).chain(schedules).chain(labels).chain(SEVERITIES.map(str::to_owned)).collect()
}

/// Texts between single quotes, comments left out.
fn literals(sql: &str) -> Vec<String> {
    let code: String =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    code.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

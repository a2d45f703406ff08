//! The privacy audit of a pipeline's lake: what may lie there follows from the contract, the models and the file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use deskmeter_auditor::{AuditOptions, AuditReport, Expectations, audit};
use deskmeter_warehouse::Warehouse;

use crate::error::{Error, ErrorKind};
use crate::open::{of_warehouse, open_warehouse, whole_lake};
use crate::{Context, PipelineFile};

/// Opens everything that lies in the connection's part of the lake, and these files, and tells what should not be
/// there. `canaries` are texts that must be nowhere.
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
    let options = AuditOptions { canaries, extra_files, hosts };
    let lake = whole_lake(pipeline, context)?;
    audit(&lake, Some(&pipeline.connection.name), &expectations, &options)
        .await
        .map_err(|error| Error::new(ErrorKind::Storage, "audit the lake").because(error))
}

/// The collected tables, and every mart with the words that its rows can hold.
async fn expectations(pipeline: &PipelineFile, warehouse: &Warehouse) -> Result<Expectations, Error> {
    let words = words(pipeline, warehouse);
    let mut expectations = Expectations::collected();
    for mart in warehouse.catalogue().marts() {
        let sql = format!("select * from {} limit 0", mart.name);
        let schema = warehouse.query(&sql).await.map_err(of_warehouse)?.schema();
        expectations.add_mart(&mart.name, &schema, words.clone());
    }
    Ok(expectations)
}

/// Literals of the models' SQL, and names of the file's schedules.
fn words(pipeline: &PipelineFile, warehouse: &Warehouse) -> BTreeSet<String> {
    let literals = warehouse.catalogue().models().iter().flat_map(|model| literals(&model.sql));
    let schedules =
        pipeline.schedules.iter().flat_map(|schedule| [schedule.name.clone(), schedule.time_zone.clone()]);
    literals.chain(schedules).collect()
}

/// Texts between single quotes, comments left out.
fn literals(sql: &str) -> Vec<String> {
    let code: String =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    code.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

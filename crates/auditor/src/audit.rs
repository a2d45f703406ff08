//! The audit: every object is read once, examined on its own, and forgotten.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use deskmeter_lake::Lake;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;

use crate::canaries::Canaries;
use crate::listing::{self, Name, Object};
use crate::parquet_file::{self, Role};
use crate::patterns::Manner;
use crate::place::{self, Kind};
use crate::scan::{Knowledge, Scan};
use crate::{Error, Expectations, Finding, Part, Rule, bytes_search, delta_log, state_store};

/// Objects that are in memory at a time.
const OBJECTS_AT_ONCE: usize = 4;
/// Larger objects are findings and are not read: a data file of ours has tens of megabytes.
const OBJECT_BYTES_MAX: u64 = 1 << 30;

/// What else is to be looked for, and where.
#[derive(Debug, Clone, Default)]
pub struct AuditOptions {
    /// Texts that must be nowhere, four bytes long or more; digits are looked for among numbers, too.
    pub canaries: Option<Vec<String>>,
    /// Where the connections' state lies.
    pub state: Option<StateStore>,
    /// Logs, reports and exports: files, or folders of them. Only for these must the process see a local disk.
    pub extra_files: Vec<PathBuf>,
    /// The operator's own hosts, whose addresses may stand in these files.
    pub hosts: BTreeSet<String>,
}

/// A state store.
#[derive(Debug, Clone)]
pub struct StateStore {
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// The folder in it.
    pub prefix: Path,
    /// That folder on local disk, where files may lie that the store does not list.
    pub folder: Option<PathBuf>,
}

/// What the audit saw.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Objects and files that were read.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Values that were looked at one by one: of rows, dictionaries, bounds and logs.
    pub values: u64,
    /// Objects that were deleted between listing and reading, by a run's housekeeping.
    pub vanished: u64,
    /// What should not be there, by place and rule. Empty is what everyone wants.
    pub findings: Vec<Finding>,
}

/// Examines everything that lies in the lake and in the state store, or in one connection's part of them, and the files
/// beside them.
///
/// # Errors
/// When anything cannot be read: an audit that leaves something out is none.
pub async fn audit(
    lake: &Lake,
    connection: Option<&str>,
    expectations: &Expectations,
    options: &AuditOptions,
) -> Result<AuditReport, Error> {
    let knowledge = Arc::new(Knowledge {
        expectations: expectations.clone(),
        canaries: Canaries::new(options.canaries.as_deref().unwrap_or_default())?,
        hosts: options.hosts.clone(),
    });
    let mut objects = listing::of_lake(lake, connection).await?;
    if let Some(state) = &options.state {
        objects.extend(listing::of_state(state, connection).await?);
    }
    objects.extend(listing::beside(&options.extra_files)?);
    let mut report = futures::stream::iter(objects)
        .map(|object| read_and_examine(object, Arc::clone(&knowledge)))
        .buffer_unordered(OBJECTS_AT_ONCE)
        .try_fold(AuditReport::default(), |sum, one| std::future::ready(Ok(sum.and(one))))
        .await?;
    report.findings.sort();
    Ok(report)
}

impl AuditReport {
    fn and(mut self, one: Self) -> Self {
        self.objects += one.objects;
        self.bytes += one.bytes;
        self.values += one.values;
        self.vanished += one.vanished;
        self.findings.extend(one.findings);
        self
    }
}

async fn read_and_examine(object: Object, knowledge: Arc<Knowledge>) -> Result<AuditReport, Error> {
    let is_too_large = object.bytes > OBJECT_BYTES_MAX;
    let bytes = if is_too_large { Some(Bytes::new()) } else { object.read().await? };
    let Some(bytes) = bytes else { return Ok(AuditReport { vanished: 1, ..AuditReport::default() }) };
    let examined = tokio::task::spawn_blocking(move || {
        let size = object.bytes.max(bytes.len() as u64);
        let mut scan = examine(&object.name, &bytes, &knowledge);
        if is_too_large {
            scan.report(Part::Bytes, None, Rule::TooLarge, &[]);
        }
        let (values, findings) = (scan.values, scan.findings.into_vec());
        AuditReport { objects: 1, bytes: size, values, vanished: 0, findings }
    });
    examined.await.map_err(|_| Error::Worker)
}

fn examine<'k>(name: &Name, bytes: &Bytes, knowledge: &'k Knowledge) -> Scan<'k> {
    match name {
        Name::Beside(number, name) => {
            let may_be_told = knowledge.canaries.find(name.as_bytes()).is_none();
            let told = format!("file {number}: {}", place::tell(name, may_be_told));
            let mut scan = Scan::new(knowledge, told, None);
            scan.search(Part::Path, None, name.as_bytes(), Manner::Reports);
            bytes_search::search(&mut scan, bytes, Manner::Reports);
            scan
        }
        Name::State(path) => state_store::examine(path, bytes, knowledge),
        Name::Lake(path) => examine_object(path, bytes, knowledge),
    }
}

fn examine_object<'k>(path: &str, bytes: &Bytes, knowledge: &'k Knowledge) -> Scan<'k> {
    let name = place::read(path, knowledge);
    let mut scan = Scan::new(knowledge, name.told, name.table);
    scan.find_canaries(Part::Path, None, path.as_bytes());
    for (rule, segment) in name.faults {
        scan.refuse(Part::Path, None, rule, segment.as_bytes());
    }
    let mut segments = path.split('/');
    let (connection, table) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let location = format!("{connection}/{table}/");
    let table = knowledge.expectations.tables.get(table);
    match name.kind {
        Kind::Commit => delta_log::examine_commit(&mut scan, bytes, table, &location),
        Kind::LastCheckpoint => delta_log::examine_last_checkpoint(&mut scan, bytes, table),
        Kind::Checkpoint => parquet_file::examine(&mut scan, bytes, Role::Checkpoint(table)),
        Kind::Data => parquet_file::examine(&mut scan, bytes, Role::Data(table)),
        Kind::Other => bytes_search::search(&mut scan, bytes, Manner::Values),
    }
    scan
}

//! Pages, lakes in temporary folders, and what is in them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int64Type};
use deskmeter_lake::{ConnectionLake, Lake, data_files, read_file};
use deskmeter_loader::{Committed, Error, Loader, LoaderOptions};
use deskmeter_sanitizer::{CleanBatch, PseudonymKey, Sanitizer, SanitizerOptions};
use deskmeter_tables::Table;
use deskmeter_zendesk::Stream;
use object_store::local::LocalFileSystem;
use serde_json::{Value, json};
use tempfile::TempDir;

/// 2026-01-01T00:00:00Z.
pub(crate) const NEW_YEAR: i64 = 1_767_225_600;
/// After every time that a clock may show while these tests are run.
pub(crate) const FAR_FUTURE: i64 = 4_102_444_800;

pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) lake: ConnectionLake,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("file://{}/lake", folder.path().display());
        // Plain local files: nothing here survives a power cut, and these tests write thousands of commits.
        let lake = Lake::over(&url, Arc::new(LocalFileSystem::new())).unwrap().connection("acme");
        Self { folder, lake }
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}/lake", self.folder.path().display())
    }

    pub(crate) async fn loader(&self) -> Loader {
        Loader::open(self.lake.clone(), LoaderOptions::default()).await.unwrap()
    }

    /// Every file of the connection, staged ones included.
    pub(crate) fn files(&self) -> BTreeSet<PathBuf> {
        let mut files = BTreeSet::new();
        let mut folders = vec![self.folder.path().join("lake/acme")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path);
                }
            }
        }
        files
    }

    pub(crate) fn data_files(&self) -> BTreeSet<PathBuf> {
        let is_data = |path: &PathBuf| !path.components().any(|part| part.as_os_str() == "_delta_log");
        self.files().into_iter().filter(is_data).collect()
    }

    pub(crate) async fn rows(&self, table: &'static Table) -> RecordBatch {
        rows(&self.lake, table).await
    }
}

/// All rows of the table, as a reader finds them.
pub(crate) async fn rows(lake: &ConnectionLake, table: &'static Table) -> RecordBatch {
    let handle = lake.table(table.name).await.unwrap().unwrap();
    let mut batches = Vec::new();
    for file in data_files(&handle, table.name).unwrap() {
        let batch = read_file(&handle, table.name, &file, &table.schema()).await.unwrap();
        let batch = concat_batches(&table.schema(), &batch).unwrap();
        assert_eq!(Some(batch.num_rows() as u64), file.rows, "the log's row count");
        batches.push(batch);
    }
    concat_batches(&table.schema(), &batches).unwrap()
}

/// A column of integers, times or booleans as integers.
pub(crate) fn integers(rows: &RecordBatch, column: &str) -> Vec<i64> {
    let column = cast(rows.column_by_name(column).unwrap(), &DataType::Int64).unwrap();
    column.as_primitive::<Int64Type>().values().to_vec()
}

pub(crate) fn sanitizer() -> Sanitizer {
    Sanitizer::new(PseudonymKey::from_bytes([7; 32]), SanitizerOptions::default())
}

pub(crate) fn clean(stream: Stream, rows: &[Value]) -> Vec<CleanBatch> {
    let page = json!({ stream.rows_key(): rows, "count": rows.len() });
    let page = sanitizer().page(stream, page.to_string().as_bytes()).unwrap();
    assert_eq!(page.rejects, []);
    page.batches
}

/// A ticket of the month (0 is January 2026), generated at the version's second, with a metric set that counts the
/// version as replies.
pub(crate) fn ticket(id: i64, month: u8, version: i64) -> Value {
    json!({
        "id": id, "status": "open", "priority": "high", "group_id": 42, "requester_id": 7000 + id,
        "assignee_id": 900, "created_at": format!("2026-{:02}-03T10:00:00Z", month + 1),
        "updated_at": "2026-11-22T00:00:00Z", "generated_timestamp": NEW_YEAR + version,
        "metric_set": { "id": id * 10, "ticket_id": id, "replies": version, "reopens": 0 },
    })
}

pub(crate) fn event(id: i64, month: u8) -> Value {
    let time = NEW_YEAR + i64::from(month) * 31 * 86_400 + 1000;
    json!({
        "id": id * 100, "ticket_id": 5, "timestamp": time, "updater_id": 900, "via": "Web form",
        "child_events": [{ "id": id, "event_type": "Change", "status": "open", "previous_value": "new" }],
    })
}

pub(crate) fn metric_event(id: i64, month: u8, is_deleted: bool) -> Value {
    json!({
        "id": id, "ticket_id": 5, "metric": "reply_time", "instance_id": 1, "type": "activate",
        "time": format!("2026-{:02}-03T10:00:00Z", month + 1), "deleted": is_deleted,
    })
}

pub(crate) fn agent(id: i64, updated: i64, role: &str) -> Value {
    let updated_at = format!("2026-02-01T00:00:{updated:02}Z");
    json!({ "id": id, "role": role, "created_at": "2025-12-01T00:00:00Z", "updated_at": updated_at })
}

pub(crate) async fn load(
    loader: &mut Loader,
    stream: Stream,
    rows: &[Value],
    position: &str,
) -> Result<Committed, Error> {
    let mut writer = loader.stream(stream.name());
    let mut total = writer.push(clean(stream, rows), position.to_owned()).await?.unwrap_or_default();
    total.add(writer.finish().await?);
    Ok(total)
}

//! A lake on local disk with every collected table, a mart, old versions and a checkpoint; and ways to spoil it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deskmeter_auditor::{AuditOptions, AuditReport, Expectations, Part, Rule, StateStore, audit};
use deskmeter_lake::{Change, Lake, TableSpec, commit, data_files, write_checkpoint};
use deskmeter_tables::{AGENTS, ALL, Kind, Table};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

/// A planted text; its number alone would not be found.
pub(crate) const CANARY: &str = "CANARY-subject-17";
/// The beginning of planted telephone numbers.
pub(crate) const PHONE: &str = "+1555010";
/// A planted raw user id.
pub(crate) const USER_ID: i64 = 380_000_000_007;

pub(crate) const POSITION: &str =
    r#"{"cursor":{"cursor":"MTY5NTA2MjcyNC4wfHwxNTcxfA==","newest":1695062724}}"#;

const TIME_POSITION: &str = r#"{"time":{"start_time":1695062724}}"#;

pub(crate) struct Desk {
    pub(crate) folder: TempDir,
}

impl Desk {
    /// A lake as it should be.
    pub(crate) async fn new() -> Self {
        let desk = Self { folder: TempDir::new().unwrap() };
        for table in ALL {
            desk.fill(table).await;
        }
        let (schema, rows) = mart();
        let spec = TableSpec::mart(&schema, Some("created_month"), "one row per ticket");
        desk.connection().replace_table("ticket_metrics", &spec, vec![rows]).await.unwrap();
        desk
    }

    pub(crate) fn lake(&self) -> Lake {
        Lake::open(&format!("file://{}/lake", self.folder.path().display()), &BTreeMap::new()).unwrap()
    }

    pub(crate) fn connection(&self) -> deskmeter_lake::ConnectionLake {
        self.lake().connection("acme")
    }

    /// Writes rows, takes them away, writes others, and a checkpoint: old versions stay.
    async fn fill(&self, table: &'static Table) {
        let lake = self.connection();
        let spec = spec(table);
        for first in [1, 10] {
            lake.replace_table(table.name, &spec, vec![rows(table, first)]).await.unwrap();
        }
        let mut handle = lake.table(table.name).await.unwrap().unwrap();
        let files = data_files(&handle, table.name).unwrap();
        let mut change = Change::delete();
        change.removes = files.iter().map(|file| file.remove(true)).collect();
        let position = if table.name == AGENTS.name { TIME_POSITION } else { POSITION };
        change.configuration.insert("deskmeter.position".to_owned(), Some(position.to_owned()));
        change.fence = Some(3);
        commit(&mut handle, table.name, change).await.unwrap();
        lake.replace_table(table.name, &spec, vec![rows(table, 20)]).await.unwrap();
        let handle = lake.table(table.name).await.unwrap().unwrap();
        write_checkpoint(&handle, table.name).await.unwrap();
    }

    /// The state store beside the lake; empty unless a test fills it.
    fn state_store(&self) -> StateStore {
        let folder = self.folder.path().join("state");
        fs::create_dir_all(&folder).unwrap();
        let store = object_store::local::LocalFileSystem::new_with_prefix(&folder).unwrap();
        StateStore {
            store: Arc::new(store),
            prefix: object_store::path::Path::default(),
            folder: Some(folder),
        }
    }

    /// A path below the tickets table.
    pub(crate) fn tickets(&self, below: &str) -> PathBuf {
        self.folder.path().join("lake/acme/tickets").join(below)
    }

    /// A name that a data file may have, in a partition of the tickets table.
    pub(crate) fn data_file(&self) -> PathBuf {
        self.tickets("created_month=2026-01/00112233445566778899aabbccddeeff.zstd.parquet")
    }

    /// Adds a line to the newest commit of the tickets table.
    pub(crate) fn append_to_log(&self, line: &str) {
        let path = self.tickets("_delta_log/00000000000000000003.json");
        let log = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{log}\n{line}")).unwrap();
    }

    pub(crate) async fn audit(&self, extra_files: Vec<PathBuf>) -> AuditReport {
        let canaries = Some(vec![CANARY.to_owned(), PHONE.to_owned(), USER_ID.to_string()]);
        let hosts = BTreeSet::from(["acme.zendesk.com".to_owned()]);
        let options = AuditOptions { canaries, state: Some(self.state_store()), extra_files, hosts };
        audit(&self.lake(), Some("acme"), &expectations(), &options).await.unwrap()
    }

    /// The audit finds the rule broken in the part of an object whose told name holds `object`, and tells no value.
    pub(crate) async fn check(&self, object: &str, part: Part, rule: Rule) {
        self.check_with(Vec::new(), object, part, rule).await;
    }

    pub(crate) async fn check_with(&self, extra_files: Vec<PathBuf>, object: &str, part: Part, rule: Rule) {
        let report = self.audit(extra_files).await;
        let is_found = report.findings.iter().any(|finding| {
            finding.place.object.contains(object) && finding.place.part == part && finding.rule == rule
        });
        assert!(is_found, "no {rule} in the {part} of {object}: {:#?}", report.findings);
        let json = serde_json::to_string(&report).unwrap();
        let lines: String = report.findings.iter().map(ToString::to_string).collect();
        for told in [json, lines, format!("{report:?}")] {
            let told = told.to_lowercase();
            for secret in ["canary-subject", "380000000007", "1555010", "jo.doe", "example.test", "printer"] {
                assert!(!told.contains(secret), "the report tells {secret}: {told}");
            }
        }
    }
}

pub(crate) fn expectations() -> Expectations {
    let mut expectations = Expectations::collected();
    let words = BTreeSet::from(["Business hours".to_owned(), "not in time".to_owned()]);
    expectations.allow_labels(["escalated", "tier_2"].map(str::to_owned).into());
    expectations.add_mart("ticket_metrics", &mart().0, words);
    expectations
}

pub(crate) fn spec(table: &'static Table) -> TableSpec {
    let fields = table.columns.iter().map(|column| {
        column.field().with_metadata(HashMap::from([("comment".to_owned(), column.about.to_owned())]))
    });
    TableSpec {
        schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        partition: Some(table.partition.to_owned()),
        data_skipping: table.data_skipping_columns().map(str::to_owned).collect(),
        description: table.grain.to_owned(),
        configuration: BTreeMap::from([("deskmeter.contract".to_owned(), "1".to_owned())]),
    }
}

/// Three rows of the table that the contract allows.
pub(crate) fn rows(table: &'static Table, first: i64) -> RecordBatch {
    let columns = table.columns.iter().map(|column| -> ArrayRef {
        let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; 3])) };
        match column.kind {
            Kind::Integer => Arc::new(Int64Array::from(vec![first, first + 1, first + 2])),
            Kind::Boolean => Arc::new(BooleanArray::from(vec![true, false, true])),
            Kind::Timestamp => {
                Arc::new(TimestampMicrosecondArray::from(vec![1_768_000_000_000_000; 3]).with_timezone("UTC"))
            }
            Kind::Enum(domain) => Arc::new(StringArray::from(domain.values[..3].to_vec())),
            Kind::Pseudonym => text("abcdefghijklmnopq237"),
            Kind::Month => text("2026-01"),
            Kind::PolicyKey => text("01HXABCDEFGHJKMNPQRSTVWXYZ"),
            Kind::PathShape => text("child_events[].via.*"),
            Kind::Labels => text("escalated,tier_2"),
            Kind::RunId => text("20261122T120000Z-0badcafe"),
        }
    });
    RecordBatch::try_new(table.schema(), columns.collect()).unwrap()
}

fn mart() -> (SchemaRef, RecordBatch) {
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("ticket_id", DataType::Int64, false),
        Field::new("created_month", DataType::Utf8, false),
        Field::new("schedule", DataType::Utf8, false),
        Field::new("share", DataType::Float64, true),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1, 2, 3])),
        Arc::new(StringArray::from(vec!["2026-01"; 3])),
        Arc::new(StringArray::from(vec!["Business hours", "not in time, reply time", "solved"])),
        Arc::new(Float64Array::from(vec![Some(0.25), None, Some(1.0)])),
    ];
    (Arc::clone(&schema), RecordBatch::try_new(schema, columns).unwrap())
}

/// The tickets table's rows as they lie in a file: without the partition column.
pub(crate) fn ticket_rows() -> RecordBatch {
    let rows = rows(&deskmeter_tables::TICKETS, 1);
    without(&rows, "created_month")
}

pub(crate) fn without(rows: &RecordBatch, column: &str) -> RecordBatch {
    let mut rows = rows.clone();
    rows.remove_column(rows.schema().index_of(column).unwrap());
    rows
}

/// The rows with a column replaced, or added.
pub(crate) fn with(rows: &RecordBatch, column: &str, values: ArrayRef) -> RecordBatch {
    let schema = rows.schema();
    let mut fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut columns = rows.columns().to_vec();
    let field = Field::new(column, values.data_type().clone(), true);
    if let Ok(index) = schema.index_of(column) {
        (fields[index], columns[index]) = (field, values);
    } else {
        fields.push(field);
        columns.push(values);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

pub(crate) fn texts(values: [&str; 3]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(crate) fn write(path: &Path, rows: &RecordBatch) {
    write_as(path, rows, deskmeter_lake::writer_properties(&rows.schema()));
}

pub(crate) fn write_as(path: &Path, rows: &RecordBatch, properties: WriterProperties) {
    let options = parquet::arrow::arrow_writer::ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(file, rows.schema(), options).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

//! A warehouse in memory with two marts of known rows: one of tickets by month, one of days.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::json::ReaderBuilder;
use deskmeter_publisher::PublishOptions;
use deskmeter_warehouse::{MemoryTables, Store, Warehouse, WarehouseOptions};
use tempfile::TempDir;

/// 2026-11-01T00:00:00Z.
pub(crate) const AS_OF: i64 = 1_793_491_200;

const TICKETS_TOML: &str = r#"
about = "Tickets, as the publisher's cases have them."
grain = "one row per ticket"
key = ["ticket_id"]
partition = "created_month"
caveats = ["It's made up."]

[[columns]]
name = "ticket_id"
about = "The ticket."

[[columns]]
name = "created_month"
about = "Month of creation."

[[columns]]
name = "group_id"
about = "The group."
null = "no group yet"

[[columns]]
name = "status"
about = "Status, 'as it is now'."

[[columns]]
name = "is_reopened"
about = "Whether it was opened again."
null = "never solved"

[[columns]]
name = "created_at"
about = "When it was made."

[[columns]]
name = "created_date"
about = "Day of creation."

[[columns]]
name = "reply_minutes"
unit = "minutes"
about = "Time to the first reply."
null = "no reply yet"

[[columns]]
name = "share"
unit = "ratio"
about = "A part of something."

[[columns]]
name = "version"
about = "Number of the publish."
"#;

const DAYS_TOML: &str = r#"
about = "Days, as the publisher's cases have them."
grain = "one row per day and group"
key = ["created_date", "group_id"]
group_size = "tickets"

[[columns]]
name = "created_date"
about = "The day."

[[columns]]
name = "group_id"
about = "The group."
null = "all groups"

[[columns]]
name = "tickets"
unit = "tickets"
about = "Tickets of the day."

[[columns]]
name = "version"
about = "Number of the publish."
"#;

/// A warehouse whose tables can be changed.
pub(crate) struct Desk {
    pub(crate) tables: MemoryTables,
    pub(crate) models: TempDir,
}

impl Desk {
    /// A desk with the two marts, in their first version, and three agents.
    pub(crate) fn new(tickets: i64) -> Self {
        let desk = Self { tables: MemoryTables::default(), models: TempDir::new().unwrap() };
        fs::create_dir(desk.models.path().join("marts")).unwrap();
        desk.describe("case_tickets", TICKETS_TOML);
        desk.describe("case_days", DAYS_TOML);
        desk.put_version(tickets, 1);
        desk.put_collected();
        desk
    }

    /// Adds a mart, or describes it anew.
    pub(crate) fn describe(&self, name: &str, toml: &str) {
        let file = self.models.path().join("marts").join(name);
        fs::write(file.with_extension("sql"), "select ticket_id from tickets").unwrap();
        fs::write(file.with_extension("toml"), toml).unwrap();
    }

    /// Takes a mart out of the models.
    pub(crate) fn forget(&self, name: &str) {
        fs::remove_file(self.models.path().join("marts").join(name).with_extension("sql")).unwrap();
    }

    /// Both marts with `tickets` tickets over three months, all rows of this version.
    pub(crate) fn put_version(&self, tickets: i64, version: i64) {
        self.put_tickets((0..tickets).map(|number| ticket(number, version)));
        let days = (1..=28).map(|day| {
            let group = if day % 7 == 0 { "null".to_owned() } else { day.to_string() };
            format!(r#"{{"created_date":"2026-10-{day:02}","group_id":{group},"tickets":{tickets},"version":{version}}}"#)
        });
        self.tables.put("case_days", days_schema(), vec![read(&days_schema(), days)]);
    }

    /// The mart of tickets with these rows.
    pub(crate) fn put_tickets(&self, rows: impl Iterator<Item = String>) {
        self.tables.put("case_tickets", tickets_schema(), vec![read(&tickets_schema(), rows)]);
    }

    /// Agents in two versions, as they are collected.
    fn put_collected(&self) {
        let agent = |key: &str, updated: &str, role: &str| {
            format!(
                r#"{{"agent_key":"{key}","created_month":"2026-01","updated_at":"{updated}","created_at":"2026-01-01T00:00:00Z","role":"{role}","default_group_id":42,"is_active":true}}"#
            )
        };
        let rows = [
            agent("aaaaaaaaaaaaaaaaaaaa", "2026-01-01T00:00:00Z", "agent"),
            agent("aaaaaaaaaaaaaaaaaaaa", "2026-02-01T00:00:00Z", "admin"),
            agent("bbbbbbbbbbbbbbbbbbbb", "2026-01-01T00:00:00Z", "agent"),
        ];
        let schema = deskmeter_tables::AGENTS.schema();
        self.tables.put("agents", Arc::clone(&schema), vec![read(&schema, rows)]);
    }

    /// A warehouse over the tables as they are now.
    pub(crate) async fn warehouse(&self) -> Warehouse {
        let options = WarehouseOptions {
            models_dir: Some(self.models.path().to_owned()),
            tiers: BTreeMap::from([(7, 2)]),
            ..WarehouseOptions::default()
        };
        let mut warehouse = Warehouse::new(options).unwrap();
        warehouse.open(Store::Memory(self.tables.clone())).await.unwrap();
        warehouse
    }
}

/// What the cases publish, whole, as of `AS_OF`.
pub(crate) fn options() -> PublishOptions {
    PublishOptions::new("acme", AS_OF)
}

/// The same, as of an hour later.
pub(crate) fn later() -> PublishOptions {
    PublishOptions { as_of: AS_OF + 3600, ..options() }
}

/// A ticket: every third one has no group, every second no reply; months 2026-08 to 2026-10.
pub(crate) fn ticket(number: i64, version: i64) -> String {
    let (month, day) = (8 + number % 3, 1 + number % 28);
    let group =
        if number % 3 == 0 { "null".to_owned() } else { (360_000_000_000_i64 + number % 5).to_string() };
    let (reply, reopened) =
        if number % 2 == 0 { ("null".to_owned(), "null") } else { (number.to_string(), "true") };
    let share = number as f64 / 8.0;
    format!(
        r#"{{"ticket_id":{number},"created_month":"2026-{month:02}","group_id":{group},"status":"open","is_reopened":{reopened},"created_at":"2026-{month:02}-{day:02}T12:34:56Z","created_date":"2026-{month:02}-{day:02}","reply_minutes":{reply},"share":{share},"version":{version}}}"#
    )
}

/// Rows of JSON as a batch.
pub(crate) fn read(schema: &SchemaRef, rows: impl IntoIterator<Item = String>) -> RecordBatch {
    let text: String = rows.into_iter().collect::<Vec<_>>().join("\n");
    let mut reader =
        ReaderBuilder::new(Arc::clone(schema)).with_batch_size(1 << 24).build(text.as_bytes()).unwrap();
    reader.next().transpose().unwrap().unwrap_or_else(|| RecordBatch::new_empty(Arc::clone(schema)))
}

/// The columns of the mart of tickets.
pub(crate) fn tickets_schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    schema(&[
        ("ticket_id", DataType::Int64),
        ("created_month", DataType::Utf8),
        ("group_id", DataType::Int64),
        ("status", DataType::Utf8),
        ("is_reopened", DataType::Boolean),
        ("created_at", time),
        ("created_date", DataType::Date32),
        ("reply_minutes", DataType::Int64),
        ("share", DataType::Float64),
        ("version", DataType::Int64),
    ])
}

fn days_schema() -> SchemaRef {
    schema(&[
        ("created_date", DataType::Date32),
        ("group_id", DataType::Int64),
        ("tickets", DataType::Int64),
        ("version", DataType::Int64),
    ])
}

/// A schema of columns that may be NULL, as kept marts have it.
pub(crate) fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields = columns.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

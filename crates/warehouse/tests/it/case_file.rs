//! A case file: settings, rows of collected tables, and queries with their answers. The syntax is that of sqllogictest
//! (`query`, `----`, a blank line ends a block), with these directives before the first query:
//!
//! ```text
//! as_of 2026-11-10T00:00:00Z                       the watermark
//! definitions all_schedules                        instead of zendesk
//! schedule NAME ZONE DAYS FROM-TO [group=ID …]     DAYS as mon-fri, mon or all
//! change NAME DAY ZONE DAYS FROM-TO                other hours from that day on
//! holiday NAME DAYS                                of the latest hours; 2026-12-25, 12-25, 12-24..12-26
//! special NAME DAYS FROM-TO                        days with hours of their own
//! tier GROUP TIER
//! label NAME [escalation] [tier=TIER]
//! table NAME                                       then a line of column names, then rows; . is NULL
//! ```
//!
//! A column that a table block leaves out is NULL, or made from the row where it may not be: a month from the row's
//! first time, a time from it too, an id from the row's number, a flag false.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use deskmeter_tables::{Column, Kind, Table};
use deskmeter_warehouse::{
    AppliesTo, Definitions, Hours, LabelSpec, MemoryTables, RefreshReport, RefreshScope, ScheduleSpec, Store,
    Warehouse, WarehouseOptions,
};
use futures::TryStreamExt as _;

/// A case file, read.
pub(crate) struct Case {
    pub(crate) options: WarehouseOptions,
    pub(crate) as_of: i64,
    pub(crate) tables: MemoryTables,
    blocks: Vec<Block>,
}

enum Block {
    Text(String),
    Query { comment: String, sql: String, expected: String },
}

impl Case {
    pub(crate) fn read(text: &str) -> Self {
        let options = WarehouseOptions::default();
        let mut case = Self { options, as_of: 0, tables: MemoryTables::default(), blocks: Vec::new() };
        for block in
            text.split("\n\n").map(|block| block.trim_matches('\n')).filter(|block| !block.is_empty())
        {
            let lines: Vec<&str> = block.lines().filter(|line| !line.starts_with('#')).collect();
            match lines.first().map(|line| line.split(' ').next().unwrap()) {
                Some("query") => {
                    let (sql, expected) = block.split_once("----").expect("a query has ----");
                    let start = sql.find("query\n").unwrap();
                    case.blocks.push(Block::Query {
                        comment: sql[..start].to_owned(),
                        sql: sql[start + 6..].trim().to_owned(),
                        expected: expected.trim_matches('\n').to_owned(),
                    });
                    continue;
                }
                Some("table") => case.table(&lines),
                _ => lines.iter().for_each(|line| case.setting(line)),
            }
            case.blocks.push(Block::Text(block.to_owned()));
        }
        case
    }

    pub(crate) async fn warehouse(&self) -> (Warehouse, RefreshReport) {
        let mut warehouse = Warehouse::new(self.options.clone()).unwrap();
        warehouse.open(Store::Memory(self.tables.clone())).await.unwrap();
        let report = warehouse.refresh(self.as_of, RefreshScope::Full).await.unwrap();
        (warehouse, report)
    }

    /// The file with the answers that the queries give now.
    pub(crate) async fn answered(&self) -> (String, RefreshReport) {
        let (warehouse, report) = self.warehouse().await;
        let mut text = String::new();
        for block in &self.blocks {
            match block {
                Block::Text(block) => writeln!(text, "{block}\n").unwrap(),
                Block::Query { comment, sql, .. } => {
                    let answer = rows(&warehouse, sql).await;
                    writeln!(text, "{comment}query\n{sql}\n----\n{answer}").unwrap();
                }
            }
        }
        (text.trim_end().to_owned() + "\n", report)
    }

    pub(crate) fn has_queries(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, Block::Query { expected, .. } if !expected.is_empty()))
    }

    fn setting(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["as_of", at] => self.as_of = micros(at) / 1_000_000,
            ["definitions", "all_schedules"] => self.options.definitions = Definitions::AllSchedules,
            ["schedule", name, zone, days, hours, rules @ ..] => {
                self.options.schedules.push(schedule(name, zone, days, hours, rules));
            }
            ["change", name, day, zone, days, hours] => {
                let hours = Hours { holidays: self.hours(name).holidays.clone(), ..week(zone, days, hours) };
                self.schedule(name).changes.push((day.parse().unwrap(), hours));
            }
            ["holiday", name, days] => self.hours(name).holidays.push(days.parse().unwrap()),
            ["special", name, days, hours] => {
                let special = (days.parse().unwrap(), vec![interval(hours)]);
                self.hours(name).special_days.push(special);
            }
            ["tier", group, tier] => {
                self.options.tiers.insert(group.parse().unwrap(), tier.parse().unwrap());
            }
            ["label", label, rules @ ..] => self.options.labels.push(LabelSpec {
                label: (*label).to_owned(),
                is_escalation: rules.contains(&"escalation"),
                tier: rules.iter().find_map(|rule| rule.strip_prefix("tier=")?.parse().ok()),
            }),
            _ => panic!("unknown directive: {line}"),
        }
    }

    fn schedule(&mut self, name: &str) -> &mut ScheduleSpec {
        self.options.schedules.iter_mut().find(|schedule| schedule.name == name).unwrap()
    }

    /// The latest hours of a schedule.
    fn hours(&mut self, name: &str) -> &mut Hours {
        let ScheduleSpec { hours, changes, .. } = self.schedule(name);
        changes.last_mut().map_or(hours, |(_, hours)| hours)
    }

    fn table(&mut self, lines: &[&str]) {
        let name = lines[0].trim_start_matches("table ").trim();
        let table = deskmeter_tables::by_name(name).unwrap_or_else(|| panic!("no table {name}"));
        let header: Vec<&str> = lines[1].split_whitespace().collect();
        for column in &header {
            assert!(table.column(column).is_some(), "no column {name}.{column}");
        }
        let rows: Vec<Vec<&str>> = lines[2..].iter().map(|line| line.split_whitespace().collect()).collect();
        assert!(rows.iter().all(|row| row.len() == header.len()), "every row of {name} has all columns");
        let columns = table.columns.iter().map(|column| array(table, column, &header, &rows)).collect();
        let batch = RecordBatch::try_new(table.schema(), columns).unwrap();
        self.tables.put(name, table.schema(), vec![batch]);
    }
}

pub(crate) async fn rows(warehouse: &Warehouse, sql: &str) -> String {
    let batches: Vec<RecordBatch> = warehouse
        .query(sql)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{sql}"))
        .try_collect()
        .await
        .unwrap();
    let options =
        FormatOptions::default().with_null(".").with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%SZ"));
    let mut text = String::new();
    for batch in &batches {
        let columns: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            writeln!(text, "{}", cells.join(" ")).unwrap();
        }
    }
    text
}

/// A lake in a folder.
pub(crate) fn lake_in(folder: &tempfile::TempDir) -> deskmeter_lake::Lake {
    deskmeter_lake::Lake::open(&format!("file://{}", folder.path().display()), &BTreeMap::new()).unwrap()
}

/// Puts the tables into a lake.
pub(crate) async fn fill(lake: &deskmeter_lake::ConnectionLake, tables: &MemoryTables) {
    for table in deskmeter_tables::ALL {
        if let Some(batches) = tables.get(table.name) {
            let spec = deskmeter_lake::TableSpec::mart(&table.schema(), Some(table.partition), table.grain);
            lake.replace_table(table.name, &spec, batches).await.unwrap();
        }
    }
}

pub(crate) fn schedule(name: &str, zone: &str, days: &str, hours: &str, rules: &[&str]) -> ScheduleSpec {
    let ids = |key: &str| {
        rules.iter().filter_map(|rule| rule.strip_prefix(key)).map(|id| id.parse().unwrap()).collect()
    };
    let applies_to =
        AppliesTo { group_ids: ids("group="), brand_ids: ids("brand="), ticket_form_ids: ids("form=") };
    ScheduleSpec { name: name.into(), applies_to, hours: week(zone, days, hours), changes: Vec::new() }
}

fn week(zone: &str, days: &str, hours: &str) -> Hours {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let index = |day: &str| DAYS.iter().position(|known| *known == day).unwrap();
    let range = match days.split_once('-') {
        Some((first, last)) => index(first)..=index(last),
        None if days == "all" => 0..=6,
        None => index(days)..=index(days),
    };
    let mut weekly: [Vec<(u16, u16)>; 7] = Default::default();
    weekly[range].iter_mut().for_each(|day| day.push(interval(hours)));
    Hours { time_zone: zone.into(), weekly, holidays: Vec::new(), special_days: Vec::new() }
}

fn interval(hours: &str) -> (u16, u16) {
    let minutes = |time: &str| {
        let (hour, minute) = time.split_once(':').unwrap();
        hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
    };
    let (from, to) = hours.split_once('-').unwrap();
    (minutes(from), minutes(to))
}

fn array(table: &Table, column: &Column, header: &[&str], rows: &[Vec<&str>]) -> ArrayRef {
    let cells: Vec<Option<String>> =
        rows.iter().enumerate().map(|(number, row)| cell(table, column, header, row, number)).collect();
    match column.kind.data_type() {
        DataType::Int64 => Arc::new(
            cells.iter().map(|cell| cell.as_ref().map(|cell| cell.parse().unwrap())).collect::<Int64Array>(),
        ),
        DataType::Boolean => Arc::new(
            cells.iter().map(|cell| cell.as_ref().map(|cell| cell == "true")).collect::<BooleanArray>(),
        ),
        DataType::Timestamp(..) => {
            let times = cells.iter().map(|cell| cell.as_ref().map(|cell| micros(cell)));
            Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        _ => Arc::new(cells.into_iter().collect::<StringArray>()),
    }
}

fn cell(table: &Table, column: &Column, header: &[&str], row: &[&str], number: usize) -> Option<String> {
    if let Some(index) = header.iter().position(|name| *name == column.name) {
        return (row[index] != ".").then(|| row[index].to_owned());
    }
    if column.is_nullable {
        return None;
    }
    let is_time = |name: &&&str| table.column(name).is_some_and(|column| column.kind == Kind::Timestamp);
    let time =
        header.iter().find(is_time).map(|name| row[header.iter().position(|one| one == name).unwrap()]);
    Some(match column.kind {
        Kind::Month => time.expect("a time for the month")[..7].to_owned(),
        Kind::Timestamp => time.expect("a time").to_owned(),
        Kind::Integer if column.name.ends_with("_id") => (number + 1).to_string(),
        Kind::Integer => "0".to_owned(),
        Kind::Boolean => "false".to_owned(),
        _ => panic!("{}.{} is needed", table.name, column.name),
    })
}

/// `2026-11-02T09:14:07Z`, also without seconds.
fn micros(text: &str) -> i64 {
    let text = if text.len() == 17 { format!("{}:00Z", &text[..16]) } else { text.to_owned() };
    text.parse::<jiff::Timestamp>().unwrap_or_else(|_| panic!("no time: {text}")).as_microsecond()
}

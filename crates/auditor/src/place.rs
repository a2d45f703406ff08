//! From an object's path to what it claims to be, and to a name that may be told.

use crate::content::is_digits;
use crate::finding::outline;
use crate::scan::Knowledge;
use crate::{ExpectedTable, Rule};

/// Partition value of NULL.
const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";
/// Folder of a table's log.
const LOG: &str = "_delta_log";

/// What an object claims to be by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines of JSON.
    Commit,
    /// Parquet of the log's actions.
    Checkpoint,
    /// One JSON object that names the newest checkpoint.
    LastCheckpoint,
    /// Parquet of rows.
    Data,
    /// None of these.
    Other,
}

/// An object of the lake.
#[derive(Debug)]
pub(crate) struct ObjectName {
    pub(crate) kind: Kind,
    /// The path, with everything unexpected replaced by its outline.
    pub(crate) told: String,
    /// The table's name, so far as it may be told.
    pub(crate) table: Option<String>,
    /// What is wrong with which part of the path.
    pub(crate) faults: Vec<(Rule, String)>,
}

/// Reads `path`, which begins with the connection's name.
pub(crate) fn read(path: &str, knowledge: &Knowledge) -> ObjectName {
    let mut name = ObjectName { kind: Kind::Other, told: String::new(), table: None, faults: Vec::new() };
    let segments: Vec<&str> = path.split('/').collect();
    let [connection, table, rest @ ..] = segments.as_slice() else {
        name.fault(Rule::UnknownObject, path);
        return name;
    };
    name.told = tell(connection, !is_canary(connection, knowledge));
    let expected = knowledge.expectations.tables.get(*table);
    match expected {
        Some(_) => name.push(table),
        None if rest.is_empty() => name.fault(Rule::UnknownObject, table),
        None => name.fault(Rule::UnknownTable, table),
    }
    name.table = Some(name.told.rsplit('/').next().unwrap_or_default().to_owned());
    match rest {
        [LOG, rest @ ..] => name.read_log(rest),
        [folders @ .., file] => name.read_data(folders, file, expected),
        [] => {}
    }
    name
}

/// Whether a path below a table's folder, as a log writes it, is that of a data file of the table.
pub(crate) fn is_data_path(path: &str, table: Option<&ExpectedTable>) -> bool {
    let mut segments: Vec<&str> = path.split('/').collect();
    let file = segments.pop().unwrap_or_default();
    is_data_file(file) && segments.iter().all(|folder| is_partition(folder, table))
}

/// Whether the partition column of the table may have this value.
pub(crate) fn is_partition_value(column: &str, value: &str, table: Option<&ExpectedTable>) -> bool {
    let column = table.and_then(|table| table.column(column));
    column.is_some_and(|column| {
        let is_day = column.data_type == arrow::datatypes::DataType::Date32;
        value == NULL_PARTITION
            || if is_day { crate::content::is_time_bound(value) } else { column.allows_text(value) }
    })
}

impl ObjectName {
    fn read_log(&mut self, rest: &[&str]) {
        self.push(LOG);
        let file = match rest {
            ["_sidecars", file] => {
                self.push("_sidecars");
                *file
            }
            [file] => *file,
            _ => return self.fault(Rule::UnknownObject, &rest.join("/")),
        };
        let plain = without_stage(file);
        self.kind = log_kind(plain);
        match self.kind {
            Kind::Other => self.fault(Rule::UnknownObject, file),
            _ => self.push(file),
        }
    }

    fn read_data(&mut self, folders: &[&str], file: &str, table: Option<&ExpectedTable>) {
        for folder in folders {
            if is_partition(folder, table) {
                self.push(folder);
            } else {
                self.fault(Rule::OutsideDomain, folder);
            }
        }
        let plain = without_stage(file);
        let has_ending = std::path::Path::new(plain).extension().is_some_and(|ending| ending == "parquet");
        self.kind = if has_ending { Kind::Data } else { Kind::Other };
        if is_data_file(plain) {
            self.push(file);
        } else {
            self.fault(Rule::UnknownObject, file);
        }
    }

    fn push(&mut self, segment: &str) {
        self.told = format!("{}/{segment}", self.told);
    }

    fn fault(&mut self, rule: Rule, segment: &str) {
        self.push(&tell(segment, false));
        self.faults.push((rule, segment.to_owned()));
    }
}

/// The name, or its outline in its place.
pub(crate) fn tell(name: &str, may_be_told: bool) -> String {
    if may_be_told { name.to_owned() } else { format!("<{}>", outline(name.as_bytes())) }
}

fn is_canary(name: &str, knowledge: &Knowledge) -> bool {
    knowledge.canaries.find(name.as_bytes()).is_some()
}

/// A file's name without the number that the local store adds while it writes.
pub(crate) fn without_stage(file: &str) -> &str {
    file.rsplit_once('#').filter(|(_, number)| is_digits(number)).map_or(file, |(name, _)| name)
}

fn is_partition(folder: &str, table: Option<&ExpectedTable>) -> bool {
    folder.split_once('=').is_some_and(|(column, value)| is_partition_value(column, value, table))
}

/// `<32 hexadecimal digits>.zstd.parquet`, or what delta-rs and Spark call theirs.
fn is_data_file(file: &str) -> bool {
    let Some(name) = file.strip_suffix(".parquet") else { return false };
    if let Some(hash) = name.strip_suffix(".zstd").filter(|hash| hash.len() == 32) {
        return is_hexadecimal(hash);
    }
    let name = [".zstd", ".snappy"].iter().find_map(|codec| name.strip_suffix(codec)).unwrap_or(name);
    let Some(rest) = name.strip_prefix("part-") else { return false };
    let Some((number, rest)) = rest.split_once('-') else { return false };
    let Some((uuid, part)) = rest.rsplit_once("-c") else { return false };
    number.len() == 5 && is_digits(number) && is_uuid(uuid) && part.len() == 3 && is_digits(part)
}

fn log_kind(file: &str) -> Kind {
    let is_version = |text: &str| text.len() == 20 && is_digits(text);
    if file == "_last_checkpoint" {
        return Kind::LastCheckpoint;
    }
    if let Some(uuid) = file.strip_prefix("_commit_").and_then(|rest| rest.strip_suffix(".json.tmp")) {
        return if is_uuid(uuid) { Kind::Commit } else { Kind::Other };
    }
    if let Some(uuid) = file.strip_suffix(".parquet").filter(|name| is_uuid(name)) {
        return if uuid.is_empty() { Kind::Other } else { Kind::Checkpoint };
    }
    let Some((version, rest)) = file.split_once('.') else { return Kind::Other };
    let is_part = |part: &str| is_digits(part) || is_uuid(part);
    match rest.split('.').collect::<Vec<_>>().as_slice() {
        ["json"] if is_version(version) => Kind::Commit,
        ["checkpoint", parts @ .., "parquet"]
            if is_version(version) && parts.iter().all(|part| is_part(part)) =>
        {
            Kind::Checkpoint
        }
        _ => Kind::Other,
    }
}

pub(crate) fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.split('-').all(is_hexadecimal)
}

fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

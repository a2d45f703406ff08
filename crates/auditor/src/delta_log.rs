//! Commits, checkpoints and the pointer to the newest one: every key and every text of them against the grammar.

use arrow::json::LineDelimitedWriter;
use base64::Engine as _;
use bytes::Bytes;
use deskmeter_tables::AGENTS;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use serde_json::{Map, Value};

use crate::content::{is_digits, is_month, is_pseudonym, is_run_id, is_time, is_time_bound};
use crate::delta_grammar::{ACTIONS, LAST_CHECKPOINT, Shape};
use crate::patterns::Manner;
use crate::place::{is_data_path, is_partition_value, is_uuid, tell};
use crate::scan::Scan;
use crate::{Content, ExpectedTable, Part, Rule};

/// Greatest number that a log may tell: what a double holds.
const NUMBER_MAX: f64 = 9_007_199_254_740_992.0;
/// Bytes of a stream's cursor; a longer one is no cursor of the API.
const CURSOR_BYTES_MAX: usize = 1024;
/// Bytes of a sentence that describes a table or column.
const SENTENCE_BYTES_MAX: usize = 1024;

/// The lines of a commit.
pub(crate) fn examine_commit(
    scan: &mut Scan<'_>,
    bytes: &Bytes,
    table: Option<&ExpectedTable>,
    location: &str,
) {
    scan.find_canaries(Part::Bytes, None, bytes);
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        examine_line(scan, line, table, location);
    }
}

/// The pointer to the newest checkpoint.
pub(crate) fn examine_last_checkpoint(scan: &mut Scan<'_>, bytes: &Bytes, table: Option<&ExpectedTable>) {
    scan.find_canaries(Part::Bytes, None, bytes);
    match serde_json::from_slice(bytes) {
        Ok(value) => {
            Walk { scan, table, location: "", part: Part::LogAction }.check(LAST_CHECKPOINT, "", &value);
        }
        Err(_) => scan.refuse(Part::LogAction, None, Rule::Unreadable, bytes),
    }
}

/// The actions of a checkpoint, which are those of commits in Parquet.
pub(crate) fn examine_checkpoint(
    scan: &mut Scan<'_>,
    bytes: &Bytes,
    table: Option<&ExpectedTable>,
) -> Result<(), ParquetError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options)?.build()?;
    for batch in reader {
        let mut lines = LineDelimitedWriter::new(Vec::new());
        lines.write(&batch?)?;
        lines.finish()?;
        for line in lines.into_inner().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            examine_line(scan, line, table, "");
        }
    }
    Ok(())
}

fn examine_line(scan: &mut Scan<'_>, line: &[u8], table: Option<&ExpectedTable>, location: &str) {
    let Ok(Value::Object(actions)) = serde_json::from_slice(line) else {
        return scan.refuse(Part::LogAction, None, Rule::Unreadable, line);
    };
    for (key, action) in &actions {
        let known = ACTIONS.iter().find(|(name, _, _)| name == key);
        let part = known.map_or(Part::LogAction, |(_, part, _)| *part);
        let mut walk = Walk { scan: &mut *scan, table, location, part };
        match known {
            Some((_, _, shape)) => walk.check(*shape, key, action),
            None => walk.unknown(key, action),
        }
    }
}

/// A walk through one action.
struct Walk<'w, 'k, 't> {
    scan: &'w mut Scan<'k>,
    table: Option<&'t ExpectedTable>,
    /// `<connection>/<table>/`, with which the table's address ends.
    location: &'t str,
    part: Part,
}

impl Walk<'_, '_, '_> {
    fn check(&mut self, shape: Shape, key: &str, value: &Value) {
        let parsed;
        let value = match (shape, value) {
            (_, Value::Null) => return,
            (
                Shape::Object(_) | Shape::Statistics | Shape::Schema | Shape::Configuration,
                Value::String(text),
            ) => match serde_json::from_str(text) {
                Ok(json) => {
                    parsed = json;
                    &parsed
                }
                Err(_) => return self.refuse(key, Rule::Unreadable, value),
            },
            (_, value) => value,
        };
        match shape {
            Shape::Object(keys) => self.object(keys, key, value),
            Shape::Configuration => self.within(Part::Configuration, |walk| walk.configuration(value)),
            Shape::Statistics => self.within(Part::FileStatistics, |walk| walk.statistics(value)),
            Shape::PartitionValues => self.within(Part::PartitionValue, |walk| walk.partition(value)),
            Shape::Schema => self.within(Part::Schema, |walk| walk.schema(value)),
            Shape::Predicate => self.refuse(key, Rule::Predicate, value),
            Shape::Sentence => self.sentence(key, value),
            Shape::Metrics => self.metrics(value),
            _ if self.is_of(shape, value) => self.scan.values += 1,
            _ => self.refuse(key, Rule::OutsideDomain, value),
        }
    }

    /// Whether a value without parts has the shape.
    fn is_of(&self, shape: Shape, value: &Value) -> bool {
        match (shape, value) {
            (Shape::Number, Value::Number(_)) => self.is_number(value),
            (Shape::Number, Value::String(text)) => is_digits(text) && text.len() <= 15,
            (Shape::Flag, Value::Bool(_)) => true,
            (Shape::Flag, Value::String(text)) => text == "true" || text == "false",
            (Shape::Word(words), Value::String(text)) => words.contains(&text.as_str()),
            (Shape::Words(words), Value::Array(items)) => {
                items.iter().all(|item| item.as_str().is_some_and(|item| words.contains(&item)))
            }
            (Shape::Nothing, Value::String(text)) => text.is_empty(),
            (Shape::Nothing, Value::Array(items)) => items.is_empty(),
            (Shape::Nothing, Value::Object(entries)) => {
                entries.values().all(Value::is_null) && entries.is_empty()
            }
            (Shape::Uuid, Value::String(text)) => is_uuid(text),
            (Shape::Engine, Value::String(text)) => is_engine(text),
            (Shape::TableName, Value::String(text)) => {
                self.scan.knowledge.expectations.tables.contains_key(text)
            }
            (Shape::Location, Value::String(text)) => self.is_location(text),
            (Shape::FilePath, Value::String(text)) => is_data_path(text, self.table),
            (Shape::SidecarPath, Value::String(text)) => text.strip_suffix(".parquet").is_some_and(is_uuid),
            (Shape::Columns, Value::Array(items)) => {
                items.iter().all(|item| item.as_str().is_some_and(|item| self.has_column(item)))
            }
            (Shape::Columns, Value::String(text)) => self.are_columns(text),
            _ => false,
        }
    }

    fn object(&mut self, keys: &[(&str, Shape)], at: &str, value: &Value) {
        let Value::Object(entries) = value else { return self.refuse(at, Rule::WrongType, value) };
        for (key, value) in entries {
            match keys.iter().find(|(known, _)| known == key) {
                Some((_, shape)) => self.check(*shape, key, value),
                None => self.unknown(key, value),
            }
        }
    }

    fn within(&mut self, part: Part, check: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.part, part);
        check(self);
        self.part = outer;
    }

    /// Properties: Delta's own hold switches, numbers, durations and columns; ours a version and a position.
    fn configuration(&mut self, value: &Value) {
        let Value::Object(entries) = value else { return self.refuse("", Rule::WrongType, value) };
        for (key, value) in entries {
            let is_name = key.len() <= 64
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            let text = value.as_str().unwrap_or_default();
            let is_allowed = match key.split_once('.') {
                Some(("delta", _)) if is_name => is_setting(text) || self.are_columns(text),
                Some(("deskmeter", "position")) => {
                    self.scan.search(self.part, Some(key), text.as_bytes(), Manner::Values);
                    self.is_position(text)
                }
                Some(("deskmeter", _)) if is_name => is_opaque(text),
                _ => {
                    self.unknown(key, value);
                    continue;
                }
            };
            self.scan.values += 1;
            // Our own key may carry anybody's name behind the dot.
            let may_be_told = key.starts_with("delta.") && !self.has_canary(key);
            let told = tell(key, may_be_told || key == "deskmeter.position");
            if self.has_canary(key) {
                self.scan.find_canaries(self.part, Some(&told), key.as_bytes());
            }
            if !is_allowed {
                self.refuse(&told, Rule::OutsideDomain, value);
            }
        }
    }

    /// `{"cursor":{"cursor":…,"newest":…}}` or `{"time":{"start_time":…}}`. The server's cursor is base64 of a time
    /// and an id; what is in it must not look like anything else. The id of the users export is that of a user (recorded:
    /// `<updated_at>.0||<user id>|`), so that its stream stands at a time, never at a cursor.
    fn is_position(&mut self, text: &str) -> bool {
        let Ok(Value::Object(position)) = serde_json::from_str(text) else { return false };
        let Some((kind, Value::Object(fields))) = position.iter().next() else { return false };
        let mut is_position = position.len() == 1 && matches!(kind.as_str(), "cursor" | "time");
        for (key, value) in fields {
            is_position &= match (key.as_str(), value) {
                ("newest" | "start_time", value) => value.is_null() || self.is_number(value),
                ("cursor", Value::String(cursor)) => self.is_cursor(cursor) && !self.scan.is_of(&AGENTS),
                _ => false,
            };
        }
        is_position
    }

    fn is_cursor(&mut self, cursor: &str) -> bool {
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
        let alphabets =
            [base64::engine::general_purpose::STANDARD, base64::engine::general_purpose::URL_SAFE];
        let Some(inner) = alphabets.iter().find_map(|base64| base64.decode(cursor).ok()) else {
            return false;
        };
        self.scan.search(self.part, Some("deskmeter.position"), &inner, Manner::Values);
        cursor.len() <= CURSOR_BYTES_MAX && cursor.bytes().all(is_base64)
    }

    /// Rows, and by column: least, greatest and NULLs. Texts have no bounds in a log.
    fn statistics(&mut self, value: &Value) {
        let Value::Object(entries) = value else { return self.refuse("", Rule::WrongType, value) };
        for (key, value) in entries {
            match (key.as_str(), value) {
                ("numRecords" | "tightBounds", Value::Number(_) | Value::Bool(_)) => {}
                ("minValues" | "maxValues" | "nullCount", Value::Object(columns)) => {
                    self.bounds(key, columns);
                }
                _ => self.unknown(key, value),
            }
        }
    }

    fn bounds(&mut self, side: &str, columns: &Map<String, Value>) {
        for (name, bound) in columns {
            self.scan.values += 1;
            let table = self.table;
            let Some(column) = table.and_then(|table| table.column(name)) else {
                let told = tell(name, false);
                self.scan.refuse(self.part, Some(&told), Rule::UnknownColumn, name.as_bytes());
                self.refuse(&told, Rule::UnknownColumn, bound);
                continue;
            };
            let is_allowed = match bound {
                Value::Null => true,
                Value::Number(_) if side == "nullCount" => self.is_number(bound),
                Value::Number(number) => match number.as_i64() {
                    Some(integer) => {
                        if self.scan.knowledge.canaries.has_integer(integer) {
                            self.scan.report(self.part, Some(name), Rule::Canary, &[]);
                        }
                        column.allows_integer(integer)
                    }
                    None => matches!(column.content, Content::Mart(_)),
                },
                Value::String(_) if column.is_text() => {
                    self.refuse(name, Rule::TextBounds, bound);
                    continue;
                }
                Value::String(text) => is_time_bound(text),
                Value::Bool(_) => column.data_type == arrow::datatypes::DataType::Boolean,
                _ => false,
            };
            if !is_allowed {
                self.refuse(name, Rule::OutsideDomain, bound);
            }
        }
    }

    fn partition(&mut self, value: &Value) {
        let Value::Object(entries) = value else { return self.refuse("", Rule::WrongType, value) };
        for (column, value) in entries {
            self.scan.values += 1;
            let is_known = self.has_column(column);
            let told = tell(column, is_known);
            if !is_known {
                self.scan.refuse(self.part, Some(&told), Rule::UnknownColumn, column.as_bytes());
            }
            match value {
                Value::Null => {}
                Value::String(text) if is_partition_value(column, text, self.table) => {}
                value => self.refuse(&told, Rule::OutsideDomain, value),
            }
        }
    }

    /// `{"type":"struct","fields":[{"name":…,"type":…,"nullable":…,"metadata":{"comment":…}}]}`
    fn schema(&mut self, value: &Value) {
        const TYPES: &[&str] = &[
            "string",
            "long",
            "integer",
            "short",
            "byte",
            "float",
            "double",
            "boolean",
            "date",
            "timestamp",
            "timestamp_ntz",
        ];
        let fields = value.get("fields").and_then(Value::as_array);
        for field in fields.into_iter().flatten().filter_map(Value::as_object) {
            let name = field.get("name").and_then(Value::as_str).unwrap_or_default();
            let is_known = self.has_column(name);
            let told = tell(name, is_known);
            if !is_known {
                self.scan.refuse(self.part, Some(&told), Rule::UnknownColumn, name.as_bytes());
            }
            for (key, value) in field {
                match (key.as_str(), value) {
                    ("name", _) | ("nullable", Value::Bool(_)) => {}
                    ("type", Value::String(word))
                        if TYPES.contains(&word.as_str()) || word.starts_with("decimal(") => {}
                    ("type", Value::Object(_)) => self.scan.search(
                        self.part,
                        Some(&told),
                        value.to_string().as_bytes(),
                        Manner::Sentences,
                    ),
                    ("metadata", Value::Object(metadata)) => self.metadata(&told, metadata),
                    _ => self.unknown(key, value),
                }
            }
        }
    }

    fn metadata(&mut self, column: &str, metadata: &Map<String, Value>) {
        for (key, value) in metadata {
            match key.as_str() {
                "comment" => self.sentence(column, value),
                _ => self.unknown(key, value),
            }
        }
    }

    /// A sentence of ours. Its words may change from version to version, so that only its kind is checked.
    fn sentence(&mut self, at: &str, value: &Value) {
        match value {
            Value::String(text) if text.len() <= SENTENCE_BYTES_MAX => {
                self.scan.search(self.part, Some(at), text.as_bytes(), Manner::Sentences);
            }
            value => self.refuse(at, Rule::OutsideDomain, value),
        }
    }

    fn metrics(&mut self, value: &Value) {
        let Value::Object(entries) = value else { return self.refuse("", Rule::WrongType, value) };
        for (key, value) in entries {
            let is_name =
                key.len() <= 48 && key.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
            if !is_name || !(self.is_of(Shape::Number, value) || self.is_of(Shape::Flag, value)) {
                self.unknown(key, value);
            }
        }
    }

    /// A key that nobody expects: the key and all that it holds are searched.
    fn unknown(&mut self, key: &str, value: &Value) {
        let told = tell(key, false);
        self.scan.refuse(self.part, Some(&told), Rule::UnknownKey, key.as_bytes());
        self.search(&told, value);
    }

    fn refuse(&mut self, at: &str, rule: Rule, value: &Value) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.scan.report(self.part, Some(at), rule, text.as_bytes());
        self.search(at, value);
    }

    /// Looks for personal data in every text of the value, JSON within texts included.
    fn search(&mut self, at: &str, value: &Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                self.scan.find_canaries(self.part, Some(at), number.to_string().as_bytes());
            }
            Value::String(text) => {
                self.scan.search(self.part, Some(at), text.as_bytes(), Manner::Values);
                if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                    self.search(at, &inner);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.search(at, item)),
            Value::Object(entries) => {
                for (key, value) in entries {
                    self.scan.search(self.part, Some(at), key.as_bytes(), Manner::Values);
                    self.search(at, value);
                }
            }
        }
    }

    fn is_number(&self, value: &Value) -> bool {
        let is_canary =
            value.as_i64().is_some_and(|integer| self.scan.knowledge.canaries.has_integer(integer));
        value.as_f64().is_some_and(|number| number.abs() <= NUMBER_MAX) && !is_canary
    }

    fn has_column(&self, name: &str) -> bool {
        self.table.is_some_and(|table| table.column(name).is_some())
    }

    fn are_columns(&self, text: &str) -> bool {
        match serde_json::from_str::<Vec<String>>(text) {
            Ok(names) => names.iter().all(|name| self.has_column(name)),
            Err(_) => text.is_empty() || text.split(',').all(|name| self.has_column(name)),
        }
    }

    fn has_canary(&self, text: &str) -> bool {
        self.scan.knowledge.canaries.find(text.as_bytes()).is_some()
    }

    /// The table's own address. What stands before it is the operator's choice; it carries no query.
    fn is_location(&self, text: &str) -> bool {
        let path = text.trim_end_matches('/');
        !text.contains(['?', '#', '@'])
            && ["file:", "s3:", "gs:", "az:"].iter().any(|scheme| text.starts_with(scheme))
            && path.ends_with(self.location.trim_end_matches('/'))
    }
}

fn is_engine(text: &str) -> bool {
    let version = text.strip_prefix("delta-rs").unwrap_or_default();
    let is_version = |version: &str| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    version.strip_prefix([':', '.']).is_some_and(|version| version.len() <= 20 && is_version(version))
}

/// A switch, a number or a duration as Delta writes it.
fn is_setting(text: &str) -> bool {
    const UNITS: &[&str] = &["second", "minute", "hour", "day", "week"];
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        ["true" | "false" | "none" | "classic" | "v2"] => true,
        [number] => is_digits(number) && number.len() <= 15,
        ["interval", number, unit] => is_digits(number) && UNITS.contains(&unit.trim_end_matches('s')),
        _ => false,
    }
}

/// What our own properties may hold beside a position: a number, a time, a month, a run, a hash.
fn is_opaque(text: &str) -> bool {
    let is_hash = matches!(text.len(), 16 | 32 | 64)
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_setting(text) || is_time(text) || is_month(text) || is_run_id(text) || is_pseudonym(text) || is_hash
}

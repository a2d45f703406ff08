//! What the audit found, and where; never what it says.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Part of an object in which something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The object's name, or a folder's.
    Path,
    /// The bytes of the object as they lie.
    Bytes,
    /// The columns that a file or a table declares.
    Schema,
    /// Decoded values of rows.
    Values,
    /// Values that a dictionary holds, used by a row or not.
    DictionaryPage,
    /// A page of values, decompressed.
    DataPage,
    /// Bounds in a page's header.
    PageStatistics,
    /// Bounds of a column chunk in the footer.
    ColumnStatistics,
    /// Bounds of pages in the column index.
    ColumnIndex,
    /// A filter of hashes, which answers whether a value is among the rows.
    BloomFilter,
    /// Notes of the writer in the footer.
    Footer,
    /// Who made a commit, how and why.
    CommitInfo,
    /// Properties of a table.
    Configuration,
    /// Bounds of a file in the log.
    FileStatistics,
    /// A file's partition in the log.
    PartitionValue,
    /// Anything else in the log.
    LogAction,
}

/// Rule that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A planted text or number.
    Canary,
    /// Something that looks like an e-mail address.
    Email,
    /// Something that looks like a telephone number.
    Phone,
    /// Something that looks like an IP address.
    IpAddress,
    /// An address of the web that is not the operator's own, or one with a query.
    Url,
    /// Something that looks like a token.
    Token,
    /// Words with spaces between.
    FreeText,
    /// A table that nobody expects.
    UnknownTable,
    /// A column that nobody expects.
    UnknownColumn,
    /// A key that nobody expects, of an object or of properties.
    UnknownKey,
    /// An object of no known kind.
    UnknownObject,
    /// A column or value of another type than expected.
    WrongType,
    /// A text outside its list or its form.
    OutsideDomain,
    /// A number or time outside its range.
    OutOfRange,
    /// A predicate in the log: it tells which rows were meant.
    Predicate,
    /// A filter over texts.
    TextFilter,
    /// Bounds of texts where only numbers and times may have some.
    TextBounds,
    /// Bytes that belong to no part of the file.
    UnaccountedBytes,
    /// It cannot be read as what it claims to be.
    Unreadable,
    /// It is larger than anything that is written here.
    TooLarge,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "path",
            Self::Bytes => "bytes",
            Self::Schema => "schema",
            Self::Values => "values",
            Self::DictionaryPage => "dictionary page",
            Self::DataPage => "data page",
            Self::PageStatistics => "page statistics",
            Self::ColumnStatistics => "column statistics",
            Self::ColumnIndex => "column index",
            Self::BloomFilter => "bloom filter",
            Self::Footer => "footer",
            Self::CommitInfo => "commit info",
            Self::Configuration => "table configuration",
            Self::FileStatistics => "file statistics",
            Self::PartitionValue => "partition value",
            Self::LogAction => "log action",
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Canary => "canary",
            Self::Email => "e-mail address",
            Self::Phone => "telephone number",
            Self::IpAddress => "IP address",
            Self::Url => "web address",
            Self::Token => "token",
            Self::FreeText => "free text",
            Self::UnknownTable => "unknown table",
            Self::UnknownColumn => "unknown column",
            Self::UnknownKey => "unknown key",
            Self::UnknownObject => "unknown object",
            Self::WrongType => "wrong type",
            Self::OutsideDomain => "outside its domain",
            Self::OutOfRange => "out of range",
            Self::Predicate => "predicate",
            Self::TextFilter => "filter over texts",
            Self::TextBounds => "bounds of texts",
            Self::UnaccountedBytes => "bytes of no part",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too large",
        })
    }
}

/// Where something was found. Names that nobody expects stand as their outline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// Path of the object below the lake, or of a file beside it.
    pub object: String,
    /// The table it belongs to.
    pub table: Option<String>,
    /// The column, or the key of a property.
    pub column: Option<String>,
    /// The part of the object.
    pub part: Part,
}

/// Something that should not be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// Which rule it breaks.
    pub rule: Rule,
    /// How often, in this place.
    pub count: u64,
    /// Outline of the first one: its length, and its characters by kind with repetitions left out.
    pub outline: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { object, column, part, .. } = &self.place;
        write!(f, "{object}: {part}")?;
        if let Some(column) = column {
            write!(f, " of {column}")?;
        }
        write!(f, ": {}, {} times ({})", self.rule, self.count, self.outline)
    }
}

/// Findings of one object, equal ones counted.
#[derive(Debug, Default)]
pub(crate) struct Findings(BTreeMap<(Place, Rule), (u64, String)>);

impl Findings {
    pub(crate) fn add(&mut self, place: Place, rule: Rule, count: u64, value: &[u8]) {
        let entry = self.0.entry((place, rule)).or_insert_with(|| (0, outline(value)));
        entry.0 += count;
    }

    pub(crate) fn into_vec(self) -> Vec<Finding> {
        let findings = self.0.into_iter();
        findings.map(|((place, rule), (count, outline))| Finding { place, rule, count, outline }).collect()
    }
}

/// Kinds of characters that are told of an outline.
const OUTLINE_KINDS_MAX: usize = 16;

/// What may be told of a value: its length, and its kinds of characters in order, repetitions left out. `a@a.a` is
/// any address, `A-a-9` any canary.
pub(crate) fn outline(value: &[u8]) -> String {
    let mut kinds: Vec<char> = value.iter().map(|byte| kind(*byte)).collect();
    kinds.dedup();
    kinds.truncate(OUTLINE_KINDS_MAX);
    let kinds: String = kinds.into_iter().collect();
    format!("{kinds}, {} bytes", value.len())
}

fn kind(byte: u8) -> char {
    match byte {
        b'a'..=b'z' => 'a',
        b'A'..=b'Z' => 'A',
        b'0'..=b'9' => '9',
        b' '..=b'~' => char::from(byte),
        _ => '?',
    }
}

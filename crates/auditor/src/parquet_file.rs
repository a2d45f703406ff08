//! A Parquet file: its footer, its indexes, every byte's place in it. Pages and rows are examined beside.

use std::ops::Range;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use crate::parquet_pages::{self, Chunk};
use crate::patterns::Manner;
use crate::scan::Scan;
use crate::{ExpectedColumn, ExpectedTable, Part, Rule, delta_log, rows};

/// What a file is to be held against.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role<'t> {
    /// Rows of a table; None when nobody expects the table.
    Data(Option<&'t ExpectedTable>),
    /// A checkpoint of the table's log.
    Checkpoint(Option<&'t ExpectedTable>),
    /// A file beside the lake.
    Foreign(Manner),
}

impl<'t> Role<'t> {
    fn column(self, name: &str) -> Option<&'t ExpectedColumn> {
        match self {
            Self::Data(table) => table?.column(name),
            Self::Checkpoint(_) | Self::Foreign(_) => None,
        }
    }

    /// How texts of pages are searched.
    pub(crate) const fn manner(self) -> Manner {
        match self {
            Self::Data(_) => Manner::Values,
            // It carries comments of columns.
            Self::Checkpoint(_) => Manner::Sentences,
            Self::Foreign(manner) => manner,
        }
    }
}

/// Examines all of the file.
pub(crate) fn examine(scan: &mut Scan<'_>, bytes: &Bytes, role: Role<'_>) {
    // As they lie, compressed pages among them: this reaches page headers, which no reader hands out.
    scan.find_canaries(Part::Bytes, None, bytes);
    let examined = parse(bytes).and_then(|metadata| {
        footer(scan, &metadata, role);
        chunks(scan, bytes, &metadata, role)?;
        unaccounted(scan, bytes, &metadata);
        match role {
            Role::Data(table) => rows::examine(scan, bytes, table),
            Role::Checkpoint(table) => delta_log::examine_checkpoint(scan, bytes, table),
            Role::Foreign(_) => Ok(()),
        }
    });
    if examined.is_err() {
        scan.report(Part::Bytes, None, Rule::Unreadable, &[]);
        scan.search(Part::Bytes, None, bytes, role.manner());
    }
}

fn parse(bytes: &Bytes) -> Result<ParquetMetaData, ParquetError> {
    ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional).parse_and_finish(bytes)
}

/// Notes, names and the writer. Ours writes no notes, not even the Arrow schema.
fn footer(scan: &mut Scan<'_>, metadata: &ParquetMetaData, role: Role<'_>) {
    let file = metadata.file_metadata();
    for note in file.key_value_metadata().into_iter().flatten() {
        let value = note.value.as_deref().unwrap_or_default();
        if note.key == "ARROW:schema" {
            arrow_schema(scan, value);
        } else if matches!(role, Role::Data(_) | Role::Checkpoint(_)) {
            scan.refuse(Part::Footer, None, Rule::UnknownKey, note.key.as_bytes());
            scan.search(Part::Footer, None, value.as_bytes(), Manner::Values);
        } else {
            scan.search(Part::Footer, None, note.key.as_bytes(), role.manner());
            scan.search(Part::Footer, None, value.as_bytes(), role.manner());
        }
    }
    let writer = file.created_by().unwrap_or_default();
    if !is_writer(writer) && !matches!(role, Role::Foreign(_)) {
        scan.refuse(Part::Footer, None, Rule::OutsideDomain, writer.as_bytes());
    }
    let root = file.schema().name();
    if !matches!(root, "arrow_schema" | "schema" | "spark_schema" | "root") {
        scan.refuse(Part::Schema, None, Rule::OutsideDomain, root.as_bytes());
    }
    for column in file.schema_descr().columns() {
        scan.search(Part::Schema, None, column.path().string().as_bytes(), Manner::Sentences);
    }
}

/// The embedded Arrow schema: base64 of a message whose texts are names and metadata of fields.
fn arrow_schema(scan: &mut Scan<'_>, value: &str) {
    use base64::Engine as _;
    match base64::engine::general_purpose::STANDARD.decode(value) {
        Ok(message) => scan.search(Part::Footer, None, &message, Manner::Values),
        Err(_) => scan.refuse(Part::Footer, None, Rule::Unreadable, value.as_bytes()),
    }
}

/// `parquet-rs version 59.3.2`, and what other writers of Delta call themselves.
fn is_writer(writer: &str) -> bool {
    let is_version = |text: &str| {
        text.len() <= 80 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b". ()-".contains(&byte))
    };
    ["parquet-rs version ", "parquet-mr version "]
        .iter()
        .any(|name| writer.strip_prefix(name).is_some_and(is_version))
}

fn chunks(
    scan: &mut Scan<'_>,
    bytes: &Bytes,
    metadata: &ParquetMetaData,
    role: Role<'_>,
) -> Result<(), ParquetError> {
    for (group, row_group) in metadata.row_groups().iter().enumerate() {
        for (index, column) in row_group.columns().iter().enumerate() {
            let name = column.column_path().parts().first().map_or("", String::as_str);
            let expected = role.column(name);
            // Names that nobody expects may be texts themselves.
            let told = expected.map(|expected| expected.name.as_str());
            let chunk = Chunk {
                column,
                expected,
                told,
                manner: role.manner(),
                is_ours: matches!(role, Role::Data(_)),
            };
            parquet_pages::statistics(scan, &chunk);
            if column.bloom_filter_offset().is_some() && chunk.is_bytes() {
                scan.report(Part::BloomFilter, told, Rule::TextFilter, &[]);
            }
            let index = metadata.column_index().and_then(|all| all.get(group)?.get(index));
            if let Some(ColumnIndexMetaData::BYTE_ARRAY(bounds)) = index {
                let bounds = bounds.min_values_iter().chain(bounds.max_values_iter());
                bounds.flatten().for_each(|bound| chunk.check_bytes(scan, Part::ColumnIndex, bound));
            }
            parquet_pages::examine(scan, bytes, &chunk, row_group.num_rows())?;
        }
    }
    Ok(())
}

/// Bytes that no part of the file claims: no reader would ever show them.
fn unaccounted(scan: &mut Scan<'_>, bytes: &Bytes, metadata: &ParquetMetaData) {
    let mut claimed = claimed(bytes, metadata);
    claimed.sort_by_key(|range| range.start);
    let mut end = 0;
    let file_end = bytes.len()..bytes.len();
    for range in claimed.into_iter().chain([file_end]) {
        if let Some(gap) = bytes.get(end..range.start).filter(|gap| !gap.is_empty()) {
            scan.refuse(Part::Bytes, None, Rule::UnaccountedBytes, gap);
        }
        end = end.max(range.end);
    }
}

fn claimed(bytes: &Bytes, metadata: &ParquetMetaData) -> Vec<Range<usize>> {
    let length = bytes.len();
    let footer = bytes.get(length.saturating_sub(8)..length.saturating_sub(4));
    let footer = footer.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
    let magic = 0..4.min(length);
    let mut ranges = vec![magic, length.saturating_sub(footer + 8)..length];
    let mut claim = |offset: Option<i64>, length: Option<i32>| {
        if let (Some(offset), Some(length)) = (offset, length) {
            let offset = offset.max(0) as usize;
            ranges.push(offset..offset + length.max(0) as usize);
        }
    };
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    for column in columns.clone() {
        claim(column.bloom_filter_offset(), column.bloom_filter_length());
        claim(column.column_index_offset(), column.column_index_length());
        claim(column.offset_index_offset(), column.offset_index_length());
    }
    ranges.extend(columns.map(|column| {
        let (start, length) = column.byte_range();
        start as usize..(start + length) as usize
    }));
    ranges
}

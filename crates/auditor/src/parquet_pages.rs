//! Pages of a column chunk, decompressed: dictionaries entry by entry, data pages as bytes, bounds as values.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Encoding, LogicalType, TimeUnit, Type};
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::ReaderProperties;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;

use crate::patterns::Manner;
use crate::scan::Scan;
use crate::{ExpectedColumn, Part, Rule};

/// A column chunk and what it may hold.
#[derive(Debug)]
pub(crate) struct Chunk<'c> {
    pub(crate) column: &'c ColumnChunkMetaData,
    pub(crate) expected: Option<&'c ExpectedColumn>,
    /// The column's name, where it may be told.
    pub(crate) told: Option<&'c str>,
    pub(crate) manner: Manner,
    /// Whether the file is one of a table, whose values have a domain.
    pub(crate) is_ours: bool,
}

/// Bounds in the footer.
pub(crate) fn statistics(scan: &mut Scan<'_>, chunk: &Chunk<'_>) {
    if let Some(statistics) = chunk.column.statistics() {
        chunk.check_bounds(scan, Part::ColumnStatistics, statistics);
    }
}

/// Every page of the chunk.
pub(crate) fn examine(
    scan: &mut Scan<'_>,
    bytes: &Bytes,
    chunk: &Chunk<'_>,
    rows: i64,
) -> Result<(), ParquetError> {
    let properties = Arc::new(ReaderProperties::builder().set_read_page_statistics(true).build());
    let rows = rows.max(0) as usize;
    let reader = Arc::new(bytes.clone());
    let mut pages = SerializedPageReader::new_with_properties(reader, chunk.column, rows, None, properties)?;
    while let Some(page) = pages.get_next_page()? {
        if let Some(statistics) = page.statistics() {
            chunk.check_bounds(scan, Part::PageStatistics, statistics);
        }
        match &page {
            Page::DictionaryPage { buf, .. } => chunk.dictionary(scan, buf),
            Page::DataPage { buf, encoding, .. } | Page::DataPageV2 { buf, encoding, .. } => {
                chunk.data(scan, buf, *encoding);
            }
        }
    }
    Ok(())
}

impl Chunk<'_> {
    /// Whether the column holds bytes: texts, or what passes for some.
    pub(crate) fn is_bytes(&self) -> bool {
        matches!(self.column.column_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY)
    }

    /// A text or other bytes of the column.
    pub(crate) fn check_bytes(&self, scan: &mut Scan<'_>, part: Part, value: &[u8]) {
        scan.values += 1;
        let is_allowed = match (self.is_ours, self.expected, std::str::from_utf8(value)) {
            (true, Some(expected), Ok(text)) => expected.allows_text(text),
            (true, _, _) => false,
            (false, _, _) => return scan.search(part, self.told, value, self.manner),
        };
        if !is_allowed {
            scan.refuse(part, self.told, Rule::OutsideDomain, value);
        }
    }

    fn check_integer(&self, scan: &mut Scan<'_>, part: Part, value: i64) {
        scan.values += 1;
        if scan.knowledge.canaries.has_integer(value) {
            scan.report(part, self.told, Rule::Canary, &[]);
        }
        let Some(expected) = self.expected else { return };
        let is_allowed = match self.column.column_descr().logical_type_ref() {
            Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::MICROS => {
                expected.allows_micros(value)
            }
            Some(LogicalType::Date) => expected.allows_day(value),
            Some(LogicalType::Decimal(_)) => true,
            _ => expected.allows_integer(value),
        };
        if !is_allowed {
            scan.report(part, self.told, Rule::OutOfRange, &[]);
        }
    }

    fn check_bounds(&self, scan: &mut Scan<'_>, part: Part, statistics: &Statistics) {
        let ends = [
            (statistics.min_bytes_opt(), statistics.min_is_exact()),
            (statistics.max_bytes_opt(), statistics.max_is_exact()),
        ];
        for (bound, is_exact) in ends {
            let Some(bound) = bound else { continue };
            if !self.is_bytes() {
                self.plain_integer(bound).into_iter().for_each(|value| self.check_integer(scan, part, value));
            } else if is_exact {
                self.check_bytes(scan, part, bound);
            } else if self.is_ours
                && !self.expected.is_some_and(|expected| expected.allows_longer(bound.len()))
            {
                // A bound that was cut is the beginning of a value that is too long for the column.
                scan.refuse(part, self.told, Rule::OutsideDomain, bound);
            } else {
                scan.search(part, self.told, bound, Manner::Sentences);
            }
        }
    }

    /// Entries of a dictionary, each of them, whether or not a row refers to it.
    fn dictionary(&self, scan: &mut Scan<'_>, page: &[u8]) {
        scan.find_canaries(Part::DictionaryPage, self.told, page);
        let mut rest = page;
        match self.column.column_type() {
            Type::BYTE_ARRAY => {
                while let Some((length, tail)) = rest.split_first_chunk::<4>() {
                    let length = u32::from_le_bytes(*length) as usize;
                    let Some((entry, tail)) = tail.split_at_checked(length) else { break };
                    self.check_bytes(scan, Part::DictionaryPage, entry);
                    rest = tail;
                }
                if !rest.is_empty() {
                    scan.refuse(Part::DictionaryPage, self.told, Rule::UnaccountedBytes, rest);
                }
            }
            Type::INT32 | Type::INT64 => {
                let width = if self.column.column_type() == Type::INT32 { 4 } else { 8 };
                for value in page.chunks_exact(width).filter_map(|entry| self.plain_integer(entry)) {
                    self.check_integer(scan, Part::DictionaryPage, value);
                }
            }
            _ => {}
        }
    }

    /// A data page. That of a dictionary holds positions, among which chance writes anything: there a search for
    /// canaries must do; the values are in the dictionary.
    fn data(&self, scan: &mut Scan<'_>, page: &[u8], encoding: Encoding) {
        scan.find_canaries(Part::DataPage, self.told, page);
        let is_positions = matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        if !self.is_bytes() || is_positions {
            return;
        }
        let knowledge = scan.knowledge;
        crate::patterns::search(page, self.manner, &knowledge.hosts, |rule, hit| {
            let is_phrase = rule == Rule::FreeText
                && self
                    .expected
                    .zip(std::str::from_utf8(hit).ok())
                    .is_some_and(|(column, hit)| column.allows_phrase(hit));
            if !is_phrase {
                scan.report(Part::DataPage, self.told, rule, hit);
            }
        });
    }

    /// The integer of a bound or of an entry, which is written plainly.
    fn plain_integer(&self, bytes: &[u8]) -> Option<i64> {
        match self.column.column_type() {
            Type::INT32 => bytes.try_into().ok().map(|bytes| i64::from(i32::from_le_bytes(bytes))),
            Type::INT64 => bytes.try_into().ok().map(i64::from_le_bytes),
            _ => None,
        }
    }
}

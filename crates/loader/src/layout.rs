//! How large files are.
//!
//! A row is replaced by writing its file anew, so that small files make updates cheap, and few files make questions
//! cheap. Tables whose rows change are therefore kept in about [`FILES_WANTED`] files, whatever their size: what one
//! scattered change costs is bounded by a 256th of the table, and by [`rows_min`] where the table is small. Rows that
//! never change are joined to files of 128 MB.

use deskmeter_lake::{DataFile, FILE_ROWS_MAX};
use deskmeter_tables::{Table, Version};

/// Files that a table whose rows change is to have, small ones of the newest runs beside them.
const FILES_WANTED: u64 = 256;

/// Rows below which a file is not worth a request: 100 to 200 KB of tickets, or of metric events, whose rows take some
/// five bytes each and seldom change.
const fn rows_min(version: Version) -> u64 {
    match version {
        Version::LastSeen => 32_768,
        _ => 4_096,
    }
}

/// Rows that a file of the table is to have, when so many further rows join these files.
pub(crate) fn rows_per_file(table: &Table, files: &[DataFile], further: usize) -> usize {
    if table.version == Version::Immutable {
        return usize::MAX;
    }
    let rows = files.iter().filter_map(|file| file.rows).sum::<u64>() + further as u64;
    let wanted = (rows / FILES_WANTED).max(rows_min(table.version));
    usize::try_from(wanted).unwrap_or(usize::MAX).min(FILE_ROWS_MAX)
}

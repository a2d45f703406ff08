//! A clean page as text: what a person compares, and what a test compares cell by cell.

use std::fmt::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use deskmeter_sanitizer::{CleanBatch, CleanPage, Ledger};

/// A cell as text; NULL is None. Times are seconds since the epoch.
pub(crate) fn cell(batch: &RecordBatch, column: usize, row: usize) -> Option<String> {
    let array = batch.column(column);
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Timestamp(..) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            assert_eq!(micros % 1_000_000, 0, "whole seconds");
            format!("{}s", micros / 1_000_000)
        }
        other => panic!("no column is of type {other}"),
    })
}

/// A batch as text: a line per column that holds anything, a field per row.
pub(crate) fn batch(batch: &CleanBatch) -> String {
    let rows = batch.record_batch();
    let mut text = format!("{}: {} rows\n", batch.table().name, batch.num_rows());
    for (column, field) in rows.schema().fields().iter().enumerate() {
        let cells: Vec<_> = (0..rows.num_rows()).map(|row| cell(rows, column, row)).collect();
        if cells.iter().any(Option::is_some) {
            let cells: Vec<_> = cells.into_iter().map(|cell| cell.unwrap_or("-".into())).collect();
            writeln!(text, "    {:<33}| {}", field.name(), cells.join(" | ")).unwrap();
        }
    }
    text
}

/// The page as text: its batches, rejects and envelope.
pub(crate) fn page(page: &CleanPage) -> String {
    let mut text: String = page.batches.iter().map(batch).collect();
    for reject in &page.rejects {
        let id = reject.record_id.map_or("-".to_owned(), |id| id.to_string());
        writeln!(text, "reject: {} {id}: {}", reject.table, reject.rule).unwrap();
    }
    let envelope = &page.envelope;
    let cursor = envelope.after_cursor.as_ref().map(deskmeter_zendesk::Cursor::expose);
    writeln!(
        text,
        "envelope: rows {} cursor {cursor:?} end_time {:?} end_of_stream {:?} newest {:?}",
        envelope.rows,
        envelope.end_time.map(|time| time.0),
        envelope.end_of_stream,
        envelope.newest.map(|time| time.0),
    )
    .unwrap();
    text
}

/// The ledger as text: kept, pseudonymised, other, dropped, rejected.
pub(crate) fn ledger(ledger: &Ledger) -> String {
    ledger.rows().fold(String::new(), |mut text, row| {
        let counts = [row.n_kept, row.n_pseudonymised, row.n_other, row.n_dropped, row.n_rejected];
        let counts = counts.map(|count| if count == 0 { ".".to_owned() } else { count.to_string() });
        writeln!(text, "    {:<52} {}", row.path, counts.map(|count| format!("{count:>3}")).concat())
            .unwrap();
        text
    })
}

//! What was seen and dropped, as counts: the evidence for the promise.

use crate::domain::STREAM;
use crate::{Column, Kind, Purpose, Table, Version};

/// One row per run, stream and path of a page.
pub const PRIVACY_LEDGER: Table = Table {
    name: "privacy_ledger",
    grain: "one row per run, stream and JSON path shape",
    key: &["run_id", "stream", "path"],
    partition: "run_month",
    version: Version::Immutable,
    columns: COLUMNS,
};

const fn count(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::Integer, Purpose::Privacy, "counted by the sanitizer", about)
}

const COLUMNS: &[Column] = &[
    Column::new("run_id", Kind::RunId, Purpose::Privacy, "made for each run", "The run."),
    Column::new(
        "run_month",
        Kind::Month,
        Purpose::Privacy,
        "made for each run",
        "Month in which the run started, UTC; partitions the table.",
    ),
    Column::new(
        "started_at",
        Kind::Timestamp,
        Purpose::Privacy,
        "made for each run",
        "When the run started, UTC.",
    ),
    Column::new("stream", Kind::Enum(&STREAM), Purpose::Privacy, "known", "The stream."),
    Column::new(
        "path",
        Kind::PathShape,
        Purpose::Privacy,
        "shape of the page",
        "Path of the values below a row; keys that are not known stand as *.",
    ),
    count("n_kept", "Values stored as they came: numbers, times, booleans, words of a closed list."),
    count("n_pseudonymised", "Values stored as a keyed pseudonym."),
    count("n_other", "Words outside their list, stored as other."),
    count("n_dropped", "Values seen and not stored."),
    count("n_rejected", "Rows refused because of this path."),
];

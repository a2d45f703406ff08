//! What a run did.

use std::collections::{BTreeMap, BTreeSet};

use deskmeter_connections::{Capability, CheckTotals, DisconnectCause, Totals};
use deskmeter_sanitizer::RunId;
use serde::Serialize;

use crate::status::capability;

/// What was read of one stream.
#[derive(Debug, Clone, Serialize)]
pub struct StreamReport {
    /// Rows on its pages, dropped ones included.
    pub rows_read: u64,
    /// Rows that were new to the lake.
    pub rows_inserted: u64,
    /// Rows that took the place of an older version.
    pub rows_updated: u64,
    /// Rows that were refused.
    pub rows_rejected: u64,
    /// Pages, one request each.
    pub pages: u64,
    /// Data files written.
    pub files_added: u64,
    /// Time of the newest row, Unix seconds.
    pub newest: Option<i64>,
    /// The stream was read to its end, and holds everything up to then, Unix seconds; none when this run did not get
    /// there.
    pub complete_until: Option<i64>,
    /// Whether the account lets the stream be read.
    pub capability: Capability,
    /// Tickets whose rows came; which marts must be made anew follows from them.
    #[serde(skip)]
    pub(crate) tickets_seen: BTreeSet<i64>,
}

impl Default for StreamReport {
    fn default() -> Self {
        Self {
            rows_read: 0,
            rows_inserted: 0,
            rows_updated: 0,
            rows_rejected: 0,
            pages: 0,
            files_added: 0,
            newest: None,
            complete_until: None,
            capability: Capability::Available,
            tickets_seen: BTreeSet::new(),
        }
    }
}

impl StreamReport {
    /// Whether a row of the lake changed.
    pub(crate) fn has_changes(&self) -> bool {
        self.rows_inserted + self.rows_updated > 0
    }

    /// The capability in words, with what to do.
    pub fn capability_text(&self) -> &'static str {
        capability(self.capability)
    }
}

/// What became of the marts in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Marts {
    /// None was made.
    AsTheyWere,
    /// They were made by the models and settings of this digest, and held their checks.
    MadeBy(String),
    /// They did not hold their checks: readers see those before.
    Refused,
}

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct SyncReport {
    /// The run.
    pub run_id: String,
    /// By stream name.
    pub streams: BTreeMap<&'static str, StreamReport>,
    /// Requests to Zendesk.
    pub requests: u64,
    /// Bytes received, decompressed.
    pub bytes_received: u64,
    /// Values seen and not stored.
    pub values_dropped: u64,
    /// Models that were made anew.
    pub models_refreshed: usize,
    /// Months in which the tickets were created that were made anew; none when all were, or no model was.
    pub months_refreshed: Option<BTreeSet<String>>,
    /// Tables that were published to the database of `[publish]`.
    pub tables_published: usize,
    /// How the checks of the marts ended.
    pub checks: CheckTotals,
    /// What a reader of the marts should know.
    pub warnings: Vec<String>,
    /// What became of the marts.
    #[serde(skip)]
    pub(crate) marts: Marts,
    /// When the authorization ends unless a run renews it, Unix seconds.
    #[serde(skip)]
    pub(crate) authorization_ends_at: Option<i64>,
    /// Why the authorization is gone, if it was found to be.
    #[serde(skip)]
    pub(crate) disconnect_cause: Option<DisconnectCause>,
}

impl SyncReport {
    pub(crate) fn new(run_id: &RunId) -> Self {
        Self {
            run_id: run_id.to_string(),
            streams: BTreeMap::new(),
            requests: 0,
            bytes_received: 0,
            values_dropped: 0,
            models_refreshed: 0,
            months_refreshed: None,
            tables_published: 0,
            checks: CheckTotals::default(),
            warnings: Vec::new(),
            marts: Marts::AsTheyWere,
            authorization_ends_at: None,
            disconnect_cause: None,
        }
    }

    /// Lets go of what only the refresh of the marts needs: reports of many accounts are kept until the last one is done.
    pub(super) fn forget_tickets(&mut self) {
        for stream in self.streams.values_mut() {
            stream.tickets_seen = BTreeSet::new();
        }
    }

    /// Adds what the streams and the checks did to the connection's sums.
    pub(crate) fn add_to(&self, totals: &mut Totals) {
        for (name, stream) in &self.streams {
            let sum = totals.streams.entry((*name).to_owned()).or_default();
            sum.read += stream.rows_read;
            sum.inserted += stream.rows_inserted;
            sum.updated += stream.rows_updated;
            sum.rejected += stream.rows_rejected;
        }
        // A run that changed nothing refreshed nothing: the marts stand as they were checked.
        if self.checks != CheckTotals::default() {
            totals.checks = self.checks;
        }
    }

    /// Whether a row of the lake changed.
    pub(crate) fn has_changes(&self) -> bool {
        self.streams.values().any(StreamReport::has_changes)
    }

    /// New and changed rows of all streams.
    pub fn rows_committed(&self) -> u64 {
        self.streams.values().map(|stream| stream.rows_inserted + stream.rows_updated).sum()
    }
}

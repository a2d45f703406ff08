//! The envelope of a page: everything but its rows.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::UnixSeconds;

/// An opaque place in a cursor export. It holds a ticket or user id, so it prints as `****`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps what the server sent.
    pub fn new(raw: String) -> Self {
        Self(raw)
    }

    /// The text for the next request and for the commit. Never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor(****)")
    }
}

/// What a page says beside its rows. `next_page` and `after_url` are not read: they hold the subdomain, and the
/// request builder makes the next request itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Rows on this page, counted by the parser (`count` is not on every page).
    pub rows: u64,
    /// Cursor exports: where the next page starts; present on the last page too.
    pub after_cursor: Option<Cursor>,
    /// Time exports: the second at which the next page starts; null on an empty page.
    pub end_time: Option<UnixSeconds>,
    /// Whether this is the last page for now. Not sent by every export.
    pub end_of_stream: Option<bool>,
    /// The newest version on the page (`generated_timestamp`, or `updated_at`), kept beside a cursor so that a
    /// refused cursor can be replaced by a time.
    pub newest: Option<UnixSeconds>,
}

//! What can be wrong with an answer of the API, in words that quote none of it.

use crate::Stream;

/// A page that cannot be gone on from, or an identifier outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server sent a full page whose end lies where the page began: going on would loop for ever, skipping
    /// would lose rows (PostHog#59215, airbyte#81516).
    #[error("{stream} does not advance: a page of {rows} rows ended at the second it started at")]
    Stuck {
        /// The stream that stands still.
        stream: Stream,
        /// Rows on the page.
        rows: u64,
    },
    /// The same cursor came back although the stream has not ended.
    #[error("{stream} does not advance: the server returned the cursor it was asked with")]
    SameCursor {
        /// The stream that stands still.
        stream: Stream,
    },
    /// The envelope lacks the field that says where to go on.
    #[error("{stream} page has no {field}")]
    MissingField {
        /// The stream whose page it is.
        stream: Stream,
        /// The envelope's field, for example `after_cursor`.
        field: &'static str,
    },
    /// An identifier is not within 1 to 2^53.
    #[error("{kind} id is out of range")]
    IdOutOfRange {
        /// Which identifier, for example `ticket`.
        kind: &'static str,
    },
}

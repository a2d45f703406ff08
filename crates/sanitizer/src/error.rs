//! Why a page is refused, in sizes and positions. The parser's own messages are never passed on: they quote values.

use deskmeter_zendesk::Stream;

use crate::Rule;

/// A page of which nothing was kept. No variant can hold a part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The body is not UTF-8.
    #[error("{stream} page is not UTF-8 at byte {position} of {bytes}")]
    NotUtf8 {
        /// The stream of the page.
        stream: Stream,
        /// Size of the body.
        bytes: usize,
        /// Offset of the first bad byte.
        position: usize,
    },
    /// The body is markup: a proxy or a maintenance page answered.
    #[error("{stream} page is markup, not JSON ({bytes} bytes)")]
    Markup {
        /// The stream of the page.
        stream: Stream,
        /// Size of the body.
        bytes: usize,
    },
    /// The body ends in the middle of the JSON text.
    #[error("{stream} page is cut off after {bytes} bytes")]
    Truncated {
        /// The stream of the page.
        stream: Stream,
        /// Size of the body.
        bytes: usize,
    },
    /// The body is not JSON.
    #[error("{stream} page is not JSON at byte {position} of {bytes}")]
    NotJson {
        /// The stream of the page.
        stream: Stream,
        /// Size of the body.
        bytes: usize,
        /// Offset at which the parser gave up.
        position: usize,
    },
    /// The body is JSON without the stream's array of rows: an error body, or another endpoint's answer.
    #[error("{stream} page of {bytes} bytes has no array of rows")]
    NoRows {
        /// The stream of the page.
        stream: Stream,
        /// Size of the body.
        bytes: usize,
    },
    /// The body holds the stream's array of rows more than once, so that which one counts is not clear.
    #[error("{stream} page of {bytes} bytes has its array of rows twice")]
    RowsTwice {
        /// The stream of the page.
        stream: Stream,
        /// Size of the body.
        bytes: usize,
    },
    /// More rows were refused than the options allow: the API has changed, or the page is not what it claims to be.
    #[error("{rejects} of {rows} {stream} rows were refused, the first because {rule}")]
    TooManyRejects {
        /// The stream of the page.
        stream: Stream,
        /// Refused records.
        rejects: u64,
        /// Rows seen.
        rows: u64,
        /// Why the first of the page was refused.
        rule: Rule,
    },
}

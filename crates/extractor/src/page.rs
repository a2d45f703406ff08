//! A page as it came.

use std::fmt;

use bytes::Bytes;
use deskmeter_zendesk::{PageSize, Stream};

/// The body of one page, uncompressed and unread: raw content, to be handed to the sanitizer and dropped. It is never
/// written anywhere, and prints its sizes only.
#[derive(Clone)]
pub struct RawPage {
    body: Bytes,
    bytes_received: u64,
    stream: Stream,
    page_size: PageSize,
}

impl RawPage {
    pub(crate) fn new(body: Bytes, bytes_received: u64, stream: Stream, page_size: PageSize) -> Self {
        Self { body, bytes_received, stream, page_size }
    }

    /// The JSON text.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// Bytes that crossed the network, compressed as they were.
    pub fn bytes_received(&self) -> u64 {
        self.bytes_received
    }

    /// The stream that was asked.
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// The page size that was asked for in the end: the request's, or less after the server timed out on heavy
    /// pages. [`Position::after`](deskmeter_zendesk::Position::after) needs this one to tell a full page.
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }
}

impl fmt::Debug for RawPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawPage")
            .field("stream", &self.stream)
            .field("bytes", &self.body.len())
            .field("bytes_received", &self.bytes_received)
            .finish_non_exhaustive()
    }
}

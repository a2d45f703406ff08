//! A page as it came.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use deskmeter_zendesk::{PageSize, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::transport::Answer;

/// How many pages the clients that share it may hold in memory at once, on their way in or not yet sanitized. Whoever
/// waits for a place has asked already, and leaves the answer with the network: no rate limit is wasted.
#[derive(Debug, Clone)]
pub struct PageBudget(Arc<Semaphore>);

impl PageBudget {
    /// A budget of this many pages, at least one.
    pub fn new(pages: usize) -> Self {
        Self(Arc::new(Semaphore::new(pages.max(1))))
    }

    /// A place, until it is dropped. The semaphore is never closed.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}

/// The body of one page, uncompressed and unread: raw content, to be handed to the sanitizer and dropped. It is never
/// written anywhere, and prints its sizes only.
pub struct RawPage {
    body: Bytes,
    bytes_received: u64,
    stream: Stream,
    page_size: PageSize,
    _place: Option<OwnedSemaphorePermit>,
}

impl RawPage {
    pub(crate) fn new(answer: Answer, stream: Stream, page_size: PageSize) -> Self {
        let Answer { body, bytes_received, place, .. } = answer;
        Self { body, bytes_received, stream, page_size, _place: place }
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

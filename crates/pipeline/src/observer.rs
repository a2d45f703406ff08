//! What happens during a run, for progress bars, logs and server-sent events. Names, counts and times only.

use std::time::Duration;

use deskmeter_zendesk::{Stream, UnixSeconds};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A stream begins at this time (the newest row of the last run, or the start date).
    StreamStarted {
        /// The stream.
        stream: Stream,
        /// Where it begins.
        from: Option<UnixSeconds>,
        /// Where it will end: about now.
        until: UnixSeconds,
    },
    /// A page was read and sanitized.
    Page {
        /// The stream.
        stream: Stream,
        /// Rows on the page, dropped ones included.
        rows: u64,
        /// Time of its newest row.
        reached: Option<UnixSeconds>,
    },
    /// How long it will still take, told when a stream begins and after each page.
    Outlook {
        /// The stream that is read.
        stream: Stream,
        /// Until it has ended; none while nothing tells.
        stream_left: Option<Duration>,
        /// Pages of this stream and of those to come; none as long as one of them is unknown.
        pages_left: Option<u64>,
        /// Until the last stream has ended; none as long as a stream to come is unknown: `plan` makes it known.
        run_left: Option<Duration>,
    },
    /// The governor waits, so that no limit is exceeded.
    Waiting {
        /// For how long.
        wait: Duration,
    },
    /// Rows were committed to the lake.
    Committed {
        /// The stream.
        stream: Stream,
        /// New and changed rows.
        rows: u64,
    },
    /// The stream has ended for now.
    StreamEnded {
        /// The stream.
        stream: Stream,
    },
    /// Marts are being refreshed.
    Refreshing,
    /// The marts are fresh.
    Refreshed {
        /// How many models were built.
        models: usize,
    },
}

/// Is told what happens. Called often: must return at once.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _event: &Event) {}
}

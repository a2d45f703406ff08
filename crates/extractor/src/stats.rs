//! What a client has done so far.

use std::time::Duration;

/// Counters since the client was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent, repeated ones included.
    pub requests: u64,
    /// Requests that are under way now.
    pub in_flight: u64,
    /// Requests that repeated one that failed.
    pub retries: u64,
    /// Answers of status 429.
    pub rate_limited: u64,
    /// Bytes of bodies as they crossed the network.
    pub bytes_received: u64,
    /// Bytes of bodies after decompression.
    pub bytes_uncompressed: u64,
    /// Time spent waiting for the governor, summed over calls.
    pub waited_for_rate: Duration,
    /// Time spent waiting before repeating after a failure, summed over calls.
    pub waited_to_retry: Duration,
}

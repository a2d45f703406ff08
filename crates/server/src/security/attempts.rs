//! How often a password may be tried.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures that one address may have in [`WINDOW`].
const FAILURES_MAX: usize = 5;
/// Failures that all addresses together may have in [`WINDOW`].
const FAILURES_MAX_TOTAL: usize = 100;
/// How long a failure counts.
const WINDOW: Duration = Duration::from_mins(15);

/// Failed attempts of the last quarter of an hour. An attempt counts from its start, so that many at once do not slip
/// through while hashes are computed; success takes it back.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Vec<Instant>>>);

impl Attempts {
    /// Counts an attempt. Refused with the time to wait when there were too many failures.
    pub(crate) fn begin(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|_, times| {
            times.retain(|time| now.duration_since(*time) < WINDOW);
            !times.is_empty()
        });
        let total: usize = attempts.values().map(Vec::len).sum();
        let times = attempts.entry(peer).or_default();
        if times.len() >= FAILURES_MAX || total >= FAILURES_MAX_TOTAL {
            let oldest = times.first().copied().unwrap_or(now);
            return Err(WINDOW.saturating_sub(now.duration_since(oldest)).max(Duration::from_secs(1)));
        }
        times.push(now);
        Ok(())
    }

    /// The password was right: this attempt was no failure. What others failed who come by the same proxy still counts.
    pub(crate) fn succeed(&self, peer: IpAddr) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = attempts.get_mut(&peer) {
            times.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_failure_of_an_address_waits_and_others_do_not() {
        let (attempts, peer, other) =
            (Attempts::default(), IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let now = Instant::now();
        for _ in 0..FAILURES_MAX {
            assert!(attempts.begin(peer, now).is_ok());
        }
        assert_eq!(attempts.begin(peer, now), Err(WINDOW));
        assert!(attempts.begin(other, now).is_ok());
        assert!(attempts.begin(peer, now + WINDOW).is_ok());
        // A right one in between, such as a scrape's, gives no further guesses.
        attempts.succeed(peer);
        assert!((0..FAILURES_MAX).all(|_| attempts.begin(peer, now + WINDOW).is_ok()));
        assert!(attempts.begin(peer, now + WINDOW).is_err());
    }
}

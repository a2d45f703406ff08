//! How often a password may be tried.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Client;

/// Failures that one client may have in [`WINDOW`].
const FAILURES_MAX: usize = 5;
/// How long a failure counts for its client.
const WINDOW: Duration = Duration::from_mins(15);
/// Failures that all clients together may have in [`WINDOW_TOTAL`]: a password of twelve characters outlasts as many,
/// whatever addresses they come from.
const FAILURES_MAX_TOTAL: usize = 10;
/// How long a failure counts for all.
const WINDOW_TOTAL: Duration = Duration::from_mins(1);
/// Clients that are remembered for knowing the password.
const KNOWN_MAX: usize = 1_000;

/// Failed attempts, by who made them. An attempt counts from its start, so that many at once do not slip through while
/// hashes are computed; success takes it back.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<Tally>);

#[derive(Default)]
struct Tally {
    failures: HashMap<Client, Vec<Instant>>,
    /// Who once knew the password: what others guess does not hold them up.
    known: HashSet<Client>,
}

impl Attempts {
    /// Counts an attempt. Refused with the time to wait when there were too many failures.
    pub(crate) fn begin(&self, client: Client, now: Instant) -> Result<(), Duration> {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Tally { failures, known } = &mut *tally;
        failures.retain(|_, times| {
            times.retain(|time| now.duration_since(*time) < WINDOW);
            !times.is_empty()
        });
        let wait = |window: Duration, oldest: Option<&Instant>| {
            let passed = oldest.map_or(Duration::ZERO, |oldest| now.duration_since(*oldest));
            Err(window.saturating_sub(passed).max(Duration::from_secs(1)))
        };
        let recent = failures.values().flatten().filter(|time| now.duration_since(**time) < WINDOW_TOTAL);
        if !known.contains(&client) && recent.clone().count() >= FAILURES_MAX_TOTAL {
            return wait(WINDOW_TOTAL, recent.min());
        }
        let times = failures.entry(client).or_default();
        if times.len() >= FAILURES_MAX {
            return wait(WINDOW, times.first());
        }
        times.push(now);
        Ok(())
    }

    /// The password was right: this attempt was no failure. Those before it still count, for many may share an address.
    pub(crate) fn succeed(&self, client: Client) {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = tally.failures.get_mut(&client) {
            times.pop();
        }
        if tally.known.len() < KNOWN_MAX {
            tally.known.insert(client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: usize) -> Client {
        Client::new(std::net::Ipv4Addr::from_bits(u32::try_from(number).unwrap()).into())
    }

    #[test]
    fn the_sixth_failure_of_a_client_waits_and_others_do_not() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..FAILURES_MAX {
            assert!(attempts.begin(client(1), now).is_ok());
        }
        assert_eq!(attempts.begin(client(1), now), Err(WINDOW));
        assert!(attempts.begin(client(2), now).is_ok());
        assert!(attempts.begin(client(1), now + WINDOW).is_ok());
        // A right one in between, such as a scrape's, gives no further guesses.
        attempts.succeed(client(1));
        assert!((0..FAILURES_MAX).all(|_| attempts.begin(client(1), now + WINDOW).is_ok()));
        assert!(attempts.begin(client(1), now + WINDOW).is_err());
    }

    #[test]
    fn the_eleventh_failure_of_all_waits_a_minute_and_who_knew_the_password_does_not() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        assert!(attempts.begin(client(0), now).is_ok());
        attempts.succeed(client(0));
        for number in 1..=FAILURES_MAX_TOTAL {
            assert!(attempts.begin(client(number), now).is_ok(), "{number}");
        }
        let later = now + Duration::from_secs(20);
        assert_eq!(attempts.begin(client(99), later), Err(Duration::from_secs(40)));
        // Nor do its own failures go unbounded.
        assert!((0..FAILURES_MAX).all(|_| attempts.begin(client(0), later).is_ok()));
        assert_eq!(attempts.begin(client(0), later), Err(WINDOW));
        assert!(attempts.begin(client(99), now + WINDOW_TOTAL).is_ok());
    }

    #[test]
    fn so_many_clients_are_remembered_and_not_one_more() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..=KNOWN_MAX {
            assert!(attempts.begin(client(number), now).is_ok());
            attempts.succeed(client(number));
        }
        for number in 0..FAILURES_MAX_TOTAL {
            assert!(attempts.begin(client(number), now).is_ok());
        }
        assert!(attempts.begin(client(KNOWN_MAX - 1), now).is_ok());
        assert!(attempts.begin(client(KNOWN_MAX), now).is_err());
    }
}

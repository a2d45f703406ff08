//! How often and how soon a call is repeated.

use std::time::Duration;

use crate::error::Persistence;
use crate::limits::Limits;
use crate::{Error, ErrorKind};

/// Repeats of what is more often a mistake than an outage.
const RETRIES_BRIEF: u32 = 3;
/// The first pause after a failure; it doubles from there.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// The longest pause that we choose ourselves.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// What a 429 without any hint is taken to mean, as in Zendesk's own Ruby client.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(10);
/// Spread over this much, so that several clients do not come back in the same instant.
const JITTER: Duration = Duration::from_secs(1);
/// The longest wait that is honoured by staying. A server that asks for more is left, and the error says how long.
const STAY_MAX: Duration = Duration::from_mins(10);

/// The failures of one call so far.
#[derive(Debug)]
pub(crate) struct Attempts {
    failures: u32,
    failures_brief: u32,
    retries_max: u32,
}

impl Attempts {
    pub(crate) fn new(retries_max: u32) -> Self {
        Self { failures: 0, failures_brief: 0, retries_max }
    }

    /// How long to wait before repeating after this failure, or none to give up. `random` is within 0 to 1.
    pub(crate) fn pause(&mut self, error: &Error, random: f64) -> Option<Duration> {
        let is_brief = error.persistence() == Persistence::Briefly;
        let is_hopeless = error.persistence() == Persistence::Never
            || self.failures >= self.retries_max
            || is_brief && self.failures_brief >= RETRIES_BRIEF
            || error.retry_after().is_some_and(|asked| asked > STAY_MAX);
        if is_hopeless {
            return None;
        }
        self.failures += 1;
        self.failures_brief += u32::from(is_brief);
        Some(match (error.kind(), error.retry_after()) {
            // The gate is closed for as long as the answer asked: it does the waiting, for all calls alike.
            (ErrorKind::RateLimited, _) => Duration::ZERO,
            (_, Some(asked)) => asked + JITTER.mul_f64(random),
            (_, None) => self.backoff().mul_f64(0.5 + random / 2.0),
        })
    }

    fn backoff(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(16);
        PAUSE_MAX.min(PAUSE_FIRST * (1 << doublings))
    }
}

/// How long a 429 closes its limit: `Retry-After`, else until the window of a limit that is used up ends, else ten
/// seconds (the refusal may be another limit's than those that the headers tell of).
pub(crate) fn rate_limit_pause(retry_after: Option<Duration>, limits: &Limits, random: f64) -> Duration {
    let used_up = [limits.named, limits.account].into_iter().filter(|limit| limit.remaining == Some(0));
    let hint = used_up.filter_map(|limit| limit.resets).max();
    let wait = retry_after.or(hint.filter(|wait| !wait.is_zero())).unwrap_or(RATE_LIMIT_PAUSE);
    wait.min(STAY_MAX) + JITTER.mul_f64(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_the_pause_up_to_a_minute_and_gives_up_at_the_limit() {
        let mut attempts = Attempts::new(8);
        let error = Error::new(ErrorKind::ServerFailed, "tickets", "failed");
        let pauses: Vec<_> =
            (0..9).map(|_| attempts.pause(&error, 1.0).map(|pause| pause.as_secs())).collect();
        let seconds = [1, 2, 4, 8, 16, 32, 60, 60].map(Some);
        assert_eq!(pauses, [seconds.as_slice(), &[None]].concat());
    }

    #[test]
    fn spreads_a_pause_over_its_upper_half() {
        let error = Error::new(ErrorKind::ServerFailed, "tickets", "failed");
        let first = |random| Attempts::new(1).pause(&error, random).map(|pause| pause.as_millis());
        assert_eq!([first(0.0), first(0.5), first(1.0)], [500, 750, 1_000].map(Some));
    }

    #[test]
    fn honours_ten_minutes_and_leaves_a_server_that_asks_for_more() {
        let asking = |seconds| {
            Error::new(ErrorKind::ServerFailed, "tickets", "maintenance")
                .with_retry_after(Some(Duration::from_secs(seconds)))
        };
        assert_eq!(Attempts::new(1).pause(&asking(600), 0.0), Some(STAY_MAX));
        assert_eq!(Attempts::new(1).pause(&asking(601), 0.0), None);
    }

    #[test]
    fn never_repeats_what_waiting_cannot_heal() {
        let error = Error::new(ErrorKind::MissingScope, "users", "scope");
        assert_eq!(Attempts::new(9).pause(&error, 0.5), None);
    }

    #[test]
    fn closes_a_limit_as_long_as_the_best_hint_says() {
        let mut limits = Limits::default();
        assert_eq!(rate_limit_pause(None, &limits, 0.0), RATE_LIMIT_PAUSE);
        limits.account.resets = Some(Duration::from_secs(42));
        limits.account.remaining = Some(600);
        assert_eq!(rate_limit_pause(None, &limits, 0.0), RATE_LIMIT_PAUSE);
        limits.account.remaining = Some(0);
        assert_eq!(rate_limit_pause(None, &limits, 0.0), Duration::from_secs(42));
        assert_eq!(rate_limit_pause(Some(Duration::from_secs(93)), &limits, 1.0), Duration::from_secs(94));
    }
}

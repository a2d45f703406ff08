//! What an answer's headers say about limits. Zendesk writes them in three spellings, old and new side by side:
//! `zendesk-ratelimit-<name>: total=10; remaining=9; resets=2` for a named limit, `x-rate-limit` and
//! `ratelimit-limit` with their companions for the account's. All are read, the smallest number wins.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// Prefix of the headers of named limits; header names arrive in lower case.
const NAMED: &str = "zendesk-ratelimit-";
/// The spellings of the account's total.
const ACCOUNT_TOTAL: [&str; 3] = ["x-rate-limit", "ratelimit-limit", "rate-limit-limit"];
/// The spellings of what is left of it.
const ACCOUNT_REMAINING: [&str; 3] =
    ["x-rate-limit-remaining", "ratelimit-remaining", "rate-limit-remaining"];
/// The spellings of the seconds until it is whole again.
const ACCOUNT_RESETS: [&str; 3] = ["x-rate-limit-reset", "ratelimit-reset", "rate-limit-reset"];
/// Windows are a minute long; a later reset (or an epoch second, as some gateways send) is not believed.
const RESETS_MAX: Duration = Duration::from_mins(1);

/// One limit, as far as the headers tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Announced {
    /// Requests a minute.
    pub(crate) total: Option<u32>,
    /// Requests that are left in the present window.
    pub(crate) remaining: Option<u32>,
    /// Until the window ends, at most a minute.
    pub(crate) resets: Option<Duration>,
}

/// The limits that one answer announces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The named limit that the request counted against.
    pub(crate) named: Announced,
    /// The account's.
    pub(crate) account: Announced,
}

impl Limits {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        let smallest = |names: [&str; 3]| names.into_iter().filter_map(number).min();
        let account = Announced {
            total: smallest(ACCOUNT_TOTAL),
            remaining: smallest(ACCOUNT_REMAINING),
            resets: smallest(ACCOUNT_RESETS).and_then(seconds),
        };
        let named = headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with(NAMED))
            .filter_map(|(_, value)| value.to_str().ok())
            .map(parse_named)
            .fold(Announced::default(), Announced::tighter);
        Self { named, account }
    }
}

impl Announced {
    /// The smaller of both numbers, and the later reset.
    fn tighter(self, other: Self) -> Self {
        let smaller = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
        Self {
            total: smaller(self.total, other.total),
            remaining: smaller(self.remaining, other.remaining),
            resets: self.resets.max(other.resets),
        }
    }
}

fn parse_named(value: &str) -> Announced {
    let field = |name: &str| {
        value.split(';').filter_map(|pair| pair.split_once('=')).find_map(|(key, number)| {
            key.trim().eq_ignore_ascii_case(name).then(|| number.trim().parse::<u32>().ok()).flatten()
        })
    };
    Announced {
        total: field("total"),
        remaining: field("remaining"),
        resets: field("resets").and_then(seconds),
    }
}

fn seconds(number: u32) -> Option<Duration> {
    let wait = Duration::from_secs(number.into());
    (wait <= RESETS_MAX).then_some(wait)
}

/// The wait that `Retry-After` asks for: whole seconds, as Zendesk writes them, or a date, as gateways may, of which the
/// answer's own `Date` tells how far off it is.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let (until, sent) = (date(asked)?, date(text(DATE)?)?);
    Some(until.duration_since(sent).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected: Limits) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        assert_eq!(Limits::read(&map), expected);
    }

    #[test]
    fn reads_the_recorded_header_of_the_exports() {
        let named = Announced { total: Some(10), remaining: Some(9), resets: Some(Duration::from_secs(2)) };
        check(
            &[("zendesk-ratelimit-incremental-exports", "total=10; remaining=9; resets=2")],
            Limits { named, ..Limits::default() },
        );
    }

    #[test]
    fn takes_the_smallest_number_of_every_spelling() {
        let account =
            Announced { total: Some(700), remaining: Some(12), resets: Some(Duration::from_secs(30)) };
        let named = Announced { total: Some(10), remaining: Some(3), resets: None };
        check(
            &[
                ("X-Rate-Limit", "700"),
                ("x-rate-limit-remaining", "650"),
                ("RateLimit-Limit", "700"),
                ("ratelimit-remaining", "12"),
                ("ratelimit-reset", "30"),
                ("Zendesk-RateLimit-incremental-exports", "total=10;remaining=8"),
                ("zendesk-ratelimit-incremental-exports-cursor", "Total=20; Remaining=3; resets=1732270000"),
            ],
            Limits { named, account },
        );
    }

    #[test]
    fn reads_retry_after_in_seconds_and_as_a_date_beside_that_of_the_answer() {
        let read = |asked: &'static str, sent: Option<&'static str>| {
            let mut map = HeaderMap::new();
            map.append(RETRY_AFTER, asked.parse().unwrap());
            sent.map(|sent| map.append(DATE, sent.parse().unwrap()));
            retry_after(&map)
        };
        let (noon, later) = ("Sun, 01 Nov 2026 12:00:00 GMT", "Sun, 01 Nov 2026 12:00:42 GMT");
        assert_eq!(read(" 17 ", None), Some(Duration::from_secs(17)));
        assert_eq!(read(later, Some(noon)), Some(Duration::from_secs(42)));
        assert_eq!(read(noon, Some(later)), Some(Duration::ZERO));
        assert_eq!(read(later, None), None);
        assert_eq!(read("soon", Some(noon)), None);
    }

    #[test]
    fn believes_nothing_that_is_not_a_number() {
        check(
            &[("zendesk-ratelimit-incremental-exports", "total=many; remaining"), ("x-rate-limit", "-5")],
            Limits::default(),
        );
    }
}

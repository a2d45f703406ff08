//! Rate limits: buckets that refill at each full minute of the account's clock.

use crate::options::RateLimit;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The account's overall limit a minute, as on an Enterprise plan.
pub(crate) const ACCOUNT_PER_MINUTE: u32 = 700;

/// A limit of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Bucket {
    Account,
    Exports,
    UsersCursor,
    Samples,
}

impl Bucket {
    /// The header that tells about this bucket.
    pub(crate) const fn header(self) -> Option<&'static str> {
        match self {
            Self::Exports | Self::Samples => Some("zendesk-ratelimit-incremental-exports"),
            Self::UsersCursor => Some("zendesk-ratelimit-incremental-exports-cursor"),
            Self::Account => None,
        }
    }

    const fn window_secs(self) -> i64 {
        match self {
            Self::Samples => 1200,
            _ => 60,
        }
    }

    fn total(self, limit: RateLimit) -> Option<u32> {
        match (self, limit) {
            (Self::Account, RateLimit::Documented) => Some(ACCOUNT_PER_MINUTE),
            (Self::Exports | Self::Samples, RateLimit::Documented) => Some(10),
            (Self::UsersCursor, RateLimit::Documented) => Some(20),
            (Self::Account, _) | (_, RateLimit::Off) => None,
            (_, RateLimit::PerMinute(total)) => Some(total),
        }
    }
}

/// The state of a bucket after a request took from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) total: u32,
    pub(crate) remaining: u32,
    pub(crate) resets_secs: i64,
    /// The bucket was empty: the request must be refused.
    pub(crate) exceeded: bool,
}

/// All buckets of the account.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    used: Mutex<HashMap<Bucket, (i64, u32)>>,
}

impl Limits {
    /// Takes one request from a bucket; none when the bucket has no limit.
    pub(crate) fn take(&self, bucket: Bucket, limit: RateLimit, now: i64) -> Option<Level> {
        let total = bucket.total(limit)?;
        let window = now.div_euclid(bucket.window_secs());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = used.entry(bucket).or_insert((window, 0));
        if entry.0 != window {
            *entry = (window, 0);
        }
        let exceeded = entry.1 >= total;
        if !exceeded {
            entry.1 += 1;
        }
        let resets_secs = bucket.window_secs() - now.rem_euclid(bucket.window_secs());
        Some(Level { total, remaining: total - entry.1, resets_secs, exceeded })
    }
}

//! When the next request may be sent: decisions without clock, lock or network. Instants come in, decisions go out.
//!
//! Zendesk counts requests a minute, in windows whose kind it does not document (the recorded `resets=2` beside
//! `remaining=9` speaks for windows that are cut by the clock). A token bucket that refills while it is emptied lets
//! up to twice the limit into some minute; so the governor remembers every request of the last minute instead, and
//! never lets more than the limit be inside **any** span of 60 seconds. That is right for fixed and for sliding
//! windows alike, and uses the whole limit: only the time that a request needs to arrive is lost, held to a second
//! in sixty-one.
//!
//! Other apps draw on the same limits. What they use is seen in `remaining`, and respected until the window ends.
//! The first answer of each limit is waited for before a second request is sent, since a run before this one may
//! have used the window up.

use std::collections::VecDeque;
use std::time::Duration;

use deskmeter_zendesk::RateBucket;
use tokio::time::Instant;

use crate::limits::{Announced, Limits};

/// Zendesk's limits are numbers a minute.
const WINDOW: Duration = Duration::from_mins(1);
/// A request is taken to have reached Zendesk when it was answered, and at the latest this long after it was sent.
const TRAVEL_MAX: Duration = Duration::from_secs(1);
/// `resets` is in whole seconds, cut or rounded.
const RESETS_PRECISION: Duration = Duration::from_secs(1);

/// The answer to "may I send?".
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Yes: the request is counted.
    Go(Ticket),
    /// Not before this instant. Ask again then: an answer may have changed the limits.
    WaitUntil(Instant),
    /// Not before another request on this limit was answered.
    AfterAnswer,
}

/// A request that was let through, to be settled with what became of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    bucket: RateBucket,
    number_in_bucket: u64,
    number_in_account: u64,
}

/// The limits of one account.
#[derive(Debug)]
pub(crate) struct Governor {
    exports: Bucket,
    users: Bucket,
    tickets_index: Bucket,
    account: Bucket,
}

impl Governor {
    /// Starts with the documented limits: exports 10 a minute, users export 20, late pages of the tickets' list 50,
    /// account 200 (the smallest current plan's); 30, 60, 50 and 2,500 with the High Volume add-on.
    pub(crate) fn new(quota_percent: u8, high_volume: bool) -> Self {
        let [exports, users, account] = if high_volume { [30, 60, 2_500] } else { [10, 20, 200] };
        let bucket = |total| Bucket::new(total, quota_percent);
        Self {
            exports: bucket(exports),
            users: bucket(users),
            tickets_index: bucket(50),
            account: bucket(account),
        }
    }

    /// Whether a request that counts against `bucket`, and against the account as all do, may be sent at `now`.
    pub(crate) fn admit(&mut self, bucket: RateBucket, now: Instant) -> Admission {
        let obstacle = match self.named(bucket) {
            Some(named) => named.obstacle(now).or_else(|| self.account.obstacle(now)),
            None => self.account.obstacle(now),
        };
        if let Some(obstacle) = obstacle {
            return obstacle;
        }
        let number_in_account = self.account.count(now);
        let number_in_bucket = self.named(bucket).map_or(0, |named| named.count(now));
        Admission::Go(Ticket { bucket, number_in_bucket, number_in_account })
    }

    /// The request was answered at `now`, and the answer announced these limits.
    pub(crate) fn answered(&mut self, ticket: &Ticket, limits: &Limits, now: Instant) {
        if let Some(named) = self.named(ticket.bucket) {
            named.answered(ticket.number_in_bucket, limits.named, now);
        }
        // No export can be allowed more often than the account: a generous export limit lifts an account limit
        // that the server keeps silent about.
        let total = match (limits.account.total, limits.named.total) {
            (None, Some(total)) if total > self.account.total => Some(total),
            (total, _) => total,
        };
        self.account.answered(ticket.number_in_account, Announced { total, ..limits.account }, now);
    }

    /// The request ended without an answer. It stays counted: it may have arrived.
    pub(crate) fn lost(&mut self, ticket: &Ticket) {
        if let Some(named) = self.named(ticket.bucket) {
            named.in_flight -= 1;
        }
        self.account.in_flight -= 1;
    }

    /// The server refused a request (429): nothing more on its limit until then.
    pub(crate) fn close(&mut self, bucket: RateBucket, until: Instant) {
        let closed = match self.named(bucket) {
            Some(named) => named,
            None => &mut self.account,
        };
        closed.closed_until = closed.closed_until.max(Some(until));
    }

    /// Requests a minute of ours that count against `bucket`: no more than against the account.
    pub(crate) fn allowance(&mut self, bucket: RateBucket) -> usize {
        let account = self.account.allowance();
        self.named(bucket).map_or(account, |named| named.allowance().min(account))
    }

    fn named(&mut self, bucket: RateBucket) -> Option<&mut Bucket> {
        match bucket {
            RateBucket::IncrementalExports => Some(&mut self.exports),
            RateBucket::UsersExport => Some(&mut self.users),
            RateBucket::TicketsIndex => Some(&mut self.tickets_index),
            RateBucket::Account => None,
        }
    }
}

/// One limit, and the requests of the last minute that count against it.
#[derive(Debug)]
struct Bucket {
    total: u32,
    quota_percent: u8,
    /// Ours, oldest first, numbered from `numbers_from` on.
    sent: VecDeque<Sent>,
    numbers_from: u64,
    in_flight: usize,
    was_answered: bool,
    others: Option<Others>,
    closed_until: Option<Instant>,
}

#[derive(Debug)]
struct Sent {
    at: Instant,
    /// From when on it is in no window with a new request.
    frees_at: Instant,
}

/// Other apps were seen to use the limit: how much of the window is left for us.
#[derive(Debug)]
struct Others {
    remaining: u32,
    /// The request whose answer said so; later ones of ours are not counted in `remaining`.
    number: u64,
    until: Instant,
}

impl Bucket {
    fn new(total: u32, quota_percent: u8) -> Self {
        Self {
            total,
            quota_percent,
            sent: VecDeque::new(),
            numbers_from: 0,
            in_flight: 0,
            was_answered: false,
            others: None,
            closed_until: None,
        }
    }

    /// How many of ours may be in one window: our share of the limit, and never none.
    fn allowance(&self) -> usize {
        let share = u64::from(self.total) * u64::from(self.quota_percent) / 100;
        usize::try_from(share).unwrap_or(usize::MAX).max(1)
    }

    fn obstacle(&mut self, now: Instant) -> Option<Admission> {
        self.forget(now);
        if let Some(until) = self.closed_until {
            return Some(Admission::WaitUntil(until));
        }
        if let Some(others) = &self.others {
            let ours_since = self.next_number() - others.number - 1;
            if ours_since >= u64::from(others.remaining) {
                return Some(Admission::WaitUntil(others.until));
            }
        }
        let in_excess = self.sent.len().checked_sub(self.allowance());
        if let Some(sent) = in_excess.and_then(|index| self.sent.get(index)) {
            return Some(Admission::WaitUntil(sent.frees_at));
        }
        (!self.was_answered && self.in_flight > 0).then_some(Admission::AfterAnswer)
    }

    fn count(&mut self, now: Instant) -> u64 {
        let number = self.next_number();
        self.sent.push_back(Sent { at: now, frees_at: now + TRAVEL_MAX + WINDOW });
        self.in_flight += 1;
        number
    }

    fn next_number(&self) -> u64 {
        self.numbers_from + self.sent.len() as u64
    }

    fn answered(&mut self, number: u64, announced: Announced, now: Instant) {
        self.in_flight -= 1;
        self.was_answered = true;
        if let Some(total) = announced.total.filter(|total| *total > 0) {
            self.total = total;
        }
        // A request that took longer than the window is out of it, and what it says is old.
        let Some(index) = number.checked_sub(self.numbers_from).map(|index| index as usize) else { return };
        let Some(sent) = self.sent.get_mut(index) else { return };
        sent.frees_at = sent.frees_at.min(now + WINDOW);
        let sent_at = sent.at;
        let Some(remaining) = announced.remaining else { return };
        if self.others.as_ref().is_some_and(|others| others.number > number) {
            return;
        }
        let resets = announced.resets.unwrap_or(WINDOW);
        let used = self.total.saturating_sub(remaining) as usize;
        self.others = (used > self.ours_since(sent_at + resets, index)).then(|| Others {
            remaining,
            number,
            until: now + resets + RESETS_PRECISION,
        });
    }

    /// How many of ours, up to this one, can be in the server's window that ends at `ends_at` or a little later. Our
    /// own requests alone need no further care than [`frees_at`](Sent::frees_at).
    fn ours_since(&self, ends_at: Instant, index: usize) -> usize {
        let starts_at = ends_at.checked_sub(WINDOW + RESETS_PRECISION);
        let before = self.sent.partition_point(|sent| starts_at.is_some_and(|starts_at| sent.at < starts_at));
        (index + 1).saturating_sub(before)
    }

    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|sent| sent.frees_at <= now) {
            self.sent.pop_front();
            self.numbers_from += 1;
        }
        self.closed_until = self.closed_until.filter(|until| *until > now);
        if self.others.as_ref().is_some_and(|others| others.until <= now) {
            self.others = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    /// Sends as fast as the governor lets, over a network with this seed's latencies: when requests arrived, in order.
    fn arrivals(seed: u64, quota_percent: u8) -> Vec<Instant> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut governor = Governor::new(quota_percent, false);
        let mut now = Instant::now();
        let mut under_way: Vec<(Instant, Ticket)> = Vec::new();
        let mut arrivals = Vec::new();
        while arrivals.len() < 200 {
            let admission = if under_way.len() < 5 {
                governor.admit(RateBucket::IncrementalExports, now)
            } else {
                Admission::AfterAnswer
            };
            let next_answer = under_way.iter().map(|(at, _)| *at).min();
            now = match admission {
                Admission::Go(ticket) => {
                    let arrives = now + TRAVEL_MAX.mul_f64(random.random());
                    arrivals.push(arrives);
                    under_way.push((arrives + Duration::from_secs(20).mul_f64(random.random()), ticket));
                    continue;
                }
                Admission::WaitUntil(until) => next_answer.map_or(until, |answer| answer.min(until)),
                Admission::AfterAnswer => next_answer.unwrap(),
            };
            let (answered, left) = under_way.into_iter().partition(|(at, _)| *at <= now);
            under_way = left;
            for (index, (_, ticket)) in Vec::into_iter(answered).enumerate() {
                if index % 3 == 2 {
                    governor.lost(&ticket);
                } else {
                    governor.answered(&ticket, &Limits::default(), now);
                }
            }
        }
        arrivals.sort_unstable();
        arrivals
    }

    #[test]
    fn lets_no_more_than_the_limit_arrive_in_any_minute_whatever_the_latency() {
        for seed in 0..300 {
            for (quota_percent, most) in [(100, 10), (80, 8), (1, 1)] {
                let arrivals = arrivals(seed, quota_percent);
                for span in arrivals.windows(most + 1) {
                    let took = span[most] - span[0];
                    assert!(took >= WINDOW, "seed {seed}, {quota_percent} %: {} within {took:?}", most + 1);
                }
            }
        }
    }

    #[test]
    fn starts_with_the_documented_limits_and_the_add_on_s() {
        let allowed = |high_volume, bucket| {
            let (mut governor, now) = (Governor::new(100, high_volume), Instant::now());
            let mut count = 0;
            while let Admission::Go(ticket) = governor.admit(bucket, now) {
                governor.answered(&ticket, &Limits::default(), now);
                count += 1;
            }
            count
        };
        let buckets = [RateBucket::IncrementalExports, RateBucket::UsersExport, RateBucket::Account];
        assert_eq!(buckets.map(|bucket| allowed(false, bucket)), [10, 20, 200]);
        assert_eq!(buckets.map(|bucket| allowed(true, bucket)), [30, 60, 2_500]);
    }
}

//! The governor at work: calls line up here, one queue a limit, first come first served, so that no stream starves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deskmeter_zendesk::RateBucket;
use tokio::sync::{Mutex as Queue, Notify, watch};
use tokio::time::Instant;

use crate::governor::{Admission, Governor, Ticket};
use crate::limits::Limits;
use crate::{Clock, Stats};

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingFor {
    /// The rate limit: the next request would be one too many.
    RateLimit,
    /// A repeat after a failure.
    Retry,
}

/// A wait that is under way: what a progress bar shows as "rate limit: 12 s".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Why.
    pub waiting_for: WaitingFor,
    /// The stream or path that waits.
    pub endpoint: &'static str,
    /// Until when, on the client's clock.
    pub until: Instant,
}

/// The gate that every request passes.
pub(crate) struct Gate {
    governor: Mutex<Governor>,
    queues: [Queue<()>; 4],
    settled: Notify,
    waiting: watch::Sender<Option<Waiting>>,
    stats: Mutex<Stats>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    pub(crate) fn new(governor: Governor, clock: Arc<dyn Clock>) -> Self {
        Self {
            governor: Mutex::new(governor),
            queues: Default::default(),
            settled: Notify::new(),
            waiting: watch::Sender::new(None),
            stats: Mutex::default(),
            clock,
        }
    }

    /// Waits until one more request may be sent, and counts it as sent.
    pub(crate) async fn pass(&self, bucket: RateBucket, endpoint: &'static str) -> Passage<'_> {
        let [exports, users, tickets_index, account] = &self.queues;
        let queue = match bucket {
            RateBucket::IncrementalExports => exports,
            RateBucket::UsersExport => users,
            RateBucket::TicketsIndex => tickets_index,
            RateBucket::Account => account,
        };
        let _turn = queue.lock().await;
        loop {
            let settled = self.settled.notified();
            let admission = self.governor().admit(bucket, self.clock.now());
            match admission {
                Admission::Go(ticket) => {
                    self.count(|stats| {
                        stats.requests += 1;
                        stats.in_flight += 1;
                    });
                    return Passage { gate: self, bucket, ticket: Some(ticket) };
                }
                Admission::WaitUntil(until) => {
                    let waited =
                        self.wait(Waiting { waiting_for: WaitingFor::RateLimit, endpoint, until }).await;
                    self.count(|stats| stats.waited_for_rate += waited);
                }
                Admission::AfterAnswer => settled.await,
            }
        }
    }

    /// Waits before a repeat.
    pub(crate) async fn wait_to_retry(&self, endpoint: &'static str, wait: Duration) {
        let until = self.clock.now() + wait;
        let waited = self.wait(Waiting { waiting_for: WaitingFor::Retry, endpoint, until }).await;
        self.count(|stats| stats.waited_to_retry += waited);
    }

    async fn wait(&self, waiting: Waiting) -> Duration {
        let since = self.clock.now();
        self.waiting.send_replace(Some(waiting));
        self.clock.sleep_until(waiting.until).await;
        self.waiting.send_if_modified(|shown| shown.take_if(|shown| *shown == waiting).is_some());
        self.clock.now().saturating_duration_since(since)
    }

    /// Requests a minute of ours on a limit.
    pub(crate) fn allowance(&self, bucket: RateBucket) -> u64 {
        self.governor().allowance(bucket) as u64
    }

    pub(crate) fn observe(&self) -> watch::Receiver<Option<Waiting>> {
        self.waiting.subscribe()
    }

    pub(crate) fn stats(&self) -> Stats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.stats.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn governor(&self) -> MutexGuard<'_, Governor> {
        self.governor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request's way through the gate. Dropped without an answer (a failure, or a cancelled call) it is settled as
/// lost.
pub(crate) struct Passage<'a> {
    gate: &'a Gate,
    bucket: RateBucket,
    ticket: Option<Ticket>,
}

impl Passage<'_> {
    /// The head of the answer is here.
    pub(crate) fn answered(&mut self, limits: &Limits) {
        if let Some(ticket) = self.ticket.take() {
            self.gate.governor().answered(&ticket, limits, self.gate.clock.now());
            self.gate.settled.notify_waiters();
        }
    }

    /// The answer was a 429: nothing more on this limit for so long.
    pub(crate) fn refused(&self, wait: Duration) {
        self.gate.count(|stats| stats.rate_limited += 1);
        self.gate.governor().close(self.bucket, self.gate.clock.now() + wait);
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.gate.count(|stats| stats.in_flight -= 1);
        if let Some(ticket) = self.ticket.take() {
            self.gate.governor().lost(&ticket);
            self.gate.settled.notify_waiters();
        }
    }
}

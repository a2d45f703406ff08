//! Where waiting happens, as a value: tests hand in a clock of their own and no test ever sleeps.

use async_trait::async_trait;
use tokio::time::{self, Instant};

/// A monotonic clock and the waiting on it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Instant;

    /// Returns at `deadline`, at once when it has passed.
    async fn sleep_until(&self, deadline: Instant);
}

/// Tokio's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioClock;

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    async fn sleep_until(&self, deadline: Instant) {
        time::sleep_until(deadline).await;
    }
}

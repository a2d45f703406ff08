//! What a run is given from outside: time, environment, the way to its storage, someone who watches.

use std::fmt;
use std::sync::Arc;

use deskmeter_extractor::{Clock as Timer, PageBudget, TokioClock};
use deskmeter_zendesk::UnixSeconds;
use object_store::ObjectStore;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{Observer, Silent, Stop};

/// The time now. `cli` hands in the real clock, tests a value.
pub type Clock = Arc<dyn Fn() -> UnixSeconds + Send + Sync>;

/// Looks up an environment variable. `cli` hands in the real environment, tests a map.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The store that a run is to use in the place of the one that its URL names: the same one, unless somebody wants to
/// count, slow or fail what goes to it.
pub type Storage = Arc<dyn Fn(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> + Send + Sync>;

/// Everything a run needs beside its pipeline file.
#[derive(Clone)]
pub struct Context {
    /// When the command started: the one time that ends up in results.
    pub started_at: UnixSeconds,
    /// For leases and token expiry, which must be right while a run goes on.
    pub clock: Clock,
    /// Where the rate governor and the pauses before a repeat wait.
    pub timer: Arc<dyn Timer>,
    /// Where secrets and credentials come from.
    pub environment: Environment,
    /// What stands between a run and lake and state.
    pub storage: Storage,
    /// Who is told what happens.
    pub observer: Arc<dyn Observer>,
    /// What the runs of this process share.
    pub shares: Shares,
    /// By which runs are asked to end.
    pub stop: Stop,
}

/// What all runs of one process share, so that its memory does not grow with the number of accounts.
#[derive(Debug, Clone)]
pub struct Shares {
    /// Pages in memory.
    pub pages: PageBudget,
    /// Most bytes that one run buffers before it commits, whatever its pipeline file allows.
    pub buffer_bytes_max: u64,
    /// Refreshes of marts take all cores and the most memory: one at a time.
    refreshing: Arc<Semaphore>,
}

impl Shares {
    /// Pages that a process holds at once.
    const PAGES: usize = 4;
    /// Bytes that the runs of a process buffer together, when there are several.
    const BUFFERS_BYTES: u64 = 256 << 20;
    /// A run buffers at least this much, or its files would be too small.
    const BUFFER_BYTES_MIN: u64 = 1 << 20;

    /// The shares of this many runs at once.
    pub fn among(runs: usize) -> Self {
        let share = Self::BUFFERS_BYTES / runs.max(1) as u64;
        let buffer_bytes_max = if runs > 1 { share.max(Self::BUFFER_BYTES_MIN) } else { u64::MAX };
        Self {
            pages: PageBudget::new(Self::PAGES),
            buffer_bytes_max,
            refreshing: Arc::new(Semaphore::new(1)),
        }
    }

    /// Waits for the turn to refresh marts. The semaphore is never closed.
    pub(crate) async fn refresh_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.refreshing.acquire().await.ok()
    }
}

impl Context {
    /// A context that nobody watches.
    pub fn new(clock: Clock, environment: Environment) -> Self {
        Self {
            started_at: clock(),
            clock,
            timer: Arc::new(TokioClock),
            environment,
            storage: Arc::new(|store| store),
            observer: Arc::new(Silent),
            shares: Shares::among(1),
            stop: Stop::default(),
        }
    }

    /// The same context, watched.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// The same context, sharing memory with other runs.
    #[must_use]
    pub fn sharing(mut self, shares: Shares) -> Self {
        self.shares = shares;
        self
    }

    /// The time now.
    pub fn now(&self) -> UnixSeconds {
        (self.clock)()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("started_at", &self.started_at).finish_non_exhaustive()
    }
}

//! What a run is given from outside: time, environment, the way to its storage, someone who watches.

use std::fmt;
use std::sync::Arc;

use deskmeter_extractor::{Clock as Timer, TokioClock};
use deskmeter_zendesk::UnixSeconds;
use object_store::ObjectStore;

use crate::{Observer, Silent};

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
        }
    }

    /// The same context, watched.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
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

//! The same models on an Apache DataFusion Ballista cluster: the client plans SQL into a logical plan, the scheduler
//! makes it a graph of stages, executors run them next to the object store and hand the rows back.
//!
//! Ballista ships plans, not state. What our plans hold beyond plain SQL is shipped by [`codec`]: a Delta table as the
//! list of its files (`snapshot`), business time with its schedules, small tables of settings with their rows. So
//! scheduler and executors need no pipeline file, and one cluster serves any number of connections.

mod codec;
mod executor;
mod scheduler;
mod stores;

use std::sync::Arc;

use ballista_core::config::BALLISTA_ADAPTIVE_PLANNER_ENABLED;
use ballista_core::extension::{SessionConfigExt as _, SessionStateExt as _};
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::{SessionConfig, SessionContext};

pub use executor::{ExecutorOptions, executor};
pub use scheduler::{SchedulerOptions, scheduler};
pub(crate) use stores::root;

/// Largest message between client, scheduler and executors, in bytes: a plan with its files and settings.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// How long rows on their way between stages outlive their job, in seconds.
const SHUFFLE_SECONDS: u64 = 300;

/// A context whose plans run on the cluster of this scheduler. Nothing is asked of it yet. Stages are planned once:
/// Ballista 55.0 otherwise plans them anew after each, and comes to no end with some of our models. And rows are joined by
/// hash: a left join of sorted rows with a further condition gives rows out of their order in DataFusion 55.2, and one
/// after it on the same key misses rows (`ends` of `status_transitions.sql` found a third of them).
pub(crate) fn context(
    scheduler: &str,
    config: SessionConfig,
    runtime: &Arc<RuntimeEnv>,
) -> Result<SessionContext> {
    let config = config
        .upgrade_for_ballista()
        .with_ballista_logical_extension_codec(Arc::new(codec::Logical::default()))
        .set_bool(BALLISTA_ADAPTIVE_PLANNER_ENABLED, false)
        .set_bool("datafusion.optimizer.prefer_hash_join", true)
        // An answer that is known before any file is read (`count(*)`) would be a plan without files, which never ends there.
        .set_bool("datafusion.execution.collect_statistics", false)
        .with_ballista_grpc_client_max_message_size(MESSAGE_BYTES_MAX);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(Arc::clone(runtime))
        .build();
    let state = state.upgrade_for_ballista(format!("http://{scheduler}"))?;
    Ok(SessionContext::new_with_state(state))
}

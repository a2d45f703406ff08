//! Work that keeps the processor busy.

use std::sync::LazyLock;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

use crate::Error;

/// Threads for work that keeps the processor busy and waits for nothing: one for each core.
///
/// On the threads that a runtime lends to whatever blocks, hundreds of them, such work would take turns, and each of
/// them keeps the memory that its last one needed.
static THREADS: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    let threads = available_parallelism().map_or(1, std::num::NonZero::get);
    Builder::new_current_thread().max_blocking_threads(threads).thread_name("busy").build()
});

/// Runs the work on a thread that may be kept busy. The work must not wait for other such work.
pub async fn busy<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let threads = THREADS.as_ref().map_err(|error| Error::storage("work on", "rows", error))?;
    let done = threads.spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::storage("work on", "rows", &error)))
}

//! Work that keeps the processor busy.

use crate::Error;

/// Runs the work on a thread that may be kept busy.
pub async fn busy<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::storage("work on", "rows", &error)))
}

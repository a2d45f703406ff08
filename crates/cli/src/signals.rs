//! Being asked to end: Ctrl-C, and what a service manager sends.

use deskmeter_pipeline::Stop;

use crate::commands::note;

/// Exit code of a run that a second Ctrl-C ended, as shells tell it.
const SECOND_SIGNAL: i32 = 130;

/// Ends with Ctrl-C, or when a service manager asks for it.
pub(crate) async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Asks runs to end at the first signal: they commit what they have read and give their leases back. A second one ends
/// them where they stand.
pub(crate) fn end_runs(stop: Stop) {
    tokio::spawn(async move {
        asked_to_end().await;
        note("Ending after what is under way; once more ends at once.");
        stop.ask();
        asked_to_end().await;
        std::process::exit(SECOND_SIGNAL);
    });
}

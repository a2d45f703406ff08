//! Asking a run to end. It commits the pages that it has and gives its lease back; the next run goes on from there.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;

use crate::error::{Error, ErrorKind};

/// A run that has found no place to end after this long is ended where it stands. What it committed is kept.
const GRACE: Duration = Duration::from_secs(20);

/// Ends the runs of every context that holds a copy of it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: watch::Sender<bool>,
    held: watch::Sender<usize>,
}

impl Stop {
    /// Asks them to end.
    pub fn ask(&self) {
        self.asked.send_replace(true);
    }

    /// Fails when the run shall end: called where everything so far is committed.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if *self.asked.borrow() { Err(stopped()) } else { Ok(()) }
    }

    /// Whether the run shall end.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// While it is held, no work is ended where it stands: for what must not be cut off.
    pub(crate) fn hold(&self) -> Hold {
        self.held.send_modify(|held| *held += 1);
        Hold(self.clone())
    }

    /// Does the work, which ends by itself when it is asked to, or is ended after a while.
    pub(crate) async fn bound<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            result = work => result,
            () = self.overdue() => Err(stopped()),
        }
    }

    /// Does work that can be cut off anywhere and is done anew by the next run.
    pub(crate) async fn cut<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            result = work => result,
            () = self.asked() => Err(stopped()),
        }
    }

    async fn asked(&self) {
        // The sender lives as long as this does: there is always an answer.
        let _ = self.asked.subscribe().wait_for(|is_asked| *is_asked).await;
    }

    async fn overdue(&self) {
        self.asked().await;
        tokio::time::sleep(GRACE).await;
        let _ = self.held.subscribe().wait_for(|held| *held == 0).await;
    }
}

/// See [`Stop::hold`].
#[derive(Debug)]
pub(crate) struct Hold(Stop);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.held.send_modify(|held| *held -= 1);
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Stopped, "the run was asked to end")
        .next("what was committed is kept; the next run goes on from there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_cut_off_is_not() {
        let stop = Stop::default();
        let refreshing = stop.hold();
        assert_eq!(*stop.held.borrow(), 1);
        stop.ask();
        assert!(stop.check().is_err_and(|error| error.kind() == ErrorKind::Stopped));
        drop(refreshing);
        assert_eq!(*stop.held.borrow(), 0);
    }
}

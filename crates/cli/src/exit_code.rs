//! The published exit codes. Scripts depend on them: a code never changes its meaning.

use std::process::ExitCode;

/// How a command ended that did not fail with an error of the pipeline: those carry their code
/// (`deskmeter_pipeline::ErrorKind::exit_code`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// A bug of ours.
    Bug = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Not connected, or the authorization was revoked.
    NotConnected = 3,
    /// Zendesk refused or was unreachable, or access to it is left behind.
    Zendesk = 4,
    /// A store failed.
    Storage = 5,
    /// A data check failed.
    DataCheck = 7,
    /// A deletion is overdue.
    DeletionOverdue = 8,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

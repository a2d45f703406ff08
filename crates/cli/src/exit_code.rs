//! The published exit codes. Scripts depend on them: a code never changes its meaning.

use std::process::ExitCode;

use deskmeter_pipeline::ErrorKind;

/// How a command ended.
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
    /// Zendesk refused or cannot be reached.
    Zendesk = 4,
    /// A store failed.
    Storage = 5,
    /// Another run holds the lease.
    Leased = 6,
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

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Config | ErrorKind::Query => Self::Usage,
            ErrorKind::NotConnected => Self::NotConnected,
            ErrorKind::Zendesk => Self::Zendesk,
            ErrorKind::Storage => Self::Storage,
            ErrorKind::Leased => Self::Leased,
            ErrorKind::DataCheck => Self::DataCheck,
            ErrorKind::DeletionOverdue => Self::DeletionOverdue,
            _ => Self::Bug,
        }
    }
}

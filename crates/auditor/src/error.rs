//! Why an audit could not be finished. An audit that could not read something is no audit: nothing is skipped.

/// What can go wrong. Object names below a table never appear: they may be what the audit looks for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The storage refused or failed.
    #[error("{action}: {reason}")]
    Storage {
        /// What was being done.
        action: &'static str,
        /// What kind of failure it was.
        reason: &'static str,
    },
    /// A file beside the lake cannot be read.
    #[error("read file {number} of the files beside the lake")]
    File {
        /// Which of the files, from 1, in the order in which they were named.
        number: usize,
        /// What the system said.
        source: std::io::Error,
    },
    /// A canary is so short that chance would find it in any bytes.
    #[error("canary {number} has {bytes} bytes, fewer than {least}")]
    ShortCanary {
        /// Which of the canaries, from 1.
        number: usize,
        /// Its length.
        bytes: usize,
        /// The least length.
        least: usize,
    },
    /// The canaries cannot be made into a search.
    #[error("build the search for {count} canaries")]
    Canaries {
        /// How many there are.
        count: usize,
    },
    /// A worker ended before its object was read.
    #[error("a worker of the audit stopped")]
    Worker,
}

impl Error {
    pub(crate) fn storage(action: &'static str, error: &object_store::Error) -> Self {
        let reason = match error {
            object_store::Error::NotFound { .. } => "not found",
            object_store::Error::PermissionDenied { .. } => "permission denied",
            object_store::Error::Unauthenticated { .. } => "the credentials are refused",
            _ => "the storage failed",
        };
        Self::Storage { action, reason }
    }
}

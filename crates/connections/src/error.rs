//! What can go wrong with stored state. No message holds a token, a key or anything that was sealed.

/// A failure of the life-cycle's storage, or a refusal by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The object store failed.
    #[error("{action}")]
    Storage {
        /// What was tried, for example `list tokens`.
        action: &'static str,
        /// The store's own words.
        #[source]
        source: object_store::Error,
    },
    /// A sealing key's text is not 32 bytes.
    #[error("a sealing key is 32 bytes as base64 or hex: make one with `openssl rand -base64 32`")]
    KeyText,
    /// A vault needs a key to seal with.
    #[error("no sealing key is given")]
    NoKey,
    /// None of the given keys sealed this.
    #[error("{what} is sealed with another key than those given")]
    WrongKey {
        /// What was to be opened.
        what: &'static str,
    },
    /// Sealed or stored bytes are not what was written: cut off, changed, or moved from another place.
    #[error("{what} is damaged")]
    Damaged {
        /// What was to be read.
        what: &'static str,
    },
    /// The tokens are for another account than the one that they were to be used with.
    #[error("the tokens were granted by {granted_by} and are sent to no other address")]
    OtherAddress {
        /// Whose they are.
        granted_by: String,
    },
    /// Somebody else wrote in between: load again.
    #[error("{what} was changed by another process")]
    Conflict {
        /// What was to be written.
        what: &'static str,
    },
    /// Another run holds the lease.
    #[error("another run holds the lease until {until} (Unix seconds)")]
    Leased {
        /// When it ends unless it is renewed, in Unix seconds.
        until: i64,
    },
    /// The lease ended, and another run may have begun: stop writing.
    #[error("the lease was lost")]
    LeaseLost,
    /// A connection's name is not 1 to 63 of a-z, 0-9, `-` and `_`, beginning with a letter or digit.
    #[error("a connection's name is 1 to 63 of a-z, 0-9, - and _, and begins with a letter or digit")]
    Name,
    /// There is no deletion to carry out.
    #[error("no deletion was requested")]
    NoDeletion,
    /// Objects are left after a deletion: the store failed to delete, or something still writes.
    #[error("{objects} objects are left after the deletion")]
    NotEmpty {
        /// How many.
        objects: u64,
    },
    /// A receipt does not hold.
    #[error("the receipt does not hold: {reason}")]
    Receipt {
        /// Why.
        reason: &'static str,
    },
}

impl Error {
    pub(crate) fn storage(action: &'static str) -> impl FnOnce(object_store::Error) -> Self {
        move |source| Self::Storage { action, source }
    }
}

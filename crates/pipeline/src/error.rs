//! Why a command could not do its work: a kind for the exit code, what failed, and what to do next.

use std::error::Error as StdError;
use std::fmt;

use crate::Problem;

/// Which of the published exit codes the failure has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The pipeline file, or something it names, is wrong.
    Config,
    /// A query is wrong, or asks for what is not allowed.
    Query,
    /// There is no usable connection.
    NotConnected,
    /// Zendesk refused, or cannot be reached.
    Zendesk,
    /// The lake or the state store failed.
    Storage,
    /// Another run holds the lease.
    Leased,
    /// A data check failed: too many rejects, or a check of a model.
    DataCheck,
    /// A deletion is past its deadline.
    DeletionOverdue,
    /// The run ended because it was asked to: that is no failure.
    Stopped,
    /// A bug of ours.
    Bug,
}

impl ErrorKind {
    /// The published exit code. A code never changes its meaning.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::Bug => 1,
            Self::Config | Self::Query => 2,
            Self::NotConnected => 3,
            Self::Zendesk => 4,
            Self::Storage => 5,
            Self::Leased => 6,
            Self::DataCheck => 7,
            Self::DeletionOverdue => 8,
        }
    }
}

/// A failure.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    next: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of this kind. `what` starts with a verb: "read page of tickets".
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), next: None, source: None }
    }

    /// The same failure, with the step that helps.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// The same failure, with this step unless it names one itself.
    #[must_use]
    pub(crate) fn or_next(mut self, next: &str) -> Self {
        self.next.get_or_insert_with(|| next.to_owned());
        self
    }

    /// The same failure, with its cause.
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Every problem of a pipeline file, as one failure.
    pub fn problems(file: &std::path::Path, problems: &[Problem]) -> Self {
        let list = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ");
        Self::new(
            ErrorKind::Config,
            format!("{} has {} problem(s):\n  {list}", file.display(), problems.len()),
        )
        .next("correct the file; pipelines/README.md explains every key")
    }

    /// Which exit code it has.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to do next, if there is something.
    pub fn next_step(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

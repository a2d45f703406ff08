//! One error for everything that talks to Zendesk. It names the endpoint, the status and Zendesk's request id, and
//! never holds a body, a query, a cursor or a token: 429 bodies quote e-mail addresses, 403 bodies name people.

use std::fmt;
use std::time::Duration;

use crate::TokenError;

/// What an error means to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The authorization is gone: 401 also after a refresh, or the refresh token was refused.
    NotAuthorized,
    /// 403: the token lacks a scope.
    MissingScope,
    /// 403: the person who connected is no administrator (exports are for administrators).
    NotAdmin,
    /// 403 without a body, or 404: the account's plan has no such endpoint.
    NotOnPlan,
    /// 403 of a shape that is not known.
    Forbidden,
    /// 429, after all repeats, or with a longer wait than is worth staying for.
    RateLimited,
    /// No connection: the name does not resolve, nothing listens, TLS fails, or the connection breaks.
    Unreachable,
    /// Something answers, but not a Zendesk account: a redirect, or the page of an unknown subdomain.
    WrongAddress,
    /// The server took too long, or answered 504.
    Timeout,
    /// 5xx, after all repeats.
    ServerFailed,
    /// The server does not accept the cursor: go on by time.
    BadCursor,
    /// The `start_time` lies within the last minute.
    StartTimeTooRecent,
    /// An answer that makes no sense here: HTML instead of JSON, a broken body, an unknown status.
    UnexpectedAnswer,
    /// The OAuth client is not known, or may not do this: a mistake in the registration or the configuration.
    ClientRefused,
    /// The person said no on the consent page.
    AccessDenied,
    /// Nobody came to the callback in time, or it could not listen.
    CallbackFailed,
    /// The token vault failed.
    TokenVault,
    /// The server said that the token is revoked, and went on accepting it.
    NotRevoked,
    /// The client's own options are out of range.
    Configuration,
}

/// How long it is worth repeating the same call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// Waiting heals nothing.
    Never,
    /// A few times: a name that does not resolve is more often a typing error than an outage.
    Briefly,
    /// As often as the options allow.
    Fully,
}

/// A call that did not succeed.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    persistence: Persistence,
    endpoint: &'static str,
    reason: &'static str,
    status: Option<u16>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Box<TokenError>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, endpoint: &'static str, reason: &'static str) -> Self {
        let persistence = match kind {
            ErrorKind::RateLimited | ErrorKind::Timeout | ErrorKind::ServerFailed => Persistence::Fully,
            _ => Persistence::Never,
        };
        Self {
            kind,
            persistence,
            endpoint,
            reason,
            status: None,
            request_id: None,
            retry_after: None,
            source: None,
        }
    }

    pub(crate) fn worth_repeating(mut self, persistence: Persistence) -> Self {
        self.persistence = persistence;
        self
    }

    pub(crate) fn with_answer(mut self, status: u16, request_id: Option<String>) -> Self {
        self.status = Some(status);
        self.request_id = request_id;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    pub(crate) fn of_tokens(endpoint: &'static str, source: TokenError) -> Self {
        let kind = match &source {
            TokenError::NotConnected => ErrorKind::NotAuthorized,
            TokenError::Refresh(error) => error.kind(),
            TokenError::Vault(_) => ErrorKind::TokenVault,
        };
        let error = Self::new(kind, endpoint, "no access token");
        Self { source: Some(Box::new(source)), ..error }
    }

    /// What it means.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call can succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        self.persistence != Persistence::Never
    }

    pub(crate) fn persistence(&self) -> Persistence {
        self.persistence
    }

    /// How long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The stream or the path that was called.
    pub fn endpoint(&self) -> &'static str {
        self.endpoint
    }

    /// What happened, in words: tells a name that does not resolve from a refused connection or a failed handshake.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The status of the answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        self.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.endpoint, self.reason)?;
        match (self.status, &self.request_id) {
            (Some(status), Some(id)) => write!(f, " (status {status}, request {id})"),
            (Some(status), None) => write!(f, " (status {status})"),
            (None, _) => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

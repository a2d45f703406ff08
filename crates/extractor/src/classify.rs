//! From what came back to what it means. Bodies are looked at here and nowhere else, for a few known words; nothing of
//! them goes on. The shapes are those of the reference: three kinds of 403, OAuth errors, `{"error":"Code"}`.

use std::error::Error as _;
use std::io;

use deskmeter_zendesk::OAuthError;
use serde::Deserialize;
use serde_json::Value;

use crate::error::Persistence;
use crate::transport::{Answer, NameNotResolved};
use crate::{Error, ErrorKind};

/// The body of a refusal, of the three envelopes that are known: `error` is a code or an object with a title.
#[derive(Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    error: Value,
    #[serde(default)]
    description: Value,
}

impl Envelope {
    fn of(answer: &Answer) -> Self {
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Whether the code or the description has these words, in any case.
    fn says(&self, words: &str) -> bool {
        [&self.error, &self.description]
            .into_iter()
            .filter_map(Value::as_str)
            .any(|text| text.to_ascii_lowercase().contains(words))
    }
}

/// Whether the answer to an API call is a success; for any other status, the error that it means. A 400 to a request
/// by cursor is a refused cursor: what Zendesk writes then is not documented.
pub(crate) fn status(endpoint: &'static str, answer: &Answer, by_cursor: bool) -> Result<(), Error> {
    let (kind, reason) = match answer.status {
        200..=299 => return Ok(()),
        300..=399 => (ErrorKind::WrongAddress, "the server redirects: the base URL is not the account's own"),
        400 | 422 => bad_request(answer, by_cursor),
        401 => (ErrorKind::NotAuthorized, "the access token is expired or revoked"),
        403 => forbidden(answer),
        404 => not_found(answer),
        429 => (ErrorKind::RateLimited, "too many requests"),
        408 | 504 => (ErrorKind::Timeout, "the server timed out"),
        500.. => (ErrorKind::ServerFailed, "the server failed"),
        _ => (ErrorKind::UnexpectedAnswer, "an unexpected status"),
    };
    Err(refusal(kind, endpoint, reason, answer))
}

/// The same for the token endpoint, whose errors follow RFC 6749.
pub(crate) fn token_status(endpoint: &'static str, answer: &Answer) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Body {
        error: OAuthError,
    }
    if !matches!(answer.status, 400 | 401 | 403) {
        return status(endpoint, answer, false);
    }
    let Ok(Body { error }) = serde_json::from_slice(&answer.body) else {
        let reason = "the token endpoint refuses without a known error code";
        return Err(refusal(ErrorKind::ClientRefused, endpoint, reason, answer));
    };
    let (kind, reason) = oauth(error);
    Err(refusal(kind, endpoint, reason, answer))
}

/// What a refusal means, at the consent page as at the token endpoint.
pub(crate) const fn oauth(error: OAuthError) -> (ErrorKind, &'static str) {
    match error {
        OAuthError::InvalidGrant => {
            (ErrorKind::NotAuthorized, "the code or refresh token is used, expired or revoked")
        }
        OAuthError::AccessDenied => (ErrorKind::AccessDenied, "access was denied"),
        OAuthError::InvalidClient => {
            (ErrorKind::ClientRefused, "unknown OAuth client, or wrong client secret")
        }
        OAuthError::InvalidScope => (ErrorKind::ClientRefused, "the OAuth client may not have these scopes"),
        OAuthError::UnauthorizedClient | OAuthError::UnsupportedGrantType => {
            (ErrorKind::ClientRefused, "the OAuth client may not use this grant")
        }
        OAuthError::InvalidRequest => (ErrorKind::ClientRefused, "the request lacks something"),
        OAuthError::Other => (ErrorKind::ClientRefused, "refused with an unknown error code"),
    }
}

/// A success must be a JSON object: its type says so, and its first byte.
pub(crate) fn json_object(endpoint: &'static str, answer: &Answer) -> Result<(), Error> {
    let reason = if !answer.is_json {
        "not JSON: something between here and Zendesk answers, or the base URL is not an account's"
    } else if answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        "not a JSON object"
    } else {
        return Ok(());
    };
    Err(unexpected(endpoint, reason, answer).worth_repeating(Persistence::Briefly))
}

/// An answer of the right status whose body makes no sense.
pub(crate) fn unexpected(endpoint: &'static str, reason: &'static str, answer: &Answer) -> Error {
    Error::new(ErrorKind::UnexpectedAnswer, endpoint, reason)
        .with_answer(answer.status, answer.request_id.clone())
}

/// A failure of the connection, before or within the answer.
pub(crate) fn connection(endpoint: &'static str, error: &reqwest::Error) -> Error {
    let of = |kind, reason| Error::new(kind, endpoint, reason);
    let unreachable = |reason, persistence| of(ErrorKind::Unreachable, reason).worth_repeating(persistence);
    if error.is_builder() {
        return of(
            ErrorKind::Configuration,
            "the request cannot be written (a token with strange characters?)",
        );
    }
    if !error.is_connect() {
        return if error.is_timeout() {
            of(ErrorKind::Timeout, "no answer in time")
        } else {
            unreachable("the connection broke", Persistence::Fully)
        };
    }
    if causes(error).any(<dyn std::error::Error>::is::<NameNotResolved>) {
        return unreachable("the host name does not resolve", Persistence::Briefly);
    }
    if error.is_timeout() {
        return unreachable("no connection in time", Persistence::Briefly);
    }
    let io_kind = |wanted: &[io::ErrorKind]| {
        causes(error).filter_map(|cause| cause.downcast_ref()).any(|cause| is_of_kind(cause, wanted))
    };
    if io_kind(&[io::ErrorKind::ConnectionRefused]) {
        return unreachable("the connection was refused", Persistence::Briefly);
    }
    if io_kind(&[io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof]) {
        return unreachable("the TLS handshake failed", Persistence::Never);
    }
    unreachable("no connection", Persistence::Fully)
}

/// Whether the error, or one that it wraps (which `source` passes over), is of one of these kinds.
fn is_of_kind(error: &io::Error, wanted: &[io::ErrorKind]) -> bool {
    let wrapped = error.get_ref().and_then(|inner| inner.downcast_ref());
    wanted.contains(&error.kind()) || wrapped.is_some_and(|inner| is_of_kind(inner, wanted))
}

/// The chain of causes below an error.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// A failure to decompress or to hold the body.
pub(crate) fn body(endpoint: &'static str, error: &io::Error) -> Error {
    let of = |reason| Error::new(ErrorKind::UnexpectedAnswer, endpoint, reason);
    match error.kind() {
        io::ErrorKind::FileTooLarge => of("the body is larger than a page may be"),
        io::ErrorKind::Unsupported => of("an unknown content encoding"),
        _ => of("the compressed body is broken or cut off").worth_repeating(Persistence::Fully),
    }
}

fn refusal(kind: ErrorKind, endpoint: &'static str, reason: &'static str, answer: &Answer) -> Error {
    Error::new(kind, endpoint, reason)
        .with_answer(answer.status, answer.request_id.clone())
        .with_retry_after(answer.retry_after)
}

fn bad_request(answer: &Answer, by_cursor: bool) -> (ErrorKind, &'static str) {
    let envelope = Envelope::of(answer);
    if by_cursor || envelope.says("pagination") || envelope.says("cursor") {
        (ErrorKind::BadCursor, "the cursor is refused")
    } else if envelope.says("starttime") || envelope.says("start_time") || envelope.says("too recent") {
        (ErrorKind::StartTimeTooRecent, "the start time lies within the last minute")
    } else {
        (ErrorKind::UnexpectedAnswer, "the request is refused as malformed")
    }
}

fn forbidden(answer: &Answer) -> (ErrorKind, &'static str) {
    let envelope = Envelope::of(answer);
    if envelope.says("scope") {
        (ErrorKind::MissingScope, "the token lacks a scope")
    } else if envelope.error.is_object() {
        (ErrorKind::NotAdmin, "the person who connected is not an administrator")
    } else if envelope.error.is_null() {
        (ErrorKind::NotOnPlan, "the account's plan does not include it")
    } else {
        (ErrorKind::Forbidden, "access is forbidden")
    }
}

fn not_found(answer: &Answer) -> (ErrorKind, &'static str) {
    if answer.is_json || answer.body.is_empty() {
        (ErrorKind::NotOnPlan, "the account has no such endpoint")
    } else {
        (ErrorKind::WrongAddress, "no Zendesk account answers at the base URL")
    }
}

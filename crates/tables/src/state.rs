//! What is kept of a connection beside the lake, in the state store: every kind of file and every value in it. The
//! manifest is printed from it, and the audit holds what really lies there against it.

use crate::{Domain, STREAM};

/// A kind of file in the state store.
#[derive(Debug, PartialEq, Eq)]
pub struct StateFile {
    /// Where it lies below the store: `<connection>` stands for a connection's name, `<number>` for twelve digits.
    pub path: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// When it is deleted.
    pub kept: &'static str,
    /// What is in it.
    pub holds: Holds,
}

/// What is in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Holds {
    /// Bytes that only the holder of the sealing key can read.
    Sealed,
    /// JSON objects, one a line, with no other values than these; a prefix stands before the paths of each list.
    Json(&'static [(&'static str, &'static [StateValue])]),
}

/// A value in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct StateValue {
    /// Keys from the object on, with dots between; `[]` after a list, `<stream>` and `<exit code>` for keys that differ.
    pub path: &'static str,
    /// What it may be, if it is not null.
    pub kind: StateKind,
    /// What it means.
    pub about: &'static str,
}

/// What a value in the state store may be. There is no kind for text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// A number from 0.
    Count,
    /// Seconds since 1970-01-01, before 2200.
    Time,
    /// An RFC 3339 time in UTC.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A run's id: when it began, and eight random digits.
    RunId,
    /// The name that the operator gave the connection.
    Connection,
    /// URL of a lake, or server and name of a database, that the operator named: no role, no password, no blanks.
    Place,
    /// `process` and its number, or a word for a part of deskmeter.
    Owner,
    /// Random bytes, a hash, a signature or a public key, in base64 or hexadecimal digits.
    Bytes,
}

impl StateKind {
    /// What it is called in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "number",
            Self::Time => "time (Unix seconds)",
            Self::Moment => "time (RFC 3339)",
            Self::Word(_) => "word of a closed list",
            Self::RunId => "run id",
            Self::Connection => "name of the connection",
            Self::Place => "place that the operator named",
            Self::Owner => "process number",
            Self::Bytes => "random bytes, hash, signature or public key",
        }
    }
}

const fn value(path: &'static str, kind: StateKind, about: &'static str) -> StateValue {
    StateValue { path, kind, about }
}

use StateKind::{Bytes, Connection, Count, Moment, Owner, Place, RunId, Time, Word};

/// Keys that stand for `<stream>`.
pub const STATE_STREAMS: &Domain = &STREAM;

const NONCE: &[StateValue] = &[value("nonce", Bytes, "tells a writer's bytes from another's")];

const LEASE: &[StateValue] = &[
    value("owner", Owner, "who holds it"),
    value("until", Time, "when it ends unless it is renewed"),
    value("end", Word(&["finished", "cut_off"]), "how it was given back"),
];

const RUN: &[StateValue] = &[
    value("id", RunId, "the run, as in the logs"),
    value("started_at", Time, "when it began"),
    value("ended_at", Time, "when it ended"),
    value("outcome", Word(&["succeeded"]), "how it ended"),
    value("outcome.failed.exit_code", Count, "the published exit code"),
    value(
        "outcome.failed.cause",
        Word(&["rate_limited", "unreachable", "zendesk", "storage", "data_check", "other"]),
        "what the failure comes down to",
    ),
    value("rows", Count, "rows read"),
    value("requests", Count, "requests made"),
    value("bytes", Count, "bytes received"),
    value("rejected", Count, "records refused"),
    value("throttled", Count, "answers that asked for patience"),
];

const STATUS_VALUES: &[StateValue] = &[
    value(
        "status.state",
        Word(&["never_connected", "connected", "expiring", "disconnected", "deleting", "deleted"]),
        "where the connection stands",
    ),
    value(
        "status.cause",
        Word(&["revoked", "expired", "refresh_cut_off", "by_operator"]),
        "why the authorization is gone",
    ),
    value("status.at", Time, "since when"),
    value("connected_at", Time, "when it was authorized"),
    value("authorization_ends_at", Time, "when the refresh token ends"),
    value("marts_made_by", Bytes, "hash of the models and settings that the marts were made by"),
    value("planned_requests.<stream>", Count, "requests that the last plan expects"),
    value("last_run", Word(&[]), "the last run; null before the first"),
    value(
        "streams.<stream>.capability",
        Word(&["available", "missing_scope", "not_admin", "not_on_plan", "failing"]),
        "whether the stream can be read",
    ),
    value("streams.<stream>.complete_until", Time, "until when it was read to its end"),
    value("streams.<stream>.newest", Time, "its newest change"),
    value("totals.runs.<exit code>", Count, "runs by exit code"),
    value("totals.streams.<stream>.read", Count, "rows read"),
    value("totals.streams.<stream>.inserted", Count, "rows added"),
    value("totals.streams.<stream>.updated", Count, "rows changed"),
    value("totals.streams.<stream>.rejected", Count, "records refused"),
    value("totals.requests", Count, "requests made"),
    value("totals.retries", Count, "requests that were repeated"),
    value("totals.throttled", Count, "answers that asked for patience"),
    value("totals.waited_seconds", Count, "seconds waited for the rate limit"),
    value("totals.bytes", Count, "bytes received"),
    value("totals.run_seconds", Count, "seconds of all runs"),
    value("totals.last_success_at", Time, "end of the last run that succeeded"),
    value("totals.checks.held", Count, "data checks that held"),
    value("totals.checks.warned", Count, "data checks that warned"),
    value("totals.checks.failed", Count, "data checks that failed"),
    value("lakes[]", Place, "every lake that was collected into"),
    value("databases[]", Place, "every database that was published into"),
];

const DELETION: &[StateValue] = &[
    value("number", Count, "number of the receipt"),
    value("connection", Connection, "whose data"),
    value("requested_at", Time, "when the deletion was asked for"),
    value("deadline", Time, "until when it must be done"),
    value("completed_at", Time, "when it was done"),
    value(
        "revocation",
        Word(&["not_proven", "not_revoked", "proven"]),
        "whether Zendesk refuses the token; not_revoked where it could not be asked, so that the access stands",
    ),
    value("parts[].target", Word(&["connection", "lake", "published"]), "what is deleted"),
    value("parts[].objects", Count, "objects that were there"),
    value("parts[].bytes", Count, "their bytes"),
    value("parts[].deleted_at", Time, "when nothing was left"),
    value(
        "parts[].old_versions",
        Word(&["unknown", "not_kept", "deleted", "kept"]),
        "whether the store keeps old versions",
    ),
    value("parts[].versions_deleted", Count, "old versions that were deleted too"),
    value("parts[].versions_left", Count, "old versions that may not be deleted"),
    value("previous", Bytes, "hash of the receipt before"),
    value("public_key", Bytes, "whoever has it can check the signature"),
    value("signature", Bytes, "of the line before"),
];

const AUDIT: &[StateValue] = &[
    value("at", Moment, "when the audit began"),
    value("objects", Count, "objects that were read"),
    value("bytes", Count, "their bytes"),
    value("values", Count, "values that were looked at"),
    value("findings", Count, "findings"),
];

const UNTIL_DISCONNECT: &str = "until the connection is disconnected";
const NEWEST_FEW: &str = "the newest few";

/// Every kind of file in the state store.
pub const STATE: [StateFile; 9] = [
    StateFile {
        path: "connections/<connection>/tokens/<number>",
        about: "access and refresh token with their ends and scopes, the address that granted them, and the key of the pseudonyms",
        kept: UNTIL_DISCONNECT,
        holds: Holds::Sealed,
    },
    StateFile {
        path: "connections/<connection>/runs/<number>",
        about: "one run",
        kept: UNTIL_DISCONNECT,
        holds: Holds::Json(&[("", NONCE), ("", RUN)]),
    },
    StateFile {
        path: "connections/<connection>/last-audit.json",
        about: "what the last privacy audit saw",
        kept: UNTIL_DISCONNECT,
        holds: Holds::Json(&[("", AUDIT)]),
    },
    StateFile {
        path: "status/<connection>/<number>",
        about: "where the connection stands",
        kept: NEWEST_FEW,
        holds: Holds::Json(&[("", NONCE), ("", STATUS_VALUES), ("last_run.", RUN)]),
    },
    StateFile {
        path: "leases/<connection>/<number>",
        about: "who works on the connection",
        kept: NEWEST_FEW,
        holds: Holds::Json(&[("", NONCE), ("", LEASE)]),
    },
    StateFile {
        path: "refreshing/<connection>/<number>",
        about: "who renews the tokens",
        kept: NEWEST_FEW,
        holds: Holds::Json(&[("", NONCE), ("", LEASE)]),
    },
    StateFile {
        path: "deletions/<connection>/<number>",
        about: "a deletion that was asked for",
        kept: NEWEST_FEW,
        holds: Holds::Json(&[("", NONCE), ("", DELETION)]),
    },
    StateFile {
        path: "receipts/<number>",
        about: "proof of a deletion: a statement and its signature",
        kept: "for ever",
        holds: Holds::Json(&[("", DELETION)]),
    },
    StateFile {
        path: "signing-key/<number>",
        about: "the key that signs receipts, and public keys of those before it that were lost",
        kept: "for ever",
        holds: Holds::Sealed,
    },
];

impl StateFile {
    /// Every value of the file by its whole path; none of a sealed one.
    pub fn values(&self) -> impl Iterator<Item = (String, &'static StateValue)> {
        let lists = match self.holds {
            Holds::Sealed => &[],
            Holds::Json(lists) => lists,
        };
        lists.iter().flat_map(|(prefix, values)| {
            values.iter().map(move |value| (format!("{prefix}{}", value.path), value))
        })
    }
}

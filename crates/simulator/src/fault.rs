//! Faults by name: what Zendesk, or the wire, can do wrong, and at which request.

use crate::dice::mix;
use crate::error::Error;
use std::str::FromStr;

/// What goes wrong. The sentences are in [`FAULTS`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Status500,
    Status502,
    Status503,
    Status504,
    EmptyForbidden,
    RoleForbidden,
    CursorRefused,
    EmptyNotFound,
    TooMany,
    TooManySilent,
    Html,
    Reset,
    TruncatedGzip,
    CutBody,
    DuplicatePage,
    DuplicateRows,
    TiesOutOfOrder,
    BurstStuck,
    NoEndOfStream,
    UnaskedSideloads,
    Revoked,
    TokenExpired,
    RevokeLies,
    Slow,
}

/// One line of the list of faults.
#[derive(Clone, Copy, Debug)]
pub struct FaultDoc {
    /// The name, as given on the command line.
    pub name: &'static str,
    /// What may stand after `=`; empty when nothing may.
    pub value: &'static str,
    /// What happens.
    pub sentence: &'static str,
    kind: Kind,
}

const fn doc(name: &'static str, value: &'static str, kind: Kind, sentence: &'static str) -> FaultDoc {
    FaultDoc { name, value, sentence, kind }
}

/// Every fault. `NAME` alone strikes at each incremental export request, `NAME@n` at the n-th one only (from
/// one), `NAME%p` at p percent of them; `NAME=VALUE` may come before `@n` or `%p`.
pub const FAULTS: &[FaultDoc] = &[
    doc("500", "", Kind::Status500, "answer 500 with a JSON error"),
    doc("502", "", Kind::Status502, "answer 502 with a gateway's HTML page"),
    doc("503", "SECONDS", Kind::Status503, "answer 503; with a value, also Retry-After of so many seconds"),
    doc("504", "", Kind::Status504, "answer 504 with the plain text of a gateway that gave up"),
    doc("403-empty", "", Kind::EmptyForbidden, "answer 403 with an empty text/html body"),
    doc("403-role", "", Kind::RoleForbidden, "answer 403 as to a person who is no administrator any more"),
    doc(
        "cursor-refused",
        "",
        Kind::CursorRefused,
        "answer 400 to a request by cursor: the cursor has expired",
    ),
    doc("404-empty", "", Kind::EmptyNotFound, "answer 404 with an empty body"),
    doc(
        "429",
        "SECONDS",
        Kind::TooMany,
        "answer 429 with Retry-After (10 by default), quota left, an e-mail in it",
    ),
    doc("429-silent", "", Kind::TooManySilent, "answer 429 without Retry-After"),
    doc("html", "", Kind::Html, "answer 200 with an HTML page instead of JSON"),
    doc("reset", "", Kind::Reset, "reset the connection before any byte of the answer"),
    doc("truncated-gzip", "", Kind::TruncatedGzip, "end a gzip answer in the middle, politely"),
    doc("cut-body", "", Kind::CutBody, "break the connection in the middle of the body"),
    doc("duplicate-page", "", Kind::DuplicatePage, "let the next page begin where this one began"),
    doc("duplicate-rows", "", Kind::DuplicateRows, "send every row of the page twice"),
    doc("ties-out-of-order", "", Kind::TiesOutOfOrder, "shuffle the rows of one second in cursor mode too"),
    doc(
        "burst-stuck",
        "",
        Kind::BurstStuck,
        "time mode: a full page of one second does not grow, end_time stays",
    ),
    doc("no-end-of-stream", "", Kind::NoEndOfStream, "time mode: leave end_of_stream out"),
    doc(
        "unasked-sideloads",
        "",
        Kind::UnaskedSideloads,
        "add users, organizations, groups and audits unasked",
    ),
    doc("revoked", "", Kind::Revoked, "revoke every token just before the request"),
    doc("token-expired", "", Kind::TokenExpired, "let every access token expire just before the request"),
    doc("revoke-lies", "", Kind::RevokeLies, "a token's DELETE answers 204 and the token goes on working"),
    doc("slow", "MILLISECONDS", Kind::Slow, "wait before the answer (1000 by default)"),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum When {
    Always,
    At(u64),
    Percent(u8),
}

/// A fault, its value and when it strikes; read from `NAME`, `NAME=VALUE`, `NAME@n`, `NAME%p`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    pub(crate) kind: Kind,
    pub(crate) value: Option<u32>,
    when: When,
}

impl Fault {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        FAULTS.iter().find(|fault| fault.kind == self.kind).map_or("", |fault| fault.name)
    }

    /// Whether the fault strikes at this export request, counted from one.
    pub(crate) fn strikes(&self, request: u64) -> bool {
        match self.when {
            When::Always => true,
            When::At(n) => n == request,
            When::Percent(p) => mix(0xFA17, request.wrapping_mul(31) ^ self.kind as u64) % 100 < u64::from(p),
        }
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(spelling: &str) -> Result<Self, Error> {
        let wrong = |expected: &str| Error::Fault { spelling: spelling.into(), expected: expected.into() };
        let (rest, when) = if let Some((rest, n)) = spelling.split_once('@') {
            let n =
                n.parse().ok().filter(|n| *n > 0).ok_or_else(|| wrong("after @ stands a request number"))?;
            (rest, When::At(n))
        } else if let Some((rest, p)) = spelling.split_once('%') {
            let p = p.parse().ok().filter(|p| *p <= 100).ok_or_else(|| wrong("after % stands 0 to 100"))?;
            (rest, When::Percent(p))
        } else {
            (spelling, When::Always)
        };
        let (name, value) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value.parse().map_err(|_| wrong("after = stands a number"))?)),
            None => (rest, None),
        };
        let names = || FAULTS.iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
        let known = FAULTS.iter().find(|fault| fault.name == name).ok_or_else(|| wrong(&names()))?;
        if value.is_some() && known.value.is_empty() {
            return Err(wrong("this fault takes no value"));
        }
        Ok(Self { kind: known.kind, value, when })
    }
}

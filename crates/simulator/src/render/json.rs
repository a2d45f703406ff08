//! The few pieces that all rows are written with.

use super::{push_int, push_time};

/// Filler behind planted texts, so that rows weigh what real ones weigh.
const PROSE: &str = "Hello, since the update this morning the export stops at the second page and the totals no \
longer add up. We tried again in another browser, cleared the cache and signed in once more, but nothing changed. \
Could you please have a look before the meeting tomorrow? It would help us a lot. Thank you very much in advance \
and kind regards from all of us here; we are happy to send more details, logs or pictures if they are of any use.";

pub(crate) fn lit(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn int(out: &mut Vec<u8>, key: &str, value: i64) {
    lit(out, key);
    push_int(out, value);
}

pub(crate) fn maybe_int(out: &mut Vec<u8>, key: &str, value: Option<i64>) {
    lit(out, key);
    match value {
        Some(value) => push_int(out, value),
        None => lit(out, "null"),
    }
}

pub(crate) fn time(out: &mut Vec<u8>, key: &str, secs: i64) {
    lit(out, key);
    out.push(b'"');
    push_time(out, secs);
    out.push(b'"');
}

pub(crate) fn maybe_time(out: &mut Vec<u8>, key: &str, secs: Option<i64>) {
    if let Some(secs) = secs {
        time(out, key, secs);
    } else {
        lit(out, key);
        lit(out, "null");
    }
}

pub(crate) fn boolean(out: &mut Vec<u8>, key: &str, value: bool) {
    lit(out, key);
    lit(out, if value { "true" } else { "false" });
}

/// A text without anything to escape.
pub(crate) fn word(out: &mut Vec<u8>, key: &str, value: &str) {
    lit(out, key);
    out.push(b'"');
    lit(out, value);
    out.push(b'"');
}

pub(crate) fn maybe_word(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        word(out, key, value);
    } else {
        lit(out, key);
        lit(out, "null");
    }
}

/// A planted text: `"CANARY-<place>-<n>"`.
pub(crate) fn canary(out: &mut Vec<u8>, key: &str, place: &str, n: i64) {
    lit(out, key);
    lit(out, "\"CANARY-");
    lit(out, place);
    out.push(b'-');
    push_int(out, n);
    out.push(b'"');
}

/// A planted text with some prose behind it.
pub(crate) fn prose(out: &mut Vec<u8>, key: &str, place: &str, n: i64) {
    canary(out, key, place, n);
    out.pop();
    out.push(b' ');
    let length = 60 + (crate::dice::mix(7, n as u64) % 400) as usize;
    lit(out, PROSE.get(..length).unwrap_or(PROSE));
    out.push(b'"');
}

/// A planted e-mail address: `"canary-<place>-<n>@example.test"`.
pub(crate) fn email(out: &mut Vec<u8>, key: &str, place: &str, n: i64) {
    lit(out, key);
    lit(out, "\"canary-");
    lit(out, place);
    out.push(b'-');
    push_int(out, n);
    lit(out, "@example.test\"");
}

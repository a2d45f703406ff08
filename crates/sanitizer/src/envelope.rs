//! The envelope of a page: where the next one starts. Unknown keys, sideloads that nobody asked for among them, are
//! skipped.

use std::borrow::Cow;
use std::collections::BTreeMap;

use deskmeter_zendesk::{Cursor, Envelope, UnixSeconds};
use serde_json::value::RawValue;

use crate::civil::TIMES;
use crate::json::Json;

/// The values of a page's envelope, as far as they are read. Of equal keys the last wins.
pub(crate) struct EnvelopeValues<'a> {
    after_cursor: Json<'a>,
    end_time: Json<'a>,
    end_of_stream: Json<'a>,
    meta: Json<'a>,
}

impl Default for EnvelopeValues<'_> {
    fn default() -> Self {
        Self { after_cursor: Json::Null, end_time: Json::Null, end_of_stream: Json::Null, meta: Json::Null }
    }
}

impl<'a> EnvelopeValues<'a> {
    /// Where the value of this key belongs; None when it is not read.
    pub(crate) fn slot(&mut self, key: &str) -> Option<&mut Json<'a>> {
        match key {
            "after_cursor" => Some(&mut self.after_cursor),
            "end_time" => Some(&mut self.end_time),
            "end_of_stream" => Some(&mut self.end_of_stream),
            "meta" => Some(&mut self.meta),
            _ => None,
        }
    }

    /// The envelope. What is of an unexpected type counts as absent: the position then says what is missing. `meta`
    /// (cursor pages of `page[size]`) counts where the page itself says nothing.
    pub(crate) fn finish(self, rows: u64, newest: Option<UnixSeconds>) -> Envelope {
        let meta: BTreeMap<Cow<'_, str>, &RawValue> = match self.meta {
            Json::Object(raw) => serde_json::from_str(raw).unwrap_or_default(),
            _ => BTreeMap::new(),
        };
        let in_meta = |key: &str| meta.get(key).map_or(Json::Null, |value| Json::of(value.get()));
        Envelope {
            rows,
            after_cursor: cursor(self.after_cursor).or_else(|| cursor(in_meta("after_cursor"))),
            end_time: time(self.end_time),
            end_of_stream: boolean(self.end_of_stream)
                .or_else(|| boolean(in_meta("has_more")).map(|has_more| !has_more)),
            newest,
        }
    }
}

/// Bytes of the longest cursor; recorded ones have some thirty.
const CURSOR_MAX: usize = 1_024;

/// A cursor has the form of one: it is stored, and what is not base64 could be a text.
fn cursor(value: Json<'_>) -> Option<Cursor> {
    let Json::Text(text) = value.or_null() else { return None };
    let text = text.read();
    let is_one = text.len() <= CURSOR_MAX && text.bytes().all(is_base64);
    is_one.then(|| Cursor::new(text.into_owned()))
}

/// Of either alphabet.
const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

fn time(value: Json<'_>) -> Option<UnixSeconds> {
    match value {
        Json::Integer(time) => Some(time).filter(|time| TIMES.contains(time)).map(UnixSeconds),
        _ => None,
    }
}

const fn boolean(value: Json<'_>) -> Option<bool> {
    match value {
        Json::Boolean(boolean) => Some(boolean),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_could_be_a_text_is_none() {
        assert!(cursor(Json::of(r#""MTc2MzgwMDAwMC4wfHw0MTAwMTl8""#)).is_some());
        for text in [r#""refund for jane@example.com""#, r#""a b""#, "7", r#""é""#, r#""""#] {
            assert!(cursor(Json::of(text)).is_none(), "{text}");
        }
        assert!(cursor(Json::of(&format!("\"{}\"", "A".repeat(CURSOR_MAX + 1)))).is_none());
    }
}

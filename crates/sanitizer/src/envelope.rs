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

fn cursor(value: Json<'_>) -> Option<Cursor> {
    match value.or_null() {
        Json::Text(text) => Some(Cursor::new(text.read().into_owned())),
        _ => None,
    }
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

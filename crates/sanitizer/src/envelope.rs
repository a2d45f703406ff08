//! The envelope of a page: where the next one starts. Unknown keys, sideloads that nobody asked for among them, are
//! skipped.

use std::borrow::Cow;
use std::collections::BTreeMap;

use deskmeter_zendesk::{Cursor, Envelope, UnixSeconds};
use serde_json::value::RawValue;

use crate::civil::TIMES;
use crate::json::{Json, json};

/// The raw values of a page's envelope, as far as they are read. Of equal keys the last wins.
#[derive(Default)]
pub(crate) struct RawEnvelope<'a> {
    after_cursor: Option<&'a str>,
    end_time: Option<&'a str>,
    end_of_stream: Option<&'a str>,
    meta: Option<&'a str>,
}

impl<'a> RawEnvelope<'a> {
    /// Where the value of this key belongs; None when it is not read.
    pub(crate) fn slot(&mut self, key: &str) -> Option<&mut Option<&'a str>> {
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
        let meta: BTreeMap<Cow<'_, str>, &RawValue> =
            self.meta.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
        let in_meta = |key: &str| meta.get(key).map(|value| value.get());
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

fn cursor(raw: Option<&str>) -> Option<Cursor> {
    match json(raw?) {
        Json::Text(text) => Some(Cursor::new(text.into_owned())),
        _ => None,
    }
}

fn time(raw: Option<&str>) -> Option<UnixSeconds> {
    match json(raw?) {
        Json::Number(number) => number.parse().ok().filter(|time| TIMES.contains(time)).map(UnixSeconds),
        _ => None,
    }
}

fn boolean(raw: Option<&str>) -> Option<bool> {
    match json(raw?) {
        Json::Boolean(boolean) => Some(boolean),
        _ => None,
    }
}

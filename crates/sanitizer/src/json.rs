//! One JSON value of a page, told apart where it is passed and not interpreted further.

use std::borrow::Cow;

use crate::cursor::{Broken, Cursor};

/// What stands at a place of a page, borrowed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// Digits and no sign, at most 18 of them: most numbers are ids and counts.
    Integer(i64),
    /// Any other number as it stands there, of any size and precision.
    Number(&'a str),
    /// A string.
    Text(Text<'a>),
    /// An object as it stands there.
    Object(&'a str),
    /// An array as it stands there.
    Array(&'a str),
}

/// A string of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    /// What stands between the quotes.
    inner: &'a str,
    has_escapes: bool,
}

impl<'a> Json<'a> {
    /// The value of a text that is one; `null` for any other.
    pub(crate) fn of(text: &'a str) -> Self {
        Cursor::new(text).value().unwrap_or(Json::Null)
    }

    /// The same, with an empty string as `null`: Zendesk writes both for a cleared value.
    pub(crate) const fn or_null(self) -> Self {
        match self {
            Self::Text(text) if text.inner.is_empty() => Self::Null,
            value => value,
        }
    }
}

impl<'a> Text<'a> {
    pub(crate) const fn new(inner: &'a str, has_escapes: bool) -> Self {
        Self { inner, has_escapes }
    }

    /// The text without its escapes. One that is no Unicode (a lone surrogate) reads as the replacement character: it
    /// is no word of any list, no number and no time.
    pub(crate) fn read(self) -> Cow<'a, str> {
        if !self.has_escapes {
            return Cow::Borrowed(self.inner);
        }
        let read = serde_json::from_str(&format!("\"{}\"", self.inner));
        read.map_or(Cow::Borrowed("\u{fffd}"), Cow::Owned)
    }

    /// Whether it is this word, which needs no escapes.
    pub(crate) fn is(self, word: &str) -> bool {
        if self.has_escapes { self.read() == word } else { self.inner == word }
    }
}

/// Hands over each element of a raw array; tells whether it was one.
pub(crate) fn each_element<'a>(raw: &'a str, mut take: impl FnMut(Json<'a>)) -> bool {
    let mut cursor = Cursor::new(raw);
    let mut walk = || {
        let is_array = cursor.peek()? == b'[';
        cursor.enter();
        let mut is_first = true;
        while is_array && cursor.goes_on(b']', is_first)? {
            take(cursor.value()?);
            is_first = false;
        }
        Ok::<_, Broken>(is_array)
    };
    walk().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_values_apart_and_takes_escapes_out() {
        assert_eq!(Json::of("null"), Json::Null);
        assert_eq!(Json::of("0"), Json::Integer(0));
        assert_eq!(Json::of("999999999999999999"), Json::Integer(999_999_999_999_999_999));
        for number in ["1e400", "-1", "1.0", "1000000000000000000"] {
            assert_eq!(Json::of(number), Json::Number(number));
        }
        assert_eq!(Json::of(r#"{"a":[]}"#), Json::Object(r#"{"a":[]}"#));
        let text = |raw| match Json::of(raw) {
            Json::Text(text) => text.read(),
            _ => Cow::Borrowed("no text"),
        };
        assert_eq!(text(r#""o\u0070en""#), "open");
        assert_eq!(text(r#""\ud800""#), "\u{fffd}");
        assert!(matches!(Json::of(r#""o\u0070en""#), Json::Text(text) if text.is("open") && !text.is("o")));
    }

    #[test]
    fn an_empty_string_is_null_where_values_are_read() {
        assert_ne!(Json::of(r#""""#), Json::Null);
        assert_eq!(Json::of(r#""""#).or_null(), Json::Null);
        assert_ne!(Json::of(r#"" ""#).or_null(), Json::Null);
    }
}

//! One JSON value of a page as it stands there, told apart without being interpreted.

use std::borrow::Cow;

use crate::cursor::{Broken, Cursor, plain};

/// What a raw JSON text is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    /// `null`, or an empty string: Zendesk writes both for a cleared value.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number's digits, of any size and precision.
    Number(&'a str),
    /// A string without its escapes.
    Text(Cow<'a, str>),
    /// An object.
    Object,
    /// An array.
    Array,
}

/// Tells what the raw text of a valid JSON value is.
pub(crate) fn json(raw: &str) -> Json<'_> {
    match raw.as_bytes() {
        [b'n', ..] | [] | b"\"\"" => Json::Null,
        [b't', ..] => Json::Boolean(true),
        [b'f', ..] => Json::Boolean(false),
        [b'{', ..] => Json::Object,
        [b'[', ..] => Json::Array,
        [b'"', ..] => Json::Text(text(raw)),
        _ => Json::Number(raw),
    }
}

/// The text of a raw string. One that is no Unicode (a lone surrogate) reads as the replacement character: it is no
/// word of any list, no number and no time.
fn text(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or_default();
    if plain(inner.as_bytes()) == inner.len() {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(raw).map_or(Cow::Borrowed("\u{fffd}"), Cow::Owned)
}

/// Hands over each element of a raw array as it stands there; tells whether it was one.
pub(crate) fn each_element<'a>(raw: &'a str, mut take: impl FnMut(&'a str)) -> bool {
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
        assert_eq!(json("null"), Json::Null);
        assert_eq!(json(r#""""#), Json::Null);
        assert_eq!(json("1e400"), Json::Number("1e400"));
        assert_eq!(json(r#""o\u0070en""#), Json::Text("open".into()));
        assert_eq!(json(r#""\ud800""#), Json::Text("\u{fffd}".into()));
        assert_eq!(json("{}"), Json::Object);
    }
}

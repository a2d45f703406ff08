//! One JSON value of a page as it stands there, told apart without being interpreted.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

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
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(raw).map_or(Cow::Borrowed("\u{fffd}"), Cow::Owned)
}

/// Hands over each element of a raw array as it stands there; tells whether it was one.
pub(crate) fn each_element(raw: &str, take: impl FnMut(&str)) -> bool {
    serde_json::Deserializer::from_str(raw).deserialize_seq(Elements(take)).is_ok()
}

struct Elements<F>(F);

impl<'de, F: FnMut(&str)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element::<&RawValue>()? {
            (self.0)(element.get());
        }
        Ok(())
    }
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

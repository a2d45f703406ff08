//! Labels: words of the operator's own, for tags and field options that the pipeline file allows one by one.

use std::fmt;

/// Longest label, in bytes.
pub const LABEL_BYTES_MAX: usize = 40;

/// A word that the operator chose for what they allow: a letter, then `a-z`, `0-9` and `_`. It has no room for a
/// sentence, an address or a number alone, and it is what is stored: never the text of a tag or an option.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// The label of this text, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_word = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let has_form = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.len() <= LABEL_BYTES_MAX
            && text.bytes().all(is_word);
        has_form.then(|| Self(text.to_owned()))
    }

    /// The label's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_short_word() {
        for text in ["escalated", "tier_2", "l2"] {
            assert_eq!(Label::parse(text).map(|label| label.to_string()).as_deref(), Some(text));
        }
        let long = "a".repeat(LABEL_BYTES_MAX + 1);
        for text in ["", "2", "_a", "Jo", "jo doe", "jo@example.test", "a,b", "a-b", "é", &long] {
            assert_eq!(Label::parse(text), None, "{text}");
        }
        assert!(Label::parse(&long[1..]).is_some());
    }
}

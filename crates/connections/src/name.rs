//! The name of a connection: the operator's own label, safe as a path.

use std::fmt;

use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::Error;

/// 1 to 63 of a-z, 0-9, `-` and `_`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ConnectionName(String);

impl ConnectionName {
    /// Checks the text.
    pub fn new(text: &str) -> Result<Self, Error> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let has_length = (1..=63).contains(&text.len());
        let begins_well = text.bytes().next().is_some_and(is_plain);
        let is_name = text.bytes().all(|byte| is_plain(byte) || byte == b'-' || byte == b'_');
        if has_length && begins_well && is_name { Ok(Self(text.to_owned())) } else { Err(Error::Name) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `<prefix>/<area>/<name>`.
    pub(crate) fn dir(&self, prefix: &Path, area: &str) -> Path {
        prefix.clone().join(area).join(self.0.as_str())
    }
}

impl TryFrom<String> for ConnectionName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::new(&text)
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_labels_and_nothing_that_could_leave_its_folder() {
        for good in ["a", "acme", "acme-eu_2", &"a".repeat(63)] {
            assert!(ConnectionName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "Acme", "a/b", "..", "a.b", "a b", "ä", &"a".repeat(64)] {
            assert!(ConnectionName::new(bad).is_err(), "{bad}");
        }
    }
}

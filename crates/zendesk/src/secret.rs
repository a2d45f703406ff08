//! A text that must not be seen.

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A token, code or client secret: wiped when dropped, printed as `****`.
///
/// What is wiped is every copy of ours: this text, the bodies of token requests and of their answers, and the header
/// that carries a token. What cannot be wiped is what the libraries below copy on the way: the write and read buffers
/// of the HTTP connection and of TLS, and the parser's scratch space, which serde uses only for texts with escapes
/// (tokens have none).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself: for the request that needs it and for the sealed vault, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text, moved out without a copy: for a vault with a wiped type of its own.
    pub fn into_text(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_out_the_very_text_and_prints_none_of_it() {
        let secret: Secret = serde_json::from_str(r#""POISON""#).unwrap();
        assert_eq!(format!("{secret} {secret:?}"), "**** ****");
        let place = secret.expose().as_ptr();
        let text = secret.into_text();
        assert_eq!((text.as_str(), text.as_ptr()), ("POISON", place));
    }
}

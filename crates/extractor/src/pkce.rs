//! PKCE (RFC 7636, method S256) and the `state` of an authorization request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::Secret;

/// A fresh verifier, kept until the code is exchanged, and its challenge, shown in the authorization URL.
#[derive(Debug, Clone)]
pub struct Pkce {
    /// 43 characters out of 32 random bytes; secret until the exchange.
    pub verifier: Secret,
    /// base64url of the verifier's SHA-256.
    pub challenge: String,
}

impl Pkce {
    /// Makes a pair out of the operating system's randomness.
    pub fn generate() -> Self {
        Self::of(random_text())
    }

    fn of(verifier: String) -> Self {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        Self { verifier: Secret::new(verifier), challenge }
    }
}

/// A fresh, unguessable `state`: the callback is only believed when it brings this back.
pub fn state() -> String {
    random_text()
}

fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_the_challenge_of_the_rfc_7636_example() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn never_repeats_a_state_or_a_verifier() {
        assert_ne!(state(), state());
        assert_ne!(Pkce::generate().verifier, Pkce::generate().verifier);
        assert_eq!(state().len(), 43);
    }
}

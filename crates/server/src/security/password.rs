//! The console's password, known only by its Argon2 hash.

use std::fmt;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::Error;

/// Shortest password that is accepted.
const LENGTH_MIN: usize = 12;
/// Longest that is looked at: hashing must not become a way to keep the machine busy.
pub(crate) const LENGTH_MAX: usize = 256;
/// Memory in KiB, passes and lanes of one hash: OWASP's first recommendation for Argon2id.
const COST: (u32, u32, u32) = (19 * 1_024, 2, 1);

/// A password's Argon2id hash in PHC form. Debug shows nothing of it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes an Argon2 hash in PHC form (`$argon2id$v=19$…`), so that the password itself need not be anywhere.
    ///
    /// # Errors
    /// [`Error::Password`] when it is none.
    pub fn from_hash(hash: &str) -> Result<Self, Error> {
        let parsed = PasswordHash::new(hash).map_err(|_| Error::Password("is no hash in PHC form"))?;
        if !parsed.algorithm.as_str().starts_with("argon2") || parsed.hash.is_none() {
            return Err(Error::Password("is no Argon2 hash"));
        }
        Ok(Self(hash.to_owned()))
    }

    /// Hashes a password of 12 to 256 bytes.
    ///
    /// # Errors
    /// [`Error::Password`] when it is shorter or longer.
    pub fn from_plain(password: &str) -> Result<Self, Error> {
        if password.len() < LENGTH_MIN {
            return Err(Error::Password("is shorter than 12 characters"));
        }
        if password.len() > LENGTH_MAX {
            return Err(Error::Password("is longer than 256 characters"));
        }
        let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())
            .map_err(|_| Error::Password("cannot be salted"))?;
        let hash = hasher()?
            .hash_password(password.as_bytes(), &salt)
            .map_err(|_| Error::Password("cannot be hashed"))?;
        Ok(Self(hash.to_string()))
    }

    /// Whether this is the password. Takes some ten milliseconds of one core on purpose: call it off the runtime.
    pub(crate) fn matches(&self, attempt: &Zeroizing<String>) -> bool {
        let Ok(hash) = PasswordHash::new(&self.0) else { return false };
        attempt.len() <= LENGTH_MAX && Argon2::default().verify_password(attempt.as_bytes(), &hash).is_ok()
    }
}

fn hasher() -> Result<Argon2<'static>, Error> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| Error::Password("cannot be hashed"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_matches_and_debug_hides_it() {
        let password = Password::from_plain("correct horse battery").unwrap();
        assert!(password.matches(&Zeroizing::new("correct horse battery".into())));
        assert!(!password.matches(&Zeroizing::new("correct horse batterz".into())));
        assert!(
            Password::from_hash(&password.0)
                .unwrap()
                .matches(&Zeroizing::new("correct horse battery".into()))
        );
        assert!(!format!("{password:?}").contains("argon2"));
        assert!(Password::from_plain("short").is_err() && Password::from_hash("secret").is_err());
    }
}

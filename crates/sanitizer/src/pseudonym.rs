//! Keyed pseudonyms of users and organizations.

use std::fmt;

use deskmeter_zendesk::{OrganizationId, UserId};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The alphabet of RFC 4648 base32, in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Characters of a pseudonym: 100 bits. Two of a million people share one with a chance below 1 in 10^18.
const LENGTH: usize = 20;

/// The key of one connection's pseudonyms. Once it is destroyed no pseudonym can be linked to an id, nor made again.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PseudonymKey([u8; 32]);

/// What stands for a user or an organization: 20 characters of lower-case base32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; LENGTH]);

impl PseudonymKey {
    /// A key of 32 random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The pseudonym of a user, agent or customer.
    pub fn user(&self, id: UserId) -> Pseudonym {
        self.pseudonym(*b"user\0\0\0\0", id.get())
    }

    /// The pseudonym of an organization. It differs from that of a user of the same number.
    pub fn organization(&self, id: OrganizationId) -> Pseudonym {
        self.pseudonym(*b"organiza", id.get())
    }

    fn pseudonym(&self, kind: [u8; 8], id: i64) -> Pseudonym {
        let mut message = [0; 16];
        message[..8].copy_from_slice(&kind);
        message[8..].copy_from_slice(&id.to_le_bytes());
        let hash = blake3::keyed_hash(&self.0, &message);
        let bits = hash.as_bytes().iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        Pseudonym(std::array::from_fn(|at| ALPHABET[(bits >> (123 - 5 * at)) as usize & 31]))
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(****)")
    }
}

impl Pseudonym {
    /// The pseudonym of this text, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(|byte| ALPHABET.contains(byte)).then_some(Self(bytes))
    }

    /// The 20 characters.
    pub fn as_str(&self) -> &str {
        // Made of the alphabet alone, so it is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pseudonym({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_of_different_kinds_and_keys_are_unlike_and_stay_the_same_for_ever() {
        let key = PseudonymKey::from_bytes([7; 32]);
        let user = key.user(UserId::new(38_000_000_000_007).unwrap());
        let organization = key.organization(OrganizationId::new(38_000_000_000_007).unwrap());
        let other = PseudonymKey::from_bytes([8; 32]).user(UserId::new(38_000_000_000_007).unwrap());
        assert!(user != organization && user != other);
        assert_eq!(Pseudonym::parse(user.as_str()), Some(user));
        // A lake keeps pseudonyms for years: a change of how they are made is a change of the contract.
        assert_eq!(user.as_str(), "32kypccutoyv5gzd35ky");
        assert_eq!(format!("{key:?}"), "PseudonymKey(****)");
    }
}

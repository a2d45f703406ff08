//! Keyed pseudonyms of users and organizations.

use std::cell::Cell;
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

/// Pseudonyms that a page keeps at hand, of users and of organizations alike.
const AT_HAND: usize = 256;

/// The pseudonyms of one page. A page names the same few people over and over, so the last ones are kept at hand.
pub(crate) struct Pseudonyms<'s> {
    key: &'s PseudonymKey,
    users: [Cell<(i64, Pseudonym)>; AT_HAND],
    organizations: [Cell<(i64, Pseudonym)>; AT_HAND],
}

impl<'s> Pseudonyms<'s> {
    pub(crate) fn new(key: &'s PseudonymKey) -> Self {
        // No id is 0.
        let nobody = || Cell::new((0, Pseudonym([0; LENGTH])));
        let none = || std::array::from_fn(|_| nobody());
        Self { key, users: none(), organizations: none() }
    }

    pub(crate) fn user(&self, id: UserId) -> Pseudonym {
        at_hand(&self.users, id.get(), || self.key.user(id))
    }

    pub(crate) fn organization(&self, id: OrganizationId) -> Pseudonym {
        at_hand(&self.organizations, id.get(), || self.key.organization(id))
    }
}

/// The pseudonym that is kept for an id, or one that is made and kept in place of another.
fn at_hand(kept: &[Cell<(i64, Pseudonym)>; AT_HAND], id: i64, make: impl FnOnce() -> Pseudonym) -> Pseudonym {
    // Ids run on, so their lowest bits spread them.
    let Some(place) = kept.get(id as usize % AT_HAND) else { return make() };
    let (known, pseudonym) = place.get();
    if known == id {
        return pseudonym;
    }
    let pseudonym = make();
    place.set((id, pseudonym));
    pseudonym
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

    #[test]
    fn two_connections_share_no_pseudonym_of_the_same_people() {
        let of = |key: u8| {
            let key = PseudonymKey::from_bytes([key; 32]);
            (1..=10_000).flat_map(move |id| {
                [key.user(UserId::new(id).unwrap()), key.organization(OrganizationId::new(id).unwrap())]
            })
        };
        let one: std::collections::HashSet<_> = of(1).collect();
        assert_eq!(one.len(), 20_000);
        assert!(of(2).all(|pseudonym| !one.contains(&pseudonym)));
        // Nor does the place of a person among others tell: the orders have nothing to do with each other.
        let rises = of(1).zip(of(2)).zip(of(1).zip(of(2)).skip(1));
        let agree = rises.filter(|((a, b), (c, d))| (a < c) == (b < d)).count();
        assert!((9_600..10_400).contains(&agree), "{agree}");
    }
}

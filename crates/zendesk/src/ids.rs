//! Identifiers, each of a type of its own. Zendesk's ids are positive integers of up to 14 digits; everything up to
//! 2^53 is accepted, so that a phone number written into an id field of more digits is not (leak place 28).

use std::fmt;

use crate::Error;

/// The largest id that is accepted: 2^53, the largest integer every JSON reader keeps exactly.
const ID_MAX: i64 = 1 << 53;

macro_rules! id {
    ($name:ident, $kind:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Checks the range, 1 to 2^53.
            pub fn new(raw: i64) -> Result<Self, Error> {
                if (1..=ID_MAX).contains(&raw) {
                    Ok(Self(raw))
                } else {
                    Err(Error::IdOutOfRange { kind: $kind })
                }
            }

            /// The number as Zendesk writes it.
            pub const fn get(self) -> i64 {
                self.0
            }
        }
    };
}

id!(TicketId, "ticket", "A ticket. Structural: it may be stored and shown.");
id!(UserId, "user", "A user. Never stored: only its keyed pseudonym is.");
id!(OrganizationId, "organization", "An organization. Never stored: only its keyed pseudonym is.");

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketId({})", self.0)
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(****)")
    }
}

impl fmt::Debug for OrganizationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrganizationId(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_one_to_two_to_the_53_and_nothing_else() {
        assert!(TicketId::new(0).is_err());
        assert!(TicketId::new(-1).is_err());
        assert_eq!(TicketId::new(1).unwrap().get(), 1);
        assert_eq!(TicketId::new(ID_MAX).unwrap().get(), ID_MAX);
        assert!(TicketId::new(ID_MAX + 1).is_err());
    }

    #[test]
    fn prints_no_user_and_no_organization() {
        let printed =
            format!("{:?} {:?}", UserId::new(38_000_007).unwrap(), OrganizationId::new(37_000_003).unwrap());
        assert!(!printed.contains("000"), "{printed}");
    }
}

//! `GET /api/v2/users/me`: who the token acts as. Only the id's presence and the role are read.

use serde::Deserialize;

/// Path of the call below the account's base URL.
const PATH: &str = "/api/v2/users/me";

/// A user's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// May read the incremental exports.
    Admin,
    /// May not: every export answers 403 with the role's error body.
    Agent,
    /// A customer.
    EndUser,
    /// A role that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The answer's envelope.
#[derive(Debug, Deserialize)]
pub struct Me {
    /// The user, anonymous when the credentials were missing or ignored (the status is 200 all the same).
    pub user: CurrentUser,
}

/// What is read of the user.
#[derive(Debug, Deserialize)]
pub struct CurrentUser {
    id: Option<serde::de::IgnoredAny>,
    /// The role, if there is one.
    pub role: Option<Role>,
}

impl Me {
    /// Path of the call below the account's base URL.
    pub const fn path() -> &'static str {
        PATH
    }

    /// Whether the token acts as a real user.
    pub const fn is_someone(&self) -> bool {
        self.user.id.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_an_admin_from_the_anonymous_user() {
        let admin: Me = serde_json::from_str(r#"{"user":{"id":7,"name":"x","role":"admin"}}"#).unwrap();
        assert!(admin.is_someone());
        assert_eq!(admin.user.role, Some(Role::Admin));
        let nobody: Me =
            serde_json::from_str(r#"{"user":{"id":null,"name":"Anonymous user","role":"end-user"}}"#)
                .unwrap();
        assert!(!nobody.is_someone());
    }
}

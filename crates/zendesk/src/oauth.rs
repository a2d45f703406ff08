//! OAuth as data: the three scopes, the authorization URL, the token answer.

use std::fmt;

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};

use crate::Secret;
use crate::request::QUERY_VALUE;

/// A scope that deskmeter asks for. There is no fourth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `tickets:read`
    TicketsRead,
    /// `users:read`
    UsersRead,
    /// `organizations:read`
    OrganizationsRead,
}

impl Scope {
    /// All that is ever requested.
    pub const ALL: [Self; 3] = [Self::TicketsRead, Self::UsersRead, Self::OrganizationsRead];

    /// The scope as Zendesk writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TicketsRead => "tickets:read",
            Self::UsersRead => "users:read",
            Self::OrganizationsRead => "organizations:read",
        }
    }

    /// The value of the `scope` parameter: the three names with a space between them.
    pub fn parameter() -> String {
        Self::ALL.map(Self::name).join(" ")
    }

    /// The granted scopes that were never asked for. A connection that has any is refused.
    pub fn excess(granted: &str) -> Vec<&str> {
        granted
            .split_whitespace()
            .filter(|name| !Self::ALL.iter().any(|scope| scope.name() == *name))
            .collect()
    }

    /// The scopes that were asked for and not granted.
    pub fn missing(granted: &str) -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|scope| !granted.split_whitespace().any(|name| name == scope.name()))
            .collect()
    }
}

/// The page on which a person allows the connection.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationUrl<'a> {
    /// The account, for example `https://acme.zendesk.com`, without a slash at the end.
    pub base_url: &'a str,
    /// The OAuth client's unique identifier.
    pub client_id: &'a str,
    /// Where Zendesk sends the browser back: one of the registered URIs.
    pub redirect_uri: &'a str,
    /// An unguessable value that must come back.
    pub state: &'a str,
    /// PKCE: base64url of the SHA-256 of the verifier.
    pub code_challenge: &'a str,
}

impl fmt::Display for AuthorizationUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = Scope::parameter();
        let pairs = [
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("scope", &scope),
            ("state", self.state),
            ("code_challenge", self.code_challenge),
            ("code_challenge_method", "S256"),
        ];
        write!(f, "{}/oauth/authorizations/new", self.base_url)?;
        for (index, (name, value)) in pairs.into_iter().enumerate() {
            let mark = if index == 0 { '?' } else { '&' };
            write!(f, "{mark}{name}={}", utf8_percent_encode(value, QUERY_VALUE))?;
        }
        Ok(())
    }
}

/// A successful answer of `POST /oauth/tokens`.
#[derive(Debug, Deserialize)]
pub struct TokenResponse {
    /// The bearer token.
    pub access_token: Secret,
    /// The next refresh token; single-use. Absent for tokens that do not expire.
    pub refresh_token: Option<Secret>,
    /// Granted scopes, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// Life of the access token in seconds.
    pub expires_in: Option<i64>,
    /// Life of the refresh token in seconds.
    pub refresh_token_expires_in: Option<i64>,
}

/// The `error` code of a refused token request (RFC 6749 section 5.2). The description is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OAuthError {
    /// The request lacks something.
    InvalidRequest,
    /// Unknown client, or a wrong secret.
    InvalidClient,
    /// The code or refresh token is wrong, used, expired or revoked.
    InvalidGrant,
    /// The client may not have this scope.
    InvalidScope,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The server does not know this grant.
    UnsupportedGrantType,
    /// The person said no.
    AccessDenied,
    /// Any other code.
    #[serde(other)]
    Other,
}

impl OAuthError {
    /// The error with this code.
    pub fn of(code: &str) -> Self {
        Self::deserialize(StrDeserializer::<ValueError>::new(code)).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_exactly_the_three_scopes() {
        let url = AuthorizationUrl {
            base_url: "https://acme.zendesk.com",
            client_id: "deskmeter",
            redirect_uri: "http://127.0.0.1:1/callback",
            state: "s",
            code_challenge: "c",
        };
        assert_eq!(
            url.to_string(),
            "https://acme.zendesk.com/oauth/authorizations/new?response_type=code&client_id=deskmeter\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback\
             &scope=tickets%3Aread%20users%3Aread%20organizations%3Aread&state=s&code_challenge=c\
             &code_challenge_method=S256"
        );
    }

    #[test]
    fn names_scopes_in_excess_and_missing() {
        assert_eq!(Scope::excess("tickets:read write users:read"), vec!["write"]);
        assert_eq!(Scope::missing("tickets:read users:read"), vec![Scope::OrganizationsRead]);
        assert!(Scope::excess(&Scope::parameter()).is_empty());
    }
}

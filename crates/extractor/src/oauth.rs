//! The bodies of the token endpoint's requests.

use bytes::Bytes;
use deskmeter_zendesk::Scope;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Secret;

/// The token endpoint, and its name in errors.
pub(crate) const TOKENS: &str = "/oauth/tokens";
/// The token that is sent along; `DELETE` revokes it.
pub(crate) const CURRENT: &str = "/api/v2/oauth/tokens/current";

/// What is exchanged for the first pair of tokens. The code is valid for two minutes, and once.
#[derive(Debug, Clone)]
pub struct CodeGrant {
    /// The OAuth client's unique identifier.
    pub client_id: String,
    /// Its secret; public clients have none and rely on PKCE.
    pub client_secret: Option<Secret>,
    /// The code that the callback brought.
    pub code: Secret,
    /// The redirect URI of the authorization request, letter by letter.
    pub redirect_uri: String,
    /// The verifier whose challenge the authorization request carried.
    pub verifier: Secret,
}

/// Room for a grant: a buffer that grew would leave its first pieces behind.
const BODY_ROOM: usize = 16 << 10;

/// The grant as JSON, wiped when the last handle on it is dropped.
fn wiped_json(grant: &Grant<'_>) -> Result<Bytes, serde_json::Error> {
    let mut body = Zeroizing::new(Vec::with_capacity(BODY_ROOM));
    serde_json::to_writer(&mut *body, grant)?;
    Ok(Bytes::from_owner(body))
}

#[derive(Serialize)]
#[serde(tag = "grant_type", rename_all = "snake_case")]
enum Grant<'a> {
    AuthorizationCode {
        code: &'a str,
        client_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_secret: Option<&'a str>,
        redirect_uri: &'a str,
        code_verifier: &'a str,
        scope: String,
    },
    RefreshToken {
        refresh_token: &'a str,
        client_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_secret: Option<&'a str>,
    },
}

impl CodeGrant {
    pub(crate) fn body(&self) -> Result<Bytes, serde_json::Error> {
        wiped_json(&Grant::AuthorizationCode {
            code: self.code.expose(),
            client_id: &self.client_id,
            client_secret: self.client_secret.as_ref().map(Secret::expose),
            redirect_uri: &self.redirect_uri,
            code_verifier: self.verifier.expose(),
            scope: Scope::parameter(),
        })
    }
}

pub(crate) fn refresh_body(
    client_id: &str,
    client_secret: Option<&Secret>,
    refresh_token: &Secret,
) -> Result<Bytes, serde_json::Error> {
    wiped_json(&Grant::RefreshToken {
        refresh_token: refresh_token.expose(),
        client_id,
        client_secret: client_secret.map(Secret::expose),
    })
}

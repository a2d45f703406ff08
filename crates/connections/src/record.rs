//! What is sealed of a connection.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Error, PseudonymKey, Secret};

/// Room for a record as JSON.
const RECORD_ROOM: usize = 16 << 10;

/// The role of the person who connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May read the exports.
    Admin,
    /// May not.
    Agent,
    /// May not.
    EndUser,
    /// Not known to this version.
    #[serde(other)]
    Unknown,
}

/// A connection: its tokens and what came with them. Sealed as a whole. Its [`Status`](crate::Status) is kept beside it in plain
/// text, so that it can be shown without a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// Address of the account that granted the tokens, without a slash at the end: they are sent nowhere else. None in a
    /// record that an earlier version wrote.
    pub base_url: Option<String>,
    /// The bearer token.
    pub access_token: Secret,
    /// The next refresh token, valid once; none for tokens that do not expire.
    pub refresh_token: Option<Secret>,
    /// When the access token ends, in Unix seconds; none when it does not.
    pub expires_at: Option<i64>,
    /// When the refresh token ends, in Unix seconds.
    pub refresh_expires_at: Option<i64>,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// The OAuth client that the tokens belong to.
    pub client_id: String,
    /// Made when the connection was first made, and never changed while it lasts.
    pub pseudonym_key: PseudonymKey,
    /// When it was first made, in Unix seconds.
    pub connected_at: i64,
    /// The role of the person who connected.
    pub role: Role,
}

impl ConnectionRecord {
    /// Binds tokens of an earlier version to this address, which the next write keeps, and refuses those of another one.
    ///
    /// # Errors
    /// [`Error::OtherAddress`] when another address granted the tokens.
    pub(crate) fn bind(&mut self, base_url: &str) -> Result<(), Error> {
        match &self.base_url {
            Some(granted_by) if granted_by != base_url => {
                Err(Error::OtherAddress { granted_by: granted_by.clone() })
            }
            _ => {
                self.base_url = Some(base_url.to_owned());
                Ok(())
            }
        }
    }

    /// Whether the access token ends within so many seconds: refresh it before it is refused.
    pub fn ends_within(&self, seconds: i64, now: i64) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at - now <= seconds)
    }

    /// When nothing is left to ask Zendesk with, in Unix seconds: the end of the refresh token, or of the access token
    /// where there is no other; none when it does not end.
    pub fn authorization_ends_at(&self) -> Option<i64> {
        if self.refresh_token.is_some() { self.refresh_expires_at } else { self.expires_at }
    }

    pub(crate) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = Zeroizing::new(STANDARD.encode(self.pseudonym_key.expose()));
        let wire = Wire {
            base_url: self.base_url.clone(),
            access_token: self.access_token.expose().into(),
            refresh_token: self.refresh_token.as_ref().map(|token| token.expose().into()),
            expires_at: self.expires_at,
            refresh_expires_at: self.refresh_expires_at,
            scopes: self.scopes.clone(),
            client_id: self.client_id.clone(),
            pseudonym_key: key.as_str().into(),
            connected_at: self.connected_at,
            role: self.role,
        };
        // A buffer that grew would leave its first pieces behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(RECORD_ROOM));
        serde_json::to_writer(&mut *bytes, &wire).map_err(|_| Error::Damaged { what: "tokens" })?;
        Ok(bytes)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        // What serde says quotes the value: it is dropped.
        let damaged = || Error::Damaged { what: "tokens" };
        let wire: Wire<'_> = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        let key = Zeroizing::new(STANDARD.decode(wire.pseudonym_key.as_bytes()).map_err(|_| damaged())?);
        Ok(Self {
            base_url: wire.base_url,
            access_token: Secret::new(wire.access_token.into_owned()),
            refresh_token: wire.refresh_token.map(|text| Secret::new(text.into_owned())),
            expires_at: wire.expires_at,
            refresh_expires_at: wire.refresh_expires_at,
            scopes: wire.scopes,
            client_id: wire.client_id,
            pseudonym_key: PseudonymKey::from_bytes(key.as_slice().try_into().map_err(|_| damaged())?),
            connected_at: wire.connected_at,
            role: wire.role,
        })
    }
}

/// The record as JSON.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_url: Option<String>,
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    #[serde(borrow)]
    refresh_token: Option<Cow<'a, str>>,
    expires_at: Option<i64>,
    refresh_expires_at: Option<i64>,
    scopes: Vec<String>,
    client_id: String,
    #[serde(borrow)]
    pseudonym_key: Cow<'a, str>,
    connected_at: i64,
    role: Role,
}

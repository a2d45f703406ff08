//! Where tokens come from.

use std::error;

use async_trait::async_trait;

use crate::{Error, ErrorKind, Secret};

/// The owner of a connection's tokens: the sealed vault, behind the pipeline.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// The access token to send now. The source may refresh it first when it is about to expire.
    async fn access(&self) -> Result<Secret, TokenError>;

    /// Another access token, after the server refused this one. When the vault already holds a newer token than
    /// `refused` (another process refreshed), that one is returned without a refresh.
    async fn refresh(&self, refused: &Secret) -> Result<Secret, TokenError>;
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Nothing is connected, or the authorization is revoked or expired: a person has to connect again.
    #[error("the connection is not authorized")]
    NotConnected,
    /// The refresh itself failed.
    #[error("refresh the access token")]
    Refresh(#[source] Box<Error>),
    /// The place where tokens are kept failed.
    #[error("read or write the token vault")]
    Vault(#[source] Box<dyn error::Error + Send + Sync>),
}

impl TokenError {
    /// The failure of [`Client::refresh`](crate::Client::refresh), where a refused grant means "not connected".
    pub fn of_refresh(error: Error) -> Self {
        match error.kind() {
            ErrorKind::NotAuthorized => Self::NotConnected,
            _ => Self::Refresh(Box::new(error)),
        }
    }
}

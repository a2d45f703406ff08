//! The vault as a source of access tokens: refreshed before they end, and once more when Zendesk refuses one.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use deskmeter_connections::{
    ConnectionName, DisconnectCause, NewTokens, RefreshError, Refresher, Sealed, Secret as StoredSecret,
    Vault,
};
use deskmeter_extractor::{Client, Error as FetchError, ErrorKind, Secret, TokenError, TokenSource};
use deskmeter_zendesk::TokenResponse;
use tokio::sync::Mutex;

use crate::{Clock, Context, Stop};

/// A token that ends within so many seconds is refreshed first: longer than a request may take.
const AHEAD_SECONDS: i64 = 180;
/// How long to wait for another process that is refreshing.
const REFRESH_WAIT: Duration = Duration::from_secs(90);

/// Tokens of one connection, for the length of a run.
pub(crate) struct VaultTokens {
    vault: Vault,
    connection: ConnectionName,
    client: Client,
    client_secret: Option<Secret>,
    clock: Clock,
    stop: Stop,
    owner: String,
    current: Mutex<Sealed>,
    lost: OnceLock<DisconnectCause>,
}

impl VaultTokens {
    pub(crate) fn new(
        vault: Vault,
        connection: ConnectionName,
        client: Client,
        client_secret: Option<Secret>,
        context: &Context,
        current: Sealed,
    ) -> Self {
        let (clock, stop, owner) = (context.clock.clone(), context.stop.clone(), owner());
        let (current, lost) = (Mutex::new(current), OnceLock::new());
        Self { vault, connection, client, client_secret, clock, stop, owner, current, lost }
    }

    /// When the authorization ends unless it is renewed, in Unix seconds.
    pub(crate) async fn authorization_ends_at(&self) -> Option<i64> {
        self.current.lock().await.record.authorization_ends_at()
    }

    /// Why the authorization is gone, if a refresh found it to be.
    pub(crate) fn disconnect_cause(&self) -> Option<DisconnectCause> {
        self.lost.get().copied()
    }

    /// Replaces the tokens that are at hand, after the access token was refused or is about to end.
    async fn renew(&self, current: &Sealed) -> Result<Sealed, TokenError> {
        // The answer is the only copy of the new pair until it is stored.
        let _hold = self.stop.hold();
        let (base_url, now) = (self.client.base_url(), (self.clock)().0);
        let refresher = Refresher { owner: &self.owner, base_url, now, wait: REFRESH_WAIT };
        let exchange = |grant: deskmeter_connections::RefreshGrant| async move {
            let refresh_token = Secret::new(grant.refresh_token.expose().to_owned());
            let secret = self.client_secret.as_ref();
            let response = self.client.refresh(&grant.client_id, secret, &refresh_token).await?;
            Ok::<_, FetchError>(new_tokens(response, (self.clock)().0))
        };
        let record = &current.record;
        let renewed = self.vault.refresh(&self.connection, &record.access_token, refresher, exchange).await;
        renewed.map_err(|error| self.of_refresh(error, record.authorization_ends_at()))
    }

    fn of_refresh(&self, error: RefreshError<FetchError>, ends_at: Option<i64>) -> TokenError {
        match error {
            RefreshError::NotConnected | RefreshError::NoRefreshToken => TokenError::NotConnected,
            RefreshError::Exchange { source, after_interruption } => {
                if source.kind() == ErrorKind::NotAuthorized {
                    let cause = match ends_at {
                        _ if after_interruption => DisconnectCause::RefreshCutOff,
                        Some(end) if end <= (self.clock)().0 => DisconnectCause::Expired,
                        _ => DisconnectCause::Revoked,
                    };
                    self.lost.get_or_init(|| cause);
                }
                TokenError::of_refresh(source)
            }
            other => TokenError::Vault(Box::new(other)),
        }
    }
}

#[async_trait]
impl TokenSource for VaultTokens {
    async fn access(&self) -> Result<Secret, TokenError> {
        let mut current = self.current.lock().await;
        let now = (self.clock)().0;
        if current.record.ends_within(AHEAD_SECONDS, now) && current.record.refresh_token.is_some() {
            *current = self.renew(&current).await?;
        }
        Ok(Secret::new(current.record.access_token.expose().to_owned()))
    }

    async fn refresh(&self, refused: &Secret) -> Result<Secret, TokenError> {
        let mut current = self.current.lock().await;
        if current.record.access_token.expose() == refused.expose() {
            *current = self.renew(&current).await?;
        }
        Ok(Secret::new(current.record.access_token.expose().to_owned()))
    }
}

/// The answer of the token endpoint, with lives turned into ends.
pub(crate) fn new_tokens(response: TokenResponse, now: i64) -> NewTokens {
    NewTokens {
        access_token: StoredSecret::new(response.access_token.into_text()),
        refresh_token: response.refresh_token.map(|token| StoredSecret::new(token.into_text())),
        expires_at: response.expires_in.map(|life| now + life),
        refresh_expires_at: response.refresh_token_expires_in.map(|life| now + life),
    }
}

/// Who holds a lease, as others are told: the process, nothing about the machine's owner.
pub(crate) fn owner() -> String {
    format!("process {}", std::process::id())
}

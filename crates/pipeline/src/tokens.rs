//! The vault as a source of access tokens: refreshed before they end, and once more when Zendesk refuses one.

use std::time::Duration;

use async_trait::async_trait;
use deskmeter_connections::{
    ConnectionName, NewTokens, RefreshError, Refresher, Sealed, Secret as StoredSecret, Vault,
};
use deskmeter_extractor::{Client, Error as FetchError, Secret, TokenError, TokenSource};
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
        Self { vault, connection, client, client_secret, clock, stop, owner, current: Mutex::new(current) }
    }

    async fn renew(&self, refused: &StoredSecret) -> Result<Sealed, TokenError> {
        // The answer is the only copy of the new pair until it is stored.
        let _hold = self.stop.hold();
        let refresher = Refresher { owner: &self.owner, now: (self.clock)().0, wait: REFRESH_WAIT };
        let exchange = |grant: deskmeter_connections::RefreshGrant| async move {
            let refresh_token = Secret::new(grant.refresh_token.expose().to_owned());
            let secret = self.client_secret.as_ref();
            let response = self.client.refresh(&grant.client_id, secret, &refresh_token).await?;
            Ok::<_, FetchError>(new_tokens(response, (self.clock)().0))
        };
        self.vault.refresh(&self.connection, refused, refresher, exchange).await.map_err(of_refresh)
    }
}

#[async_trait]
impl TokenSource for VaultTokens {
    async fn access(&self) -> Result<Secret, TokenError> {
        let mut current = self.current.lock().await;
        let now = (self.clock)().0;
        if current.record.ends_within(AHEAD_SECONDS, now) && current.record.refresh_token.is_some() {
            let refused = current.record.access_token.clone();
            *current = self.renew(&refused).await?;
        }
        Ok(Secret::new(current.record.access_token.expose().to_owned()))
    }

    async fn refresh(&self, refused: &Secret) -> Result<Secret, TokenError> {
        let mut current = self.current.lock().await;
        if current.record.access_token.expose() == refused.expose() {
            let refused = current.record.access_token.clone();
            *current = self.renew(&refused).await?;
        }
        Ok(Secret::new(current.record.access_token.expose().to_owned()))
    }
}

/// The answer of the token endpoint, with lives turned into ends.
pub(crate) fn new_tokens(response: TokenResponse, now: i64) -> NewTokens {
    NewTokens {
        access_token: StoredSecret::new(response.access_token),
        refresh_token: response.refresh_token.map(StoredSecret::new),
        expires_at: response.expires_in.map(|life| now + life),
        refresh_expires_at: response.refresh_token_expires_in.map(|life| now + life),
    }
}

/// Who holds a lease, as others are told: the process, nothing about the machine's owner.
pub(crate) fn owner() -> String {
    format!("process {}", std::process::id())
}

fn of_refresh(error: RefreshError<FetchError>) -> TokenError {
    match error {
        RefreshError::NotConnected | RefreshError::NoRefreshToken => TokenError::NotConnected,
        RefreshError::Exchange { source, .. } => TokenError::of_refresh(source),
        other => TokenError::Vault(Box::new(other)),
    }
}

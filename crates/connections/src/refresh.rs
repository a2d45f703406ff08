//! Rotation of tokens without losing the connection.
//!
//! Zendesk's refresh tokens are valid once: a refresh ends the access token and the refresh token that were before, and
//! whoever loses the answer needs a person to connect again. The protocol:
//!
//! 1. Take the refresh lease: one refresher at a time, in any process. This is a write to the same store, moments before
//!    the exchange: a store that cannot be written to is found out while nothing is lost yet.
//! 2. Load the record. If it holds another access token than the one that was refused, another process has refreshed:
//!    use that one.
//! 3. Exchange the refresh token. From here until the end of 4 the new pair exists in memory alone.
//! 4. Save the new pair by compare-and-swap, again and again if the store fails. Only then is it handed out.
//! 5. Release the lease.
//!
//! A crash before 3 has changed nothing: the lease runs out, the next refresher begins again. A crash after 4 has lost
//! nothing: the next refresher finds the new pair in step 2. A crash (or a lost answer) between the server's rotation in
//! 3 and the write in 4 is the one window that no client can close, since only the server knows the pair; it is as long
//! as one answer and one write. Afterwards the next refresher takes the lease over from a holder that never released
//! it, tries the stored refresh token all the same (the server may not have rotated), and if that is refused reports
//! that a refresh was cut off, so that the operator reads why to connect again. An exchange that failed ends its lease
//! as cut off too: its answer may have been lost on the way.
//!
//! Two refreshers are kept apart by the lease, and if clocks fail them, by the compare-and-swap of 4: the slower one
//! finds a newer record and uses it. One whose exchange is refused looks once more before it believes it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::path::Path;
use tokio::time::{self, Instant};

use crate::lease::{self, End, Lease, LeaseRequest};
use crate::series::Series;
use crate::vault::Vault;
use crate::{ConnectionName, ConnectionRecord, Error, Sealed, Secret, Version};

/// Seconds that the refresh lease of a dead process lasts; a living one renews it at a third.
const TTL: i64 = 60;
/// Tries to save a new pair: twice at once, then after pauses that double from the first one, 13 s in all.
const SAVES_MAX: u32 = 9;
const SAVE_PAUSE_FIRST: Duration = Duration::from_millis(100);

/// The answer of a refresh.
#[derive(Debug, Clone)]
pub struct NewTokens {
    /// The new bearer token.
    pub access_token: Secret,
    /// The new refresh token; none keeps the one there was.
    pub refresh_token: Option<Secret>,
    /// When the access token ends, in Unix seconds.
    pub expires_at: Option<i64>,
    /// When the refresh token ends, in Unix seconds.
    pub refresh_expires_at: Option<i64>,
}

/// What is exchanged.
#[derive(Debug, Clone)]
pub struct RefreshGrant {
    /// The OAuth client that the token belongs to.
    pub client_id: String,
    /// The refresh token.
    pub refresh_token: Secret,
}

/// Who refreshes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Refresher<'a> {
    /// Who asks: shown to others.
    pub owner: &'a str,
    /// The account that the exchange asks: tokens of another one are refused.
    pub base_url: &'a str,
    /// The present, in Unix seconds.
    pub now: i64,
    /// How long to wait for another refresher; a dead one lasts a minute.
    pub wait: Duration,
}

/// Why there is no new pair. `E` is the exchange's own error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError<E: std::error::Error + 'static> {
    /// There is no connection.
    #[error("there is no connection to refresh")]
    NotConnected,
    /// The tokens do not expire, so there is no refresh token: a refused access token was revoked.
    #[error("the connection has no refresh token")]
    NoRefreshToken,
    /// The exchange failed.
    #[error("exchange the refresh token")]
    Exchange {
        /// The exchange's own error.
        #[source]
        source: E,
        /// Whether a refresh before this one was cut off: then a refused token was used up, not revoked.
        after_interruption: bool,
    },
    /// The vault failed before the exchange (nothing is lost), or would not take the new pair after it.
    #[error("keep the tokens")]
    Vault(#[source] Error),
}

impl Vault {
    /// Replaces the tokens of a connection whose access token `refused` is refused or about to end, by the protocol of
    /// this module. `exchange` performs the request. The record that comes back is durable.
    pub async fn refresh<E, F>(
        &self,
        connection: &ConnectionName,
        refused: &Secret,
        refresher: Refresher<'_>,
        exchange: impl FnOnce(RefreshGrant) -> F,
    ) -> Result<Sealed, RefreshError<E>>
    where
        E: std::error::Error + 'static,
        F: Future<Output = Result<NewTokens, E>>,
    {
        let series = refreshing(Arc::clone(&self.store), &self.prefix, connection);
        let Refresher { owner, now, wait, .. } = refresher;
        let request = LeaseRequest { owner, now, ttl: TTL, wait };
        let mut lease = lease::acquire(series, connection, request).await.map_err(RefreshError::Vault)?;
        let outcome = self.refresh_alone(connection, refused, (&mut lease, refresher), exchange).await;
        let is_cut_off = match &outcome {
            // Another account's tokens lie there: none of this one's can be lost.
            Err(RefreshError::Vault(Error::OtherAddress { .. })) => false,
            outcome => matches!(outcome, Err(RefreshError::Vault(_) | RefreshError::Exchange { .. })),
        };
        let end = if is_cut_off { End::CutOff } else { End::Finished };
        if lease.end(end).await.is_err() {
            tracing::debug!(connection = connection.as_str(), "the refresh lease is left to run out");
        }
        outcome
    }

    async fn refresh_alone<E, F>(
        &self,
        connection: &ConnectionName,
        refused: &Secret,
        (lease, refresher): (&mut Lease, Refresher<'_>),
        exchange: impl FnOnce(RefreshGrant) -> F,
    ) -> Result<Sealed, RefreshError<E>>
    where
        E: std::error::Error + 'static,
        F: Future<Output = Result<NewTokens, E>>,
    {
        let Refresher { base_url, now, .. } = refresher;
        let stored = self.load_for(connection, base_url).await.map_err(RefreshError::Vault)?;
        let Some(Sealed { record, version }) = stored else { return Err(RefreshError::NotConnected) };
        if record.access_token != *refused {
            return Ok(Sealed { record, version });
        }
        let Some(refresh_token) = record.refresh_token.clone() else {
            return Err(RefreshError::NoRefreshToken);
        };
        let grant = RefreshGrant { client_id: record.client_id.clone(), refresh_token };
        match while_renewing(lease, now, exchange(grant)).await {
            Ok(tokens) => self.save_new((connection, base_url), renewed(record, tokens), version).await,
            Err(source) => match self.newer((connection, base_url), version).await {
                Some(newer) => newer.map_err(RefreshError::Vault),
                None => Err(RefreshError::Exchange { source, after_interruption: lease.took_over() }),
            },
        }
    }

    async fn save_new<E: std::error::Error + 'static>(
        &self,
        (connection, base_url): (&ConnectionName, &str),
        record: ConnectionRecord,
        after: Version,
    ) -> Result<Sealed, RefreshError<E>> {
        let mut pause = Duration::ZERO;
        let mut tries = 1;
        loop {
            let error = match self.save(connection, &record, Some(after)).await {
                Ok(version) => return Ok(Sealed { record, version }),
                Err(error) => error,
            };
            match self.newer((connection, base_url), after).await {
                // Written after all, or by somebody who connected again meanwhile.
                Some(newer) => return newer.map_err(RefreshError::Vault),
                None if tries == SAVES_MAX => return Err(RefreshError::Vault(error)),
                None => {}
            }
            time::sleep(pause).await;
            pause = SAVE_PAUSE_FIRST.max(pause * 2);
            tries += 1;
        }
    }

    /// What somebody else wrote meanwhile, if it is for the same account.
    async fn newer(
        &self,
        (connection, base_url): (&ConnectionName, &str),
        than: Version,
    ) -> Option<Result<Sealed, Error>> {
        let mut stored = self.load(connection).await.ok().flatten();
        let mut newer = stored.take_if(|stored| stored.version != than)?;
        Some(newer.record.bind(base_url).map(|()| newer))
    }
}

/// Keeps everybody from refreshing: what deletes or rewrites the tokens must not be overtaken by a new pair.
pub(crate) async fn exclude(
    store: Arc<dyn ObjectStore>,
    prefix: &Path,
    connection: &ConnectionName,
    (owner, now): (&str, i64),
) -> Result<Lease, Error> {
    // A dead refresher's lease ends within this wait.
    let wait = Duration::from_secs(TTL as u64 + 5);
    let request = LeaseRequest { owner, now, ttl: TTL, wait };
    lease::acquire(refreshing(store, prefix, connection), connection, request).await
}

fn refreshing(store: Arc<dyn ObjectStore>, prefix: &Path, connection: &ConnectionName) -> Series {
    Series::new(store, connection.dir(prefix, "refreshing"), "refresh lease")
}

/// Runs the exchange to its end whatever happens: its answer is the only copy of the new pair.
async fn while_renewing<T>(lease: &mut Lease, now: i64, exchange: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let mut exchange = pin!(exchange);
    loop {
        tokio::select! {
            answer = &mut exchange => return answer,
            () = time::sleep(Duration::from_secs(TTL as u64 / 3)) => {
                if lease.renew(now + started.elapsed().as_secs() as i64).await.is_err() {
                    tracing::debug!("the refresh lease was not renewed");
                }
            }
        }
    }
}

fn renewed(record: ConnectionRecord, tokens: NewTokens) -> ConnectionRecord {
    ConnectionRecord {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token.or(record.refresh_token),
        expires_at: tokens.expires_at,
        refresh_expires_at: tokens.refresh_expires_at,
        ..record
    }
}

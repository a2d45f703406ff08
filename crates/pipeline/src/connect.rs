//! Connecting: ask a person for the three permissions, check what was granted and to whom, keep the tokens sealed.

use std::time::Duration;

use deskmeter_connections::{
    ConnectionRecord, Error as StateError, PseudonymKey, Role as StoredRole, Sealed, SealingKey,
    Secret as StoredSecret, Status,
};
use deskmeter_extractor::{
    CallbackListener, Client, ClientOptions, CodeGrant, ErrorKind as FetchError, Pkce, Secret, TokenError,
    TokenSource, state,
};
use deskmeter_zendesk::{AuthorizationUrl, Me, Role, Scope, TokenResponse};
use serde::Serialize;
use tracing::warn;
use url::Url;

use crate::error::{Error, ErrorKind};
use crate::open::{client_secret, of_fetch, sealing_keys};
use crate::state::{State, of_state};
use crate::tokens::new_tokens;
use crate::{Context, PipelineFile};

/// How long somebody who connects waits for an account of before that may be gone to take its tokens back.
const GIVE_BACK_MAX: Duration = Duration::from_secs(20);

/// A connection that was made.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectReport {
    /// Granted scopes, separated by spaces.
    pub scopes: String,
    /// Permissions that were asked for and not granted: what depends on them stays empty.
    pub missing_scopes: Vec<&'static str>,
    /// Whether there was a connection before, whose pseudonyms go on.
    pub is_reconnected: bool,
}

/// An authorization that a person has been asked for: what must be known when the browser comes back.
pub struct Pending {
    client: Client,
    client_id: String,
    client_secret: Option<Secret>,
    redirect_uri: String,
    verifier: Secret,
    state: String,
}

/// Connects with a loopback callback: `show` is given the URL that the person must open. What can be wrong without the
/// person is found out first: the address, the store, the key.
pub async fn connect(
    pipeline: &PipelineFile,
    context: &Context,
    timeout: Duration,
    show: impl FnOnce(&str),
) -> Result<ConnectReport, Error> {
    let state = State::open(pipeline, context)?;
    let keys = sealing_keys(pipeline, context)?;
    refuse_while_deleting(&state, keys.clone()).await?;
    before(&state, keys).await?;
    let listener = CallbackListener::bind(pipeline.connection.callback_port).await.map_err(|error| {
        let port = pipeline.connection.callback_port;
        Error::new(ErrorKind::Config, format!("listen on 127.0.0.1:{port} for the browser"))
            .because(error)
            .next("let another callback_port be free, or leave it out where the OAuth client allows any port")
    })?;
    let redirect_uri = listener.redirect_uri().to_owned();
    let (url, pending) = begin_authorization(pipeline, context, &redirect_uri)?;
    pending.client.look_for_account().await.map_err(of_fetch)?;
    show(&url);
    let code = listener.wait(&pending.state, timeout).await.map_err(|error| match error.kind() {
        FetchError::CallbackFailed => Error::new(ErrorKind::NotConnected, "wait for the browser")
            .because(error)
            .next(format!(
                "if Zendesk's page showed an error instead of Allow, check client_id and that {redirect_uri} is a \
                 redirect URL of the OAuth client; if the browser runs on another machine, forward this port to it \
                 (ssh -L); then run `deskmeter connect` again"
            )),
        _ => of_fetch(error),
    })?;
    pending.finish(pipeline, context, code).await
}

/// The URL that a person must open, and what is needed when the browser comes back to `redirect_uri`.
pub fn begin_authorization(
    pipeline: &PipelineFile,
    context: &Context,
    redirect_uri: &str,
) -> Result<(String, Pending), Error> {
    // Everything that can be wrong here is told before a person is asked.
    let client_secret = client_secret(pipeline, context)?;
    sealing_keys(pipeline, context)?;
    let client = client(pipeline, context)?;
    let (pkce, state) = (Pkce::generate(), state());
    let url = AuthorizationUrl {
        base_url: pipeline.base_url(),
        client_id: &pipeline.connection.client_id,
        redirect_uri,
        state: &state,
        code_challenge: &pkce.challenge,
    }
    .to_string();
    let pending = Pending {
        client,
        client_id: pipeline.connection.client_id.clone(),
        client_secret,
        redirect_uri: redirect_uri.to_owned(),
        verifier: pkce.verifier,
        state,
    };
    Ok((url, pending))
}

impl Pending {
    /// Finishes when the browser has come back with this code and state.
    pub async fn complete(
        self,
        pipeline: &PipelineFile,
        context: &Context,
        code: &str,
        state: &str,
    ) -> Result<ConnectReport, Error> {
        if state != self.state {
            return Err(Error::new(
                ErrorKind::NotConnected,
                "match the answer with the question: another state came back",
            )
            .next("start connecting again"));
        }
        self.finish(pipeline, context, Secret::new(code.to_owned())).await
    }

    /// The state that the browser must bring back.
    pub fn state(&self) -> &str {
        &self.state
    }

    async fn finish(
        self,
        pipeline: &PipelineFile,
        context: &Context,
        code: Secret,
    ) -> Result<ConnectReport, Error> {
        let grant = CodeGrant {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            code,
            redirect_uri: self.redirect_uri.clone(),
            verifier: self.verifier.clone(),
        };
        let state = State::open(pipeline, context)?;
        let keys = sealing_keys(pipeline, context)?;
        refuse_while_deleting(&state, keys.clone()).await?;
        let response = self.client.exchange_code(&grant).await.map_err(of_fetch)?;
        let pair = (response.access_token.clone(), response.refresh_token.clone());
        let kept = async {
            let role = self.check(&response).await?;
            save((&state, keys, context), &self, response, role).await
        };
        match kept.await {
            Ok((report, superseded)) => {
                if let Some(old) = superseded {
                    let pair = (loose(&old.access_token), old.refresh_token.as_ref().map(loose));
                    let client = client_of(&old, pipeline, context);
                    self.give_back(client, &pair, "the tokens of the connection before").await;
                }
                Ok(report)
            }
            Err(refused) => {
                self.give_back(Ok(self.client.clone()), &pair, "the refused tokens").await;
                Err(refused)
            }
        }
    }

    /// Revokes tokens that are not kept: they must not go on working anywhere.
    async fn give_back(
        &self,
        client: Result<Client, Error>,
        (access, refresh): &(Secret, Option<Secret>),
        whose: &str,
    ) {
        let is_revoked = match &client {
            Ok(client) => {
                let pair = Loose { pending: self, client, access, refresh: refresh.as_ref() };
                let revoked = tokio::time::timeout(GIVE_BACK_MAX, client.revoke_current(&pair)).await;
                revoked.is_ok_and(|revoked| revoked.is_ok())
            }
            Err(_) => false,
        };
        if !is_revoked {
            warn!("{whose} are not proven to be revoked; revoke them in Zendesk's Admin Center");
        }
    }

    /// What was granted, and to whom.
    async fn check(&self, response: &TokenResponse) -> Result<StoredRole, Error> {
        check_scopes(response)?;
        let me = self.client.me(&Fresh(&response.access_token)).await.map_err(of_fetch)?;
        check_role(&me)
    }
}

/// Nothing new is begun while something is being deleted: it would be deleted too.
async fn refuse_while_deleting(state: &State, keys: Vec<SealingKey>) -> Result<(), Error> {
    let pending = state.deletions(keys)?.pending(&state.connection).await;
    match pending.map_err(|error| of_state("read the deletion job", error))? {
        None => Ok(()),
        Some(_) => {
            Err(Error::new(ErrorKind::NotConnected, "connect: this connection is still being deleted")
                .next("run `deskmeter purge` to finish the deletion, then connect"))
        }
    }
}

/// The connection that there was, if there was one.
async fn before(state: &State, keys: Vec<SealingKey>) -> Result<Option<Sealed>, Error> {
    let loaded = state.vault(keys)?.load(&state.connection).await;
    loaded.map_err(|error| of_state("read the stored connection", error))
}

/// A client for the account of the pipeline file.
pub(crate) fn client(pipeline: &PipelineFile, context: &Context) -> Result<Client, Error> {
    client_at(pipeline.connection.base_url.clone(), pipeline, context)
}

/// A client for the account that granted these tokens, whatever the pipeline file says by now: they are given back where
/// they came from.
pub(crate) fn client_of(
    record: &ConnectionRecord,
    pipeline: &PipelineFile,
    context: &Context,
) -> Result<Client, Error> {
    let Some(base_url) = &record.base_url else { return client(pipeline, context) };
    let base_url = Url::parse(base_url)
        .map_err(|error| Error::new(ErrorKind::Storage, "read the address of the tokens").because(error))?;
    client_at(base_url, pipeline, context)
}

fn client_at(base_url: Url, pipeline: &PipelineFile, context: &Context) -> Result<Client, Error> {
    let mut options = ClientOptions::new(base_url);
    options.quota_percent = pipeline.connection.quota_percent;
    options.high_volume = pipeline.connection.high_volume;
    options.request_timeout = Duration::from_secs(pipeline.sync.request_timeout_secs);
    options.retries_max = pipeline.sync.retries_max;
    options.pages = context.shares.pages.clone();
    Client::with_clock(options, context.timer.clone()).map_err(of_fetch)
}

/// More than was asked for is refused: the promise is exactly three scopes.
fn check_scopes(response: &TokenResponse) -> Result<(), Error> {
    let excess = Scope::excess(&response.scope);
    if excess.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::NotConnected, format!("refuse the connection: it grants {} beyond the three scopes", excess.join(", ")))
        .next("allow only tickets:read, users:read and organizations:read for the OAuth client in Admin Center, then connect again"))
}

fn check_role(me: &Me) -> Result<StoredRole, Error> {
    let failed = |what: &str| Err(Error::new(ErrorKind::NotConnected, what));
    match (me.is_someone(), me.user.role) {
        (false, _) => failed("refuse the connection: Zendesk treats the new token as anonymous")
            .map_err(|error| error.next("check client_id and the account's address, then connect again")),
        (true, Some(Role::Admin)) => Ok(StoredRole::Admin),
        (true, _) => failed("refuse the connection: the person who allowed it is not an admin, and only admins may read exports")
            .map_err(|error| error.next("let an admin run `deskmeter connect`")),
    }
}

/// Keeps the new tokens. Gives the record that they take the place of.
async fn save(
    (state, keys, context): (&State, Vec<SealingKey>, &Context),
    pending: &Pending,
    response: TokenResponse,
    role: StoredRole,
) -> Result<(ConnectReport, Option<ConnectionRecord>), Error> {
    let (vault, name) = (state.vault(keys.clone())?, &state.connection);
    let now = context.now().0;
    let scopes = response.scope.clone();
    let missing = Scope::missing(&scopes).into_iter().map(Scope::name).filter(|_| !scopes.is_empty());
    let missing_scopes = missing.collect();
    let tokens = new_tokens(response, now);
    loop {
        let before = before(state, keys.clone()).await?.map(|sealed| (sealed.version, sealed.record));
        let (pseudonym_key, connected_at) = before.as_ref().map_or_else(
            || (PseudonymKey::generate(), now),
            |(_, record)| (record.pseudonym_key.clone(), record.connected_at),
        );
        let record = ConnectionRecord {
            base_url: Some(pending.client.base_url().to_owned()),
            access_token: tokens.access_token.clone(),
            refresh_token: tokens.refresh_token.clone(),
            expires_at: tokens.expires_at,
            refresh_expires_at: tokens.refresh_expires_at,
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            client_id: pending.client_id.clone(),
            pseudonym_key,
            connected_at,
            role,
        };
        match vault.save(name, &record, before.as_ref().map(|(version, _)| *version)).await {
            // A run refreshed the old tokens meanwhile.
            Err(StateError::Conflict { .. }) => continue,
            saved => saved.map_err(|error| of_state("keep the tokens", error))?,
        };
        let board = state.board();
        let update = board.update(name, |status| {
            status.status = Status::Connected;
            status.connected_at = Some(connected_at);
            status.authorization_ends_at = record.authorization_ends_at();
        });
        update.await.map_err(|error| of_state("write the status", error))?;
        let is_reconnected = before.is_some();
        let old = before.map(|(_, record)| record);
        let superseded = old.filter(|old| old.access_token != record.access_token);
        return Ok((ConnectReport { scopes, missing_scopes, is_reconnected }, superseded));
    }
}

fn loose(stored: &StoredSecret) -> Secret {
    Secret::new(stored.expose().to_owned())
}

/// A token that is not stored yet.
struct Fresh<'a>(&'a Secret);

#[async_trait::async_trait]
impl TokenSource for Fresh<'_> {
    async fn access(&self) -> Result<Secret, TokenError> {
        Ok(self.0.clone())
    }

    async fn refresh(&self, _refused: &Secret) -> Result<Secret, TokenError> {
        Err(TokenError::NotConnected)
    }
}

/// Tokens that are only there to be revoked.
struct Loose<'a> {
    pending: &'a Pending,
    client: &'a Client,
    access: &'a Secret,
    refresh: Option<&'a Secret>,
}

#[async_trait::async_trait]
impl TokenSource for Loose<'_> {
    async fn access(&self) -> Result<Secret, TokenError> {
        Ok(self.access.clone())
    }

    async fn refresh(&self, _refused: &Secret) -> Result<Secret, TokenError> {
        let Pending { client_id, client_secret, .. } = self.pending;
        let refresh = self.refresh.ok_or(TokenError::NotConnected)?;
        let renewed = self.client.refresh(client_id, client_secret.as_ref(), refresh).await;
        renewed.map(|response| response.access_token).map_err(TokenError::of_refresh)
    }
}

//! Connecting: ask a person for the three permissions, check what was granted and to whom, keep the tokens sealed.

use std::time::Duration;

use deskmeter_connections::{ConnectionRecord, PseudonymKey, Role as StoredRole, Status};
use deskmeter_extractor::{
    CallbackListener, Client, ClientOptions, CodeGrant, Pkce, Secret, TokenError, TokenSource, state,
};
use deskmeter_zendesk::{AuthorizationUrl, Me, Role, Scope, TokenResponse};
use serde::Serialize;
use tracing::warn;

use crate::error::{Error, ErrorKind};
use crate::open::{client_secret, of_fetch, sealing_keys};
use crate::state::{State, of_state};
use crate::tokens::new_tokens;
use crate::{Context, PipelineFile};

/// A connection that was made.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectReport {
    /// Granted scopes, separated by spaces.
    pub scopes: String,
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

/// Connects with a loopback callback: `show` is given the URL that the person must open.
pub async fn connect(
    pipeline: &PipelineFile,
    context: &Context,
    timeout: Duration,
    show: impl FnOnce(&str),
) -> Result<ConnectReport, Error> {
    let listener = CallbackListener::bind(pipeline.connection.callback_port).await.map_err(of_fetch)?;
    let (url, pending) = begin_authorization(pipeline, context, listener.redirect_uri())?;
    show(&url);
    let code = listener.wait(&pending.state, timeout).await.map_err(of_fetch)?;
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
        let response = self.client.exchange_code(&grant).await.map_err(of_fetch)?;
        let role = match self.check(&response).await {
            Ok(role) => role,
            Err(refused) => {
                // A token that is not kept must not go on working anywhere.
                if self.client.revoke_current(&Fresh(&response.access_token)).await.is_err() {
                    warn!(
                        "the refused token is not proven to be revoked; revoke it in Zendesk's Admin Center"
                    );
                }
                return Err(refused);
            }
        };
        save(pipeline, context, self.client_id, response, role).await
    }
}

impl Pending {
    /// What was granted, and to whom.
    async fn check(&self, response: &TokenResponse) -> Result<StoredRole, Error> {
        check_scopes(response)?;
        let me = self.client.me(&Fresh(&response.access_token)).await.map_err(of_fetch)?;
        check_role(&me)
    }
}

/// A client for the account of the pipeline file.
pub(crate) fn client(pipeline: &PipelineFile, context: &Context) -> Result<Client, Error> {
    let mut options = ClientOptions::new(pipeline.connection.base_url.clone());
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

async fn save(
    pipeline: &PipelineFile,
    context: &Context,
    client_id: String,
    response: TokenResponse,
    role: StoredRole,
) -> Result<ConnectReport, Error> {
    let state = State::open(pipeline, context)?;
    let (vault, name) = (state.vault(sealing_keys(pipeline, context)?)?, &state.connection);
    let now = context.now().0;
    let before = vault.load(name).await.map_err(|error| of_state("read the stored connection", error))?;
    let scopes = response.scope.clone();
    let tokens = new_tokens(response, now);
    let (pseudonym_key, connected_at) = before.as_ref().map_or_else(
        || (PseudonymKey::generate(), now),
        |before| (before.record.pseudonym_key.clone(), before.record.connected_at),
    );
    let record = ConnectionRecord {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        expires_at: tokens.expires_at,
        refresh_expires_at: tokens.refresh_expires_at,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        client_id,
        pseudonym_key,
        connected_at,
        role,
    };
    let version = before.as_ref().map(|before| before.version);
    vault.save(name, &record, version).await.map_err(|error| of_state("keep the tokens", error))?;
    let board = state.board();
    let update = board.update(name, |status| {
        status.status = Status::Connected;
        status.connected_at = Some(connected_at);
    });
    update.await.map_err(|error| of_state("write the status", error))?;
    Ok(ConnectReport { scopes, is_reconnected: before.is_some() })
}

/// A token that is not stored yet.
struct Fresh<'a>(&'a str);

#[async_trait::async_trait]
impl TokenSource for Fresh<'_> {
    async fn access(&self) -> Result<Secret, TokenError> {
        Ok(Secret::new(self.0.to_owned()))
    }

    async fn refresh(&self, _refused: &Secret) -> Result<Secret, TokenError> {
        Err(TokenError::NotConnected)
    }
}

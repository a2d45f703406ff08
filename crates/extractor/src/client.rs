//! The client: which calls there are, and what is done when one fails.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use deskmeter_zendesk::{Me, PageRequest, Position, RateBucket, Stream, TokenResponse};
use reqwest::Method;
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::gate::{Gate, Waiting};
use crate::governor::Governor;
use crate::page_size::PageSizes;
use crate::retry::Attempts;
use crate::transport::{Answer, Call, Transport};
use crate::{
    ClientOptions, Clock, CodeGrant, Error, ErrorKind, RawPage, Secret, Stats, TokenSource, TokioClock,
    classify, oauth,
};

/// A client of one Zendesk account. Clones share one governor: all calls on an account must go through clones of one
/// client, or they would not know of each other's pace.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    transport: Transport,
    gate: Gate,
    page_sizes: Mutex<PageSizes>,
    retries_max: u32,
}

impl Client {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when an option is out of its range.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        Self::with_clock(options, Arc::new(TokioClock))
    }

    /// The same, waiting on a clock of the caller's.
    pub fn with_clock(options: ClientOptions, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        options.check()?;
        let governor = Governor::new(options.quota_percent, options.high_volume);
        Ok(Self(Arc::new(Shared {
            gate: Gate::new(governor, clock),
            page_sizes: Mutex::default(),
            retries_max: options.retries_max,
            transport: Transport::new(options)?,
        })))
    }

    /// Where it asks, without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.0.transport.base_url.as_str().trim_end_matches('/')
    }

    /// Fetches one page: waits for its turn, repeats what waiting can heal, refreshes a refused token once, and asks
    /// in smaller pieces when the server times out ([`RawPage::page_size`] says how small in the end).
    pub async fn fetch(&self, request: &PageRequest, tokens: &dyn TokenSource) -> Result<RawPage, Error> {
        let stream = request.stream;
        let by_cursor =
            matches!(request.from, Position::Cursor { .. } | Position::List { after: Some(_), .. });
        let mut session = Session::start(self, stream.name(), tokens).await?;
        loop {
            let page_size = self.page_sizes().fit(stream, request.page_size);
            let call = page_call(&PageRequest { page_size, ..request.clone() });
            let sent = session.send(&call).await;
            let checked = sent.and_then(|answer| {
                classify::status(stream.name(), &answer, by_cursor)?;
                classify::json_object(stream.name(), &answer)?;
                Ok(answer)
            });
            match checked {
                Ok(answer) => {
                    self.page_sizes().came_through(stream);
                    return Ok(RawPage::new(answer, stream, page_size));
                }
                Err(error) => {
                    if error.kind() == ErrorKind::Timeout {
                        self.page_sizes().timed_out(stream, page_size);
                    }
                    session.recover(error).await?;
                }
            }
        }
    }

    /// Asks who the token acts as. An anonymous user is an answer too: check [`Me::is_someone`].
    pub async fn me(&self, tokens: &dyn TokenSource) -> Result<Me, Error> {
        let endpoint = Me::path();
        let mut session = Session::start(self, endpoint, tokens).await?;
        loop {
            match session
                .send(&account_call(Method::GET, endpoint, None))
                .await
                .and_then(|answer| me(&answer))
            {
                Ok(me) => return Ok(me),
                Err(error) => session.recover(error).await?,
            }
        }
    }

    /// Exchanges a code for the first pair of tokens. Not repeated: the code is valid once.
    pub async fn exchange_code(&self, grant: &CodeGrant) -> Result<TokenResponse, Error> {
        let call = account_call(Method::POST, oauth::TOKENS, grant.body().ok());
        let answer = self.0.transport.send(&self.0.gate, &call, None).await?;
        token_response(&answer)
    }

    /// Exchanges a refresh token for the next pair. Refresh tokens are valid once: the new pair must be durable before
    /// it is used, and only one process may be here at a time (the vault sees to both). When an answer is lost the
    /// same token is tried again; if the server had rotated it, that is refused as [`ErrorKind::NotAuthorized`].
    pub async fn refresh(
        &self,
        client_id: &str,
        client_secret: Option<&Secret>,
        refresh_token: &Secret,
    ) -> Result<TokenResponse, Error> {
        let body = oauth::refresh_body(client_id, client_secret, refresh_token).ok();
        self.repeat(&account_call(Method::POST, oauth::TOKENS, body), None, token_response).await
    }

    /// Whether a Zendesk account answers at the base URL: asked once, without a token, before a person is sent there.
    ///
    /// # Errors
    /// [`ErrorKind::WrongAddress`] when something else answers, [`ErrorKind::Unreachable`] when nothing does. A failure
    /// that may pass (429, 5xx, a timeout) is none here.
    pub async fn look_for_account(&self) -> Result<(), Error> {
        let call = account_call(Method::GET, Me::path(), None);
        let sent = self.0.transport.send(&self.0.gate, &call, None).await;
        let Err(error) = sent.and_then(|answer| me(&answer)) else { return Ok(()) };
        match error.kind() {
            ErrorKind::Unreachable | ErrorKind::WrongAddress | ErrorKind::Configuration => Err(error),
            ErrorKind::NotOnPlan | ErrorKind::UnexpectedAnswer => Err(Error::new(
                ErrorKind::WrongAddress,
                Me::path(),
                "what answers at the base URL is no Zendesk account",
            )),
            _ => Ok(()),
        }
    }

    /// Revokes the authorization and proves it: accounts are known where the call answers 204 and the token goes on
    /// working, so that only a refusal of the next call counts. An access token that is refused may only have ended:
    /// then a new one is asked for, and revoked.
    ///
    /// # Errors
    /// [`ErrorKind::NotRevoked`] when the token still works: revoke it in Zendesk's Admin Center.
    pub async fn revoke_current(&self, tokens: &dyn TokenSource) -> Result<(), Error> {
        let is_refused = |error: &Error| error.kind() == ErrorKind::NotAuthorized;
        let of_tokens = |error| Error::of_tokens(oauth::CURRENT, error);
        let token = tokens.access().await.map_err(of_tokens)?;
        let first = self.revoke(&token).await;
        if !first.as_ref().is_err_and(is_refused) {
            return first;
        }
        let second = match tokens.refresh(&token).await.map_err(of_tokens) {
            Ok(token) => self.revoke(&token).await,
            Err(error) => Err(error),
        };
        second.or_else(|error| if is_refused(&error) { Ok(()) } else { Err(error) })
    }

    /// Revokes this token. [`ErrorKind::NotAuthorized`] says that it was refused before.
    async fn revoke(&self, token: &Secret) -> Result<(), Error> {
        let endpoint = oauth::CURRENT;
        let revoke = account_call(Method::DELETE, endpoint, None);
        self.repeat(&revoke, Some(token), |answer| classify::status(endpoint, answer, false)).await?;
        let ask = account_call(Method::GET, Me::path(), None);
        match self.repeat(&ask, Some(token), me).await {
            Ok(me) if me.is_someone() => {
                let reason = "the token is said to be revoked and still works";
                Err(Error::new(ErrorKind::NotRevoked, endpoint, reason))
            }
            Err(error) if error.kind() != ErrorKind::NotAuthorized => Err(error),
            _ => Ok(()),
        }
    }

    /// Requests a minute that this client allows itself on a limit: its share of what the account announced, or of the
    /// documented limit before the first answer.
    pub fn requests_per_minute(&self, bucket: RateBucket) -> u64 {
        self.0.gate.allowance(bucket)
    }

    /// What was done so far.
    pub fn stats(&self) -> Stats {
        self.0.gate.stats()
    }

    /// Follows the waits: the newest one that is under way, or none.
    pub fn observe(&self) -> watch::Receiver<Option<Waiting>> {
        self.0.gate.observe()
    }

    /// Sends a call until it succeeds or its failure cannot heal.
    async fn repeat<T>(
        &self,
        call: &Call,
        token: Option<&Secret>,
        read: impl Fn(&Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempts = Attempts::new(self.0.retries_max);
        loop {
            let sent = self.0.transport.send(&self.0.gate, call, token).await;
            match sent.and_then(|answer| read(&answer)) {
                Ok(value) => return Ok(value),
                Err(error) => self.pause(error, &mut attempts).await?,
            }
        }
    }

    /// Waits if the failure can heal, else gives it back.
    async fn pause(&self, error: Error, attempts: &mut Attempts) -> Result<(), Error> {
        let Some(pause) = attempts.pause(&error, rand::random()) else { return Err(error) };
        warn!(
            endpoint = error.endpoint(),
            status = error.status(),
            reason = error.reason(),
            "repeating a request"
        );
        self.0.gate.count(|stats| stats.retries += 1);
        if !pause.is_zero() {
            self.0.gate.wait_to_retry(error.endpoint(), pause).await;
        }
        Ok(())
    }

    fn page_sizes(&self) -> MutexGuard<'_, PageSizes> {
        self.0.page_sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One authorized call with its repeats.
struct Session<'a> {
    client: &'a Client,
    endpoint: &'static str,
    tokens: &'a dyn TokenSource,
    token: Secret,
    was_refreshed: bool,
    attempts: Attempts,
}

impl<'a> Session<'a> {
    async fn start(
        client: &'a Client,
        endpoint: &'static str,
        tokens: &'a dyn TokenSource,
    ) -> Result<Self, Error> {
        let token = tokens.access().await.map_err(|error| Error::of_tokens(endpoint, error))?;
        let attempts = Attempts::new(client.0.retries_max);
        Ok(Self { client, endpoint, tokens, token, was_refreshed: false, attempts })
    }

    async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let shared = &self.client.0;
        shared.transport.send(&shared.gate, call, Some(&self.token)).await
    }

    /// Makes the next attempt worth while, or gives the failure back.
    async fn recover(&mut self, error: Error) -> Result<(), Error> {
        if error.kind() != ErrorKind::NotAuthorized || self.was_refreshed {
            return self.client.pause(error, &mut self.attempts).await;
        }
        debug!(endpoint = self.endpoint, "refreshing a refused token");
        self.was_refreshed = true;
        let refreshed = self.tokens.refresh(&self.token).await;
        self.token = refreshed.map_err(|error| Error::of_tokens(self.endpoint, error))?;
        Ok(())
    }
}

fn page_call(request: &PageRequest) -> Call {
    let stream: Stream = request.stream;
    Call {
        endpoint: stream.name(),
        bucket: request.rate_bucket(),
        method: Method::GET,
        path_and_query: request.path_and_query(),
        body: None,
    }
}

fn account_call(method: Method, path: &'static str, body: Option<Bytes>) -> Call {
    Call { endpoint: path, bucket: RateBucket::Account, method, path_and_query: path.to_owned(), body }
}

fn me(answer: &Answer) -> Result<Me, Error> {
    classify::status(Me::path(), answer, false)?;
    classify::json_object(Me::path(), answer)?;
    // What serde says quotes the value: it is dropped.
    serde_json::from_slice(&answer.body)
        .map_err(|_| classify::unexpected(Me::path(), "the user is not of the documented shape", answer))
}

fn token_response(answer: &Answer) -> Result<TokenResponse, Error> {
    classify::token_status(oauth::TOKENS, answer)?;
    classify::json_object(oauth::TOKENS, answer)?;
    serde_json::from_slice(&answer.body).map_err(|_| {
        classify::unexpected(oauth::TOKENS, "the tokens are not of the documented shape", answer)
    })
}

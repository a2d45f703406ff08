//! One request and its answer: connections, the body within bounds, decompression. No repeats, no decisions.

use std::error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use deskmeter_zendesk::RateBucket;
use flate2::write::MultiGzDecoder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::{Method, Proxy, Response, redirect};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;
use zeroize::{Zeroize, Zeroizing};

use crate::gate::Gate;
use crate::limits::{self, Limits};
use crate::{ClientOptions, Error, ErrorKind, PageBudget, Secret, classify, retry};

/// The most that is read of an answer that is not a success; it only serves to tell one refusal from another.
const ERROR_BODY_MAX: usize = 64 << 10;
/// Longer request ids than this are not Zendesk's.
const REQUEST_ID_MAX: usize = 64;

/// One request.
pub(crate) struct Call {
    /// Its name in errors and logs: the stream's, or the path's.
    pub(crate) endpoint: &'static str,
    pub(crate) bucket: RateBucket,
    pub(crate) method: Method,
    /// Below the base URL; holds cursors.
    pub(crate) path_and_query: String,
    /// JSON: a grant, and so a secret, as is its answer.
    pub(crate) body: Option<Bytes>,
}

/// What came back, whatever the status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) is_json: bool,
    pub(crate) body: Bytes,
    pub(crate) bytes_received: u64,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// The body's place in the budget; none for refusals, which are small.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

pub(crate) struct Transport {
    http: reqwest::Client,
    pub(crate) base_url: Url,
    page_bytes_max: usize,
    pages: PageBudget,
}

impl Transport {
    pub(crate) fn new(options: ClientOptions) -> Result<Self, Error> {
        let refuse = |reason| Error::new(ErrorKind::Configuration, "client options", reason);
        let proxied = match &options.proxy {
            Some(url) => {
                let proxy = Proxy::all(url.as_str()).map_err(|_| refuse("the proxy URL is not one"))?;
                reqwest::Client::builder().proxy(proxy)
            }
            None => reqwest::Client::builder().no_proxy(),
        };
        // The API never redirects: a redirect is the sign of a wrong address, and must not carry a token away.
        // Decompression is ours, so that both sizes are known and the larger one is bounded.
        let http = proxied
            .user_agent(concat!("deskmeter/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_gzip()
            .dns_resolver(Resolver)
            .timeout(options.request_timeout)
            .connect_timeout(options.connect_timeout)
            .build()
            .map_err(|_| refuse("the HTTP client cannot be made (no TLS roots?)"))?;
        let ClientOptions { base_url, page_bytes_max, pages, .. } = options;
        Ok(Self { http, base_url, page_bytes_max, pages })
    }

    /// Passes the gate, sends, reads. Statuses are answers, not errors, but for 429: the gate must know at once.
    pub(crate) async fn send(
        &self,
        gate: &Gate,
        call: &Call,
        token: Option<&Secret>,
    ) -> Result<Answer, Error> {
        let request = self.request(call, token)?;
        let mut passage = gate.pass(call.bucket, call.endpoint).await;
        let response = request.send().await.map_err(|error| classify::connection(call.endpoint, &error))?;
        let limits = Limits::read(response.headers());
        passage.answered(&limits);
        let retry_after = limits::retry_after(response.headers());
        if response.status().as_u16() == 429 {
            passage.refused(retry::rate_limit_pause(retry_after, &limits, rand::random()));
        }
        let answer = self.read(call, response, retry_after).await?;
        gate.count(|stats| {
            stats.bytes_received += answer.bytes_received;
            stats.bytes_uncompressed += answer.body.len() as u64;
        });
        Ok(answer)
    }

    fn request(&self, call: &Call, token: Option<&Secret>) -> Result<reqwest::RequestBuilder, Error> {
        let url = self
            .base_url
            .join(&call.path_and_query)
            .map_err(|_| Error::new(ErrorKind::Configuration, call.endpoint, "the path is not one"))?;
        let mut request = self.http.request(call.method.clone(), url).header(ACCEPT, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, bearer(call.endpoint, token)?);
        }
        Ok(match &call.body {
            // Tokens come uncompressed: a decoder's buffers could not be wiped.
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            None => request.header(ACCEPT_ENCODING, "gzip"),
        })
    }

    async fn read(
        &self,
        call: &Call,
        mut response: Response,
        retry_after: Option<Duration>,
    ) -> Result<Answer, Error> {
        let status = response.status();
        let is_json = is_json(response.headers());
        let request_id = request_id(response.headers());
        let bytes_max = if status.is_success() { self.page_bytes_max } else { ERROR_BODY_MAX };
        let place = if status.is_success() { self.pages.place().await } else { None };
        let mut body = match &call.body {
            None => Body::new(response.headers(), bytes_max),
            Some(_) => Body::Secret(Bounded::with_room(ERROR_BODY_MAX)),
        };
        let mut bytes_received = 0;
        let outcome = loop {
            let chunk =
                response.chunk().await.map_err(|error| classify::connection(call.endpoint, &error))?;
            let Some(chunk) = chunk else { break body.finish() };
            bytes_received += chunk.len() as u64;
            if let Err(error) = body.write(&chunk) {
                break Err(error);
            }
        };
        let body = match outcome {
            Ok(body) => body,
            // Of a refusal, whatever could be read is enough.
            Err(_) if !status.is_success() => Bytes::new(),
            Err(error) => {
                return Err(classify::body(call.endpoint, &error).with_answer(status.as_u16(), request_id));
            }
        };
        Ok(Answer { status: status.as_u16(), is_json, body, bytes_received, request_id, retry_after, place })
    }
}

/// The header that carries a token: wiped when it is dropped, and printed by nobody.
fn bearer(endpoint: &'static str, token: &Secret) -> Result<HeaderValue, Error> {
    let text = Zeroizing::new([b"Bearer ", token.expose().as_bytes()].concat());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).map_err(|_| {
        Error::new(ErrorKind::Configuration, endpoint, "the token holds characters that no header may")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| kind.contains("json"))
}

/// The first `x-request-id` (Zendesk sends it twice), if it looks like one.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let is_plain =
        id.len() <= REQUEST_ID_MAX && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_plain.then(|| id.to_owned())
}

/// A body on its way in.
enum Body {
    Plain(Bounded),
    /// Plain too, and wiped when it is dropped.
    Secret(Zeroizing<Bounded>),
    Gzip(Box<MultiGzDecoder<Bounded>>),
    Unreadable,
}

impl Body {
    fn new(headers: &HeaderMap, bytes_max: usize) -> Self {
        let bounded = Bounded { bytes: Vec::new(), bytes_max };
        match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => Self::Plain(bounded),
            Some(b"gzip") => Self::Gzip(Box::new(MultiGzDecoder::new(bounded))),
            Some(_) => Self::Unreadable,
        }
    }

    fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(bounded) => bounded.write_all(chunk),
            Self::Secret(bounded) => bounded.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk),
            Self::Unreadable => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn finish(self) -> io::Result<Bytes> {
        match self {
            Self::Plain(bounded) => Ok(bounded.bytes.into()),
            Self::Secret(bounded) => Ok(Bytes::from_owner(bounded)),
            Self::Gzip(decoder) => decoder.finish().map(|bounded| bounded.bytes.into()),
            Self::Unreadable => Ok(Bytes::new()),
        }
    }
}

struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Bounded {
    /// A body that never grows, and so leaves no piece behind.
    fn with_room(bytes_max: usize) -> Zeroizing<Self> {
        Zeroizing::new(Self { bytes: Vec::with_capacity(bytes_max), bytes_max })
    }
}

impl Zeroize for Bounded {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
    }
}

impl AsRef<[u8]> for Bounded {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Write for Bounded {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + chunk.len() > self.bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The system's resolver, with a failure that can be told from all others.
struct Resolver;

/// The host has no address.
#[derive(Debug, thiserror::Error)]
#[error("the host name does not resolve")]
pub(crate) struct NameNotResolved;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<SocketAddr> = addresses.map_err(|_| boxed())?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn boxed() -> Box<dyn error::Error + Send + Sync> {
    Box::new(NameNotResolved)
}

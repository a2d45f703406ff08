//! The loopback address to which Zendesk sends the browser back (RFC 8252, section 7.3).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time;
use url::form_urlencoded;
use zeroize::Zeroizing;

use deskmeter_zendesk::OAuthError;

use crate::{Error, ErrorKind, Secret, classify};

/// The name in errors.
const ENDPOINT: &str = "OAuth callback";
/// The path that is answered.
const PATH: &str = "/callback";
/// The longest request line that is read.
const REQUEST_MAX: usize = 8 << 10;
/// A browser that connects and says nothing is given up after this long.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A listener on 127.0.0.1 that waits for one authorization code.
#[derive(Debug)]
pub struct CallbackListener {
    listener: TcpListener,
    redirect_uri: String,
}

/// What one request to the listener means.
enum Visit {
    Code(Secret),
    Refused(OAuthError),
    Foreign,
    NotFound,
}

impl CallbackListener {
    /// Listens on this port of 127.0.0.1; 0 takes any free one. A fixed port is for clients whose registered redirect
    /// URI names one.
    ///
    /// # Errors
    /// [`ErrorKind::CallbackFailed`] when the port is taken.
    pub async fn bind(port: u16) -> Result<Self, Error> {
        let fail = |_| Error::new(ErrorKind::CallbackFailed, ENDPOINT, "listen on the loopback port");
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(fail)?;
        let port = listener.local_addr().map_err(fail)?.port();
        Ok(Self { listener, redirect_uri: format!("http://127.0.0.1:{port}{PATH}") })
    }

    /// The redirect URI for the authorization request and the exchange.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the browser to bring a code with this `state`. A visit with another state is answered with a
    /// refusal and otherwise ignored, so that no other page can end the wait.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`] when the person said no, [`ErrorKind::CallbackFailed`] when nobody came in time.
    pub async fn wait(self, state: &str, timeout: Duration) -> Result<Secret, Error> {
        time::timeout(timeout, self.first_answer(state)).await.unwrap_or(Err(Error::new(
            ErrorKind::CallbackFailed,
            ENDPOINT,
            "nobody answered in time",
        )))
    }

    async fn first_answer(&self, state: &str) -> Result<Secret, Error> {
        loop {
            // A connection that cannot be accepted is the visitor's loss; the next one may be the right one.
            let Ok((mut visitor, _)) = self.listener.accept().await else { continue };
            let Ok(Some(target)) = time::timeout(REQUEST_TIMEOUT, request_target(&mut visitor)).await else {
                continue;
            };
            let visit = Visit::of(&target, state);
            visit.answer(&mut visitor).await;
            match visit {
                Visit::Code(code) => return Ok(code),
                Visit::Refused(error) => {
                    let (kind, reason) = refusal(error);
                    return Err(Error::new(kind, ENDPOINT, reason));
                }
                Visit::Foreign | Visit::NotFound => {}
            }
        }
    }
}

impl Visit {
    fn of(target: &str, state: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != PATH {
            return Self::NotFound;
        }
        // Parsed in place: a copy of the code would not be wiped.
        let pairs = || form_urlencoded::parse(query.as_bytes());
        let value = |name: &str| pairs().find(|(key, _)| key == name).map(|(_, value)| value);
        if value("state").as_deref() != Some(state) {
            return Self::Foreign;
        }
        match (value("code"), value("error")) {
            (Some(code), None) => Self::Code(Secret::new(code.into_owned())),
            (_, error) => Self::Refused(error.map_or(OAuthError::Other, |code| OAuthError::of(&code))),
        }
    }

    /// Tells the person at the browser. The text quotes nothing of the request.
    async fn answer(&self, visitor: &mut TcpStream) {
        let (status, text) = match self {
            Self::Code(_) => ("200 OK", "deskmeter is connected. You can close this window."),
            Self::Refused(OAuthError::AccessDenied) => {
                ("200 OK", "The connection was not allowed. You can close this window.")
            }
            Self::Refused(_) => (
                "200 OK",
                "Zendesk could not ask for consent. deskmeter says why; you can close this window.",
            ),
            Self::Foreign => ("400 Bad Request", "This answer belongs to another attempt to connect."),
            Self::NotFound => ("404 Not Found", "Nothing is here."),
        };
        let page = format!("<!doctype html><meta charset=utf-8><title>deskmeter</title><p>{text}</p>");
        let length = page.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\n\
             cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{page}"
        );
        // A browser that left before its page came changes nothing.
        let _ = visitor.write_all(answer.as_bytes()).await;
        let _ = visitor.shutdown().await;
    }
}

/// Why the consent page sent the browser back without a code (RFC 6749, section 4.1.2.1).
const fn refusal(error: OAuthError) -> (ErrorKind, &'static str) {
    match error {
        OAuthError::AccessDenied => {
            (ErrorKind::AccessDenied, "the connection was not allowed on the consent page")
        }
        OAuthError::Other => (ErrorKind::CallbackFailed, "the consent page ended in an error of Zendesk's"),
        error => classify::oauth(error),
    }
}

/// The target of a GET request: what stands between `GET ` and the next space.
async fn request_target(visitor: &mut TcpStream) -> Option<Zeroizing<String>> {
    let mut head = Zeroizing::new(Vec::with_capacity(REQUEST_MAX));
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() == REQUEST_MAX || visitor.take(room(&head)).read_buf(&mut *head).await.ok()? == 0 {
            return None;
        }
    }
    let text = std::str::from_utf8(&head).ok()?;
    text.strip_prefix("GET ")?.split(' ').next().map(|target| Zeroizing::new(target.to_owned()))
}

/// What may still be read of a request, so that its buffer never grows and leaves pieces behind.
fn room(head: &[u8]) -> u64 {
    (REQUEST_MAX - head.len()) as u64
}

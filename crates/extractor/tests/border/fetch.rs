//! Pages: what comes through, what is repeated, what is refused and how it is told.

use std::io::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use deskmeter_extractor::{ClientOptions, Error, ErrorKind, Secret, TokenError, TokenSource};
use deskmeter_zendesk::{Cursor, PageRequest, PageSize, Position, Stream};
use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

use crate::support::{Server, Tokens, client, client_with, first_page, html, json, page};

/// What a reader of logs must never meet.
const CONTENT: &str = "POISON_someone@example.com";

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn gzip_answer(body: Vec<u8>) -> Response {
    Response::builder()
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(Body::from(body))
        .unwrap()
}

/// Fetches tickets from a server that always answers so; gives the error and how many requests it took.
async fn refused(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> (Error, usize) {
    let server = Server::start(move |_| answer()).await;
    let (client, _) = client(&server.url);
    let error = client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await.unwrap_err();
    let printed = format!("{error} {error:?}");
    assert!(!printed.contains("POISON") && !printed.contains("start_time"), "{printed}");
    (error, server.seen().len())
}

async fn check(
    answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
    kind: ErrorKind,
    requests: usize,
) {
    let (error, sent) = refused(answer).await;
    assert_eq!((error.kind(), sent), (kind, requests), "{error}");
}

#[tokio::test]
async fn hands_on_a_compressed_page_byte_by_byte_and_counts_both_sizes() {
    let text = format!(r#"{{"tickets":[{}]}}"#, vec![r#"{"id":1}"#; 500].join(","));
    let body = text.clone();
    let server = Server::start(move |_| gzip_answer(gzipped(&body))).await;
    let (client, _) = client(&server.url);

    let raw = client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await.unwrap();

    assert_eq!(raw.bytes(), text.as_bytes());
    assert_eq!(raw.bytes_received(), gzipped(&text).len() as u64);
    assert_eq!(client.stats().bytes_uncompressed, text.len() as u64);
    assert!(!format!("{raw:?}").contains("id"), "a page prints no content");
    let seen = server.seen();
    assert_eq!(seen[0].headers["accept-encoding"], "gzip");
    assert_eq!(seen[0].bearer(), "Bearer t0");
    assert_eq!(seen[0].path, "/api/v2/incremental/tickets/cursor");
    assert!(seen[0].query.contains("include=metric_sets"));
}

#[tokio::test]
async fn refreshes_a_refused_token_once_and_repeats_the_same_request() {
    let server = Server::start(|seen| match seen.bearer() {
        "Bearer t1" => page(),
        _ => json(401, r#"{"error":"invalid_token"}"#, &[]),
    })
    .await;
    let (client, _) = client(&server.url);
    let tokens = Tokens::default();

    client.fetch(&first_page(Stream::Tickets), &tokens).await.unwrap();

    assert_eq!(tokens.refreshes(), 1);
    assert_eq!(server.seen()[0].query, server.seen()[1].query);
}

#[tokio::test]
async fn says_not_authorized_when_the_refreshed_token_is_refused_too() {
    check(|| json(401, r#"{"error":"invalid_token"}"#, &[]), ErrorKind::NotAuthorized, 2).await;
}

#[tokio::test]
async fn heals_a_storm_of_every_passing_fault() {
    let server = Server::start(|seen| match seen.number {
        0 => json(500, "{}", &[]),
        1 => html(502, "<html>bad gateway</html>"),
        2 => json(503, "", &[("retry-after", "30")]),
        3 => html(504, "upstream request timeout"),
        4 => html(200, "<html>maintenance</html>"),
        5 => gzip_answer(gzipped(r#"{"tickets":[]}"#)[..20].to_vec()),
        6 => json(429, r#"{"error":"APIRateLimitExceeded"}"#, &[("retry-after", "7")]),
        7 => Response::builder()
            .header("content-type", "application/json")
            .header("content-length", "1000")
            .body(Body::from_stream(futures::stream::once(async {
                Err::<Vec<u8>, _>(std::io::Error::other("reset"))
            })))
            .unwrap(),
        _ => page(),
    })
    .await;
    let (client, _) = client(&server.url);

    let raw = client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await.unwrap();

    assert!(raw.bytes().starts_with(b"{"));
    let stats = client.stats();
    assert_eq!((stats.requests, stats.retries, stats.rate_limited), (9, 8, 1));
    assert!(stats.waited_to_retry >= Duration::from_secs(30), "{stats:?}");
    assert!(stats.waited_for_rate >= Duration::from_secs(7), "{stats:?}");
}

#[tokio::test]
async fn asks_for_smaller_pages_after_timeouts_and_grows_again() {
    let rows =
        |query: &str| query.split("per_page=").nth(1).and_then(|number| number.parse::<u16>().ok()).unwrap();
    let server = Server::start(move |seen| {
        if seen.number < 5 && rows(&seen.query) > 250 {
            html(504, "upstream request timeout")
        } else {
            page()
        }
    })
    .await;
    let (client, _) = client(&server.url);

    let mut sizes = Vec::new();
    for _ in 0..12 {
        let raw = client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await.unwrap();
        sizes.push(raw.page_size().get());
    }

    assert_eq!(sizes, [250, 250, 250, 250, 250, 500, 500, 500, 500, 500, 1_000, 1_000]);
    assert_eq!(
        server.seen().iter().take(3).map(|seen| rows(&seen.query)).collect::<Vec<_>>(),
        [1_000, 500, 250]
    );
}

#[tokio::test]
async fn tells_the_three_refusals_of_status_403_apart() {
    let scope = || {
        let text = "You are missing the following required scopes: groups:read, read";
        json(403, &format!(r#"{{"error":"Forbidden","description":"{text} {CONTENT}"}}"#), &[])
    };
    let role = || json(403, &format!(r#"{{"error":{{"title":"Forbidden","message":"{CONTENT}"}}}}"#), &[]);
    check(scope, ErrorKind::MissingScope, 1).await;
    check(role, ErrorKind::NotAdmin, 1).await;
    check(|| html(403, ""), ErrorKind::NotOnPlan, 1).await;
}

#[tokio::test]
async fn tells_a_wrong_address_from_a_missing_endpoint() {
    check(|| json(404, r#"{"error":"InvalidEndpoint"}"#, &[]), ErrorKind::NotOnPlan, 1).await;
    check(|| html(404, "<html>no such help desk</html>"), ErrorKind::WrongAddress, 1).await;
    let away =
        || Response::builder().status(302).header("location", "https://example.com/").body(Body::empty());
    check(move || away().unwrap(), ErrorKind::WrongAddress, 1).await;
}

#[tokio::test]
async fn tells_a_refused_cursor_from_a_start_time_that_is_too_recent() {
    check(|| json(400, r#"{"error":"StartTimeTooRecent"}"#, &[]), ErrorKind::StartTimeTooRecent, 1).await;
    check(|| json(400, r#"{"error":"InvalidPaginationParameter"}"#, &[]), ErrorKind::BadCursor, 1).await;

    let server = Server::start(|_| json(400, "{}", &[])).await;
    let (client, _) = client(&server.url);
    let from = Position::Cursor { cursor: Cursor::new(CONTENT.into()), newest: None };
    let request = PageRequest { stream: Stream::Tickets, from, page_size: PageSize::MAX };
    let error = client.fetch(&request, &Tokens::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadCursor);
    assert!(!format!("{error} {error:?}").contains("POISON"));
}

#[tokio::test]
async fn gives_up_after_as_many_repeats_as_the_fault_deserves() {
    check(|| json(500, CONTENT, &[]), ErrorKind::ServerFailed, 11).await;
    check(|| json(429, CONTENT, &[]), ErrorKind::RateLimited, 11).await;
    check(|| html(200, CONTENT), ErrorKind::UnexpectedAnswer, 4).await;
    check(|| json(200, "[]", &[]), ErrorKind::UnexpectedAnswer, 4).await;
}

#[tokio::test]
async fn leaves_a_server_that_asks_to_wait_for_longer_than_ten_minutes() {
    let (error, requests) = refused(|| json(503, "", &[("retry-after", "3600")])).await;
    assert_eq!((error.kind(), requests), (ErrorKind::ServerFailed, 1));
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn names_the_request_by_zendesks_id_and_by_nothing_that_only_looks_like_one() {
    let (error, _) = refused(|| json(403, "", &[("x-request-id", "5f3-a"), ("x-request-id", "other")])).await;
    assert_eq!(
        error.to_string(),
        "tickets: the account's plan does not include it (status 403, request 5f3-a)"
    );
    let (error, _) = refused(|| json(403, "", &[("x-request-id", CONTENT)])).await;
    assert_eq!(error.to_string(), "tickets: the account's plan does not include it (status 403)");
}

#[tokio::test]
async fn refuses_a_page_that_grows_beyond_its_bound_when_decompressed() {
    let bomb = gzipped(&format!(r#"{{"tickets":"{}"}}"#, "a".repeat(100_000)));
    let server = Server::start(move |_| gzip_answer(bomb.clone())).await;
    let (client, _) =
        client_with(ClientOptions { page_bytes_max: 50_000, ..ClientOptions::new(server.url.clone()) });
    let error = client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::UnexpectedAnswer, false));
}

#[tokio::test]
async fn tells_the_ways_in_which_nobody_answers_apart() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let no_tls = Server::start(|_| page()).await.url.to_string().replace("http:", "https:");
    for (url, reason) in [
        (nobody.as_str(), "the connection was refused"),
        (no_tls.as_str(), "the TLS handshake failed"),
        ("https://no-such-account.invalid", "the host name does not resolve"),
    ] {
        let (client, _) = client(&Url::parse(url).unwrap());
        let error = client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (ErrorKind::Unreachable, reason));
    }
}

/// A source whose tokens cannot be had.
struct NoTokens(fn() -> TokenError);

#[async_trait::async_trait]
impl TokenSource for NoTokens {
    async fn access(&self) -> Result<Secret, TokenError> {
        Err(self.0())
    }

    async fn refresh(&self, _refused: &Secret) -> Result<Secret, TokenError> {
        Err(self.0())
    }
}

#[tokio::test]
async fn tells_a_lost_authorization_from_a_vault_that_failed_and_sends_nothing() {
    let server = Server::start(|_| page()).await;
    let (client, _) = client(&server.url);
    for (source, kind) in [
        (NoTokens(|| TokenError::NotConnected), ErrorKind::NotAuthorized),
        (NoTokens(|| TokenError::Vault("disk".into())), ErrorKind::TokenVault),
    ] {
        let error = client.fetch(&first_page(Stream::Tickets), &source).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(std::error::Error::source(&error).is_some());
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn sends_everything_through_a_proxy_that_is_given() {
    let proxy = Server::start(|_| page()).await;
    let nowhere = Url::parse("http://localhost:1").unwrap();
    let (client, _) =
        client_with(ClientOptions { proxy: Some(proxy.url.clone()), ..ClientOptions::new(nowhere) });
    client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await.unwrap();
    assert_eq!(proxy.seen()[0].headers["host"], "localhost:1");
}

#[tokio::test]
async fn accepts_https_and_loopback_and_no_other_base_url() {
    let refuses = |url: &str| {
        let options = ClientOptions::new(Url::parse(url).unwrap());
        let refused = deskmeter_extractor::Client::new(options).err();
        refused.is_some_and(|error| error.kind() == ErrorKind::Configuration)
    };
    assert!(!refuses("https://acme.zendesk.com"));
    assert!(!refuses("http://localhost:8080"));
    for wrong in [
        "http://acme.zendesk.com",
        "https://acme.zendesk.com/agent",
        "https://user@acme.zendesk.com",
        "https://acme.zendesk.com?x=1",
    ] {
        assert!(refuses(wrong), "{wrong}");
    }
}

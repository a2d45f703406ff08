//! Tokens: the exchange, the refresh, the revocation, and the loopback callback.

use std::time::Duration;

use deskmeter_extractor::{CallbackListener, CodeGrant, ErrorKind, Pkce, Secret, state};
use deskmeter_zendesk::Role;
use serde_json::Value;

use crate::support::{Server, Tokens, client, html, json};

const PAIR: &str = r#"{"access_token":"a1","refresh_token":"r1","token_type":"bearer",
    "scope":"tickets:read users:read organizations:read","expires_in":1800,"refresh_token_expires_in":2592000}"#;

fn grant() -> CodeGrant {
    CodeGrant {
        client_id: "deskmeter".into(),
        client_secret: None,
        code: Secret::new("POISON_code".into()),
        redirect_uri: "http://127.0.0.1:1/callback".into(),
        verifier: Pkce::generate().verifier,
    }
}

#[tokio::test]
async fn exchanges_a_code_with_its_verifier_and_exactly_our_scopes() {
    let server = Server::start(|_| json(201, PAIR, &[])).await;
    let (client, _) = client(&server.url);
    let grant = grant();

    let tokens = client.exchange_code(&grant).await.unwrap();

    assert_eq!((tokens.access_token.expose(), tokens.expires_in), ("a1", Some(1800)));
    let seen = &server.seen()[0];
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(seen.path, "/oauth/tokens");
    assert_eq!(body["grant_type"], "authorization_code");
    assert_eq!(body["scope"], "tickets:read users:read organizations:read");
    assert_eq!(body["code_verifier"], grant.verifier.expose());
    assert_eq!(body.get("client_secret"), None);
    assert!(!seen.headers.contains_key("accept-encoding"), "a decoder's buffers could not be wiped");
}

#[tokio::test]
async fn says_what_is_wrong_with_a_refused_token_request_and_quotes_nothing() {
    for (body, kind) in [
        (r#"{"error":"invalid_grant","error_description":"POISON"}"#, ErrorKind::NotAuthorized),
        (r#"{"error":"invalid_client","error_description":"POISON"}"#, ErrorKind::ClientRefused),
        (r#"{"error":"POISON"}"#, ErrorKind::ClientRefused),
        ("POISON", ErrorKind::ClientRefused),
    ] {
        let server = Server::start(move |_| json(400, body, &[])).await;
        let (client, _) = client(&server.url);
        let error = client.exchange_code(&grant()).await.err().unwrap();
        assert_eq!(error.kind(), kind);
        assert!(!format!("{error} {error:?}").contains("POISON"), "{error:?}");
    }
}

#[tokio::test]
async fn repeats_a_refresh_that_the_server_failed_to_answer() {
    let server = Server::start(|seen| match seen.number {
        0 => html(502, ""),
        1 => json(429, "", &[]),
        _ => json(200, PAIR, &[]),
    })
    .await;
    let (client, _) = client(&server.url);
    let secret = Secret::new("s".into());

    let tokens = client.refresh("deskmeter", Some(&secret), &Secret::new("r0".into())).await.unwrap();

    assert_eq!(tokens.refresh_token.as_ref().map(Secret::expose), Some("r1"));
    let body: Value = serde_json::from_str(&server.seen()[2].body).unwrap();
    assert_eq!(body["grant_type"], "refresh_token");
    assert_eq!((&body["refresh_token"], &body["client_secret"]), (&"r0".into(), &"s".into()));
}

#[tokio::test]
async fn knows_an_administrator() {
    let server = Server::start(|_| json(200, r#"{"user":{"id":7,"name":"x","role":"admin"}}"#, &[])).await;
    let (client, _) = client(&server.url);
    let me = client.me(&Tokens::default()).await.unwrap();
    assert!(me.is_someone());
    assert_eq!(me.user.role, Some(Role::Admin));
}

#[tokio::test]
async fn believes_a_revocation_only_when_the_token_no_longer_works() {
    let revoke = async |after: fn() -> axum::response::Response| {
        let server = Server::start(move |seen| match seen.method.as_str() {
            "DELETE" => json(204, "", &[]),
            _ => after(),
        })
        .await;
        let (client, _) = client(&server.url);
        client.revoke_current(&Tokens::default()).await.map_err(|error| error.kind())
    };
    assert_eq!(revoke(|| json(401, "", &[])).await, Ok(()));
    assert_eq!(revoke(|| json(200, r#"{"user":{"id":null}}"#, &[])).await, Ok(()));
    assert_eq!(revoke(|| json(200, r#"{"user":{"id":7}}"#, &[])).await, Err(ErrorKind::NotRevoked));
}

#[tokio::test]
async fn revokes_with_a_new_token_when_the_old_one_has_only_ended() {
    let server = Server::start(|seen| match (seen.method.as_str(), seen.bearer()) {
        ("DELETE", "Bearer t1") => json(204, "", &[]),
        _ => json(401, r#"{"error":"invalid_token"}"#, &[]),
    })
    .await;
    let (client, _) = client(&server.url);
    let tokens = Tokens::default();
    client.revoke_current(&tokens).await.unwrap();
    assert_eq!(tokens.refreshes(), 1);
    assert_eq!(
        server.seen().iter().map(|seen| seen.bearer().to_owned()).collect::<Vec<_>>(),
        ["Bearer t0", "Bearer t1", "Bearer t1"]
    );
}

#[tokio::test]
async fn knows_an_account_by_its_answer_to_nobody() {
    let look = async |answer: fn() -> axum::response::Response| {
        let server = Server::start(move |_| answer()).await;
        let (client, _) = client(&server.url);
        let found = client.look_for_account().await.map_err(|error| error.kind());
        assert!(server.seen().iter().all(|seen| seen.bearer().is_empty()) && server.seen().len() == 1);
        found
    };
    assert_eq!(look(|| json(200, r#"{"user":{"id":null,"role":"end-user"}}"#, &[])).await, Ok(()));
    assert_eq!(look(|| json(401, r#"{"error":"x"}"#, &[])).await, Ok(()));
    assert_eq!(look(|| json(503, "", &[])).await, Ok(()));
    assert_eq!(look(|| html(404, "<html>no such help desk</html>")).await, Err(ErrorKind::WrongAddress));
    assert_eq!(look(|| html(200, "<html>a website</html>")).await, Err(ErrorKind::WrongAddress));
}

/// What a browser sees that is sent to the listener.
async fn visit(uri: &str, query: &str) -> (u16, String) {
    let answer = reqwest::get(format!("{uri}{query}")).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn takes_the_code_with_the_right_state_and_lets_no_other_page_end_the_wait() {
    let listener = CallbackListener::bind(0).await.unwrap();
    let (uri, state) = (listener.redirect_uri().to_owned(), state());
    assert!(uri.starts_with("http://127.0.0.1:"));
    let expected = state.clone();
    let wait = tokio::spawn(async move { listener.wait(&expected, Duration::from_hours(1)).await });

    assert_eq!(visit(&uri.replace("/callback", "/favicon.ico"), "").await.0, 404);
    assert_eq!(visit(&uri, "?code=evil&state=guess").await.0, 400);
    assert_eq!(visit(&uri, "?error=access_denied&state=guess").await.0, 400);
    let (status, text) = visit(&uri, &format!("?code=a%2Bb&state={state}")).await;

    assert_eq!(status, 200);
    assert!(text.contains("You can close this window"), "{text}");
    assert_eq!(wait.await.unwrap().unwrap().expose(), "a+b");
}

#[tokio::test]
async fn reports_why_the_consent_page_gave_no_code() {
    let cases = [
        ("access_denied", ErrorKind::AccessDenied, "not allowed"),
        ("invalid_scope", ErrorKind::ClientRefused, "may not have these scopes"),
        ("unauthorized_client", ErrorKind::ClientRefused, "may not use this grant"),
        ("server_error", ErrorKind::CallbackFailed, "an error of Zendesk's"),
        ("POISON", ErrorKind::CallbackFailed, "an error of Zendesk's"),
    ];
    for (code, kind, reason) in cases {
        let listener = CallbackListener::bind(0).await.unwrap();
        let uri = listener.redirect_uri().to_owned();
        let wait = tokio::spawn(async move { listener.wait("s", Duration::from_hours(1)).await });
        let (_, told) = visit(&uri, &format!("?error={code}&error_description=POISON&state=s")).await;
        let error = wait.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!error.to_string().contains("POISON") && !told.contains("POISON"));
    }
}

#[tokio::test]
async fn stops_waiting_when_nobody_comes_in_time() {
    let listener = CallbackListener::bind(0).await.unwrap();
    let error = listener.wait("s", Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CallbackFailed);
}

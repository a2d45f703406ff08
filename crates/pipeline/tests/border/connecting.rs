//! What a person meets who connects: each mistake is told apart, before or after the browser.

use std::time::Duration;

use axum::Router;
use axum::http::{Method, Uri, header};
use deskmeter_pipeline::{ErrorKind, begin_authorization, connect};
use deskmeter_simulator::TokenRole;
use tokio::net::TcpListener;

use crate::support::{Desk, KEY, OTHER_KEY, told, world};

async fn desk() -> Desk {
    Desk::new(world(20, 21), |_| {}).await
}

/// A server that answers this to everything; gives its address.
async fn answering(
    answer: impl Fn(Method, Uri) -> (u16, &'static str, &'static str) + Clone + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(move |method: Method, uri: Uri| {
        let (status, kind, body) = answer(method, uri);
        let status = axum::http::StatusCode::from_u16(status).unwrap();
        async move { (status, [(header::CONTENT_TYPE, kind)], body) }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

#[tokio::test]
async fn tells_a_refusal_on_the_consent_page() {
    let error = desk().await.answer("refuse").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(told(&error).contains("allow the three permissions"), "{}", told(&error));
}

#[tokio::test]
async fn tells_a_wrong_address_before_a_person_is_sent_there() {
    let mut desk = desk().await;
    desk.base_url = answering(|_, _| (404, "text/html", "<html>no such help desk</html>")).await;
    let show = |_: &str| panic!("nobody is asked");
    let error = connect(&desk.pipeline(), &desk.context(), Duration::ZERO, show).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Zendesk);
    assert!(told(&error).contains("base_url"), "{}", told(&error));
}

#[tokio::test]
async fn tells_what_to_look_for_when_the_browser_never_comes() {
    let desk = desk().await;
    let error = connect(&desk.pipeline(), &desk.context(), Duration::ZERO, |_| {}).await.unwrap_err();
    let told = told(&error);
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(
        told.contains("client_id") && told.contains("http://127.0.0.1:") && told.contains("ssh -L"),
        "{told}"
    );
}

#[tokio::test]
async fn refuses_more_than_the_three_scopes_by_name_and_gives_the_token_back() {
    let mut desk = desk().await;
    desk.base_url = answering(|method, uri| match (method.as_str(), uri.path()) {
        ("POST", _) => (
            201,
            "application/json",
            r#"{"access_token":"POISON","refresh_token":"POISON","scope":"tickets:read users:read organizations:read tickets:write"}"#,
        ),
        ("DELETE", _) => (204, "application/json", ""),
        _ => (401, "application/json", r#"{"error":"invalid_token"}"#),
    })
    .await;
    let (pipeline, context) = (desk.pipeline(), desk.context());
    let (_, pending) = begin_authorization(&pipeline, &context, "http://127.0.0.1:1/callback").unwrap();
    let state = pending.state().to_owned();
    let error = pending.complete(&pipeline, &context, "code", &state).await.unwrap_err();
    assert!(
        error.to_string().contains("tickets:write") && !told(&error).contains("POISON"),
        "{}",
        told(&error)
    );
    assert_eq!(desk.status().await.state, "never connected");
}

#[tokio::test]
async fn refuses_a_person_who_is_no_admin() {
    let desk = Desk::new(world(20, 22), |options| options.token_role = TokenRole::Agent).await;
    let error = desk.answer("allow").await.unwrap_err();
    assert!(told(&error).contains("not an admin"), "{}", told(&error));
}

#[tokio::test]
async fn tells_a_wrong_client_secret() {
    let mut desk = desk().await;
    desk.set("SECRET", "wrong");
    desk.more_of_connection = "client_secret_env = \"SECRET\"\n".to_owned();
    let error = desk.answer("allow").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(told(&error).contains("unknown OAuth client, or wrong client secret"), "{}", told(&error));
}

#[tokio::test]
async fn connecting_again_keeps_the_pseudonyms_and_revokes_the_tokens_before() {
    let desk = desk().await.connected().await;
    desk.read().await.unwrap();
    let agents = desk.number("select count(*) from agents").await;
    let again = desk.answer("allow").await.unwrap();
    assert!(again.is_reconnected && again.missing_scopes.is_empty());
    let revoked = desk.simulator.requests().into_iter().filter(|request| request.method == "DELETE");
    assert_eq!(revoked.map(|request| request.status).collect::<Vec<_>>(), [204]);
    desk.read().await.unwrap();
    assert_eq!(
        desk.number("select count(*) from agents").await,
        agents,
        "the same pseudonyms: nobody is new"
    );
}

#[tokio::test]
async fn tells_a_wrong_sealing_key_before_a_person_is_asked() {
    let desk = desk().await.connected().await;
    desk.set("KEY", OTHER_KEY);
    let show = |_: &str| panic!("nobody is asked");
    let error = connect(&desk.pipeline(), &desk.context(), Duration::ZERO, show).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(told(&error).contains("key_env"), "{}", told(&error));
}

#[tokio::test]
async fn a_sealing_key_is_replaced_by_one_command() {
    let desk = desk().await.connected().await;
    desk.set("KEY", &format!("{OTHER_KEY},{KEY}"));
    let report = deskmeter_pipeline::rekey(&desk.pipeline(), &desk.context()).await.unwrap();
    assert_eq!((report.connections, report.resealed), (vec!["acme".to_owned()], 1));
    let again = deskmeter_pipeline::rekey(&desk.pipeline(), &desk.context()).await.unwrap();
    assert_eq!(again.resealed, 0);
    desk.set("KEY", KEY);
    assert_eq!(
        desk.sync().await.unwrap_err().kind(),
        ErrorKind::Config,
        "the old key opens nothing any more"
    );
    desk.set("KEY", OTHER_KEY);
    desk.read().await.unwrap();
    deskmeter_pipeline::disconnect(&desk.pipeline(), &desk.context()).await.unwrap();
}

//! What a person meets who connects: each mistake is told apart, before or after the browser.

use std::time::Duration;

use axum::Router;
use axum::http::{Method, Uri, header};
use deskmeter_pipeline::{CheckScope, ErrorKind, begin_authorization, check, connect, plan};
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
async fn tokens_are_sent_to_no_other_address_than_the_one_that_granted_them() {
    let mut desk = desk().await.connected().await;
    let other = Desk::new(world(5, 22), |_| {}).await;
    let granted_by = std::mem::replace(&mut desk.base_url, other.base_url.clone());
    // The access token has ended, so that the refresh token would be the first to go out.
    desk.set_clock(desk.now() + 3 * 86_400);
    let (file, context) = (desk.pipeline(), desk.context());
    for refused in [desk.sync().await.map(drop), plan(&file, &context).await.map(drop)] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{}", told(&error));
        assert!(told(&error).contains(&granted_by), "{}", told(&error));
        assert!(told(&error).contains("deskmeter connect"), "{}", told(&error));
    }
    let text = desk.text();
    let checks = check(&text, desk.dir.path(), &context, CheckScope::Everything).await;
    let wrong: Vec<_> = checks.iter().filter(|check| !check.is_ok).collect();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].subject == "connection" && wrong[0].found.contains(&granted_by), "{wrong:?}");
    assert_eq!(other.simulator.requests().len(), 0);

    desk.base_url = granted_by;
    desk.read().await.unwrap();
}

#[tokio::test]
async fn connecting_to_another_address_revokes_the_tokens_before_where_they_came_from() {
    let mut desk = desk().await.connected().await;
    // Each simulator counts its tokens from one on: this one gives its second.
    let other = Desk::new(world(5, 22), |_| {}).await.connected().await;
    desk.base_url.clone_from(&other.base_url);
    assert!(desk.answer("allow").await.unwrap().is_reconnected);
    desk.read().await.unwrap();
    let revoked = |desk: &Desk| {
        let requests = desk.simulator.requests().into_iter().filter(|request| request.method == "DELETE");
        requests.map(|request| request.status).collect::<Vec<_>>()
    };
    assert_eq!((revoked(&desk), revoked(&other)), (vec![204], vec![]));
}

#[tokio::test]
async fn a_disconnect_revokes_where_the_tokens_came_from_whatever_the_file_says_by_then() {
    let mut desk = desk().await.connected().await;
    let other = Desk::new(world(5, 22), |_| {}).await;
    desk.base_url.clone_from(&other.base_url);
    let report = deskmeter_pipeline::disconnect(&desk.pipeline(), &desk.context()).await.unwrap();
    assert!(report.is_revoked);
    assert_eq!(other.simulator.requests().len(), 0);
    let receipt = String::from_utf8_lossy(&report.receipt);
    assert!(!receipt.contains("127.0.0.1"), "{receipt}");
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

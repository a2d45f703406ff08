//! Consent, PKCE, rotation, revocation, scopes, roles.

use crate::client::{Client, NOW, SCOPES, consent_url, decide, exchange, login, options, parameter};
use deskmeter_simulator::{CLIENT_SECRET, ScopeProfile, TokenRole, World, WorldOptions};
use serde_json::{Value, json};

fn world() -> World {
    World::generate(&WorldOptions { tickets: 30, seed: 1, end: NOW, months: 1 })
}

async fn client() -> Client {
    Client::start(world(), options(NOW)).await
}

fn redeem<'a>(code: &'a str, verifier: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", "some-client"),
        ("redirect_uri", "http://127.0.0.1:9/callback"),
        ("code_verifier", verifier),
    ]
}

fn refresh(token: &str) -> Vec<(&str, &str)> {
    vec![("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "some-client")]
}

#[tokio::test]
async fn consent_page_is_a_form_whose_answer_carries_the_state() {
    let client = client().await;
    let url = consent_url(client.running.base_url(), SCOPES);
    let page = client.get(url.as_str()).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<form method=\"post\" action=\"\">"));
    assert!(page.text.contains("tickets:read"));
    let refused = decide(&client.http, url.clone(), "refuse").await;
    assert_eq!(parameter(&refused, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&refused, "state").as_deref(), Some("state+1"));
    let allowed = decide(&client.http, url, "allow").await;
    assert!(parameter(&allowed, "code").is_some());
}

#[tokio::test]
async fn a_code_is_good_once_and_only_with_its_verifier() {
    let client = client().await;
    let base = client.running.base_url();
    for (verifier, first, second) in [("verifier", 201, 400), ("another", 400, 400)] {
        let back = decide(&client.http, consent_url(base, SCOPES), "allow").await;
        let code = parameter(&back, "code").expect("code");
        assert_eq!(exchange(&client.http, base, &redeem(&code, verifier)).await.0, first);
        let (status, body) = exchange(&client.http, base, &redeem(&code, "verifier")).await;
        assert_eq!((status, &body["error"]), (second, &json!("invalid_grant")));
    }
}

#[tokio::test]
async fn refresh_tokens_rotate_and_die_with_their_use() {
    let client = client().await;
    let base = client.running.base_url();
    let back = decide(&client.http, consent_url(base, SCOPES), "allow").await;
    let code = parameter(&back, "code").expect("code");
    let (_, first) = exchange(&client.http, base, &redeem(&code, "verifier")).await;
    let old_refresh = first["refresh_token"].as_str().expect("refresh");
    let (status, second) = exchange(&client.http, base, &refresh(old_refresh)).await;
    assert_eq!(status, 201);
    assert_eq!(second["scope"], SCOPES);
    let (status, body) = exchange(&client.http, base, &refresh(old_refresh)).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    let me = |token: &Value| {
        let request = client.http.get(format!("{base}/api/v2/users/me"));
        request.bearer_auth(token.as_str().expect("token").to_owned()).send()
    };
    assert_eq!(me(&first["access_token"]).await.expect("answer").status(), 401);
    assert_eq!(me(&second["access_token"]).await.expect("answer").status(), 200);
}

#[tokio::test]
async fn the_confidential_client_shows_its_secret_in_json() {
    let client = client().await;
    for (secret, status, key) in [(CLIENT_SECRET, 201, "access_token"), ("wrong", 401, "error")] {
        let body = json!({"grant_type": "client_credentials", "client_id": "deskmeter", "client_secret": secret,
            "scope": SCOPES});
        let url = format!("{}/oauth/tokens", client.running.base_url());
        let response = client.http.post(url).json(&body).send().await.expect("answer");
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.expect("JSON");
        assert!(body.get(key).is_some());
        assert!(body["refresh_token"].is_null());
    }
}

#[tokio::test]
async fn missing_credentials_are_an_anonymous_user_and_dead_ones_a_401() {
    let mut client = client().await;
    let url = format!("{}/api/v2/users/me.json", client.running.base_url());
    let anonymous: Value = client.http.get(&url).send().await.expect("answer").json().await.expect("JSON");
    assert!(anonymous["user"]["id"].is_null());
    assert_eq!(client.get("/api/v2/users/me").await.json()["user"]["role"], "admin");
    client.running.revoke_all_tokens();
    let refused = client.get("/api/v2/users/me").await;
    assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("invalid_token")));
    client.token = login(&client.http, client.running.base_url(), SCOPES).await;
    let revoked = client.http.delete(format!("{}/api/v2/oauth/tokens/current", client.running.base_url()));
    assert_eq!(revoked.bearer_auth(&client.token).send().await.expect("answer").status(), 204);
    assert_eq!(client.get("/api/v2/users/me").await.status, 401);
}

#[tokio::test]
async fn scopes_and_roles_are_refused_in_their_own_shapes() {
    let export = "/api/v2/incremental/tickets/cursor.json?start_time=0";
    let mut strict = options(NOW);
    strict.scope_profile = ScopeProfile::Strict;
    let client = Client::start(world(), strict).await;
    let refused = client.get(export).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["description"], "You are missing the following required scopes: read");
    assert_eq!(client.get("/api/v2/tickets").await.status, 200);
    let mut agent = options(NOW);
    agent.token_role = TokenRole::Agent;
    let client = Client::start(world(), agent).await;
    let refused = client.get(export).await;
    assert_eq!((refused.status, &refused.json()["error"]["title"]), (403, &json!("Forbidden")));
    let groups = client.get("/api/v2/groups.json").await;
    assert_eq!(
        groups.json()["description"],
        "You are missing the following required scopes: groups:read, read"
    );
    let logged = client.running.requests();
    let last = logged.last().expect("a logged request");
    assert!(last.forbidden);
    assert_eq!((last.path.as_str(), last.scope, last.status), ("/api/v2/groups.json", "groups:read", 403));
}

#[tokio::test]
async fn a_scope_outside_the_clients_list_is_an_invalid_scope() {
    let mut narrow = options(NOW);
    narrow.allowed_scopes = Some(SCOPES.split(' ').map(str::to_owned).collect());
    let client = Client::start(world(), narrow).await;
    assert_eq!(client.get("/api/v2/tickets").await.status, 200);
    let base = client.running.base_url();
    // Without a scope the consent would be to everything.
    for scopes in ["read", "tickets:read groups:read", ""] {
        for request in
            [client.http.get(consent_url(base, scopes)), client.http.post(consent_url(base, scopes))]
        {
            let refused = request.form(&[("decision", "allow")]).send().await.expect("answer");
            assert_eq!(refused.status(), 400);
            let body: Value = refused.json().await.expect("JSON");
            assert_eq!(body["error"], "invalid_scope");
        }
    }
    for (scope, status) in [("read", 400), ("tickets:read", 201)] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "deskmeter"),
            ("client_secret", CLIENT_SECRET),
            ("scope", scope),
        ];
        let (answered, body) = exchange(&client.http, base, &form).await;
        assert_eq!((answered, body["error"] == "invalid_scope"), (status, status == 400));
    }
}

//! A client as simple as can be: it logs in once and reads JSON.

use deskmeter_simulator::{Options, Running, World, start};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub(crate) const SCOPES: &str = "tickets:read users:read organizations:read";
pub(crate) const NOW: i64 = 1_790_000_000;

pub(crate) fn options(now: i64) -> Options {
    Options::new(Arc::new(move || now))
}

pub(crate) struct Client {
    pub(crate) running: Running,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }
}

impl Client {
    pub(crate) async fn start(world: World, options: Options) -> Self {
        let running = start(world, options).await.expect("start");
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("client");
        let token = login(&http, running.base_url(), SCOPES).await;
        Self { running, http, token }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.expect("answer")
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.running.base_url())
        };
        let response = self.http.get(url).bearer_auth(&self.token).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// All rows of a stream, page by page, following what the server says.
    pub(crate) async fn all(&self, stream: &str, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next).await.json();
            rows.extend(page[stream].as_array().expect("rows").iter().cloned());
            if page["end_of_stream"] == true {
                return rows;
            }
            let url = page["after_url"].as_str().or(page["next_page"].as_str());
            url.expect("next").clone_into(&mut next);
        }
    }
}

pub(crate) fn challenge(verifier: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The URL of the consent page.
pub(crate) fn consent_url(base_url: &str, scopes: &str) -> url::Url {
    let mut url = url::Url::parse(&format!("{base_url}/oauth/authorizations/new")).expect("url");
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", "some-client"),
        ("redirect_uri", "http://127.0.0.1:9/callback"),
        ("scope", scopes),
        ("state", "state+1"),
        ("code_challenge", &challenge("verifier")),
        ("code_challenge_method", "S256"),
    ]);
    url
}

/// Decides on the consent page and returns where it redirects to.
pub(crate) async fn decide(http: &reqwest::Client, url: url::Url, decision: &str) -> url::Url {
    let response = http.post(url).form(&[("decision", decision)]).send().await.expect("consent");
    assert_eq!(response.status(), 302);
    url::Url::parse(response.headers()["location"].to_str().expect("text")).expect("location")
}

pub(crate) fn parameter(url: &url::Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub(crate) async fn exchange(http: &reqwest::Client, base_url: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let response = http.post(format!("{base_url}/oauth/tokens")).form(form).send().await.expect("tokens");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

pub(crate) async fn login(http: &reqwest::Client, base_url: &str, scopes: &str) -> String {
    let back = decide(http, consent_url(base_url, scopes), "allow").await;
    let code = parameter(&back, "code").expect("code");
    let (status, issued) = exchange(
        http,
        base_url,
        &[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("client_id", "some-client"),
            ("redirect_uri", "http://127.0.0.1:9/callback"),
            ("code_verifier", "verifier"),
            ("scope", scopes),
        ],
    )
    .await;
    assert_eq!(status, 201);
    issued["access_token"].as_str().expect("token").to_owned()
}

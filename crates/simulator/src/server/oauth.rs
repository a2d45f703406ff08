//! The authorization-code flow: consent page, token endpoint, token objects.

use super::Simulator;
use super::answer::Answer;
use super::asked::{Asked, pairs};
use super::tokens::{Consent, Grant, Issued, REFRESH_LIFE_SECS};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// The one client that has a secret; every other client id is a public client and must use PKCE.
pub const CONFIDENTIAL_CLIENT: &str = "deskmeter";
/// Its secret.
pub const CLIENT_SECRET: &str = "simulator-secret";

/// `GET` shows the consent page, `POST` takes the decision.
pub(crate) fn authorize(simulator: &Simulator, asked: &Asked) -> Answer {
    let value = |name: &str| asked.value(name).unwrap_or_default();
    let Some(redirect) = allowed_redirect(value("redirect_uri")) else {
        return Answer::html(400, page("Invalid redirect_uri", ""));
    };
    if value("client_id").is_empty() {
        return Answer::html(400, page("Invalid client_id", ""));
    }
    if let Some(error) = authorization_error(asked) {
        return redirected(redirect, &[("error", error.0), ("error_description", error.1)], asked);
    }
    let scope = if value("scope").is_empty() { "read write" } else { value("scope") };
    if !simulator.options.allows(scope) {
        return Answer::oauth_error(400, INVALID_SCOPE.0, INVALID_SCOPE.1);
    }
    if asked.method == "GET" {
        return Answer::html(200, consent_page(asked));
    }
    let form = pairs(&String::from_utf8_lossy(&asked.body));
    match form.iter().find(|(key, _)| key == "decision").map(|(_, value)| value.as_str()) {
        Some("allow") => {
            let consent = Consent {
                client_id: value("client_id").into(),
                redirect_uri: value("redirect_uri").into(),
                scope: scope.into(),
                challenge: asked.value("code_challenge").map(str::to_owned),
            };
            let code = simulator.tokens.issue_code(consent, simulator.now());
            redirected(redirect, &[("code", &code)], asked)
        }
        Some("refuse") => {
            let why = "The end-user or authorization server denied the request.";
            redirected(redirect, &[("error", "access_denied"), ("error_description", why)], asked)
        }
        _ => Answer::html(400, page("Choose allow or refuse", "")),
    }
}

/// Absolute, and https unless it leads to this machine.
fn allowed_redirect(uri: &str) -> Option<Url> {
    let url = Url::parse(uri).ok()?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    (url.scheme() == "https" || (url.scheme() == "http" && local)).then_some(url)
}

fn authorization_error(asked: &Asked) -> Option<(&'static str, &'static str)> {
    let value = |name: &str| asked.value(name).unwrap_or_default();
    if value("response_type") != "code" {
        return Some(("unsupported_response_type", "Only response_type=code is supported."));
    }
    let challenged = !value("code_challenge").is_empty();
    if challenged && value("code_challenge_method") != "S256" {
        return Some(("invalid_request", "code_challenge_method must be S256."));
    }
    if !challenged && value("client_id") != CONFIDENTIAL_CLIENT {
        return Some(("invalid_request", "A public client must send a code_challenge."));
    }
    None
}

fn redirected(mut to: Url, answers: &[(&str, &str)], asked: &Asked) -> Answer {
    {
        let mut query = to.query_pairs_mut();
        query.extend_pairs(answers);
        if let Some(state) = asked.value("state") {
            query.append_pair("state", state);
        }
    }
    Answer::empty(302).with("location", to.to_string())
}

fn consent_page(asked: &Asked) -> String {
    let value = |name: &str| escaped(asked.value(name).unwrap_or_default());
    let scopes = value("scope");
    let lines = scopes.replace(' ', "</code></li><li><code>");
    let form = format!(
        "<p><b>{}</b> asks for access to this simulated Zendesk account:</p><ul><li><code>{lines}</code></li></ul>\
         <form method=\"post\" action=\"\">\
         <button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button> \
         <button type=\"submit\" name=\"decision\" value=\"refuse\">Refuse</button></form>",
        value("client_id")
    );
    page("Allow access?", &form)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// `POST /oauth/tokens`, in JSON or as a form.
pub(crate) fn token(simulator: &Simulator, asked: &Asked) -> Answer {
    let Some(form) = fields(asked) else {
        return Answer::oauth_error(400, "invalid_request", "The request body is malformed.");
    };
    let confidential = match (form.value("client_id"), form.value("client_secret")) {
        ("", _) => return Answer::oauth_error(400, "invalid_request", "client_id is missing."),
        (_, "") => false,
        (CONFIDENTIAL_CLIENT, CLIENT_SECRET) => true,
        _ => return Answer::oauth_error(401, "invalid_client", "Client authentication failed."),
    };
    let issued = match form.value("grant_type") {
        "authorization_code" => from_code(simulator, &form, confidential),
        "refresh_token" => from_refresh(simulator, &form, confidential),
        "client_credentials" if confidential => from_client(simulator, &form),
        "client_credentials" => Err(("unauthorized_client", "The client has no secret.")),
        _ => Err(("unsupported_grant_type", "The grant type is not supported.")),
    };
    match issued {
        Ok(issued) => Answer::json(201, issued_json(&issued)),
        Err((error, description)) => Answer::oauth_error(400, error, description),
    }
}

type Refusal = (&'static str, &'static str);
/// Outside the client's allowed scopes (Zendesk's help page 11093380955674).
const INVALID_SCOPE: Refusal =
    ("invalid_scope", "The requested scope is invalid, unknown, or not allowed for this client.");
const INVALID_GRANT: Refusal = (
    "invalid_grant",
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used \
     in the authorization request, or was issued to another client.",
);

fn from_code(simulator: &Simulator, form: &Fields, confidential: bool) -> Result<Issued, Refusal> {
    let now = simulator.now();
    let consent = simulator.tokens.redeem_code(form.value("code"), now).ok_or(INVALID_GRANT)?;
    let verified = match &consent.challenge {
        Some(challenge) => {
            let digest = Sha256::digest(form.value("code_verifier").as_bytes());
            URL_SAFE_NO_PAD.encode(digest) == challenge.trim_end_matches('=')
        }
        None => confidential,
    };
    let same = consent.client_id == form.value("client_id")
        && consent.redirect_uri == form.value("redirect_uri")
        && (confidential || consent.challenge.is_some());
    if !(verified && same) {
        return Err(INVALID_GRANT);
    }
    let grant = grant(simulator, form, consent.scope, confidential)?;
    Ok(simulator.tokens.issue(grant, true, now))
}

fn from_refresh(simulator: &Simulator, form: &Fields, confidential: bool) -> Result<Issued, Refusal> {
    let now = simulator.now();
    let (token, client) = (form.value("refresh_token"), form.value("client_id"));
    let old = simulator.tokens.redeem_refresh(token, client, now).ok_or(INVALID_GRANT)?;
    if old.confidential && !confidential {
        return Err(("invalid_client", "Client authentication failed."));
    }
    let grant = grant(simulator, form, old.scope, confidential)?;
    Ok(simulator.tokens.issue(grant, true, now))
}

fn from_client(simulator: &Simulator, form: &Fields) -> Result<Issued, Refusal> {
    if form.value("scope").is_empty() {
        return Err(("invalid_scope", "scope is missing."));
    }
    let grant = grant(simulator, form, form.value("scope").into(), true)?;
    Ok(simulator.tokens.issue(grant, false, simulator.now()))
}

fn grant(simulator: &Simulator, form: &Fields, scope: String, confidential: bool) -> Result<Grant, Refusal> {
    if !(simulator.options.allows(&scope) && simulator.options.allows(form.value("scope"))) {
        return Err(INVALID_SCOPE);
    }
    let now = simulator.now();
    let out_of_range = ("invalid_request", "A token life is out of range.");
    let life = |name: &str, least: i64, most: i64, default: i64| match form.value(name) {
        "" => Ok(default),
        text => text.parse().ok().filter(|secs| (least..=most).contains(secs)).ok_or(out_of_range),
    };
    let default = i64::from(simulator.options.token_life_secs);
    Ok(Grant {
        id: 0,
        client_id: form.value("client_id").into(),
        scope,
        confidential,
        created_at: now,
        expires_at: now + life("expires_in", 300, 172_800, default)?,
        refresh_expires_at: now + life("refresh_token_expires_in", 604_800, 7_776_000, REFRESH_LIFE_SECS)?,
    })
}

fn issued_json(issued: &Issued) -> String {
    let grant = &issued.grant;
    let mut body = json!({
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "token_type": "bearer",
        "scope": grant.scope,
        "expires_in": grant.expires_at - grant.created_at,
    });
    if issued.refresh_token.is_some() {
        body["refresh_token_expires_in"] = json!(grant.refresh_expires_at - grant.created_at);
    }
    body.to_string()
}

/// The token object of `oauth/tokens/current`.
pub(crate) fn token_object(grant: &Grant, base_url: &str) -> String {
    let time = crate::render::timestamp;
    let scopes: Vec<&str> = grant.scope.split(' ').collect();
    json!({"token": {
        "url": format!("{base_url}/api/v2/oauth/tokens/{}.json", grant.id),
        "id": grant.id,
        "client_id": 62_000_000_000_001_i64,
        "user_id": super::ME,
        "token": "zat_CANARY",
        "refresh_token": "zrt_CANARY",
        "scopes": scopes,
        "created_at": time(grant.created_at),
        "used_at": time(grant.created_at),
        "expires_at": time(grant.expires_at),
        "refresh_token_expires_at": time(grant.refresh_expires_at),
    }})
    .to_string()
}

/// The fields of a token request.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

fn fields(asked: &Asked) -> Option<Fields> {
    if !asked.json_body {
        return Some(Fields(pairs(std::str::from_utf8(&asked.body).ok()?)));
    }
    let Value::Object(object) = serde_json::from_slice(&asked.body).ok()? else { return None };
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(Fields(object.into_iter().map(|(key, value)| (key, text(value))).collect()))
}

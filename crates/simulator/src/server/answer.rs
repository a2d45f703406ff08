//! An answer before it is sent: status, body, extra headers, and the error bodies as recorded.

/// What the body is.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(Vec<u8>),
    Html(String),
    Text(&'static str),
    Empty,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: Body::Json(body.into()), headers: Vec::new() }
    }

    pub(crate) fn html(status: u16, body: String) -> Self {
        Self { status, body: Body::Html(body), headers: Vec::new() }
    }

    pub(crate) fn text(status: u16, body: &'static str) -> Self {
        Self { status, body: Body::Text(body), headers: Vec::new() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: Body::Empty, headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// `{"error":…,"description":…}`, the shape of most refusals.
    pub(crate) fn refusal(status: u16, error: &str, description: &str) -> Self {
        Self::json(status, serde_json::json!({"error": error, "description": description}).to_string())
    }

    /// `{"error":…,"error_description":…}`, the shape of RFC 6749.
    pub(crate) fn oauth_error(status: u16, error: &str, description: &str) -> Self {
        Self::json(status, serde_json::json!({"error": error, "error_description": description}).to_string())
    }

    /// Recorded: an expired, revoked or malformed bearer.
    pub(crate) fn invalid_token() -> Self {
        Self::oauth_error(
            401,
            "invalid_token",
            "The access token provided is expired, revoked, malformed or invalid for other reasons.",
        )
    }

    /// Recorded: no credentials, or wrong basic ones.
    pub(crate) fn not_authenticated() -> Self {
        Self::json(401, r#"{"error":"Couldn't authenticate you"}"#)
    }

    /// Recorded: a scope is missing.
    pub(crate) fn missing_scope(scope: &str) -> Self {
        let scopes = if scope == "read" { "read".to_owned() } else { format!("{scope}, read") };
        let description = format!("You are missing the following required scopes: {scopes}");
        Self::refusal(403, "Forbidden", &description)
    }

    /// Reported: the role may not see the page.
    pub(crate) fn wrong_role() -> Self {
        Self::json(
            403,
            r#"{"error":{"title":"Forbidden","message":"You do not have access to this page. Please contact the account owner of this help desk for further help."}}"#,
        )
    }

    /// Recorded: no such row.
    pub(crate) fn not_found() -> Self {
        Self::refusal(404, "RecordNotFound", "Not found")
    }

    /// An unknown route, or one that the plan lacks.
    pub(crate) fn no_endpoint() -> Self {
        Self::json(404, r#"{"error":{"title":"InvalidEndpoint","message":"Not found"}}"#)
    }

    /// Recorded: the exports' own limit.
    pub(crate) fn too_many(retry_after_secs: Option<i64>) -> Self {
        let answer = Self::refusal(
            429,
            "APIRateLimitExceeded",
            "Number of allowed incremental export API requests per minute exceeded",
        );
        match retry_after_secs {
            Some(secs) => answer.with("retry-after", secs.to_string()),
            None => answer,
        }
    }
}

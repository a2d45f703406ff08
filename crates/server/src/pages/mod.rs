//! The pages: what they show and what their forms do.

pub(crate) mod accounts;
pub(crate) mod assets;
pub(crate) mod audit;
pub(crate) mod connect;
pub(crate) mod dashboard;
pub(crate) mod data;
pub(crate) mod diagnosis;
pub(crate) mod disconnect;
pub(crate) mod form;
pub(crate) mod integrations;
pub(crate) mod live;
pub(crate) mod login;
pub(crate) mod marts;
pub(crate) mod panel;

use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::app::App;
use crate::backend::{self, Connection};
use crate::dashboards;
use crate::security::SessionId;

/// What every page has around it.
pub(crate) struct Shell {
    /// Title of the page.
    pub(crate) title: String,
    /// Place in the sidebar.
    at: &'static str,
    /// The connection that the page is about, or the only one.
    connection: Option<String>,
    /// All connections.
    connections: Vec<String>,
    /// Token of the page's forms.
    pub(crate) token: String,
    can_sign_out: bool,
    /// Connections with models of the operator's own.
    with_models: Vec<String>,
    /// Name in URLs and title of every dashboard.
    dashboards: Vec<(&'static str, &'static str)>,
}

impl Shell {
    /// The frame of a page.
    pub(crate) fn new(app: &App, session: &SessionId, title: impl Into<String>, at: &'static str) -> Self {
        let connections: Vec<String> = app.connections.keys().cloned().collect();
        let own = app.connections.iter().filter(|(_, one)| one.file().warehouse.models_dir.is_some());
        Self {
            with_models: own.map(|(name, _)| name.clone()).collect(),
            title: title.into(),
            at,
            connection: connections.first().cloned(),
            connections,
            token: app.sessions.form_token(session),
            can_sign_out: app.password.is_some(),
            dashboards: dashboards::ALL.iter().map(|dashboard| (dashboard.slug, dashboard.title)).collect(),
        }
    }

    /// The same, about one connection.
    pub(crate) fn about(mut self, connection: &str) -> Self {
        self.connection = Some(connection.to_owned());
        self
    }

    fn has_models(&self, connection: &str) -> bool {
        self.with_models.iter().any(|name| name == connection)
    }

    fn is_at(&self, slug: &str) -> bool {
        self.at == slug
    }

    fn is_connection(&self, name: &str) -> bool {
        !matches!(self.at, "integrations" | "accounts") && self.connection.as_deref() == Some(name)
    }
}

/// A page that says why not, or where to go on.
#[derive(Template)]
#[template(path = "plain.html")]
struct Plain {
    title: String,
    text: String,
    target: Option<String>,
    is_error: bool,
}

/// An answer that refuses. Its text never holds a value of the request.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    /// Refuses with these words.
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// There is no such page.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such page.")
    }

    /// Something failed on the way to the page.
    pub(crate) fn failed(error: &crate::Error) -> Self {
        tracing::warn!(error = backend::causes(error), "a page could not be written");
        let next = error.next_step().map(|next| format!(" Next: {next}.")).unwrap_or_default();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{}.{next}", backend::causes(error)))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let title = match self.status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
            status if status.is_server_error() => "Something failed",
            _ => "Not possible",
        };
        let page = Plain { title: title.into(), text: self.text, target: None, is_error: true };
        match page.render() {
            Ok(page) => (self.status, Html(page)).into_response(),
            Err(_) => self.status.into_response(),
        }
    }
}

/// A page that leads on: a script is not needed.
pub(crate) fn onward(title: &str, text: &str, target: String) -> Result<Response, Refusal> {
    html(&Plain { title: title.into(), text: text.into(), target: Some(target), is_error: false })
}

/// A page as an answer.
pub(crate) fn html(page: &impl Template) -> Result<Response, Refusal> {
    let page = page.render().map_err(|error| Refusal::failed(&crate::Error::Page(error)))?;
    Ok(Html(page).into_response())
}

/// The connection of this name.
pub(crate) fn connection(app: &App, name: &str) -> Result<Arc<Connection>, Refusal> {
    app.connections.get(name).cloned().ok_or_else(Refusal::not_found)
}

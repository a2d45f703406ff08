//! Forms. The token is checked before a field can be read.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use super::Refusal;
use crate::app::App;
use crate::security::SessionId;

/// The fields of a form that came from a page of this session.
pub(crate) struct Submitted(HashMap<String, String>);

impl Submitted {
    /// The value of a field; empty when it was not sent.
    pub(crate) fn take(&mut self, field: &str) -> String {
        self.0.remove(field).unwrap_or_default()
    }
}

impl FromRequest<Arc<App>> for Submitted {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let session = request.extensions().get::<SessionId>().cloned();
        let form = Form::<HashMap<String, String>>::from_request(request, app).await;
        let Ok(Form(fields)) = form else {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "The form cannot be read."));
        };
        let token = fields.get("token").map(String::as_str).unwrap_or_default();
        match session {
            Some(session) if app.sessions.is_form_token(&session, token) => Ok(Self(fields)),
            _ => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "The page was too old. Go back, load it again and retry.",
            )),
        }
    }
}

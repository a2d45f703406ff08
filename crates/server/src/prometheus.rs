//! `/metrics` in Prometheus' text format.

use std::fmt::Write;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::app::App;
use crate::backend::Connection;
use crate::pages::login;
use crate::security::{Peer, SessionId};

/// Runs that the sums are over.
const RUNS_SUMMED: usize = 500;
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics. Where there is a password, a session or the password as basic authentication is needed.
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    if !app.is_signed_in(&session) {
        match basic_password(&headers) {
            Some(attempt) => match login::is_password(&app, peer, attempt).await {
                Ok(true) => {}
                Ok(false) => return ask(),
                Err(wait) => return login::too_many(wait),
            },
            None => return ask(),
        }
    }
    let mut text = Exposition::default();
    for connection in app.connections.values() {
        describe(connection, &mut text).await;
    }
    ([(header::CONTENT_TYPE, FORMAT)], text.finish()).into_response()
}

fn ask() -> Response {
    let realm = HeaderValue::from_static("Basic realm=\"deskmeter\", charset=\"UTF-8\"");
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, realm)], "sign in\n").into_response()
}

fn basic_password(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = Zeroizing::new(STANDARD.decode(value.strip_prefix("Basic ")?).ok()?);
    let text = std::str::from_utf8(&decoded).ok()?;
    Some(Zeroizing::new(text.split_once(':')?.1.to_owned()))
}

/// Families of samples, each with its help once.
#[derive(Default)]
struct Exposition {
    families: Vec<(&'static str, &'static str, &'static str, String)>,
}

impl Exposition {
    fn add(
        &mut self,
        family: (&'static str, &'static str, &'static str),
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let (name, kind, help) = family;
        let index = self.families.iter().position(|(known, ..)| *known == name).unwrap_or_else(|| {
            self.families.push((name, kind, help, String::new()));
            self.families.len() - 1
        });
        // Label values are names of connections, streams and states: no character of theirs needs escaping.
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        if let Some((.., samples)) = self.families.get_mut(index) {
            let _ = writeln!(samples, "{name}{{{}}} {value}", labels.join(","));
        }
    }

    fn finish(self) -> String {
        let mut text = String::new();
        for (name, kind, help, samples) in self.families {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}");
        }
        text
    }
}

async fn describe(connection: &Connection, text: &mut Exposition) {
    let name = connection.name();
    let labels = [("connection", name)];
    let up = ("deskmeter_status_readable", "gauge", "Whether the state store answers.");
    let Ok(standing) = connection.standing().await else {
        text.add(up, &labels, 0.0);
        return;
    };
    text.add(up, &labels, 1.0);
    let now = connection.now().started_at.0;
    let flag = |is: bool| f64::from(u8::from(is));
    text.add(
        ("deskmeter_connected", "gauge", "Whether the authorization stands."),
        &labels,
        flag(standing.state.is_connected()),
    );
    text.add(
        ("deskmeter_lease_held", "gauge", "Whether a run is under way in any process."),
        &labels,
        flag(standing.is_running),
    );
    if let Some((deadline, is_overdue)) = standing.deletion {
        text.add(
            ("deskmeter_deletion_deadline_seconds", "gauge", "Seconds until the deletion must be done."),
            &labels,
            (deadline - now) as f64,
        );
        text.add(
            ("deskmeter_deletion_overdue", "gauge", "Whether the deletion is past its deadline."),
            &labels,
            flag(is_overdue),
        );
    }
    for stream in &standing.streams {
        let labels = [("connection", name), ("stream", stream.name.as_str())];
        text.add(
            ("deskmeter_stream_available", "gauge", "Whether the account lets the stream be read."),
            &labels,
            flag(stream.is_available),
        );
        if let Some(newest) = stream.newest {
            text.add(
                ("deskmeter_stream_lag_seconds", "gauge", "Age of the newest complete second of the stream."),
                &labels,
                (now - newest) as f64,
            );
        }
    }
    runs(connection, text).await;
}

async fn runs(connection: &Connection, text: &mut Exposition) {
    let labels = [("connection", connection.name())];
    let runs = connection.runs(RUNS_SUMMED).await.unwrap_or_default();
    let failed = runs.iter().filter(|run| run.exit_code != 0).count();
    let sum = |value: fn(&deskmeter_pipeline::Run) -> u64| runs.iter().map(value).sum::<u64>() as f64;
    // Gauges: the history keeps the last runs, so that the sums can fall.
    text.add(("deskmeter_runs", "gauge", "Runs in the history."), &labels, runs.len() as f64);
    text.add(
        ("deskmeter_runs_failed", "gauge", "Runs in the history that ended early."),
        &labels,
        failed as f64,
    );
    text.add(
        ("deskmeter_rows", "gauge", "Rows that the runs in the history committed."),
        &labels,
        sum(|run| run.rows),
    );
    text.add(
        ("deskmeter_requests", "gauge", "Requests that the runs in the history sent."),
        &labels,
        sum(|run| run.requests),
    );
    text.add(
        ("deskmeter_received_bytes", "gauge", "Bytes that the runs in the history received."),
        &labels,
        sum(|run| run.bytes),
    );
    if let Some(run) = runs.first() {
        let seconds = run.ended_at.as_second() - run.started_at.as_second();
        text.add(
            ("deskmeter_last_run_exit_code", "gauge", "Exit code of the last run; 0 is success."),
            &labels,
            f64::from(run.exit_code),
        );
        text.add(
            ("deskmeter_last_run_duration_seconds", "gauge", "How long the last run took."),
            &labels,
            seconds as f64,
        );
        text.add(
            ("deskmeter_last_run_timestamp_seconds", "gauge", "When the last run ended."),
            &labels,
            run.ended_at.as_second() as f64,
        );
    }
}

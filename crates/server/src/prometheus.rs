//! Metrics in Prometheus' text format: at `/metrics`, and as a file for the node exporter where there is no console.

use std::fmt::Write;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskmeter_pipeline::{ConnectionStatus, Context, PipelineFile, Totals};
use zeroize::Zeroizing;

use crate::app::App;
use crate::pages::login;
use crate::security::{Client, SessionId};

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics. Where there is a password, a session or the password as basic authentication is needed.
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    Extension(session): Extension<SessionId>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    if !app.is_signed_in(&session) {
        match basic_password(&headers) {
            Some(attempt) => match login::is_password(&app, client, attempt).await {
                Ok(true) => {}
                Ok(false) => return ask(),
                Err(wait) => return login::too_many(wait),
            },
            None => return ask(),
        }
    }
    let mut text = Exposition::default();
    for connection in app.connections.values() {
        describe(connection.file(), &connection.now(), &mut text).await;
    }
    ([(header::CONTENT_TYPE, FORMAT)], text.finish()).into_response()
}

/// The metrics of one connection, as `/metrics` shows them.
pub async fn metrics_text(pipeline: &PipelineFile, context: &Context) -> String {
    let mut text = Exposition::default();
    describe(pipeline, context, &mut text).await;
    text.finish()
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

/// A name, a kind, a sentence.
type Family = (&'static str, &'static str, &'static str);

/// Families of samples, each with its help once.
#[derive(Default)]
struct Exposition {
    families: Vec<(Family, String)>,
}

impl Exposition {
    fn add(&mut self, family: Family, labels: &[(&str, &str)], value: f64) {
        let index = self.families.iter().position(|(known, _)| known.0 == family.0).unwrap_or_else(|| {
            self.families.push((family, String::new()));
            self.families.len() - 1
        });
        // Label values are names of connections, streams and states: no character of theirs needs escaping.
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        if let Some((_, samples)) = self.families.get_mut(index) {
            let _ = writeln!(samples, "{}{{{}}} {value}", family.0, labels.join(","));
        }
    }

    fn finish(self) -> String {
        let mut text = String::new();
        for ((name, kind, help), samples) in self.families {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}");
        }
        text
    }
}

async fn describe(pipeline: &PipelineFile, context: &Context, text: &mut Exposition) {
    let labels = [("connection", pipeline.connection.name.as_str())];
    let readable = ("deskmeter_status_readable", "gauge", "Whether the state store answers.");
    match deskmeter_pipeline::status(pipeline, context).await {
        Ok(status) => {
            text.add(readable, &labels, 1.0);
            standing(&status, context.started_at.0, text);
            streams(&status, context.started_at.0, text);
            totals(&status.connection, &status.totals, text);
        }
        Err(_) => text.add(readable, &labels, 0.0),
    }
}

/// How the connection stands, and its last run.
fn standing(status: &ConnectionStatus, now: i64, text: &mut Exposition) {
    let labels = [("connection", status.connection.as_str())];
    let flag = |is: bool| f64::from(u8::from(is));
    let mut gauge = |name, help, value| text.add((name, "gauge", help), &labels, value);
    gauge("deskmeter_connected", "Whether the authorization stands.", flag(status.is_connected()));
    gauge("deskmeter_lease_held", "Whether a run is under way in any process.", flag(status.is_running));
    if let Some(deletion) = &status.deletion {
        let left = deletion.deadline.as_second() - now;
        gauge("deskmeter_deletion_deadline_seconds", "Seconds until the deletion must be done.", left as f64);
        gauge(
            "deskmeter_deletion_overdue",
            "Whether the deletion is past its deadline.",
            flag(deletion.is_overdue),
        );
    }
    if let Some(run) = &status.last_run {
        let (started, ended) = (run.started_at.as_second(), run.ended_at.as_second());
        gauge(
            "deskmeter_last_run_exit_code",
            "Exit code of the last run; 0 is success.",
            f64::from(run.exit_code),
        );
        gauge("deskmeter_last_run_duration_seconds", "How long the last run took.", (ended - started) as f64);
        gauge("deskmeter_last_run_timestamp_seconds", "When the last run ended.", ended as f64);
    }
    if let Some(at) = status.totals.last_success_at {
        gauge("deskmeter_last_success_timestamp_seconds", "When a run last succeeded.", at as f64);
    }
    let checks = status.totals.checks;
    for (result, count) in [("held", checks.held), ("warned", checks.warned), ("failed", checks.failed)] {
        let labels = [labels[0], ("result", result)];
        text.add(
            ("deskmeter_checks", "gauge", "Checks of the last refresh of the marts."),
            &labels,
            count as f64,
        );
    }
}

/// Each stream: whether it can be read, how old it is, its rows.
fn streams(status: &ConnectionStatus, now: i64, text: &mut Exposition) {
    let name = status.connection.as_str();
    for (stream, state) in &status.streams {
        let labels = [("connection", name), ("stream", stream.as_str())];
        let is_available = f64::from(u8::from(state.capability == "available"));
        text.add(
            ("deskmeter_stream_available", "gauge", "Whether the account lets the stream be read."),
            &labels,
            is_available,
        );
        if let Some(newest) = state.newest {
            text.add(
                ("deskmeter_stream_lag_seconds", "gauge", "Age of the newest complete second of the stream."),
                &labels,
                (now - newest.as_second()) as f64,
            );
        }
    }
    for (stream, sums) in &status.totals.streams {
        let of = [
            ("read", sums.read),
            ("inserted", sums.inserted),
            ("updated", sums.updated),
            ("rejected", sums.rejected),
        ];
        for (result, count) in of {
            let labels = [("connection", name), ("stream", stream.as_str()), ("result", result)];
            let family = ("deskmeter_rows_total", "counter", "Rows on the pages, by what became of them.");
            text.add(family, &labels, count as f64);
        }
    }
}

/// What all runs did together.
fn totals(name: &str, totals: &Totals, text: &mut Exposition) {
    let labels = [("connection", name)];
    for (exit_code, count) in &totals.runs {
        let exit_code = exit_code.to_string();
        let labels = [("connection", name), ("exit_code", exit_code.as_str())];
        text.add(
            ("deskmeter_runs_total", "counter", "Runs that ended, by exit code."),
            &labels,
            *count as f64,
        );
    }
    let mut counter = |name, help, value: u64| text.add((name, "counter", help), &labels, value as f64);
    counter("deskmeter_requests_total", "Requests to Zendesk, repeated ones included.", totals.requests);
    counter("deskmeter_retries_total", "Requests that repeated one that failed.", totals.retries);
    counter("deskmeter_throttled_total", "Answers of status 429.", totals.throttled);
    counter(
        "deskmeter_rate_wait_seconds_total",
        "Time that runs waited for the rate limit.",
        totals.waited_seconds,
    );
    counter("deskmeter_received_bytes_total", "Bytes received, decompressed.", totals.bytes);
    counter("deskmeter_run_seconds_total", "Time that runs took.", totals.run_seconds);
}

//! What a run will take, before it is started: requests, time and bytes, from a few sample pages of each stream.
//!
//! A sample page is read, counted and dropped. Nothing is written but a refreshed token and, for the progress of the run
//! that follows, how many requests each stream is expected to need.

mod estimate;
mod forecast;
mod range;
mod report;
mod sample;

use std::collections::BTreeMap;

use deskmeter_connections::{Sealed, SealingKey};
use deskmeter_extractor::Client;
use deskmeter_sanitizer::{PseudonymKey, Sanitizer, SanitizerOptions};
use deskmeter_zendesk::{RateBucket, Stream, UnixSeconds};

use crate::connect::client;
use crate::error::Error;
use crate::open::{client_secret, sealing_keys};
use crate::state::{State, of_state};
use crate::sync::{CONNECT, authorized};
use crate::tokens::VaultTokens;
use crate::{Context, PipelineFile};

pub use range::Range;
pub use report::{PlanReport, StreamPlan};

/// Rows younger than this are not served yet; a run ends here.
const RECENT_SECONDS: i64 = 61;

/// What a run of the connection would take now: from the start date before the first one, else from where the last one
/// ended. Asks for at most 20 pages, and keeps to the rate limit: about two minutes at 10
/// requests a minute.
///
/// # Errors
/// [`ErrorKind::NotConnected`](crate::ErrorKind::NotConnected) before a connection: see [`plan_unasked`].
pub async fn plan(pipeline: &PipelineFile, context: &Context) -> Result<PlanReport, Error> {
    let state = State::open(pipeline, context)?;
    let keys = sealing_keys(pipeline, context)?;
    let sealed = authorized(pipeline, &state, keys.clone(), context).await.map_err(|error| {
        let is_plain = error.next_step() == Some(CONNECT);
        if is_plain {
            error.next(format!("{CONNECT}, or plan from a number alone: --tickets N"))
        } else {
            error
        }
    })?;
    let client = client(pipeline, context)?;
    let asked = ask(pipeline, context, (&state, keys, &client), sealed);
    let forecasts = context.stop.bound(asked).await?;
    let pace = report::Pace {
        exports_per_minute: client.requests_per_minute(RateBucket::IncrementalExports),
        users_per_minute: client.requests_per_minute(RateBucket::UsersExport),
        quota_percent: pipeline.connection.quota_percent,
    };
    let report = PlanReport::new(pipeline, context, pace, forecasts, client.stats().requests);
    let requests: BTreeMap<String, u64> =
        report.streams.iter().map(|plan| (plan.stream.to_owned(), plan.requests.likely)).collect();
    let board = state.board();
    let update = board.update(&state.connection, |status| status.planned_requests.clone_from(&requests));
    update.await.map_err(|error| of_state("keep the plan for the run's progress", error))?;
    Ok(report)
}

/// What a first run would take of an account with so many tickets, without asking Zendesk: from what a simulated account
/// of mixed channels and SLA policies needs for each ticket. Real accounts differ by a factor of two and more.
pub fn plan_unasked(pipeline: &PipelineFile, context: &Context, tickets: u64) -> Result<PlanReport, Error> {
    let client = client(pipeline, context)?;
    let pace = report::Pace {
        exports_per_minute: client.requests_per_minute(RateBucket::IncrementalExports),
        users_per_minute: client.requests_per_minute(RateBucket::UsersExport),
        quota_percent: pipeline.connection.quota_percent,
    };
    Ok(PlanReport::new(pipeline, context, pace, forecast::typical(tickets), 0))
}

/// Samples every stream, in the order of a run.
async fn ask(
    pipeline: &PipelineFile,
    context: &Context,
    (state, keys, client): (&State, Vec<SealingKey>, &Client),
    sealed: Sealed,
) -> Result<Vec<forecast::Forecast>, Error> {
    let key = PseudonymKey::from_bytes(*sealed.record.pseudonym_key.expose());
    let record = state.board().read(&state.connection).await;
    let record = record.map_err(|error| of_state("read the status", error))?;
    let (vault, secret) = (state.vault(keys)?, client_secret(pipeline, context)?);
    let tokens = VaultTokens::new(vault, state.connection.clone(), client.clone(), secret, context, sealed);
    let sanitizer =
        Sanitizer::new(key, SanitizerOptions { reject_share_max: 1.0, ..SanitizerOptions::default() });
    let until = context.started_at.minus(RECENT_SECONDS);
    let mut sampler = sample::Sampler::new((client, &tokens), sanitizer, &*context.timer, until);
    let from = |stream: Stream| {
        let read = record.streams.get(stream.name()).and_then(|stream| stream.complete_until);
        UnixSeconds(read.unwrap_or_else(|| pipeline.start_time())).minus(stream.overlap_seconds())
    };
    let mut forecasts = Vec::new();
    for stream in Stream::ALL {
        context.stop.check()?;
        forecasts.push(match stream {
            Stream::Tickets => forecast::tickets(&mut sampler, from(stream)).await?,
            _ => forecast::by_time(&mut sampler, stream, from(stream)).await?,
        });
    }
    Ok(forecasts)
}

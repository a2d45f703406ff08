//! The plan as it is shown.

use deskmeter_zendesk::{RateBucket, Stream};
use jiff::Timestamp;
use serde::Serialize;

use super::forecast::Forecast;
use super::range::Range;
use crate::status::{capability, time};
use crate::{Context, PipelineFile};

/// Rows on a full page.
const PAGE_ROWS: u64 = 1_000;
/// A window of the rate limit, and the second that a request may need to arrive.
const WINDOW_SECONDS: u64 = 61;

/// How fast requests may follow one another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) exports_per_minute: u64,
    pub(super) users_per_minute: u64,
    pub(super) quota_percent: u8,
}

/// One stream of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct StreamPlan {
    /// Its name.
    pub stream: &'static str,
    /// Whether it can be read, and if not, why.
    pub capability: &'static str,
    /// Rows on its pages.
    pub rows: Range,
    /// Requests, one a page.
    pub requests: Range,
    /// Bytes over the network, compressed.
    pub bytes: Range,
    /// Seconds that reading it takes at the quota, after the streams before it.
    pub seconds: Range,
    /// When it is read to its end, if the run starts now.
    pub ends_at: Timestamp,
    /// How the rows were estimated.
    pub how: String,
}

/// What a run will take.
#[derive(Debug, Clone, Serialize)]
pub struct PlanReport {
    /// Name in the pipeline file.
    pub connection: String,
    /// Share of the account's limits that is used.
    pub quota_percent: u8,
    /// Requests a minute to the exports at that share, learned from the account where it was asked.
    pub exports_per_minute: u64,
    /// Requests a minute to the users export at that share.
    pub users_per_minute: u64,
    /// In the order in which a run reads them.
    pub streams: Vec<StreamPlan>,
    /// Requests in all.
    pub requests: Range,
    /// Rows in all.
    pub rows: Range,
    /// Bytes over the network in all.
    pub bytes: Range,
    /// Seconds in all; the refresh of the marts comes on top, some seconds for each 100,000 tickets.
    pub seconds: Range,
    /// When the last stream is read to its end, if the run starts now.
    pub ends_at: Timestamp,
    /// Requests that this plan made.
    pub requests_made: u64,
}

impl PlanReport {
    pub(super) fn new(
        pipeline: &PipelineFile,
        context: &Context,
        pace: Pace,
        forecasts: Vec<Forecast>,
        requests_made: u64,
    ) -> Self {
        let started_at = context.started_at.0;
        let mut clock = Clock::new(pace);
        let mut streams: Vec<StreamPlan> = Vec::new();
        let (mut requests, mut rows, mut bytes, mut seconds) =
            (Range::default(), Range::default(), Range::default(), Range::default());
        for forecast in forecasts {
            let of_stream = forecast.rows.map(|rows| rows.div_ceil(PAGE_ROWS).max(1));
            let until = clock.read(forecast.stream, of_stream, forecast.seconds_per_page);
            let plan = StreamPlan {
                stream: forecast.stream.name(),
                capability: capability(forecast.capability),
                rows: forecast.rows,
                requests: of_stream,
                bytes: forecast.rows.map(|rows| (rows as f64 * forecast.bytes_per_row) as u64),
                seconds: Range {
                    low: until.low.saturating_sub(seconds.low),
                    likely: until.likely.saturating_sub(seconds.likely),
                    high: until.high.saturating_sub(seconds.high),
                },
                ends_at: time(started_at + until.likely as i64),
                how: forecast.how,
            };
            (requests, rows, bytes, seconds) =
                (requests + plan.requests, rows + plan.rows, bytes + plan.bytes, until);
            streams.push(plan);
        }
        Self {
            connection: pipeline.connection.name.clone(),
            quota_percent: pace.quota_percent,
            exports_per_minute: pace.exports_per_minute,
            users_per_minute: pace.users_per_minute,
            streams,
            requests,
            rows,
            bytes,
            seconds,
            ends_at: time(started_at + seconds.likely as i64),
            requests_made,
        }
    }
}

/// Requests so far on each limit, and the time that they take: streams are read one after the other, as fast as the
/// slower of the limit and the network.
struct Clock {
    pace: Pace,
    exports: Range,
    users: Range,
    network: [f64; 3],
}

impl Clock {
    fn new(pace: Pace) -> Self {
        Self { pace, exports: Range::default(), users: Range::default(), network: [0.0; 3] }
    }

    /// Seconds from the start until this stream is read too.
    fn read(&mut self, stream: Stream, requests: Range, seconds_per_page: f64) -> Range {
        match stream.rate_bucket() {
            RateBucket::UsersExport => self.users = self.users + requests,
            _ => self.exports = self.exports + requests,
        }
        let counts = [requests.low, requests.likely, requests.high];
        for (network, count) in self.network.iter_mut().zip(counts) {
            *network += count as f64 * seconds_per_page;
        }
        let windows =
            |requests: u64, per_minute: u64| requests.saturating_sub(1) / per_minute.max(1) * WINDOW_SECONDS;
        let limits = |exports, users| {
            windows(exports, self.pace.exports_per_minute) + windows(users, self.pace.users_per_minute)
        };
        let [low, likely, high] = self.network.map(|seconds| seconds.ceil() as u64);
        Range {
            low: limits(self.exports.low, self.users.low).max(low),
            likely: limits(self.exports.likely, self.users.likely).max(likely),
            high: limits(self.exports.high, self.users.high).max(high),
        }
    }
}

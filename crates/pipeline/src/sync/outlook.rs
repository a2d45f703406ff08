//! How long a run will still take: from the time that its pages cover so far, and from the plan for what is to come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deskmeter_extractor::Client;
use deskmeter_zendesk::{RateBucket, Stream, UnixSeconds};
use tokio::time::Instant;

use crate::{Context, Event, Timer};

/// From this share of a stream's time on, its own pace tells more than a plan.
const TELLING_SHARE: f64 = 0.1;
/// A window of the rate limit, and the second that a request may need to arrive.
const WINDOW_SECONDS: f64 = 61.0;

/// What is known of the run's pages.
pub(super) struct Outlook {
    planned: BTreeMap<String, u64>,
    exports_per_minute: u64,
    users_per_minute: u64,
    timer: Arc<dyn Timer>,
    started_at: Instant,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    pages: BTreeMap<Stream, u64>,
    /// Where the stream under way began, and where it ends.
    span: Option<(Option<i64>, i64)>,
}

impl Outlook {
    pub(super) fn new(planned: BTreeMap<String, u64>, client: &Client, context: &Context) -> Self {
        Self {
            planned,
            exports_per_minute: client.requests_per_minute(RateBucket::IncrementalExports),
            users_per_minute: client.requests_per_minute(RateBucket::UsersExport),
            timer: Arc::clone(&context.timer),
            started_at: context.timer.now(),
            progress: Mutex::default(),
        }
    }

    /// A stream begins.
    pub(super) fn begins(&self, stream: Stream, from: Option<UnixSeconds>, until: UnixSeconds) -> Event {
        // Without a start date, the first page tells where the account begins.
        let from = from.map(|from| from.0).filter(|from| *from > 0);
        self.progress().span = Some((from, until.0));
        self.event(stream, None)
    }

    /// A page was read, up to a time.
    pub(super) fn page(&self, stream: Stream, reached: Option<UnixSeconds>) -> Event {
        let share = {
            let mut progress = self.progress();
            *progress.pages.entry(stream).or_default() += 1;
            progress.share(reached)
        };
        self.event(stream, share)
    }

    fn event(&self, stream: Stream, share: Option<f64>) -> Event {
        let pages = self.progress().pages.clone();
        let done = pages.get(&stream).copied().unwrap_or_default();
        let of_stream = self.pages_left(stream, done, share);
        let later = Stream::ALL.into_iter().filter(|later| *later > stream);
        let to_come =
            later.map(|later| Some((later, *self.planned.get(later.name())?))).collect::<Option<Vec<_>>>();
        let per_page =
            (self.timer.now() - self.started_at).as_secs_f64() / pages.values().sum::<u64>().max(1) as f64;
        let stream_left = of_stream.map(|left| self.seconds(&[(stream, left)], per_page));
        let all = of_stream
            .zip(to_come)
            .map(|(left, to_come)| std::iter::once((stream, left)).chain(to_come).collect::<Vec<_>>());
        let pages_left = all.as_ref().map(|all| all.iter().map(|(_, pages)| pages).sum());
        let run_left = all.map(|all| self.seconds(&all, per_page));
        Event::Outlook { stream, stream_left, pages_left, run_left }
    }

    fn pages_left(&self, stream: Stream, done: u64, share: Option<f64>) -> Option<u64> {
        let by_pace = share.filter(|share| *share > 0.0).map(|share| done as f64 * (1.0 - share) / share);
        let by_plan = self.planned.get(stream.name()).map(|planned| planned.saturating_sub(done));
        match (by_pace, by_plan, share) {
            (Some(pace), None, _) => Some(pace.ceil() as u64),
            (Some(pace), Some(_), Some(share)) if share >= TELLING_SHARE => Some(pace.ceil() as u64),
            (_, plan, _) => plan,
        }
    }

    /// The time for so many pages: as fast as the limits let, and no faster than the pages came so far when no limit held
    /// them up.
    fn seconds(&self, pages: &[(Stream, u64)], per_page: f64) -> Duration {
        let seconds = pages.iter().map(|(stream, pages)| {
            let per_minute = match stream.rate_bucket() {
                RateBucket::UsersExport => self.users_per_minute,
                _ => self.exports_per_minute,
            };
            let least = WINDOW_SECONDS / per_minute.max(1) as f64;
            *pages as f64 * least.max(per_page.min(least * 4.0))
        });
        Duration::from_secs_f64(seconds.sum::<f64>().round())
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// How much of the stream's time has been read, 0 to 1.
    fn share(&mut self, reached: Option<UnixSeconds>) -> Option<f64> {
        let (from, until) = self.span.as_mut()?;
        let reached = reached?.0;
        let from = *from.get_or_insert(reached);
        let whole = *until - from;
        (whole > 0).then(|| ((reached - from) as f64 / whole as f64).clamp(0.0, 1.0))
    }
}

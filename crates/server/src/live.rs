//! What a sync does right now, for the page and for server-sent events.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deskmeter_pipeline::{Clock, Event, Observer};
use deskmeter_zendesk::{Stream, UnixSeconds};
use tokio::sync::watch;

use crate::format;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Sample pages are looked at, to tell how long a first run will take.
    Estimating,
    /// Pages are read.
    Reading,
    /// Metrics are computed.
    Refreshing,
    /// It ended well.
    Done,
    /// It ended early: what failed, and what to do.
    Failed {
        /// What failed.
        what: String,
        /// What to do.
        next: Option<String>,
    },
}

/// A stream of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamProgress {
    /// Which.
    pub(crate) stream: Stream,
    /// Rows on the pages read so far.
    pub(crate) rows: u64,
    /// Whether it has ended.
    pub(crate) is_done: bool,
    /// How long it will still take.
    pub(crate) left: Option<Duration>,
    from: Option<i64>,
    reached: Option<i64>,
    until: i64,
}

/// A run, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Where it stands.
    pub(crate) phase: Phase,
    /// When it began.
    pub(crate) started_at: i64,
    /// When the last event was.
    pub(crate) at: i64,
    /// The streams that have begun, in order.
    pub(crate) streams: Vec<StreamProgress>,
    /// Seconds that the governor waits right now.
    pub(crate) waiting: Option<u64>,
    /// Pages that are still to be read, and how long that takes; none while a stream to come is unknown.
    pub(crate) ahead: Option<(u64, Duration)>,
}

impl Progress {
    /// A run that begins now.
    pub(crate) fn starting(now: i64) -> Self {
        let (streams, waiting, ahead) = Default::default();
        Self { phase: Phase::Reading, started_at: now, at: now, streams, waiting, ahead }
    }

    /// A run that ended well, of which nothing more is known.
    pub(crate) fn done(started_at: i64, ended_at: i64) -> Self {
        Self { phase: Phase::Done, at: ended_at, ..Self::starting(started_at) }
    }

    /// Whether it is still going on.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Estimating | Phase::Reading | Phase::Refreshing)
    }

    /// All rows read so far.
    pub(crate) fn rows(&self) -> u64 {
        self.streams.iter().map(|stream| stream.rows).sum()
    }

    /// What is still to be read, and until when; none while nothing tells, or nothing is left.
    pub(crate) fn outlook(&self) -> Option<String> {
        let (pages, left) = self.ahead.filter(|(pages, _)| *pages > 0 && self.phase == Phase::Reading)?;
        let seconds = i64::try_from(left.as_secs()).ok()?;
        let pages = if pages == 1 {
            "1 page".to_owned()
        } else {
            format!("{} pages", format::thousands(pages as i64))
        };
        let (span, end) = (format::span_words(seconds), format::instant(self.at + seconds));
        Some(format!("About {pages} to go, {span}: read to the end by about {end}."))
    }

    /// In one line, for people and screen readers.
    pub(crate) fn headline(&self) -> String {
        match &self.phase {
            Phase::Estimating => "Looking how much there is to read".to_owned(),
            Phase::Reading => match self.streams.iter().find(|stream| !stream.is_done) {
                Some(stream) => format!("Reading {}", stream.label()),
                None => "Starting".to_owned(),
            },
            Phase::Refreshing => "Computing metrics".to_owned(),
            Phase::Done => "Up to date".to_owned(),
            Phase::Failed { what, .. } => format!("Stopped: {what}"),
        }
    }

    fn apply(&mut self, event: &Event, now: i64) {
        self.at = now;
        if !matches!(event, Event::Waiting { .. }) {
            self.waiting = None;
        }
        match event {
            Event::StreamStarted { stream, from, until } => self.streams.push(StreamProgress {
                stream: *stream,
                rows: 0,
                is_done: false,
                left: None,
                from: from.map(|from| from.0),
                reached: None,
                until: until.0,
            }),
            Event::Page { stream, rows, reached } => {
                self.with(*stream, |progress| progress.page(*rows, *reached));
            }
            Event::Outlook { stream, stream_left, pages_left, run_left } => {
                self.with(*stream, |progress| progress.left = *stream_left);
                self.ahead = pages_left.zip(*run_left);
            }
            Event::StreamEnded { stream } => self.with(*stream, |progress| progress.is_done = true),
            Event::Waiting { wait } => self.waiting = Some(wait.as_secs()),
            Event::Refreshing => self.phase = Phase::Refreshing,
            _ => {}
        }
    }

    fn with(&mut self, stream: Stream, change: impl FnOnce(&mut StreamProgress)) {
        if let Some(progress) = self.streams.iter_mut().rfind(|progress| progress.stream == stream) {
            change(progress);
        }
    }
}

impl StreamProgress {
    /// The stream's name in words.
    pub(crate) fn label(&self) -> String {
        self.stream.name().replace('_', " ")
    }

    /// How much of the time that the stream covers has been read, 0 to 100.
    pub(crate) fn percent(&self) -> u64 {
        let (Some(from), Some(reached)) = (self.from, self.reached) else {
            return if self.is_done { 100 } else { 0 };
        };
        let (whole, part) = (self.until - from, reached - from);
        if self.is_done || whole <= 0 { 100 } else { (part.clamp(0, whole) * 100 / whole) as u64 }
    }

    /// How long it will still take, in words.
    pub(crate) fn eta(&self) -> Option<String> {
        let left = self.left.filter(|left| !self.is_done && !left.is_zero())?;
        Some(format::span_words(i64::try_from(left.as_secs()).ok()?))
    }

    fn page(&mut self, rows: u64, reached: Option<UnixSeconds>) {
        self.rows += rows;
        if let Some(reached) = reached {
            // Without a start date, the first page tells where the account begins.
            if self.from.is_none_or(|from| from == 0) {
                self.from = Some(reached.0);
            }
            self.reached = Some(reached.0);
        }
    }
}

/// Returns when the flag is set, or nobody can set it any more.
pub(crate) async fn told(flag: &mut watch::Receiver<bool>) {
    // What it returns borrows the channel: it must not live across another wait.
    let _ = flag.wait_for(|is_set| *is_set).await;
}

/// Collects the events of one run.
pub(crate) struct Watcher {
    clock: Clock,
    progress: watch::Sender<Progress>,
    /// The observer that the console itself was given: logs and the like.
    outer: Arc<dyn Observer>,
}

impl Watcher {
    /// A watcher of a run that begins now.
    pub(crate) fn new(clock: Clock, outer: Arc<dyn Observer>) -> Self {
        let progress = watch::Sender::new(Progress::starting(clock().0));
        Self { clock, progress, outer }
    }

    /// Follows the run.
    pub(crate) fn follow(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// How long the run will take is being looked at, or was.
    pub(crate) fn estimating(&self, is_going_on: bool) {
        let phase = if is_going_on { Phase::Estimating } else { Phase::Reading };
        self.progress.send_modify(|progress| progress.phase = phase);
    }

    /// The run has ended.
    pub(crate) fn end(&self, phase: Phase) {
        let now = (self.clock)().0;
        self.progress.send_modify(|progress| {
            progress.at = now;
            progress.waiting = None;
            progress.phase = phase;
        });
    }
}

impl Observer for Watcher {
    fn event(&self, event: &Event) {
        let now = (self.clock)().0;
        self.progress.send_modify(|progress| progress.apply(event, now));
        self.outer.event(event);
    }
}

/// The newest run of each connection that this process made.
#[derive(Default)]
pub(crate) struct Runs(Mutex<std::collections::BTreeMap<String, watch::Receiver<Progress>>>);

impl Runs {
    /// The newest run of a connection.
    pub(crate) fn get(&self, connection: &str) -> Option<watch::Receiver<Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connection).cloned()
    }

    /// Puts a run in its place, unless one is going on.
    pub(crate) fn begin(&self, connection: &str, run: watch::Receiver<Progress>) -> bool {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.get(connection).is_some_and(|run| run.borrow().is_running()) {
            return false;
        }
        runs.insert(connection.to_owned(), run);
        true
    }

    /// Forgets the run of a connection that was deleted, unless another one has begun since.
    pub(crate) fn forget(&self, connection: &str, run: Option<&watch::Receiver<Progress>>) {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.get(connection).zip(run).is_some_and(|(newest, run)| newest.same_channel(run)) {
            runs.remove(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_pages_time_and_an_end() {
        let mut progress = Progress::starting(0);
        let stream = Stream::Tickets;
        progress.apply(&Event::StreamStarted { stream, from: None, until: UnixSeconds(1_100) }, 0);
        progress.apply(&Event::Page { stream, rows: 1_000, reached: Some(UnixSeconds(100)) }, 5);
        progress.apply(&Event::Page { stream, rows: 1_000, reached: Some(UnixSeconds(600)) }, 60);
        assert_eq!(progress.outlook(), None, "nothing tells yet");
        let (stream_left, run_left) = (Some(Duration::from_mins(3)), Some(Duration::from_hours(2)));
        progress.apply(&Event::Outlook { stream, stream_left, pages_left: Some(1_204), run_left }, 60);
        let [tickets] = &progress.streams[..] else { panic!("one stream") };
        assert_eq!((tickets.rows, tickets.percent()), (2_000, 50));
        assert_eq!(tickets.eta().as_deref(), Some("3 minutes"));
        assert_eq!(progress.headline(), "Reading tickets");
        let told = "About 1,204 pages to go, 2 hours: read to the end by about 1 Jan 1970, 02:01 UTC.";
        assert_eq!(progress.outlook().as_deref(), Some(told));
        progress.apply(&Event::Refreshing, 61);
        assert_eq!(progress.outlook(), None, "all is read");
    }
}

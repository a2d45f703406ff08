//! Progress on stderr: bars on a terminal; elsewhere nothing, so that cron has nothing to mail, or lines with -v.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deskmeter_pipeline::{Event, Observer, Silent};
use deskmeter_zendesk::{Stream, UnixSeconds};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::args::{Global, LogFormat};

/// Steps of a bar: thousandths of the time that a stream covers.
const STEPS: u64 = 1_000;

/// Shows what a run does in the way that suits standard error.
pub(crate) fn observer(global: &Global) -> Arc<dyn Observer> {
    match (global.log_format, io::stderr().is_terminal(), global.verbose) {
        (LogFormat::Text, true, _) => Arc::new(Bars::default()),
        (LogFormat::Text, false, 1..) => Arc::new(Lines::default()),
        _ => Arc::new(Silent),
    }
}

/// What is known of a stream in flight.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Option<UnixSeconds>,
    until: UnixSeconds,
    rows: u64,
    left: Option<Duration>,
}

impl Span {
    /// What stands beside the bar.
    fn message(&self) -> String {
        match self.left {
            Some(left) => format!("{} rows, about {} left", self.rows, span(left)),
            None => format!("{} rows", self.rows),
        }
    }

    /// How much of the time has been read, in [`STEPS`]. The first page tells where the account begins.
    fn done(&mut self, reached: UnixSeconds) -> u64 {
        let from = *self.from.get_or_insert(reached);
        let (whole, part) = (self.until.0 - from.0, reached.0 - from.0);
        if whole <= 0 { STEPS } else { (part.clamp(0, whole) as u64) * STEPS / whole as u64 }
    }
}

#[derive(Default)]
struct Bars {
    all: MultiProgress,
    streams: Mutex<HashMap<Stream, (ProgressBar, Span)>>,
    whole: Mutex<Option<ProgressBar>>,
    marts: Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn started(&self, stream: Stream, from: Option<UnixSeconds>, until: UnixSeconds) {
        let style = ProgressStyle::with_template("{prefix:>20} [{bar:24}] {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = self.all.add(ProgressBar::new(STEPS)).with_style(style).with_prefix(stream.name());
        bar.set_message("0 rows");
        let span = Span { from, until, rows: 0, left: None };
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).insert(stream, (bar, span));
    }

    /// The last line: the whole run, where a plan makes it known.
    fn in_all(&self, left: Option<Duration>) {
        let Some(left) = left else { return };
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = whole.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:>20} {msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            self.all.add(ProgressBar::new(1)).with_style(style).with_prefix("in all")
        });
        bar.set_message(format!("about {} left", span(left)));
    }

    fn with(&self, stream: Stream, change: impl FnOnce(&ProgressBar, &mut Span)) {
        if let Some((bar, span)) =
            self.streams.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&stream)
        {
            change(bar, span);
        }
    }
}

impl Observer for Bars {
    fn event(&self, event: &Event) {
        match event {
            Event::StreamStarted { stream, from, until } => self.started(*stream, *from, *until),
            Event::Page { stream, rows, reached } => self.with(*stream, |bar, span| {
                span.rows += rows;
                bar.set_message(span.message());
                if let Some(reached) = reached {
                    bar.set_position(span.done(*reached));
                }
            }),
            Event::Waiting { wait } => {
                for (bar, span) in self.streams.lock().unwrap_or_else(PoisonError::into_inner).values() {
                    if !bar.is_finished() {
                        bar.set_message(format!("{}; rate limit: {} s", span.message(), wait.as_secs()));
                    }
                }
            }
            Event::Outlook { stream, stream_left, run_left, .. } => {
                self.with(*stream, |bar, span| {
                    span.left = *stream_left;
                    bar.set_message(span.message());
                });
                self.in_all(*run_left);
            }
            Event::StreamEnded { stream } => self.with(*stream, |bar, span| {
                bar.set_position(STEPS);
                bar.finish_with_message(format!("{} rows", span.rows));
            }),
            Event::Refreshing => {
                self.whole
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take()
                    .inspect(ProgressBar::finish_and_clear);
                let bar = self.all.add(ProgressBar::new_spinner()).with_message("refreshing the marts");
                bar.enable_steady_tick(Duration::from_millis(120));
                *self.marts.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
            }
            Event::Refreshed { models } => {
                if let Some(bar) = self.marts.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    bar.finish_with_message(format!("{models} models refreshed"));
                }
            }
            _ => {}
        }
    }
}

/// A line this often at most tells how far a stream is.
const LINE_EVERY: Duration = Duration::from_secs(30);

struct Lines(Mutex<LinesState>);

struct LinesState {
    rows: HashMap<Stream, u64>,
    told_at: Instant,
}

impl Default for Lines {
    fn default() -> Self {
        Self(Mutex::new(LinesState { rows: HashMap::new(), told_at: Instant::now() }))
    }
}

impl Observer for Lines {
    fn event(&self, event: &Event) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            Event::Page { stream, rows, .. } => {
                *state.rows.entry(*stream).or_default() += rows;
                return;
            }
            Event::Outlook { stream, stream_left, run_left, .. } if state.told_at.elapsed() >= LINE_EVERY => {
                state.told_at = Instant::now();
                let rows = state.rows.get(stream).copied().unwrap_or_default();
                outlook(*stream, rows, *stream_left, *run_left)
            }
            Event::StreamEnded { stream } => {
                format!("{}: {} rows read", stream, state.rows.get(stream).copied().unwrap_or_default())
            }
            Event::Refreshed { models } => format!("{models} models refreshed"),
            _ => return,
        };
        let _ = writeln!(io::stderr(), "{line}");
    }
}

fn outlook(stream: Stream, rows: u64, stream_left: Option<Duration>, run_left: Option<Duration>) -> String {
    let left = |left: Option<Duration>, of: &str| left.map(|left| format!(", about {} left{of}", span(left)));
    format!(
        "{stream}: {rows} rows so far{}{}",
        left(stream_left, "").unwrap_or_default(),
        left(run_left, " in all").unwrap_or_default()
    )
}

/// A time as a person reads it.
fn span(time: Duration) -> String {
    crate::commands::span(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_left_of_the_stream_and_of_all_as_far_as_it_is_known() {
        let minutes = |minutes| Some(Duration::from_mins(minutes));
        let tell = |stream_left, run_left| outlook(Stream::Tickets, 12_000, stream_left, run_left);
        assert_eq!(tell(None, None), "tickets: 12000 rows so far");
        assert_eq!(tell(minutes(4), None), "tickets: 12000 rows so far, about 4 min left");
        assert_eq!(
            tell(minutes(4), minutes(150)),
            "tickets: 12000 rows so far, about 4 min left, about 2.5 h left in all"
        );
    }
}

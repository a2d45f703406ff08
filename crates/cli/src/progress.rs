//! Progress on stderr: bars on a terminal; elsewhere nothing, so that cron has nothing to mail, or lines with -v.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

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
}

impl Span {
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
    marts: Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn started(&self, stream: Stream, from: Option<UnixSeconds>, until: UnixSeconds) {
        let style = ProgressStyle::with_template("{prefix:>20} [{bar:24}] eta {eta:>4}  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = self.all.add(ProgressBar::new(STEPS)).with_style(style).with_prefix(stream.name());
        bar.set_message("0 rows");
        let span = Span { from, until, rows: 0 };
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).insert(stream, (bar, span));
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
                bar.set_message(format!("{} rows", span.rows));
                if let Some(reached) = reached {
                    bar.set_position(span.done(*reached));
                }
            }),
            Event::Waiting { wait } => {
                for (bar, span) in self.streams.lock().unwrap_or_else(PoisonError::into_inner).values() {
                    if !bar.is_finished() {
                        bar.set_message(format!("{} rows, rate limit: {} s", span.rows, wait.as_secs()));
                    }
                }
            }
            Event::StreamEnded { stream } => self.with(*stream, |bar, span| {
                bar.set_position(STEPS);
                bar.finish_with_message(format!("{} rows", span.rows));
            }),
            Event::Refreshing => {
                let bar = self.all.add(ProgressBar::new_spinner()).with_message("refreshing the marts");
                bar.enable_steady_tick(std::time::Duration::from_millis(120));
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

#[derive(Default)]
struct Lines {
    rows: Mutex<HashMap<Stream, u64>>,
}

impl Observer for Lines {
    fn event(&self, event: &Event) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            Event::Page { stream, rows: page, .. } => {
                *rows.entry(*stream).or_default() += page;
                return;
            }
            Event::StreamEnded { stream } => {
                format!("{}: {} rows read", stream, rows.get(stream).copied().unwrap_or_default())
            }
            Event::Refreshed { models } => format!("{models} models refreshed"),
            _ => return,
        };
        let _ = writeln!(io::stderr(), "{line}");
    }
}

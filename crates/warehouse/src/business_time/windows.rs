//! A span under a schedule, cut into what counts and what does not, with the reason.

use jiff::Timestamp;

use super::schedules::Schedule;
use crate::explain::{Window, WindowKind};

impl Schedule {
    /// The span `[from, to)` (UTC seconds) without gaps: working time as `business_seconds` counts it, and what lies
    /// between. None where the span is beyond the calendar.
    pub(crate) fn windows(&self, from: i64, to: i64) -> Option<Vec<Window>> {
        let compiled = self.over(from, to)?;
        let mut windows = Vec::new();
        let mut at = from;
        for (open, close) in compiled.spans_within(from, to) {
            self.push_skipped(&mut windows, at, open);
            push(&mut windows, open, close, WindowKind::Working);
            at = close;
        }
        self.push_skipped(&mut windows, at, to);
        Some(windows)
    }

    /// Cuts what does not count into local days.
    fn push_skipped(&self, windows: &mut Vec<Window>, from: i64, to: i64) {
        let mut at = from;
        while at < to {
            let (kind, midnight) = self.day_off(at).unwrap_or((WindowKind::Closed, to));
            let next = midnight.clamp(at + 1, to);
            push(windows, at, next, kind);
            at = next;
        }
    }
}

/// Adds a part, or makes the last one longer when it is of the same kind and close by.
fn push(windows: &mut Vec<Window>, from: i64, to: i64, kind: WindowKind) {
    let (Ok(start), Ok(end)) = (Timestamp::from_second(from), Timestamp::from_second(to)) else { return };
    if start == end {
        return;
    }
    match windows.last_mut() {
        Some(last) if last.kind == kind && last.to == start && kind != WindowKind::Working => last.to = end,
        _ => windows.push(Window { from: start, to: end, kind }),
    }
}

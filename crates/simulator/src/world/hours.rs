//! Business time: a schedule unrolled into UTC spans with running totals, so that a question is a search.

use crate::tenant::TenantSchedule;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A schedule over a fixed range of days, ready for questions.
#[derive(Clone, Debug)]
pub(crate) struct Hours {
    /// Open spans `[from, to)` in seconds since the epoch, sorted, apart, with the open seconds before each.
    spans: Vec<(i64, i64, i64)>,
}

/// Rules that stand in when the machine has no time zone database; exact since 2007 (US) and 1996 (EU).
fn zone(name: &str) -> TimeZone {
    let rule = match name {
        "America/New_York" => "EST5EDT,M3.2.0,M11.1.0",
        "America/Los_Angeles" => "PST8PDT,M3.2.0,M11.1.0",
        "Europe/Berlin" => "CET-1CEST,M3.5.0,M10.5.0/3",
        _ => "UTC0",
    };
    TimeZone::get(name).or_else(|_| TimeZone::posix(rule)).unwrap_or(TimeZone::UTC)
}

impl Hours {
    /// Unrolls a schedule from a day before `from` to a day after `to` (seconds since the epoch).
    pub(crate) fn compile(schedule: &TenantSchedule, from: i64, to: i64) -> Self {
        let zone = zone(&schedule.time_zone);
        let mut spans: Vec<(i64, i64, i64)> = Vec::new();
        let mut total = 0;
        let Some((mut day, last)) = local_day(&zone, from - 86_400).zip(local_day(&zone, to + 86_400)) else {
            return Self { spans };
        };
        while day <= last {
            let sunday_offset = u32::from(day.weekday().to_sunday_zero_offset().unsigned_abs()) * 1440;
            let off = schedule.holidays.iter().any(|(first, last)| *first <= day && day <= *last);
            for (open, close) in schedule.weekly.iter().filter(|_| !off) {
                if *open < sunday_offset || *open >= sunday_offset + 1440 {
                    continue;
                }
                let start = instant(&zone, day, open - sunday_offset);
                let end = instant(&zone, day, close - sunday_offset);
                if let Some((start, end)) = start.zip(end).filter(|(start, end)| start < end) {
                    spans.push((start, end, total));
                    total += end - start;
                }
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Self { spans }
    }

    /// Open seconds in `[from, to)`; 0 when the span is empty.
    pub(crate) fn between(&self, from: i64, to: i64) -> i64 {
        if to <= from { 0 } else { self.before(to) - self.before(from) }
    }

    /// The first instant at or after `from` that is open and has exactly `secs` open seconds behind it,
    /// counted from `from`; none when the schedule's unrolled range ends before.
    pub(crate) fn after(&self, from: i64, secs: i64) -> Option<i64> {
        let goal = self.before(from) + secs;
        let next = self.spans.partition_point(|(start, end, before)| before + (end - start) <= goal);
        let (start, _, before) = self.spans.get(next)?;
        Some(start + (goal - before)).map(|instant| instant.max(from))
    }

    /// The first instant at or after `from` that has `secs` open seconds behind it, counted from `from`; none when
    /// the unrolled range ends before. Unlike `after` it may be the very end of an open span.
    pub(crate) fn reached(&self, from: i64, secs: i64) -> Option<i64> {
        if secs <= 0 {
            return Some(from);
        }
        let goal = self.before(from) + secs;
        let next = self.spans.partition_point(|(start, end, before)| before + (end - start) < goal);
        self.spans.get(next).map(|(start, _, before)| start + (goal - before))
    }

    fn before(&self, instant: i64) -> i64 {
        let next = self.spans.partition_point(|(start, _, _)| *start < instant);
        match next.checked_sub(1).and_then(|last| self.spans.get(last)) {
            Some((start, end, before)) => before + instant.min(*end) - start,
            None => 0,
        }
    }
}

/// The civil day of an instant in a zone.
pub(crate) fn local_day(zone: &TimeZone, instant: i64) -> Option<Date> {
    Some(Timestamp::from_second(instant).ok()?.to_zoned(zone.clone()).date())
}

fn instant(zone: &TimeZone, day: Date, minute: u32) -> Option<i64> {
    let day = if minute >= 1440 { day.checked_add(1.day()).ok()? } else { day };
    let minute = minute % 1440;
    let local = day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
    Some(local.to_zoned(zone.clone()).ok()?.timestamp().as_second())
}

//! One schedule over one range of years.

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::explain::WindowKind;

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// Working time as sorted, disjoint half-open spans of UTC seconds.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    /// Years it covers, half-open.
    pub(crate) years: (i16, i16),
    starts: Vec<i64>,
    ends: Vec<i64>,
    /// Working seconds before each span.
    before: Vec<i64>,
}

/// What a schedule is compiled from.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) zone: TimeZone,
    pub(crate) weekly: [Vec<(u16, u16)>; 7],
    pub(crate) holidays: Vec<(Date, Date)>,
}

impl Compiled {
    /// Compiles the years `[from, to)`. Each stretch of constant offset is cut into local days, so an hour that the
    /// clock repeats counts twice and one that it skips does not count, to the second.
    pub(crate) fn new(rule: &Rule, years: (i16, i16)) -> Self {
        let (from, to) = (year_start(years.0), year_start(years.1));
        let mut compiled = Self { years, starts: Vec::new(), ends: Vec::new(), before: Vec::new() };
        let mut start = from;
        let mut total = 0;
        while start < to {
            let Ok(instant) = Timestamp::from_second(start) else { break };
            let offset = i64::from(rule.zone.to_offset(instant).seconds());
            let next = rule.zone.following(instant).next();
            let end = next.map_or(to, |transition| transition.timestamp().as_second().min(to));
            compiled.push_stretch(rule, (start, end), offset, &mut total);
            start = end;
        }
        compiled
    }

    fn push_stretch(&mut self, rule: &Rule, (from, to): (i64, i64), offset: i64, total: &mut i64) {
        let first = (from + offset).div_euclid(DAY);
        let last = (to + offset - 1).div_euclid(DAY);
        for day in first..=last {
            let Some(local) = civil_day(day) else { continue };
            if rule.holidays.iter().any(|(first, last)| *first <= local && local <= *last) {
                continue;
            }
            let midnight = day * DAY - offset;
            for (open, close) in intervals(rule, local.weekday()) {
                let start = (midnight + i64::from(*open) * MINUTE).max(from);
                let end = (midnight + i64::from(*close) * MINUTE).min(to);
                if start < end {
                    self.push(start, end, total);
                }
            }
        }
    }

    fn push(&mut self, start: i64, end: i64, total: &mut i64) {
        match self.ends.last_mut() {
            Some(last) if *last == start => *last = end,
            _ => {
                self.starts.push(start);
                self.ends.push(end);
                self.before.push(*total);
            }
        }
        *total += end - start;
    }

    /// Working seconds from the start of the compiled years to `instant`.
    pub(crate) fn total(&self, instant: i64) -> i64 {
        let next = self.starts.partition_point(|start| *start <= instant);
        let Some(index) = next.checked_sub(1) else { return 0 };
        match (self.starts.get(index), self.ends.get(index), self.before.get(index)) {
            (Some(start), Some(end), Some(before)) => before + instant.min(*end) - start,
            _ => 0,
        }
    }

    /// The instant at which `total` working seconds have passed since the start of the compiled years; none beyond.
    pub(crate) fn instant(&self, total: i64) -> Option<i64> {
        let next = self.before.partition_point(|before| *before < total);
        let index = next.checked_sub(1)?;
        let instant = self.starts.get(index)? + total - self.before.get(index)?;
        (instant <= *self.ends.get(index)?).then_some(instant)
    }

    /// Working spans within `[from, to)`, cut to it.
    pub(crate) fn spans_within(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> {
        let first = self.ends.partition_point(|end| *end <= from);
        let spans = self.starts.iter().zip(&self.ends).skip(first);
        let spans = spans.take_while(move |(start, _)| **start < to);
        spans.map(move |(start, end)| ((*start).max(from), (*end).min(to)))
    }

    /// First second of the compiled years.
    pub(crate) fn start(&self) -> i64 {
        year_start(self.years.0)
    }

    /// First second after the compiled years.
    pub(crate) fn end(&self) -> i64 {
        year_start(self.years.1)
    }
}

impl Rule {
    /// Why an instant (UTC seconds) outside working hours is outside, and when its local day ends.
    pub(crate) fn day_off(&self, instant: i64) -> Option<(WindowKind, i64)> {
        let local = self.zone.to_datetime(Timestamp::from_second(instant).ok()?).date();
        let kind = if self.holidays.iter().any(|(first, last)| *first <= local && local <= *last) {
            WindowKind::Holiday
        } else if intervals(self, local.weekday()).is_empty() {
            WindowKind::Weekend
        } else {
            WindowKind::Closed
        };
        let tomorrow = local.tomorrow().ok()?.to_zoned(self.zone.clone()).ok()?;
        Some((kind, tomorrow.timestamp().as_second()))
    }
}

fn intervals(rule: &Rule, weekday: Weekday) -> &[(u16, u16)] {
    rule.weekly.get(weekday.to_monday_zero_offset().unsigned_abs() as usize).map_or(&[], Vec::as_slice)
}

fn civil_day(days_since_epoch: i64) -> Option<Date> {
    date(1970, 1, 1).checked_add(i32::try_from(days_since_epoch).ok()?.days()).ok()
}

fn year_start(year: i16) -> i64 {
    let days =
        Date::new(year, 1, 1).and_then(|day| date(1970, 1, 1).until(day)).map_or(0, |span| span.get_days());
    i64::from(days) * DAY
}

/// The UTC year of an instant.
pub(crate) fn year_of(instant: i64) -> Option<i16> {
    Some(TimeZone::UTC.to_datetime(Timestamp::from_second(instant).ok()?).year())
}

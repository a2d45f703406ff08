//! One schedule over one range of years.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::Days;
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

/// Hours of a schedule from an instant on, until those of the next begin.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// UTC seconds; the beginning of time for the first hours.
    pub(crate) valid_from: i64,
    pub(crate) zone: TimeZone,
    pub(crate) weekly: [Vec<(u16, u16)>; 7],
    pub(crate) holidays: Vec<Days>,
    pub(crate) special_days: Vec<(Days, Vec<(u16, u16)>)>,
}

impl Compiled {
    /// Compiles the years `[from, to)` of rules in order of time, each for as long as it holds.
    pub(crate) fn new(rules: &[Rule], years: (i16, i16)) -> Self {
        let (from, to) = (year_start(years.0), year_start(years.1));
        let mut compiled = Self { years, starts: Vec::new(), ends: Vec::new(), before: Vec::new() };
        let mut total = 0;
        for (index, rule) in rules.iter().enumerate() {
            let until = rules.get(index + 1).map_or(to, |next| next.valid_from.min(to));
            compiled.push_rule(rule, (from.max(rule.valid_from), until), &mut total);
        }
        compiled
    }

    /// Each stretch of constant offset is cut into local days, so an hour that the clock repeats counts twice and one
    /// that it skips does not count, to the second.
    fn push_rule(&mut self, rule: &Rule, (from, to): (i64, i64), total: &mut i64) {
        let mut start = from;
        while start < to {
            let Ok(instant) = Timestamp::from_second(start) else { break };
            let offset = i64::from(rule.zone.to_offset(instant).seconds());
            let next = rule.zone.following(instant).next();
            let end = next.map_or(to, |transition| transition.timestamp().as_second().min(to));
            self.push_stretch(rule, (start, end), offset, total);
            start = end;
        }
    }

    fn push_stretch(&mut self, rule: &Rule, (from, to): (i64, i64), offset: i64, total: &mut i64) {
        let first = (from + offset).div_euclid(DAY);
        let last = (to + offset - 1).div_euclid(DAY);
        for day in first..=last {
            let Some(local) = civil_day(day) else { continue };
            let midnight = day * DAY - offset;
            for (open, close) in rule.intervals(local) {
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
    /// The working intervals of a local day: its own, else none on a holiday, else those of its day of the week.
    fn intervals(&self, day: Date) -> &[(u16, u16)] {
        if let Some(own) = self.special(day) {
            return own;
        }
        if self.is_holiday(day) { &[] } else { self.of_the_week(day) }
    }

    /// What this day alone has: days of one year go before days of every year.
    fn special(&self, day: Date) -> Option<&[(u16, u16)]> {
        let of = |is_yearly: bool| {
            self.special_days
                .iter()
                .find(move |(days, _)| days.is_yearly() == is_yearly && days.contains(day))
        };
        of(false).or_else(|| of(true)).map(|(_, intervals)| intervals.as_slice())
    }

    fn is_holiday(&self, day: Date) -> bool {
        self.holidays.iter().any(|days| days.contains(day))
    }

    fn of_the_week(&self, day: Date) -> &[(u16, u16)] {
        let weekday = day.weekday().to_monday_zero_offset().unsigned_abs() as usize;
        self.weekly.get(weekday).map_or(&[], Vec::as_slice)
    }

    /// Why an instant (UTC seconds) outside working hours is outside, and when its local day ends.
    pub(crate) fn day_off(&self, instant: i64) -> Option<(WindowKind, i64)> {
        let local = self.zone.to_datetime(Timestamp::from_second(instant).ok()?).date();
        let kind = match self.special(local) {
            Some([]) => WindowKind::Holiday,
            None if self.is_holiday(local) => WindowKind::Holiday,
            None if self.of_the_week(local).is_empty() => WindowKind::Weekend,
            _ => WindowKind::Closed,
        };
        let tomorrow = local.tomorrow().ok()?.to_zoned(self.zone.clone()).ok()?;
        Some((kind, tomorrow.timestamp().as_second()))
    }
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

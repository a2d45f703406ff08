//! All schedules of a connection: checked once, compiled for the years that are asked for.

use std::sync::{Arc, RwLock};

use super::compiled::{Compiled, Rule, year_of};
use super::zones::{time_zone_problem, zone};
use crate::Error;
use crate::explain::WindowKind;
use crate::options::{AppliesTo, Hours, ScheduleSpec};

/// Years that a due time may lie after its start before it counts as never.
const DUE_YEARS_MAX: i16 = 10;
const MINUTES_OF_DAY: u16 = 1440;

/// The schedules, in the operator's order.
#[derive(Debug)]
pub(crate) struct Schedules {
    all: Vec<Schedule>,
    /// As they are shipped to a cluster.
    #[cfg(feature = "ballista")]
    specs: Vec<ScheduleSpec>,
}

/// One schedule and what is compiled of it so far.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) name: String,
    /// Time zone of its latest hours, as the operator wrote it.
    pub(crate) time_zone: String,
    pub(crate) applies_to: AppliesTo,
    /// In order of time, without a gap.
    rules: Vec<Rule>,
    compiled: RwLock<Option<Arc<Compiled>>>,
}

impl Schedules {
    /// Checks every schedule and reports all problems at once.
    pub(crate) fn new(specs: &[ScheduleSpec]) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut all = Vec::new();
        for (index, spec) in specs.iter().enumerate() {
            if spec.name.is_empty() {
                problems.push(format!("schedule {} has no name", index + 1));
            }
            if specs.iter().take(index).any(|other| other.name == spec.name) {
                problems.push(format!("schedule {} is defined twice", spec.name));
            }
            problems.extend(problems_of(spec));
            all.extend(Schedule::new(spec));
        }
        if !problems.is_empty() {
            return Err(Error::Schedules(problems));
        }
        Ok(Self {
            all,
            #[cfg(feature = "ballista")]
            specs: specs.to_vec(),
        })
    }

    pub(crate) fn all(&self) -> &[Schedule] {
        &self.all
    }

    /// The schedules as the operator wrote them.
    #[cfg(feature = "ballista")]
    pub(crate) fn specs(&self) -> &[ScheduleSpec] {
        &self.specs
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Schedule> {
        self.all.iter().find(|schedule| schedule.name == name)
    }

    /// The schedule of a ticket with this group, brand and form: the first that matches, else the first one.
    pub(crate) fn for_ticket(&self, ticket: [Option<i64>; 3]) -> Option<&Schedule> {
        let is_only_default = |index: usize, schedule: &Schedule| index == 0 && schedule.applies_to.is_any();
        let mut candidates = self.all.iter().enumerate().filter(|(index, one)| !is_only_default(*index, one));
        candidates
            .find(|(_, schedule)| schedule.applies_to.holds(ticket))
            .map(|(_, schedule)| schedule)
            .or_else(|| self.all.first())
    }
}

impl Schedule {
    /// None when a time zone is not known.
    fn new(spec: &ScheduleSpec) -> Option<Self> {
        let mut rules = vec![rule(&spec.hours, i64::MIN)?];
        for (first_day, hours) in &spec.changes {
            let start = first_day.to_zoned(zone(&hours.time_zone)?).ok()?;
            rules.push(rule(hours, start.timestamp().as_second())?);
        }
        let latest = spec.changes.last().map_or(&spec.hours, |(_, hours)| hours);
        Some(Self {
            name: spec.name.clone(),
            time_zone: latest.time_zone.clone(),
            applies_to: spec.applies_to.clone(),
            rules,
            compiled: RwLock::new(None),
        })
    }

    /// The schedule over at least the years of both instants (UTC seconds); what is compiled once stays.
    pub(crate) fn over(&self, first: i64, last: i64) -> Option<Arc<Compiled>> {
        // Local days reach up to 15 hours over the ends of a UTC year; the year bounds here are UTC, so none is cut.
        let mut years = (year_of(first)?, year_of(last)? + 1);
        let known = self.compiled.read().ok()?.clone();
        if let Some(known) = known {
            if known.years.0 <= years.0 && years.1 <= known.years.1 {
                return Some(known);
            }
            years = (years.0.min(known.years.0), years.1.max(known.years.1));
        }
        let compiled = Arc::new(Compiled::new(&self.rules, years));
        *self.compiled.write().ok()? = Some(Arc::clone(&compiled));
        Some(compiled)
    }

    /// Why an instant outside working hours is outside, and when its local day, or the rule for it, ends (UTC seconds).
    pub(crate) fn day_off(&self, instant: i64) -> Option<(WindowKind, i64)> {
        let next = self.rules.partition_point(|rule| rule.valid_from <= instant);
        let (kind, midnight) = self.rules.get(next.checked_sub(1)?)?.day_off(instant)?;
        let until = self.rules.get(next).map_or(midnight, |next| next.valid_from.min(midnight));
        Some((kind, until))
    }

    /// The IANA name of the zone at an instant (UTC seconds).
    pub(crate) fn zone_name(&self, instant: i64) -> Option<String> {
        let next = self.rules.partition_point(|rule| rule.valid_from <= instant);
        self.rules.get(next.checked_sub(1)?)?.zone.iana_name().map(str::to_owned)
    }

    /// The instant when `seconds` of working time have passed since `start` (UTC seconds); none within ten years.
    pub(crate) fn due(&self, start: i64, seconds: i64) -> Option<i64> {
        let mut last = start;
        for _ in 0..DUE_YEARS_MAX {
            let compiled = self.over(start, last)?;
            if let Some(due) = compiled.instant(compiled.total(start) + seconds) {
                return Some(due.max(start));
            }
            last = compiled.end();
        }
        None
    }
}

fn rule(hours: &Hours, valid_from: i64) -> Option<Rule> {
    let sorted = |intervals: &Vec<(u16, u16)>| {
        let mut intervals = intervals.clone();
        intervals.sort_unstable();
        intervals
    };
    Some(Rule {
        valid_from,
        zone: zone(&hours.time_zone)?,
        weekly: hours.weekly.each_ref().map(sorted),
        holidays: hours.holidays.clone(),
        special_days: hours.special_days.iter().map(|(days, own)| (*days, sorted(own))).collect(),
    })
}

fn problems_of(spec: &ScheduleSpec) -> Vec<String> {
    let mut problems = problems_of_hours(&spec.hours);
    let mut former = None;
    for (first_day, hours) in &spec.changes {
        if former.is_some_and(|former| former >= *first_day) {
            problems.push(format!("the change of {first_day} does not come after the one before it"));
        }
        former = Some(*first_day);
        let of_change = problems_of_hours(hours).into_iter();
        problems.extend(of_change.map(|problem| format!("from {first_day}: {problem}")));
    }
    let mut all_hours = std::iter::once(&spec.hours).chain(spec.changes.iter().map(|(_, hours)| hours));
    if !all_hours.any(works) {
        problems.push("it has no working time".to_owned());
    }
    problems.into_iter().map(|problem| format!("schedule {}: {problem}", spec.name)).collect()
}

fn works(hours: &Hours) -> bool {
    let special = hours.special_days.iter().map(|(_, intervals)| intervals);
    hours.weekly.iter().chain(special).any(|intervals| !intervals.is_empty())
}

fn problems_of_hours(hours: &Hours) -> Vec<String> {
    let mut problems = Vec::new();
    for (day, intervals) in DAYS.iter().zip(&hours.weekly) {
        problems.extend(problems_of_day(day, intervals));
    }
    for (index, (days, intervals)) in hours.special_days.iter().enumerate() {
        problems.extend(problems_of_day(&days.to_string(), intervals));
        let former = hours.special_days.iter().take(index).find(|(other, _)| other.overlap(days));
        problems.extend(former.map(|(other, _)| format!("special days {other} and {days} overlap")));
    }
    problems.extend(time_zone_problem(&hours.time_zone));
    problems
}

fn problems_of_day(day: &str, intervals: &[(u16, u16)]) -> Vec<String> {
    let mut sorted = intervals.to_vec();
    sorted.sort_unstable();
    let mut problems = Vec::new();
    if sorted.iter().any(|(open, close)| open >= close || *close > MINUTES_OF_DAY) {
        problems.push(format!("an interval of {day} does not lie in order within the day"));
    }
    if sorted.windows(2).any(|pair| matches!(pair, [(_, close), (open, _)] if open < close)) {
        problems.push(format!("intervals of {day} overlap"));
    }
    problems
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

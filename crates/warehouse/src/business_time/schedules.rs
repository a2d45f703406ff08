//! All schedules of a connection: checked once, compiled for the years that are asked for.

use std::sync::{Arc, RwLock};

use jiff::tz::TimeZone;

use super::compiled::{Compiled, Rule, year_of};
use super::rails_zones;
use crate::Error;
use crate::explain::WindowKind;
use crate::options::{AppliesTo, ScheduleSpec};

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
    pub(crate) time_zone: String,
    pub(crate) applies_to: AppliesTo,
    rule: Rule,
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
            problems.extend(problems_of_days(spec));
            match zone(&spec.time_zone) {
                Some(zone) => all.push(Schedule::new(spec, zone)),
                None => problems.push(unknown_zone(spec)),
            }
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
    fn new(spec: &ScheduleSpec, zone: TimeZone) -> Self {
        let mut weekly = spec.weekly.clone();
        for day in &mut weekly {
            day.sort_unstable();
        }
        Self {
            name: spec.name.clone(),
            time_zone: spec.time_zone.clone(),
            applies_to: spec.applies_to.clone(),
            rule: Rule { zone, weekly, holidays: spec.holidays.clone() },
            compiled: RwLock::new(None),
        }
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
        let compiled = Arc::new(Compiled::new(&self.rule, years));
        *self.compiled.write().ok()? = Some(Arc::clone(&compiled));
        Some(compiled)
    }

    /// Why an instant outside working hours is outside, and when its local day ends (UTC seconds).
    pub(crate) fn day_off(&self, instant: i64) -> Option<(WindowKind, i64)> {
        self.rule.day_off(instant)
    }

    /// The IANA name of its zone.
    pub(crate) fn zone_name(&self) -> Option<String> {
        self.rule.zone.iana_name().map(str::to_owned)
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

fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(rails_zones::iana(name).unwrap_or(name)).ok()
}

fn unknown_zone(spec: &ScheduleSpec) -> String {
    format!("schedule {}: unknown time zone {}", spec.name, spec.time_zone)
}

fn problems_of_days(spec: &ScheduleSpec) -> Vec<String> {
    let mut problems = Vec::new();
    let name = &spec.name;
    for (day, intervals) in DAYS.iter().zip(&spec.weekly) {
        let mut sorted = intervals.clone();
        sorted.sort_unstable();
        if sorted.iter().any(|(open, close)| open >= close || *close > MINUTES_OF_DAY) {
            problems
                .push(format!("schedule {name}: an interval of {day} does not lie in order within the day"));
        }
        if sorted.windows(2).any(|pair| matches!(pair, [(_, close), (open, _)] if open < close)) {
            problems.push(format!("schedule {name}: intervals of {day} overlap"));
        }
    }
    if spec.weekly.iter().all(Vec::is_empty) {
        problems.push(format!("schedule {name} has no working time"));
    }
    for (first, last) in &spec.holidays {
        if first > last {
            problems.push(format!("schedule {name}: holiday {first}..{last} ends before it starts"));
        }
    }
    problems
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

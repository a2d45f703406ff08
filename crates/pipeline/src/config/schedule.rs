//! `[[schedules]]`: business hours as a person writes them.

use std::collections::BTreeMap;

use deskmeter_warehouse::{AppliesTo, Days, Hours, ScheduleSpec, time_zone_problem};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Problem;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Intervals of days, by the day's name: what JSON Schema says of them.
const INTERVALS: &str = "^ *[0-9]{1,2}:[0-5][0-9] *- *[0-9]{1,2}:[0-5][0-9] *$";
const ONE_DAY: &str = "([0-9]{4}-)?[0-9]{2}-[0-9]{2}";

/// `[[schedules]]`: business hours.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Name in reports.
    pub name: String,
    /// IANA zone, for example `Europe/Madrid`; Rails display names are accepted.
    pub time_zone: String,
    /// `{ mon = ["09:00-12:30", "13:30-17:00"], … }`; days that are left out are closed.
    #[schemars(extend("propertyNames" = {"enum": DAYS}, "additionalProperties" = intervals_schema()))]
    pub weekly: BTreeMap<String, Vec<String>>,
    /// Local days off, `2026-12-25`, or several in a row, `2026-12-24..2026-12-26`, both ends included; without a
    /// year, `12-25` or `12-24..01-01`, in every year.
    #[schemars(inner(regex(pattern = days_pattern())))]
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Local days, written like holidays, with hours of their own: `{ "12-24" = ["09:00-12:00"] }`. They go before
    /// holidays and the week; no hours: a day off.
    #[schemars(extend("propertyNames" = {"pattern": days_pattern()}, "additionalProperties" = intervals_schema()))]
    #[serde(default)]
    pub special_days: BTreeMap<String, Vec<String>>,
    /// `[[schedules.changes]]`: other hours from a day on, in order of time.
    #[serde(default)]
    pub changes: Vec<ScheduleChangeConfig>,
    /// Which tickets it applies to; any when left out. The first schedule that matches wins.
    #[serde(default)]
    pub applies_to: AppliesToConfig,
}

/// `[[schedules.changes]]`: what is other from a day on; what is left out stays as it was.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleChangeConfig {
    /// First local day of the new hours, `2026-07-01`: what lies before it counts by the hours before it.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub valid_from: String,
    /// As of the schedule.
    pub time_zone: Option<String>,
    /// As of the schedule.
    #[schemars(extend("propertyNames" = {"enum": DAYS}, "additionalProperties" = intervals_schema()))]
    pub weekly: Option<BTreeMap<String, Vec<String>>>,
    /// As of the schedule: all of them, not only those that are new.
    #[schemars(inner(regex(pattern = days_pattern())))]
    pub holidays: Option<Vec<String>>,
    /// As of the schedule: all of them, not only those that are new.
    #[schemars(extend("propertyNames" = {"pattern": days_pattern()}, "additionalProperties" = intervals_schema()))]
    pub special_days: Option<BTreeMap<String, Vec<String>>>,
}

fn intervals_schema() -> serde_json::Value {
    serde_json::json!({"type": "array", "items": {"type": "string", "pattern": INTERVALS}})
}

fn days_pattern() -> String {
    format!("^ *{ONE_DAY} *(\\.\\. *{ONE_DAY} *)?$")
}

/// `applies_to = { group_ids = [36000000000002] }`
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "the keys say that they hold ids, not names")]
pub struct AppliesToConfig {
    /// Tickets of these groups.
    pub group_ids: Vec<i64>,
    /// Tickets of these brands.
    pub brand_ids: Vec<i64>,
    /// Tickets of these forms.
    pub ticket_form_ids: Vec<i64>,
}

impl AppliesToConfig {
    /// Whether it takes any ticket.
    pub(crate) fn is_any(&self) -> bool {
        self.group_ids.is_empty() && self.brand_ids.is_empty() && self.ticket_form_ids.is_empty()
    }
}

impl ScheduleConfig {
    /// The schedule as the warehouse takes it, or everything that is wrong with it.
    pub(crate) fn spec(&self) -> Result<ScheduleSpec, Vec<Problem>> {
        let mut reader = Reader { at: format!("schedules.{}", self.name), problems: Vec::new() };
        let hours = Hours {
            time_zone: reader.time_zone(&self.time_zone),
            weekly: reader.weekly(&self.weekly),
            holidays: reader.holidays(&self.holidays),
            special_days: reader.special_days(&self.special_days),
        };
        let mut changes: Vec<(Date, Hours)> = Vec::new();
        for change in &self.changes {
            let former = changes.last().map_or(&hours, |(_, former)| former);
            changes.extend(reader.change(change, former));
        }
        if !reader.problems.is_empty() {
            return Err(reader.problems);
        }
        let AppliesToConfig { group_ids, brand_ids, ticket_form_ids } = self.applies_to.clone();
        let applies_to = AppliesTo { group_ids, brand_ids, ticket_form_ids };
        Ok(ScheduleSpec { name: self.name.clone(), applies_to, hours, changes })
    }
}

/// Reads the texts of one schedule and collects what is wrong with them.
struct Reader {
    at: String,
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, key: &str, what: String) {
        self.problems.push(Problem { at: format!("{}.{key}", self.at), what });
    }

    fn time_zone(&mut self, name: &str) -> String {
        if let Some(what) = time_zone_problem(name) {
            self.problem("time_zone", what);
        }
        name.to_owned()
    }

    fn weekly(&mut self, days: &BTreeMap<String, Vec<String>>) -> [Vec<(u16, u16)>; 7] {
        let mut weekly: [Vec<(u16, u16)>; 7] = Default::default();
        for (day, texts) in days {
            let intervals = self.intervals(day, texts);
            let index = DAYS.iter().position(|known| known == day);
            if let Some(slot) = index.and_then(|index| weekly.get_mut(index)) {
                *slot = intervals;
            } else {
                let what = format!("`{day}` is no day; write mon, tue, wed, thu, fri, sat or sun");
                self.problem("weekly", what);
            }
        }
        weekly
    }

    fn intervals(&mut self, day: &str, texts: &[String]) -> Vec<(u16, u16)> {
        let mut intervals = Vec::new();
        for text in texts {
            match interval(text) {
                Some(interval) => intervals.push(interval),
                None => self.problem(
                    day,
                    format!("`{text}` is no interval; write \"09:00-17:00\", the end after the start"),
                ),
            }
        }
        intervals
    }

    fn holidays(&mut self, texts: &[String]) -> Vec<Days> {
        texts.iter().filter_map(|text| self.days("holidays", text)).collect()
    }

    fn special_days(&mut self, texts: &BTreeMap<String, Vec<String>>) -> Vec<(Days, Vec<(u16, u16)>)> {
        let read = |(text, intervals): (&String, &Vec<String>)| {
            let days = self.days("special_days", text)?;
            Some((days, self.intervals(text, intervals)))
        };
        texts.iter().filter_map(read).collect()
    }

    fn days(&mut self, key: &str, text: &str) -> Option<Days> {
        let days = text.parse().ok();
        if days.is_none() {
            let what = format!(
                "`{text}` is no day; write \"2026-12-25\" or \"2026-12-24..2026-12-26\", for every year \"12-25\""
            );
            self.problem(key, what);
        }
        days
    }

    fn change(&mut self, change: &ScheduleChangeConfig, former: &Hours) -> Option<(Date, Hours)> {
        let text = &change.valid_from;
        let first_day: Option<Date> = text.parse().ok().filter(|_| text.len() == "2026-07-01".len());
        if first_day.is_none() {
            self.problem("changes", format!("`{text}` is no day; write valid_from = \"2026-07-01\""));
        }
        let former = former.clone();
        let weekly = change.weekly.as_ref().map_or(former.weekly, |days| self.weekly(days));
        let holidays = change.holidays.as_ref().map_or(former.holidays, |texts| self.holidays(texts));
        let special = change.special_days.as_ref();
        let special_days = special.map_or(former.special_days, |texts| self.special_days(texts));
        let time_zone = change.time_zone.as_ref().map_or(former.time_zone, |name| self.time_zone(name));
        Some((first_day?, Hours { time_zone, weekly, holidays, special_days }))
    }
}

fn interval(text: &str) -> Option<(u16, u16)> {
    let (start, end) = text.split_once('-')?;
    let (start, end) = (minute(start)?, minute(end)?);
    (start < end).then_some((start, end))
}

/// Minute of the day of `09:00`, up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
}

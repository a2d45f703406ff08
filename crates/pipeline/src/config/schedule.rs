//! `[[schedules]]`: business hours as a person writes them.

use std::collections::BTreeMap;

use deskmeter_warehouse::{AppliesTo, ScheduleSpec};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Problem;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `[[schedules]]`: business hours.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Name in reports.
    pub name: String,
    /// IANA zone, for example `Europe/Madrid`; Rails display names are accepted.
    pub time_zone: String,
    /// `{ mon = ["09:00-12:30", "13:30-17:00"], … }`; days that are left out are closed.
    #[schemars(extend(
        "propertyNames" = {"enum": DAYS},
        "additionalProperties" = {
            "type": "array",
            "items": {"type": "string", "pattern": "^ *[0-9]{1,2}:[0-5][0-9] *- *[0-9]{1,2}:[0-5][0-9] *$"}
        }
    ))]
    pub weekly: BTreeMap<String, Vec<String>>,
    /// Local days, `2026-12-25`, or ranges, `2026-12-24..2026-12-26`, both ends included.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Which tickets it applies to; any when left out. The first schedule that matches wins.
    #[serde(default)]
    pub applies_to: AppliesToConfig,
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
        let mut problems = Vec::new();
        let mut problem = |key: &str, what: String| {
            problems.push(Problem { at: format!("schedules.{}.{key}", self.name), what });
        };
        let mut weekly: [Vec<(u16, u16)>; 7] = Default::default();
        for (day, intervals) in &self.weekly {
            let Some(index) = DAYS.iter().position(|known| known == day) else {
                problem("weekly", format!("`{day}` is no day; write mon, tue, wed, thu, fri, sat or sun"));
                continue;
            };
            for text in intervals {
                match (interval(text), weekly.get_mut(index)) {
                    (Some(interval), Some(slot)) => slot.push(interval),
                    _ => problem(
                        day,
                        format!("`{text}` is no interval; write \"09:00-17:00\", the end after the start"),
                    ),
                }
            }
        }
        let mut holidays = Vec::new();
        for text in &self.holidays {
            match holiday(text) {
                Some(range) => holidays.push(range),
                None => problem(
                    "holidays",
                    format!("`{text}` is no day; write \"2026-12-25\" or \"2026-12-24..2026-12-26\""),
                ),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let AppliesToConfig { group_ids, brand_ids, ticket_form_ids } = self.applies_to.clone();
        Ok(ScheduleSpec {
            name: self.name.clone(),
            time_zone: self.time_zone.clone(),
            weekly,
            holidays,
            applies_to: AppliesTo { group_ids, brand_ids, ticket_form_ids },
        })
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

fn holiday(text: &str) -> Option<(Date, Date)> {
    let (start, end) = text.split_once("..").unwrap_or((text, text));
    let (start, end) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    (start <= end).then_some((start, end))
}

//! A tenant as the operator's part of a pipeline file: business hours and tiers.

use std::fmt::Write as _;

use crate::{Tenant, TenantSchedule};

/// Days as a pipeline file names them, in the order of Zendesk's minutes (which start on Sunday).
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY_MINUTES: u32 = 24 * 60;

impl Tenant {
    /// The `[[schedules]]` and `[tiers]` tables that describe this tenant.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for schedule in &self.schedules {
            let holidays: Vec<String> =
                schedule.holidays.iter().map(|(start, end)| format!("\"{start}..{end}\"")).collect();
            let _ = write!(
                text,
                "[[schedules]]\nname = \"{}\"\ntime_zone = \"{}\"\nweekly = {{ {} }}\nholidays = [{}]\n",
                schedule.name,
                schedule.time_zone,
                weekly(schedule),
                holidays.join(", ")
            );
            if !schedule.group_ids.is_empty() {
                let _ = writeln!(text, "applies_to = {{ group_ids = {:?} }}", schedule.group_ids);
            }
            text.push('\n');
        }
        text.push_str("[tiers]\n");
        for (group, tier) in &self.tiers {
            let _ = writeln!(text, "{group} = {tier}");
        }
        text
    }
}

fn weekly(schedule: &TenantSchedule) -> String {
    let mut days: [Vec<String>; 7] = Default::default();
    for (start, end) in &schedule.weekly {
        let day = (start / DAY_MINUTES) as usize;
        if let Some(day) = days.get_mut(day) {
            let (start, end) = (start % DAY_MINUTES, end - start / DAY_MINUTES * DAY_MINUTES);
            day.push(format!("\"{}-{}\"", clock(start), clock(end)));
        }
    }
    let days: Vec<String> = DAYS
        .iter()
        .zip(&days)
        .filter(|(_, intervals)| !intervals.is_empty())
        .map(|(day, intervals)| format!("{day} = [{}]", intervals.join(", ")))
        .collect();
    days.join(", ")
}

fn clock(minute: u32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

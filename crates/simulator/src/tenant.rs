//! What an operator knows about the account and writes into the pipeline file.

use jiff::civil::Date;
use std::collections::BTreeMap;

/// One schedule of business hours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TenantSchedule {
    /// A short name of the schedule.
    pub name: String,
    /// IANA time zone, as `America/New_York`.
    pub time_zone: String,
    /// Open times as minutes since Sunday 00:00 in the schedule's own zone, half-open, 0 to 10,080, sorted;
    /// none crosses midnight.
    pub weekly: Vec<(u32, u32)>,
    /// First and last local day of each holiday, both off as a whole.
    pub holidays: Vec<(Date, Date)>,
    /// Groups whose tickets are under this schedule; empty on the default schedule.
    pub group_ids: Vec<i64>,
}

/// Schedules and tiers of a simulated account.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tenant {
    /// The schedules, the default one first; a ticket is under the first one that names its group, else the
    /// default.
    pub schedules: Vec<TenantSchedule>,
    /// Support tier of each group, from 1.
    pub tiers: BTreeMap<i64, u32>,
}

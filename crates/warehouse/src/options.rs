//! What the operator tells the warehouse: schedules, tiers, limits, definitions.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Days, Engine};

/// Business hours, as an operator writes them down. Zendesk's own schedules are out of reach of the granted scopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleSpec {
    /// Name in SQL and in problems; unique.
    pub name: String,
    /// Which tickets use it.
    pub applies_to: AppliesTo,
    /// Its hours, from the beginning.
    pub hours: Hours,
    /// Its hours from the start of a local day on (of the new hours' zone), in order of time: what lies before a
    /// change counts by the hours before it.
    pub changes: Vec<(Date, Hours)>,
}

/// Hours that hold until they are changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// IANA name (`Europe/Berlin`) or the Rails display name that Zendesk shows (`Eastern Time (US & Canada)`).
    pub time_zone: String,
    /// Working intervals of Monday to Sunday in local minutes of the day, half-open, within 0..=1440.
    pub weekly: [Vec<(u16, u16)>; 7],
    /// Local days off.
    pub holidays: Vec<Days>,
    /// Local days with intervals of their own, whatever their day of the week, also where they are holidays. Days of
    /// one year go before days of every year; no intervals: a day off.
    pub special_days: Vec<(Days, Vec<(u16, u16)>)>,
}

/// Which tickets use a schedule: every list that is not empty must hold the ticket's value. All empty: any ticket.
/// The first schedule that matches wins; the first one configured is also the default for tickets that match none,
/// and when its lists are empty it is only that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliesTo {
    /// Groups.
    pub group_ids: Vec<i64>,
    /// Brands.
    pub brand_ids: Vec<i64>,
    /// Ticket forms.
    pub ticket_form_ids: Vec<i64>,
}

impl AppliesTo {
    /// Whether it holds for every ticket.
    pub fn is_any(&self) -> bool {
        self.group_ids.is_empty() && self.brand_ids.is_empty() && self.ticket_form_ids.is_empty()
    }

    pub(crate) fn holds(&self, ticket: [Option<i64>; 3]) -> bool {
        let lists = [&self.group_ids, &self.brand_ids, &self.ticket_form_ids];
        lists
            .iter()
            .zip(ticket)
            .all(|(list, value)| list.is_empty() || value.is_some_and(|value| list.contains(&value)))
    }
}

/// Which published definition business time follows (sql/DECISIONS.md, "schedules").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Definitions {
    /// Zendesk's: one schedule for a whole span, the one on the ticket when the span ends.
    #[default]
    Zendesk,
    /// Each part of a span counts under the schedule that was on the ticket then.
    AllSchedules,
}

impl Definitions {
    /// The name that SQL sees as `$definitions`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zendesk => "zendesk",
            Self::AllSchedules => "all_schedules",
        }
    }
}

/// A label of the pipeline file's allow-list, and what it means for escalations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSpec {
    /// The label, as rows hold it.
    pub label: String,
    /// Whether setting it is an escalation.
    pub is_escalation: bool,
    /// The support tier that a ticket with it is in; None when it tells none.
    pub tier: Option<u32>,
}

/// Settings of a warehouse.
#[derive(Debug, Clone)]
pub struct WarehouseOptions {
    /// Business hours; empty: business columns are NULL.
    pub schedules: Vec<ScheduleSpec>,
    /// Support tier of each group, for escalations; a group that is not listed has none.
    pub tiers: BTreeMap<i64, u32>,
    /// Labels that rows may hold, for escalations.
    pub labels: Vec<LabelSpec>,
    /// Memory that queries and refreshes may hold together, in bytes; beyond it, sorts and joins spill to disk.
    pub memory_limit_bytes: usize,
    /// What runs the plans.
    pub engine: Engine,
    /// Parallelism of one plan.
    pub target_partitions: usize,
    /// Folder of the operator's own models, laid out like `sql/`; a model of the same name replaces the shipped one.
    pub models_dir: Option<PathBuf>,
    /// Definition set of business time.
    pub definitions: Definitions,
}

impl Default for WarehouseOptions {
    /// No schedule, no tier, no label, 1 GiB, 2 partitions, the shipped models, Zendesk's definitions.
    fn default() -> Self {
        Self {
            schedules: Vec::new(),
            tiers: BTreeMap::new(),
            labels: Vec::new(),
            memory_limit_bytes: 1 << 30,
            engine: Engine::Embedded,
            target_partitions: 2,
            models_dir: None,
            definitions: Definitions::Zendesk,
        }
    }
}

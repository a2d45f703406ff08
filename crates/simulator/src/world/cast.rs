//! The account around the tickets: agents, groups, tiers, schedules, SLA policies, end users, organizations.

use super::history::{Kind, Priority, State};
use super::hours::Hours;
use crate::dice::{Dice, mix};
use crate::tenant::{Tenant, TenantSchedule};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;
/// Tier of each group.
pub(crate) const TIERS: [u32; 4] = [1, 1, 2, 3];
/// Schedule of each group.
const SCHEDULE_OF_GROUP: [usize; 4] = [0, 1, 0, 2];
/// Custom status of each category, in the order of `Status`, and the two that refine `open` and `pending`.
pub(crate) const CUSTOM_STATUS: [u8; 7] = [0, 1, 2, 3, 4, 4, 4];
pub(crate) const CUSTOM_OPEN: u8 = 5;
pub(crate) const CUSTOM_PENDING: u8 = 6;

/// Someone who works on tickets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agent {
    pub(crate) group: u8,
    /// When the agent stops acting; never for most.
    pub(crate) leaves_at: i64,
    pub(crate) leaving: Leaving,
}

/// What becomes of an agent who leaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Leaving {
    Never,
    /// Becomes an end user.
    Demoted,
    /// Is deleted: `active` turns false, the name stays.
    Deleted,
}

/// A target of a policy: seconds, and whether they are business seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    pub(crate) policy: u8,
    pub(crate) secs: u32,
    pub(crate) business_hours: bool,
}

/// A metric that the account measures for every ticket.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Metric {
    Reply,
    PeriodicUpdate,
    PausableUpdate,
    RequesterWait,
    AgentWork,
    Resolution,
    GroupOwnership,
}

impl Metric {
    pub(crate) const ALL: [Self; 7] = [
        Self::Reply,
        Self::PeriodicUpdate,
        Self::PausableUpdate,
        Self::RequesterWait,
        Self::AgentWork,
        Self::Resolution,
        Self::GroupOwnership,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reply => "reply_time",
            Self::PeriodicUpdate => "periodic_update_time",
            Self::PausableUpdate => "pausable_update_time",
            Self::RequesterWait => "requester_wait_time",
            Self::AgentWork => "agent_work_time",
            Self::Resolution => "resolution_time",
            Self::GroupOwnership => "group_ownership_time",
        }
    }
}

/// The account.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) seed: u64,
    /// First and last second of the history.
    pub(crate) start: i64,
    pub(crate) horizon: i64,
    pub(crate) agents: Vec<Agent>,
    pub(crate) end_users: u32,
    pub(crate) organizations: u32,
    pub(crate) hours: Vec<Hours>,
    pub(crate) tenant: Tenant,
}

fn schedule_of(group: Option<u8>) -> usize {
    group.and_then(|group| SCHEDULE_OF_GROUP.get(usize::from(group)).copied()).unwrap_or(0)
}

/// Id of a group.
pub(crate) const fn group_id(group: u8) -> i64 {
    36_000_000_000_001 + group as i64
}

impl Cast {
    pub(crate) fn assemble(seed: u64, tickets: u32, start: i64, horizon: i64) -> Self {
        let tenant = tenant(start, horizon);
        let compiled = |schedule| Hours::compile(schedule, start - 2 * DAY, horizon + 400 * DAY);
        let hours = tenant.schedules.iter().map(compiled).collect();
        Self {
            seed,
            start,
            horizon,
            agents: agents(tickets, start, horizon),
            end_users: tickets / 4 + 20,
            organizations: tickets / 40 + 5,
            hours,
            tenant,
        }
    }

    /// The schedule on a ticket of this group.
    pub(crate) fn hours(&self, group: Option<u8>) -> Option<&Hours> {
        self.hours.get(schedule_of(group))
    }

    /// The name of that schedule.
    pub(crate) fn schedule_name(&self, group: Option<u8>) -> Option<&str> {
        self.tenant.schedules.get(schedule_of(group)).map(|schedule| schedule.name.as_str())
    }

    /// An agent of the group who is still there.
    pub(crate) fn agent_of(&self, group: u8, at: i64, dice: &mut Dice) -> u16 {
        let teams = self.agents.len() / TIERS.len();
        for _ in 0..8 {
            // Squared, so that some agents get more than others.
            let drawn = (dice.unit() * dice.unit() * teams as f64) as usize;
            let agent = drawn * TIERS.len() + usize::from(group);
            if self.agents.get(agent).is_some_and(|agent| at < agent.leaves_at) {
                return agent as u16;
            }
        }
        u16::from(group)
    }

    pub(crate) fn is_there(&self, agent: u16, at: i64) -> bool {
        self.agents.get(usize::from(agent)).is_some_and(|agent| at < agent.leaves_at)
    }

    /// The organization of an end user.
    pub(crate) fn organization_of(&self, user: u32) -> Option<u32> {
        let drawn = mix(self.seed, 0x0A6 ^ u64::from(user));
        (drawn % 10 < 7).then(|| ((drawn >> 8) % u64::from(self.organizations)) as u32)
    }

    /// The target of a metric under the policy that the ticket matches now; none without a priority.
    pub(crate) fn target(metric: Metric, state: &State) -> Option<Target> {
        if metric == Metric::GroupOwnership {
            let tier = state.group.and_then(|group| TIERS.get(usize::from(group)))?;
            let target = Target { policy: 9, secs: 4 * 3600 * tier, business_hours: true };
            return (*tier > 1).then_some(target);
        }
        let policy = policy_of(state)?;
        let priority = state.priority?;
        let minutes = minutes(metric, priority)?;
        match policy {
            0 => Some(Target { policy, secs: minutes * 30, business_hours: false }),
            1 => Some(Target { policy, secs: minutes * 60, business_hours: true }),
            _ => Some(Target { policy, secs: minutes * 90, business_hours: metric != Metric::Resolution }),
        }
    }
}

/// The first policy that matches, by position: incidents, then upper tiers, then the rest; problems have none.
fn policy_of(state: &State) -> Option<u8> {
    let tier = state.group.and_then(|group| TIERS.get(usize::from(group))).copied().unwrap_or(1);
    match state.kind {
        Some(Kind::Problem) => None,
        Some(Kind::Incident) => Some(0),
        _ if tier > 1 => Some(1),
        _ => Some(2),
    }
}

/// Targets in minutes, before a policy stretches them; low tickets have no update targets.
fn minutes(metric: Metric, priority: Priority) -> Option<u32> {
    let (urgent, high, normal, low) = match metric {
        Metric::Reply => (60, 120, 240, 480),
        Metric::PeriodicUpdate => (240, 480, 960, 0),
        Metric::PausableUpdate => (360, 720, 1440, 0),
        Metric::RequesterWait => (480, 960, 1920, 2880),
        Metric::AgentWork => (240, 480, 960, 1920),
        Metric::Resolution => (960, 1920, 4320, 7200),
        Metric::GroupOwnership => return None,
    };
    let minutes = match priority {
        Priority::Urgent => urgent,
        Priority::High => high,
        Priority::Normal => normal,
        Priority::Low => low,
    };
    (minutes > 0).then_some(minutes)
}

fn agents(tickets: u32, start: i64, horizon: i64) -> Vec<Agent> {
    // 12 agents up to 6,000 tickets, then one for every 500; ids are 16 bits wide.
    let wanted = (tickets / 500).clamp(12, 4000);
    (0..wanted)
        .map(|number| {
            let share = |percent: i64| start + (horizon - start) * percent / 100;
            let (leaves_at, leaving) = match number {
                4 => (share(55), Leaving::Demoted),
                9 => (share(70), Leaving::Deleted),
                _ => (i64::MAX, Leaving::Never),
            };
            Agent { group: (number % 4) as u8, leaves_at, leaving }
        })
        .collect()
}

fn tenant(start: i64, horizon: i64) -> Tenant {
    let weekdays = |spans: &[(u32, u32)]| -> Vec<(u32, u32)> {
        (1..=5)
            .flat_map(|day| spans.iter().map(move |(from, to)| (day * 1440 + from, day * 1440 + to)))
            .collect()
    };
    let mut berlin = weekdays(&[(8 * 60, 18 * 60)]);
    berlin.push((6 * 1440 + 10 * 60, 6 * 1440 + 14 * 60));
    let schedule = |name: &str, zone: &str, weekly, holidays, group_ids| TenantSchedule {
        name: name.into(),
        time_zone: zone.into(),
        weekly,
        holidays,
        group_ids,
    };
    let day = |secs| super::hours::local_day(&TimeZone::UTC, secs).unwrap_or(date(2000, 1, 1));
    let years = day(start - 400 * DAY).year()..=day(horizon + 400 * DAY).year();
    let yearly = |days: &[(i8, i8, i8)]| -> Vec<(Date, Date)> {
        let mut holidays: Vec<(Date, Date)> = vec![(day(horizon - 16 * DAY), day(horizon - 15 * DAY))];
        for year in years.clone() {
            let of =
                |(month, first, last): &(i8, i8, i8)| (date(year, *month, *first), date(year, *month, *last));
            holidays.extend(days.iter().map(of));
        }
        holidays.sort_unstable();
        holidays
    };
    let america = yearly(&[(1, 1, 1), (7, 4, 4), (11, 26, 27), (12, 25, 25)]);
    let germany = yearly(&[(1, 1, 1), (5, 1, 1), (10, 3, 3), (12, 24, 26)]);
    let pacific = weekdays(&[(7 * 60, 12 * 60), (13 * 60, 19 * 60)]);
    let schedules = vec![
        schedule("default", "America/New_York", weekdays(&[(9 * 60, 17 * 60)]), america.clone(), Vec::new()),
        schedule("europe", "Europe/Berlin", berlin, germany, vec![group_id(1)]),
        schedule("pacific", "America/Los_Angeles", pacific, america, vec![group_id(3)]),
    ];
    let tiers: BTreeMap<i64, u32> =
        TIERS.iter().enumerate().map(|(group, tier)| (group_id(group as u8), *tier)).collect();
    Tenant { schedules, tiers }
}

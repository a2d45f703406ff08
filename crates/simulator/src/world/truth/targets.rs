//! How each SLA target went, as the observer saw its clock run.

use super::{month, seconds};
use crate::render::agent_id;
use crate::world::cast::{Cast, Metric, group_id};
use crate::world::clocks::{Instance, signs};
use crate::world::history::{History, Priority, State, Status};
use crate::world::metric_set::Pair;
use serde_json::{Value, json};

/// The one group SLA policy of the account.
const GROUP_POLICY: &str = "01HZX3V5K7M9P2Q4R6S8T0ABCD";
/// Id of the first SLA policy.
const FIRST_POLICY: i64 = 29_000_000_000_001;

pub(super) fn targets(cast: &Cast, history: History<'_>, state: &State, as_of: i64) -> Vec<Value> {
    let (_, instances) = signs(cast, history, as_of.min(cast.horizon));
    instances.iter().map(|instance| target(cast, history, instance, state, as_of)).collect()
}

fn target(cast: &Cast, history: History<'_>, instance: &Instance, state: &State, as_of: i64) -> Value {
    let target = instance.target;
    let elapsed = Pair { calendar: instance.calendar_secs, business: instance.business_secs };
    let counted = if target.business_hours { elapsed.business } else { elapsed.calendar };
    let is_over = instance.fulfilled_at.is_some();
    let is_group = instance.metric == Metric::GroupOwnership;
    let holder = &instance.state;
    let due_at = due_at(cast, instance);
    let by_event = match (instance.breached_at, is_over) {
        (Some(_), _) => "breached",
        (None, true) => "achieved",
        (None, false) => "open",
    };
    let by_elapsed = match (counted > i64::from(target.secs), is_over) {
        (true, _) => "breached",
        (false, true) => "achieved",
        (false, false) => "open",
    };
    json!({
        "metric": instance.metric.name(),
        "instance_id": instance.number,
        "created_month": month(i64::from(history.case.created_at)),
        "policy_metric": policy_metric(instance),
        "sla_policy_id": (!is_group).then(|| FIRST_POLICY + i64::from(target.policy)),
        "group_sla_policy": is_group.then_some(GROUP_POLICY),
        "group_id": holder.group.map(group_id),
        "assignee": holder.assignee.map(agent_id),
        "priority": holder.priority.map(Priority::name),
        "schedule": cast.schedule_name(holder.group),
        "outcome": outcome(instance),
        "outcome_by_event": by_event,
        "outcome_by_elapsed": by_elapsed,
        "is_disputed": by_event != by_elapsed,
        "target_seconds": target.secs,
        "business_hours": target.business_hours,
        "targets_put_on": instance.targets,
        "elapsed_seconds": seconds(Some(elapsed)),
        "counted_seconds": counted,
        "measured_minutes": {
            "calendar": instance.measured.map(|(calendar, _)| calendar),
            "business": instance.measured.map(|(_, business)| business),
        },
        "is_deleted": state.status == Status::Deleted,
        "is_merged": state.merged,
        "started_at": instance.started_at,
        "applied_at": instance.applied_at,
        "due_at": due_at,
        "to_due_seconds": due_at.filter(|_| !is_over).map(|due_at| due_at - as_of),
        "breached_at": instance.breached_at,
        "fulfilled_at": instance.fulfilled_at,
        "decided_at": instance.breached_at.or(instance.fulfilled_at).unwrap_or(as_of),
    })
}

fn outcome(instance: &Instance) -> &'static str {
    match (instance.stage, instance.breached_at) {
        ("fulfilled", None) => "achieved",
        ("fulfilled", Some(_)) => "breached",
        ("paused", Some(_)) => "breached_paused",
        (_, Some(_)) => "breached_active",
        (stage, None) => stage,
    }
}

fn policy_metric(instance: &Instance) -> &'static str {
    match instance.metric {
        Metric::Reply if instance.number == 1 => "first_reply_time",
        Metric::Reply => "next_reply_time",
        Metric::Resolution => "total_resolution_time",
        metric => metric.name(),
    }
}

/// When the clock had run, or will have run, for as long as the target says. A clock that was ended while it ran is
/// taken to run on; one that was paused when it ended, or is paused now, has no such moment.
fn due_at(cast: &Cast, instance: &Instance) -> Option<i64> {
    let hours = cast.hours(instance.state.group).filter(|_| instance.target.business_hours);
    let mut left = i64::from(instance.target.secs);
    for (from, to) in &instance.runs {
        let runs_on = to.is_none() || *to == instance.fulfilled_at;
        let reached = hours.map_or(Some(from + left), |hours| hours.reached(*from, left));
        if let Some(reached) = reached.filter(|reached| runs_on || to.is_some_and(|to| *reached <= to)) {
            return Some(reached);
        }
        let to = to.unwrap_or(*from);
        left -= hours.map_or(to - from, |hours| hours.between(*from, to));
    }
    None
}

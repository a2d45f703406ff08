//! How a ticket's SLA targets stand at one moment: what `slas.policy_metrics` tells.

use super::cast::{Cast, Metric};
use super::clocks::{Instance, signs};
use super::history::History;

/// One target as it stands now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyMetric {
    /// The policy's name of the metric, which tells the first reply from the next.
    pub(crate) name: &'static str,
    /// `active`, `paused`, or `achieved`, which means completed and not that the target was met.
    pub(crate) stage: &'static str,
    /// When the target was passed, or will be if the clock runs on from here.
    pub(crate) breach_at: i64,
}

/// The newest instance of each metric that has had a target; none when the ticket is under no policy now.
pub(crate) fn policy_metrics(cast: &Cast, history: History<'_>, now: i64) -> Vec<PolicyMetric> {
    let until = now.min(cast.horizon);
    let seen = history.audits.partition_point(|audit| i64::from(audit.at) <= now);
    let history = History { audits: history.audits.get(..seen).unwrap_or_default(), ..history };
    // A policy has a resolution target for every priority, so that this target tells whether there is a policy.
    if Cast::target(Metric::Resolution, &history.state_after(seen)).is_none() {
        return Vec::new();
    }
    let mut metrics: Vec<PolicyMetric> = Vec::new();
    for instance in signs(cast, history, until).1 {
        let Some(name) = policy_name(&instance) else { continue };
        let metric = PolicyMetric {
            name,
            stage: if instance.stage == "fulfilled" { "achieved" } else { instance.stage },
            breach_at: breach_at(cast, history, &instance, until),
        };
        metrics.retain(|older| older.name != name);
        metrics.push(metric);
    }
    metrics
}

/// Group policies are not among a ticket's SLA policies.
fn policy_name(instance: &Instance) -> Option<&'static str> {
    match instance.metric {
        Metric::Reply if instance.number == 1 => Some("first_reply_time"),
        Metric::Reply => Some("next_reply_time"),
        Metric::Resolution => Some("total_resolution_time"),
        Metric::GroupOwnership => None,
        metric => Some(metric.name()),
    }
}

fn breach_at(cast: &Cast, history: History<'_>, instance: &Instance, now: i64) -> i64 {
    if let Some(at) = instance.breached_at {
        return at;
    }
    // A clock ends under the schedule that was on the ticket before the update that ended it.
    let (from, count) = match instance.fulfilled_at {
        Some(at) => (at, history.audits.partition_point(|audit| i64::from(audit.at) < at)),
        None => (now, history.audits.len()),
    };
    let target = instance.target;
    let spent = if target.business_hours { instance.business_secs } else { instance.calendar_secs };
    let left = (i64::from(target.secs) - spent).max(0);
    let hours = cast.hours(history.state_after(count).group).filter(|_| target.business_hours);
    hours.and_then(|hours| hours.after(from, left)).unwrap_or(from + left)
}

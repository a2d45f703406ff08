//! Metric sets and metric events.

use super::json::{boolean, canary, int, lit, maybe_time, time, word};
use super::oddity;
use crate::world::cast::{Metric, Target};
use crate::world::clocks::Mark;
use crate::world::generated::{FIRST_TICKET, Generated};
use crate::world::history::History;
use crate::world::metric_event::MetricEvent;
use crate::world::metric_set::{Pair, metric_set};

/// Id of the first metric set.
const FIRST_METRIC_SET: i64 = 47_000_000_000_001;

/// The metric set of a ticket as it was after the first `count` audits.
pub(crate) fn write_metric_set(
    world: &Generated,
    history: History<'_>,
    count: usize,
    odd: bool,
    out: &mut Vec<u8>,
) {
    let set = metric_set(&world.cast, history, count);
    let id = FIRST_METRIC_SET + i64::from(history.index);
    int(out, "{\"url\":\"https://canary-subdomain.example.test/api/v2/ticket_metrics/", id);
    int(out, ".json\",\"id\":", id);
    int(out, ",\"ticket_id\":", FIRST_TICKET + i64::from(history.index));
    time(out, ",\"created_at\":", i64::from(history.case.created_at));
    time(out, ",\"updated_at\":", set.updated_at);
    int(out, ",\"group_stations\":", i64::from(set.group_stations));
    int(out, ",\"assignee_stations\":", i64::from(set.assignee_stations));
    int(out, ",\"reopens\":", i64::from(set.reopens));
    int(out, ",\"replies\":", i64::from(set.replies));
    maybe_time(out, ",\"assignee_updated_at\":", set.assignee_updated_at);
    time(out, ",\"requester_updated_at\":", set.requester_updated_at);
    time(out, ",\"status_updated_at\":", set.status_updated_at);
    maybe_time(out, ",\"initially_assigned_at\":", set.initially_assigned_at);
    maybe_time(out, ",\"assigned_at\":", set.assigned_at);
    maybe_time(out, ",\"solved_at\":", set.solved_at);
    time(out, ",\"latest_comment_added_at\":", set.latest_comment_added_at);
    minutes(out, "reply_time", set.reply);
    minutes(out, "first_resolution_time", set.first_resolution);
    minutes(out, "full_resolution_time", set.full_resolution);
    minutes(out, "agent_wait_time", set.agent_wait);
    minutes(out, "requester_wait_time", set.requester_wait);
    minutes(out, "on_hold_time", Some(set.on_hold));
    if !odd {
        time(out, ",\"custom_status_updated_at\":", set.custom_status_updated_at);
    }
    match set.reply {
        Some(reply) if set.messaging => {
            int(out, ",\"reply_time_in_seconds\":{\"calendar\":", reply.calendar);
            lit(out, "}");
        }
        None if set.messaging => lit(out, ",\"reply_time_in_seconds\":{\"calendar\":null}"),
        _ if odd => lit(out, ",\"reply_time_in_seconds\":null"),
        _ => {}
    }
    lit(out, "}");
}

fn minutes(out: &mut Vec<u8>, name: &str, pair: Option<Pair>) {
    lit(out, ",\"");
    lit(out, name);
    match pair.map(Pair::minutes) {
        Some((calendar, business)) => {
            int(out, "_in_minutes\":{\"calendar\":", calendar);
            int(out, ",\"business\":", business);
            lit(out, "}");
        }
        None => lit(out, "_in_minutes\":{\"calendar\":null,\"business\":null}"),
    }
}

/// A metric event.
pub(crate) fn write_metric_event(event: &MetricEvent, oddity_percent: u8, out: &mut Vec<u8>) {
    let odd = oddity(oddity_percent, event.id());
    int(out, "{\"id\":", event.id());
    int(out, ",\"ticket_id\":", FIRST_TICKET + i64::from(event.case));
    word(out, ",\"metric\":", event.metric.name());
    int(out, ",\"instance_id\":", i64::from(event.instance));
    word(out, ",\"type\":", kind(event));
    time(out, ",\"time\":", event.time());
    if event.deleted() || odd != Some(0) {
        boolean(out, ",\"deleted\":", event.deleted());
    }
    match event.mark() {
        Mark::Apply(None) if event.metric == Metric::GroupOwnership => lit(out, ",\"group_sla\":null"),
        Mark::Apply(None) => lit(out, ",\"sla\":null"),
        Mark::Apply(Some(target)) => write_target(target, event.metric, odd == Some(1), out),
        Mark::UpdateStatus { business, calendar } => {
            int(out, ",\"status\":{\"business\":", i64::from(business));
            int(out, ",\"calendar\":", i64::from(calendar));
            lit(out, "}");
        }
        _ => {}
    }
    if odd == Some(2) {
        canary(out, ",\"novelty\":{\"remark\":", "metric-event-novelty", event.id());
        lit(out, "}");
    }
    lit(out, "}");
}

fn kind(event: &MetricEvent) -> &'static str {
    match event.mark() {
        Mark::Measure => "measure",
        Mark::Activate => "activate",
        Mark::Pause => "pause",
        Mark::Fulfill => "fulfill",
        Mark::Apply(_) if event.metric == Metric::GroupOwnership => "apply_group_sla",
        Mark::Apply(_) => "apply_sla",
        Mark::Breach => "breach",
        Mark::UpdateStatus { .. } => "update_status",
    }
}

fn write_target(target: Target, metric: Metric, without_seconds: bool, out: &mut Vec<u8>) {
    let group = metric == Metric::GroupOwnership;
    lit(out, if group { ",\"group_sla\":" } else { ",\"sla\":" });
    int(out, "{\"target\":", i64::from(target.secs / 60));
    boolean(out, ",\"business_hours\":", target.business_hours);
    let policy = i64::from(target.policy);
    if group {
        word(out, ",\"policy\":{\"id\":", "01HZX3V5K7M9P2Q4R6S8T0ABCD");
    } else {
        int(out, ",\"policy\":{\"id\":", 29_000_000_000_001 + policy);
    }
    canary(out, ",\"title\":", "policy-title", policy);
    if target.policy == 1 {
        lit(out, ",\"description\":null}");
    } else {
        canary(out, ",\"description\":", "policy-description", policy);
        lit(out, "}");
    }
    if !without_seconds {
        int(out, ",\"target_in_seconds\":", i64::from(target.secs));
    }
    lit(out, "}");
}

//! What a single ticket may bring along: the state of its SLA targets, and its metric events.

use super::json::{int, lit, time, word};
use super::metrics::write_metric_event;
use crate::world::cast::Metric;
use crate::world::generated::Generated;
use crate::world::history::History;
use crate::world::live_sla::policy_metrics;

/// Appends `slas` as it stands at `now`.
pub(crate) fn write_slas(world: &Generated, history: History<'_>, now: i64, out: &mut Vec<u8>) {
    lit(out, ",\"slas\":{\"policy_metrics\":[");
    for (place, metric) in policy_metrics(&world.cast, history, now).iter().enumerate() {
        time(out, if place == 0 { "{\"breach_at\":" } else { ",{\"breach_at\":" }, metric.breach_at);
        word(out, ",\"stage\":", metric.stage);
        word(out, ",\"metric\":", metric.name);
        write_distance(metric.breach_at - now, out);
        lit(out, "}");
    }
    lit(out, "]}");
}

/// The rounded distance in the largest unit that it fills.
fn write_distance(secs: i64, out: &mut Vec<u8>) {
    let (key, unit) = match secs.abs() {
        86_400.. => (",\"days\":", 86_400),
        3_600.. => (",\"hours\":", 3_600),
        _ => (",\"minutes\":", 60),
    };
    int(out, key, secs.signum() * ((secs.abs() + unit / 2) / unit));
}

/// Appends `metric_events`: the rows that the export shows at `now`, by metric.
pub(crate) fn write_metric_events(
    world: &Generated,
    history: History<'_>,
    (now, oddity_percent): (i64, u8),
    out: &mut Vec<u8>,
) {
    let events = world.metric_events_of(history.index, now);
    lit(out, ",\"metric_events\":");
    for (place, metric) in Metric::ALL.into_iter().enumerate() {
        lit(out, if place == 0 { "{\"" } else { ",\"" });
        lit(out, metric.name());
        lit(out, "\":[");
        for (place, event) in events.iter().filter(|event| event.metric == metric).enumerate() {
            lit(out, if place == 0 { "" } else { "," });
            write_metric_event(event, oddity_percent, out);
        }
        lit(out, "]");
    }
    lit(out, "}");
}

//! The SLA engine's events.

use deskmeter_tables::{METRIC, METRIC_EVENT_TYPE, TICKET_METRIC_EVENTS};

use super::Rows;
use crate::CleanBatch;
use crate::context::Context;
use crate::json::Json;
use crate::layout::{Layout, layout, open};
use crate::place::Place;
use crate::reject::{Fault, Rule};
use crate::table_builder::{Cell, TableBuilder};
use crate::value::{Fate, MINUTES, SECONDS, Value};

layout! {
    /// A metric event.
    TicketMetricEvent {
        id "id",
        ticket_id "ticket_id",
        metric "metric",
        instance_id "instance_id",
        event_type "type",
        time "time",
        deleted "deleted",
        sla "sla",
        group_sla "group_sla",
        status "status",
    }
    drop {}
}

layout! {
    /// The target that an event puts on a ticket.
    Sla {
        target "target",
        business_hours "business_hours",
        policy "policy",
        target_in_seconds "target_in_seconds",
    }
    drop {}
}

layout! {
    /// The policy of a target: its id alone, for titles name customers.
    SlaPolicy { id "id" }
    drop { "title", "description" }
}

layout! {
    /// How long the metric has been open.
    Clock { calendar "calendar", business "business" }
    drop {}
}

/// Id of a group SLA policy: 26 characters of `0-9A-Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PolicyKey([u8; 26]);

impl PolicyKey {
    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 26] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()).then_some(Self(bytes))
    }

    pub(crate) fn as_str(&self) -> &str {
        // Made of digits and letters alone, so it is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The metric events of a page.
pub(crate) struct MetricEvents(TableBuilder);

impl Default for MetricEvents {
    fn default() -> Self {
        Self(TableBuilder::new(&TICKET_METRIC_EVENTS))
    }
}

/// The objects that stand in an event, each None when there is none.
struct Parts<'a> {
    sla: Option<Sla<'a>>,
    sla_policy: Option<SlaPolicy<'a>>,
    group_sla: Option<Sla<'a>>,
    group_sla_policy: Option<SlaPolicy<'a>>,
    clock: Option<Clock<'a>>,
}

impl Rows for MetricEvents {
    type Row<'a> = TicketMetricEvent<'a>;
    const PLACE: Place = Place::MetricEvent;

    fn add(&mut self, row: Option<TicketMetricEvent<'_>>, context: &mut Context<'_>) {
        let Some(mut event) = row else {
            return context.reject_non_object(&TICKET_METRIC_EVENTS, Place::MetricEvent);
        };
        context.saw(event.time().time());
        let mut parts = Parts::open(&mut event, context);
        let converted = self.convert(&mut event, &mut parts);
        if let Err(rule) = converted {
            let id = event.id().id().ok().flatten();
            context.reject(&TICKET_METRIC_EVENTS, id, rule);
        }
        let is_stored = converted.is_ok();
        context.tally.settle(&event, is_stored);
        settle(parts.sla.as_ref(), is_stored, context);
        settle(parts.sla_policy.as_ref(), is_stored, context);
        settle(parts.group_sla.as_ref(), is_stored, context);
        settle(parts.group_sla_policy.as_ref(), is_stored, context);
        settle(parts.clock.as_ref(), is_stored, context);
    }

    fn finish(self) -> Vec<CleanBatch> {
        vec![self.0.finish()]
    }
}

impl MetricEvents {
    fn convert(&mut self, event: &mut TicketMetricEvent<'_>, parts: &mut Parts<'_>) -> Result<(), Rule> {
        let id = event.id().required(Value::id)?;
        let ticket_id = event.ticket_id().required(Value::id)?;
        let metric = event.metric().required(|metric| metric.word(&METRIC))?;
        let instance_id = event.instance_id().required(Value::count)?;
        let event_type = event.event_type().required(|word| word.word(&METRIC_EVENT_TYPE))?;
        let occurred_at = event.time().required(Value::time)?;
        let is_deleted = event.deleted().boolean()?.unwrap_or(false);
        let sla = target(event.sla(), &mut parts.sla)?;
        let sla_policy_id = match (&mut parts.sla, &mut parts.sla_policy) {
            (_, Some(policy)) => policy.id().id()?,
            (Some(sla), None) => absent(sla.policy())?,
            (None, None) => None,
        };
        let group_sla = target(event.group_sla(), &mut parts.group_sla)?;
        let group_sla_policy_key = match (&mut parts.group_sla, &mut parts.group_sla_policy) {
            (_, Some(policy)) => policy_key(policy.id()),
            (Some(sla), None) => absent(sla.policy())?,
            (None, None) => None,
        };
        let (calendar, business) = match &mut parts.clock {
            Some(clock) => (clock.calendar().integer(MINUTES)?, clock.business().integer(MINUTES)?),
            None => (absent(event.status())?, None),
        };
        self.0.row([
            ("metric_event_id", id.into()),
            ("event_month", Cell::Month(occurred_at)),
            ("ticket_id", ticket_id.into()),
            ("metric", metric.into()),
            ("instance_id", instance_id.into()),
            ("type", event_type.into()),
            ("occurred_at", occurred_at.into()),
            ("is_deleted", is_deleted.into()),
            ("sla_target_seconds", sla.seconds.or(group_sla.seconds).into()),
            ("is_sla_business_hours", sla.is_business.or(group_sla.is_business).into()),
            ("sla_policy_id", sla_policy_id.into()),
            ("group_sla_policy_key", group_sla_policy_key.into()),
            ("status_minutes_calendar", calendar.into()),
            ("status_minutes_business", business.into()),
        ]);
        Ok(())
    }
}

impl<'a> Parts<'a> {
    fn open(event: &mut TicketMetricEvent<'a>, context: &mut Context<'_>) -> Self {
        let tally = &mut context.tally;
        let mut sla = open::<Sla<'_>>(event.sla(), Place::Sla, tally);
        let mut group_sla = open::<Sla<'_>>(event.group_sla(), Place::GroupSla, tally);
        Self {
            sla_policy: sla.as_mut().and_then(|sla| open(sla.policy(), Place::SlaPolicy, tally)),
            group_sla_policy: group_sla
                .as_mut()
                .and_then(|sla| open(sla.policy(), Place::GroupSlaPolicy, tally)),
            clock: open(event.status(), Place::Clock, tally),
            sla,
            group_sla,
        }
    }
}

fn settle<'a>(part: Option<&impl Layout<'a>>, is_stored: bool, context: &mut Context<'_>) {
    if let Some(part) = part {
        context.tally.settle(part, is_stored);
    }
}

/// A target, both None when the event carries none.
#[derive(Default)]
struct Target {
    seconds: Option<i64>,
    is_business: Option<bool>,
}

/// The target of an `sla` or a `group_sla`: its seconds, or its minutes where Zendesk tells only these.
fn target(value: &Value<'_>, sla: &mut Option<Sla<'_>>) -> Result<Target, Rule> {
    let Some(sla) = sla else { return absent(value).map(|_: Option<()>| Target::default()) };
    let minutes = sla.target().integer(MINUTES)?;
    let seconds = sla.target_in_seconds().integer(SECONDS)?;
    if seconds.is_some() {
        sla.target().set_fate(Fate::Dropped);
    }
    Ok(Target {
        seconds: seconds.or(minutes.map(|minutes| minutes * 60)),
        is_business: sla.business_hours().boolean()?,
    })
}

/// None where no object stands, unless something else does.
fn absent<T>(value: &Value<'_>) -> Result<Option<T>, Rule> {
    if value.json() == Json::Null { Ok(None) } else { Err(value.rule(Fault::WrongType)) }
}

/// A policy's key, if it has the form of one; else it could be a text, and is dropped.
fn policy_key(id: &mut Value<'_>) -> Option<PolicyKey> {
    let Json::Text(text) = id.json() else { return None };
    let key = PolicyKey::parse(&text)?;
    id.set_fate(Fate::Kept);
    Some(key)
}

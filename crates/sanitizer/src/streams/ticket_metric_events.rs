//! The SLA engine's events.

use deskmeter_tables::{METRIC, METRIC_EVENT_TYPE, TICKET_METRIC_EVENTS};

use super::Rows;
use crate::CleanBatch;
use crate::context::Context;
use crate::json::Json;
use crate::layout::layout;
use crate::ledger::Tally;
use crate::place::Place;
use crate::reject::{Fault, Rule};
use crate::table_builder::{Month, Room, TableBuilder};
use crate::value::{Fate, MINUTES, SECONDS, Value};
use deskmeter_zendesk::UnixSeconds;

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
    }
    inside {
        sla sla_object "sla" Option<Sla<'a>>, |_| Place::Sla;
        group_sla group_sla_object "group_sla" Option<Sla<'a>>, |_| Place::GroupSla;
        status clock "status" Option<Clock<'a>>, |_| Place::Clock;
    }
    drop {}
}

layout! {
    /// The target that an event puts on a ticket.
    Sla {
        target "target",
        business_hours "business_hours",
        target_in_seconds "target_in_seconds",
    }
    inside {
        policy policy_object "policy" Option<SlaPolicy<'a>>, |of| match of {
            Place::GroupSla => Place::GroupSlaPolicy,
            _ => Place::SlaPolicy,
        };
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

impl Rows for MetricEvents {
    type Row<'a> = TicketMetricEvent<'a>;
    const PLACE: Place = Place::MetricEvent;

    fn new(room: &Room) -> Self {
        Self(TableBuilder::new(&TICKET_METRIC_EVENTS, room))
    }

    fn add(&mut self, row: Option<&mut TicketMetricEvent<'_>>, context: &mut Context<'_>) {
        let Some(event) = row else {
            return context.reject_non_object(&TICKET_METRIC_EVENTS, Place::MetricEvent);
        };
        let time = event.time().time();
        context.saw(time);
        let converted = self.convert(event, time);
        if let Err(rule) = converted {
            let id = event.id().id().ok().flatten();
            context.reject(&TICKET_METRIC_EVENTS, id, rule);
        }
        event.settle(converted.is_ok(), &mut context.tally);
    }

    fn finish(self) -> Vec<CleanBatch> {
        vec![self.0.finish()]
    }
}

impl MetricEvents {
    fn convert(
        &mut self,
        event: &mut TicketMetricEvent<'_>,
        time: Result<Option<UnixSeconds>, Rule>,
    ) -> Result<(), Rule> {
        let id = event.id().required(Value::id)?;
        let ticket_id = event.ticket_id().required(Value::id)?;
        let metric = event.metric().required(|metric| metric.word(&METRIC))?;
        let instance_id = event.instance_id().required(Value::count)?;
        let event_type = event.event_type().required(|word| word.word(&METRIC_EVENT_TYPE))?;
        let occurred_at = event.time().required(|_| time)?;
        let is_deleted = event.deleted().boolean()?.unwrap_or(false);
        object_or_null(event.sla())?;
        let sla = target(event.sla_object.as_mut())?;
        let sla_policy_id = policy(event.sla_object.as_mut(), policy_id)?;
        object_or_null(event.group_sla())?;
        let group_sla = target(event.group_sla_object.as_mut())?;
        let group_sla_policy_key = policy(event.group_sla_object.as_mut(), policy_key)?;
        object_or_null(event.status())?;
        let (calendar, business) = match &mut event.clock {
            Some(clock) => (clock.calendar().integer(MINUTES)?, clock.business().integer(MINUTES)?),
            None => (None, None),
        };
        self.0.row((
            ("metric_event_id", id),
            ("event_month", Month(occurred_at)),
            ("ticket_id", ticket_id),
            ("metric", metric),
            ("instance_id", instance_id),
            ("type", event_type),
            ("occurred_at", occurred_at),
            ("is_deleted", is_deleted),
            ("sla_target_seconds", sla.seconds.or(group_sla.seconds)),
            ("is_sla_business_hours", sla.is_business.or(group_sla.is_business)),
            ("sla_policy_id", sla_policy_id),
            ("group_sla_policy_key", group_sla_policy_key),
            ("status_minutes_calendar", calendar),
            ("status_minutes_business", business),
        ));
        Ok(())
    }
}

impl TicketMetricEvent<'_> {
    /// Accounts for the event and the objects in it.
    fn settle(&self, is_stored: bool, tally: &mut Tally) {
        tally.settle(self, is_stored);
        for sla in [&self.sla_object, &self.group_sla_object].into_iter().flatten() {
            sla.settle(is_stored, tally);
        }
        if let Some(clock) = &self.clock {
            tally.settle(clock, is_stored);
        }
    }
}

impl Sla<'_> {
    fn settle(&self, is_stored: bool, tally: &mut Tally) {
        tally.settle(self, is_stored);
        if let Some(policy) = &self.policy_object {
            tally.settle(policy, is_stored);
        }
    }
}

/// A target, both None when the event carries none.
#[derive(Default)]
struct Target {
    seconds: Option<i64>,
    is_business: Option<bool>,
}

/// The target of an `sla` or a `group_sla`: its seconds, or its minutes where Zendesk tells only these.
fn target(sla: Option<&mut Sla<'_>>) -> Result<Target, Rule> {
    let Some(sla) = sla else { return Ok(Target::default()) };
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

/// What `read` finds in the id of a target's policy, if there is one.
fn policy<T>(
    sla: Option<&mut Sla<'_>>,
    read: fn(&mut Value<'_>) -> Result<Option<T>, Rule>,
) -> Result<Option<T>, Rule> {
    let Some(sla) = sla else { return Ok(None) };
    object_or_null(sla.policy())?;
    sla.policy_object.as_mut().map_or(Ok(None), |policy| read(policy.id()))
}

/// Refuses what is neither an object nor nothing.
fn object_or_null(value: &Value<'_>) -> Result<(), Rule> {
    match value.json() {
        Json::Null | Json::Object(_) => Ok(()),
        _ => Err(value.rule(Fault::WrongType)),
    }
}

fn policy_id(id: &mut Value<'_>) -> Result<Option<i64>, Rule> {
    id.id()
}

/// A group policy's key, if it has the form of one; else it could be a text, and is dropped.
#[expect(clippy::unnecessary_wraps, reason = "of the shape of policy_id, which can refuse")]
fn policy_key(id: &mut Value<'_>) -> Result<Option<PolicyKey>, Rule> {
    let Json::Text(text) = id.json() else { return Ok(None) };
    let key = PolicyKey::parse(&text.read());
    if key.is_some() {
        id.set_fate(Fate::Kept);
    }
    Ok(key)
}

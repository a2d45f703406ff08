//! Zendesk's own numbers for a ticket.

use std::ops::RangeInclusive;

use deskmeter_tables::TICKET_METRIC_SETS;
use deskmeter_zendesk::UnixSeconds;

use crate::context::Context;
use crate::json::Json;
use crate::layout::layout;
use crate::ledger::Tally;
use crate::place::Place;
use crate::reject::{Fault, Rule};
use crate::table_builder::{Month, TableBuilder};
use crate::value::{MINUTES, SECONDS, Value};

layout! {
    /// A metric set. Its url holds the account's name.
    TicketMetricSet {
        id "id",
        created_at "created_at",
        updated_at "updated_at",
        group_stations "group_stations",
        assignee_stations "assignee_stations",
        reopens "reopens",
        replies "replies",
        assignee_updated_at "assignee_updated_at",
        requester_updated_at "requester_updated_at",
        status_updated_at "status_updated_at",
        initially_assigned_at "initially_assigned_at",
        assigned_at "assigned_at",
        solved_at "solved_at",
        latest_comment_added_at "latest_comment_added_at",
        custom_status_updated_at "custom_status_updated_at",
    }
    inside {
        reply_minutes reply "reply_time_in_minutes" Option<Durations<'a>>, |_| Place::ReplyMinutes;
        first_resolution_minutes first_resolution "first_resolution_time_in_minutes" Option<Durations<'a>>, |_| Place::FirstResolutionMinutes;
        full_resolution_minutes full_resolution "full_resolution_time_in_minutes" Option<Durations<'a>>, |_| Place::FullResolutionMinutes;
        agent_wait_minutes agent_wait "agent_wait_time_in_minutes" Option<Durations<'a>>, |_| Place::AgentWaitMinutes;
        requester_wait_minutes requester_wait "requester_wait_time_in_minutes" Option<Durations<'a>>, |_| Place::RequesterWaitMinutes;
        on_hold_minutes on_hold "on_hold_time_in_minutes" Option<Durations<'a>>, |_| Place::OnHoldMinutes;
        reply_seconds seconds "reply_time_in_seconds" Option<Durations<'a>>, |_| Place::ReplySeconds;
    }
    drop { "url", "ticket_id" }
}

layout! {
    /// A duration in calendar and in business time.
    Durations { calendar "calendar", business "business" }
    drop {}
}

/// What a metric set takes from the ticket that carries it.
#[derive(Clone, Copy)]
pub(crate) struct Carrier {
    pub(crate) ticket_id: i64,
    pub(crate) created_at: UnixSeconds,
    pub(crate) generated_at: UnixSeconds,
}

/// Adds the metric set of a ticket, if it has one. A bad one is refused without its ticket.
pub(crate) fn add(
    value: &Value<'_>,
    set: Option<&mut TicketMetricSet<'_>>,
    carrier: Carrier,
    table: &mut TableBuilder,
    context: &mut Context<'_>,
) {
    let Some(set) = set else {
        if value.json() != Json::Null {
            context.reject(&TICKET_METRIC_SETS, Some(carrier.ticket_id), value.rule(Fault::WrongType));
        }
        return;
    };
    let converted = convert(set, carrier, table);
    if let Err(rule) = converted {
        context.reject(&TICKET_METRIC_SETS, Some(carrier.ticket_id), rule);
    }
    set.settle(converted.is_ok(), &mut context.tally);
}

fn convert(set: &mut TicketMetricSet<'_>, carrier: Carrier, table: &mut TableBuilder) -> Result<(), Rule> {
    let metric_set_id = set.id().id()?;
    let (created_at, updated_at) = (set.created_at().time()?, set.updated_at().time()?);
    let (group_stations, assignee_stations) =
        (set.group_stations().count()?, set.assignee_stations().count()?);
    let (reopens, replies) = (set.reopens().count()?, set.replies().count()?);
    let assignee_updated_at = set.assignee_updated_at().time()?;
    let requester_updated_at = set.requester_updated_at().time()?;
    let status_updated_at = set.status_updated_at().time()?;
    let custom_status_updated_at = set.custom_status_updated_at().time()?;
    let (initially_assigned_at, assigned_at) =
        (set.initially_assigned_at().time()?, set.assigned_at().time()?);
    let (solved_at, commented_at) = (set.solved_at().time()?, set.latest_comment_added_at().time()?);
    let reply = read(set, TicketMetricSet::reply_minutes, |set| &mut set.reply, MINUTES)?;
    let first_resolution =
        read(set, TicketMetricSet::first_resolution_minutes, |set| &mut set.first_resolution, MINUTES)?;
    let full_resolution =
        read(set, TicketMetricSet::full_resolution_minutes, |set| &mut set.full_resolution, MINUTES)?;
    let agent_wait = read(set, TicketMetricSet::agent_wait_minutes, |set| &mut set.agent_wait, MINUTES)?;
    let requester_wait =
        read(set, TicketMetricSet::requester_wait_minutes, |set| &mut set.requester_wait, MINUTES)?;
    let on_hold = read(set, TicketMetricSet::on_hold_minutes, |set| &mut set.on_hold, MINUTES)?;
    let reply_seconds = read(set, TicketMetricSet::reply_seconds, |set| &mut set.seconds, SECONDS)?;
    table.row((
        ("ticket_id", carrier.ticket_id),
        ("created_month", Month(carrier.created_at)),
        ("generated_at", carrier.generated_at),
        ("metric_set_id", metric_set_id),
        ("created_at", created_at),
        ("updated_at", updated_at),
        ("group_stations", group_stations),
        ("assignee_stations", assignee_stations),
        ("reopens", reopens),
        ("replies", replies),
        ("assignee_updated_at", assignee_updated_at),
        ("requester_updated_at", requester_updated_at),
        ("status_updated_at", status_updated_at),
        ("custom_status_updated_at", custom_status_updated_at),
        ("initially_assigned_at", initially_assigned_at),
        ("assigned_at", assigned_at),
        ("solved_at", solved_at),
        ("latest_comment_added_at", commented_at),
        ("reply_minutes_calendar", reply.calendar),
        ("reply_minutes_business", reply.business),
        ("first_resolution_minutes_calendar", first_resolution.calendar),
        ("first_resolution_minutes_business", first_resolution.business),
        ("full_resolution_minutes_calendar", full_resolution.calendar),
        ("full_resolution_minutes_business", full_resolution.business),
        ("agent_wait_minutes_calendar", agent_wait.calendar),
        ("agent_wait_minutes_business", agent_wait.business),
        ("requester_wait_minutes_calendar", requester_wait.calendar),
        ("requester_wait_minutes_business", requester_wait.business),
        ("on_hold_minutes_calendar", on_hold.calendar),
        ("on_hold_minutes_business", on_hold.business),
        ("reply_seconds_calendar", reply_seconds.calendar),
    ));
    Ok(())
}

impl TicketMetricSet<'_> {
    /// Accounts for the set and its durations.
    fn settle(&self, is_stored: bool, tally: &mut Tally) {
        tally.settle(self, is_stored);
        let durations = [
            &self.reply,
            &self.first_resolution,
            &self.full_resolution,
            &self.agent_wait,
            &self.requester_wait,
            &self.on_hold,
            &self.seconds,
        ];
        for durations in durations.into_iter().flatten() {
            tally.settle(durations, is_stored);
        }
    }
}

/// Both readings of a duration.
#[derive(Default)]
struct Pair {
    calendar: Option<i64>,
    business: Option<i64>,
}

fn read<'a>(
    set: &mut TicketMetricSet<'a>,
    value: for<'s> fn(&'s mut TicketMetricSet<'a>) -> &'s mut Value<'a>,
    durations: for<'s> fn(&'s mut TicketMetricSet<'a>) -> &'s mut Option<Durations<'a>>,
    range: RangeInclusive<i64>,
) -> Result<Pair, Rule> {
    if let Some(durations) = durations(set) {
        return Ok(Pair {
            calendar: durations.calendar().integer(range.clone())?,
            business: durations.business().integer(range)?,
        });
    }
    let value = value(set);
    if value.json() == Json::Null { Ok(Pair::default()) } else { Err(value.rule(Fault::WrongType)) }
}

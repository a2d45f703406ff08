//! Zendesk's own numbers for a ticket.

use std::ops::RangeInclusive;

use deskmeter_tables::TICKET_METRIC_SETS;
use deskmeter_zendesk::UnixSeconds;

use crate::context::Context;
use crate::json::Json;
use crate::layout::{layout, open};
use crate::place::Place;
use crate::reject::{Fault, Rule};
use crate::table_builder::{Cell, TableBuilder};
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
        reply_minutes "reply_time_in_minutes",
        first_resolution_minutes "first_resolution_time_in_minutes",
        full_resolution_minutes "full_resolution_time_in_minutes",
        agent_wait_minutes "agent_wait_time_in_minutes",
        requester_wait_minutes "requester_wait_time_in_minutes",
        on_hold_minutes "on_hold_time_in_minutes",
        custom_status_updated_at "custom_status_updated_at",
        reply_seconds "reply_time_in_seconds",
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

/// The durations of a metric set, each None when it is not told.
struct AllDurations<'a> {
    reply: Option<Durations<'a>>,
    first_resolution: Option<Durations<'a>>,
    full_resolution: Option<Durations<'a>>,
    agent_wait: Option<Durations<'a>>,
    requester_wait: Option<Durations<'a>>,
    on_hold: Option<Durations<'a>>,
    reply_seconds: Option<Durations<'a>>,
}

/// Adds the metric set of a ticket, if it has one. A bad one is refused without its ticket.
pub(crate) fn add(
    value: &mut Value<'_>,
    carrier: Carrier,
    table: &mut TableBuilder,
    context: &mut Context<'_>,
) {
    if value.json() == Json::Null {
        return;
    }
    let Some(mut set) = open::<TicketMetricSet<'_>>(value, Place::MetricSet, &mut context.tally) else {
        let rule = value.rule(Fault::WrongType);
        return context.reject(&TICKET_METRIC_SETS, Some(carrier.ticket_id), rule);
    };
    let mut durations = AllDurations::open(&mut set, context);
    let converted = convert(&mut set, &mut durations, carrier, table);
    if let Err(rule) = converted {
        context.reject(&TICKET_METRIC_SETS, Some(carrier.ticket_id), rule);
    }
    context.tally.settle(&set, converted.is_ok());
    for durations in durations.all().into_iter().flatten() {
        context.tally.settle(durations, converted.is_ok());
    }
}

fn convert(
    set: &mut TicketMetricSet<'_>,
    durations: &mut AllDurations<'_>,
    carrier: Carrier,
    table: &mut TableBuilder,
) -> Result<(), Rule> {
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
    let reply = read(set.reply_minutes(), &mut durations.reply, MINUTES)?;
    let first_resolution = read(set.first_resolution_minutes(), &mut durations.first_resolution, MINUTES)?;
    let full_resolution = read(set.full_resolution_minutes(), &mut durations.full_resolution, MINUTES)?;
    let agent_wait = read(set.agent_wait_minutes(), &mut durations.agent_wait, MINUTES)?;
    let requester_wait = read(set.requester_wait_minutes(), &mut durations.requester_wait, MINUTES)?;
    let on_hold = read(set.on_hold_minutes(), &mut durations.on_hold, MINUTES)?;
    let reply_seconds = read(set.reply_seconds(), &mut durations.reply_seconds, SECONDS)?;
    table.row([
        ("ticket_id", carrier.ticket_id.into()),
        ("created_month", Cell::Month(carrier.created_at)),
        ("generated_at", carrier.generated_at.into()),
        ("metric_set_id", metric_set_id.into()),
        ("created_at", created_at.into()),
        ("updated_at", updated_at.into()),
        ("group_stations", group_stations.into()),
        ("assignee_stations", assignee_stations.into()),
        ("reopens", reopens.into()),
        ("replies", replies.into()),
        ("assignee_updated_at", assignee_updated_at.into()),
        ("requester_updated_at", requester_updated_at.into()),
        ("status_updated_at", status_updated_at.into()),
        ("custom_status_updated_at", custom_status_updated_at.into()),
        ("initially_assigned_at", initially_assigned_at.into()),
        ("assigned_at", assigned_at.into()),
        ("solved_at", solved_at.into()),
        ("latest_comment_added_at", commented_at.into()),
        ("reply_minutes_calendar", reply.calendar.into()),
        ("reply_minutes_business", reply.business.into()),
        ("first_resolution_minutes_calendar", first_resolution.calendar.into()),
        ("first_resolution_minutes_business", first_resolution.business.into()),
        ("full_resolution_minutes_calendar", full_resolution.calendar.into()),
        ("full_resolution_minutes_business", full_resolution.business.into()),
        ("agent_wait_minutes_calendar", agent_wait.calendar.into()),
        ("agent_wait_minutes_business", agent_wait.business.into()),
        ("requester_wait_minutes_calendar", requester_wait.calendar.into()),
        ("requester_wait_minutes_business", requester_wait.business.into()),
        ("on_hold_minutes_calendar", on_hold.calendar.into()),
        ("on_hold_minutes_business", on_hold.business.into()),
        ("reply_seconds_calendar", reply_seconds.calendar.into()),
    ]);
    Ok(())
}

impl<'a> AllDurations<'a> {
    fn open(set: &mut TicketMetricSet<'a>, context: &mut Context<'_>) -> Self {
        let tally = &mut context.tally;
        Self {
            reply: open(set.reply_minutes(), Place::ReplyMinutes, tally),
            first_resolution: open(set.first_resolution_minutes(), Place::FirstResolutionMinutes, tally),
            full_resolution: open(set.full_resolution_minutes(), Place::FullResolutionMinutes, tally),
            agent_wait: open(set.agent_wait_minutes(), Place::AgentWaitMinutes, tally),
            requester_wait: open(set.requester_wait_minutes(), Place::RequesterWaitMinutes, tally),
            on_hold: open(set.on_hold_minutes(), Place::OnHoldMinutes, tally),
            reply_seconds: open(set.reply_seconds(), Place::ReplySeconds, tally),
        }
    }

    const fn all(&self) -> [Option<&Durations<'a>>; 7] {
        [
            self.reply.as_ref(),
            self.first_resolution.as_ref(),
            self.full_resolution.as_ref(),
            self.agent_wait.as_ref(),
            self.requester_wait.as_ref(),
            self.on_hold.as_ref(),
            self.reply_seconds.as_ref(),
        ]
    }
}

/// Both readings of a duration.
#[derive(Default)]
struct Pair {
    calendar: Option<i64>,
    business: Option<i64>,
}

fn read(
    value: &Value<'_>,
    durations: &mut Option<Durations<'_>>,
    range: RangeInclusive<i64>,
) -> Result<Pair, Rule> {
    match durations {
        Some(durations) => Ok(Pair {
            calendar: durations.calendar().integer(range.clone())?,
            business: durations.business().integer(range)?,
        }),
        None if value.json() == Json::Null => Ok(Pair::default()),
        None => Err(value.rule(Fault::WrongType)),
    }
}

//! What a ticket shows as of now, its flags and ages, and spans between its events.

use super::{Step, brand_id, comment_of, form_id, held, month, seconds, span, sum};
use crate::render::{agent_id, organization_id};
use crate::world::cast::Cast;
use crate::world::history::{Actor, Channel, History, State, Status};
use crate::world::metric_set::Pair;
use serde_json::{Value, json};

/// Id of the first custom status.
const FIRST_CUSTOM_STATUS: i64 = 32_000_000_000_001;

pub(super) fn fields(cast: &Cast, history: History<'_>, state: &State, as_of: i64) -> Value {
    let created_at = i64::from(history.case.created_at);
    let updated_at = history.state_after(history.audits.len()).updated_at.min(as_of);
    let is_waiting = !state.status.is_over() && state.status != Status::Deleted;
    json!({
        "created_month": month(created_at),
        // The account's operator allows no labels.
        "labels": null,
        "assignee": state.assignee.map(agent_id),
        "organization": state.organization.map(organization_id),
        "brand_id": brand_id(state.brand),
        "ticket_form_id": form_id(state.form),
        "custom_status_id": FIRST_CUSTOM_STATUS + i64::from(state.custom_status),
        "schedule": cast.schedule_name(state.group),
        "updated_at": updated_at,
        "unsolved_age_seconds": is_waiting.then_some(as_of - created_at),
        "idle_seconds": is_waiting.then_some(as_of - updated_at),
        "is_solved": state.status.is_over(),
        "is_from_messaging": history.case.channel == Channel::Messaging,
        "has_history_gap": false,
    })
}

/// Flags that follow from what happened.
pub(super) fn flags(steps: &[Step<'_>], state: &State, case_channel: Channel) -> Value {
    let replies = steps.iter().filter(|step| is_reply(step)).count();
    let reopens = steps.iter().filter(|step| is_reopen(step)).count();
    let entered =
        |status: Status| steps.iter().filter(|step| changed(step) && step.after.status == status).count();
    let recoveries =
        steps.iter().filter(|step| changed(step) && step.before.status == Status::Deleted).count();
    let over = state.status.is_over();
    let paused = entered(Status::Pending) + entered(Status::Hold) > 0;
    json!({
        "deletions": entered(Status::Deleted),
        "recoveries": recoveries,
        "is_recovered": recoveries > 0,
        "is_unreplied": replies == 0,
        "is_one_touch": over && replies < 2,
        "is_two_touch": over && replies == 2,
        "is_multi_touch": over && replies > 2,
        "is_one_touch_messaging": (case_channel == Channel::Messaging)
            .then_some(over && replies > 0 && reopens == 0 && !paused),
        "is_reopened": reopens > 0,
        "is_reopened_open": reopens > 0 && !over,
        "is_opened_by_agent": matches!(steps.first().map(|step| step.actor), Some(Actor::Agent(_))),
    })
}

/// A status is taken: the first one, or another.
fn changed(step: &Step<'_>) -> bool {
    step.opening || step.before.status != step.after.status
}

fn is_reopen(step: &Step<'_>) -> bool {
    let is_gone = matches!(step.after.status, Status::Solved | Status::Closed | Status::Deleted);
    !step.opening && step.before.status == Status::Solved && !is_gone
}

pub(super) fn is_reply(step: &Step<'_>) -> bool {
    !step.opening && comment_of(step) == Some(true) && matches!(step.actor, Actor::Agent(_))
}

/// Sums over several statuses, known once the ticket was resolved; only spans that have ended.
pub(super) fn sums(cast: &Cast, steps: &[Step<'_>]) -> Value {
    let is_resolved = steps.iter().any(|step| step.after.status.is_over());
    let spent = |statuses: &[Status]| {
        let spans = held(steps, |state| state.status);
        let pairs: Vec<Pair> = spans
            .iter()
            .filter(|(status, _, _)| statuses.contains(status))
            .filter_map(|(_, from, to)| {
                let ending = steps.iter().find(|step| Some(step.at) == *to && changed(step))?;
                Some(span(cast, *from, ending))
            })
            .collect();
        seconds(is_resolved.then(|| sum(&pairs)))
    };
    json!({
        "agent_work_seconds": spent(&[Status::New, Status::Open]),
        "solve_time_seconds": spent(&[Status::New, Status::Open, Status::Pending, Status::Hold]),
    })
}

/// From and to assignments, and without one.
pub(super) fn assignment_times(steps: &[Step<'_>], created_at: i64) -> Value {
    let spans = held(steps, |state| state.assignee);
    let taken: Vec<(u16, i64)> =
        spans.iter().filter_map(|(agent, from, _)| Some(((*agent)?, *from))).collect();
    let without = spans.iter().filter(|(agent, _, to)| agent.is_none() && to.is_some());
    let unassigned: i64 = without.map(|(_, from, to)| to.unwrap_or(*from) - from).sum();
    let solved_at = steps
        .iter()
        .rev()
        .find(|step| changed(step) && step.after.status == Status::Solved)
        .map(|step| step.at);
    let to_solve = |from: Option<&(u16, i64)>| {
        let (_, from) = from?;
        solved_at.filter(|at| at >= from).map(|at| at - from)
    };
    debug_assert!(spans.first().is_none_or(|(_, from, _)| *from == created_at));
    json!({
        "first_assignee": taken.first().map(|(agent, _)| agent_id(*agent)),
        "last_assignee": taken.last().map(|(agent, _)| agent_id(*agent)),
        "unassigned_seconds": (!taken.is_empty()).then_some(unassigned),
        "first_assignment_to_solve_seconds": to_solve(taken.first()),
        "last_assignment_to_solve_seconds": to_solve(taken.last()),
    })
}

/// A messaging ticket waits for people from the moment it has a group or an assignee.
pub(super) fn handed_over_at(steps: &[Step<'_>]) -> Option<i64> {
    let has_people = |step: &&Step<'_>| step.after.group.is_some() || step.after.assignee.is_some();
    steps.iter().find(has_people).map(|step| step.at)
}

/// The first reply after the hand-over.
pub(super) fn handover(cast: &Cast, steps: &[Step<'_>], handed_over_at: Option<i64>) -> Value {
    let reply = handed_over_at.and_then(|from| {
        let replied = steps.iter().find(|step| is_reply(step) && step.at >= from)?;
        Some(span(cast, from, replied))
    });
    json!({ "handed_over_at": handed_over_at, "handover_reply_seconds": seconds(reply) })
}

/// Explore's brackets of the first reply by the calendar.
pub(super) fn first_reply_bracket(calendar: Option<i64>) -> &'static str {
    const HOUR: i64 = 3600;
    match calendar {
        None => "no_reply",
        Some(secs) if secs <= HOUR => "up_to_1_hour",
        Some(secs) if secs <= 8 * HOUR => "1_to_8_hours",
        Some(secs) if secs <= 24 * HOUR => "8_to_24_hours",
        Some(_) => "over_24_hours",
    }
}

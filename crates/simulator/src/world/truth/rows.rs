//! What a ticket adds to the lists: steps of escalation, spans in the backlog.

use super::{Step, month};
use crate::render::agent_id;
use crate::world::cast::{TIERS, group_id};
use crate::world::clocks::{Mark, signs};
use crate::world::generated::Generated;
use crate::world::history::{Actor, Case, Change, History, Priority, State, Status, Via};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A breach counts as the reason of a step for so many seconds.
const AFTER_BREACH_SECS: i64 = 3600;

/// A move between groups, or a raise of priority.
struct Move<'a> {
    step: &'a Step<'a>,
    /// Which change of the update it is, from zero.
    place: usize,
    kind: &'static str,
    is_escalation: bool,
    is_return: bool,
}

/// Every move and raise in the order in which it happened.
pub(super) fn escalation_steps(
    world: &Generated,
    history: History<'_>,
    steps: &[Step<'_>],
    as_of: i64,
) -> Vec<Value> {
    let (signs, _) = signs(&world.cast, history, as_of.min(world.cast.horizon));
    let breaches: Vec<i64> = signs
        .iter()
        .filter(|sign| sign.mark == Mark::Breach && sign.retracted_at.is_none())
        .map(|sign| sign.at)
        .collect();
    let last_resolved_at = last_resolved_at(steps);
    let mut rows = Vec::new();
    for step in moves(steps) {
        let number = rows.len() + 1;
        let (at, before) = (step.step.at, &step.step.before);
        let now = state_at(steps, at);
        let is_move = step.kind != "priority_raise";
        let tier =
            |group: Option<u8>| group.and_then(|group| TIERS.get(usize::from(group))).filter(|_| is_move);
        let event = world.event_id(history.index, step.step.number).unwrap_or_default();
        rows.push(json!({
            "child_event_id": event + 1 + step.place as i64,
            "step_number": number,
            "created_month": month(i64::from(history.case.created_at)),
            "assignee": now.assignee.map(agent_id),
            "from_group_id": before.group.filter(|_| is_move).map(group_id),
            "group_id": now.group.map(group_id),
            "kind": step.kind,
            "from_priority": before.priority.filter(|_| !is_move).map(Priority::name),
            "priority": now.priority.map(Priority::name),
            "via": step.step.via.name().to_lowercase().replace(' ', "_"),
            // The account's operator allows no labels.
            "labels_added": null,
            "from_tier": tier(before.group),
            "to_tier": tier(step.step.after.group),
            "since_created_seconds": at - i64::from(history.case.created_at),
            "to_resolution_seconds": last_resolved_at.filter(|resolved| *resolved >= at).map(|resolved| resolved - at),
            "is_escalation": step.is_escalation,
            "is_return": step.is_return,
            "is_by_system": step.step.actor == Actor::System || step.step.via == Via::Rule,
            "is_after_breach": breaches.iter().any(|breach| *breach < at && at - breach <= AFTER_BREACH_SECS),
            "occurred_at": at,
        }));
    }
    rows
}

fn moves<'a>(steps: &'a [Step<'a>]) -> Vec<Move<'a>> {
    let mut held: BTreeSet<u8> = BTreeSet::new();
    let mut moves = Vec::new();
    for step in steps {
        for (place, change) in step.changes.iter().enumerate() {
            match change {
                Change::Group(Some(to)) if !step.opening => {
                    let Some(from) = step.before.group.filter(|from| from != to) else { continue };
                    let tier = |group: u8| TIERS.get(usize::from(group)).copied();
                    let (kind, is_escalation) = match tier(*to).cmp(&tier(from)) {
                        std::cmp::Ordering::Greater => ("tier_up", true),
                        std::cmp::Ordering::Less => ("tier_down", false),
                        std::cmp::Ordering::Equal => ("lateral_move", false),
                    };
                    moves.push(Move { step, place, kind, is_escalation, is_return: held.contains(to) });
                }
                Change::Priority(to) if !step.opening && step.before.priority < *to => {
                    let kind = "priority_raise";
                    moves.push(Move { step, place, kind, is_escalation: true, is_return: false });
                }
                _ => {}
            }
        }
        held.extend(step.after.group);
    }
    moves
}

/// The last solve, else the first close.
pub(super) fn last_resolved_at(steps: &[Step<'_>]) -> Option<i64> {
    let entered = |step: &&Step<'_>, status: Status| {
        step.after.status == status && (step.opening || step.before.status != status)
    };
    let solved = steps.iter().rev().find(|step| entered(step, Status::Solved));
    solved.or(steps.iter().find(|step| entered(step, Status::Closed))).map(|step| step.at)
}

/// The state at the end of a second.
fn state_at(steps: &[Step<'_>], at: i64) -> State {
    steps.iter().take_while(|step| step.at <= at).last().map(|step| step.after).unwrap_or_default()
}

/// What the backlog shows of a state: none once it is over.
type Shown = (Status, Option<Priority>, Option<u8>, Option<u16>, u8, u8);

fn shown(state: &State) -> Option<Shown> {
    let is_unsolved = matches!(state.status, Status::New | Status::Open | Status::Pending | Status::Hold);
    is_unsolved.then_some((
        state.status,
        state.priority,
        state.group,
        state.assignee,
        state.brand,
        state.form,
    ))
}

/// Spans in which the ticket was unsolved and nothing about it changed that the backlog tells.
pub(super) fn backlog(case: &Case, channel: &str, steps: &[Step<'_>]) -> Vec<Value> {
    let mut spans: Vec<(i64, Option<i64>, Shown)> = Vec::new();
    let seconds: BTreeSet<i64> = steps.iter().map(|step| step.at).collect();
    for at in seconds {
        let now = shown(&state_at(steps, at));
        let last = spans.last_mut().filter(|(_, to, _)| to.is_none());
        if last.as_ref().map(|(_, _, shown)| *shown) == now {
            continue;
        }
        if let Some((_, to, _)) = last {
            *to = Some(at);
        }
        spans.extend(now.map(|shown| (at, None, shown)));
    }
    let row = |(from, to, (status, priority, group, assignee, brand, form)): &(i64, Option<i64>, Shown)| {
        json!({
            "created_month": month(i64::from(case.created_at)),
            "assignee": assignee.map(agent_id),
            "group_id": group.map(group_id),
            "brand_id": super::brand_id(*brand),
            "ticket_form_id": super::form_id(*form),
            "status": status.name(),
            "priority": priority.map(Priority::name),
            "channel": channel,
            "valid_from": from,
            "valid_to": to,
        })
    };
    spans.iter().map(row).collect()
}

/// Spans in which someone, or nobody, held the ticket while it was unsolved: who, from, to.
pub(super) fn loads(steps: &[Step<'_>]) -> Vec<(Option<u16>, i64, Option<i64>)> {
    let mut spans: Vec<(Option<u16>, i64, Option<i64>)> = Vec::new();
    let seconds: BTreeSet<i64> = steps.iter().map(|step| step.at).collect();
    for at in seconds {
        let now = state_at(steps, at);
        let holder = shown(&now).map(|_| now.assignee);
        let last = spans.last_mut().filter(|(_, _, to)| to.is_none());
        if last.as_ref().map(|(agent, _, _)| *agent) == holder {
            continue;
        }
        if let Some((_, _, to)) = last {
            *to = Some(at);
        }
        spans.extend(holder.map(|agent| (agent, at, None)));
    }
    spans
}

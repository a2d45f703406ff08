//! The true answers, read off each ticket's history by an observer who saw everything.
//!
//! Deliberately naive: it lists spans and comments and adds them up, and shares nothing with the metric set
//! that the exports show (which is kept up update by update), nor with any SQL.

mod activity;
pub(crate) mod agents;
mod fields;
mod rows;
mod targets;

use super::cast::{Cast, TIERS, group_id};
use super::generated::{FIRST_TICKET, Generated};
use super::history::{Actor, Change, Channel, History, Kind, Priority, State, Status, Via};
use super::metric_set::Pair;
use crate::render::agent_id;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// An audit with the state before and after it.
struct Step<'a> {
    /// Which audit of the ticket, from zero.
    number: usize,
    at: i64,
    actor: Actor,
    via: Via,
    changes: &'a [Change],
    before: State,
    after: State,
    opening: bool,
}

/// Writes one line for each ticket that existed at `as_of`.
pub(crate) fn write(world: &Generated, as_of: i64, to: &mut dyn io::Write) -> io::Result<()> {
    let mut to = io::BufWriter::new(to);
    for index in 0..world.cases.len() as u32 {
        if let Some(history) = seen(world, index, as_of) {
            writeln!(to, "{}", truth(world, history, as_of))?;
        }
    }
    to.flush()
}

/// A ticket's history up to `as_of`; none when the ticket did not exist yet.
fn seen(world: &Generated, index: u32, as_of: i64) -> Option<History<'_>> {
    let history = world.history(index)?;
    let seen = history.audits.partition_point(|audit| i64::from(audit.at) <= as_of);
    let history = History { audits: history.audits.get(..seen)?, ..history };
    (!history.audits.is_empty()).then_some(history)
}

fn steps(history: History<'_>) -> Vec<Step<'_>> {
    let mut state = State { requester: history.case.requester, ..State::default() };
    let mut steps = Vec::with_capacity(history.audits.len());
    for (number, audit) in history.audits.iter().enumerate() {
        let before = state;
        let changes = history.changes_of(audit);
        for change in changes {
            state.apply(*change);
        }
        let at = i64::from(audit.at);
        let (actor, via, after) = (audit.actor, audit.via, state);
        steps.push(Step { number, at, actor, via, changes, before, after, opening: number == 0 });
    }
    steps
}

/// One line: times are Unix seconds, durations are seconds, null means that it has not happened.
fn truth(world: &Generated, history: History<'_>, as_of: i64) -> Value {
    let cast = &world.cast;
    let steps = steps(history);
    let created_at = i64::from(history.case.created_at);
    let state = steps.last().map(|step| step.after).unwrap_or_default();
    let mut line = json!({
        "ticket_id": FIRST_TICKET + i64::from(history.index),
        "created_at": created_at,
        "as_of": as_of,
        "status": state.status.name(),
        "priority": state.priority.map(Priority::name),
        "type": state.kind.map(Kind::name),
        "group_id": state.group.map(group_id),
        "channel": history.case.channel.name().strip_prefix("CANARY").map_or(history.case.channel.name(), |_| "other"),
        "is_ai_agent": history.case.ai_agent,
        "is_public": state.is_public,
        "is_merged": state.merged,
        "is_deleted": state.status == Status::Deleted,
        "is_scrubbed": state.scrubbed,
        "created_by_agent": matches!(history.case.submitter, Actor::Agent(_)),
    });
    let channel = line.get("channel").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_handed_over = history.case.ai_agent || history.case.channel == Channel::Messaging;
    let handed_over = fields::handed_over_at(&steps).filter(|_| is_handed_over);
    for part in [
        replies(cast, &steps, created_at),
        resolutions(cast, &steps, created_at),
        statuses(cast, &steps),
        assignments(&steps),
        escalations(&steps, created_at),
        json!({"all_schedules": all_schedules(cast, &steps, created_at, handed_over)}),
        spans(&steps),
        json!({"sla": targets::targets(cast, history, &state, as_of)}),
        fields::fields(cast, history, &state, as_of),
        fields::flags(&steps, &state, history.case.channel),
        fields::sums(cast, &steps),
        fields::assignment_times(&steps, created_at),
        fields::handover(cast, &steps, handed_over),
        json!({"escalation_steps": rows::escalation_steps(world, history, &steps, as_of)}),
        json!({"backlog_spans": rows::backlog(history.case, &channel, &steps)}),
        json!({"activity": activity::activity(&steps, created_at)}),
    ] {
        if let (Value::Object(line), Value::Object(part)) = (&mut line, part) {
            line.extend(part);
        }
    }
    line
}

fn month(at: i64) -> String {
    Timestamp::from_second(at).unwrap_or_default().to_string().chars().take(7).collect()
}

fn brand_id(brand: u8) -> i64 {
    30_000_000_000_001 + i64::from(brand)
}

fn form_id(form: u8) -> i64 {
    31_000_000_000_001 + i64::from(form)
}

fn seconds(pair: Option<Pair>) -> Value {
    match pair {
        Some(pair) => json!({"calendar": pair.calendar, "business": pair.business}),
        None => json!({"calendar": null, "business": null}),
    }
}

/// The span under the schedule that was on the ticket just before the update that ended it.
fn span(cast: &Cast, from: i64, step: &Step<'_>) -> Pair {
    Pair::of(from, step.at, cast.hours(step.before.group))
}

fn comment_of(step: &Step<'_>) -> Option<bool> {
    step.changes.iter().find_map(|change| match change {
        Change::Comment { public } => Some(*public),
        _ => None,
    })
}

fn replies(cast: &Cast, steps: &[Step<'_>], created_at: i64) -> Value {
    let comments: Vec<(&Step<'_>, bool)> =
        steps.iter().filter_map(|step| Some((step, comment_of(step)?))).collect();
    let by_agent = |step: &Step<'_>| matches!(step.actor, Actor::Agent(_));
    let by_end_user = |step: &Step<'_>| matches!(step.actor, Actor::EndUser(_));
    let is_reply = |step: &Step<'_>, public: bool| public && by_agent(step) && !step.opening;
    let first = comments.iter().find(|(step, public)| is_reply(step, *public));
    // Every question that opens a wait, to the reply that ends it.
    let (mut total, mut asked_at, mut answered) = (0, None, false);
    for (step, public) in comments.iter().filter(|(_, public)| *public) {
        if by_end_user(step) {
            asked_at.get_or_insert(step.at);
        } else if is_reply(step, *public)
            && let Some(asked) = asked_at.take()
        {
            total += step.at - asked;
            answered = true;
        }
    }
    let count = |fits: &dyn Fn(&Step<'_>, bool) -> bool| {
        comments.iter().filter(|(step, public)| fits(step, *public)).count()
    };
    let handoffs: BTreeSet<u16> = comments
        .iter()
        .filter_map(|(step, _)| if let Actor::Agent(agent) = step.actor { Some(agent) } else { None })
        .collect();
    json!({
        "replies": count(&is_reply),
        "first_reply_seconds": seconds(first.map(|(step, _)| span(cast, created_at, step))),
        "first_reply_at": first.map(|(step, _)| step.at),
        "first_reply_bracket": fields::first_reply_bracket(first.map(|(step, _)| step.at - created_at)),
        "total_reply_seconds": answered.then_some(total),
        "comments": comments.len(),
        "public_comments": count(&|_, public| public),
        "internal_comments": count(&|_, public| !public),
        "agent_comments": count(&|step, _| by_agent(step)),
        "public_agent_comments": count(&|step, public| public && by_agent(step)),
        "end_user_comments": count(&|step, _| by_end_user(step)),
        "last_comment_at": comments.last().map(|(step, _)| step.at),
        "commenting_agents": handoffs.len(),
    })
}

fn resolutions(cast: &Cast, steps: &[Step<'_>], created_at: i64) -> Value {
    let entered = |status: Status| {
        move |step: &&Step<'_>| step.after.status == status && (step.opening || step.before.status != status)
    };
    let solves: Vec<&Step<'_>> = steps.iter().filter(entered(Status::Solved)).collect();
    let closed = steps.iter().find(entered(Status::Closed));
    let reopens: Vec<&Step<'_>> = steps
        .iter()
        .filter(|step| {
            let gone = matches!(step.after.status, Status::Solved | Status::Closed | Status::Deleted);
            step.before.status == Status::Solved && !step.opening && !gone
        })
        .collect();
    let first = solves.first().copied().or(closed);
    let last = solves.last().copied().or(closed);
    json!({
        "first_resolution_seconds": seconds(first.map(|step| span(cast, created_at, step))),
        "full_resolution_seconds": seconds(last.map(|step| span(cast, created_at, step))),
        "solves": solves.len(),
        "reopens": reopens.len(),
        "first_solved_at": solves.first().map(|step| step.at),
        "last_solved_at": solves.last().map(|step| step.at),
        "first_resolved_at": first.map(|step| step.at),
        "last_resolved_at": last.map(|step| step.at),
        "closed_at": closed.map(|step| step.at),
    })
}

/// Durations of ended status spans; the span that still runs counts nowhere, its start is told apart.
fn statuses(cast: &Cast, steps: &[Step<'_>]) -> Value {
    let mut spans: Vec<(Status, Pair)> = Vec::new();
    let mut since = steps.first().map_or(0, |step| step.at);
    let mut transitions = 0;
    // Waiting spells are complete when the ticket goes to the requester or is over.
    let (mut spells, mut spell, mut turns) = (Pair::default(), Pair::default(), 0);
    for step in steps.iter().filter(|step| step.opening || step.before.status != step.after.status) {
        let (from, to) = (step.before.status, step.after.status);
        if !step.opening {
            transitions += 1;
            let ended = span(cast, since, step);
            spans.push((from, ended));
            if matches!(from, Status::New | Status::Open | Status::Hold) {
                spell = sum(&[spell, ended]);
            }
        }
        since = step.at;
        if to == Status::Pending || to.is_over() {
            spells = sum(&[spells, spell]);
            spell = Pair::default();
            turns += i32::from(to.is_over() || from != Status::Deleted);
        }
    }
    let of = |status: Status| {
        let ended: Vec<Pair> =
            spans.iter().filter(|(from, _)| *from == status).map(|(_, pair)| *pair).collect();
        (!ended.is_empty()).then(|| sum(&ended))
    };
    let over = steps.iter().any(|step| step.after.status.is_over());
    let or_zero = |pair: Option<Pair>| pair.or(over.then(Pair::default));
    json!({
        "requester_wait_seconds": seconds((turns > 0).then_some(spells)),
        "agent_wait_seconds": seconds(or_zero(of(Status::Pending))),
        "on_hold_seconds": seconds(Some(of(Status::Hold).unwrap_or_default())),
        "new_seconds": seconds(of(Status::New)),
        "open_seconds": seconds(of(Status::Open)),
        "pending_seconds": seconds(of(Status::Pending)),
        "hold_seconds": seconds(of(Status::Hold)),
        "solved_seconds": seconds(of(Status::Solved)),
        "status_transitions": transitions,
        "status_since": since,
    })
}

fn sum(pairs: &[Pair]) -> Pair {
    pairs.iter().fold(Pair::default(), |sum, pair| Pair {
        calendar: sum.calendar + pair.calendar,
        business: sum.business + pair.business,
    })
}

fn assignments(steps: &[Step<'_>]) -> Value {
    let assigned: Vec<(i64, u16)> = steps
        .iter()
        .filter(|step| step.before.assignee != step.after.assignee)
        .filter_map(|step| Some((step.at, step.after.assignee?)))
        .collect();
    let groups: Vec<u8> = steps
        .iter()
        .filter(|step| step.before.group != step.after.group)
        .filter_map(|step| step.after.group)
        .collect();
    let changed = |fits: &dyn Fn(&Step<'_>) -> bool| {
        steps.iter().filter(|step| step.before.assignee != step.after.assignee && fits(step)).count()
    };
    let same_group = |step: &Step<'_>| step.before.group == step.after.group;
    json!({
        "assignee_stations": assigned.len(),
        "group_stations": groups.len(),
        "distinct_assignees": assigned.iter().map(|(_, agent)| agent).collect::<BTreeSet<_>>().len(),
        "distinct_groups": groups.iter().collect::<BTreeSet<_>>().len(),
        "first_assigned_at": assigned.first().map(|(at, _)| at),
        "last_assigned_at": assigned.last().map(|(at, _)| at),
        "reassignments": changed(&|step| step.before.assignee.is_some() && step.after.assignee.is_some()),
        "reassignments_in_group": changed(&|step| {
            step.before.assignee.is_some() && step.after.assignee.is_some() && same_group(step)
        }),
        "is_reassigned": assigned.len() > 1,
        "group_moves": steps
            .iter()
            .filter(|step| step.before.group.is_some() && step.after.group.is_some() && !same_group(step))
            .count(),
        "unassignments": changed(&|step| step.after.assignee.is_none()),
    })
}

fn escalations(steps: &[Step<'_>], created_at: i64) -> Value {
    let tier = |group: Option<u8>| group.and_then(|group| TIERS.get(usize::from(group)).copied());
    let (mut up, mut down, mut sideways, mut returns) = (Vec::new(), 0, 0, 0);
    let mut former: BTreeSet<u8> = BTreeSet::new();
    for step in steps {
        let (Some(from), Some(to)) = (step.before.group, step.after.group) else { continue };
        if from == to {
            continue;
        }
        former.insert(from);
        match tier(Some(to)).cmp(&tier(Some(from))) {
            std::cmp::Ordering::Greater => up.push(step.at),
            std::cmp::Ordering::Less => down += 1,
            std::cmp::Ordering::Equal => sideways += 1,
        }
        returns += usize::from(former.contains(&to));
    }
    let raises: Vec<&Step<'_>> =
        steps.iter().filter(|step| !step.opening && step.before.priority < step.after.priority).collect();
    let by_rule = raises.iter().filter(|step| step.actor == Actor::System).count();
    let escalated: Vec<i64> = up.iter().copied().chain(raises.iter().map(|step| step.at)).collect();
    let (first, last) = (escalated.iter().min(), escalated.iter().max());
    let resolved_at = rows::last_resolved_at(steps);
    json!({
        "is_escalated": first.is_some(),
        "first_escalation_seconds": first.map(|at| at - created_at),
        "last_escalated_at": last,
        "after_escalation_seconds": last.and_then(|at| resolved_at.filter(|end| end >= at).map(|end| end - at)),
        "tier_moves_up": up.len(),
        "tier_moves_down": down,
        "lateral_moves": sideways,
        "group_returns": returns,
        "first_tier_move_seconds": up.first().map(|at| at - created_at),
        "priority_raises": raises.len(),
        "priority_raises_by_rule": by_rule,
        "priority_raises_by_person": raises.len() - by_rule,
    })
}

/// Business seconds by the other named definition: each piece of a span counts under the schedule that was on
/// the ticket in that piece.
fn all_schedules(cast: &Cast, steps: &[Step<'_>], created_at: i64, handed_over: Option<i64>) -> Value {
    let groups = held(steps, |state| state.group);
    let business = |from: i64, to: i64| -> i64 {
        let pieces = groups.iter().map(|(group, since, until)| {
            Pair::of(from.max(*since), to.min(until.unwrap_or(to)), cast.hours(*group)).business
        });
        pieces.map(|secs| secs.max(0)).sum()
    };
    let replied = steps.iter().find(|step| {
        comment_of(step) == Some(true) && matches!(step.actor, Actor::Agent(_)) && !step.opening
    });
    let entered = |status: Status| {
        let into = move |step: &&Step<'_>| {
            step.after.status == status && (step.opening || step.before.status != status)
        };
        steps.iter().filter(into)
    };
    let first = entered(Status::Solved).next().or(entered(Status::Closed).next());
    let last = entered(Status::Solved).next_back().or(entered(Status::Closed).next());
    let since_creation = |step: Option<&Step<'_>>| step.map(|step| business(created_at, step.at));
    let in_status = |status: Status| {
        let held = held(steps, |state| state.status);
        let ended = held.iter().filter(|(held, _, until)| *held == status && until.is_some());
        let spent: Vec<i64> = ended.map(|(_, from, until)| business(*from, until.unwrap_or(*from))).collect();
        (!spent.is_empty()).then(|| spent.iter().sum::<i64>())
    };
    let over = steps.iter().any(|step| step.after.status.is_over());
    let or_zero = |spent: Option<i64>| spent.or(over.then_some(0));
    let sum_of = |statuses: &[Status]| {
        over.then(|| statuses.iter().filter_map(|status| in_status(*status)).sum::<i64>())
    };
    // A wait for the requester's sake is complete when a turn to pending, or an end, comes after it.
    let turn = steps.iter().rev().find(|step| {
        let to = step.after.status;
        (step.opening || step.before.status != to) && (to == Status::Pending || to.is_over())
    });
    let waited = turn.map(|turn| -> i64 {
        let held = held(steps, |state| state.status);
        let waits = held.iter().filter(|(status, _, until)| {
            matches!(status, Status::New | Status::Open | Status::Hold)
                && until.is_some_and(|until| until <= turn.at)
        });
        waits.map(|(_, from, until)| business(*from, until.unwrap_or(*from))).sum()
    });
    json!({
        "first_reply_seconds": since_creation(replied),
        "first_resolution_seconds": since_creation(first),
        "full_resolution_seconds": since_creation(last),
        "handover_reply_seconds": handed_over.and_then(|from| {
            let replied = steps.iter().find(|step| fields::is_reply(step) && step.at >= from)?;
            Some(business(from, replied.at))
        }),
        "requester_wait_seconds": waited,
        "agent_wait_seconds": or_zero(in_status(Status::Pending)),
        "on_hold_seconds": in_status(Status::Hold).unwrap_or(0),
        "agent_work_seconds": sum_of(&[Status::New, Status::Open]),
        "solve_time_seconds": sum_of(&[Status::New, Status::Open, Status::Pending, Status::Hold]),
        "new_seconds": in_status(Status::New),
        "open_seconds": in_status(Status::Open),
        "pending_seconds": in_status(Status::Pending),
        "hold_seconds": in_status(Status::Hold),
    })
}

/// What a field held, from when, and until when; the last span has no end.
fn held<T: PartialEq>(steps: &[Step<'_>], field: impl Fn(&State) -> T) -> Vec<(T, i64, Option<i64>)> {
    let mut spans: Vec<(T, i64, Option<i64>)> = Vec::new();
    for step in steps {
        let value = field(&step.after);
        match spans.last_mut() {
            Some(span) if span.0 == value => {}
            Some(span) => {
                span.2 = Some(step.at);
                spans.push((value, step.at, None));
            }
            None => spans.push((value, step.at, None)),
        }
    }
    spans
}

/// The ticket's step functions, for whoever wants to add up workloads and backlogs.
fn spans(steps: &[Step<'_>]) -> Value {
    json!({
        "status_spans": held(steps, |state| state.status.name()),
        "priority_spans": held(steps, |state| state.priority.map(Priority::name)),
        "group_spans": held(steps, |state| state.group.map(group_id)),
        "assignee_spans": held(steps, |state| state.assignee.map(agent_id)),
    })
}

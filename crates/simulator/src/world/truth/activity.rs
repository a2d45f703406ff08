//! What agents did on a ticket, by day.

use super::{Step, comment_of, month};
use crate::render::agent_id;
use crate::world::cast::DAY;
use crate::world::history::{Actor, Change, Status, Via};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Default)]
struct Done {
    updates: u32,
    replies: u32,
    internal: u32,
    opened: u32,
    solves: u32,
    reopens: u32,
    status: u32,
    priority: u32,
    assignee: u32,
    group: u32,
    other: u32,
}

/// One row for each agent and UTC day with an update that anyone who reads no content can see.
pub(super) fn activity(steps: &[Step<'_>], created_at: i64) -> Vec<Value> {
    let mut days: BTreeMap<(u16, i64), Done> = BTreeMap::new();
    for step in steps.iter().filter(|step| step.via != Via::Rule) {
        let Actor::Agent(agent) = step.actor else { continue };
        if step.opening || step.changes.iter().any(is_seen) {
            count(step, days.entry((agent, step.at.div_euclid(DAY))).or_default());
        }
    }
    let row = |((agent, day), done): (&(u16, i64), &Done)| {
        let date = Timestamp::from_second(day * DAY).unwrap_or_default();
        json!({
            "agent": agent_id(*agent),
            "activity_date": date.to_string().chars().take(10).collect::<String>(),
            "created_month": month(created_at),
            "n_updates": done.updates,
            "n_replies": done.replies,
            "n_internal_comments": done.internal,
            "n_opened": done.opened,
            "n_solves": done.solves,
            "n_reopens": done.reopens,
            "n_status_changes": done.status,
            "n_priority_changes": done.priority,
            "n_assignee_changes": done.assignee,
            "n_group_changes": done.group,
            "n_other_changes": done.other,
        })
    };
    days.iter().map(row).collect()
}

/// Whether a change shows in the structure: texts, tags, fields, requesters and ratings do not.
fn is_seen(change: &Change) -> bool {
    !matches!(
        change,
        Change::Requester(_)
            | Change::Subject
            | Change::Tags
            | Change::MergedTag
            | Change::CustomField
            | Change::Satisfaction
            | Change::Due
            | Change::Scrubbed
            | Change::Touched
    )
}

fn count(step: &Step<'_>, done: &mut Done) {
    done.updates += 1;
    if let Some(is_public) = comment_of(step) {
        done.opened += u32::from(step.opening);
        done.internal += u32::from(!is_public);
        done.replies += u32::from(is_public && !step.opening);
    }
    let (before, after) = (step.before.status, step.after.status);
    done.solves += u32::from(after == Status::Solved && (step.opening || before != Status::Solved));
    if step.opening {
        return;
    }
    let is_gone = matches!(after, Status::Solved | Status::Closed | Status::Deleted);
    done.reopens += u32::from(before == Status::Solved && !is_gone);
    for change in step.changes {
        match change {
            Change::Status(_) => done.status += 1,
            Change::Priority(_) => done.priority += 1,
            Change::Assignee(_) => done.assignee += 1,
            Change::Group(_) => done.group += 1,
            Change::Kind(_)
            | Change::Organization(_)
            | Change::Brand(_)
            | Change::Form(_)
            | Change::Problem(_) => done.other += 1,
            _ => {}
        }
    }
}

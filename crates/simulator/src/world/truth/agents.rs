//! What each agent did, and how many unsolved tickets each held, on every day on which something changed.

use super::rows::loads;
use super::{Step, comment_of, seen, steps};
use crate::render::agent_id;
use crate::world::cast::DAY;
use crate::world::generated::Generated;
use crate::world::history::{Actor, Status};
use jiff::Timestamp;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// A tally of one agent and day.
#[derive(Clone, Copy, Default)]
struct Done {
    assigned: u32,
    solved: u32,
    reopened: u32,
    replies: u32,
    internal: u32,
}

/// All that is known of one agent, or of nobody: what was held, what was done.
#[derive(Default)]
struct Record {
    loads: Vec<(i64, Option<i64>)>,
    days: BTreeMap<i64, Done>,
}

/// Writes one line for each agent (null: nobody) and UTC day on which something changed, up to `as_of`.
pub(crate) fn write(world: &Generated, as_of: i64, to: &mut dyn io::Write) -> io::Result<()> {
    let mut records: BTreeMap<Option<u16>, Record> = BTreeMap::new();
    for index in 0..world.cases.len() as u32 {
        let Some(history) = seen(world, index, as_of) else { continue };
        let steps = steps(history);
        for (agent, from, until) in loads(&steps) {
            let record = records.entry(agent).or_default();
            record.loads.push((from, until));
            for at in [Some(from), until].into_iter().flatten() {
                record.days.entry(at.div_euclid(DAY)).or_default();
            }
        }
        for step in &steps {
            count(step, &mut records);
        }
    }
    let mut to = io::BufWriter::new(to);
    for (agent, record) in &records {
        for (day, done) in &record.days {
            let load = Load::of(&record.loads, day * DAY, (day * DAY + DAY).min(as_of));
            let line = json!({
                "agent": agent.map(agent_id),
                "work_date": date(*day),
                "n_assigned": done.assigned,
                "n_solved": done.solved,
                "n_reopened": done.reopened,
                "n_replies": done.replies,
                "n_internal_comments": done.internal,
                "n_open": record.loads.iter().filter(|load| holds(load, (day * DAY + DAY - 1).min(as_of))).count(),
                "n_open_max": load.most,
                "n_open_p95": load.p95,
                "held_seconds": load.held,
                "seconds_of_day": (day * DAY + DAY).min(as_of) - day * DAY,
            });
            writeln!(to, "{line}")?;
        }
    }
    to.flush()
}

fn count(step: &Step<'_>, records: &mut BTreeMap<Option<u16>, Record>) {
    let mut of = |agent: Option<u16>, count: fn(&mut Done)| {
        count(records.entry(agent).or_default().days.entry(step.at.div_euclid(DAY)).or_default());
    };
    let (before, after) = (&step.before, &step.after);
    if after.assignee.is_some() && after.assignee != before.assignee {
        of(after.assignee, |done| done.assigned += 1);
    }
    if after.status == Status::Solved && (step.opening || before.status != Status::Solved) {
        of(after.assignee, |done| done.solved += 1);
    }
    let is_gone = matches!(after.status, Status::Solved | Status::Closed | Status::Deleted);
    if before.status == Status::Solved && !step.opening && !is_gone {
        of(after.assignee, |done| done.reopened += 1);
    }
    if let (Some(public), Actor::Agent(agent)) = (comment_of(step), step.actor) {
        match (public, step.opening) {
            (true, false) => of(Some(agent), |done| done.replies += 1),
            (false, _) => of(Some(agent), |done| done.internal += 1),
            (true, true) => {}
        }
    }
}

fn holds(load: &(i64, Option<i64>), at: i64) -> bool {
    load.0 <= at && load.1.is_none_or(|until| at < until)
}

/// How many tickets were held in the course of a day.
struct Load {
    /// The most that were held for any time at all.
    most: usize,
    /// At most so many were held for 95 percent of the time.
    p95: usize,
    /// Seconds of holding, added up over the tickets.
    held: i64,
}

impl Load {
    /// The instants at which something changed cut the day into pieces; each piece counts its holders.
    fn of(loads: &[(i64, Option<i64>)], from: i64, to: i64) -> Self {
        let todays: Vec<&(i64, Option<i64>)> =
            loads.iter().filter(|load| load.0 < to && load.1.is_none_or(|until| until > from)).collect();
        let mut cuts: BTreeSet<i64> = BTreeSet::from([from, to]);
        cuts.extend(todays.iter().flat_map(|load| [Some(load.0), load.1]).flatten());
        let cuts: Vec<i64> = cuts.into_iter().filter(|cut| (from..=to).contains(cut)).collect();
        let mut pieces: Vec<(usize, i64)> = cuts
            .iter()
            .zip(cuts.iter().skip(1))
            .map(|(start, end)| (todays.iter().filter(|load| holds(load, *start)).count(), end - start))
            .collect();
        pieces.sort_unstable();
        let held = pieces.iter().map(|(held, secs)| *held as i64 * secs).sum();
        let mut passed = 0;
        let p95 = pieces.iter().find(|(_, secs)| {
            passed += secs;
            passed * 100 >= (to - from) * 95
        });
        Self { most: pieces.last().map_or(0, |piece| piece.0), p95: p95.map_or(0, |piece| piece.0), held }
    }
}

fn date(day: i64) -> String {
    let at = Timestamp::from_second(day * DAY).unwrap_or_default();
    at.to_string().chars().take(10).collect()
}

//! A desk that goes on from run to run, and what was collected of it by an instant: tickets that are solved, reopened,
//! deleted, assigned to somebody whom the users export does not know, with targets that outlive them.

use std::collections::BTreeSet;

use deskmeter_tables::{AGENTS, TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKET_METRIC_SETS, TICKETS};
use deskmeter_warehouse::MemoryTables;

use crate::world::{Cell, DAY, Dice, Row, START, agents, month, put, text};

/// Metric events are read after the ticket events: what happened meanwhile is newer than the watermark.
const READ_LATER: i64 = 3 * 3_600;
/// Tickets are read before the ticket events: their rows and metric sets do not know what happened meanwhile.
const READ_EARLIER: i64 = 5 * DAY;

/// Tickets with everything that ever becomes of them.
pub(crate) struct Desk {
    lives: Vec<Life>,
}

/// One ticket: its events, its metric events, and its own row after each event.
#[derive(Default)]
struct Life {
    events: Vec<(i64, Row)>,
    metric_events: Vec<(i64, Row)>,
    rows: Vec<(i64, Row)>,
}

/// A ticket as it stands.
struct State {
    ticket: i64,
    created_at: i64,
    status: &'static str,
    group: i64,
    assignee: Option<String>,
}

impl Desk {
    /// So many tickets, created over the first 200 days and changed for up to 300.
    pub(crate) fn new(tickets: i64, seed: u64) -> Self {
        let mut dice = Dice(seed);
        Self { lives: (1..=tickets).map(|ticket| life(ticket, &mut dice)).collect() }
    }

    /// The tables as a run collected them at an instant, without what was erased since.
    pub(crate) fn collected_at(&self, at: i64, erased: &BTreeSet<i64>) -> MemoryTables {
        let (mut tickets, mut sets, mut events, mut metric_events) = (vec![], vec![], vec![], vec![]);
        for (_, life) in
            self.lives.iter().zip(1..).map(|(life, id)| (id, life)).filter(|(id, _)| !erased.contains(id))
        {
            if let Some((_, row)) = life.rows.iter().rev().find(|(time, _)| *time <= at - READ_EARLIER) {
                tickets.push(row.clone());
                sets.push(set_of(row));
            }
            events.extend(until(&life.events, at));
            metric_events.extend(until(&life.metric_events, at + READ_LATER));
        }
        let memory = MemoryTables::default();
        put(&memory, &TICKETS, &tickets);
        put(&memory, &TICKET_METRIC_SETS, &sets);
        put(&memory, &TICKET_EVENTS, &events);
        put(&memory, &TICKET_METRIC_EVENTS, &metric_events);
        put(&memory, &AGENTS, &agents(4));
        memory
    }

    /// The newest change of a ticket until an instant.
    pub(crate) fn watermark(&self, at: i64) -> i64 {
        let times = self.lives.iter().flat_map(|life| &life.events).map(|(time, _)| *time);
        times.filter(|time| *time <= at).max().unwrap()
    }

    /// The tickets of which a run after `from` met rows at `to`.
    pub(crate) fn seen_between(&self, from: i64, to: i64) -> BTreeSet<i64> {
        let is_new = |rows: &[(i64, Row)], later: i64| {
            rows.iter().any(|(time, _)| from + later < *time && *time <= to + later)
        };
        let is_seen = |life: &Life| {
            is_new(&life.rows, -READ_EARLIER)
                || is_new(&life.events, 0)
                || is_new(&life.metric_events, READ_LATER)
        };
        (1..).zip(&self.lives).filter(|(_, life)| is_seen(life)).map(|(ticket, _)| ticket).collect()
    }
}

fn until(rows: &[(i64, Row)], at: i64) -> impl Iterator<Item = Row> {
    rows.iter().filter(move |(time, _)| *time <= at).map(|(_, row)| row.clone())
}

fn life(ticket: i64, dice: &mut Dice) -> Life {
    let created_at = START + dice.below(200 * DAY);
    let mut state = State { ticket, created_at, status: "new", group: 100, assignee: None };
    let mut life = Life::default();
    let customer = format!("customer{ticket}");
    life.event(
        &state,
        created_at,
        &customer,
        vec![("kind", text("create")), ("field", text("status")), ("word", text("new"))],
    );
    life.event(
        &state,
        created_at,
        &customer,
        vec![("kind", text("create")), ("field", text("group")), ("ref_id", Cell::Int(100))],
    );
    life.event(&state, created_at, &customer, comment(true));
    for metric in ["reply_time", "requester_wait_time"] {
        life.clock(&state, created_at, metric, "activate");
        life.clock(&state, created_at, metric, "apply_sla");
    }
    let (mut now, patience) = (created_at, [DAY / 4, DAY, 12 * DAY][dice.below(3) as usize]);
    for _ in 0..dice.below(14) {
        now += 60 + dice.below(patience);
        life.step(&mut state, now, dice);
    }
    life
}

impl Life {
    fn step(&mut self, state: &mut State, now: i64, dice: &mut Dice) {
        let agent = format!("agent{}", dice.below(4));
        match dice.below(12) {
            // The newcomer is in no users export, and long just writes: whoever holds a ticket was an agent all along.
            0 if now > START + 180 * DAY => self.assign(state, now, "newcomer".to_owned()),
            1 | 2 => self.assign(state, now, agent),
            3 => self.event(state, now, "newcomer", comment(true)),
            4 | 5 => {
                self.event(state, now, &agent, comment(dice.below(3) > 0));
                self.clock(state, now, "reply_time", "fulfill");
            }
            6 => {
                let former = ("previous_ref_id", Cell::Int(state.group));
                state.group = 300 - state.group;
                let to = ("ref_id", Cell::Int(state.group));
                self.event(
                    state,
                    now,
                    &agent,
                    vec![("kind", text("change")), ("field", text("group")), to, former],
                );
            }
            7 => self.turn(state, now, &agent, "pending"),
            8 => self.clock(state, now + dice.below(DAY), "requester_wait_time", "breach"),
            9 if dice.below(6) == 0 => self.turn(state, now, &agent, "deleted"),
            _ if state.status == "solved" => {
                self.turn(state, now, &agent, "open");
            }
            _ => {
                self.turn(state, now, &agent, "solved");
                // Two clocks of three end with the ticket; the others run on.
                if dice.below(3) > 0 {
                    self.clock(state, now, "requester_wait_time", "fulfill");
                }
            }
        }
    }

    fn assign(&mut self, state: &mut State, now: i64, agent: String) {
        let mut row = vec![("kind", text("change")), ("field", text("assignee")), ("ref_key", text(&agent))];
        row.extend(state.assignee.as_deref().map(|former| ("previous_ref_key", text(former))));
        state.assignee = Some(agent);
        self.event(state, now, "agent0", row);
    }

    fn turn(&mut self, state: &mut State, now: i64, agent: &str, to: &'static str) {
        let words = [("word", text(to)), ("previous_word", text(state.status))];
        state.status = to;
        let mut row = vec![("kind", text("change")), ("field", text("status"))];
        row.extend(words);
        self.event(state, now, agent, row);
    }

    fn event(&mut self, state: &State, now: i64, updater: &str, mut row: Row) {
        row.extend([
            ("child_event_id", Cell::Int(state.ticket * 1_000 + self.events.len() as i64)),
            ("event_id", Cell::Int(state.ticket * 1_000 + self.events.len() as i64)),
            ("event_month", text(&month(now))),
            ("ticket_id", Cell::Int(state.ticket)),
            ("occurred_at", Cell::Time(now)),
            ("updater_key", text(updater)),
            ("is_system", Cell::Bool(false)),
        ]);
        self.events.push((now, row));
        self.rows.push((now, row_of(state, now)));
    }

    fn clock(&mut self, state: &State, now: i64, metric: &str, kind: &str) {
        let mut row = vec![
            ("metric_event_id", Cell::Int(state.ticket * 1_000 + self.metric_events.len() as i64)),
            ("event_month", text(&month(now))),
            ("ticket_id", Cell::Int(state.ticket)),
            ("metric", text(metric)),
            ("instance_id", Cell::Int(1)),
            ("type", text(kind)),
            ("occurred_at", Cell::Time(now)),
            ("is_deleted", Cell::Bool(false)),
        ];
        if kind == "apply_sla" {
            row.push(("sla_target_seconds", Cell::Int(8 * 3_600)));
            row.push(("is_sla_business_hours", Cell::Bool(state.ticket % 2 == 0)));
            row.push(("sla_policy_id", Cell::Int(7)));
        }
        self.metric_events.push((now, row));
    }
}

fn comment(is_public: bool) -> Row {
    vec![("kind", text("comment")), ("is_comment_public", Cell::Bool(is_public))]
}

fn row_of(state: &State, now: i64) -> Row {
    let mut row = vec![
        ("ticket_id", Cell::Int(state.ticket)),
        ("created_month", text(&month(state.created_at))),
        ("generated_at", Cell::Time(now)),
        ("created_at", Cell::Time(state.created_at)),
        ("updated_at", Cell::Time(now)),
        ("status", text(state.status)),
        ("priority", text("high")),
        ("channel", text("email")),
        ("group_id", Cell::Int(state.group)),
        ("is_closed_by_merge", Cell::Bool(false)),
    ];
    row.extend(state.assignee.as_deref().map(|agent| ("assignee_key", text(agent))));
    row
}

/// What Zendesk itself counts of a ticket.
fn set_of(ticket: &Row) -> Row {
    let shared = ["ticket_id", "created_month", "generated_at", "created_at", "updated_at"];
    let mut row: Row = ticket.iter().filter(|(name, _)| shared.contains(name)).cloned().collect();
    row.extend([("replies", Cell::Int(1)), ("group_stations", Cell::Int(1))]);
    row
}

//! The numbers against the simulator's independent truth: every compared cell of every ticket.

use std::collections::BTreeMap;

use deskmeter_simulator::{World, WorldOptions};
use serde_json::Value;

use crate::support::{Desk, END};

/// How a cell of the mart follows from the truth.
#[derive(Clone, Copy)]
enum Cell {
    /// Minutes of a pair `{calendar, business}` of seconds, rounded to the nearest.
    Minutes(&'static str, &'static str),
    /// Minutes of a plain number of seconds.
    PlainMinutes(&'static str),
    /// The value itself.
    Same(&'static str),
    /// Unix seconds as a timestamp.
    Time(&'static str),
}

const CELLS: &[(&str, Cell)] = &[
    ("first_reply_minutes_calendar", Cell::Minutes("first_reply_seconds", "calendar")),
    ("first_reply_minutes_business", Cell::Minutes("first_reply_seconds", "business")),
    ("first_resolution_minutes_calendar", Cell::Minutes("first_resolution_seconds", "calendar")),
    ("first_resolution_minutes_business", Cell::Minutes("first_resolution_seconds", "business")),
    ("full_resolution_minutes_calendar", Cell::Minutes("full_resolution_seconds", "calendar")),
    ("full_resolution_minutes_business", Cell::Minutes("full_resolution_seconds", "business")),
    ("requester_wait_minutes_calendar", Cell::Minutes("requester_wait_seconds", "calendar")),
    ("requester_wait_minutes_business", Cell::Minutes("requester_wait_seconds", "business")),
    ("agent_wait_minutes_calendar", Cell::Minutes("agent_wait_seconds", "calendar")),
    ("agent_wait_minutes_business", Cell::Minutes("agent_wait_seconds", "business")),
    ("on_hold_minutes_calendar", Cell::Minutes("on_hold_seconds", "calendar")),
    ("on_hold_minutes_business", Cell::Minutes("on_hold_seconds", "business")),
    ("new_minutes_calendar", Cell::Minutes("new_seconds", "calendar")),
    ("new_minutes_business", Cell::Minutes("new_seconds", "business")),
    ("open_minutes_calendar", Cell::Minutes("open_seconds", "calendar")),
    ("open_minutes_business", Cell::Minutes("open_seconds", "business")),
    ("pending_minutes_calendar", Cell::Minutes("pending_seconds", "calendar")),
    ("pending_minutes_business", Cell::Minutes("pending_seconds", "business")),
    ("hold_minutes_calendar", Cell::Minutes("hold_seconds", "calendar")),
    ("hold_minutes_business", Cell::Minutes("hold_seconds", "business")),
    ("total_reply_minutes_calendar", Cell::PlainMinutes("total_reply_seconds")),
    ("status", Cell::Same("status")),
    ("priority", Cell::Same("priority")),
    ("group_id", Cell::Same("group_id")),
    ("channel", Cell::Same("channel")),
    ("n_replies", Cell::Same("replies")),
    ("n_comments", Cell::Same("comments")),
    ("n_comments_public", Cell::Same("public_comments")),
    ("n_comments_agent", Cell::Same("agent_comments")),
    ("n_comments_end_user", Cell::Same("end_user_comments")),
    ("n_agents_commenting", Cell::Same("commenting_agents")),
    ("n_solves", Cell::Same("solves")),
    ("n_reopens", Cell::Same("reopens")),
    ("n_assignee_stations", Cell::Same("assignee_stations")),
    ("n_group_stations", Cell::Same("group_stations")),
    ("n_assignees", Cell::Same("distinct_assignees")),
    ("n_groups", Cell::Same("distinct_groups")),
    ("n_reassignments", Cell::Same("reassignments")),
    ("n_tier_moves_up", Cell::Same("tier_moves_up")),
    ("n_priority_raises", Cell::Same("priority_raises")),
    ("n_group_returns", Cell::Same("group_returns")),
    ("is_merged", Cell::Same("is_merged")),
    ("is_deleted", Cell::Same("is_deleted")),
    ("is_opened_by_agent", Cell::Same("created_by_agent")),
    ("first_replied_at", Cell::Time("first_reply_at")),
    ("last_commented_at", Cell::Time("last_comment_at")),
    ("first_assigned_at", Cell::Time("first_assigned_at")),
    ("last_assigned_at", Cell::Time("last_assigned_at")),
    ("first_solved_at", Cell::Time("first_solved_at")),
    ("last_solved_at", Cell::Time("last_solved_at")),
    ("closed_at", Cell::Time("closed_at")),
];

impl Cell {
    fn expected(self, truth: &Value) -> Value {
        let minutes =
            |seconds: &Value| seconds.as_i64().map_or(Value::Null, |seconds| ((seconds + 30) / 60).into());
        match self {
            Self::Minutes(key, kind) => minutes(&truth[key][kind]),
            Self::PlainMinutes(key) => minutes(&truth[key]),
            Self::Same(key) => truth[key].clone(),
            Self::Time(key) => truth[key].as_i64().map_or(Value::Null, |seconds| {
                jiff::Timestamp::from_second(seconds).unwrap().to_string().into()
            }),
        }
    }
}

/// Every wrong cell of a world: `column: how many, an example`.
fn wrong_cells(tickets: u32, seed: u64) -> (usize, BTreeMap<&'static str, (usize, String)>) {
    let world = World::generate(&WorldOptions { tickets, seed, end: END, months: 12 });
    let mut truth = Vec::new();
    world.write_truth(&mut truth).unwrap();
    let desk = Desk::new(world, |_| {});
    // Roles are known as of the time only to who was there: the account is synced while its history goes on. The
    // tokens do not live through the months between, so that each visit connects again.
    for days_before_end in [330, 240, 150, 60, 0] {
        desk.set_clock(END + 3_600 - days_before_end * 86_400);
        desk.connect();
        desk.run(&["sync"]).ok();
    }
    let columns = CELLS.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(", ");
    let rows = desk.query(&format!("select ticket_id, {columns} from ticket_metrics"));
    let rows: BTreeMap<i64, &Value> =
        rows.iter().map(|row| (row["ticket_id"].as_i64().unwrap(), row)).collect();
    let (mut cells, mut wrong) = (0, BTreeMap::new());
    let truth = String::from_utf8(truth).unwrap();
    for line in truth.lines() {
        let truth: Value = serde_json::from_str(line).unwrap();
        let id = truth["ticket_id"].as_i64().unwrap();
        let row = rows.get(&id).unwrap_or_else(|| panic!("ticket {id} is lost"));
        for (column, cell) in CELLS {
            cells += 1;
            let (expected, found) = (cell.expected(&truth), &row[*column]);
            if expected != *found {
                let entry =
                    wrong.entry(*column).or_insert((0, format!("ticket {id}: {found}, truth {expected}")));
                entry.0 += 1;
            }
        }
    }
    assert_eq!(truth.lines().count(), rows.len(), "as many tickets as there are");
    (cells, wrong)
}

#[test]
fn every_cell_of_ticket_metrics_equals_the_truth() {
    for seed in [21, 22, 23] {
        let (cells, wrong) = wrong_cells(1_000, seed);
        assert!(
            wrong.is_empty(),
            "seed {seed}: {} of {cells} cells are wrong: {wrong:#?}",
            wrong.values().map(|cell| cell.0).sum::<usize>()
        );
    }
}

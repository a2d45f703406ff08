//! Tables of many tickets, the same for the same arguments.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use deskmeter_tables::{AGENTS, TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKETS, Table};
use deskmeter_warehouse::MemoryTables;

/// 2026-01-01T00:00Z.
pub(crate) const START: i64 = 1_767_225_600;
pub(crate) const DAY: i64 = 86_400;

/// The value of a cell; the column says of which type it must be.
#[derive(Clone)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Bool(bool),
    /// Seconds since the epoch.
    Time(i64),
    Text(String),
}

/// Rows of a table as they are made: only the columns that are not NULL.
pub(crate) type Row = Vec<(&'static str, Cell)>;

/// A small generator; good enough to spread tickets.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64) % limit
    }
}

/// Tickets created over ten months, about twelve child events and twelve metric events each; one in seven is never
/// solved. `later` moves the last event of every ticket whose id it divides by some hours: an update.
pub(crate) fn tables(tickets: i64, later: Option<i64>) -> MemoryTables {
    part(1..=tickets, World { tickets, later, unsolved_since: START })
}

/// Which world a ticket is of.
#[derive(Clone, Copy)]
pub(crate) struct World {
    /// How many tickets there are: ids grow with time, as Zendesk's do.
    pub(crate) tickets: i64,
    /// The last event of every ticket whose id it divides comes some hours later.
    pub(crate) later: Option<i64>,
    /// What was created before (seconds since the epoch) is solved.
    pub(crate) unsolved_since: i64,
}

/// The tables with these tickets of a world alone: its parts may be made one after the other.
pub(crate) fn part(tickets: RangeInclusive<i64>, world: World) -> MemoryTables {
    let (mut ticket_rows, mut events, mut metric_events) = (Vec::new(), Vec::new(), Vec::new());
    for ticket in tickets {
        let mut life = Life::new(ticket, world);
        life.live(&mut events, &mut metric_events);
        ticket_rows.push(life.row());
    }
    let memory = MemoryTables::default();
    put(&memory, &TICKETS, &ticket_rows);
    put(&memory, &TICKET_EVENTS, &events);
    put(&memory, &TICKET_METRIC_EVENTS, &metric_events);
    put(&memory, &AGENTS, &agents(20));
    memory
}

/// So many agents, there since before the first ticket.
pub(crate) fn agents(count: u32) -> Vec<Row> {
    let since = Cell::Time(START - 30 * DAY);
    let agent = |agent| {
        vec![
            ("agent_key", text(&format!("agent{agent}"))),
            ("created_month", text("2025-12")),
            ("updated_at", since.clone()),
            ("created_at", since.clone()),
            ("role", text("agent")),
        ]
    };
    (0..count).map(agent).collect()
}

struct Life {
    ticket: i64,
    created_at: i64,
    now: i64,
    dice: Dice,
    status: &'static str,
    group: i64,
    is_later: bool,
    is_unsolved: bool,
}

impl Life {
    fn new(ticket: i64, world: World) -> Self {
        let mut dice = Dice(ticket as u64);
        let created_at = START + (300 * DAY * (ticket - 1) + dice.below(300 * DAY)) / world.tickets;
        let is_unsolved = ticket % 7 == 0 && created_at >= world.unsolved_since;
        let is_later = world.later.is_some_and(|every| ticket % every == 0);
        Self { ticket, created_at, now: created_at, dice, status: "new", group: 100, is_later, is_unsolved }
    }

    fn live(&mut self, events: &mut Vec<Row>, metric_events: &mut Vec<Row>) {
        let agent = format!("agent{}", self.dice.below(20));
        let customer = format!("customer{}", self.ticket);
        self.event(
            events,
            &customer,
            vec![("kind", text("create")), ("field", text("status")), ("word", text("new"))],
        );
        self.event(
            events,
            &customer,
            vec![("kind", text("create")), ("field", text("group")), ("ref_id", Cell::Int(100))],
        );
        self.event(
            events,
            &customer,
            vec![("kind", text("create")), ("field", text("priority")), ("word", text("high"))],
        );
        self.comment(events, &customer);
        self.clock(metric_events, "reply_time", "activate");
        self.clock(metric_events, "reply_time", "apply_sla");
        self.clock(metric_events, "requester_wait_time", "activate");
        self.clock(metric_events, "requester_wait_time", "apply_sla");
        self.wait(4 * 3600);
        self.event(
            events,
            &agent,
            vec![("kind", text("change")), ("field", text("assignee")), ("ref_key", text(&agent))],
        );
        self.status(events, &agent, "open");
        self.wait(8 * 3600);
        self.comment(events, &agent);
        self.clock(metric_events, "reply_time", "fulfill");
        self.status(events, &agent, "pending");
        self.clock(metric_events, "requester_wait_time", "pause");
        self.wait(30 * 3600);
        self.comment(events, &customer);
        self.status(events, &customer, "open");
        self.clock(metric_events, "requester_wait_time", "activate");
        if self.dice.below(3) == 0 {
            self.group = 200;
            let former = ("previous_ref_id", Cell::Int(100));
            let to = ("ref_id", Cell::Int(200));
            self.event(events, &agent, vec![("kind", text("change")), ("field", text("group")), to, former]);
        }
        self.wait(if self.is_later { 90 * 3600 } else { 20 * 3600 });
        self.comment(events, &agent);
        if !self.is_unsolved {
            self.status(events, &agent, "solved");
            self.clock(metric_events, "requester_wait_time", "fulfill");
        }
    }

    fn wait(&mut self, seconds_max: i64) {
        self.now += 60 + self.dice.below(seconds_max);
    }

    fn event(&self, events: &mut Vec<Row>, updater: &str, mut row: Row) {
        row.push(("child_event_id", Cell::Int(self.ticket * 100 + (events.len() % 100) as i64)));
        row.push(("event_id", Cell::Int(self.now)));
        row.push(("event_month", text(&month(self.now))));
        row.push(("ticket_id", Cell::Int(self.ticket)));
        row.push(("occurred_at", Cell::Time(self.now)));
        row.push(("updater_key", text(updater)));
        row.push(("is_system", Cell::Bool(false)));
        events.push(row);
    }

    fn comment(&self, events: &mut Vec<Row>, author: &str) {
        self.event(events, author, vec![("kind", text("comment")), ("is_comment_public", Cell::Bool(true))]);
    }

    fn status(&mut self, events: &mut Vec<Row>, updater: &str, to: &'static str) {
        let words = [("word", text(to)), ("previous_word", text(self.status))];
        let mut row = vec![("kind", text("change")), ("field", text("status"))];
        row.extend(words);
        self.event(events, updater, row);
        self.status = to;
    }

    fn clock(&self, events: &mut Vec<Row>, metric: &str, kind: &str) {
        let mut row = vec![
            ("metric_event_id", Cell::Int(self.ticket * 100 + (events.len() % 100) as i64)),
            ("event_month", text(&month(self.now))),
            ("ticket_id", Cell::Int(self.ticket)),
            ("metric", text(metric)),
            ("instance_id", Cell::Int(1)),
            ("type", text(kind)),
            ("occurred_at", Cell::Time(self.now)),
            ("is_deleted", Cell::Bool(false)),
        ];
        if kind == "apply_sla" {
            row.push(("sla_target_seconds", Cell::Int(8 * 3600)));
            row.push(("is_sla_business_hours", Cell::Bool(self.ticket % 2 == 0)));
            row.push(("sla_policy_id", Cell::Int(7)));
        }
        events.push(row);
    }

    fn row(&self) -> Row {
        vec![
            ("ticket_id", Cell::Int(self.ticket)),
            ("created_month", text(&month(self.created_at))),
            ("generated_at", Cell::Time(self.now)),
            ("created_at", Cell::Time(self.created_at)),
            ("updated_at", Cell::Time(self.now)),
            ("status", text(self.status)),
            ("priority", text("high")),
            ("channel", text("email")),
            ("group_id", Cell::Int(self.group)),
            ("is_closed_by_merge", Cell::Bool(false)),
        ]
    }
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

pub(crate) fn month(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().to_string()[..7].to_owned()
}

pub(crate) fn put(memory: &MemoryTables, table: &Table, rows: &[Row]) {
    let columns = table.columns.iter().map(|column| {
        let cells: Vec<&Cell> = rows
            .iter()
            .map(|row| {
                row.iter().find(|(name, _)| *name == column.name).map_or(&Cell::Null, |(_, cell)| cell)
            })
            .collect();
        array(&column.kind.data_type(), column.is_nullable, &cells)
    });
    let batch = RecordBatch::try_new(table.schema(), columns.collect()).unwrap();
    memory.put(table.name, table.schema(), vec![batch]);
}

fn array(data_type: &DataType, is_nullable: bool, cells: &[&Cell]) -> ArrayRef {
    match data_type {
        DataType::Int64 => Arc::new(
            cells
                .iter()
                .map(|cell| match cell {
                    Cell::Int(value) => Some(*value),
                    _ => (!is_nullable).then_some(0),
                })
                .collect::<Int64Array>(),
        ),
        DataType::Boolean => Arc::new(
            cells
                .iter()
                .map(|cell| if let Cell::Bool(value) = cell { Some(*value) } else { None })
                .collect::<BooleanArray>(),
        ),
        DataType::Timestamp(..) => {
            let times = cells
                .iter()
                .map(|cell| if let Cell::Time(value) = cell { Some(*value * 1_000_000) } else { None });
            Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        _ => Arc::new(
            cells
                .iter()
                .map(|cell| if let Cell::Text(value) = cell { Some(value) } else { None })
                .collect::<StringArray>(),
        ),
    }
}

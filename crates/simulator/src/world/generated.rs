//! A generated world: compact histories of all tickets, and the orders in which the exports tell them.
//!
//! What is visible follows from the time that is asked about, so a world may go on beyond its first `end`:
//! as the clock advances, more of the history shows.

use super::cast::{Cast, DAY, Leaving};
use super::clocks::signs;
use super::history::{Audit, Case, Change, History, Status};
use super::life::{Birth, lived};
use super::metric_event::MetricEvent;
use super::stream::{Filter, Stream, SupportScope};
use crate::dice::{Dice, mix};
use crate::page::Position;
use crate::world::WorldOptions;
use std::collections::HashMap;
use std::thread;

/// Id of the first ticket.
pub(crate) const FIRST_TICKET: i64 = 1001;
/// Id of the first ticket event; its child events take the ids that follow.
const FIRST_EVENT: i64 = 46_000_000_000_000;
/// Ids between two ticket events.
const EVENT_IDS: i64 = 64;
/// Tickets that a thread draws at a time, so that what is in flight stays small beside the world itself.
const BATCH: usize = 8192;
/// Metric events of an average ticket, and a little more.
const METRIC_EVENTS_PER_TICKET: usize = 66;
/// Id of the first agent, the first end user, the first organization.
pub(crate) const FIRST_AGENT: i64 = crate::server::ME;
pub(crate) const FIRST_END_USER: i64 = 39_000_000_000_001;
pub(crate) const FIRST_ORGANIZATION: i64 = 37_000_000_000_001;

/// One update of one ticket, in the order of time.
#[derive(Clone, Copy, Debug)]
struct Slot {
    at: u32,
    /// When the next update of the ticket hides this version.
    until: u32,
    case: u32,
    /// Which audit of the ticket, from zero.
    audit: u16,
    deleted: bool,
    silent: bool,
}

/// A version of a user or an organization.
#[derive(Clone, Copy, Debug)]
struct Version {
    at: u32,
    until: u32,
    /// Index among agents and then end users, or among organizations.
    index: u32,
}

/// The histories and their orders.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) cast: Cast,
    pub(crate) cases: Vec<Case>,
    audits: Vec<Audit>,
    changes: Vec<Change>,
    slots: Vec<Slot>,
    /// When a problem ticket got its first incident.
    problems: HashMap<u32, u32>,
    metric_events: Vec<MetricEvent>,
    users: Vec<Version>,
    organizations: Vec<Version>,
}

/// What one thread has made of its share of the tickets.
#[derive(Default)]
struct Share {
    cases: Vec<Case>,
    audits: Vec<Audit>,
    changes: Vec<Change>,
    metric_events: Vec<MetricEvent>,
}

impl Generated {
    /// Generates; `live_days` of further history lie beyond `end` and show as the clock advances.
    pub(crate) fn new(options: &WorldOptions, live_days: u32) -> Self {
        let span = i64::from(options.months.max(1)) * 30 * DAY;
        let start = (options.end - span).max(DAY);
        let live = i64::from(live_days) * DAY;
        let horizon = if live > 0 { options.end + live } else { options.end - 120 };
        let more = i128::from(options.tickets) * i128::from(live) / i128::from(span.max(1));
        let tickets = options.tickets.saturating_add(more as u32);
        let cast = Cast::assemble(options.seed, tickets, start, horizon);
        let births = births(&cast, tickets);
        let mut world = Self {
            cases: Vec::with_capacity(births.len()),
            audits: Vec::new(),
            changes: Vec::new(),
            slots: Vec::new(),
            problems: HashMap::new(),
            metric_events: Vec::new(),
            users: users(&cast),
            organizations: organizations(&cast),
            cast,
        };
        world.metric_events.reserve_exact(births.len() * METRIC_EVENTS_PER_TICKET);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        for batch in births.chunks(BATCH * threads) {
            for share in world.shares(batch, threads) {
                world.take(share);
            }
        }
        world.order_metric_events();
        world.slots = world.slots();
        world.problems = world.problems();
        world
    }

    fn shares(&self, births: &[Birth], threads: usize) -> Vec<Share> {
        let size = births.len().div_ceil(threads).max(1);
        thread::scope(|scope| {
            let work: Vec<_> =
                births.chunks(size).map(|births| scope.spawn(|| share(&self.cast, births))).collect();
            work.into_iter().map(|share| share.join().unwrap_or_default()).collect()
        })
    }

    fn take(&mut self, share: Share) {
        let (audits, changes) = (self.audits.len() as u32, self.changes.len() as u32);
        self.cases.extend(share.cases.into_iter().map(|case| Case { first: case.first + audits, ..case }));
        self.audits
            .extend(share.audits.into_iter().map(|audit| Audit { first: audit.first + changes, ..audit }));
        self.changes.extend(share.changes);
        self.metric_events.extend(share.metric_events);
    }

    /// Ranks by first writing, which gives the ids; then adds the second writings.
    fn order_metric_events(&mut self) {
        self.metric_events.sort_by_key(MetricEvent::key);
        let mut again = Vec::new();
        for (rank, event) in self.metric_events.iter_mut().enumerate() {
            event.rank = rank as u32;
            again.extend(event.taken_back());
        }
        self.metric_events.append(&mut again);
        self.metric_events.sort_by_key(MetricEvent::place);
    }

    fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::with_capacity(self.audits.len());
        for index in 0..self.cases.len() as u32 {
            let Some(history) = self.history(index) else { continue };
            let mut status = Status::New;
            for (number, audit) in history.audits.iter().enumerate() {
                for change in history.changes_of(audit) {
                    if let Change::Status(to) = change {
                        status = *to;
                    }
                }
                slots.push(Slot {
                    at: audit.at,
                    until: history.audits.get(number + 1).map_or(u32::MAX, |next| next.at),
                    case: index,
                    audit: number as u16,
                    deleted: status == Status::Deleted,
                    silent: audit.silent,
                });
            }
        }
        slots.sort_by_key(|slot| (slot.at, slot.case));
        slots
    }

    fn problems(&self) -> HashMap<u32, u32> {
        let mut problems = HashMap::new();
        for audit in self.slots.iter().filter_map(|slot| self.audit(slot)) {
            let first = audit.first as usize;
            for change in self.changes.get(first..first + usize::from(audit.count)).unwrap_or_default() {
                if let Change::Problem(Some(problem)) = change {
                    problems.entry(*problem).or_insert(audit.at);
                }
            }
        }
        problems
    }

    fn audit(&self, slot: &Slot) -> Option<&Audit> {
        let case = self.cases.get(slot.case as usize)?;
        self.audits.get(case.first as usize + usize::from(slot.audit))
    }

    /// Whether incidents were linked to a ticket by `at`.
    pub(crate) fn has_incidents(&self, index: u32, at: i64) -> bool {
        self.problems.get(&index).is_some_and(|linked_at| i64::from(*linked_at) <= at)
    }

    /// A ticket's history.
    pub(crate) fn history(&self, index: u32) -> Option<History<'_>> {
        let case = self.cases.get(index as usize)?;
        let first = case.first as usize;
        let audits = self.audits.get(first..first + usize::from(case.count))?;
        Some(History { index, case, audits, changes: &self.changes })
    }

    pub(crate) fn len(&self, stream: Stream) -> usize {
        match stream {
            Stream::Tickets | Stream::TicketEvents => self.slots.len(),
            Stream::MetricEvents => self.metric_events.len(),
            Stream::Users => self.users.len(),
            Stream::Organizations => self.organizations.len(),
        }
    }

    /// When a row was last written, and its id; none behind the last row.
    fn key(&self, stream: Stream, row: usize) -> Option<(i64, i64)> {
        Some(match stream {
            Stream::Tickets => {
                let slot = self.slots.get(row)?;
                (i64::from(slot.at), FIRST_TICKET + i64::from(slot.case))
            }
            Stream::TicketEvents => {
                (i64::from(self.slots.get(row)?.at), FIRST_EVENT + EVENT_IDS * row as i64)
            }
            Stream::MetricEvents => {
                let event = self.metric_events.get(row)?;
                (i64::from(event.written), event.id())
            }
            Stream::Users => {
                let version = self.users.get(row)?;
                (i64::from(version.at), self.user_id(version.index))
            }
            Stream::Organizations => {
                let version = self.organizations.get(row)?;
                (i64::from(version.at), FIRST_ORGANIZATION + i64::from(version.index))
            }
        })
    }

    fn user_id(&self, index: u32) -> i64 {
        match index.checked_sub(self.cast.agents.len() as u32) {
            Some(end_user) => FIRST_END_USER + i64::from(end_user),
            None => FIRST_AGENT + i64::from(index),
        }
    }

    pub(crate) fn at(&self, stream: Stream, row: usize) -> i64 {
        self.key(stream, row).map_or(i64::MAX, |(at, _)| at)
    }

    pub(crate) fn id(&self, stream: Stream, row: usize) -> i64 {
        self.key(stream, row).map_or(i64::MAX, |(_, id)| id)
    }

    /// Time mode does not order the tickets of one second by id.
    pub(crate) fn tie(&self, stream: Stream, row: usize) -> u64 {
        match stream {
            Stream::Tickets => mix(self.cast.seed, row as u64),
            _ => row as u64,
        }
    }

    pub(crate) fn seek(&self, stream: Stream, start: Position) -> usize {
        let before = |row: usize| match (self.key(stream, row), start) {
            (Some((at, _)), Position::From(from)) => at < from,
            (Some(key), Position::After(at, id)) => key <= (at, id),
            (None, _) => false,
        };
        let (mut low, mut high) = (0, self.len(stream));
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    pub(crate) fn shows(&self, stream: Stream, row: usize, as_of: i64, filter: Filter) -> bool {
        let newest = |at: u32, until: u32| i64::from(at) <= as_of && as_of < i64::from(until);
        match stream {
            Stream::Tickets => self.slots.get(row).is_some_and(|slot| {
                newest(slot.at, slot.until)
                    && !(filter.exclude_deleted && slot.deleted)
                    && self.in_scope(slot.case, filter.support)
            }),
            Stream::TicketEvents => self.slots.get(row).is_some_and(|slot| {
                i64::from(slot.at) <= as_of && !slot.silent && self.in_scope(slot.case, filter.support)
            }),
            Stream::MetricEvents => self.metric_events.get(row).is_some_and(|event| {
                newest(event.written, event.until()) && !(filter.exclude_deleted && event.deleted())
            }),
            Stream::Users => self.users.get(row).is_some_and(|user| newest(user.at, user.until)),
            Stream::Organizations => {
                self.organizations.get(row).is_some_and(|version| newest(version.at, version.until))
            }
        }
    }

    fn in_scope(&self, case: u32, scope: SupportScope) -> bool {
        let ai_agent = self.cases.get(case as usize).is_some_and(|case| case.ai_agent);
        match scope {
            SupportScope::All => true,
            SupportScope::Agent => !ai_agent,
            SupportScope::AiAgent => ai_agent,
        }
    }

    /// The ticket of a row of tickets or ticket events, and the number of its audit, from zero.
    pub(crate) fn update(&self, row: usize) -> Option<(History<'_>, usize)> {
        let slot = self.slots.get(row)?;
        Some((self.history(slot.case)?, usize::from(slot.audit)))
    }

    pub(crate) fn metric_event(&self, row: usize) -> Option<&MetricEvent> {
        self.metric_events.get(row)
    }

    /// Id of the ticket event that tells an audit (by its number, from zero) of a ticket.
    pub(crate) fn event_id(&self, index: u32, audit: usize) -> Option<i64> {
        let at = self.history(index)?.audits.get(audit)?.at;
        let first = self.slots.partition_point(|slot| (slot.at, slot.case) < (at, index));
        let of_ticket = self.slots.get(first..)?.iter().take_while(|slot| slot.case == index);
        let offset = of_ticket.take_while(|slot| usize::from(slot.audit) != audit).count();
        Some(self.id(Stream::TicketEvents, first + offset))
    }

    /// The metric events of a ticket that the export shows at `as_of`, in the order of writing.
    pub(crate) fn metric_events_of(&self, index: u32, as_of: i64) -> Vec<&MetricEvent> {
        let born_at = self.cases.get(index as usize).map_or(i64::MAX, |case| i64::from(case.created_at));
        let first = self.seek(Stream::MetricEvents, Position::From(born_at));
        let shows = |row: &usize| self.shows(Stream::MetricEvents, *row, as_of, Filter::default());
        let rows = (first..self.metric_events.len()).filter(shows);
        rows.filter_map(|row| self.metric_event(row)).filter(|event| event.case == index).collect()
    }

    /// Index of the user of a row and the time of the version.
    pub(crate) fn user(&self, row: usize) -> Option<(u32, i64)> {
        self.users.get(row).map(|version| (version.index, i64::from(version.at)))
    }

    /// Index of the organization of a row and the time of the version.
    pub(crate) fn organization(&self, row: usize) -> Option<(u32, i64)> {
        self.organizations.get(row).map(|version| (version.index, i64::from(version.at)))
    }
}

fn share(cast: &Cast, births: &[Birth]) -> Share {
    let mut share = Share::default();
    for birth in births {
        let life = lived(cast, *birth);
        let (audits, changes) = (share.audits.len() as u32, share.changes.len() as u32);
        let person = Case {
            created_at: birth.at as u32,
            requester: life.first_requester,
            submitter: life.submitter,
            channel: life.channel,
            ai_agent: life.ai_agent,
            first: audits,
            count: life.audits.len() as u16,
        };
        let history =
            History { index: birth.index, case: &person, audits: &life.audits, changes: &life.changes };
        for sign in signs(cast, history, cast.horizon).0 {
            share.metric_events.push(MetricEvent::new(birth.index, &sign));
        }
        share.audits.extend(life.audits.iter().map(|audit| Audit { first: audit.first + changes, ..*audit }));
        share.changes.extend_from_slice(&life.changes);
        share.cases.push(person);
    }
    share
}

/// When the tickets arrive: more on weekdays and in the day, now and then an import of several a second.
fn births(cast: &Cast, tickets: u32) -> Vec<Birth> {
    let mut dice = Dice::new(cast.seed, 0xB127);
    let span = (cast.horizon - cast.start).max(1) as f64;
    let mut times: Vec<i64> = Vec::with_capacity(tickets as usize);
    while times.len() < tickets as usize {
        let at = cast.start + (dice.unit() * span) as i64;
        let (weekday, hour) = ((at / DAY + 4) % 7, at % DAY / 3600);
        let weekend = matches!(weekday, 0 | 6);
        let weight = if (12..22).contains(&hour) { 1.0 } else { 0.25 } * if weekend { 0.3 } else { 1.0 };
        if !dice.chance(weight) {
            continue;
        }
        let copies = if dice.chance(0.008) { 3 + dice.below(9) } else { 1 };
        times.extend((0..copies).map(|_| at));
    }
    times.truncate(tickets as usize);
    times.sort_unstable();
    times.iter().enumerate().map(|(index, at)| Birth { index: index as u32, at: *at }).collect()
}

/// Two versions at most: the person's arrival before the history, and one change within it.
fn versions(seed: u64, start: i64, count: u32, change_at: impl Fn(u32) -> Option<i64>) -> Vec<Version> {
    let mut versions = Vec::with_capacity(count as usize * 2);
    for index in 0..count {
        let created_at = created_at(seed, start, index);
        let change = change_at(index).filter(|at| *at > created_at);
        let until = change.map_or(u32::MAX, |at| at as u32);
        versions.push(Version { at: created_at as u32, until, index });
        versions.extend(change.map(|at| Version { at: at as u32, until: u32::MAX, index }));
    }
    versions.sort_by_key(|version| (version.at, version.index));
    versions
}

/// When a user or an organization was created: in the 400 days before the history.
pub(crate) fn created_at(seed: u64, start: i64, index: u32) -> i64 {
    let back = mix(seed ^ 0xC4EA, u64::from(index)) % (400 * DAY as u64);
    (start - 1 - back as i64).max(1)
}

fn users(cast: &Cast) -> Vec<Version> {
    let agents = cast.agents.len() as u32;
    let span = (cast.horizon - cast.start).max(1) as u64;
    versions(cast.seed, cast.start, agents + cast.end_users, |index| {
        let drawn = mix(cast.seed ^ 0x05E4, u64::from(index));
        match cast.agents.get(index as usize) {
            Some(agent) => (agent.leaving != Leaving::Never).then_some(agent.leaves_at),
            None => (drawn % 10 < 3).then(|| cast.start + (drawn % span) as i64),
        }
    })
}

fn organizations(cast: &Cast) -> Vec<Version> {
    let span = (cast.horizon - cast.start).max(1) as u64;
    versions(cast.seed ^ 0x0A60, cast.start, cast.organizations, |index| {
        let drawn = mix(cast.seed ^ 0x0A61, u64::from(index));
        (drawn % 10 < 2).then(|| cast.start + (drawn % span) as i64)
    })
}

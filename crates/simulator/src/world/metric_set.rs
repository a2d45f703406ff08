//! Zendesk's own numbers of a ticket, kept up update by update as Zendesk keeps them.
//!
//! Single-event metrics count their whole span under the schedule on the ticket when the event happens;
//! waits count each status span under the schedule at its end; an audit's own change of group comes after.
//! Requester wait is published when the ticket goes to pending or is solved, agent wait when it leaves
//! pending or is solved, on-hold when hold ends (a recorded pending ticket shows the first of these).

use super::cast::Cast;
use super::history::{Actor, Audit, Change, Channel, History, State, Status};
use super::hours::Hours;

/// Seconds by the calendar and by business hours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Pair {
    pub(crate) calendar: i64,
    pub(crate) business: i64,
}

impl Pair {
    /// The seconds of a span; without a schedule business time is calendar time.
    pub(crate) fn of(from: i64, to: i64, hours: Option<&Hours>) -> Self {
        let calendar = to - from;
        Self { calendar, business: hours.map_or(calendar, |hours| hours.between(from, to)) }
    }

    fn add(&mut self, other: Self) {
        self.calendar += other.calendar;
        self.business += other.business;
    }

    /// Minutes, to the nearest, as recorded.
    pub(crate) fn minutes(self) -> (i64, i64) {
        ((self.calendar + 30) / 60, (self.business + 30) / 60)
    }
}

/// A metric set in seconds; it is rounded when it is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MetricSet {
    pub(crate) updated_at: i64,
    pub(crate) group_stations: u32,
    pub(crate) assignee_stations: u32,
    pub(crate) reopens: u32,
    pub(crate) replies: u32,
    pub(crate) assignee_updated_at: Option<i64>,
    pub(crate) requester_updated_at: i64,
    pub(crate) status_updated_at: i64,
    pub(crate) custom_status_updated_at: i64,
    pub(crate) initially_assigned_at: Option<i64>,
    pub(crate) assigned_at: Option<i64>,
    pub(crate) solved_at: Option<i64>,
    pub(crate) latest_comment_added_at: i64,
    pub(crate) reply: Option<Pair>,
    pub(crate) first_resolution: Option<Pair>,
    pub(crate) full_resolution: Option<Pair>,
    pub(crate) agent_wait: Option<Pair>,
    pub(crate) requester_wait: Option<Pair>,
    pub(crate) on_hold: Pair,
    /// Messaging tickets count the first reply in seconds too.
    pub(crate) messaging: bool,
}

struct Tally<'a> {
    cast: &'a Cast,
    created_at: i64,
    set: MetricSet,
    state: State,
    status_since: i64,
    /// Requester wait that is not published yet.
    waiting: Pair,
    ever_solved: bool,
}

/// The metric set after the first `count` audits.
pub(crate) fn metric_set(cast: &Cast, history: History<'_>, count: usize) -> MetricSet {
    let created_at = i64::from(history.case.created_at);
    let mut tally = Tally {
        cast,
        created_at,
        set: MetricSet {
            updated_at: created_at,
            requester_updated_at: created_at,
            status_updated_at: created_at,
            custom_status_updated_at: created_at,
            latest_comment_added_at: created_at,
            messaging: history.case.channel == Channel::Messaging,
            ..MetricSet::default()
        },
        state: State { requester: history.case.requester, ..State::default() },
        status_since: created_at,
        waiting: Pair::default(),
        ever_solved: false,
    };
    for (number, audit) in history.audits.iter().take(count).enumerate() {
        tally.count(audit, history.changes_of(audit), number == 0);
    }
    tally.set
}

impl Tally<'_> {
    fn count(&mut self, audit: &Audit, changes: &[Change], opening: bool) {
        let (at, before) = (i64::from(audit.at), self.state);
        for change in changes {
            self.count_change(*change, audit, opening);
            self.state.apply(*change);
        }
        if audit.silent {
            return;
        }
        self.set.updated_at = at;
        if let Actor::Agent(agent) = audit.actor
            && (before.assignee == Some(agent) || self.state.assignee == Some(agent))
        {
            self.set.assignee_updated_at = Some(at);
        }
        if audit.actor == Actor::EndUser(self.state.requester) {
            self.set.requester_updated_at = at;
        }
        if before.status != self.state.status || opening {
            self.count_status(at, &before, opening);
        }
    }

    fn count_change(&mut self, change: Change, audit: &Audit, opening: bool) {
        let at = i64::from(audit.at);
        match change {
            Change::Comment { public } => {
                self.set.latest_comment_added_at = at;
                let reply = public && !opening && matches!(audit.actor, Actor::Agent(_));
                if reply {
                    self.set.replies += 1;
                    let hours = self.cast.hours(self.state.group);
                    self.set.reply.get_or_insert(Pair::of(self.created_at, at, hours));
                }
            }
            Change::Group(Some(group)) if self.state.group != Some(group) => self.set.group_stations += 1,
            Change::Assignee(Some(agent)) if self.state.assignee != Some(agent) => {
                self.set.assignee_stations += 1;
                self.set.initially_assigned_at.get_or_insert(at);
                self.set.assigned_at = Some(at);
            }
            Change::CustomStatus(_) => self.set.custom_status_updated_at = at,
            _ => {}
        }
    }

    fn count_status(&mut self, at: i64, before: &State, opening: bool) {
        let (from, to) = (before.status, self.state.status);
        let hours = self.cast.hours(before.group);
        let spent = Pair::of(self.status_since, at, hours);
        match from {
            _ if opening => {}
            Status::New | Status::Open => self.waiting.add(spent),
            Status::Hold => {
                self.waiting.add(spent);
                self.set.on_hold.add(spent);
            }
            Status::Pending => self.set.agent_wait.get_or_insert_default().add(spent),
            Status::Solved | Status::Closed | Status::Deleted => {}
        }
        self.status_since = at;
        self.set.status_updated_at = at;
        if to == Status::Pending || to.is_over() {
            let waited = std::mem::take(&mut self.waiting);
            if waited != Pair::default() || to.is_over() || from != Status::Deleted {
                self.set.requester_wait.get_or_insert_default().add(waited);
            }
        }
        if to.is_over() {
            self.set.agent_wait.get_or_insert_default();
            self.count_solve(at, before, to);
        }
        if from == Status::Solved && !matches!(to, Status::Closed | Status::Deleted) && !opening {
            self.set.reopens += 1;
        }
    }

    fn count_solve(&mut self, at: i64, before: &State, to: Status) {
        let resolution = Pair::of(self.created_at, at, self.cast.hours(before.group));
        if to == Status::Solved {
            self.set.solved_at = Some(at);
            self.set.full_resolution = Some(resolution);
            self.ever_solved = true;
        } else if !self.ever_solved {
            self.set.full_resolution = Some(resolution);
        }
        self.set.first_resolution.get_or_insert(resolution);
    }
}

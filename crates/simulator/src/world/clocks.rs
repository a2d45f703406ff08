//! The SLA clocks of one ticket: metric events as Zendesk writes them.
//!
//! Where the reference pages are silent: deletion pauses what runs; business time is counted for a clock's
//! whole life under the schedule on the ticket at that moment; a change of target takes a breach back when
//! the new target is not reached yet.

use super::cast::{Cast, Metric, Target};
use super::history::{Actor, Change, History, State, Status};
use super::hours::Hours;

/// What kind of metric event, with what it carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mark {
    Measure,
    Activate,
    Pause,
    Fulfill,
    /// A target is put on, changed, or (none) taken off.
    Apply(Option<Target>),
    Breach,
    /// Minutes that the metric has been running, truncated.
    UpdateStatus {
        business: u32,
        calendar: u32,
    },
}

/// One metric event of one ticket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sign {
    pub(crate) metric: Metric,
    pub(crate) instance: u16,
    pub(crate) mark: Mark,
    pub(crate) at: i64,
    /// When the breach was taken back.
    pub(crate) retracted_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Running {
    #[default]
    Not,
    Since(i64),
    Paused,
    Fulfilled,
}

#[derive(Debug)]
struct Clock {
    metric: Metric,
    instance: u16,
    running: Running,
    started_at: i64,
    /// Ended spans in which the clock ran.
    spans: Vec<(i64, i64)>,
    target: Option<Target>,
    target_since: i64,
    /// Targets put on so far.
    targets: u16,
    /// Calendar and business minutes of the newest measure.
    measured: Option<(u32, u32)>,
    /// Place of the standing breach among the signs.
    breach: Option<usize>,
    fulfilled: Option<Fulfilled>,
}

/// How a clock's last end went.
#[derive(Clone, Copy, Debug)]
struct Fulfilled {
    at: i64,
    /// Seconds that it had run then.
    calendar: i64,
    business: i64,
    /// The ticket until then.
    state: State,
}

struct Watch<'a> {
    cast: &'a Cast,
    clocks: Vec<Clock>,
    signs: Vec<Sign>,
    ended: Vec<Instance>,
    /// Everything up to here has been looked at.
    checked: i64,
}

/// How a target went that was on a clock's instance at its end, or is on it now.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) metric: Metric,
    pub(crate) number: u16,
    pub(crate) target: Target,
    /// When the target was put on, and how many were, with this one.
    pub(crate) applied_at: i64,
    pub(crate) targets: u16,
    pub(crate) started_at: i64,
    /// Spans in which the clock ran; the last one may have no end.
    pub(crate) runs: Vec<(i64, Option<i64>)>,
    /// The ticket until the clock's end, or now.
    pub(crate) state: State,
    /// Calendar and business minutes that the last `update_status` told.
    pub(crate) measured: Option<(u32, u32)>,
    pub(crate) breached_at: Option<i64>,
    /// `active`, `paused` or `fulfilled`.
    pub(crate) stage: &'static str,
    /// When the clock last stood still for good.
    pub(crate) fulfilled_at: Option<i64>,
    /// Seconds that it ran, by the calendar and by the schedule on the ticket.
    pub(crate) calendar_secs: i64,
    pub(crate) business_secs: i64,
}

/// All metric events of a ticket up to the horizon, in the order they were written, and how its targets went.
pub(crate) fn signs(cast: &Cast, history: History<'_>, horizon: i64) -> (Vec<Sign>, Vec<Instance>) {
    let clocks = Metric::ALL.map(|metric| Clock {
        metric,
        instance: 0,
        running: Running::Not,
        started_at: 0,
        spans: Vec::new(),
        target: None,
        target_since: 0,
        targets: 0,
        measured: None,
        breach: None,
        fulfilled: None,
    });
    let mut watch =
        Watch { cast, clocks: clocks.into(), signs: Vec::with_capacity(40), ended: Vec::new(), checked: 0 };
    let mut state = State::default();
    for (number, audit) in history.audits.iter().enumerate() {
        let at = i64::from(audit.at);
        let before = state;
        watch.breaches_until(at, &before);
        let mut comment = None;
        for change in history.changes_of(audit) {
            state.apply(*change);
            if let Change::Comment { public } = change {
                comment = Some(*public);
            }
        }
        if number == 0 {
            watch.begin(at, &state, audit.actor);
        } else {
            let public_by = comment.filter(|public| *public).map(|_| audit.actor);
            let replied = matches!(public_by, Some(Actor::Agent(_)));
            let asked = matches!(public_by, Some(Actor::EndUser(_)));
            watch.react(&What { at, before, now: state, replied, asked });
        }
    }
    watch.breaches_until(horizon, &state);
    for place in 0..watch.clocks.len() {
        watch.end_instance(place, horizon, &state);
    }
    (watch.signs, watch.ended)
}

/// The statuses in which a clock of this metric rests.
fn rests(metric: Metric, status: Status) -> bool {
    match metric {
        _ if status == Status::Deleted => true,
        Metric::PausableUpdate | Metric::RequesterWait => status == Status::Pending,
        Metric::AgentWork => matches!(status, Status::Pending | Status::Hold),
        _ => false,
    }
}

impl Watch<'_> {
    fn sign(&mut self, place: usize, mark: Mark, at: i64) {
        if let Some(clock) = self.clocks.get(place) {
            let (metric, instance) = (clock.metric, clock.instance);
            self.signs.push(Sign { metric, instance, mark, at, retracted_at: None });
        }
    }

    /// Seconds that a clock has run until `at`: calendar and business.
    fn elapsed(&self, place: usize, at: i64, state: &State) -> (i64, i64) {
        let hours = self.cast.hours(state.group);
        let Some(clock) = self.clocks.get(place) else { return (0, 0) };
        let open = match clock.running {
            Running::Since(since) => Some((since, at)),
            _ => None,
        };
        clock.spans.iter().copied().chain(open).fold((0, 0), |(calendar, business), (from, to)| {
            (calendar + to - from, business + hours.map_or(to - from, |hours| hours.between(from, to)))
        })
    }

    /// Writes the breaches that fall before or at `until`, under the state that held up to then.
    fn breaches_until(&mut self, until: i64, state: &State) {
        for place in 0..self.clocks.len() {
            let Some(clock) = self.clocks.get(place) else { continue };
            let (Running::Since(since), Some(target), None) = (clock.running, clock.target, clock.breach)
            else {
                continue;
            };
            let earliest = clock.target_since.max(self.checked);
            let spent = self.spent(place, until, state, target);
            if spent <= i64::from(target.secs) {
                continue;
            }
            let left = i64::from(target.secs) - self.spent(place, since, state, target);
            let hours: Option<&Hours> = self.cast.hours(state.group).filter(|_| target.business_hours);
            let crossing = match hours {
                _ if left < 0 => Some(since),
                Some(hours) => hours.after(since, left),
                None => Some(since + left),
            };
            let at = crossing.unwrap_or(until).max(earliest).min(until);
            self.breach(place, at, state);
        }
        self.checked = until;
    }

    fn spent(&self, place: usize, at: i64, state: &State, target: Target) -> i64 {
        let (calendar, business) = self.elapsed(place, at, state);
        if target.business_hours { business } else { calendar }
    }

    fn breach(&mut self, place: usize, at: i64, state: &State) {
        self.sign(place, Mark::Breach, at);
        let breach = self.signs.len() - 1;
        if let Some(clock) = self.clocks.get_mut(place) {
            clock.breach = Some(breach);
        }
        self.update_status(place, at, state);
    }

    fn update_status(&mut self, place: usize, at: i64, state: &State) {
        let (calendar, business) = self.elapsed(place, at, state);
        let minutes = |secs: i64| (secs / 60) as u32;
        let (calendar, business) = (minutes(calendar), minutes(business));
        if let Some(clock) = self.clocks.get_mut(place) {
            clock.measured = Some((calendar, business));
        }
        self.sign(place, Mark::UpdateStatus { business, calendar }, at);
    }

    /// The first audit: what is tracked, what starts.
    fn begin(&mut self, at: i64, state: &State, submitter: Actor) {
        for place in 0..self.clocks.len() {
            self.sign(place, Mark::Measure, at);
        }
        for place in 0..self.clocks.len() {
            let starts = match self.metric(place) {
                Metric::Reply => matches!(submitter, Actor::EndUser(_)),
                Metric::PeriodicUpdate | Metric::PausableUpdate => {
                    matches!(submitter, Actor::Agent(_)) && state.is_public && !state.status.is_over()
                }
                Metric::GroupOwnership => state.group.is_some(),
                _ => true,
            };
            if starts {
                self.start_instance(place, at, state);
            }
            if starts && state.status.is_over() {
                self.fulfill(place, at, state);
            }
        }
    }

    fn metric(&self, place: usize) -> Metric {
        self.clocks.get(place).map_or(Metric::Reply, |clock| clock.metric)
    }

    fn start_instance(&mut self, place: usize, at: i64, state: &State) {
        self.end_instance(place, at, state);
        let Some(clock) = self.clocks.get_mut(place) else { return };
        clock.instance += 1;
        clock.started_at = at;
        clock.fulfilled = None;
        clock.spans.clear();
        clock.target = None;
        clock.targets = 0;
        clock.measured = None;
        clock.breach = None;
        clock.running = Running::Since(at);
        let resting = rests(clock.metric, state.status);
        self.sign(place, Mark::Activate, at);
        self.apply_target(place, at, state, false);
        if resting {
            self.pause(place, at);
        }
    }

    fn pause(&mut self, place: usize, at: i64) {
        self.stop(place, at, Running::Paused);
        self.sign(place, Mark::Pause, at);
    }

    fn stop(&mut self, place: usize, at: i64, to: Running) {
        let Some(clock) = self.clocks.get_mut(place) else { return };
        if let Running::Since(since) = clock.running {
            clock.spans.push((since, at));
        }
        clock.running = to;
    }

    fn fulfill(&mut self, place: usize, at: i64, state: &State) {
        self.stop(place, at, Running::Fulfilled);
        let (calendar, business) = self.elapsed(place, at, state);
        if let Some(clock) = self.clocks.get_mut(place) {
            clock.fulfilled = Some(Fulfilled { at, calendar, business, state: *state });
        }
        self.sign(place, Mark::Fulfill, at);
        self.update_status(place, at, state);
    }

    /// Notes how the present instance went, if it ever began and has a target.
    fn end_instance(&mut self, place: usize, at: i64, state: &State) {
        let now = self.elapsed(place, at, state);
        let Some(clock) = self.clocks.get(place) else { return };
        let Some(target) = clock.target else { return };
        let mut runs: Vec<(i64, Option<i64>)> =
            clock.spans.iter().map(|(from, to)| (*from, Some(*to))).collect();
        let (phase, fulfilled) = match clock.running {
            Running::Not => return,
            Running::Since(since) => {
                runs.push((since, None));
                ("active", None)
            }
            Running::Paused => ("paused", None),
            Running::Fulfilled => ("fulfilled", clock.fulfilled),
        };
        self.ended.push(Instance {
            metric: clock.metric,
            number: clock.instance,
            target,
            applied_at: clock.target_since,
            targets: clock.targets,
            started_at: clock.started_at,
            runs,
            state: fulfilled.map_or(*state, |end| end.state),
            measured: clock.measured,
            breached_at: clock.breach.and_then(|breach| self.signs.get(breach)).map(|sign| sign.at),
            stage: phase,
            fulfilled_at: fulfilled.map(|end| end.at),
            calendar_secs: fulfilled.map_or(now.0, |end| end.calendar),
            business_secs: fulfilled.map_or(now.1, |end| end.business),
        });
    }

    fn resume(&mut self, place: usize, at: i64, state: &State) {
        if let Some(clock) = self.clocks.get_mut(place) {
            clock.running = Running::Since(at);
        }
        self.sign(place, Mark::Activate, at);
        self.apply_target(place, at, state, false);
    }

    /// Puts the target on that holds now, if it differs; `forced` writes it even on a clock that has ended.
    fn apply_target(&mut self, place: usize, at: i64, state: &State, forced: bool) {
        let target = Cast::target(self.metric(place), state);
        let Some(clock) = self.clocks.get_mut(place) else { return };
        let lives = matches!(clock.running, Running::Since(_) | Running::Paused);
        if target == clock.target || !(lives || forced) {
            return;
        }
        if lives {
            clock.target = target;
            clock.target_since = at;
            clock.targets += u16::from(target.is_some());
        }
        let breach = clock.breach;
        self.sign(place, Mark::Apply(target), at);
        if !lives {
            return;
        }
        let over = target.is_some_and(|target| self.spent(place, at, state, target) > i64::from(target.secs));
        match breach {
            Some(breach) if !over => {
                if let Some(sign) = self.signs.get_mut(breach) {
                    sign.retracted_at = Some(at);
                }
                if let Some(clock) = self.clocks.get_mut(place) {
                    clock.breach = None;
                }
            }
            None if over => self.breach(place, at, state),
            _ => {}
        }
    }

    fn running(&self, place: usize) -> Running {
        self.clocks.get(place).map_or(Running::Not, |clock| clock.running)
    }

    /// What an audit does to the clocks.
    fn react(&mut self, what: &What) {
        for place in 0..self.clocks.len() {
            match self.metric(place) {
                Metric::Reply => self.reply_clock(place, what),
                Metric::PeriodicUpdate | Metric::PausableUpdate => self.update_clock(place, what),
                Metric::GroupOwnership => self.ownership_clock(place, what),
                _ => self.work_clock(place, what),
            }
            self.rest(place, what.at, &what.now);
            let prioritised = what.before.priority.is_none() && what.now.priority.is_some();
            let replied = self.metric(place) == Metric::Reply && self.running(place) == Running::Fulfilled;
            // A target that comes after the reply is now and then written all the same, and means nothing.
            let forced = prioritised && replied && what.at % 2 == 0;
            self.apply_target(place, what.at, &what.now, forced);
        }
    }

    /// Pauses and resumes by status, where nothing ended.
    fn rest(&mut self, place: usize, at: i64, now: &State) {
        let rests = rests(self.metric(place), now.status);
        match self.running(place) {
            Running::Since(_) if rests => self.pause(place, at),
            Running::Paused if !rests && !now.status.is_over() => self.resume(place, at, now),
            _ => {}
        }
    }

    fn lives(&self, place: usize) -> bool {
        matches!(self.running(place), Running::Since(_) | Running::Paused)
    }

    fn reply_clock(&mut self, place: usize, what: &What) {
        if self.lives(place) {
            if what.replied || what.solved() {
                self.fulfill(place, what.at, &what.before);
            }
        } else if what.asked && !what.now.status.is_over() {
            self.start_instance(place, what.at, &what.now);
        }
    }

    fn update_clock(&mut self, place: usize, what: &What) {
        if self.lives(place) && (what.replied || what.solved()) {
            self.fulfill(place, what.at, &what.before);
        }
        if what.replied && !what.now.status.is_over() {
            self.start_instance(place, what.at, &what.now);
        }
    }

    fn ownership_clock(&mut self, place: usize, what: &What) {
        let moved = what.before.group != what.now.group;
        if self.lives(place) && (moved || what.solved()) {
            self.fulfill(place, what.at, &what.before);
        }
        if (moved || what.reopened()) && what.now.group.is_some() && !what.now.status.is_over() {
            self.start_instance(place, what.at, &what.now);
        }
    }

    fn work_clock(&mut self, place: usize, what: &What) {
        if what.solved() && self.lives(place) {
            self.fulfill(place, what.at, &what.before);
        } else if what.reopened() && self.running(place) == Running::Fulfilled {
            self.resume(place, what.at, &what.now);
        }
    }
}

/// What an audit did, as far as clocks care.
struct What {
    at: i64,
    before: State,
    now: State,
    /// An agent commented in public.
    replied: bool,
    /// An end user commented in public.
    asked: bool,
}

impl What {
    fn solved(&self) -> bool {
        self.now.status.is_over() && !self.before.status.is_over()
    }

    fn reopened(&self) -> bool {
        self.before.status.is_over() && !self.now.status.is_over() && self.now.status != Status::Deleted
    }
}

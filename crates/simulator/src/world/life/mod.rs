//! The life of one ticket, drawn from its own dice: everything else about the ticket follows from it.
//!
//! A change of group never shares an audit with a reply or a change of status, because the schedule follows
//! the group: which schedule is "on the ticket when the event happens" must have one answer.

mod waits;
mod work;

use super::cast::{CUSTOM_STATUS, Cast};
use super::history::{Actor, Audit, Change, Channel, Kind, Priority, State, Status, Via};
use crate::dice::{Dice, mix};

const HOUR: f64 = 3600.0;
/// Updates after which a ticket is brought to its end.
const UPDATES_MAX: usize = 40;

/// How a ticket begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub(crate) index: u32,
    pub(crate) at: i64,
}

/// A ticket that has lived, with audits whose changes are counted from its own first one.
#[derive(Debug)]
pub(crate) struct Life<'a> {
    cast: &'a Cast,
    dice: Dice,
    birth: Birth,
    at: i64,
    pub(crate) state: State,
    pub(crate) first_requester: u32,
    pub(crate) submitter: Actor,
    pub(crate) channel: Channel,
    pub(crate) ai_agent: bool,
    pub(crate) audits: Vec<Audit>,
    pub(crate) changes: Vec<Change>,
    former_group: Option<u8>,
    /// Updates until the ticket is merged or deleted.
    doom: Option<(usize, Status)>,
    over: bool,
}

/// Draws a ticket's life up to the cast's horizon.
pub(crate) fn lived(cast: &Cast, birth: Birth) -> Life<'_> {
    let mut dice = Dice::new(cast.seed, 0x71CE7 ^ (u64::from(birth.index) << 20));
    let requester = dice.below(cast.end_users);
    let channel = dice.pick(
        &[
            (28, Channel::Web),
            (34, Channel::Email),
            (10, Channel::Api),
            (9, Channel::Messaging),
            (4, Channel::Chat),
            (6, Channel::Voice),
            (5, Channel::Mobile),
            (3, Channel::FollowUp),
            (1, Channel::Unheard),
        ],
        Channel::Web,
    );
    let ai_agent = matches!(channel, Channel::Messaging | Channel::Chat) && dice.chance(0.3);
    let doom = match dice.below(1000) {
        0..25 => Some((1 + dice.below(3) as usize, Status::Closed)),
        25..45 => Some((1 + dice.below(7) as usize, Status::Deleted)),
        _ => None,
    };
    let mut life = Life {
        cast,
        dice,
        birth,
        at: birth.at,
        state: State { requester, ..State::default() },
        first_requester: requester,
        submitter: Actor::EndUser(requester),
        channel,
        ai_agent,
        audits: Vec::with_capacity(10),
        changes: Vec::with_capacity(40),
        former_group: None,
        doom,
        over: false,
    };
    life.begin();
    while !life.over {
        life.go_on();
    }
    life
}

impl Life<'_> {
    /// Moves on by a waiting time: agents wait in business hours for the most part.
    pub(super) fn pass(&mut self, mean_secs: f64, working: bool) {
        let quick = if matches!(self.channel, Channel::Messaging | Channel::Chat) { 0.1 } else { 1.0 };
        let wait = self.dice.wait(mean_secs * quick);
        let hours = self.cast.hours(self.state.group).filter(|_| working && self.dice.chance(0.88));
        let next = hours.and_then(|hours| hours.after(self.at, wait));
        self.at = next.unwrap_or(self.at + wait).max(self.at + 1);
    }

    /// Some tickets are never touched again: the backlog, and the clocks that run on.
    pub(super) fn is_forgotten(&mut self, probability: f64) -> bool {
        self.over = self.dice.chance(probability);
        self.over
    }

    /// Writes an audit at the present moment; beyond the horizon the life is over instead.
    pub(super) fn audit(&mut self, actor: Actor, via: Via, changes: &[Change]) {
        if self.at > self.cast.horizon {
            self.over = true;
            return;
        }
        let first = self.changes.len() as u32;
        for change in changes {
            self.state.apply(*change);
            self.changes.push(*change);
        }
        let silent = matches!(changes, [Change::Scrubbed | Change::Touched]);
        let at = self.at as u32;
        self.audits.push(Audit { at, actor, via, silent, first, count: changes.len() as u8 });
    }

    pub(super) fn to(status: Status) -> [Change; 2] {
        let custom = CUSTOM_STATUS.get(status as usize).copied().unwrap_or_default();
        [Change::Status(status), Change::CustomStatus(custom)]
    }

    pub(super) fn by_agent(&mut self) -> Actor {
        let group = self.state.group.unwrap_or(0);
        let there = self.state.assignee.filter(|agent| self.cast.is_there(*agent, self.at));
        let other = self.dice.chance(0.1);
        match there.filter(|_| !other) {
            Some(agent) => Actor::Agent(agent),
            None => Actor::Agent(self.cast.agent_of(group, self.at, &mut self.dice)),
        }
    }

    pub(super) fn end_user(&mut self) -> Actor {
        // Now and then somebody in copy answers.
        let other = self.dice.chance(0.05).then(|| self.dice.below(self.cast.end_users));
        Actor::EndUser(other.unwrap_or(self.state.requester))
    }

    fn begin(&mut self) {
        let by_agent = !self.ai_agent && self.dice.chance(0.09);
        let group = match self.dice.below(100) {
            _ if self.ai_agent => None,
            0..46 => Some(0),
            46..84 => Some(1),
            84..90 => Some(2),
            _ => by_agent.then_some(0),
        };
        let priority = self.dice.pick(
            &[
                (18, None),
                (20, Some(Priority::Low)),
                (38, Some(Priority::Normal)),
                (18, Some(Priority::High)),
                (6, Some(Priority::Urgent)),
            ],
            None,
        );
        let kind = if is_problem(self.cast.seed, self.birth.index) {
            Some(Kind::Problem)
        } else {
            let kinds =
                [(40, None), (26, Some(Kind::Question)), (20, Some(Kind::Incident)), (12, Some(Kind::Task))];
            self.dice.pick(&kinds, None)
        };
        let mut public = true;
        let mut changes = vec![Change::Subject, Change::Requester(self.state.requester)];
        if by_agent {
            let agent = self.cast.agent_of(group.unwrap_or(0), self.at, &mut self.dice);
            self.submitter = Actor::Agent(agent);
            self.channel = if self.dice.chance(0.5) { Channel::Voice } else { Channel::Web };
            public = self.dice.chance(0.65);
            let done = self.dice.chance(0.12);
            changes.extend(Self::to(if done { Status::Solved } else { Status::Open }));
            changes.push(Change::Assignee(Some(agent)));
        } else {
            changes.extend(Self::to(Status::New));
        }
        changes.extend(priority.map(|priority| Change::Priority(Some(priority))));
        changes.extend(kind.map(|kind| Change::Kind(Some(kind))));
        changes.extend(group.map(|group| Change::Group(Some(group))));
        let organization = self.cast.organization_of(self.state.requester);
        changes.extend(organization.map(|organization| Change::Organization(Some(organization))));
        changes.extend([
            Change::Brand((self.dice.below(5) / 4) as u8),
            Change::Form((self.dice.below(3) / 2) as u8),
        ]);
        if kind == Some(Kind::Task) {
            changes.push(Change::Due);
        }
        changes.extend([Change::Tags, Change::CustomField, Change::Comment { public }]);
        let via = match self.channel {
            Channel::Email => Via::Mail,
            Channel::Api => Via::WebService,
            Channel::Messaging | Channel::Chat => Via::Chat,
            _ => Via::WebForm,
        };
        self.audit(self.submitter, via, &changes);
        self.echoes();
    }

    /// What rules do in the same second, and what the system does soon after without leaving an event.
    fn echoes(&mut self) {
        if self.state.priority.is_none() && self.dice.chance(0.15) {
            self.audit(Actor::System, Via::Rule, &[Change::Priority(Some(Priority::Normal))]);
        }
        if self.dice.chance(0.06) {
            self.audit(Actor::System, Via::Rule, &[Change::Tags]);
        }
        if self.dice.chance(0.05) {
            self.pass(300.0, false);
            self.audit(Actor::System, Via::Rule, &[Change::Touched]);
        }
    }

    fn go_on(&mut self) {
        if self.audits.len() >= UPDATES_MAX && !self.state.status.is_over() {
            return self.solve();
        }
        let doomed = self.doom.filter(|(after, _)| self.audits.len() > *after).map(|(_, status)| status);
        match (self.state.status, doomed) {
            (Status::Closed, _) => self.over = true,
            (Status::Deleted, _) => self.after_deletion(),
            (_, Some(Status::Deleted)) => self.delete(),
            (Status::Solved, _) => self.while_solved(),
            (_, Some(_)) => self.merge(),
            (Status::New, None) if self.ai_agent && self.audits.len() < 6 => self.with_ai_agent(),
            (Status::New, None) => self.while_new(),
            (Status::Open, None) => self.while_open(),
            (Status::Pending, None) => self.while_pending(),
            (Status::Hold, None) => self.while_on_hold(),
        }
    }

    pub(super) fn solve(&mut self) {
        self.pass(HOUR, true);
        let agent = self.by_agent();
        let [status, custom] = Self::to(Status::Solved);
        self.audit(agent, Via::WebForm, &[Change::Comment { public: true }, status, custom]);
    }
}

/// Whether a ticket is a problem that incidents are linked to: known without drawing its life.
pub(crate) fn is_problem(seed: u64, index: u32) -> bool {
    mix(seed ^ 0x9807, u64::from(index)).is_multiple_of(50)
}

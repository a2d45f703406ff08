//! The life of one ticket, drawn from its own dice: everything else about the ticket follows from it.
//!
//! A change of group never shares an audit with a reply or a change of status, because the schedule follows
//! the group: which schedule is "on the ticket when the event happens" must have one answer.

use super::cast::{CUSTOM_OPEN, CUSTOM_PENDING, CUSTOM_STATUS, Cast, DAY, TIERS};
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
    fn pass(&mut self, mean_secs: f64, working: bool) {
        let quick = if matches!(self.channel, Channel::Messaging | Channel::Chat) { 0.1 } else { 1.0 };
        let wait = self.dice.wait(mean_secs * quick);
        let hours = self.cast.hours(self.state.group).filter(|_| working && self.dice.chance(0.88));
        let next = hours.and_then(|hours| hours.after(self.at, wait));
        self.at = next.unwrap_or(self.at + wait).max(self.at + 1);
    }

    /// Writes an audit at the present moment; beyond the horizon the life is over instead.
    fn audit(&mut self, actor: Actor, via: Via, changes: &[Change]) {
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

    fn to(status: Status) -> [Change; 2] {
        let custom = CUSTOM_STATUS.get(status as usize).copied().unwrap_or_default();
        [Change::Status(status), Change::CustomStatus(custom)]
    }

    fn by_agent(&mut self) -> Actor {
        let group = self.state.group.unwrap_or(0);
        let there = self.state.assignee.filter(|agent| self.cast.is_there(*agent, self.at));
        let other = self.dice.chance(0.1);
        match there.filter(|_| !other) {
            Some(agent) => Actor::Agent(agent),
            None => Actor::Agent(self.cast.agent_of(group, self.at, &mut self.dice)),
        }
    }

    fn end_user(&mut self) -> Actor {
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

    fn solve(&mut self) {
        self.pass(HOUR, true);
        let agent = self.by_agent();
        let [status, custom] = Self::to(Status::Solved);
        self.audit(agent, Via::WebForm, &[Change::Comment { public: true }, status, custom]);
    }

    fn merge(&mut self) {
        self.doom = None;
        self.pass(2.0 * HOUR, true);
        let agent = self.by_agent();
        let [status, custom] = Self::to(Status::Closed);
        let public = self.dice.chance(0.3);
        self.audit(agent, Via::Merge, &[Change::Comment { public }, Change::MergedTag, status, custom]);
    }

    fn delete(&mut self) {
        self.doom = None;
        self.pass(5.0 * HOUR, true);
        let before = self.state.status;
        let agent = self.by_agent();
        self.audit(agent, Via::WebForm, &[Change::Status(Status::Deleted)]);
        // A solved ticket stays deleted: whether coming back would be a second solve has no answer.
        if !self.over && !before.is_over() && self.dice.chance(0.12) {
            self.pass(20.0 * HOUR, false);
            let agent = self.by_agent();
            self.audit(agent, Via::WebForm, &[Change::Status(before)]);
        }
    }

    fn after_deletion(&mut self) {
        self.at += 30 * DAY + i64::from(self.dice.below(7200));
        self.audit(Actor::System, Via::Rule, &[Change::Scrubbed]);
        self.over = true;
    }

    fn with_ai_agent(&mut self) {
        self.pass(HOUR / 20.0, false);
        self.audit(Actor::System, Via::Chat, &[Change::Comment { public: true }]);
        self.pass(HOUR, false);
        match self.dice.below(10) {
            0..4 => {
                let [status, custom] = Self::to(Status::Solved);
                self.audit(Actor::System, Via::Chat, &[Change::Comment { public: true }, status, custom]);
            }
            4..7 => {
                let user = self.end_user();
                self.audit(user, Via::Chat, &[Change::Comment { public: true }]);
            }
            _ => self.audit(Actor::System, Via::Rule, &[Change::Group(Some(0))]),
        }
        if self.state.group.is_some() {
            self.assign();
        }
    }

    fn while_new(&mut self) {
        if self.state.group.is_none() {
            self.pass(HOUR / 2.0, false);
            let group = self.dice.below(2) as u8;
            return self.audit(Actor::System, Via::Rule, &[Change::Group(Some(group))]);
        }
        if self.state.priority.is_none() && self.dice.chance(0.4) {
            self.pass(HOUR / 2.0, true);
            let agent = self.by_agent();
            self.audit(agent, Via::WebForm, &[Change::Priority(Some(Priority::High))]);
        }
        if self.dice.chance(0.05) {
            self.pass(2.0 * HOUR, false);
            let user = self.end_user();
            self.audit(user, Via::Mail, &[Change::Comment { public: true }]);
        }
        self.assign();
    }

    /// An agent of the group takes the ticket, or a rule hands it out.
    fn assign(&mut self) {
        self.pass(0.7 * HOUR, true);
        let group = self.state.group.unwrap_or(0);
        let agent = self.cast.agent_of(group, self.at, &mut self.dice);
        let by_rule = self.dice.chance(0.3);
        let (actor, via) =
            if by_rule { (Actor::System, Via::Rule) } else { (Actor::Agent(agent), Via::WebForm) };
        let mut changes = vec![Change::Assignee(Some(agent))];
        if self.state.status == Status::New {
            changes.extend(Self::to(Status::Open));
        }
        self.audit(actor, via, &changes);
    }

    fn while_open(&mut self) {
        let left = |life: &Self, agent: u16| !life.cast.is_there(agent, life.at);
        if self.state.assignee.is_none_or(|agent| left(self, agent)) {
            return self.assign();
        }
        match self.dice.below(1000) {
            0..470 => self.reply(),
            470..570 => self.note(),
            570..640 => self.escalate(),
            640..690 => self.transfer(),
            690..730 => self.reassign(),
            730..745 => self.change(&[Change::Assignee(None)], false),
            745..785 => self.raise_priority(false),
            785..825 => self.raise_priority(true),
            825..830 => self.change(&[Change::Priority(None)], false),
            830..850 => self.link_to_problem(),
            850..900 => self.requester_adds(),
            900..925 => self.change(&[Change::CustomStatus(CUSTOM_OPEN)], false),
            925..960 => self.change(&[Change::Tags, Change::CustomField], true),
            960..975 => self.change(&[Change::Subject], false),
            975..985 => self.change(&[Change::Organization(None)], false),
            985..990 => self.change(&[Change::Brand(1), Change::Form(1)], false),
            _ => self.solve(),
        }
    }

    /// An update that ends no span: by an agent, or by a rule.
    fn change(&mut self, changes: &[Change], by_rule: bool) {
        let idle = match changes {
            [Change::Organization(value)] => self.state.organization == *value,
            [Change::Priority(value)] => self.state.priority == *value,
            [Change::CustomStatus(value)] => self.state.custom_status == *value,
            [Change::Brand(value), _] => self.state.brand == *value || self.state.form == *value,
            _ => false,
        };
        if idle {
            return self.note();
        }
        self.pass(1.5 * HOUR, true);
        let (actor, via) = if by_rule { (Actor::System, Via::Rule) } else { (self.by_agent(), Via::WebForm) };
        self.audit(actor, via, changes);
    }

    fn reply(&mut self) {
        self.pass(2.2 * HOUR, true);
        let agent = self.by_agent();
        let comment = Change::Comment { public: true };
        let via = if self.dice.chance(0.15) { Via::Mail } else { Via::WebForm };
        let next = match self.dice.below(100) {
            0..52 => Status::Pending,
            52..61 => Status::Hold,
            61..89 => Status::Solved,
            _ => return self.audit(agent, via, &[comment]),
        };
        let [status, custom] = Self::to(next);
        self.audit(agent, via, &[comment, status, custom]);
        if next == Status::Pending && self.dice.chance(0.06) {
            self.audit(Actor::System, Via::Rule, &[Change::Tags]);
        }
    }

    fn note(&mut self) {
        self.pass(1.2 * HOUR, true);
        let agent = self.by_agent();
        self.audit(agent, Via::WebForm, &[Change::Comment { public: false }]);
    }

    /// To a higher tier, with a note; the assignment goes with the group.
    fn escalate(&mut self) {
        match self.state.group {
            Some(0 | 1) => self.hand_over(2),
            Some(2) => self.hand_over(3),
            _ => self.note(),
        }
    }

    /// Sideways in the tier, or back to where the ticket came from.
    fn transfer(&mut self) {
        let back = self.former_group.filter(|_| self.dice.chance(0.6));
        let sideways = self.state.group.filter(|group| *group < 2).map(|group| 1 - group);
        match back.or(sideways) {
            Some(group) => self.hand_over(group),
            None => self.note(),
        }
    }

    fn hand_over(&mut self, group: u8) {
        debug_assert!(usize::from(group) < TIERS.len());
        self.pass(1.5 * HOUR, true);
        self.former_group = self.state.group;
        let agent = self.by_agent();
        let changes = [Change::Comment { public: false }, Change::Group(Some(group)), Change::Assignee(None)];
        self.audit(agent, Via::WebForm, &changes);
        if !self.over {
            self.assign();
        }
    }

    fn reassign(&mut self) {
        let group = self.state.group.unwrap_or(0);
        let agent = self.cast.agent_of(group, self.at, &mut self.dice);
        if self.state.assignee == Some(agent) {
            return self.note();
        }
        self.change(&[Change::Assignee(Some(agent))], false);
    }

    fn raise_priority(&mut self, by_rule: bool) {
        match self.state.priority.map_or(Some(Priority::Normal), Priority::raised) {
            Some(priority) => self.change(&[Change::Priority(Some(priority))], by_rule),
            None => self.note(),
        }
    }

    fn link_to_problem(&mut self) {
        let earlier = (0..self.birth.index).rev().take(200);
        let mut problems = earlier.filter(|index| is_problem(self.cast.seed, *index));
        match (self.state.kind, problems.next()) {
            (Some(Kind::Problem), _) | (_, None) => self.note(),
            (Some(Kind::Incident), problem) => self.change(&[Change::Problem(problem)], false),
            (_, problem) => {
                self.change(&[Change::Kind(Some(Kind::Incident)), Change::Problem(problem)], false)
            }
        }
    }

    fn requester_adds(&mut self) {
        self.pass(3.0 * HOUR, false);
        let user = self.end_user();
        self.audit(user, Via::Mail, &[Change::Comment { public: true }]);
    }

    fn while_pending(&mut self) {
        let [open, custom] = Self::to(Status::Open);
        match self.dice.below(100) {
            0..60 => {
                self.pass(16.0 * HOUR, false);
                let user = self.end_user();
                self.audit(user, Via::Mail, &[Change::Comment { public: true }, open, custom]);
            }
            60..68 => {
                self.pass(20.0 * HOUR, true);
                let agent = self.by_agent();
                self.audit(agent, Via::WebForm, &[Change::Comment { public: true }]);
            }
            68..72 => self.change(&[Change::CustomStatus(CUSTOM_PENDING)], false),
            72..80 => {
                self.pass(10.0 * HOUR, true);
                let agent = self.by_agent();
                self.audit(agent, Via::WebForm, &[open, custom]);
            }
            80..86 => self.solve(),
            _ => {
                self.at_hourly_run(self.at + 5 * DAY);
                let [status, custom] = Self::to(Status::Solved);
                self.audit(Actor::System, Via::Rule, &[status, custom]);
            }
        }
    }

    fn while_on_hold(&mut self) {
        self.pass(12.0 * HOUR, true);
        let agent = self.by_agent();
        let back = self.dice.chance(0.8);
        let [status, custom] = Self::to(if back { Status::Open } else { Status::Pending });
        self.audit(agent, Via::WebForm, &[Change::Comment { public: !back }, status, custom]);
    }

    /// Automations run once an hour, for all tickets within a few seconds.
    fn at_hourly_run(&mut self, due: i64) {
        let hour = 3600;
        let spread = mix(self.cast.seed, u64::from(self.birth.index)) % 5;
        self.at = (due / hour + 1) * hour + spread as i64;
    }

    fn while_solved(&mut self) {
        let solved_at = self.at;
        if self.dice.chance(0.1) {
            self.pass(20.0 * HOUR, false);
            self.at = self.at.min(solved_at + 3 * DAY);
            let user = self.end_user();
            let [open, custom] = Self::to(Status::Open);
            return self.audit(user, Via::Mail, &[Change::Comment { public: true }, open, custom]);
        }
        if self.dice.chance(0.15) {
            self.pass(10.0 * HOUR, false);
            self.at = self.at.min(solved_at + 3 * DAY);
            let requester = Actor::EndUser(self.state.requester);
            self.audit(requester, Via::WebForm, &[Change::Satisfaction, Change::Tags]);
        }
        if !self.over && self.dice.chance(0.05) {
            self.pass(HOUR, true);
            self.at = self.at.min(solved_at + 3 * DAY + 1);
            let agent = self.by_agent();
            self.audit(agent, Via::WebForm, &[Change::Comment { public: false }]);
        }
        if !self.over {
            self.at_hourly_run(solved_at + 4 * DAY);
            let [status, _] = Self::to(Status::Closed);
            let via = if self.dice.chance(0.1) { Via::Batch } else { Via::Rule };
            self.audit(Actor::System, via, &[status]);
        }
    }
}

/// Whether a ticket is a problem that incidents are linked to: known without drawing its life.
pub(crate) fn is_problem(seed: u64, index: u32) -> bool {
    mix(seed ^ 0x9807, u64::from(index)) % 50 == 0
}

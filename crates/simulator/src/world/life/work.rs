//! What happens to a ticket that is being worked on: new or open.

use super::{HOUR, Life, is_problem};
use crate::world::cast::{CUSTOM_OPEN, TIERS};
use crate::world::history::{Actor, Change, Kind, Priority, Status, Via};

impl Life<'_> {
    pub(super) fn with_ai_agent(&mut self) {
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

    pub(super) fn while_new(&mut self) {
        if self.is_forgotten(0.012) {
            return;
        }
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
    pub(super) fn assign(&mut self) {
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

    pub(super) fn while_open(&mut self) {
        if self.is_forgotten(0.004) {
            return;
        }
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
    pub(super) fn change(&mut self, changes: &[Change], by_rule: bool) {
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
        let bulk = if self.dice.chance(0.05) { Via::Batch } else { Via::WebForm };
        let (actor, via) = if by_rule { (Actor::System, Via::Rule) } else { (self.by_agent(), bulk) };
        self.audit(actor, via, changes);
    }

    pub(super) fn reply(&mut self) {
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

    pub(super) fn note(&mut self) {
        self.pass(1.2 * HOUR, true);
        let agent = self.by_agent();
        self.audit(agent, Via::WebForm, &[Change::Comment { public: false }]);
    }

    /// To a higher tier, with a note; the assignment goes with the group.
    pub(super) fn escalate(&mut self) {
        match self.state.group {
            Some(0 | 1) => self.hand_over(2),
            Some(2) => self.hand_over(3),
            _ => self.note(),
        }
    }

    /// Sideways in the tier, or back to where the ticket came from.
    pub(super) fn transfer(&mut self) {
        let back = self.former_group.filter(|_| self.dice.chance(0.6));
        let sideways = self.state.group.filter(|group| *group < 2).map(|group| 1 - group);
        match back.or(sideways) {
            Some(group) => self.hand_over(group),
            None => self.note(),
        }
    }

    pub(super) fn hand_over(&mut self, group: u8) {
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

    pub(super) fn reassign(&mut self) {
        let group = self.state.group.unwrap_or(0);
        let agent = self.cast.agent_of(group, self.at, &mut self.dice);
        if self.state.assignee == Some(agent) {
            return self.note();
        }
        self.change(&[Change::Assignee(Some(agent))], false);
    }

    pub(super) fn raise_priority(&mut self, by_rule: bool) {
        match self.state.priority.map_or(Some(Priority::Normal), Priority::raised) {
            Some(priority) => self.change(&[Change::Priority(Some(priority))], by_rule),
            None => self.note(),
        }
    }

    pub(super) fn link_to_problem(&mut self) {
        let earlier = (0..self.birth.index).rev().take(200);
        let mut problems = earlier.filter(|index| is_problem(self.cast.seed, *index));
        match (self.state.kind, problems.next()) {
            (Some(Kind::Problem), _) | (_, None) => self.note(),
            (Some(Kind::Incident), problem) => self.change(&[Change::Problem(problem)], false),
            (_, problem) => {
                self.change(&[Change::Kind(Some(Kind::Incident)), Change::Problem(problem)], false);
            }
        }
    }

    pub(super) fn requester_adds(&mut self) {
        self.pass(3.0 * HOUR, false);
        let user = self.end_user();
        self.audit(user, Via::Mail, &[Change::Comment { public: true }]);
    }
}

//! What happens to a ticket that waits, or is over: pending, on hold, solved, merged, deleted.

use super::{HOUR, Life};
use crate::dice::mix;
use crate::world::cast::{CUSTOM_PENDING, DAY};
use crate::world::history::{Actor, Change, Status, Via};

impl Life<'_> {
    pub(super) fn merge(&mut self) {
        self.doom = None;
        self.pass(2.0 * HOUR, true);
        let agent = self.by_agent();
        let [status, custom] = Self::to(Status::Closed);
        let public = self.dice.chance(0.3);
        self.audit(agent, Via::Merge, &[Change::Comment { public }, Change::MergedTag, status, custom]);
    }

    pub(super) fn delete(&mut self) {
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

    pub(super) fn after_deletion(&mut self) {
        self.at += 30 * DAY + i64::from(self.dice.below(7200));
        self.audit(Actor::System, Via::Rule, &[Change::Scrubbed]);
        self.over = true;
    }

    pub(super) fn while_pending(&mut self) {
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

    pub(super) fn while_on_hold(&mut self) {
        if self.is_forgotten(0.02) {
            return;
        }
        self.pass(12.0 * HOUR, true);
        let agent = self.by_agent();
        let back = self.dice.chance(0.8);
        let [status, custom] = Self::to(if back { Status::Open } else { Status::Pending });
        self.audit(agent, Via::WebForm, &[Change::Comment { public: !back }, status, custom]);
    }

    /// Automations run once an hour, for all tickets within a few seconds.
    pub(super) fn at_hourly_run(&mut self, due: i64) {
        let hour = 3600;
        let spread = mix(self.cast.seed, u64::from(self.birth.index)) % 5;
        self.at = (due / hour + 1) * hour + spread as i64;
    }

    pub(super) fn while_solved(&mut self) {
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
            self.audit(Actor::System, Via::Rule, &[status]);
        }
    }
}

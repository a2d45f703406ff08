//! Metric events as a world keeps them: 24 bytes each, for a ticket has some sixty of them.

use super::cast::{Metric, Target};
use super::clocks::{Mark, Sign};

/// Id of the first metric event.
const FIRST_METRIC_EVENT: i64 = 45_000_000_000_001;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tag {
    Measure,
    Activate,
    Pause,
    Fulfill,
    Apply,
    TakeOff,
    Breach,
    UpdateStatus,
}

/// A metric event, in the order of writing. A breach that is taken back is written a second time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricEvent {
    pub(crate) written: u32,
    pub(crate) case: u32,
    /// Place among the first writings; makes the id.
    pub(crate) rank: u32,
    /// A target's seconds, a status's business minutes, a breach's time.
    first: u32,
    /// A target's policy and flag, a status's calendar minutes, when a breach was taken back.
    second: u32,
    pub(crate) instance: u16,
    pub(crate) metric: Metric,
    tag: Tag,
}

impl MetricEvent {
    pub(crate) fn new(case: u32, sign: &Sign) -> Self {
        let (tag, first, second) = match sign.mark {
            Mark::Measure => (Tag::Measure, 0, 0),
            Mark::Activate => (Tag::Activate, 0, 0),
            Mark::Pause => (Tag::Pause, 0, 0),
            Mark::Fulfill => (Tag::Fulfill, 0, 0),
            Mark::Apply(None) => (Tag::TakeOff, 0, 0),
            Mark::Apply(Some(target)) => {
                (Tag::Apply, target.secs, u32::from(target.policy) * 2 + u32::from(target.business_hours))
            }
            Mark::Breach => (Tag::Breach, sign.at as u32, sign.retracted_at.map_or(u32::MAX, |at| at as u32)),
            Mark::UpdateStatus { business, calendar } => (Tag::UpdateStatus, business, calendar),
        };
        let instance = if tag == Tag::Measure { 0 } else { sign.instance };
        Self { written: sign.at as u32, case, rank: 0, first, second, instance, metric: sign.metric, tag }
    }

    /// The second writing of a breach, when it was taken back.
    pub(crate) fn taken_back(&self) -> Option<Self> {
        (self.until() != u32::MAX).then_some(Self { written: self.second, second: u32::MAX, ..*self })
    }

    /// Orders first writings.
    pub(crate) fn key(&self) -> (u32, u32) {
        (self.written, self.case)
    }

    /// Orders all writings, as the export tells them.
    pub(crate) fn place(&self) -> (u32, u32) {
        (self.written, self.rank)
    }

    pub(crate) fn id(&self) -> i64 {
        FIRST_METRIC_EVENT + i64::from(self.rank)
    }

    /// When the event counts as having happened.
    pub(crate) fn time(&self) -> i64 {
        i64::from(if self.tag == Tag::Breach { self.first } else { self.written })
    }

    /// A breach that is written later than it happened is one that is taken back.
    pub(crate) fn deleted(&self) -> bool {
        self.tag == Tag::Breach && self.written != self.first
    }

    /// When the second writing hides this one.
    pub(crate) fn until(&self) -> u32 {
        if self.tag == Tag::Breach { self.second } else { u32::MAX }
    }

    pub(crate) fn mark(&self) -> Mark {
        match self.tag {
            Tag::Measure => Mark::Measure,
            Tag::Activate => Mark::Activate,
            Tag::Pause => Mark::Pause,
            Tag::Fulfill => Mark::Fulfill,
            Tag::TakeOff => Mark::Apply(None),
            Tag::Apply => Mark::Apply(Some(Target {
                policy: (self.second / 2) as u8,
                secs: self.first,
                business_hours: self.second % 2 == 1,
            })),
            Tag::Breach => Mark::Breach,
            Tag::UpdateStatus => Mark::UpdateStatus { business: self.first, calendar: self.second },
        }
    }
}

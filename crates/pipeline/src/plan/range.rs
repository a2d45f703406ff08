//! A number that is not known exactly.

use std::ops::Add;

use serde::Serialize;

/// An estimate and how far off it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Range {
    /// It should not be less.
    pub low: u64,
    /// The best guess.
    pub likely: u64,
    /// It should not be more.
    pub high: u64,
}

impl Range {
    /// A number that is known.
    pub(crate) const fn exactly(number: u64) -> Self {
        Self { low: number, likely: number, high: number }
    }

    /// A guess that may be off by this share of itself, and never lies below what was seen.
    pub(crate) fn around(likely: f64, share: f64, seen: u64) -> Self {
        let of = |number: f64| (number.max(0.0).round() as u64).max(seen);
        Self { low: of(likely * (1.0 - share)), likely: of(likely), high: of(likely * (1.0 + share)) }
    }

    /// Whether it is known.
    pub const fn is_exact(&self) -> bool {
        self.low == self.high
    }

    /// Each of the three numbers, changed.
    pub(crate) fn map(self, change: impl Fn(u64) -> u64) -> Self {
        Self { low: change(self.low), likely: change(self.likely), high: change(self.high) }
    }
}

impl Add for Range {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, likely: self.likely + other.likely, high: self.high + other.high }
    }
}

//! Axes whose labels are round numbers of the unit.

use crate::format::Unit;

/// Steps in minutes that people read without thinking.
const MINUTE_STEPS: [f64; 18] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 180.0, 360.0, 720.0, 1_440.0, 2_880.0, 7_200.0, 14_400.0,
    28_800.0, 43_200.0, 86_400.0,
];

/// An axis from zero to a round number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    /// Values that have a line and a label, the lowest first; the first is 0.
    pub(crate) ticks: Vec<f64>,
}

impl Axis {
    /// An axis that reaches at least `max`, with about `wanted` steps.
    pub(crate) fn new(max: f64, unit: Unit, wanted: usize) -> Self {
        let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
        let step = step(max / wanted.max(1) as f64, unit);
        let count = (max / step).ceil().clamp(1.0, 20.0) as usize;
        Self { ticks: (0..=count).map(|tick| tick as f64 * step).collect() }
    }

    /// The highest value of the axis.
    pub(crate) fn top(&self) -> f64 {
        self.ticks.last().copied().unwrap_or(1.0)
    }
}

fn step(least: f64, unit: Unit) -> f64 {
    match unit {
        Unit::Minutes => {
            MINUTE_STEPS.into_iter().find(|step| *step >= least).unwrap_or_else(|| decimal(least))
        }
        Unit::Count => decimal(least).max(1.0),
        Unit::Percent | Unit::Ratio => decimal(least),
    }
}

/// The next of 1, 2, 2.5, 5 times a power of ten.
fn decimal(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least * 0.999)
        .unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_in_the_unit() {
        assert_eq!(Axis::new(95.0, Unit::Minutes, 4).ticks, [0.0, 30.0, 60.0, 90.0, 120.0]);
        assert_eq!(Axis::new(3.0, Unit::Count, 4).ticks, [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(Axis::new(0.93, Unit::Percent, 4).ticks.len(), 5);
        assert_eq!(Axis::new(f64::NAN, Unit::Count, 4).ticks, [0.0, 1.0]);
    }
}

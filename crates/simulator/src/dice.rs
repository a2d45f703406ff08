//! A seeded source of chance (SplitMix64), kept here so that a seed means the same world for ever.

/// Chance that follows from a seed alone.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

/// Mixes several numbers into one; equal inputs give equal outputs on every machine.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(b | 1).wrapping_add(b);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Dice {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed, stream))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A fraction in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number in [0, n), 0 when n is 0.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u32
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A waiting time in whole seconds with this mean, at least 1 and at most twelve means.
    pub(crate) fn wait(&mut self, mean_secs: f64) -> i64 {
        let drawn = -mean_secs * (1.0 - self.unit()).ln();
        drawn.clamp(1.0, mean_secs * 12.0) as i64
    }

    /// One of the values, by weight; the last one when the weights do not add up.
    pub(crate) fn pick<T: Copy>(&mut self, weighted: &[(u32, T)], otherwise: T) -> T {
        let total = weighted.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(total);
        for (weight, value) in weighted {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        otherwise
    }
}

//! Seeded randomness for tests and intervals that draw samples.

/// How many samples are drawn, and from which seed: equal values draw equal
/// samples, on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// The number of samples. A p-value from `samples` of them is never below
    /// 1 / (samples + 1).
    pub samples: u32,
    /// The seed of [`SplitMix64`].
    pub seed: u64,
}

impl Default for Resampling {
    /// 9999 samples, so that a p-value can be 1 in 10,000, from the seed 0.
    fn default() -> Resampling {
        Resampling {
            samples: 9999,
            seed: 0,
        }
    }
}

/// The generator SplitMix64 (Steele, Lea and Flood 2014): 64 bits of state, a
/// period of 2⁶⁴. Good enough for simulation, useless against an adversary.
///
/// ```
/// let mut random = perfkit::stats::SplitMix64::new(1_234_567);
/// assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
/// ```
#[derive(Clone, Debug)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The generator that starts from the given seed; all seeds are good.
    #[must_use]
    pub fn new(seed: u64) -> SplitMix64 {
        SplitMix64 { state: seed }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, each with equal chance, by multiplication and
    /// rejection (Lemire 2019); 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let rejected = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            if product as u64 >= rejected {
                return (product >> 64) as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The numbers of `splitmix64.c` (Vigna 2015) from the state 1234567.
    #[test]
    fn the_bits_are_those_of_the_published_code() {
        let mut random = SplitMix64::new(1_234_567);
        for expected in [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ] {
            assert_eq!(random.next_u64(), expected);
        }
    }

    #[test]
    fn each_number_below_a_bound_has_an_equal_chance() {
        let mut random = SplitMix64::new(1);
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[random.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)));
    }

    proptest! {
        #[test]
        fn a_bound_is_kept(seed: u64, bound: u64) {
            let number = SplitMix64::new(seed).below(bound);
            prop_assert!(number < bound.max(1));
        }
    }
}

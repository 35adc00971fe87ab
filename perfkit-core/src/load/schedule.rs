//! When operations are due: a pure function of rates, seed and index.

use crate::load_run::{Arrivals, LoadShard, RatePhase};

/// The highest rate that is taken, in starts per second.
pub(super) const HIGHEST_RATE: f64 = 1e8;

/// An operation and when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Its number in the whole schedule, from 0, also where this is a share of it.
    pub(super) index: u64,
    /// In nanoseconds since the start.
    pub(super) at_ns: u64,
}

/// A phase, and how many starts and how much time are before it.
#[derive(Clone, Debug)]
struct Placed {
    phase: RatePhase,
    starts_before: f64,
    ns_before: u64,
}

impl Placed {
    fn seconds(&self) -> f64 {
        self.phase.duration_ns as f64 / 1e9
    }

    /// How many starts are in it.
    fn starts(&self) -> f64 {
        (self.phase.from + self.phase.to) / 2.0 * self.seconds()
    }

    /// When so many starts have been in it, in nanoseconds since the start of the first phase:
    /// the rate's integral, inverted.
    fn time_of(&self, starts: f64) -> u64 {
        let RatePhase { from, to, .. } = self.phase;
        let slope = (to - from) / self.seconds();
        let root = (from * from + 2.0 * slope * starts).max(0.0).sqrt();
        let seconds = match from + root {
            0.0 => 0.0,
            both => 2.0 * starts / both,
        };
        let ns = (seconds * 1e9).round();
        self.ns_before.saturating_add(ns as u64)
    }
}

/// The operations of a run in the order in which they are due.
///
/// The starts of a Poisson process whose rate changes are those of one with rate 1, on a clock
/// that runs at the rate: so arrivals and rates know nothing of each other.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    phases: Vec<Placed>,
    /// The phase of the next start.
    current: usize,
    arrivals: Arrivals,
    seed: u64,
    shard: Option<LoadShard>,
    index: u64,
    /// The next start on a clock that runs at the rate.
    position: f64,
    end_ns: u64,
}

impl Schedule {
    pub(super) fn new(
        phases: &[RatePhase],
        arrivals: Arrivals,
        seed: u64,
        shard: Option<LoadShard>,
    ) -> Self {
        let (mut starts_before, mut ns_before) = (0.0, 0_u64);
        let placed = phases.iter().map(|phase| {
            let rate = |rate: f64| match rate.is_nan() {
                true => 0.0,
                false => rate.clamp(0.0, HIGHEST_RATE),
            };
            let phase = RatePhase::new(rate(phase.from), rate(phase.to), phase.duration_ns);
            let placed = Placed {
                phase,
                starts_before,
                ns_before,
            };
            starts_before += placed.starts();
            ns_before = ns_before.saturating_add(phase.duration_ns);
            placed
        });
        let phases = placed.collect();
        let mut schedule = Self {
            phases,
            current: 0,
            arrivals,
            seed,
            shard,
            index: 0,
            position: 0.0,
            end_ns: ns_before,
        };
        if arrivals == Arrivals::Poisson {
            schedule.position = schedule.gap();
        }
        schedule
    }

    /// When it is over, in nanoseconds since the start.
    pub(super) fn end_ns(&self) -> u64 {
        self.end_ns
    }

    /// What lies before the start of the current index, on a clock that runs at the rate.
    fn gap(&self) -> f64 {
        match self.arrivals {
            Arrivals::Constant => 1.0,
            Arrivals::Poisson => -uniform(self.seed, self.index).ln(),
        }
    }

    /// The next start of the whole schedule.
    fn advance(&mut self) -> Option<Due> {
        loop {
            let placed = self.phases.get(self.current)?;
            let starts = self.position - placed.starts_before;
            if starts < placed.starts() {
                let due = Due {
                    index: self.index,
                    at_ns: placed.time_of(starts),
                };
                self.index += 1;
                self.position += self.gap();
                return Some(due);
            }
            self.current += 1;
        }
    }
}

impl Iterator for Schedule {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        loop {
            let due = self.advance()?;
            let is_held = self
                .shard
                .is_none_or(|shard| due.index % u64::from(shard.of) == u64::from(shard.number) - 1);
            if is_held {
                return Some(due);
            }
        }
    }
}

/// A number above 0 and at most 1 that a seed and an index always give: SplitMix64, of which
/// any place can be asked.
fn uniform(seed: u64, index: u64) -> f64 {
    let mut bits = index
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(seed.wrapping_mul(0xD1B5_4A32_D192_ED03));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn schedule(phases: &[(f64, f64, u64)], arrivals: Arrivals, seed: u64) -> Schedule {
        let phases: Vec<RatePhase> = phases
            .iter()
            .map(|&(from, to, seconds)| RatePhase::new(from, to, seconds * SECOND))
            .collect();
        Schedule::new(&phases, arrivals, seed, None)
    }

    #[test]
    fn a_constant_rate_has_equal_gaps_from_the_first_moment_on() {
        let times: Vec<u64> = schedule(&[(4.0, 4.0, 1)], Arrivals::Constant, 0)
            .map(|due| due.at_ns)
            .collect();
        assert_eq!(times, [0, SECOND / 4, SECOND / 2, SECOND / 4 * 3]);
    }

    #[test]
    fn steps_and_ramps_have_as_many_starts_as_their_rate_says() {
        let steps = schedule(&[(10.0, 10.0, 2), (100.0, 100.0, 3)], Arrivals::Constant, 0);
        let times: Vec<u64> = steps.map(|due| due.at_ns).collect();
        assert_eq!(times.len(), 320);
        assert_eq!(times.iter().filter(|at| **at < 2 * SECOND).count(), 20);
        let ramp = schedule(&[(0.0, 1000.0, 10)], Arrivals::Constant, 0);
        let times: Vec<u64> = ramp.map(|due| due.at_ns).collect();
        assert_eq!(times.len(), 5000);
        // A quarter of the starts is in the first half.
        assert_eq!(times.iter().filter(|at| **at < 5 * SECOND).count(), 1250);
        let down = schedule(&[(1000.0, 0.0, 10)], Arrivals::Constant, 0);
        let in_first_half = down.filter(|due| due.at_ns < 5 * SECOND).count();
        assert_eq!(in_first_half, 3750);
    }

    #[test]
    fn gaps_of_a_poisson_process_are_exponential() {
        let times: Vec<u64> = schedule(&[(10_000.0, 10_000.0, 20)], Arrivals::Poisson, 7)
            .map(|due| due.at_ns)
            .collect();
        // Its count has a standard deviation of 447.
        assert!((198_000..202_000).contains(&times.len()), "{}", times.len());
        let gaps = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64);
        let mut gaps: Vec<f64> = gaps.collect();
        gaps.sort_unstable_by(f64::total_cmp);
        // Quantiles of the exponential distribution with a mean of 100 µs.
        for q in [0.1, 0.5, 0.9, 0.99] {
            let found = gaps[(q * gaps.len() as f64) as usize];
            let expected = -1e5 * f64::ln(1.0 - q);
            assert!((found / expected - 1.0).abs() < 0.03, "{q}: {found}");
        }
    }

    #[test]
    fn what_is_no_rate_has_no_starts() {
        for rate in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            let none = schedule(&[(rate, rate, 10)], Arrivals::Constant, 0);
            assert_eq!(none.count(), 0, "{rate}");
        }
        let none = Schedule::new(&[], Arrivals::Poisson, 0, None);
        assert_eq!((none.end_ns(), none.count()), (0, 0));
        let empty = schedule(&[(5.0, 5.0, 0)], Arrivals::Constant, 0);
        assert_eq!(empty.count(), 0);
    }

    proptest! {
        #[test]
        fn shares_are_together_the_whole_exactly(
            of in 1_u32..20,
            seed in any::<u64>(),
            from in 0.0_f64..2000.0,
            to in 0.0_f64..2000.0,
            is_poisson in any::<bool>(),
        ) {
            let arrivals = if is_poisson { Arrivals::Poisson } else { Arrivals::Constant };
            let phases = [RatePhase::new(from, to, SECOND), RatePhase::new(to, to, SECOND / 2)];
            let whole: Vec<Due> = Schedule::new(&phases, arrivals, seed, None).collect();
            let shares = (1..=of).flat_map(|number| {
                Schedule::new(&phases, arrivals, seed, LoadShard::new(number, of))
            });
            let mut together: Vec<Due> = shares.collect();
            together.sort_unstable_by_key(|due| due.index);
            prop_assert_eq!(&together, &whole);
            let in_order = whole.windows(2).all(|pair| pair[0].at_ns <= pair[1].at_ns);
            prop_assert!(in_order);
            prop_assert!(whole.iter().all(|due| due.at_ns <= SECOND / 2 * 3));
        }
    }
}

//! How much is done for a verdict: looks at the numbers, rounds and time.

use std::time::Duration;

use super::comparison::Rules;

/// How many rounds after the first look the further ones are, but for the last. They
/// lie far apart, because each costs a share of the error, and a few rounds more
/// decide little.
const LATER_LOOKS: [u64; 2] = [27, 77];

/// How long a contest usually goes on for each of its contestants, until the last
/// look: with what is done before and after, a second.
const TIME_EACH: Duration = Duration::from_millis(950);

/// As many stretches as slow functions have in a contest, however long they take; but
/// at most a minute, as for all to come to the first look.
const STRETCHES: u32 = 160;
const LONGEST: Duration = Duration::from_secs(60);

/// The most rounds, however short they are: all that was measured is kept.
const MOST_ROUNDS: u64 = 2000;

/// How much is done for a verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Effort {
    /// Decides orders and placements.
    pub seed: u64,
    /// How sure verdicts must be, all looks together.
    pub rules: Rules,
    /// How many comparisons there are in all contests: the error is shared among
    /// them.
    pub comparisons: usize,
    /// How often the numbers are looked at, at most, from 1 to 4: the error is
    /// shared among the looks too. The fourth is when the time is up; with fewer, it
    /// ends at the last of them.
    pub looks: u64,
    /// No further round begins after this time, even where that leaves too few for a
    /// verdict. `None` is about a second for each contestant; for slow functions it is
    /// the time of 160 stretches, and until the first look as long as that takes, these two
    /// for a minute at most.
    pub time: Option<Duration>,
}

impl Effort {
    /// Four looks, within the usual time.
    #[must_use]
    pub fn new(seed: u64, rules: Rules, comparisons: usize) -> Self {
        Self {
            seed,
            rules,
            comparisons,
            looks: 4,
            time: None,
        }
    }

    /// The rules at one look for so many of all comparisons.
    #[must_use]
    pub fn rules_at_a_look(&self, comparisons: usize) -> Rules {
        let all = self.comparisons.max(comparisons);
        let each = self.rules.with_share(comparisons, all);
        each.for_each_of(self.looks_at_most())
    }

    /// The rounds after which the numbers are looked at before the time is up. The
    /// first is as early as so few rounds can decide.
    pub(super) fn early_looks(&self) -> Vec<u64> {
        let first = self.rules_at_a_look(1).fewest_pairs();
        let later = LATER_LOOKS.iter().map(|rounds| first + rounds);
        let looks = std::iter::once(first).chain(later);
        looks.take(self.looks_at_most()).collect()
    }

    /// After how many rounds it ends, if the time is not up before.
    pub(super) fn most_rounds(&self) -> u64 {
        let early = self.early_looks();
        if early.len() < self.looks_at_most() {
            return MOST_ROUNDS;
        }
        early.last().copied().unwrap_or(1)
    }

    /// How long a contest of so many goes on that has done these rounds, where
    /// stretches are expected to take so long.
    pub(super) fn time_for(
        &self,
        contestants: usize,
        stretches: &[Duration],
        rounds: u64,
    ) -> Duration {
        let of_all = TIME_EACH * contestants.max(1) as u32;
        let of_stretches = STRETCHES * stretches.iter().sum::<Duration>();
        let longest = LONGEST.max(of_all);
        let usual = if rounds < self.early_looks().first().copied().unwrap_or(0) {
            longest
        } else {
            of_all.max(of_stretches).min(longest)
        };
        self.time.unwrap_or(usual)
    }

    pub(super) fn looks_at_most(&self) -> usize {
        let most = LATER_LOOKS.len() as u64 + 2;
        self.looks.clamp(1, most) as usize
    }
}

/// How many rounds there will be in a time, from those in the time that has passed.
pub(super) fn planned(rounds: u64, elapsed: Duration, time: Duration) -> u64 {
    let times_as_long = time.as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
    let all = (rounds as f64 * times_as_long) as u64;
    all.min(MOST_ROUNDS).max(rounds + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rounds_that_are_planned_are_those_that_the_time_is_enough_for() {
        let seconds = Duration::from_secs;
        assert_eq!(planned(0, seconds(0), seconds(2)), 1);
        assert_eq!(planned(50, seconds(1), seconds(2)), 100);
        assert_eq!(planned(50, seconds(3), seconds(2)), 51);
        assert_eq!(planned(50, seconds(0), seconds(2)), MOST_ROUNDS);
    }
}

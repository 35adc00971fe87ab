//! Which rate is tried next: a pure function of what earlier ones came to.

use crate::report::{CapacityEnd, TrialOutcome};

/// The most trials, whatever they come to.
const MOST_TRIALS: usize = 40;

/// A rate is as low as this share of the first before it is said that none keeps the limits.
const LOWEST_SHARE: f64 = 1.0 / 1024.0;

/// A search for the highest rate that keeps limits: it doubles the rate until one does not,
/// halves the way between, and tries both ends once more when they are close. What a rate came
/// to last counts.
#[derive(Clone, Debug)]
pub(super) struct Search {
    first: f64,
    highest: f64,
    /// How far apart both ends may be, as a share of the lower one.
    precision: f64,
    trials: Vec<(f64, TrialOutcome)>,
}

impl Search {
    pub(super) fn new(first: f64, highest: f64, precision: f64) -> Self {
        let positive = |number: f64| {
            if number > 0.0 && number.is_finite() {
                number
            } else {
                1.0
            }
        };
        let highest = positive(highest);
        Self {
            first: positive(first).min(highest),
            highest,
            precision: precision.clamp(0.001, 1.0),
            trials: Vec::new(),
        }
    }

    pub(super) fn tell(&mut self, rate: f64, outcome: TrialOutcome) {
        self.trials.push((rate, outcome));
    }

    /// How often a rate was tried.
    pub(super) fn tries(&self, rate: f64) -> usize {
        self.trials
            .iter()
            .filter(|(tried, _)| *tried == rate)
            .count()
    }

    fn last_outcome(&self, rate: f64) -> Option<TrialOutcome> {
        let mut trials = self.trials.iter().rev();
        trials
            .find(|(tried, _)| *tried == rate)
            .map(|(_, outcome)| *outcome)
    }

    /// The rates whose last trial says that.
    fn rates(&self, is_it: impl Fn(TrialOutcome) -> bool) -> impl Iterator<Item = f64> {
        let rates = self.trials.iter().map(|(rate, _)| *rate);
        rates.filter(move |rate| self.last_outcome(*rate).is_some_and(&is_it))
    }

    /// The lowest rate that does not keep the limits. Where the calls were too few to say, and
    /// no lower rate had enough, it was too low a rate, and none too high.
    pub(super) fn high(&self) -> Option<f64> {
        let lowest_kept = self
            .rates(|o| o == TrialOutcome::Kept)
            .min_by(f64::total_cmp);
        let has_kept_below = |rate: f64| lowest_kept.is_some_and(|kept| kept < rate);
        let unsure = self.rates(|o| o == TrialOutcome::TooFewCalls);
        let unsure = unsure.filter(|rate| has_kept_below(*rate));
        let not_kept = self.rates(|o| !matches!(o, TrialOutcome::Kept | TrialOutcome::TooFewCalls));
        not_kept.chain(unsure).min_by(f64::total_cmp)
    }

    /// The highest rate that keeps them, below that.
    pub(super) fn low(&self) -> Option<f64> {
        let high = self.high().unwrap_or(f64::INFINITY);
        let kept = self.rates(|o| o == TrialOutcome::Kept);
        kept.filter(|rate| *rate < high).max_by(f64::total_cmp)
    }

    /// The highest rate at which the calls were too few to say.
    fn too_low(&self) -> Option<f64> {
        let unsure = self.rates(|o| o == TrialOutcome::TooFewCalls);
        unsure.max_by(f64::total_cmp)
    }

    /// The rate to try next; `None` when it is known.
    pub(super) fn next(&self) -> Option<f64> {
        if self.trials.len() >= MOST_TRIALS {
            return None;
        }
        let twice = |rate: f64| (rate * 2.0).min(self.highest);
        match (self.low(), self.high()) {
            (None, None) => match self.too_low() {
                None => Some(self.first),
                Some(rate) => (rate < self.highest).then(|| twice(rate)),
            },
            (Some(low), None) if low < self.highest => Some(twice(low)),
            (Some(low), None) => (self.tries(low) < 2).then_some(low),
            (None, Some(high)) => {
                let lower = high / 2.0;
                let is_known = self.too_low().is_some_and(|rate| lower <= rate);
                (lower >= self.first * LOWEST_SHARE && !is_known).then_some(lower)
            }
            (Some(low), Some(high)) if high > low * (1.0 + self.precision) => {
                Some((low * high).sqrt())
            }
            (Some(low), Some(high)) => [low, high].into_iter().find(|rate| self.tries(*rate) < 2),
        }
    }

    /// What the higher end is.
    pub(super) fn ends_by(&self, is_interrupted: bool) -> CapacityEnd {
        let high = self.high().and_then(|rate| self.last_outcome(rate));
        match high {
            _ if is_interrupted => CapacityEnd::Interrupted,
            None if self.low().is_none() => CapacityEnd::TooFewCalls,
            None => CapacityEnd::HighestRate,
            Some(TrialOutcome::GeneratorUnfit) => CapacityEnd::Generator,
            Some(TrialOutcome::TooFewCalls) => CapacityEnd::TooFewCalls,
            Some(TrialOutcome::Broken | TrialOutcome::Kept) => CapacityEnd::Limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Searches, where a rate that is tried for the n-th time comes to this.
    fn search(highest: f64, comes_to: impl Fn(f64, usize) -> TrialOutcome) -> Search {
        let mut search = Search::new(100.0, highest, 0.05);
        while let Some(rate) = search.next() {
            let outcome = comes_to(rate, search.tries(rate));
            search.tell(rate, outcome);
        }
        search
    }

    fn up_to(capacity: f64) -> impl Fn(f64, usize) -> TrialOutcome {
        move |rate, _| match rate <= capacity {
            true => TrialOutcome::Kept,
            false => TrialOutcome::Broken,
        }
    }

    proptest! {
        #[test]
        fn the_capacity_is_between_both_ends_which_are_tried_twice(capacity in 0.2_f64..90_000.0) {
            let found = search(100_000.0, up_to(capacity));
            let (low, high) = (found.low().unwrap(), found.high().unwrap());
            prop_assert!(low <= capacity && capacity < high, "{} {} {}", low, capacity, high);
            prop_assert!(high <= low * 1.0501);
            prop_assert!(found.tries(low) >= 2 && found.tries(high) >= 2);
            prop_assert_eq!(found.ends_by(false), CapacityEnd::Limit);
            prop_assert!(found.trials.len() < 30, "{} trials", found.trials.len());
        }

        #[test]
        fn every_search_ends(outcomes in prop::collection::vec(0_u8..4, 41)) {
            let mut search = Search::new(100.0, 1e6, 0.05);
            for outcome in outcomes {
                let Some(rate) = search.next() else { break };
                search.tell(rate, match outcome {
                    0 | 1 => TrialOutcome::Kept,
                    2 => TrialOutcome::Broken,
                    _ => TrialOutcome::GeneratorUnfit,
                });
            }
            prop_assert_eq!(search.next(), None);
        }
    }

    #[test]
    fn the_ends_of_what_can_be_tried_are_told() {
        let all = search(5000.0, up_to(f64::INFINITY));
        assert_eq!((all.low(), all.high()), (Some(5000.0), None));
        assert_eq!(all.ends_by(false), CapacityEnd::HighestRate);
        let none = search(5000.0, up_to(0.0));
        assert_eq!(none.low(), None);
        assert_eq!(none.ends_by(false), CapacityEnd::Limit);
        let unfit = search(5000.0, |rate, _| match rate < 1000.0 {
            true => TrialOutcome::Kept,
            false => TrialOutcome::GeneratorUnfit,
        });
        assert_eq!(unfit.ends_by(false), CapacityEnd::Generator);
        assert_eq!(unfit.ends_by(true), CapacityEnd::Interrupted);
    }

    /// A rate at which too few calls are made is no end: higher ones have more.
    #[test]
    fn too_few_calls_ask_for_a_higher_rate() {
        let found = search(100_000.0, |rate, _| match rate {
            rate if rate < 300.0 => TrialOutcome::TooFewCalls,
            rate if rate <= 5000.0 => TrialOutcome::Kept,
            _ => TrialOutcome::Broken,
        });
        assert!(
            (4700.0..=5000.0).contains(&found.low().unwrap()),
            "{found:?}"
        );
        assert_eq!(found.ends_by(false), CapacityEnd::Limit);
        let never = search(1000.0, |_, _| TrialOutcome::TooFewCalls);
        assert_eq!((never.low(), never.high()), (None, None));
        assert_eq!(never.ends_by(false), CapacityEnd::TooFewCalls);
        assert_eq!(never.trials.len(), 5);
        // What breaks the limits leaves nothing between.
        let broken = search(1000.0, |rate, _| match rate > 150.0 {
            true => TrialOutcome::Broken,
            false => TrialOutcome::TooFewCalls,
        });
        assert_eq!((broken.low(), broken.high()), (None, Some(200.0)));
        assert_eq!(broken.trials.len(), 2);
    }

    /// A rate that kept the limits by luck does not when it is tried once more.
    #[test]
    fn luck_is_not_confirmed() {
        let found = search(100_000.0, |rate, tries| match rate <= 1000.0 {
            true => TrialOutcome::Kept,
            false if rate <= 1050.0 && tries == 0 => TrialOutcome::Kept,
            false => TrialOutcome::Broken,
        });
        assert!(found.low().unwrap() <= 1000.0, "{found:?}");
    }
}

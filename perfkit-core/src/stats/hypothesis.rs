//! What tests of a hypothesis have in common.

use super::special::normal_tail;

/// What is held against the hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// The true value differs from the supposed one, either way.
    TwoSided,
    /// The true value is greater; the hypothesis is that it is at most the
    /// supposed one.
    Greater,
    /// The true value is less; the hypothesis is that it is at least the
    /// supposed one.
    Less,
}

/// The outcome of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestOutcome {
    /// The statistic of the test, as its function defines it.
    pub statistic: f64,
    /// The probability, if the hypothesis were true, of a statistic at least as
    /// far on the side of the alternative.
    pub p_value: f64,
    /// Whether the probability comes from the distribution of the statistic
    /// itself, not from an approximation or a sample of it.
    pub is_exact: bool,
}

impl Alternative {
    /// The p-value from the chances of a statistic at most and at least as great
    /// as the one seen. Two-sided it is twice the lesser, as in R.
    pub(super) fn p_value(self, at_most: f64, at_least: f64) -> f64 {
        let p = match self {
            Alternative::TwoSided => 2.0 * at_most.min(at_least),
            Alternative::Greater => at_least,
            Alternative::Less => at_most,
        };
        p.clamp(0.0, 1.0)
    }

    /// The p-value of the k-th of a statistic's possible values, whose chances
    /// are given in ascending order of the values.
    pub(super) fn exact_p_value(self, chances: &[f64], k: usize) -> f64 {
        let at_most = chances.iter().take(k + 1).sum();
        let at_least = chances.iter().skip(k).sum();
        self.p_value(at_most, at_least)
    }

    /// The p-value of a statistic that is nearly normal and moves in steps of
    /// twice the `correction`.
    pub(super) fn normal_p_value(self, from_mean: f64, std_dev: f64, correction: f64) -> f64 {
        let at_most = normal_tail(-(from_mean + correction) / std_dev);
        let at_least = normal_tail((from_mean - correction) / std_dev);
        self.p_value(at_most, at_least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sides_of_a_symmetric_statistic_mirror_each_other() {
        let chances = [0.125, 0.375, 0.375, 0.125];
        let p = |alternative: Alternative, k| alternative.exact_p_value(&chances, k);
        assert_eq!(p(Alternative::Greater, 3), 0.125);
        assert_eq!(p(Alternative::Less, 3), 1.0);
        assert_eq!(p(Alternative::TwoSided, 3), 0.25);
        assert_eq!(p(Alternative::TwoSided, 1), 1.0);
        assert_eq!(Alternative::TwoSided.normal_p_value(0.0, 1.0, 0.5), 1.0);
    }
}

//! How sure a verdict must be, and what counts as the same.

use crate::metric::Metric;

/// How sure a verdict must be, and what counts as the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VerdictRules {
    /// The two-sided confidence level, in (0, 1), of the intervals that verdicts are read
    /// from. At 0.999 one in a thousand comparisons of a command with itself may claim a
    /// difference.
    pub confidence: f64,
    /// The half-width δ of the zone of indifference, as a share: byte-identical copies of
    /// a program differ persistently by up to 0.45 %.
    pub indifference: f64,
    /// The two-sided confidence level of the interval that has to lie within the zone for
    /// things to be called the same, if it is below `confidence`. That verdict accuses
    /// nobody, so that neither many comparisons nor many analyses make it more demanding.
    pub same_confidence: f64,
}

impl Default for VerdictRules {
    fn default() -> Self {
        Self {
            confidence: 0.999,
            indifference: 0.005,
            same_confidence: 0.99,
        }
    }
}

impl VerdictRules {
    /// The usual rules for saved sessions: by how much sessions differ is not known well
    /// enough for more than 99 %.
    #[must_use]
    pub fn of_sessions() -> Self {
        Self {
            confidence: 0.99,
            ..Self::default()
        }
    }

    /// The rules with this share of the error, where several analyses or comparisons
    /// share it: together they err no more often than one would (Bonferroni).
    #[must_use]
    pub fn with_error_share(self, share: f64) -> Self {
        Self {
            confidence: 1.0 - (1.0 - self.confidence) * share,
            ..self
        }
    }

    /// The rules for each of several that share the error equally.
    #[must_use]
    pub fn for_each_of(self, count: usize) -> Self {
        self.with_error_share(1.0 / count.max(1) as f64)
    }

    /// The rules for a metric: memory comes in pages and regions, so that a difference
    /// below 5 % says little.
    pub(super) fn of_metric(self, metric: &Metric) -> Self {
        let floor = if *metric == Metric::PEAK_MEMORY {
            0.05
        } else {
            0.0
        };
        self.with_indifference(floor)
    }

    /// The rules with a zone of indifference that is at least so wide.
    pub(super) fn with_indifference(self, least: f64) -> Self {
        Self {
            indifference: self.indifference.max(least),
            ..self
        }
    }

    /// The fewest pairs of values that can be this sure. Of n pairs, all 2ⁿ patterns of
    /// signs are equally likely where there is no difference; the two extreme ones are
    /// what lies outside the widest interval, so that its error is 2¹⁻ⁿ.
    #[must_use]
    pub fn fewest_pairs(&self) -> u64 {
        let error = (1.0 - self.confidence).max(f64::MIN_POSITIVE);
        (1.0 - error.log2()).ceil().max(1.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_comparisons_share_the_chance_of_an_error() {
        let rules = VerdictRules::default().for_each_of(10);
        assert!((rules.confidence - 0.9999).abs() < 1e-12);
        assert_eq!(
            VerdictRules::default().for_each_of(1),
            VerdictRules::default()
        );
    }
}

//! What an interval says.
//!
//! The whole interval decides, and the zone of indifference is part of the hypothesis that
//! is tested: *slower* rejects "at most δ slower", *faster* rejects "at most δ faster", and
//! *same* rejects both "more than δ slower" and "more than δ faster" (two one-sided tests,
//! Schuirmann 1987). To test for any difference and then to drop small ones would err far
//! more often.

use std::cmp::Ordering;

use crate::metric::Direction;
use crate::report::{ExactValues, Ratio, Verdict};

/// What an interval says of a metric that is better when lower: that it lies beyond the
/// zone of indifference on one side, within it, or neither.
///
/// The zone reaches from 1/(1 + δ) to 1 + δ, which is symmetric for logarithms.
#[must_use]
pub fn verdict(ratio: Option<&Ratio>, indifference: f64) -> Verdict {
    let Some(ratio) = ratio else {
        return Verdict::Inconclusive;
    };
    let (lowest_same, highest_same) = (1.0 / (1.0 + indifference), 1.0 + indifference);
    if ratio.low > highest_same {
        Verdict::Slower
    } else if ratio.high < lowest_same {
        Verdict::Faster
    } else if ratio.low >= lowest_same && ratio.high <= highest_same {
        Verdict::Same
    } else {
        Verdict::Inconclusive
    }
}

/// The same for a metric of which values in this direction are better.
pub(super) fn verdict_of(
    ratio: Option<&Ratio>,
    indifference: f64,
    direction: Direction,
) -> Verdict {
    in_direction(verdict(ratio, indifference), direction)
}

/// The verdict on values that never vary and of which no ratio can be taken.
pub(super) fn verdict_of_values(values: ExactValues, direction: Direction) -> Verdict {
    let if_lower_is_better = match values.candidate.total_cmp(&values.baseline) {
        Ordering::Less => Verdict::Faster,
        Ordering::Equal => Verdict::Same,
        Ordering::Greater => Verdict::Slower,
    };
    in_direction(if_lower_is_better, direction)
}

/// A verdict on a metric that is better when lower, for one of this direction.
fn in_direction(verdict: Verdict, direction: Direction) -> Verdict {
    match (verdict, direction) {
        (Verdict::Faster, Direction::HigherIsBetter) => Verdict::Slower,
        (Verdict::Slower, Direction::HigherIsBetter) => Verdict::Faster,
        (Verdict::Faster | Verdict::Slower, Direction::Unknown) => Verdict::Inconclusive,
        (verdict, _) => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_symmetric_on_the_log_scale() {
        let ratio = |low: f64, high: f64| Ratio {
            estimate: (low * high).sqrt(),
            low,
            high,
            confidence: 0.95,
        };
        let judge = |low, high| verdict(Some(&ratio(low, high)), 0.25);
        assert_eq!(judge(0.8, 1.25), Verdict::Same);
        assert_eq!(judge(1.26, 1.5), Verdict::Slower);
        assert_eq!(judge(0.5, 0.79), Verdict::Faster);
        assert_eq!(judge(0.79, 1.0), Verdict::Inconclusive);
        assert_eq!(verdict(None, 0.25), Verdict::Inconclusive);
    }
}

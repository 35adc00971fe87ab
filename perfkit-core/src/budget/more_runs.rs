//! How many runs more would decide what is undecided.
//!
//! Estimates by how intervals shrink with the square root of the number of values; where
//! that would be more than a hundred times as many, no number is told.

use crate::report::Ratio;
use crate::stats;

/// So many times as many values, at most, are proposed.
const MOST_TIMES: f64 = 100.0;

/// The most calls that are proposed.
const MOST_CALLS: u64 = 1_000_000_000;

/// Pairs of runs until the interval of a worsening lies on one side of what is tolerated.
#[must_use]
pub fn more_pairs(ratio: &Ratio, tolerated: f64, pairs: u64) -> Option<u64> {
    let limit = 1.0 + tolerated;
    let end = if ratio.estimate > limit {
        ratio.low
    } else {
        ratio.high
    };
    let half_width = (ratio.estimate / end).ln().abs();
    let distance = (ratio.estimate / limit).ln().abs();
    more(half_width, distance, pairs)
}

/// Values until an end of a range lies on the value's side of a limit.
pub(super) fn more_values(value: f64, end: f64, limit: f64, count: u64) -> Option<u64> {
    more((value - end).abs(), (value - limit).abs(), count)
}

/// Calls until the upper bound of a high percentile exists at all.
pub(super) fn more_for_quantile(quantile: f64, confidence: f64, count: u64) -> Option<u64> {
    let is_bounded = |n: u64| stats::quantile_bounds(quantile, n, confidence).1.is_some();
    smallest(count, is_bounded)
}

/// Calls until the range of a share, were it to stay as it is, lies on one side of a limit.
pub(super) fn more_for_share(
    (some, all): (u64, u64),
    confidence: f64,
    is_decided: impl Fn((f64, f64)) -> bool,
) -> Option<u64> {
    let share = some as f64 / all as f64;
    smallest(all, |n| {
        let some = if some == all {
            n
        } else {
            (share * n as f64).round() as u64
        };
        is_decided(stats::proportion_bounds(some, n, confidence))
    })
}

fn more(half_width: f64, distance: f64, count: u64) -> Option<u64> {
    let times = (half_width / distance).powi(2);
    let is_reasonable = times > 1.0 && times <= MOST_TIMES;
    let more = ((times - 1.0) * count as f64).ceil();
    (is_reasonable && count > 0).then_some(more as u64)
}

/// How many more than `count` there have to be; found by doubling and then by halves.
fn smallest(count: u64, is_enough: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = count.max(1);
    while !is_enough(high) {
        high = high.checked_mul(2).filter(|high| *high <= MOST_CALLS)?;
    }
    let mut low = count.max(high / 2);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high - count).filter(|more| *more > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(estimate: f64, low: f64, high: f64) -> Ratio {
        Ratio {
            estimate,
            low,
            high,
            confidence: 0.99,
        }
    }

    /// An interval of half the width takes four times the pairs.
    #[test]
    fn pairs_grow_with_the_square_of_what_is_too_wide() {
        let undecided = ratio(1.02, 0.98, 1.06);
        let more = more_pairs(&undecided, 0.0395, 20).unwrap();
        assert!((56..=66).contains(&more), "{more}");
        assert_eq!(more_pairs(&ratio(1.03, 0.98, 1.08), 0.03, 20), None);
        assert_eq!(more_pairs(&undecided, 0.0395, 0), None);
    }

    /// 459 calls bound p99 at 99 %, 46,050 without a failure a success rate of 99.99 %.
    #[test]
    fn calls_are_those_that_the_binomial_distribution_needs() {
        assert_eq!(more_for_quantile(0.99, 0.99, 100), Some(359));
        assert_eq!(more_for_quantile(0.99, 0.99, 459), None);
        let more = more_for_share((1000, 1000), 0.99, |(low, _)| low >= 0.9999);
        assert_eq!(more, Some(45_050));
        let never = more_for_share((999, 1000), 0.99, |(low, _)| low >= 0.999);
        assert_eq!(never, None);
    }
}

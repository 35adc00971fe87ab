//! Bounds of percentiles and proportions from the binomial distribution.

use super::special::{beta_cdf, beta_quantile};

/// The ranks of the order statistics that bound a quantile from below and from
/// above, each with probability at least `confidence` (Conover 1999, section
/// 3.2). No shape of the distribution is assumed.
///
/// A side is `None` where the sample is too small for it: an upper bound of p99
/// at 0.95 needs 299 values. Ranks count from 1.
///
/// ```
/// let (_, upper) = perfkit::stats::quantile_bounds(0.99, 299, 0.95);
/// assert_eq!(upper, Some(299));
/// assert_eq!(perfkit::stats::quantile_bounds(0.99, 298, 0.95).1, None);
/// ```
#[must_use]
pub fn quantile_bounds(quantile: f64, n: u64, confidence: f64) -> (Option<u64>, Option<u64>) {
    if n == 0 || !(0.0..=1.0).contains(&quantile) {
        return (None, None);
    }
    // The number of values at or below the quantile is binomial (n, quantile),
    // and rank r lies at or below it when that number is at least r.
    let at_least = |rank: u64| beta_cdf(quantile, rank as f64, (n - rank) as f64 + 1.0);
    let lower = last_rank(n, |rank| at_least(rank) >= confidence);
    let below_upper = last_rank(n, |rank| 1.0 - at_least(rank) < confidence).unwrap_or(0);
    let upper = (below_upper < n).then_some(below_upper + 1);
    (lower, upper)
}

/// The largest rank in 1..=n for which a predicate that turns from true to
/// false as ranks grow still holds.
fn last_rank(n: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    (low > 0).then_some(low)
}

/// One-sided lower and upper bounds of a proportion, each at `confidence`
/// (Clopper and Pearson 1934). `(0, 1)` when there is nothing to judge by.
///
/// ```
/// // 29,956 calls without a failure bound the success rate by 99.99 % at 0.95.
/// let (low, _) = perfkit::stats::proportion_bounds(29_956, 29_956, 0.95);
/// assert!(low >= 0.9999);
/// ```
#[must_use]
pub fn proportion_bounds(successes: u64, n: u64, confidence: f64) -> (f64, f64) {
    let successes = successes.min(n);
    let (hits, misses) = (successes as f64, (n - successes) as f64);
    let low = if successes == 0 {
        0.0
    } else {
        beta_quantile(1.0 - confidence, hits, misses + 1.0)
    };
    let high = if successes == n {
        1.0
    } else {
        beta_quantile(confidence, hits + 1.0, misses)
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4.2.2: `binom.test(x, n, conf.level = 0.98)$conf.int`, whose sides are
    /// one-sided bounds at 0.99.
    #[test]
    fn proportion_bounds_agree_with_r() {
        let expected = [
            (8, 10, 0.388_257_141_162_426, 0.984_461_861_282_305),
            (999, 1000, 0.993_380_331_604_351, 0.999_989_949_714_651),
            (10, 10, 0.630_957_344_480_193, 1.0),
        ];
        for (successes, n, low, high) in expected {
            let bounds = proportion_bounds(successes, n, 0.99);
            assert!((bounds.0 - low).abs() < 1e-10, "{successes}/{n}");
            assert!((bounds.1 - high).abs() < 1e-10, "{successes}/{n}");
        }
        assert_eq!(proportion_bounds(0, 0, 0.99), (0.0, 1.0));
    }

    /// R 4.2.2: `qbinom(c(.025, .975), 100, .5)` is 40 and 60.
    #[test]
    fn the_median_of_100_values_lies_between_ranks_40_and_61() {
        assert_eq!(quantile_bounds(0.5, 100, 0.975), (Some(40), Some(61)));
    }

    #[test]
    fn a_small_sample_bounds_one_side_only() {
        assert_eq!(quantile_bounds(0.95, 10, 0.99), (Some(7), None));
        assert_eq!(quantile_bounds(0.5, 0, 0.99), (None, None));
    }

    #[test]
    fn a_billion_values_are_no_trouble() {
        let (low, high) = quantile_bounds(0.99, 1_000_000_000, 0.975);
        let half_width = 1.96 * (1e9_f64 * 0.99 * 0.01).sqrt();
        assert!((low.unwrap() as f64 - (0.99e9 - half_width)).abs() < 20.0);
        assert!((high.unwrap() as f64 - (0.99e9 + half_width)).abs() < 20.0);
    }
}

//! How far values lie from their middle, and which of them lie far out.

use super::middle::middle;
use super::percentile::{percentile, sorted};

/// Makes the median absolute deviation of a normal sample estimate its standard
/// deviation: 1 / Φ⁻¹(3/4), to the digits that R's `mad` uses.
const NORMAL_SCALE: f64 = 1.4826;

/// A value is out beyond this many interquartile ranges from the quartiles.
const MILD: f64 = 1.5;

/// And far out beyond this many.
const SEVERE: f64 = 3.0;

/// The median absolute deviation from the median (Hampel 1974), unscaled. Both
/// medians are the mean of the two values in the middle where their number is
/// even, as in R's `mad(x, constant = 1)`.
///
/// `None` when there is no value or one is not finite. O(n log n).
fn median_absolute_deviation(values: &[f64]) -> Option<f64> {
    let center = middle(&sorted(values)?)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - center).abs()).collect();
    middle(&sorted(&deviations)?)
}

/// The median absolute deviation times 1.4826, which estimates the standard
/// deviation of a normal sample and hardly moves with a few wild values.
///
/// `None` as for [`median_absolute_deviation`].
#[must_use]
pub(crate) fn robust_std_dev(values: &[f64]) -> Option<f64> {
    median_absolute_deviation(values)
        .map(|deviation| NORMAL_SCALE * deviation)
        .filter(|deviation| deviation.is_finite())
}

/// The lower and the upper quartile of values that are already sorted, by
/// nearest rank, as [`percentile`] has them. `None` when there is no value.
#[must_use]
pub(crate) fn quartiles<T: Copy>(sorted: &[T]) -> Option<(T, T)> {
    Some((percentile(sorted, 0.25)?, percentile(sorted, 0.75)?))
}

/// Tukey's fences (Tukey 1977): 1.5 and 3 interquartile ranges below the lower
/// and above the upper quartile. A value on a fence is within it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fences {
    /// The outer fence below: less is a severe outlier.
    pub(crate) low_severe: f64,
    /// The inner fence below: less is at least a mild outlier.
    pub(crate) low_mild: f64,
    /// The inner fence above: more is at least a mild outlier.
    pub(crate) high_mild: f64,
    /// The outer fence above: more is a severe outlier.
    pub(crate) high_severe: f64,
}

/// The fences of values that are already sorted, from their nearest-rank
/// quartiles.
///
/// `None` when there is no value, one is not finite or a fence would not be. O(n).
#[must_use]
pub(crate) fn fences(sorted: &[f64]) -> Option<Fences> {
    if sorted.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let (lower, upper) = quartiles(sorted)?;
    let range = upper - lower;
    let fences = Fences {
        low_severe: lower - SEVERE * range,
        low_mild: lower - MILD * range,
        high_mild: upper + MILD * range,
        high_severe: upper + SEVERE * range,
    };
    let is_finite = fences.low_severe.is_finite() && fences.high_severe.is_finite();
    is_finite.then_some(fences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(value: Option<f64>, expected: f64) {
        let value = value.unwrap();
        assert!(
            (value - expected).abs() < 1e-12,
            "{value} is not {expected}"
        );
    }

    /// R 4.2.2: `mad(x, constant = 1); mad(x)`.
    #[test]
    fn deviations_agree_with_r() {
        let x = [2.1, 3.7, 3.7, 4.0, 8.5, 9.9, 12.25];
        close(median_absolute_deviation(&x), 1.9);
        close(robust_std_dev(&x), 2.816_94);
        let x = [1.0, 2.0, 4.0, 8.0];
        close(median_absolute_deviation(&x), 1.5);
        close(robust_std_dev(&x), 2.2239);
    }

    #[test]
    fn odd_input_has_no_spread_or_none() {
        for values in [&[][..], &[f64::NAN], &[1.0, f64::INFINITY]] {
            assert_eq!(median_absolute_deviation(values), None);
            assert_eq!(robust_std_dev(values), None);
            assert_eq!(fences(values), None);
        }
        assert_eq!(fences(&[f64::MIN, f64::MIN, f64::MAX, f64::MAX]), None);
        assert_eq!(quartiles::<f64>(&[]), None);
        for values in [&[7.0][..], &[7.0; 6]] {
            assert_eq!(median_absolute_deviation(values), Some(0.0));
            assert_eq!(quartiles(values), Some((7.0, 7.0)));
        }
    }

    /// R 4.2.2: `quantile(x, c(.25, .75), type = 1)` is 4 and 8.
    #[test]
    fn fences_stand_at_so_many_ranges_from_the_quartiles() {
        let x = [-8.0, -2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 8.0, 14.0, 20.0];
        let expected = Fences {
            low_severe: -8.0,
            low_mild: -2.0,
            high_mild: 14.0,
            high_severe: 20.0,
        };
        assert_eq!(fences(&x), Some(expected));
    }

    proptest! {
        #[test]
        fn spread_is_the_same_on_both_sides(values in prop::collection::vec(-1e3_f64..1e3, 1..60)) {
            let negated: Vec<f64> = values.iter().map(|value| -value).collect();
            prop_assert!(median_absolute_deviation(&values) == median_absolute_deviation(&negated));
        }
    }
}

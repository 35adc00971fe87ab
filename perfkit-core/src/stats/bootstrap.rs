//! Intervals of any statistic, from samples of the sample.

use super::order::{interpolated, sorted};
use super::paired::Estimate;
use super::resample::{Resampling, SplitMix64};
use super::special::{normal_quantile, normal_tail};
use super::tail;

/// The bootstrap interval of a statistic, bias-corrected and accelerated (BCa,
/// Efron 1987), with the acceleration from the jackknife (Efron and Tibshirani
/// 1993, equation 14.15). The value is that of the statistic itself.
///
/// Bounds are quantiles of the statistic over resamples, interpolated by Hyndman
/// and Fan's definition 7; a resample whose statistic equals the value counts
/// for half in the correction of the bias. Where the correction is undefined
/// they are the plain quantiles (Efron 1979): all resamples lie on one side of
/// the value, the statistic has no value without one of the values, or leaving
/// one out never changes it.
///
/// `None` with fewer than two values or one that is not finite, where the
/// statistic has no finite value for the values or for a resample, and with
/// fewer resamples than let one lie in each tail: 40 at a confidence of 0.95,
/// and some thousands for a steady interval. Calls the statistic `samples` + n
/// times, with n and n − 1 values in no order.
///
/// ```
/// use perfkit::stats::{Resampling, bootstrap_interval, mean};
/// let values = [12.1, 11.8, 12.6, 12.0, 15.2, 11.9, 12.3, 12.2];
/// let interval = bootstrap_interval(&values, mean, 0.95, Resampling::default()).unwrap();
/// assert!(interval.low > 11.9 && interval.high < 14.0);
/// ```
#[must_use]
pub fn bootstrap_interval(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> Option<f64>,
    confidence: f64,
    resampling: Resampling,
) -> Option<Estimate> {
    let tail = tail(confidence);
    let enough = f64::from(resampling.samples) * tail >= 1.0;
    if values.len() < 2 || !enough || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let value = statistic(values).filter(|value| value.is_finite())?;
    let resampled = sorted(&resamples(values, &statistic, resampling)?)?;
    let (lower, upper) = acceleration(values, &statistic)
        .and_then(|acceleration| levels(bias(&resampled, value), acceleration, tail))
        .unwrap_or((tail, 1.0 - tail));
    Some(Estimate {
        value,
        low: interpolated(&resampled, lower)?,
        high: interpolated(&resampled, upper)?,
        confidence,
    })
}

/// The statistic of samples of equal size, drawn with replacement.
fn resamples(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> Option<f64>,
    resampling: Resampling,
) -> Option<Vec<f64>> {
    let mut random = SplitMix64::new(resampling.seed);
    let mut sample = vec![0.0; values.len()];
    let draws = (0..resampling.samples).map(|_| {
        for place in &mut sample {
            *place = values[random.below(values.len() as u64) as usize];
        }
        statistic(&sample)
    });
    draws.collect()
}

/// How far the value lies from the middle of the resamples, in standard
/// deviations of a normal distribution.
fn bias(resampled: &[f64], value: f64) -> f64 {
    let below = resampled.partition_point(|other| *other < value);
    let up_to = resampled.partition_point(|other| *other <= value);
    normal_quantile((below + up_to) as f64 / (2 * resampled.len()) as f64)
}

/// A sixth of the skewness of the jackknife's values, mirrored: how fast the
/// statistic's standard error changes with what it estimates.
fn acceleration(values: &[f64], statistic: impl Fn(&[f64]) -> Option<f64>) -> Option<f64> {
    let mut rest = values[1..].to_vec();
    let mut without = vec![statistic(&rest)?];
    for (index, value) in values[..values.len() - 1].iter().enumerate() {
        rest[index] = *value;
        without.push(statistic(&rest)?);
    }
    let mean = without.iter().sum::<f64>() / without.len() as f64;
    let power = |exponent| {
        let deviations = without.iter().map(|other| (mean - other).powi(exponent));
        deviations.sum::<f64>()
    };
    let acceleration = power(3) / (6.0 * power(2).powf(1.5));
    acceleration.is_finite().then_some(acceleration)
}

/// The levels of the quantiles that bound the interval; `None` where the
/// correction leaves the range of the formula.
fn levels(bias: f64, acceleration: f64, tail: f64) -> Option<(f64, f64)> {
    let level = |probability: f64| {
        let distance = bias + normal_quantile(probability);
        let stretch = 1.0 - acceleration * distance;
        (stretch > 0.0 && distance.is_finite()).then(|| normal_tail(-(bias + distance / stretch)))
    };
    Some((level(tail)?, level(1.0 - tail)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{mean, median_absolute_deviation, std_dev};
    use proptest::prelude::*;

    const Z: [f64; 12] = [0.4, 0.7, 1.1, 1.3, 1.9, 2.2, 3.1, 3.8, 5.6, 9.7, 0.2, 1.5];

    fn draws(samples: u32, seed: u64) -> Resampling {
        Resampling { samples, seed }
    }

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 0.06, "{value} is not {expected}");
    }

    /// SciPy 1.17.1: `bootstrap((z,), np.mean, n_resamples=200000)` and the same
    /// of `lambda x, axis: np.std(x, axis=axis, ddof=1)` at 0.9, `method='BCa'`.
    /// R's `boot.ci` has (1.54, 4.76) for the first.
    #[test]
    fn intervals_agree_with_scipy() {
        let at_95 = bootstrap_interval(&Z, mean, 0.95, draws(40_000, 1)).unwrap();
        assert_eq!(Some(at_95.value), mean(&Z));
        near(at_95.low, 1.55);
        near(at_95.high, 4.765);
        let at_90 = bootstrap_interval(&Z, std_dev, 0.9, draws(40_000, 1)).unwrap();
        near(at_90.low, 1.532);
        near(at_90.high, 4.181);
    }

    /// R 4.2.2: `l <- empinf(data = z, statistic = function(d, w) mean(d[w]),
    /// stype = "i", type = "jack"); sum(l^3) / (6 * sum(l^2)^1.5)` of package boot.
    #[test]
    fn the_acceleration_agrees_with_r() {
        let found = acceleration(&Z, mean).unwrap();
        assert!((found - 0.078_050_276_091_001_94).abs() < 1e-12, "{found}");
    }

    /// SciPy 1.17.1: `norm.cdf(b + (b + q) / (1 - a * (b + q)))` for `q =
    /// norm.ppf(tail)` and `q = norm.ppf(1 - tail)`.
    #[test]
    fn levels_agree_with_scipy() {
        #[rustfmt::skip]
        let expected = [
            (0.1, 0.078, 0.025, 0.063_715_246_903_769_13, 0.994_680_178_280_667_7),
            (-0.2, 0.03, 0.05, 0.025_701_274_500_690_114, 0.904_956_085_922_565_9),
        ];
        for (bias, acceleration, tail, low, high) in expected {
            let found = levels(bias, acceleration, tail).unwrap();
            assert!((found.0 - low).abs() < 1e-12, "{found:?}");
            assert!((found.1 - high).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(levels(0.0, 0.9, 0.025), None);
        assert_eq!(levels(f64::INFINITY, 0.0, 0.025), None);
    }

    /// SciPy 1.17.1: the mean of `z` with `method='percentile'`.
    #[test]
    fn plain_quantiles_are_left_without_a_correction() {
        let whole = |values: &[f64]| mean(values).filter(|_| values.len() == Z.len());
        let plain = bootstrap_interval(&Z, whole, 0.95, draws(40_000, 1)).unwrap();
        near(plain.low, 1.35);
        near(plain.high, 4.25);
        let equal = bootstrap_interval(&[0.1; 9], mean, 0.95, draws(100, 1)).unwrap();
        assert_eq!((equal.low, equal.high), (equal.value, equal.value));
    }

    #[test]
    fn odd_input_is_refused() {
        let refused = |values: &[f64], samples| {
            let interval = bootstrap_interval(values, mean, 0.95, draws(samples, 1));
            assert_eq!(interval, None);
        };
        refused(&[], 100);
        refused(&[1.0], 100);
        refused(&[1.0, f64::INFINITY, 2.0], 100);
        refused(&[1.0, f64::NAN], 100);
        refused(&Z, 39);
        assert_eq!(bootstrap_interval(&Z, mean, 1.0, draws(1000, 1)), None);
        let none = |_: &[f64]| None;
        assert_eq!(bootstrap_interval(&Z, none, 0.95, draws(100, 1)), None);
        let odd = |_: &[f64]| Some(f64::NAN);
        assert_eq!(bootstrap_interval(&Z, odd, 0.95, draws(100, 1)), None);
    }

    /// The mean of 20 values of the exponential distribution, which is 1.
    #[test]
    fn the_interval_covers_the_truth_about_as_often_as_it_says() {
        let mut random = SplitMix64::new(11);
        let mut exponential = || -((random.below(1 << 53) + 1) as f64 / (1_u64 << 53) as f64).ln();
        let mut hits = 0;
        for seed in 0..400 {
            let values: Vec<f64> = (0..20).map(|_| exponential()).collect();
            let interval = bootstrap_interval(&values, mean, 0.95, draws(400, seed)).unwrap();
            hits += u32::from(interval.low <= 1.0 && interval.high >= 1.0);
        }
        assert!((355..=392).contains(&hits), "{hits}");
    }

    proptest! {
        #[test]
        fn an_interval_is_in_order_and_within_the_values(
            values in prop::collection::vec(-1e3_f64..1e3, 2..12),
            seed: u64,
        ) {
            let interval = bootstrap_interval(&values, mean, 0.9, draws(60, seed)).unwrap();
            let ordered = sorted(&values).unwrap();
            prop_assert!(interval.low <= interval.high);
            prop_assert!(interval.low >= ordered[0] - 1e-9);
            prop_assert!(interval.high <= ordered[ordered.len() - 1] + 1e-9);
            let spread = median_absolute_deviation;
            prop_assert!(bootstrap_interval(&values, spread, 0.9, draws(60, seed)).is_some());
        }
    }
}

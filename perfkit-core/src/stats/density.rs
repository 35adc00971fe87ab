//! Kernel density estimates, for drawing a distribution.

use std::f64::consts::TAU;

use super::middle::interpolated;
use super::moments::std_dev;

/// Beyond so many bandwidths a Gaussian kernel is less than the rounding of the
/// density.
const REACH: f64 = 8.5;

/// The bandwidth of a Gaussian kernel by Silverman's rule of thumb:
/// 0.9 · min(s, IQR / 1.34) · n^(−1/5) (Silverman 1986, equation 3.31), with the
/// quartiles of Hyndman and Fan's definition 7, as R's `bw.nrd0` has it. Where
/// half of the values are equal, the standard deviation alone counts.
///
/// The values are sorted. `None` where they have no spread: with fewer than two
/// values, with equal ones, with one that is not finite.
#[must_use]
pub fn bandwidth(sorted: &[f64]) -> Option<f64> {
    let deviation = std_dev(sorted).filter(|deviation| *deviation > 0.0)?;
    let range = (interpolated(sorted, 0.75)? - interpolated(sorted, 0.25)?) / 1.34;
    let spread = if range > 0.0 {
        deviation.min(range)
    } else {
        deviation
    };
    let bandwidth = 0.9 * spread * (sorted.len() as f64).powf(-0.2);
    (bandwidth > 0.0).then_some(bandwidth)
}

/// The density at each of the given places: the mean of Gaussian kernels around
/// the values (Rosenblatt 1956, Parzen 1962), exact to rounding. It integrates
/// to 1 over all places.
///
/// The values are sorted and finite. `None` without a value or with a bandwidth
/// that is not a positive number.
///
/// ```
/// use perfkit::stats::density;
/// let peak = density(&[0.0], 1.0, &[0.0]).unwrap()[0];
/// assert!((peak - 0.398_942_280_401_432_7).abs() < 1e-15);
/// ```
#[must_use]
pub fn density(sorted: &[f64], bandwidth: f64, at: &[f64]) -> Option<Vec<f64>> {
    if sorted.is_empty() || !bandwidth.is_finite() || bandwidth <= 0.0 {
        return None;
    }
    let scale = 1.0 / (sorted.len() as f64 * bandwidth * TAU.sqrt());
    let near = |place: f64| {
        let first = sorted.partition_point(|value| *value < place - REACH * bandwidth);
        let end = sorted.partition_point(|value| *value <= place + REACH * bandwidth);
        &sorted[first.min(end)..end]
    };
    let kernel = |place: f64, value: f64| (-0.5 * ((place - value) / bandwidth).powi(2)).exp();
    let densities = at.iter().map(|&place| {
        let sum: f64 = near(place).iter().map(|&value| kernel(place, value)).sum();
        sum * scale
    });
    Some(densities.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4.2.2: `x <- sort(faithful$eruptions[seq(1, 272, by = 10)])`.
    #[rustfmt::skip]
    const ERUPTIONS: [f64; 28] = [
        1.8, 1.817, 1.833, 1.867, 1.867, 1.883, 1.917, 2.1, 2.2, 2.2, 2.2, 2.233, 2.383, 2.483, 2.617, 3.6, 4.033, 4.083, 4.133, 4.15, 4.233, 4.3, 4.35, 4.733, 4.767, 4.8, 4.8, 5.033,
    ];

    /// R 4.2.2: `h <- bw.nrd0(x); mean(dnorm(place, x, h))`.
    #[test]
    fn agrees_with_r() {
        let width = bandwidth(&ERUPTIONS).unwrap();
        assert!((width - 0.559_612_691_133_231_6).abs() < 1e-14, "{width}");
        let expected = [
            (1.5, 0.221_900_867_733_618_95),
            (2.0, 0.344_115_989_650_354_7),
            (3.0, 0.152_471_721_972_030_3),
            (4.25, 0.262_708_537_199_030_53),
            (6.0, 0.016_129_788_758_747_567),
        ];
        let places: Vec<f64> = expected.iter().map(|(place, _)| *place).collect();
        let found = density(&ERUPTIONS, width, &places).unwrap();
        for (found, (place, expected)) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found} at {place}");
        }
    }

    #[test]
    fn the_whole_is_one() {
        let width = bandwidth(&ERUPTIONS).unwrap();
        let places: Vec<f64> = (0..2000).map(|i| -5.0 + f64::from(i) * 0.01).collect();
        let whole: f64 = density(&ERUPTIONS, width, &places).unwrap().iter().sum();
        assert!((whole * 0.01 - 1.0).abs() < 1e-12, "{whole}");
    }

    #[test]
    fn odd_values_have_no_density_or_a_finite_one() {
        for values in [&[][..], &[1.0], &[7.0; 9], &[1.0, f64::INFINITY]] {
            assert_eq!(bandwidth(values), None);
        }
        assert_eq!(density(&[], 1.0, &[0.0]), None);
        assert_eq!(density(&[1.0], 0.0, &[0.0]), None);
        assert_eq!(density(&[1.0], f64::NAN, &[0.0]), None);
        // More than half are equal.
        assert!(bandwidth(&[1.0, 1.0, 1.0, 1.0, 1.0, 2.0]).is_some());
        let far = density(&[0.0, 1e300], 1e299, &[0.0, 1e300, f64::NAN]).unwrap();
        assert!(far.iter().all(|density| density.is_finite()));
    }
}

//! The typical difference of paired values, by their signs alone.

use super::binomial::quantile_bounds;
use super::middle::middle;
use super::paired::Estimate;
use super::percentile::sorted;
use super::tail;

/// The median of differences (the mean of the middle two of an even number) and
/// the interval that inverts the sign test (Thompson 1936): its ends are two of
/// the differences.
///
/// It assumes nothing of the shape of the differences, where [`paired_shift`]
/// assumes symmetry. In large samples it is 22 % wider than that one's of normal
/// differences, and 13 % narrower of Laplace's, which peak in the middle and reach
/// far: the relative efficiencies are 2/3 and 4/3 (Hodges and Lehmann 1956).
///
/// The confidence is at least the one asked for; few differences allow only few
/// levels. `None` with values that are not finite and with too few for the
/// confidence: 0.95 needs six, 0.99 eight. O(n log n).
///
/// ```
/// use perfkit::stats::sign_shift;
/// let differences = [0.02, 0.03, 0.02, 0.9, 0.01, 0.02];
/// let estimate = sign_shift(&differences, 0.95).unwrap();
/// assert_eq!((estimate.low, estimate.value, estimate.high), (0.01, 0.02, 0.9));
/// ```
///
/// [`paired_shift`]: super::paired_shift
#[must_use]
pub fn sign_shift(differences: &[f64], confidence: f64) -> Option<Estimate> {
    let ordered = sorted(differences)?;
    let one_sided = 1.0 - tail(confidence);
    let (low, high) = quantile_bounds(0.5, ordered.len() as u64, one_sided);
    let at = |rank: u64| ordered.get(usize::try_from(rank).ok()?.checked_sub(1)?);
    Some(Estimate {
        value: middle(&ordered)?,
        low: *at(low?)?,
        high: *at(high?)?,
        confidence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired_shift;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// R 4.2.2: `k <- qbinom((1 - level) / 2, n, .5); sort(d)[c(k, n + 1 - k)]` for
    /// `d <- (((1:n) * 37) %% 101 - 40) / 1000`, and `median(d)`.
    #[test]
    fn intervals_agree_with_r() {
        let expected = [
            (13, 0.999, -0.037, 0.007, 0.054),
            (20, 0.95, -0.01, 0.0085, 0.034),
            (41, 0.95, -0.007, 0.01, 0.027),
            (100, 0.999, -0.006, 0.0105, 0.027),
        ];
        for (n, confidence, low, value, high) in expected {
            let differences: Vec<f64> = (1..=n)
                .map(|i| f64::from(i * 37 % 101 - 40) / 1000.0)
                .collect();
            let found = sign_shift(&differences, confidence).unwrap();
            let ends = [(found.low, low), (found.value, value), (found.high, high)];
            for (is, expected) in ends {
                assert!((is - expected).abs() < 1e-12, "{n}: {found:?}");
            }
        }
    }

    #[test]
    fn odd_input_is_refused() {
        assert_eq!(sign_shift(&[], 0.95), None);
        assert_eq!(sign_shift(&[0.1; 5], 0.95), None);
        assert_eq!(sign_shift(&[f64::NAN; 9], 0.95), None);
        assert_eq!(sign_shift(&[f64::INFINITY; 9], 0.95), None);
        let equal = sign_shift(&[0.1; 6], 0.95).unwrap();
        assert_eq!((equal.low, equal.value, equal.high), (0.1, 0.1, 0.1));
    }

    /// Where signed ranks promise too much: far more values lie above the median
    /// than below it, though as many are greater as are smaller.
    #[test]
    fn skewed_differences_are_covered_too() {
        let mut random = Pcg64Mcg::seed_from_u64(5);
        let mut uniform = || random.random_range(0.0..1.0);
        let (mut signs, mut ranks) = (0, 0);
        for _ in 0..500 {
            let skewed = |u: f64| -(-u).ln_1p() - std::f64::consts::LN_2;
            let differences: Vec<f64> = (0..80).map(|_| skewed(uniform())).collect();
            let holds = |e: Estimate| u32::from(e.low <= 0.0 && 0.0 <= e.high);
            signs += holds(sign_shift(&differences, 0.95).unwrap());
            ranks += holds(paired_shift(&differences, 0.95).unwrap());
        }
        assert!((465..=495).contains(&signs), "{signs}");
        assert!(ranks < 440, "{ranks}");
    }

    proptest! {
        #[test]
        fn as_many_values_lie_on_either_side(
            values in prop::collection::vec(-1e3_f64..1e3, 1..60),
        ) {
            let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
            let (one, other) = (sign_shift(&values, 0.99), sign_shift(&mirrored, 0.99));
            prop_assert_eq!(one.is_some(), values.len() >= 8);
            if let Some((one, other)) = one.zip(other) {
                prop_assert_eq!((one.low, one.high), (-other.high, -other.low));
                prop_assert!(one.low <= one.value && one.value <= one.high);
            }
        }
    }
}

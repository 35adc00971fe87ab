//! Order statistics.

/// Sorts finite values in ascending order; `None` if one is not finite.
///
/// ```
/// assert_eq!(perfkit::stats::sorted(&[3.0, 1.0, 2.0]), Some(vec![1.0, 2.0, 3.0]));
/// assert_eq!(perfkit::stats::sorted(&[1.0, f64::NAN]), None);
/// ```
#[must_use]
pub fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut ordered = values.to_vec();
    ordered.sort_unstable_by(f64::total_cmp);
    Some(ordered)
}

/// The 1-based rank ⌈q·n⌉ of the nearest-rank percentile, between 1 and `n`.
///
/// This is definition 1 of Hyndman and Fan (1996), the inverse of the empirical
/// distribution function: the result is always a value that was measured. A
/// product within four units of rounding of a whole number counts as that
/// number, so that `0.07 · 100` is 7. `None` for `n = 0` and for a quantile
/// outside [0, 1].
#[must_use]
pub(crate) fn nearest_rank(quantile: f64, n: u64) -> Option<u64> {
    if n == 0 || !(0.0..=1.0).contains(&quantile) {
        return None;
    }
    let product = quantile * n as f64;
    let whole = product.round();
    let slack = 4.0 * f64::EPSILON * product.max(1.0);
    let rank = if (product - whole).abs() <= slack {
        whole
    } else {
        product.ceil()
    };
    Some((rank as u64).clamp(1, n))
}

/// The nearest-rank percentile of values that are already sorted.
///
/// ```
/// let values = [15.0, 20.0, 35.0, 40.0, 50.0];
/// assert_eq!(perfkit::stats::percentile(&values, 0.40), Some(20.0));
/// assert_eq!(perfkit::stats::percentile::<f64>(&[], 0.40), None);
/// ```
#[must_use]
pub fn percentile<T: Copy>(sorted: &[T], quantile: f64) -> Option<T> {
    let rank = nearest_rank(quantile, sorted.len() as u64)?;
    sorted.get(rank as usize - 1).copied()
}

/// Whether `n` values say something about a quantile above the median beyond
/// their maximum: p99 needs 100 values, p99.9 needs 1000.
///
/// With fewer, the nearest-rank percentile is the maximum by definition.
#[must_use]
pub fn supports(quantile: f64, n: u64) -> bool {
    if quantile <= 0.5 {
        return n > 0;
    }
    nearest_rank(quantile, n).is_some_and(|rank| rank < n || quantile >= 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4.2.2: `quantile(x, p, type = 1)` for `x <- c(2.1, 3.7, 3.7, 4.0, 8.5, 9.9, 12.25)`.
    #[test]
    fn percentiles_agree_with_r_type_1() {
        let x = [2.1, 3.7, 3.7, 4.0, 8.5, 9.9, 12.25];
        let expected = [
            (0.0, 2.1),
            (0.1, 2.1),
            (0.25, 3.7),
            (0.5, 4.0),
            (0.75, 9.9),
            (0.9, 12.25),
            (1.0, 12.25),
        ];
        for (q, value) in expected {
            assert_eq!(percentile(&x, q), Some(value), "q = {q}");
        }
    }

    /// These products are inexact in binary: 0.07 · 100 is 7.000000000000001.
    #[test]
    fn ranks_survive_binary_rounding() {
        for (percent, n, rank) in [(7, 100, 7), (29, 100, 29), (57, 100, 57), (55, 20, 11)] {
            assert_eq!(nearest_rank(f64::from(percent) / 100.0, n), Some(rank));
        }
    }

    #[test]
    fn a_percentile_needs_enough_values() {
        assert!(!supports(0.99, 99));
        assert!(supports(0.99, 100));
        assert!(supports(0.999, 1000));
        assert!(!supports(0.999, 999));
        assert!(!supports(0.5, 0));
        assert!(supports(0.5, 1));
    }
}

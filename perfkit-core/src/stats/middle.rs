//! The middle of sorted values, and what lies between two of them.

use super::percentile::percentile;

/// The nearest-rank median of values that are already sorted: for an even
/// number of values the lower of the two in the middle.
#[must_use]
pub fn median<T: Copy>(sorted: &[T]) -> Option<T> {
    percentile(sorted, 0.5)
}

/// The midpoint median of values that are already sorted: for an even number of
/// values the mean of the two in the middle.
pub(crate) fn middle(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(0.5 * lower + 0.5 * upper)
}

/// A quantile of values that are already sorted, by linear interpolation between
/// order statistics: Hyndman and Fan's definition 7.
pub(super) fn interpolated(sorted: &[f64], quantile: f64) -> Option<f64> {
    let position = sorted.len().checked_sub(1)? as f64 * quantile;
    let below = sorted.get(position.floor() as usize)?;
    let above = sorted.get(position.ceil() as usize)?;
    Some(below + (position - position.floor()) * (above - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4.2.2: `quantile(c(1, 2, 4, 8), c(0, .25, .5, 1))`.
    #[test]
    fn interpolated_quantiles_agree_with_r() {
        let x = [1.0, 2.0, 4.0, 8.0];
        for (q, value) in [(0.0, 1.0), (0.25, 1.75), (0.5, 3.0), (1.0, 8.0)] {
            assert_eq!(interpolated(&x, q), Some(value), "q = {q}");
        }
        assert_eq!(interpolated(&[], 0.5), None);
    }

    #[test]
    fn the_median_of_an_even_sample_is_the_lower_middle() {
        assert_eq!(median(&[1.0, 2.0, 3.0, 4.0]), Some(2.0));
        assert_eq!(middle(&[1.0, 2.0, 3.0, 4.0]), Some(2.5));
        assert_eq!(middle(&[1.0, 2.0, 4.0]), Some(2.0));
        assert_eq!(middle(&[]), None);
    }
}

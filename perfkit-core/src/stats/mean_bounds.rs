//! Between which bounds a mean lies.

use super::special::student_t_quantile;

/// One-sided lower and upper bounds of a mean, each at `confidence`, from the
/// sample's mean, standard deviation and size by Student's t (Student 1908).
///
/// `None` with fewer than two values.
#[must_use]
pub fn mean_bounds(mean: f64, std_dev: f64, n: u64, confidence: f64) -> Option<(f64, f64)> {
    if n < 2 || !mean.is_finite() || !std_dev.is_finite() {
        return None;
    }
    let t = student_t_quantile(confidence, (n - 1) as f64)?;
    let half_width = t * std_dev / (n as f64).sqrt();
    Some((mean - half_width, mean + half_width))
}

#[cfg(test)]
mod tests {
    use super::super::moments::{mean, std_dev};
    use super::*;

    /// R 4.2.2: `t.test(c(10.1, 9.8, 10.4, 10.0), conf.level = 0.98)$conf.int`,
    /// whose sides are one-sided bounds at 0.99.
    #[test]
    fn mean_bounds_agree_with_r() {
        let x = [10.1, 9.8, 10.4, 10.0];
        let (low, high) = mean_bounds(mean(&x).unwrap(), std_dev(&x).unwrap(), 4, 0.99).unwrap();
        assert!((low - 9.507_412_142_678_98).abs() < 1e-9, "{low}");
        assert!((high - 10.642_587_857_321_02).abs() < 1e-9, "{high}");
    }
}

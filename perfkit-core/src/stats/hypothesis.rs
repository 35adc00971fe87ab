//! Two-sided p-values: twice the chance of a statistic at least as far out on the
//! side on which it lies, as in R.

use super::special::normal_tail;

/// The p-value of the k-th of a statistic's possible values, whose chances are
/// given in ascending order of the values.
pub(super) fn exact_p_value(chances: &[f64], k: usize) -> f64 {
    let at_most = chances.iter().take(k + 1).sum();
    let at_least = chances.iter().skip(k).sum();
    two_sided(at_most, at_least)
}

/// The p-value of a statistic that is nearly normal and moves in steps of twice the
/// `correction`.
pub(super) fn normal_p_value(from_mean: f64, std_dev: f64, correction: f64) -> f64 {
    let at_most = normal_tail(-(from_mean + correction) / std_dev);
    let at_least = normal_tail((from_mean - correction) / std_dev);
    two_sided(at_most, at_least)
}

fn two_sided(at_most: f64, at_least: f64) -> f64 {
    (2.0 * at_most.min(at_least)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sides_of_a_symmetric_statistic_mirror_each_other() {
        let chances = [0.125, 0.375, 0.375, 0.125];
        let p = |k| exact_p_value(&chances, k);
        assert_eq!([p(0), p(1), p(2), p(3)], [0.25, 1.0, 1.0, 0.25]);
        assert_eq!(normal_p_value(0.0, 1.0, 0.5), 1.0);
    }
}

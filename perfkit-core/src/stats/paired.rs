//! The typical difference of paired values.

use super::bisection::least_double;
use super::percentile::sorted;
use super::special::normal_quantile;
use super::tail;

/// A value with the interval that covers it with probability `confidence`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The best single value.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// The two-sided confidence level of the interval, such as 0.95.
    pub confidence: f64,
}

/// Up to this many pairs the signed-rank distribution is enumerated. Beyond, its
/// normal approximation is off by a few ranks of tens of thousands, on the
/// cautious side from a confidence of 0.95 up.
const EXACT_PAIRS: usize = 200;

/// The Hodges-Lehmann estimate of the centre of paired differences (Hodges and
/// Lehmann 1963), the median of all Walsh averages (dᵢ + dⱼ)/2 with i ≤ j, and
/// the interval that inverts Wilcoxon's signed-rank test (Tukey 1949).
///
/// A few wild values move it little. `None` with values that are not finite and
/// where the pairs are too few for the confidence: 0.95 needs six, 0.99 eight.
/// O(n log n) time and O(n) memory.
#[must_use]
pub fn paired_shift(differences: &[f64], confidence: f64) -> Option<Estimate> {
    let ordered = sorted(differences)?;
    let n = ordered.len();
    let walsh_averages = n as u64 * (n as u64 + 1) / 2;
    let rank = signed_rank_quantile(n, tail(confidence))?;
    Some(Estimate {
        value: paired_centre(&ordered),
        low: walsh_average(&ordered, rank),
        high: walsh_average(&ordered, walsh_averages + 1 - rank),
        confidence,
    })
}

/// The median of all Walsh averages of ordered differences.
pub(super) fn paired_centre(ordered: &[f64]) -> f64 {
    let n = ordered.len() as u64;
    let walsh_averages = n * (n + 1) / 2;
    let middle = |rank| walsh_average(ordered, rank);
    0.5 * (middle(walsh_averages.div_ceil(2)) + middle(walsh_averages / 2 + 1))
}

/// The mean and the variance of the signed-rank statistic without ties.
fn signed_rank_moments(n: usize) -> (f64, f64) {
    let pairs = n as f64;
    let mean = pairs * (pairs + 1.0) / 4.0;
    (mean, mean * (2.0 * pairs + 1.0) / 6.0)
}

/// The smallest k with P(W ≤ k) ≥ `probability` for the signed-rank statistic
/// W of `n` pairs; `None` when even k = 0 exceeds it, so that no interval of
/// that confidence exists.
fn signed_rank_quantile(n: usize, probability: f64) -> Option<u64> {
    if n == 0 || 0.5_f64.powi(n.min(2000) as i32) > probability {
        return None;
    }
    if n > EXACT_PAIRS {
        let (mean, variance) = signed_rank_moments(n);
        let rank = mean + normal_quantile(probability) * variance.sqrt();
        return Some((rank.round() as u64).max(1));
    }
    let mut cumulative = 0.0;
    for (k, count) in signed_rank_counts(n).iter().enumerate() {
        cumulative += count;
        if cumulative >= probability {
            return Some((k as u64).max(1));
        }
    }
    None
}

/// P(W = k) for every k in the lower half of the distribution, which mirrors the
/// upper one: each rank joins the sum or not, with equal chance.
fn signed_rank_counts(n: usize) -> Vec<f64> {
    let last = n * (n + 1) / 4 + 1;
    let mut chances = vec![0.0; last + 1];
    chances[0] = 1.0;
    for rank in 1..=n {
        let reached = (rank * (rank + 1) / 2).min(last);
        for sum in (rank..=reached).rev() {
            chances[sum] = 0.5 * (chances[sum] + chances[sum - rank]);
        }
        for chance in &mut chances[..rank] {
            *chance *= 0.5;
        }
    }
    chances
}

/// The Walsh average of the given 1-based rank, found by bisecting the ordered
/// set of all doubles and counting, so that no table of n² averages is built.
fn walsh_average(ordered: &[f64], rank: u64) -> f64 {
    let (Some(&first), Some(&last)) = (ordered.first(), ordered.last()) else {
        return f64::NAN;
    };
    least_double(first, last, |limit| {
        walsh_averages_up_to(ordered, limit) >= rank
    })
}

/// How many Walsh averages are at most `limit`.
fn walsh_averages_up_to(ordered: &[f64], limit: f64) -> u64 {
    let mut count = 0;
    let mut end = ordered.len();
    for (index, value) in ordered.iter().enumerate() {
        while end > index && 0.5 * value + 0.5 * ordered[end - 1] > limit {
            end -= 1;
        }
        if end <= index {
            break;
        }
        count += (end - index) as u64;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::super::hypothesis::exact_p_value;
    use super::super::rank::Ranks;
    use super::*;
    use proptest::prelude::*;

    fn close(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() < 1e-12,
            "{value} is not {expected}"
        );
    }

    /// R 4.2.2: `wilcox.test(d, conf.int = TRUE, exact = TRUE)`.
    #[test]
    fn ten_pairs_agree_with_r() {
        let d = [
            0.031, -0.012, 0.054, 0.022, 0.019, 0.047, -0.003, 0.028, 0.011, 0.036,
        ];
        let at_95 = paired_shift(&d, 0.95).unwrap();
        close(at_95.value, 0.0235);
        close(at_95.low, 0.008);
        close(at_95.high, 0.038);
        let at_99 = paired_shift(&d, 0.99).unwrap();
        close(at_99.low, -0.0005);
        close(at_99.high, 0.045);
    }

    /// R 4.2.2: `wilcox.test((1:60) * 0.037 - 0.02, conf.int = TRUE, exact = TRUE)`.
    #[test]
    fn sixty_pairs_agree_with_r() {
        let d: Vec<f64> = (1..=60).map(|i| f64::from(i) * 0.037 - 0.02).collect();
        let estimate = paired_shift(&d, 0.95).unwrap();
        close(estimate.value, 1.1085);
        close(estimate.low, 0.9235);
        close(estimate.high, 1.2935);
    }

    /// R 4.2.2: `qsignrank(c(.025, .005), n)`.
    #[test]
    fn signed_rank_quantiles_agree_with_r() {
        for (n, at_95, at_99) in [(10, 9, 4), (25, 90, 69), (50, 435, 374)] {
            assert_eq!(signed_rank_quantile(n, 0.025), Some(at_95));
            assert_eq!(signed_rank_quantile(n, 0.005), Some(at_99));
        }
        assert_eq!(signed_rank_quantile(5, 0.025), None);
        assert_eq!(signed_rank_quantile(6, 0.025), Some(1));
        assert_eq!(signed_rank_quantile(7, 0.005), None);
    }

    #[test]
    fn the_normal_approximation_meets_the_exact_ranks() {
        let counts = signed_rank_counts(EXACT_PAIRS + 1);
        let mut cumulative = 0.0;
        let exact = counts.iter().position(|count| {
            cumulative += count;
            cumulative >= 0.025
        });
        let approximate = signed_rank_quantile(EXACT_PAIRS + 1, 0.025).unwrap();
        assert!(exact.unwrap() >= approximate as usize);
        assert!(exact.unwrap() - approximate as usize <= 2);
    }

    /// P(W = k) for every k.
    fn signed_rank_chances(n: usize) -> Vec<f64> {
        let lower = signed_rank_counts(n);
        let last = n * (n + 1) / 2;
        (0..=last).map(|k| lower[k.min(last - k)]).collect()
    }

    /// The exact two-sided p-value of Wilcoxon's signed-rank test (Wilcoxon 1945),
    /// which the interval inverts; `None` with ties or without differences.
    fn signed_rank_p_value(differences: &[f64], shift: f64) -> Option<f64> {
        let distances: Vec<f64> = differences.iter().map(|value| value - shift).collect();
        let magnitudes: Vec<f64> = distances.iter().map(|distance| distance.abs()).collect();
        let ranks = Ranks::of(&magnitudes);
        if !ranks.ties.is_empty() || magnitudes.contains(&0.0) {
            return None;
        }
        let above = distances
            .iter()
            .zip(&ranks.ranks)
            .filter(|(d, _)| **d > 0.0);
        let statistic: f64 = above.map(|(_, rank)| rank).sum();
        let chances = signed_rank_chances(differences.len());
        Some(exact_p_value(&chances, statistic as usize))
    }

    /// R 4.2.2: `wilcox.test(d, mu = shift)`.
    #[test]
    fn p_values_agree_with_r() {
        let d = [
            0.031, -0.012, 0.054, 0.022, 0.019, 0.047, -0.003, 0.028, 0.011, 0.036,
        ];
        for (shift, p) in [(0.0, 0.013_671_875), (0.01, 0.105_468_75), (0.0245, 1.0)] {
            close(signed_rank_p_value(&d, shift).unwrap(), p);
        }
    }

    #[test]
    fn odd_input_is_refused() {
        assert_eq!(paired_shift(&[], 0.95), None);
        assert_eq!(paired_shift(&[0.1; 5], 0.95), None);
        assert_eq!(paired_shift(&[f64::INFINITY; 10], 0.95), None);
    }

    #[test]
    fn equal_differences_have_a_point_interval() {
        let estimate = paired_shift(&[0.25; 8], 0.95).unwrap();
        assert_eq!(
            (estimate.low, estimate.value, estimate.high),
            (0.25, 0.25, 0.25)
        );
    }

    proptest! {
        #[test]
        fn the_interval_holds_what_the_test_does_not_reject(
            values in prop::collection::vec(-1e3_f64..1e3, 6..40),
            shift in -500.0_f64..500.0,
        ) {
            let estimate = paired_shift(&values, 0.95).unwrap();
            let (is_above, is_below) = (shift >= estimate.low, shift <= estimate.high);
            if let Some(p_value) = signed_rank_p_value(&values, shift) {
                prop_assert_eq!(is_above && is_below, p_value > 0.05);
            }
        }

        #[test]
        fn walsh_averages_are_selected_as_if_all_were_sorted(
            values in prop::collection::vec(-1e3_f64..1e3, 1..40),
            pick in 0.0_f64..1.0,
        ) {
            let ordered = sorted(&values).unwrap();
            let mut averages = Vec::new();
            for (index, a) in ordered.iter().enumerate() {
                averages.extend(ordered[index..].iter().map(|b| 0.5 * a + 0.5 * b));
            }
            averages.sort_unstable_by(f64::total_cmp);
            let rank = (pick * averages.len() as f64) as usize;
            prop_assert_eq!(walsh_average(&ordered, rank as u64 + 1), averages[rank]);
        }
    }
}

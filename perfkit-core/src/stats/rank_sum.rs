//! Two independent samples, compared by ranks.

use super::bisection::least_double;
use super::hypothesis::{Alternative, TestOutcome};
use super::order::sorted;
use super::paired::Estimate;
use super::rank::Ranks;
use super::special::normal_quantile;
use super::tail;

/// Up to this many values on each side the distribution of U is enumerated, as
/// R does.
const EXACT_VALUES: usize = 49;

/// The test of Mann and Whitney (1947), also Wilcoxon's rank-sum test (1945), of
/// the hypothesis that the candidate's values are shifted by `shift` against the
/// baseline's.
///
/// The statistic U is the number of pairs in which the candidate's value, less
/// the shift, is the greater, with ties for half. The p-value is exact without
/// ties and with fewer than 50 values on each side, else it is that of the
/// normal approximation with corrections for ties and continuity, as in R's
/// `wilcox.test(candidate, baseline, mu = shift)`.
///
/// `None` when a side is empty, all values are equal or one is not finite.
/// O(N log N), and O(n³) of fewer than 50 values for the distribution.
#[must_use]
pub fn rank_sum_test(
    baseline: &[f64],
    candidate: &[f64],
    shift: f64,
    alternative: Alternative,
) -> Option<TestOutcome> {
    let (m, n) = (baseline.len(), candidate.len());
    if m == 0 || n == 0 || baseline.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut values: Vec<f64> = candidate.iter().map(|value| value - shift).collect();
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    values.extend(baseline);
    let ranks = Ranks::of(&values);
    let rank_sum: f64 = ranks.ranks.iter().take(n).sum();
    let (few, many, all) = (m as f64, n as f64, (m + n) as f64);
    let statistic = rank_sum - many * (many + 1.0) / 2.0;
    let is_exact = ranks.ties.is_empty() && m <= EXACT_VALUES && n <= EXACT_VALUES;
    let p_value = if is_exact {
        alternative.exact_p_value(&rank_sum_chances(m, n), statistic as usize)
    } else {
        let narrowing = ranks.tie_correction() / (all * (all - 1.0));
        let variance = few * many / 12.0 * (all + 1.0 - narrowing);
        if variance <= 0.0 {
            return None;
        }
        alternative.normal_p_value(statistic - few * many / 2.0, variance.sqrt(), 0.5)
    };
    Some(TestOutcome {
        statistic,
        p_value,
        is_exact,
    })
}

/// The Hodges-Lehmann estimate of the shift between two independent samples
/// (Hodges and Lehmann 1963), the median of all differences of a candidate's and
/// a baseline's value, and the interval that inverts the test of Mann and
/// Whitney (Moses 1965). The counterpart of [`paired_shift`] for samples whose
/// values belong to no pairs.
///
/// The interval's ranks are exact with fewer than 50 values on each side, ties
/// or not, else those of the normal approximation. `None` with values or
/// differences that are not finite and where the values are too few for the
/// confidence: 0.95 needs four on each side, 0.99 five. O(N log N) time and
/// O(N) memory.
///
/// [`paired_shift`]: super::paired_shift
#[must_use]
pub fn unpaired_shift(baseline: &[f64], candidate: &[f64], confidence: f64) -> Option<Estimate> {
    let (baseline, candidate) = (sorted(baseline)?, sorted(candidate)?);
    let lowest = candidate.first()? - baseline.last()?;
    let highest = candidate.last()? - baseline.first()?;
    if !lowest.is_finite() || !highest.is_finite() {
        return None;
    }
    let differences = baseline.len() as u64 * candidate.len() as u64;
    let rank = rank_sum_quantile(baseline.len(), candidate.len(), tail(confidence))?;
    let difference = |rank: u64| {
        least_double(lowest, highest, |limit| {
            differences_up_to(&baseline, &candidate, limit) >= rank
        })
    };
    let (lower, upper) = (differences.div_ceil(2), differences / 2 + 1);
    Some(Estimate {
        value: 0.5 * difference(lower) + 0.5 * difference(upper),
        low: difference(rank),
        high: difference(differences + 1 - rank),
        confidence,
    })
}

/// How many differences of a candidate's and a baseline's value are at most
/// `limit`; both are sorted.
fn differences_up_to(baseline: &[f64], candidate: &[f64], limit: f64) -> u64 {
    let mut count = 0;
    let mut end = 0;
    for value in baseline {
        while candidate.get(end).is_some_and(|c| c - value <= limit) {
            end += 1;
        }
        count += end as u64;
    }
    count
}

/// The smallest k with P(U ≤ k) ≥ `probability`; `None` when even k = 0 exceeds
/// it, so that no interval of that confidence exists.
fn rank_sum_quantile(m: usize, n: usize, probability: f64) -> Option<u64> {
    let (few, many) = (m.min(n), m.max(n));
    // One of as many arrangements as there are choices of `few` values.
    let least = (1..=few).fold(1.0, |chance, i| chance * i as f64 / (many + i) as f64);
    if few == 0 || least > probability {
        return None;
    }
    if many > EXACT_VALUES {
        let (few, many) = (few as f64, many as f64);
        let deviation = (few * many * (few + many + 1.0) / 12.0).sqrt();
        let rank = few * many / 2.0 + normal_quantile(probability) * deviation;
        return Some((rank.round() as u64).max(1));
    }
    let mut cumulative = 0.0;
    for (k, chance) in rank_sum_chances(few, many).iter().enumerate() {
        cumulative += chance;
        if cumulative >= probability {
            return Some((k as u64).max(1));
        }
    }
    None
}

/// P(U = k) for every k. The numbers of arrangements are the coefficients of the
/// Gaussian binomial ∏ (1 − qⁿ⁺ⁱ) / (1 − qⁱ) for i = 1..=m, whole numbers below
/// 2⁹⁵ for 49 values on each side.
fn rank_sum_chances(m: usize, n: usize) -> Vec<f64> {
    let mut counts = vec![0_i128; m * n + 1];
    counts[0] = 1;
    for i in 1..=m {
        for k in (n + i..counts.len()).rev() {
            counts[k] -= counts[k - n - i];
        }
        for k in i..counts.len() {
            counts[k] += counts[k - i];
        }
    }
    let all: i128 = counts.iter().sum();
    let chance = |count: &i128| *count as f64 / all as f64;
    counts.iter().map(chance).collect()
}

#[cfg(test)]
mod tests {
    use super::super::order::middle;
    use super::*;
    use proptest::prelude::*;

    const A: [f64; 7] = [10.12, 9.87, 10.43, 10.05, 9.96, 10.31, 10.22];
    const B: [f64; 8] = [10.51, 10.38, 10.02, 10.77, 10.64, 10.49, 10.91, 10.29];

    fn close(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() < 1e-12,
            "{value} is not {expected}"
        );
    }

    /// `((1:60) * 37) %% 101 + 0.25` and `((1:70) * 53) %% 103 + 0.5` in R.
    fn many() -> (Vec<f64>, Vec<f64>) {
        let a = (1..=60).map(|i| f64::from(i * 37 % 101) + 0.25);
        let b = (1..=70).map(|i| f64::from(i * 53 % 103) + 0.5);
        (a.collect(), b.collect())
    }

    fn agrees(a: &[f64], b: &[f64], statistic: f64, two_sided: f64, greater: f64, less: f64) {
        for (alternative, expected) in [
            (Alternative::TwoSided, two_sided),
            (Alternative::Greater, greater),
            (Alternative::Less, less),
        ] {
            let outcome = rank_sum_test(a, b, 0.0, alternative).unwrap();
            assert_eq!(outcome.statistic, statistic);
            close(outcome.p_value, expected);
        }
    }

    /// R 4.2.2: `wilcox.test(b, a, alternative = alternative)`.
    #[test]
    fn tests_agree_with_r() {
        let few = 0.020_512_820_512_820_51;
        agrees(&A, &B, 48.0, few, few / 2.0, 0.993_006_993_006_993);
        let a = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0];
        let b = [5.0, 8.0, 9.0, 7.0, 9.0, 3.0, 2.0, 3.0, 8.0, 4.0, 6.0];
        let greater = 0.059_274_475_049_947_78;
        agrees(&a, &b, 77.5, 2.0 * greater, greater, 0.948_643_707_269_084);
        let (a, b) = many();
        let outcome = rank_sum_test(&a, &b, 0.0, Alternative::TwoSided).unwrap();
        assert_eq!((outcome.statistic, outcome.is_exact), (2116.0, false));
        close(outcome.p_value, 0.942_293_737_817_524_8);
    }

    /// R 4.2.2: `wilcox.test(b, a, conf.int = TRUE, exact = TRUE)`.
    #[test]
    fn shifts_agree_with_r() {
        let at_95 = unpaired_shift(&A, &B, 0.95).unwrap();
        close(at_95.value, 0.38);
        close(at_95.low, 0.07);
        close(at_95.high, 0.65);
        let at_99 = unpaired_shift(&A, &B, 0.99).unwrap();
        close(at_99.low, -0.03);
        close(at_99.high, 0.77);
        let (a, b) = many();
        let estimate = unpaired_shift(&a, &b, 0.95).unwrap();
        assert_eq!(
            (estimate.low, estimate.value, estimate.high),
            (-10.75, 0.25, 11.25)
        );
    }

    /// R 4.2.2: `qwilcox(c(.025, .005), m, n)`.
    #[test]
    fn rank_sum_quantiles_agree_with_r() {
        for (m, n, at_95, at_99) in [(7, 8, 11, 7), (30, 20, 201, 171), (49, 49, 925, 840)] {
            assert_eq!(rank_sum_quantile(m, n, 0.025), Some(at_95));
            assert_eq!(rank_sum_quantile(m, n, 0.005), Some(at_99));
        }
        // The normal approximation meets the exact rank.
        assert_eq!(rank_sum_quantile(50, 50, 0.025), Some(966));
        assert_eq!(rank_sum_quantile(3, 3, 0.025), None);
        assert_eq!(rank_sum_quantile(4, 4, 0.025), Some(1));
        assert_eq!(rank_sum_quantile(4, 4, 0.005), None);
        assert_eq!(rank_sum_quantile(5, 5, 0.005), Some(1));
    }

    /// R 4.2.2: `dwilcox`.
    #[test]
    fn rank_sum_chances_agree_with_r() {
        let chances = rank_sum_chances(7, 8);
        close(chances[0], 0.000_155_400_155_400_155_4);
        close(chances[10], 0.005_594_405_594_405_594);
        close(chances[28], 0.044_910_644_910_644_91);
        close(rank_sum_chances(49, 49)[1200], 0.002_821_461_304_211_939);
    }

    #[test]
    fn odd_input_is_refused() {
        let test = |a: &[f64], b: &[f64]| rank_sum_test(a, b, 0.0, Alternative::TwoSided);
        for (a, b) in [
            (&[][..], &B[..]),
            (&A, &[]),
            (&[f64::INFINITY; 9], &B),
            (&A, &[f64::NAN; 9]),
        ] {
            assert_eq!(test(a, b), None);
            assert_eq!(unpaired_shift(a, b, 0.95), None);
        }
        assert_eq!(test(&[1.0; 5], &[1.0; 6]), None);
        assert_eq!(test(&[1.0], &[2.0]).unwrap().p_value, 1.0);
        assert_eq!(unpaired_shift(&[1.0], &[2.0], 0.95), None);
        assert_eq!(unpaired_shift(&[f64::MIN; 5], &[f64::MAX; 5], 0.95), None);
        assert_eq!(rank_sum_test(&A, &B, f64::NAN, Alternative::TwoSided), None);
    }

    #[test]
    fn equal_values_have_a_point_interval() {
        let estimate = unpaired_shift(&[0.25; 5], &[1.0; 4], 0.95).unwrap();
        assert_eq!(
            (estimate.low, estimate.value, estimate.high),
            (0.75, 0.75, 0.75)
        );
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-50_i32..50).prop_map(f64::from), 4..30)
    }

    proptest! {
        #[test]
        fn differences_are_selected_as_if_all_were_sorted(a in values(), b in values()) {
            let mut differences: Vec<f64> = a.iter().flat_map(|a| b.iter().map(move |b| b - a)).collect();
            differences.sort_unstable_by(f64::total_cmp);
            let estimate = unpaired_shift(&a, &b, 0.95).unwrap();
            let rank = rank_sum_quantile(a.len(), b.len(), 0.025).unwrap() as usize;
            prop_assert_eq!(estimate.low, differences[rank - 1]);
            prop_assert_eq!(estimate.high, differences[differences.len() - rank]);
            prop_assert_eq!(Some(estimate.value), middle(&differences));
        }

        #[test]
        fn exchanged_sides_mirror_the_test(a in values(), b in values()) {
            let there = rank_sum_test(&a, &b, 0.0, Alternative::Greater);
            let back = rank_sum_test(&b, &a, 0.0, Alternative::Less);
            prop_assert_eq!(there.is_some(), back.is_some());
            if let (Some(there), Some(back)) = (there, back) {
                prop_assert_eq!(there.statistic + back.statistic, (a.len() * b.len()) as f64);
                prop_assert!((there.p_value - back.p_value).abs() < 1e-12);
            }
        }
    }
}

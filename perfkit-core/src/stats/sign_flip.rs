//! Paired differences, tested by flipping their signs.

use super::hypothesis::{Alternative, TestOutcome};
use super::moments::mean;
use super::resample::{Resampling, SplitMix64};

/// Up to this many pairs all patterns of signs are gone through: a million.
const EXACT_PAIRS: usize = 20;

/// Sums that differ by less than this part of the greatest possible one count
/// as equal: a million updates of a sum round it by at most half as much.
const ROUNDING: f64 = 1.0 / (1_u64 << 32) as f64;

/// The permutation test of the mean of paired differences (Fisher 1935, section
/// 21) of the hypothesis that each is as likely to lie so far above `shift` as
/// below it, or with a one-sided alternative, that they lie not beyond it.
///
/// The statistic is the mean of the differences. The p-value is the share of the
/// patterns of signs, given to the distances from the shift, whose mean is at
/// least as far on the side of the alternative; two-sided, as far on either.
/// For up to 20 pairs all patterns count, in the order of Gray's code. Beyond,
/// it is (h + 1) / (samples + 1) for h hits among random patterns (Phipson and
/// Smyth 2010), which never claims too much.
///
/// Unlike the ranks of Wilcoxon's test, the mean heeds how far the wild values
/// lie. `None` without a pair, with values that are not finite and with more
/// than 20 pairs without a sample. O(2ⁿ) for up to 20 pairs, else
/// O(samples · n).
///
/// ```
/// use perfkit::stats::{Alternative, Resampling, sign_flip_test};
/// let differences = [3.0, -1.0, 2.0, 2.0, 1.0];
/// let resampling = Resampling::default();
/// let outcome = sign_flip_test(&differences, 0.0, Alternative::Greater, resampling).unwrap();
/// assert_eq!((outcome.statistic, outcome.p_value), (1.4, 3.0 / 32.0));
/// ```
#[must_use]
pub fn sign_flip_test(
    differences: &[f64],
    shift: f64,
    alternative: Alternative,
    resampling: Resampling,
) -> Option<TestOutcome> {
    let statistic = mean(differences)?;
    let distances: Vec<f64> = differences.iter().map(|value| value - shift).collect();
    let greatest: f64 = distances.iter().map(|distance| distance.abs()).sum();
    let is_exact = distances.len() <= EXACT_PAIRS;
    if !greatest.is_finite() || (!is_exact && resampling.samples == 0) {
        return None;
    }
    let seen: f64 = distances.iter().sum();
    let slack = ROUNDING * greatest;
    let is_as_far = |sum: f64| match alternative {
        Alternative::TwoSided => sum.abs() >= seen.abs() - slack,
        Alternative::Greater => sum >= seen - slack,
        Alternative::Less => sum <= seen + slack,
    };
    let p_value = if is_exact {
        share_of_all(&distances, is_as_far)
    } else {
        share_of_sample(&distances, resampling, is_as_far)
    };
    Some(TestOutcome {
        statistic,
        p_value,
        is_exact,
    })
}

/// The share of all patterns of signs with which the sum satisfies a predicate.
/// Each pattern differs from the one before in the sign that Gray's code flips.
fn share_of_all(distances: &[f64], is_as_far: impl Fn(f64) -> bool) -> f64 {
    let mut signed = distances.to_vec();
    let mut sum: f64 = signed.iter().sum();
    let mut hits = u32::from(is_as_far(sum));
    let patterns = 1_u32 << signed.len();
    for pattern in 1..patterns {
        let flipped = &mut signed[pattern.trailing_zeros() as usize];
        sum -= 2.0 * *flipped;
        *flipped = -*flipped;
        hits += u32::from(is_as_far(sum));
    }
    f64::from(hits) / f64::from(patterns)
}

/// The same share, estimated from random patterns and that of the differences
/// themselves.
fn share_of_sample(
    distances: &[f64],
    resampling: Resampling,
    is_as_far: impl Fn(f64) -> bool,
) -> f64 {
    let mut random = SplitMix64::new(resampling.seed);
    let mut hits = 0_u32;
    for _ in 0..resampling.samples {
        let mut sum = 0.0;
        for few in distances.chunks(64) {
            let mut signs = random.next_u64();
            for distance in few {
                sum += if signs & 1 == 0 { *distance } else { -distance };
                signs >>= 1;
            }
        }
        hits += u32::from(is_as_far(sum));
    }
    (f64::from(hits) + 1.0) / (f64::from(resampling.samples) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const D: [f64; 10] = [
        0.031, -0.012, 0.054, 0.022, 0.019, 0.047, -0.003, 0.028, 0.011, 0.036,
    ];

    fn p(d: &[f64], shift: f64, alternative: Alternative) -> Option<f64> {
        sign_flip_test(d, shift, alternative, Resampling::default()).map(|outcome| outcome.p_value)
    }

    /// R 4.2.2: `s <- as.matrix(expand.grid(rep(list(c(-1, 1)), 10))) %*% (d - shift)`
    /// and `mean(s >= sum(d - shift) - 1e-12)`, with `<=` and with `abs`.
    #[test]
    fn all_patterns_agree_with_r() {
        assert_eq!(p(&D, 0.0, Alternative::Greater), Some(0.005_859_375));
        assert_eq!(p(&D, 0.0, Alternative::Less), Some(0.995_117_187_5));
        assert_eq!(p(&D, 0.0, Alternative::TwoSided), Some(0.011_718_75));
        assert_eq!(p(&D, 0.01, Alternative::Greater), Some(0.041_015_625));
        assert_eq!(p(&D, 0.01, Alternative::Less), Some(0.963_867_187_5));
        assert_eq!(p(&D, 0.01, Alternative::TwoSided), Some(0.082_031_25));
    }

    #[test]
    fn a_sample_of_patterns_comes_near_to_all() {
        let resampling = Resampling {
            samples: 20_000,
            seed: 7,
        };
        let distances: Vec<f64> = D.iter().map(|value| value - 0.01).collect();
        let seen: f64 = distances.iter().sum();
        let share = share_of_sample(&distances, resampling, |sum| sum >= seen - 1e-12);
        assert!((share - 0.041_015_625).abs() < 0.006, "{share}");
    }

    #[test]
    fn many_pairs_are_sampled_from_the_seed() {
        let d: Vec<f64> = (1..=100).map(|i| f64::from(i).sin() + 0.1).collect();
        let with = |seed| {
            let resampling = Resampling {
                samples: 2000,
                seed,
            };
            sign_flip_test(&d, 0.0, Alternative::Greater, resampling).unwrap()
        };
        assert_eq!(with(1), with(1));
        assert!(!with(1).is_exact);
        assert!((with(1).p_value - with(2).p_value).abs() < 0.04);
        let far: Vec<f64> = d.iter().map(|value| value + 5.0).collect();
        let least = p(&far, 0.0, Alternative::Greater);
        assert_eq!(least, Some(1e-4));
    }

    #[test]
    fn equal_sums_count_in_spite_of_rounding() {
        // 0.1 has no exact binary form: only two patterns in 2²⁰ are as far.
        let two_sided = p(&[0.1; 20], 0.0, Alternative::TwoSided);
        assert_eq!(two_sided, Some(2.0 / f64::from(1 << 20)));
        assert_eq!(p(&[0.25; 5], 0.25, Alternative::Greater), Some(1.0));
        assert_eq!(p(&[0.25], 0.0, Alternative::Greater), Some(0.5));
    }

    #[test]
    fn odd_input_is_refused() {
        for d in [&[][..], &[1.0, f64::INFINITY], &[f64::NAN], &[f64::MAX; 3]] {
            assert_eq!(p(d, 0.0, Alternative::Greater), None);
        }
        assert_eq!(p(&D, f64::NAN, Alternative::Greater), None);
        let none = Resampling {
            samples: 0,
            seed: 0,
        };
        assert_eq!(
            sign_flip_test(&[1.0; 21], 0.0, Alternative::Less, none),
            None
        );
    }

    proptest! {
        #[test]
        fn negated_differences_mirror_the_test(d in prop::collection::vec(-1e3_f64..1e3, 1..10)) {
            let negated: Vec<f64> = d.iter().map(|value| -value).collect();
            let greater = p(&d, 1.0, Alternative::Greater);
            prop_assert_eq!(greater, p(&negated, -1.0, Alternative::Less));
            // Their sum is 1 and the share of the sums that are equal.
            prop_assert!(greater.unwrap() + p(&d, 1.0, Alternative::Less).unwrap() > 1.0);
        }
    }
}

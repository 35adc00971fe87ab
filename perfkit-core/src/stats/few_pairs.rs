//! The typical difference of so few pairs that their ranks alone say nothing surely.

use super::paired::{Estimate, paired_centre};
use super::percentile::sorted;
use super::tail;

/// The scale of the noise that few pairs cannot have shown, in logarithms: beyond x, noise is
/// taken to be at most as likely as e^(−x/0.45). So the ratio of a pair may be off twofold by
/// chance in one of five cases, and tenfold in one of a hundred and sixty.
const NOISE_SCALE: f64 = 0.45;

/// The Hodges-Lehmann estimate of the centre of paired differences of logarithms, and an
/// interval from two pairs on: from the smallest to the largest difference, widened on both
/// sides by κ·x. Here x is [`NOISE_SCALE`] or, if that is more, the widest range of the
/// logarithms of either of the sides or of the differences, and κ = max(0, ln(2/α)/n − ln 2) of
/// n pairs and the error α = 1 − `confidence`.
///
/// All n differences lie on one side of their centre by chance at a rate of 2^(1−n). That is
/// more than α until κ is 0, which it is from where [`paired_shift`] has an interval: its first
/// one is the range, so that this one goes over into it. Before, noise would have to exceed the
/// widening in all of them too. For independent differences, symmetric about their centre, of
/// which one is further from it than x at most as often as e^(−x/[`NOISE_SCALE`]), that leaves
/// (e^(−κ)/2)ⁿ on either side, which is α/2.
///
/// `None` with fewer than two pairs, with values that are not finite, and at a confidence of 1.
///
/// [`paired_shift`]: super::paired_shift
#[must_use]
pub(crate) fn few_pairs_shift(
    differences: &[f64],
    sides: [&[f64]; 2],
    confidence: f64,
) -> Option<Estimate> {
    let ordered = sorted(differences).filter(|ordered| ordered.len() >= 2)?;
    let (low, high) = (*ordered.first()?, *ordered.last()?);
    let [baseline, candidate] = sides.map(range);
    let noise = NOISE_SCALE.max(high - low).max(baseline?).max(candidate?);
    let widening = noise * widening_factor(ordered.len(), confidence)?;
    Some(Estimate {
        value: paired_centre(&ordered),
        low: low - widening,
        high: high + widening,
        confidence,
    })
}

/// By how many times the noise the range is widened on either side: κ.
fn widening_factor(pairs: usize, confidence: f64) -> Option<f64> {
    let factor = -tail(confidence).ln() / pairs as f64 - std::f64::consts::LN_2;
    factor.is_finite().then_some(factor.max(0.0))
}

fn range(values: &[f64]) -> Option<f64> {
    let ordered = sorted(values)?;
    Some(ordered.last()? - ordered.first()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired_shift;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    const BASELINE: [f64; 12] = [
        0.02, -0.01, 0.03, 0.00, 0.05, -0.04, 0.01, 0.02, -0.02, 0.04, -0.03, 0.00,
    ];
    const CANDIDATE: [f64; 12] = [
        0.71, 0.69, 0.74, 0.70, 0.77, 0.64, 0.70, 0.73, 0.66, 0.75, 0.67, 0.68,
    ];

    fn differences(baseline: &[f64], candidate: &[f64]) -> Vec<f64> {
        let pairs = baseline.iter().zip(candidate);
        pairs
            .map(|(baseline, candidate)| candidate - baseline)
            .collect()
    }

    fn of_logs(baseline: &[f64], candidate: &[f64], confidence: f64) -> Option<Estimate> {
        let differences = differences(baseline, candidate);
        few_pairs_shift(&differences, [baseline, candidate], confidence)
    }

    fn is_close(found: Estimate, (value, low, high): (f64, f64, f64)) {
        for (found, expected) in [(found.value, value), (found.low, low), (found.high, high)] {
            assert!(
                (found - expected).abs() < 1e-11,
                "{found} is not {expected}"
            );
        }
    }

    /// Python 3.11, `decimal` at 40 digits: κ as the logarithm of half the n-th root of 2/α, and
    /// the median of all Walsh averages.
    #[test]
    fn intervals_agree_with_exact_arithmetic() {
        let expected = [
            (2, 0.999, (0.695, -0.708_286_822_145, 2.098_286_822_145)),
            (3, 0.999, (0.7, -0.138_219_137_679, 1.538_219_137_679)),
            (5, 0.9997, (0.705, 0.209_477_457_504, 1.200_522_542_496)),
            (7, 0.99, (0.7, 0.651_310_114_831, 0.748_689_885_169)),
            (5, 0.95, (0.705, 0.669_917_080_382, 0.740_082_919_618)),
            (10, 0.999, (0.7, 0.649_875_620_573, 0.750_124_379_427)),
            (11, 0.999, (0.7, 0.68, 0.72)),
            (12, 0.9999, (0.6975, 0.620_535_448_032, 0.779_464_551_968)),
        ];
        for (pairs, confidence, interval) in expected {
            let found = of_logs(&BASELINE[..pairs], &CANDIDATE[..pairs], confidence);
            is_close(found.unwrap(), interval);
        }
        let wild = of_logs(&[0.0, 0.9, 0.2], &[1.1, 1.6, 1.2], 0.999);
        is_close(wild.unwrap(), (0.95, -0.956_438_275_359, 2.756_438_275_359));
        let equal = of_logs(&[0.0; 2], &[0.0; 2], 0.999);
        is_close(equal.unwrap(), (0.0, -1.398_286_822_145, 1.398_286_822_145));
    }

    #[test]
    fn the_widening_ends_where_ranks_suffice() {
        for (confidence, first) in [(0.999, 11), (0.99, 8), (0.95, 6)] {
            for pairs in 2..=first {
                let (a, b) = (&BASELINE[..pairs], &CANDIDATE[..pairs]);
                let by_ranks = paired_shift(&differences(a, b), confidence);
                let found = of_logs(a, b, confidence).unwrap();
                assert_eq!(
                    by_ranks.is_some(),
                    pairs == first,
                    "{pairs} at {confidence}"
                );
                let width = widening_factor(pairs, confidence).unwrap();
                assert_eq!(width == 0.0, pairs == first, "{pairs} at {confidence}");
                if let Some(by_ranks) = by_ranks {
                    assert_eq!(found, by_ranks);
                }
            }
        }
    }

    #[test]
    fn odd_input_is_refused() {
        assert_eq!(of_logs(&[], &[], 0.95), None);
        assert_eq!(of_logs(&[0.1], &[0.2], 0.95), None);
        assert_eq!(of_logs(&[0.1; 2], &[0.2, f64::NAN], 0.95), None);
        assert_eq!(of_logs(&[0.1; 2], &[0.2, f64::INFINITY], 0.95), None);
        assert_eq!(of_logs(&[0.1; 2], &[0.2; 2], 1.0), None);
    }

    /// The noise that the interval is made for, at a level that few draws can check: the
    /// difference is a sign and an exponential of the scale, which neither side shows alone.
    #[test]
    fn the_largest_noise_that_is_allowed_is_covered() {
        let mut random = Pcg64Mcg::seed_from_u64(3);
        for pairs in 2..=5 {
            let missed = (0..4000).filter(|_| {
                let noise = |_| {
                    let size: f64 = -NOISE_SCALE * (1.0 - random.random::<f64>()).ln();
                    if random.random() { size } else { -size }
                };
                let noise: Vec<f64> = (0..pairs).map(noise).collect();
                let found = of_logs(&vec![0.0; pairs], &noise, 0.95).unwrap();
                found.low > 0.0 || found.high < 0.0
            });
            let missed = missed.count();
            assert!(missed <= 260, "{missed} of 4000 with {pairs} pairs");
        }
    }

    proptest! {
        #[test]
        fn the_interval_has_all_differences_in_it_and_shrinks_with_confidence(
            pairs in prop::collection::vec((-5.0_f64..5.0, -5.0_f64..5.0), 2..14),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let sure = of_logs(&a, &b, 0.9999).unwrap();
            let less = of_logs(&a, &b, 0.95).unwrap();
            prop_assert!(sure.low <= less.low && less.high <= sure.high);
            prop_assert!(less.low <= less.value && less.value <= less.high);
            for (a, b) in pairs {
                prop_assert!(less.low <= b - a && b - a <= less.high);
            }
            let mirrored = of_logs(&b, &a, 0.95).unwrap();
            prop_assert!((mirrored.low + less.high).abs() < 1e-9);
        }
    }
}

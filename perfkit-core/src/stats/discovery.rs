//! Many p-values at once.

/// The p-values adjusted for the false discovery rate (Benjamini and Hochberg
/// 1995), in the order of the given ones: the least rate at which each would be
/// rejected.
///
/// Among the hypotheses whose adjusted p-value is at most q, the expected share
/// of true ones is at most q, for independent p-values and those that tend to be
/// small together. `None` with a value outside [0, 1]. O(n log n).
///
/// ```
/// let adjusted = perfkit::stats::adjusted_p_values(&[0.01, 0.5, 0.02]).unwrap();
/// assert_eq!(adjusted, [0.03, 0.5, 0.03]);
/// ```
#[must_use]
pub fn adjusted_p_values(p_values: &[f64]) -> Option<Vec<f64>> {
    if p_values.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return None;
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_unstable_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let n = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, &index) in order.iter().enumerate().rev() {
        least = least.min(p_values[index] * (n / (rank + 1) as f64));
        adjusted[index] = least;
    }
    Some(adjusted)
}

/// How many hypotheses are rejected at the false discovery rate `q`: those with
/// the least p-values. `None` with a value outside [0, 1]. O(n log n).
///
/// ```
/// assert_eq!(perfkit::stats::rejections(&[0.01, 0.5, 0.02], 0.05), Some(2));
/// ```
#[must_use]
pub fn rejections(p_values: &[f64], q: f64) -> Option<usize> {
    if !(0.0..=1.0).contains(&q) {
        return None;
    }
    let adjusted = adjusted_p_values(p_values)?;
    Some(adjusted.iter().filter(|p| **p <= q).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const P: [f64; 9] = [0.01, 0.02, 0.03, 0.04, 0.05, 0.5, 0.04, 0.001, 0.9];

    /// R 4.2.2: `p.adjust(p, method = "BH")`.
    #[test]
    fn agrees_with_r() {
        let expected = [
            0.045,
            0.06,
            0.06,
            0.06,
            0.064_285_714_285_714_3,
            0.5625,
            0.06,
            0.009,
            0.9,
        ];
        let adjusted = adjusted_p_values(&P).unwrap();
        for (p, expected) in adjusted.iter().zip(expected) {
            assert!((p - expected).abs() < 1e-15, "{p} is not {expected}");
        }
        for (q, expected) in [(0.005, 0), (0.01, 1), (0.05, 2), (0.061, 6), (1.0, 9)] {
            assert_eq!(rejections(&P, q), Some(expected), "q = {q}");
        }
    }

    #[test]
    fn odd_input_is_refused() {
        for p in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            assert_eq!(adjusted_p_values(&[0.5, p]), None);
            assert_eq!(rejections(&[0.5, p], 0.1), None);
            assert_eq!(rejections(&[0.5], p), None);
        }
        assert_eq!(adjusted_p_values(&[]), Some(vec![]));
        assert_eq!(rejections(&[], 0.05), Some(0));
        assert_eq!(adjusted_p_values(&[0.03]), Some(vec![0.03]));
        assert_eq!(adjusted_p_values(&[0.03; 4]), Some(vec![0.03; 4]));
    }

    proptest! {
        #[test]
        fn the_step_up_rule_rejects_as_many(
            p in prop::collection::vec(0.0_f64..=1.0, 1..30),
            q in 0.0_f64..=1.0,
        ) {
            let mut ordered = p.clone();
            ordered.sort_unstable_by(f64::total_cmp);
            let n = p.len() as f64;
            let passes = |rank: &usize| ordered[rank - 1] * (n / *rank as f64) <= q;
            let last = (1..=p.len()).rev().find(passes).unwrap_or(0);
            prop_assert_eq!(rejections(&p, q), Some(last));
        }

        #[test]
        fn adjusted_values_keep_the_order_and_never_fall(
            p in prop::collection::vec(0.0_f64..=1.0, 1..30),
        ) {
            let adjusted = adjusted_p_values(&p).unwrap();
            for (a, of_a) in p.iter().zip(&adjusted) {
                prop_assert!(of_a >= a && *of_a <= 1.0);
                for (b, of_b) in p.iter().zip(&adjusted) {
                    prop_assert!(a > b || of_a <= of_b);
                }
            }
        }
    }
}

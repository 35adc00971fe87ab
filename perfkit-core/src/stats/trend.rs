//! Whether values rise or fall as they come, and how fast.

use super::hypothesis::{exact_p_value, normal_p_value};
use super::middle::middle;
use super::percentile::sorted;
use super::rank::Ranks;

/// Up to this many values without ties the distribution of S is enumerated, as
/// R does for Kendall's tau.
const EXACT_VALUES: usize = 49;

/// Of at most so many values pairs are made for the slope: half a million.
const MOST_PLACES: usize = 1000;

/// The two-sided p-value of the trend test of Mann (1945) and Kendall (1975), of the
/// hypothesis that each order of the values is equally likely.
///
/// The statistic S is the number of pairs whose later value is the greater, less
/// the number of those whose later value is the lesser. The p-value is exact for
/// fewer than 50 values without ties, else it is that of the normal
/// approximation with corrections for ties and continuity, as in R's
/// `cor.test(seq_along(x), x, method = "kendall", continuity = TRUE)`.
///
/// Neighbours that resemble each other make trends out of nothing. `None` with
/// fewer than two values, where all are equal and with values that are not finite.
/// O(n log n).
#[must_use]
pub(crate) fn trend_p_value(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let ranks = Ranks::of(values);
    let balance = rises_less_falls(&ranks.ranks);
    if ranks.ties.is_empty() && n <= EXACT_VALUES {
        let pairs = (n * (n - 1) / 2) as i64;
        let rises = usize::try_from((balance + pairs) / 2).ok()?;
        return Some(exact_p_value(&rise_chances(n), rises));
    }
    let term = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let narrowing: f64 = ranks.ties.iter().copied().map(term).sum();
    let variance = (term(n as f64) - narrowing) / 18.0;
    (variance > 0.0).then(|| normal_p_value(balance as f64, variance.sqrt(), 1.0))
}

/// Counts pairs by a binary indexed tree (Fenwick 1994) of the ranks that came
/// before. Twice a rank is a whole number, shared or not.
fn rises_less_falls(ranks: &[f64]) -> i64 {
    let mut tree = vec![0_i64; 2 * ranks.len() + 1];
    let mut balance = 0;
    for (earlier, rank) in ranks.iter().enumerate() {
        let place = (2.0 * rank) as usize;
        let less = seen_up_to(&tree, place - 1);
        let greater = earlier as i64 - seen_up_to(&tree, place);
        balance += less - greater;
        let mut at = place;
        while at < tree.len() {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    balance
}

fn seen_up_to(tree: &[i64], place: usize) -> i64 {
    let mut seen = 0;
    let mut at = place;
    while at > 0 {
        seen += tree[at];
        at &= at - 1;
    }
    seen
}

/// P(k pairs rise) for every k among all orders of `n` different values: the
/// i-th value rises above 0 to i − 1 of those before it, with equal chance.
fn rise_chances(n: usize) -> Vec<f64> {
    let mut chances = vec![1.0];
    for i in 2..=n {
        let mut next = vec![0.0; chances.len() + i - 1];
        for (k, chance) in chances.iter().enumerate() {
            for above in 0..i {
                next[k + above] += chance / i as f64;
            }
        }
        chances = next;
    }
    chances
}

/// The slope of Theil (1950) and Sen (1968), the median of (xⱼ − xᵢ) / (j − i)
/// over all pairs i < j: by how much values grow from one to the next. A quarter
/// of the values may be wild without taking it anywhere.
///
/// Of more than 1000 values, 1000 at even distances from the first to the last
/// are paired. `None` with fewer than two values and with values or slopes that
/// are not finite. O(m² log m) of m = min(n, 1000).
///
#[must_use]
pub(crate) fn trend_slope(values: &[f64]) -> Option<f64> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let count = values.len().min(MOST_PLACES);
    let places = (0..count).map(|i| i * (values.len() - 1) / (count - 1));
    let points: Vec<(f64, f64)> = places.map(|at| (at as f64, values[at])).collect();
    let mut slopes = Vec::with_capacity(count * (count - 1) / 2);
    for (later, (at, value)) in points.iter().enumerate() {
        let earlier = points[..later].iter();
        slopes.extend(earlier.map(|(start, from)| (value - from) / (at - start)));
    }
    middle(&sorted(&slopes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FEW: [f64; 8] = [2.1, 3.0, 2.7, 4.0, 3.9, 5.2, 4.8, 6.6];

    /// R 4.2.2: `Nile`, the annual flow from 1871 to 1970.
    #[rustfmt::skip]
    const NILE: [f64; 100] = [
        1120.0, 1160.0, 963.0, 1210.0, 1160.0, 1160.0, 813.0, 1230.0, 1370.0, 1140.0, 995.0, 935.0, 1110.0, 994.0, 1020.0,
        960.0, 1180.0, 799.0, 958.0, 1140.0, 1100.0, 1210.0, 1150.0, 1250.0, 1260.0, 1220.0, 1030.0, 1100.0, 774.0, 840.0,
        874.0, 694.0, 940.0, 833.0, 701.0, 916.0, 692.0, 1020.0, 1050.0, 969.0, 831.0, 726.0, 456.0, 824.0, 702.0,
        1120.0, 1100.0, 832.0, 764.0, 821.0, 768.0, 845.0, 864.0, 862.0, 698.0, 845.0, 744.0, 796.0, 1040.0, 759.0,
        781.0, 865.0, 845.0, 944.0, 984.0, 897.0, 822.0, 1010.0, 771.0, 676.0, 649.0, 846.0, 812.0, 742.0, 801.0,
        1040.0, 860.0, 874.0, 848.0, 890.0, 744.0, 749.0, 838.0, 1050.0, 918.0, 986.0, 797.0, 923.0, 975.0, 815.0,
        1020.0, 906.0, 901.0, 1170.0, 912.0, 746.0, 919.0, 718.0, 714.0, 740.0,
    ];

    fn close(value: f64, expected: f64) {
        let error = (value - expected).abs() / expected.abs();
        assert!(error < 1e-11, "{value} is not {expected}");
    }

    /// R 4.2.2: `cor.test(seq_along(x), x, method = "kendall", continuity = TRUE)`;
    /// SciPy 1.17.1: `kendalltau(range(8), x, alternative=alternative)`.
    #[test]
    fn p_values_agree_with_r() {
        close(trend_p_value(&FEW).unwrap(), 0.005505952380952381);
        close(trend_p_value(&NILE).unwrap(), 3.658_262_921_664_341e-5);
        let balance = |values: &[f64]| rises_less_falls(&Ranks::of(values).ranks);
        assert_eq!((balance(&FEW), balance(&NILE)), (22, -1387));
    }

    /// R 4.2.2: `i <- combn(n, 2); median((x[i[2, ]] - x[i[1, ]]) / (i[2, ] - i[1, ]))`.
    #[test]
    fn slopes_agree_with_r() {
        close(trend_slope(&FEW).unwrap(), 0.6);
        close(trend_slope(&NILE).unwrap(), -2.6);
    }

    #[test]
    fn long_series_are_thinned() {
        let values: Vec<f64> = (0..5000).map(|i| 3.0 + 0.25 * f64::from(i)).collect();
        assert_eq!(trend_slope(&values), Some(0.25));
        let balance = rises_less_falls(&Ranks::of(&values).ranks);
        assert_eq!(balance, 5000 * 4999 / 2);
        assert_eq!(trend_p_value(&values), Some(0.0));
    }

    #[test]
    fn odd_input_is_refused() {
        for values in [&[][..], &[1.0], &[1.0, f64::INFINITY, 2.0], &[f64::NAN; 3]] {
            assert_eq!(trend_p_value(values), None);
            assert_eq!(trend_slope(values), None);
        }
        assert_eq!(trend_p_value(&[7.0; 9]), None);
        assert_eq!(trend_slope(&[7.0; 9]), Some(0.0));
        assert_eq!(trend_slope(&[f64::MIN, f64::MAX]), None);
        assert_eq!(trend_p_value(&[1.0, 2.0]), Some(1.0));
        assert_eq!(trend_slope(&[10.0, 12.0, 14.0, 99.0, 18.0]), Some(2.0));
    }

    proptest! {
        #[test]
        fn pairs_are_counted_as_if_all_were_compared(values in prop::collection::vec(-9_i8..9, 2..60)) {
            let mut expected = 0;
            for (later, value) in values.iter().enumerate() {
                let earlier = values[..later].iter();
                expected += earlier.map(|from| i32::from((value - from).signum())).sum::<i32>();
            }
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut reversed = values.clone();
            reversed.reverse();
            let balance = |values: &[f64]| rises_less_falls(&Ranks::of(values).ranks);
            prop_assert_eq!(balance(&values), i64::from(expected));
            prop_assert_eq!(balance(&reversed), -i64::from(expected));
            let (there, back) = (trend_p_value(&values), trend_p_value(&reversed));
            prop_assert_eq!(there.is_some(), back.is_some());
            if let (Some(there), Some(back)) = (there, back) {
                prop_assert!((there - back).abs() < 1e-12);
            }
        }

        #[test]
        fn a_tilted_series_has_the_slope_of_both(
            values in prop::collection::vec(-1e3_f64..1e3, 2..40),
            by in -9.0_f64..9.0,
        ) {
            let tilt = |(i, value): (usize, &f64)| value + by * i as f64;
            let tilted: Vec<f64> = values.iter().enumerate().map(tilt).collect();
            let difference = trend_slope(&tilted).unwrap() - trend_slope(&values).unwrap();
            prop_assert!((difference - by).abs() < 1e-9);
        }
    }
}

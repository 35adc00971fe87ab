//! How values depend on those before them.

use super::moments::mean;

/// The autocorrelation of a series at a lag: Σ (xₜ − m)(xₜ₊ₖ − m) / Σ (xₜ − m)²
/// with the mean m of the whole series, as in R's `acf` (Box and Jenkins 1970).
/// It lies in [−1, 1] and is 1 at lag 0.
///
/// Of n independent values it lies within ±1.96/√n in about 95 of 100 series;
/// where it lies above, intervals that take the values for independent are too
/// narrow. `None` where the lag leaves no value, where all are equal and with
/// values that are not finite. O(n).
///
/// ```
/// use perfkit::stats::autocorrelation;
/// let alternating = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0];
/// assert!(autocorrelation(&alternating, 1).unwrap() < -0.8);
/// ```
#[must_use]
pub fn autocorrelation(values: &[f64], lag: usize) -> Option<f64> {
    if lag >= values.len() {
        return None;
    }
    let center = mean(values)?;
    // Divided by the greatest, no square overflows or vanishes.
    let distances = values.iter().map(|value| (value - center).abs());
    let greatest = distances.fold(0.0, f64::max);
    let first = values.first()?;
    if values.iter().all(|value| value == first) || !greatest.is_finite() {
        return None;
    }
    let deviation = |value: &f64| (value - center) / greatest;
    let products = values.iter().zip(&values[lag..]);
    let products: f64 = products.map(|(a, b)| deviation(a) * deviation(b)).sum();
    let squares: f64 = values.iter().map(|value| deviation(value).powi(2)).sum();
    Some(products / squares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agrees(values: &[f64], expected: &[f64]) {
        for (lag, expected) in expected.iter().enumerate() {
            let found = autocorrelation(values, lag).unwrap();
            assert!(
                (found - expected).abs() < 1e-13,
                "{found} is not {expected} at {lag}"
            );
        }
    }

    /// R 4.2.2: `acf(x, plot = FALSE)$acf`, also of the series `lh`.
    #[test]
    fn agrees_with_r() {
        #[rustfmt::skip]
        agrees(&[2.1, 3.7, 3.7, 4.0, 8.5, 9.9, 12.25], &[
            1.0, 0.534_868_328_949_420_3, 0.178_570_005_838_894_4, -0.212_919_891_052_833_5,
            -0.380_209_904_267_173_3, -0.341_425_646_290_481_1, -0.278_882_893_177_826_9,
        ]);
        #[rustfmt::skip]
        let lh = [
            2.4, 2.4, 2.4, 2.2, 2.1, 1.5, 2.3, 2.3, 2.5, 2.0, 1.9, 1.7, 2.2, 1.8, 3.2, 3.2, 2.7, 2.2, 2.2, 1.9, 1.9,
            1.8, 2.7, 3.0, 2.3, 2.0, 2.0, 2.9, 2.9, 2.7, 2.7, 2.3, 2.6, 2.4, 1.8, 1.7, 1.5, 1.4, 2.1, 3.3, 3.5, 3.5,
            3.1, 2.6, 2.1, 3.4, 3.0, 2.9,
        ];
        #[rustfmt::skip]
        agrees(&lh, &[
            1.0, 0.575_524_475_524_475_5, 0.181_818_181_818_181_8, -0.144_755_244_755_244_7,
            -0.174_825_174_825_174_9, -0.149_650_349_650_349_7,
        ]);
    }

    #[test]
    fn odd_input_is_refused() {
        assert_eq!(autocorrelation(&[], 0), None);
        assert_eq!(autocorrelation(&[1.0], 0), None);
        assert_eq!(autocorrelation(&[1.0, 2.0], 2), None);
        assert_eq!(autocorrelation(&[0.1; 7], 1), None);
        assert_eq!(autocorrelation(&[1.0, f64::INFINITY, 2.0], 1), None);
        assert_eq!(autocorrelation(&[1.0, f64::NAN, 2.0], 1), None);
        assert_eq!(autocorrelation(&[1.0, 2.0], 1), Some(-0.5));
        assert_eq!(autocorrelation(&[1e200, -1e200], 1), Some(-0.5));
    }

    proptest! {
        #[test]
        fn scale_and_place_do_not_matter(
            values in prop::collection::vec((-1000_i32..1000).prop_map(f64::from), 3..40),
            lag in 0_usize..3,
        ) {
            let moved: Vec<f64> = values.iter().map(|value| 8.0 * value + 64.0).collect();
            let found = autocorrelation(&values, lag);
            prop_assert_eq!(found.is_some(), autocorrelation(&moved, lag).is_some());
            if let (Some(found), Some(other)) = (found, autocorrelation(&moved, lag)) {
                prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&found));
                prop_assert!((found - other).abs() < 1e-9);
            }
        }
    }
}

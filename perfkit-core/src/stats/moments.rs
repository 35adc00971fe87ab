//! Mean and standard deviation.

/// The arithmetic mean, summed with Neumaier's compensation (Neumaier 1974).
///
/// `None` when there is no value or one is not finite.
#[must_use]
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let mean = sum(values.iter().copied()) / values.len() as f64;
    mean.is_finite().then_some(mean)
}

/// The sample standard deviation with divisor n − 1, in two passes with the
/// correction for the rounding of the mean (Chan, Golub and LeVeque 1983).
///
/// `None` with fewer than two values or when one, or a square, is not finite.
#[must_use]
pub(crate) fn std_dev(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let center = mean(values)?;
    let squares = sum(values.iter().map(|value| (value - center).powi(2)));
    let drift = sum(values.iter().map(|value| value - center));
    let n = values.len() as f64;
    let variance = (squares - drift * drift / n) / (n - 1.0);
    // The squares of the greatest values are not finite.
    variance.is_finite().then(|| variance.max(0.0).sqrt())
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut compensation) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        compensation += if total.abs() >= value.abs() {
            (total - next) + value
        } else {
            (value - next) + total
        };
        total = next;
    }
    total + compensation
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST Statistical Reference Datasets, univariate summary statistics:
    /// certified values of <https://www.itl.nist.gov/div898/strd/univ/homepage.html>.
    fn certified(name: &str, data: &[f64], n: usize, expected_mean: f64, expected_std_dev: f64) {
        assert_eq!(data.len(), n, "{name}");
        let relative = |value: f64, expected: f64| ((value - expected) / expected).abs();
        let mean = mean(data).unwrap();
        let std_dev = std_dev(data).unwrap();
        assert!(relative(mean, expected_mean) < 1e-14, "{name}: mean {mean}");
        // NumAcc4's decimals are not representable: the exact deviation of the
        // nearest doubles differs from 0.1 in the 9th digit.
        let bound = if name == "NumAcc4" { 1e-8 } else { 1e-9 };
        assert!(
            relative(std_dev, expected_std_dev) < bound,
            "{name}: standard deviation {std_dev}"
        );
    }

    fn alternating(first: f64, low: f64, high: f64) -> Vec<f64> {
        let mut data = vec![first];
        for _ in 0..500 {
            data.extend([low, high]);
        }
        data
    }

    #[test]
    fn nist_numacc_1_to_4() {
        let data = [10_000_001.0, 10_000_003.0, 10_000_002.0];
        certified("NumAcc1", &data, 3, 10_000_002.0, 1.0);
        certified("NumAcc2", &alternating(1.2, 1.1, 1.3), 1001, 1.2, 0.1);
        let data = alternating(1_000_000.2, 1_000_000.1, 1_000_000.3);
        certified("NumAcc3", &data, 1001, 1_000_000.2, 0.1);
        let data = alternating(10_000_000.2, 10_000_000.1, 10_000_000.3);
        certified("NumAcc4", &data, 1001, 10_000_000.2, 0.1);
    }

    #[test]
    fn nist_michelson_speed_of_light() {
        #[rustfmt::skip]
        let thousandths = [
            850, 740, 900, 1070, 930, 850, 950, 980, 980, 880, 1000, 980, 930, 650, 760, 810, 1000, 1000, 960, 960,
            960, 940, 960, 940, 880, 800, 850, 880, 900, 840, 830, 790, 810, 880, 880, 830, 800, 790, 760, 800,
            880, 880, 880, 860, 720, 720, 620, 860, 970, 950, 880, 910, 850, 870, 840, 840, 850, 840, 840, 840,
            890, 810, 810, 820, 800, 770, 760, 740, 750, 760, 910, 920, 890, 860, 880, 720, 840, 850, 850, 780,
            890, 840, 780, 810, 760, 810, 790, 810, 820, 850, 870, 870, 810, 740, 810, 940, 950, 800, 810, 870,
        ];
        let data: Vec<f64> = thousandths
            .iter()
            .map(|&t| (299_000.0 + f64::from(t)) / 1000.0)
            .collect();
        certified("Michelson", &data, 100, 299.8524, 0.079_010_547_819_051_8);
    }

    #[test]
    fn too_few_or_odd_values_have_no_moments() {
        assert_eq!(mean(&[]), None);
        assert_eq!(std_dev(&[1.0]), None);
        assert_eq!(mean(&[f64::INFINITY]), None);
        assert_eq!(std_dev(&[1.0, f64::NAN]), None);
        assert_eq!(std_dev(&[f64::MAX, f64::MIN]), None);
        assert_eq!(std_dev(&[7.0; 5]), Some(0.0));
    }
}

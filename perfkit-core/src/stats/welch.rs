//! Two independent samples, compared by their means.

use super::moments::{mean, std_dev};
use super::paired::Estimate;
use super::special::{student_t_quantile, student_t_tail};
use super::tail;

/// The outcome of Welch's test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// The difference of the means, candidate less baseline.
    pub difference: Estimate,
    /// The difference in units of its standard error.
    pub t: f64,
    /// The degrees of freedom, seldom a whole number.
    pub degrees: f64,
    /// The probability of a t at least as far from 0, either way, if the means
    /// were equal.
    pub p_value: f64,
}

/// Welch's test of equal means (Welch 1947), with the degrees of freedom of
/// Satterthwaite (1946). The standard deviations may differ; the means should be
/// nearly normal, for which a few dozen values of a skewed metric suffice.
///
/// `None` with fewer than two values on a side, where neither side has any
/// spread, with values that are not finite and with a confidence outside (0, 1).
/// O(n).
#[must_use]
pub fn welch_test(baseline: &[f64], candidate: &[f64], confidence: f64) -> Option<Welch> {
    let squared_error = |values: &[f64]| Some(std_dev(values)?.powi(2) / values.len() as f64);
    let (of_baseline, of_candidate) = (squared_error(baseline)?, squared_error(candidate)?);
    let squared = of_baseline + of_candidate;
    let error = squared.sqrt();
    if !(error > 0.0 && error.is_finite() && confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let (share, others) = (of_baseline / squared, of_candidate / squared);
    let freedom = |values: &[f64]| (values.len() - 1) as f64;
    let degrees = 1.0 / (share * share / freedom(baseline) + others * others / freedom(candidate));
    let value = mean(candidate)? - mean(baseline)?;
    let t = value / error;
    let half_width = student_t_quantile(1.0 - tail(confidence), degrees)? * error;
    let difference = Estimate {
        value,
        low: value - half_width,
        high: value + half_width,
        confidence,
    };
    let is_finite = difference.low.is_finite() && difference.high.is_finite();
    is_finite.then(|| Welch {
        difference,
        t,
        degrees,
        p_value: 2.0 * student_t_tail(t.abs(), degrees),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: [f64; 7] = [10.12, 9.87, 10.43, 10.05, 9.96, 10.31, 10.22];
    const B: [f64; 8] = [10.51, 10.38, 10.02, 10.77, 10.64, 10.49, 10.91, 10.29];

    fn close(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() < 1e-11,
            "{value} is not {expected}"
        );
    }

    /// R 4.2.2: `t.test(b, a)` and `t.test(b, a, conf.level = 0.99)`.
    #[test]
    fn agrees_with_r() {
        let welch = welch_test(&A, &B, 0.95).unwrap();
        close(welch.difference.value, 0.364_107_142_857_143_6);
        close(welch.difference.low, 0.095_194_684_124_823_6);
        close(welch.difference.high, 0.633_019_601_589_463_7);
        close(welch.t, 2.937_220_222_378_923);
        close(welch.degrees, 12.494_182_085_980_8);
        close(welch.p_value, 0.011_978_140_624_150_93);
        let at_99 = welch_test(&A, &B, 0.99).unwrap().difference;
        close(at_99.low, -0.011_833_764_102_902_42);
        close(at_99.high, 0.740_048_049_817_189_6);
    }

    #[test]
    fn odd_input_is_refused() {
        for (a, b) in [
            (&[][..], &B[..]),
            (&A, &[1.0]),
            (&A, &[1.0, f64::INFINITY]),
            (&[2.0; 3], &[3.0; 4]),
            (&[f64::MAX, f64::MIN], &B),
        ] {
            assert_eq!(welch_test(a, b, 0.95), None);
        }
        for confidence in [0.0, 1.0, f64::NAN] {
            assert_eq!(welch_test(&A, &B, confidence), None);
        }
        // One side without spread leaves the other's.
        assert_eq!(welch_test(&[2.0; 3], &B, 0.95).unwrap().degrees, 7.0);
    }

    proptest! {
        #[test]
        fn the_interval_holds_zero_as_the_p_value_says(
            a in prop::collection::vec(-10.0_f64..10.0, 2..20),
            b in prop::collection::vec(-5.0_f64..15.0, 2..20),
        ) {
            let welch = welch_test(&a, &b, 0.95).unwrap();
            let (fewest, all) = (a.len().min(b.len()) - 1, a.len() + b.len() - 2);
            prop_assert!(welch.degrees >= fewest as f64 - 1e-9);
            prop_assert!(welch.degrees <= all as f64 + 1e-9);
            if (welch.p_value - 0.05).abs() > 1e-9 {
                let holds = welch.difference.low <= 0.0 && welch.difference.high >= 0.0;
                prop_assert_eq!(holds, welch.p_value > 0.05);
            }
        }
    }
}

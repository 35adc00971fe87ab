//! The difference of two things that were measured in sessions of their own.

use super::moments::mean;
use super::paired::Estimate;
use super::special::student_t_quantile;
use super::tail;

/// What one session says: a value on the log scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SessionValue {
    pub(crate) value: f64,
    /// The standard error that its own runs imply.
    pub(crate) standard_error: f64,
}

/// By how much sessions of one thing differ, known before any of these was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SessionNoise {
    /// The standard deviation between sessions on the log scale.
    pub(crate) deviation: f64,
    /// The least half-width of an interval where a side has a single session, which may
    /// have been an odd one and would not show it.
    pub(crate) least_half_width: f64,
}

/// How much the deviation that is known beforehand weighs, in degrees of freedom. With
/// fewer, 10 % are found from two sessions a side less often than in 99 % of cases; with
/// more, sessions that differ by 3 % are called different too often.
const PRIOR_DEGREES: f64 = 5.0;

/// From how many degrees of freedom on sessions may show by themselves that they differ
/// by more than is known beforehand. With fewer they may do so by chance.
const ENOUGH_DEGREES: f64 = 3.0;

/// The mean of the candidate's sessions less that of the baseline's, with Student's
/// interval. The variance between sessions is pooled from both sides and from what is
/// known beforehand, which counts as five degrees of freedom (the conjugate prior of a
/// variance, Gelman and others 2013, section 2.6), and is not below that of the sessions
/// alone where there are enough of them. What the runs of a session leave uncertain is
/// kept out of it, because it is added for each side.
///
/// `None` without a session on either side, and for values that are not finite.
pub(crate) fn session_shift(
    baseline: &[SessionValue],
    candidate: &[SessionValue],
    noise: SessionNoise,
    confidence: f64,
) -> Option<Estimate> {
    let (baseline, candidate) = (Side::of(baseline)?, Side::of(candidate)?);
    let own_degrees = baseline.degrees() + candidate.degrees();
    let squares = (baseline.excess_squares() + candidate.excess_squares()).max(0.0);
    let known = PRIOR_DEGREES * noise.deviation * noise.deviation;
    let degrees = PRIOR_DEGREES + own_degrees;
    let pooled = (known + squares) / degrees;
    let between = match own_degrees >= ENOUGH_DEGREES {
        true => pooled.max(squares / own_degrees),
        false => pooled,
    };
    let variance = |side: &Side| (between + side.error_variance) / side.sessions;
    let t = student_t_quantile(1.0 - tail(confidence), degrees)?;
    let half_width = t * (variance(&baseline) + variance(&candidate)).sqrt();
    let least = match baseline.sessions.min(candidate.sessions) <= 1.0 {
        true => noise.least_half_width,
        false => 0.0,
    };
    let half_width = half_width.max(least);
    let value = candidate.mean - baseline.mean;
    (value.is_finite() && half_width.is_finite()).then_some(Estimate {
        value,
        low: value - half_width,
        high: value + half_width,
        confidence,
    })
}

/// The sessions of one side.
struct Side {
    sessions: f64,
    mean: f64,
    /// The squared deviations of the sessions from their mean, summed.
    squares: f64,
    /// The mean of their squared standard errors.
    error_variance: f64,
}

impl Side {
    fn of(sessions: &[SessionValue]) -> Option<Self> {
        let values: Vec<f64> = sessions.iter().map(|session| session.value).collect();
        let errors = sessions.iter().map(|s| s.standard_error * s.standard_error);
        let errors: Vec<f64> = errors.collect();
        let mean_value = mean(&values)?;
        let squares = values.iter().map(|v| (v - mean_value) * (v - mean_value));
        Some(Self {
            sessions: values.len() as f64,
            mean: mean_value,
            squares: squares.sum(),
            error_variance: mean(&errors)?,
        })
    }

    fn degrees(&self) -> f64 {
        self.sessions - 1.0
    }

    /// What of the squared deviations is more than the sessions' own runs explain.
    fn excess_squares(&self) -> f64 {
        self.squares - self.degrees() * self.error_variance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: SessionNoise = SessionNoise {
        deviation: 0.02,
        least_half_width: 0.13,
    };

    fn sessions(values: &[(f64, f64)]) -> Vec<SessionValue> {
        let session = |(value, standard_error): &(f64, f64)| SessionValue {
            value: *value,
            standard_error: *standard_error,
        };
        values.iter().map(session).collect()
    }

    /// SciPy 1.17.1, by `scipy.stats.t.ppf` and NumPy's mean and sum of squares.
    #[test]
    fn differences_of_sessions_agree_with_scipy() {
        type Values<'a> = &'a [(f64, f64)];
        let three: Values<'_> = &[(0.0, 0.001), (0.01, 0.002), (-0.02, 0.0015)];
        let wide: Values<'_> = &[(0.0, 0.05), (0.1, 0.05), (-0.02, 0.0015)];
        let apart: Values<'_> = &[(0.0, 0.001), (0.08, 0.002), (-0.06, 0.0015)];
        let (two, later): (Values<'_>, Values<'_>) =
            (&three[..2], &[(0.095, 0.003), (0.105, 0.001)]);
        let equal: Values<'_> = &[(0.0, 0.0); 5];
        #[rustfmt::skip]
        let cases: [(Values<'_>, Values<'_>, f64, f64, f64); 9] = [
            (&[(1.0, 0.001)], &[(1.3, 0.002)], 0.99, 0.300_000_000_000_000_04, 0.13),
            (&[(1.0, 0.03)], &[(1.3, 0.002)], 0.99, 0.300_000_000_000_000_04, 0.166_444_986_935_253_03),
            (three, &[(0.095, 0.003)], 0.99, 0.098_333_333_333_333_33, 0.13),
            (two, later, 0.99, 0.095, 0.060_882_820_377_106_17),
            (wide, &[(0.5, 0.003), (0.4, 0.001)], 0.999, 0.423_333_333_333_333_34, 0.290_291_624_678_958_75),
            (apart, later, 0.99, 0.093_333_333_333_333_34, 0.176_124_396_203_798_83),
            (equal, &equal[..3], 0.99, 0.0, 0.030_583_868_375_284_495),
            (&equal[..3], &equal[..3], 0.99, 0.0, 0.039_555_738_540_267_24),
            (&equal[..3], &equal[..2], 0.99, 0.0, 0.048_430_844_474_519_89),
        ];
        for (baseline, candidate, confidence, value, half_width) in cases {
            let (baseline, candidate) = (sessions(baseline), sessions(candidate));
            let shift = session_shift(&baseline, &candidate, TIMES, confidence).unwrap();
            assert!((shift.value - value).abs() < 1e-12, "{shift:?}");
            assert!(
                (shift.high - shift.value - half_width).abs() < 1e-9,
                "{shift:?}"
            );
            assert!(
                (shift.value - shift.low - half_width).abs() < 1e-9,
                "{shift:?}"
            );
            assert_eq!(shift.confidence, confidence);
        }
    }

    #[test]
    fn where_a_side_has_no_session_or_no_number_there_is_no_interval() {
        let one = sessions(&[(1.0, 0.001)]);
        assert_eq!(session_shift(&[], &one, TIMES, 0.99), None);
        assert_eq!(session_shift(&one, &[], TIMES, 0.99), None);
        let broken = sessions(&[(f64::NAN, 0.001)]);
        assert_eq!(session_shift(&one, &broken, TIMES, 0.99), None);
        let unsure = sessions(&[(1.0, f64::INFINITY)]);
        assert_eq!(session_shift(&one, &unsure, TIMES, 0.99), None);
    }
}

//! Numbers with as many digits as they support.

use perfkit::MetricSummary;
use perfkit::report::Ratio;
use perfkit::unit::Unit;

/// Shown where there is no value.
pub(super) const NOTHING: &str = "-";

/// A value in its unit.
pub(super) fn value(value: Option<f64>, unit: Unit, digits: usize) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| unit.format(value, digits))
}

/// How many significant digits of a mean stand above its standard error, from
/// two to five; three where that is not known.
pub(super) fn digits(summary: &MetricSummary) -> usize {
    let relative_error = || {
        let (mean, deviation) = (summary.mean?, summary.std_dev?);
        let error = deviation / (summary.count as f64).sqrt() / mean.abs();
        (error > 0.0 && error.is_finite()).then_some(error)
    };
    relative_error().map_or(3, |error| (-error.log10()).ceil().clamp(2.0, 5.0) as usize)
}

/// A percentile, or `max` where the sample is too small to tell it from the
/// maximum.
pub(super) fn percentile(
    percentile: Option<f64>,
    summary: &MetricSummary,
    digits: usize,
) -> String {
    match percentile {
        Some(value) => summary.unit.format(value, digits),
        None if summary.count > 0 => "= max".to_owned(),
        None => NOTHING.to_owned(),
    }
}

/// A ratio with its interval, with the decimals that the interval supports.
pub(super) struct RatioText {
    pub(super) estimate: String,
    pub(super) low: String,
    pub(super) high: String,
    pub(super) confidence: String,
}

impl RatioText {
    pub(super) fn new(ratio: &Ratio) -> Self {
        let decimals = decimals(ratio.high - ratio.low);
        let show = |value: f64| format!("{value:.decimals$}");
        Self {
            estimate: show(ratio.estimate),
            low: show(ratio.low),
            high: show(ratio.high),
            confidence: Unit::Ratio.format(ratio.confidence, 4),
        }
    }

    /// `95 % interval 1.09 to 1.12`
    pub(super) fn interval(&self) -> String {
        format!("{} interval {} to {}", self.confidence, self.low, self.high)
    }
}

/// The decimals that show an interval of this width with two digits of it.
fn decimals(width: f64) -> usize {
    if width <= 0.0 || !width.is_finite() {
        return 3;
    }
    (1.0 - width.log10()).ceil().clamp(1.0, 5.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(values: &[f64]) -> MetricSummary {
        MetricSummary::from_values(Unit::Nanoseconds, values)
    }

    #[test]
    fn digits_follow_the_standard_error() {
        assert_eq!(digits(&summary(&[1.0, 3.0])), 2);
        assert_eq!(digits(&summary(&[100.0, 101.0, 99.0])), 3);
        assert_eq!(digits(&summary(&[1e6, 1e6 + 1.0])), 5);
        assert_eq!(digits(&summary(&[5.0])), 3);
    }

    #[test]
    fn a_ratio_has_the_decimals_of_its_interval() {
        let text = |low, high| {
            RatioText::new(&Ratio {
                estimate: 1.1,
                low,
                high,
                confidence: 0.95,
            })
        };
        assert_eq!(
            text(1.0951, 1.1049).interval(),
            "95 % interval 1.0951 to 1.1049"
        );
        assert_eq!(text(1.08, 1.12).interval(), "95 % interval 1.080 to 1.120");
        assert_eq!(text(0.5, 3.0).interval(), "95 % interval 0.5 to 3.0");
    }

    #[test]
    fn an_unsupported_percentile_is_called_the_maximum() {
        let few = summary(&[1.0, 2.0]);
        assert_eq!(percentile(few.p95, &few, 3), "= max");
        assert_eq!(percentile(None, &summary(&[]), 3), "-");
    }
}

//! Numbers with as many digits as they support.

use perfkit::MetricSummary;
use perfkit::report::Ratio;
use perfkit::stats;
use perfkit::unit::Unit;

/// Shown where there is no value.
pub(crate) const NOTHING: &str = "-";

/// A value in its unit.
pub(super) fn value(value: Option<f64>, unit: Unit, digits: usize) -> String {
    or_nothing(value.map(|value| unit.format(value, digits)))
}

/// A text where there is one.
pub(crate) fn or_nothing(text: Option<String>) -> String {
    text.unwrap_or_else(|| NOTHING.to_owned())
}

/// How many significant digits of a mean reach down to the first digit of its
/// standard error, from two to six; three where that is not known.
pub(super) fn digits(summary: &MetricSummary) -> usize {
    let reach = || {
        let (mean, deviation) = (summary.mean?.abs(), summary.std_dev?);
        let error = deviation / (summary.count as f64).sqrt();
        let reach = mean.log10().floor() - error.log10().floor() + 1.0;
        reach.is_finite().then_some(reach)
    };
    reach().map_or(3, |reach| reach.clamp(2.0, 6.0) as usize)
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
        // Of other tools' results it may not be known how many values there were.
        None if summary.max.is_some()
            && summary.count > 0
            && !stats::supports(0.95, summary.count) =>
        {
            "= max".to_owned()
        }
        None => NOTHING.to_owned(),
    }
}

/// A ratio with its interval, with the decimals that the interval supports, and so many that
/// each number is on the side of 1 where it is, and none is zero.
#[derive(Clone, Debug)]
pub(crate) struct RatioText {
    pub(crate) estimate: String,
    pub(crate) low: String,
    pub(crate) high: String,
    pub(crate) confidence: String,
}

impl RatioText {
    pub(crate) fn new(ratio: &Ratio) -> Self {
        let of_interval = decimals(ratio.high - ratio.low);
        // A ratio that nothing has is not written out.
        let show = |value: f64| match value {
            value if value >= 1e9 || (value > 0.0 && value < 1e-5) => format!("{value:.1e}"),
            value => {
                let decimals = of_interval.max(decimals_of(value));
                format!("{value:.decimals$}")
            }
        };
        Self {
            estimate: show(ratio.estimate),
            low: show(ratio.low),
            high: show(ratio.high),
            confidence: level(ratio.confidence),
        }
    }

    /// What every baseline is of itself.
    pub(crate) fn baseline() -> Self {
        Self {
            estimate: "1".to_owned(),
            low: NOTHING.to_owned(),
            high: NOTHING.to_owned(),
            confidence: NOTHING.to_owned(),
        }
    }

    pub(crate) fn has_interval(&self) -> bool {
        self.low != NOTHING
    }

    /// `95 % interval 1.09 to 1.12`
    pub(super) fn interval(&self) -> String {
        format!("{} interval {} to {}", self.confidence, self.low, self.high)
    }
}

/// A confidence level as it was chosen: 95 %, 99.9 %.
fn level(confidence: f64) -> String {
    format!("{} %", (confidence * 1e4).round() / 100.0)
}

/// The decimals that show an interval of this width with two digits of it.
fn decimals(width: f64) -> usize {
    if width <= 0.0 || !width.is_finite() {
        return 3;
    }
    (1.0 - width.log10()).ceil().clamp(0.0, 5.0) as usize
}

/// The fewest decimals that tell a ratio from 0 and from 1, and below 10 one of them.
fn decimals_of(ratio: f64) -> usize {
    let down_to = |distance: f64| match distance.abs() {
        distance if distance > 0.0 => (-distance.log10()).ceil().clamp(0.0, MOST_DECIMALS) as usize,
        _ => 0,
    };
    let usual = usize::from((1.0..10.0).contains(&ratio));
    usual.max(down_to(ratio)).max(down_to(ratio - 1.0))
}

/// A double that is not 1 differs from it by no less.
const MOST_DECIMALS: f64 = 16.0;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary(values: &[f64]) -> MetricSummary {
        MetricSummary::from_values(Unit::Nanoseconds, values)
    }

    #[test]
    fn levels_are_shown_as_they_were_chosen() {
        assert_eq!(level(0.95), "95 %");
        assert_eq!(level(0.999), "99.9 %");
        assert_eq!(level(0.9999), "99.99 %");
    }

    #[test]
    fn digits_follow_the_standard_error() {
        assert_eq!(digits(&summary(&[1.0, 3.0])), 2);
        // 100.0 ± 0.6 and 1.00 ± 0.01
        assert_eq!(digits(&summary(&[100.0, 101.0, 99.0])), 4);
        assert_eq!(digits(&summary(&[1.00, 1.02])), 3);
        assert_eq!(digits(&summary(&[1e9, 1e9 + 1.0])), 6);
        assert_eq!(digits(&summary(&[7.0, 7.0])), 3);
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
    fn a_wide_interval_keeps_the_side_of_its_ends() {
        let text = |low, estimate, high| {
            let ratio = Ratio {
                estimate,
                low,
                high,
                confidence: 0.999,
            };
            let text = RatioText::new(&ratio);
            format!("{} ({} to {})", text.estimate, text.low, text.high)
        };
        assert_eq!(text(1.4, 2.04, 47.3), "2.0 (1.4 to 47)");
        assert_eq!(text(0.3, 4.2, 58.1), "4.2 (0.3 to 58)");
        assert_eq!(text(0.021, 0.09, 0.996), "0.09 (0.02 to 0.996)");
        assert_eq!(text(1.004, 12.0, 230.0), "12 (1.004 to 230)");
        assert_eq!(text(0.00049, 0.3, 190.0), "0.3 (0.0005 to 190)");
        assert_eq!(text(1.0, 1.0, 1.0), "1.000 (1.000 to 1.000)");
    }

    proptest! {
        #[test]
        fn rounding_neither_moves_a_ratio_across_1_nor_changes_an_order(
            logs in prop::array::uniform3(prop_oneof![
                -12.0_f64..12.0,
                -1e-2_f64..1e-2,
                -1e-7_f64..1e-7,
            ]),
        ) {
            let mut ends = logs.map(f64::exp);
            ends.sort_unstable_by(f64::total_cmp);
            let [low, estimate, high] = ends;
            let text = RatioText::new(&Ratio { estimate, low, high, confidence: 0.999 });
            let shown = [text.low, text.estimate, text.high];
            let shown = shown.map(|text| text.parse::<f64>().unwrap());
            prop_assert!(shown.is_sorted(), "{:?} as {:?}", ends, shown);
            for (end, shown) in ends.into_iter().zip(shown) {
                prop_assert!(shown > 0.0);
                let is_one_side = end.total_cmp(&1.0) == shown.total_cmp(&1.0);
                prop_assert!(is_one_side, "{} as {}", end, shown);
            }
        }
    }

    #[test]
    fn an_absurd_ratio_is_short() {
        let text = RatioText::new(&Ratio {
            estimate: 1e300,
            low: f64::MIN_POSITIVE,
            high: f64::MAX,
            confidence: 0.95,
        });
        assert_eq!(text.estimate, "1.0e300");
        assert_eq!(text.interval(), "95 % interval 2.2e-308 to 1.8e308");
    }

    #[test]
    fn an_unsupported_percentile_is_called_the_maximum() {
        let few = summary(&[1.0, 2.0]);
        assert_eq!(percentile(few.p95, &few, 3), "= max");
        assert_eq!(percentile(None, &summary(&[]), 3), "-");
    }
}

//! What a record keeps of a report: its summaries, without the single values.

use perfkit::{MetricSummary, Report};

/// The report without what fills megabytes and what no history is made of: single values,
/// distributions, what failed commands wrote, and of benchmarks what is told by interval and
/// extremes as well. Medians have six digits, other numbers four: no measurement means more,
/// and digits are most of what a record takes.
pub(crate) fn summary_of(report: &Report) -> Report {
    let mut summary = report.clone();
    for benchmark in &mut summary.benchmarks {
        benchmark.blocks.clear();
        benchmark.rounds.clear();
        benchmark.failed_blocks.clear();
        for run in &mut benchmark.failed_runs {
            run.stderr.clear();
        }
        for metric in benchmark.metrics.values_mut() {
            shorten(metric);
            if metric.median.is_some() {
                (metric.mean, metric.std_dev) = (None, None);
                (metric.p95, metric.p99, metric.p99_9) = (None, None, None);
            }
        }
    }
    for operation in &mut summary.operations {
        operation.last_calls = Default::default();
        operation.last_period = Default::default();
        operation.lifetime.metrics.values_mut().for_each(shorten);
    }
    summary
}

fn shorten(metric: &mut MetricSummary) {
    metric.samples = Vec::new();
    metric.histogram = None;
    metric.sum = coarse(metric.sum);
    metric.median = metric.median.map(rounded);
    metric.mean = metric.mean.map(rounded);
    for number in [
        &mut metric.std_dev,
        &mut metric.min,
        &mut metric.p95,
        &mut metric.p99,
        &mut metric.p99_9,
        &mut metric.max,
    ] {
        *number = number.map(coarse);
    }
}

/// A number to six digits.
pub(crate) fn rounded(number: f64) -> f64 {
    let text = format!("{number:.5e}");
    text.parse().unwrap_or(number)
}

/// A number to four digits.
pub(crate) fn coarse(number: f64) -> f64 {
    let text = format!("{number:.3e}");
    text.parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_stay() {
        for (number, expected) in [
            (1_234_567.8, 1_234_570.0),
            (-0.000_123_456_78, -0.000_123_457),
            (0.0, 0.0),
            (1e300, 1e300),
        ] {
            assert_eq!(rounded(number), expected);
        }
        assert!(rounded(f64::NAN).is_nan());
        assert_eq!(rounded(f64::INFINITY), f64::INFINITY);
    }
}

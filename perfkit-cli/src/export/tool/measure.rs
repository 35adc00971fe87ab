//! What trackers of performance are told: one number for each metric, how sure
//! it is, and which way is better.

use perfkit::report::Benchmark;
use perfkit::stats;
use perfkit::unit::Unit;
use perfkit::{Direction, Metric, MetricSummary, OperationSnapshot, Report};

/// How sure the bounds of a number are.
const CONFIDENCE: f64 = 0.95;

/// Metrics that are no costs: how much work there was, and counts that vary by
/// themselves from run to run, on which a tracker would raise alarms.
const LEFT_OUT: [Metric; 8] = [
    Metric::ITEMS,
    Metric::BYTES,
    Metric::FAILURE_TIME,
    Metric::CALL_TIME,
    Metric::MINOR_PAGE_FAULTS,
    Metric::MAJOR_PAGE_FAULTS,
    Metric::VOLUNTARY_CONTEXT_SWITCHES,
    Metric::INVOLUNTARY_CONTEXT_SWITCHES,
];

/// A benchmark or an operation with its numbers.
pub(super) struct Subject<'a> {
    pub(super) name: String,
    pub(super) measures: Vec<Measure<'a>>,
}

/// One number.
pub(super) struct Measure<'a> {
    pub(super) metric: &'a str,
    pub(super) unit: Unit,
    pub(super) value: f64,
    /// Where the true value is with a confidence of 95 %.
    pub(super) bounds: Option<(f64, f64)>,
    pub(super) direction: Direction,
    /// What the number is, in words: `median of 100 values`.
    pub(super) what: String,
}

/// Everything in a report that a tracker can follow.
pub(super) fn subjects(report: &Report) -> Vec<Subject<'_>> {
    let benchmarks = report.benchmarks.iter().map(of_benchmark);
    let operations = report.operations.iter().map(of_operation);
    benchmarks
        .chain(operations)
        .filter(|subject| !subject.measures.is_empty())
        .collect()
}

/// Everything in a benchmark that a tracker can follow.
fn of_benchmark(benchmark: &Benchmark) -> Subject<'_> {
    let metrics = benchmark.metrics.iter();
    let mut measures: Vec<Measure<'_>> = metrics.filter_map(|(m, s)| of_metric(m, s)).collect();
    let runs = benchmark.successes.saturating_add(benchmark.failures);
    measures.extend(success_rate(benchmark.successes, runs, "runs"));
    Subject {
        name: benchmark.label(),
        measures,
    }
}

fn of_operation(operation: &OperationSnapshot) -> Subject<'_> {
    let window = &operation.lifetime;
    let metrics = window.metrics.iter();
    let mut measures: Vec<Measure<'_>> = metrics.filter_map(|(m, s)| of_metric(m, s)).collect();
    let rates = [
        ("items_per_second", Unit::PerSecond, window.items_per_second),
        (
            "bytes_per_second",
            Unit::BytesPerSecond,
            window.bytes_per_second,
        ),
    ];
    measures.extend(rates.into_iter().filter_map(|(metric, unit, value)| {
        Some(Measure {
            metric,
            unit,
            value: value.filter(|value| value.is_finite())?,
            bounds: None,
            direction: Direction::HigherIsBetter,
            what: "mean of the whole time".to_owned(),
        })
    }));
    let calls = window.calls;
    measures.extend(success_rate(calls.success, calls.total(), "calls"));
    Subject {
        name: operation.label(),
        measures,
    }
}

fn success_rate(successes: u64, of: u64, what: &str) -> Option<Measure<'static>> {
    (of > 0 && successes <= of).then(|| Measure {
        metric: "success_rate",
        unit: Unit::Ratio,
        value: successes as f64 / of as f64,
        bounds: Some(stats::proportion_bounds(successes, of, CONFIDENCE)),
        direction: Direction::HigherIsBetter,
        what: format!("of {of} {what}"),
    })
}

fn of_metric<'a>(metric: &'a Metric, summary: &MetricSummary) -> Option<Measure<'a>> {
    if LEFT_OUT.contains(metric) {
        return None;
    }
    let typical = summary.typical(CONFIDENCE)?;
    Some(Measure {
        metric: metric.name(),
        unit: summary.unit,
        value: typical.value,
        bounds: typical.bounds,
        direction: summary.direction,
        what: format!("{} of {} values", typical.statistic, summary.count),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_has_bounds_that_enclose_it() {
        let samples = (1..=100).map(f64::from).collect();
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, samples);
        let measure = of_metric(&Metric::WALL_TIME, &summary).unwrap();
        let (low, high) = measure.bounds.unwrap();
        assert!(low < measure.value && measure.value < high);
        assert!((30.0..50.0).contains(&low) && (51.0..70.0).contains(&high));
        assert_eq!(measure.what, "median of 100 values");
        assert!(of_metric(&Metric::ITEMS, &summary).is_none());
    }

    #[test]
    fn which_way_is_better_is_what_the_metric_says() {
        let mut summary = MetricSummary::from_values(Unit::Ratio, &[0.5]);
        for direction in [Direction::HigherIsBetter, Direction::Unknown] {
            summary.direction = direction;
            let measure = of_metric(&Metric::WALL_TIME, &summary).unwrap();
            assert_eq!((measure.direction, measure.bounds), (direction, None));
        }
    }
}

//! What a bound can be held against.

use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::report::Benchmark;
use crate::snapshot::OperationSnapshot;
use crate::unit::Unit;

/// What a budget can be held against.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// What a program recorded.
    Operation(&'a OperationSnapshot),
    /// A command, a benchmark or a result of another tool.
    Benchmark(&'a Benchmark),
}

impl Subject<'_> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operation(operation) => &operation.name,
            Self::Benchmark(benchmark) => &benchmark.name,
        }
    }

    /// Whether a bound of this metric, or of time and calls where none is named, is for it:
    /// values that the program handed over are no calls.
    #[must_use]
    pub fn is_asked_for(&self, metric: Option<&Metric>) -> bool {
        match self {
            Self::Operation(operation) => metric.is_some() || !operation.is_of_values,
            Self::Benchmark(_) => true,
        }
    }

    /// The metrics that it has.
    pub fn metric_names(&self) -> impl Iterator<Item = &str> {
        let metrics = match self {
            Self::Operation(operation) => &operation.lifetime.metrics,
            Self::Benchmark(benchmark) => &benchmark.metrics,
        };
        metrics.keys().map(Metric::name)
    }

    /// A metric; the time where none is named.
    #[must_use]
    pub fn metric(&self, metric: Option<&Metric>) -> Option<&MetricSummary> {
        match self {
            Self::Operation(operation) => {
                let metric = metric.unwrap_or(&Metric::EXECUTION_TIME);
                operation.lifetime.summary(metric)
            }
            Self::Benchmark(benchmark) => {
                benchmark.metrics.get(metric.unwrap_or(&Metric::WALL_TIME))
            }
        }
    }

    /// Successes and all that count: with those that were cancelled, or without.
    pub(super) fn successes(&self, counts_cancelled: bool) -> (u64, u64) {
        match self {
            Self::Operation(operation) => {
                let calls = operation.lifetime.calls;
                let left_out = if counts_cancelled { 0 } else { calls.cancelled };
                (calls.success, calls.total().saturating_sub(left_out))
            }
            Self::Benchmark(benchmark) => (
                benchmark.successes,
                benchmark.successes.saturating_add(benchmark.failures),
            ),
        }
    }

    pub(super) fn throughput(&self, unit: Unit) -> Option<f64> {
        let operation = match self {
            Self::Operation(operation) => operation,
            Self::Benchmark(benchmark) => {
                let rate = benchmark.metrics.get(&Metric::THROUGHPUT)?;
                let rate = (rate.unit == unit).then_some(rate)?;
                return rate.mean.or(rate.median);
            }
        };
        let window = &operation.lifetime;
        if unit == Unit::BytesPerSecond {
            return window.bytes_per_second;
        }
        // What failed was not achieved.
        let achieved = window.calls.success as f64 * 1e9 / window.span_ns as f64;
        let achieved = achieved.is_finite().then_some(achieved);
        window.items_per_second.or(achieved)
    }
}

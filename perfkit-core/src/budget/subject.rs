//! What a bound can be held against.

use crate::load_run::UnfitGenerator;
use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::report::Benchmark;
use crate::small_map::SmallMap;
use crate::snapshot::{CounterSnapshot, GaugeSnapshot, OperationSnapshot, RatioSnapshot};
use crate::unit::Unit;

use super::statistic::Statistic;

/// What a budget can be held against.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// What a program recorded.
    Operation(&'a OperationSnapshot),
    /// A command, a benchmark or a result of another tool.
    Benchmark(&'a Benchmark),
    /// A counter of a program.
    Counter(&'a CounterSnapshot),
    /// A gauge of a program.
    Gauge(&'a GaugeSnapshot),
    /// A ratio of counters of a program.
    Ratio(&'a RatioSnapshot),
}

impl Subject<'_> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operation(operation) => &operation.name,
            Self::Benchmark(benchmark) => &benchmark.name,
            Self::Counter(counter) => &counter.name,
            Self::Gauge(gauge) => &gauge.name,
            Self::Ratio(ratio) => &ratio.name,
        }
    }

    /// Whether a bound of this metric, or of time and calls where none is named, is for it:
    /// values that the program handed over are no calls.
    #[must_use]
    pub fn is_asked_for(&self, metric: Option<&Metric>) -> bool {
        match self {
            Self::Operation(operation) => metric.is_some() || !operation.is_of_values,
            _ => true,
        }
    }

    /// What a bound of this statistic has to be in; `None` where the metric or the statistic
    /// says it.
    pub(super) fn unit(&self, statistic: Statistic) -> Option<Unit> {
        let unit = match self {
            Self::Counter(counter) => counter.unit,
            Self::Gauge(gauge) => gauge.unit,
            Self::Ratio(_) => Unit::Ratio,
            Self::Operation(_) | Self::Benchmark(_) => return None,
        };
        Some(match (statistic, unit) {
            (Statistic::PerSecond, Unit::Bytes) => Unit::BytesPerSecond,
            (Statistic::PerSecond, _) => Unit::PerSecond,
            (_, unit) => unit,
        })
    }

    /// Why times of it may be those of the generator that put load on it.
    pub(super) fn unfit_generator(&self, statistic: Statistic) -> Option<UnfitGenerator> {
        match self {
            Self::Operation(operation) if statistic.is_of_any_metric() => {
                operation.unfit_generator()
            }
            _ => None,
        }
    }

    /// Whether it is a ratio of nothing, which says nothing.
    #[must_use]
    pub fn is_of_nothing(&self) -> bool {
        matches!(self, Self::Ratio(ratio) if ratio.lifetime.of == 0)
    }

    /// The metrics that it has.
    pub fn metric_names(&self) -> impl Iterator<Item = &str> {
        let metrics = match self {
            Self::Operation(operation) => Some(&operation.lifetime.metrics),
            Self::Benchmark(benchmark) => Some(&benchmark.metrics),
            Self::Counter(_) | Self::Gauge(_) | Self::Ratio(_) => None,
        };
        let names = metrics.into_iter().flat_map(SmallMap::keys);
        names.map(Metric::name)
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
            Self::Counter(_) | Self::Gauge(_) | Self::Ratio(_) => None,
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
            Self::Ratio(ratio) => (ratio.lifetime.counted, ratio.lifetime.of),
            Self::Counter(_) | Self::Gauge(_) => (0, 0),
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
            Self::Counter(_) | Self::Gauge(_) | Self::Ratio(_) => return None,
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

//! What a sample says of a statistic.

use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::recorder::Calls;
use crate::stats;

use super::bound::Bound;
use super::statistic::{BoundKind, Statistic};
use super::subject::Subject;

/// A value with the range that the sample supports.
pub(super) struct Known {
    pub(super) value: f64,
    /// `None` where the sample is too small for a bound on this side.
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

impl Known {
    /// What the sample says, with bounds that each hold at this confidence.
    pub(super) fn of(subject: &Subject<'_>, bound: &Bound, confidence: f64) -> Option<Self> {
        if let Subject::Counter(_) | Subject::Gauge(_) | Subject::Ratio(_) = subject {
            return Self::of_number(subject, bound.statistic, confidence);
        }
        let summary = subject.metric(bound.metric.as_ref());
        let (successes, all) = subject.successes(bound.counts_cancelled);
        if let Some(reported) = summary.and_then(|summary| as_reported(summary, bound.statistic)) {
            return Some(reported);
        }
        match bound.statistic {
            Statistic::Mean => {
                let time = summary?;
                let value = time.mean?;
                let bounds = time.std_dev.and_then(|deviation| {
                    stats::mean_bounds(value, deviation, time.count, confidence)
                });
                Some(Self {
                    value,
                    low: bounds.map(|(low, _)| low.max(0.0)),
                    high: bounds.map(|(_, high)| high),
                })
            }
            Statistic::Percentile(quantile) => {
                let time = summary?;
                let (low, high) = time.quantile_bounds(quantile, confidence);
                Some(Self {
                    value: time.percentile(quantile)?,
                    low,
                    high,
                })
            }
            Statistic::Max => summary?.max.map(Self::exactly),
            Statistic::SuccessRate => Self::share(successes, all, confidence),
            Statistic::ErrorRate => Self::share(all.saturating_sub(successes), all, confidence),
            Statistic::Panics => calls(subject, |calls| calls.panic),
            Statistic::Cancellations => calls(subject, |calls| calls.cancelled),
            Statistic::Throughput => subject.throughput(bound.limit.unit).map(Self::exactly),
            Statistic::PeakMemory => peak_memory(subject),
            // Those of numbers that are no calls.
            Statistic::Total | Statistic::PerSecond | Statistic::Value | Statistic::Min => None,
        }
    }

    /// What is counted is known exactly. The ratio of a part is a share of what is counted.
    fn of_number(subject: &Subject<'_>, statistic: Statistic, confidence: f64) -> Option<Self> {
        match (subject, statistic) {
            (Subject::Counter(counter), Statistic::Total) => {
                Some(Self::exactly(counter.lifetime.total as f64))
            }
            (Subject::Counter(counter), Statistic::PerSecond) => {
                counter.lifetime.per_second.map(Self::exactly)
            }
            (Subject::Gauge(gauge), statistic) => {
                let window = &gauge.lifetime;
                let value = match statistic {
                    Statistic::Value => gauge.value,
                    Statistic::Min => window.min,
                    Statistic::Mean => window.mean,
                    Statistic::Max => window.max,
                    _ => None,
                };
                value.map(Self::exactly)
            }
            (Subject::Ratio(ratio), Statistic::Value) => {
                let window = &ratio.lifetime;
                match window.counted <= window.of {
                    true => Self::share(window.counted, window.of, confidence),
                    false => window.value.map(Self::exactly),
                }
            }
            _ => None,
        }
    }

    fn exactly(value: f64) -> Self {
        Self {
            value,
            low: Some(value),
            high: Some(value),
        }
    }

    /// The end of the range that is closest to the bad side, and the other one.
    pub(super) fn worst_and_best(&self, kind: BoundKind) -> (Option<f64>, Option<f64>) {
        match kind {
            BoundKind::Max => (self.high, self.low),
            BoundKind::Min => (self.low, self.high),
        }
    }

    /// The share of some among all; `None` without any.
    fn share(some: u64, all: u64, confidence: f64) -> Option<Self> {
        let (low, high) = stats::proportion_bounds(some, all, confidence);
        (all > 0).then(|| Self {
            value: some as f64 / all as f64,
            low: Some(low),
            high: Some(high),
        })
    }
}

/// What another tool reported without the values it is from is taken as it is.
fn as_reported(summary: &MetricSummary, statistic: Statistic) -> Option<Known> {
    let value = match statistic {
        Statistic::Mean => summary.mean.filter(|_| summary.std_dev.is_none()),
        Statistic::Percentile(0.5) => summary.median,
        Statistic::Percentile(0.95) => summary.p95,
        Statistic::Percentile(0.99) => summary.p99,
        _ => None,
    };
    value
        .filter(|_| !summary.has_distribution())
        .map(Known::exactly)
}

/// The largest peak.
fn peak_memory(subject: &Subject<'_>) -> Option<Known> {
    match subject {
        Subject::Operation(operation) => {
            let growth = operation.lifetime.metrics.get(&Metric::PEAK_GROWTH)?;
            growth.max.map(Known::exactly)
        }
        Subject::Benchmark(benchmark) => {
            let peak = benchmark.metrics.get(&Metric::PEAK_MEMORY)?.max?;
            Some(Known {
                low: (!benchmark.is_peak_memory_inherited).then_some(peak),
                ..Known::exactly(peak)
            })
        }
        Subject::Counter(_) | Subject::Gauge(_) | Subject::Ratio(_) => None,
    }
}

/// How many calls ended in a way that only operations know.
fn calls(subject: &Subject<'_>, count: impl Fn(&Calls) -> u64) -> Option<Known> {
    match subject {
        Subject::Operation(operation) => {
            Some(Known::exactly(count(&operation.lifetime.calls) as f64))
        }
        _ => None,
    }
}

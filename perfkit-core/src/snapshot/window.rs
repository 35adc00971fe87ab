//! One window of one operation.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metric::{Direction, Metric};
use crate::metric_summary::MetricSummary;
use crate::monitor::ValueKind;
use crate::number;
use crate::recorder::{Calls, Quantity, Sample, Tally};
use crate::small_map::SmallMap;
use crate::unit::{NS_PER_SECOND, Unit};
use crate::window::Window;

/// The calls of one operation within one window.
///
/// The short accessors speak of execution time in nanoseconds, those that are named
/// after a metric sum up all of its values. Without a call they are `None`.
///
/// ```
/// let monitor = perfkit::Monitor::new();
/// for _ in 0..10 {
///     monitor.measure("step", || std::hint::black_box(2 + 2));
/// }
/// let snapshot = monitor.snapshot();
/// let last = &snapshot.operation("step").unwrap().last_calls;
/// assert_eq!(last.count(), 10);
/// assert_eq!(last.success_rate(), Some(1.0));
/// assert!(last.min() <= last.median() && last.median() <= last.p95());
/// assert!(last.average() <= last.max());
/// let time = last.execution_time().unwrap();
/// assert!(time.median_duration() <= time.max_duration());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WindowSnapshot {
    /// Which calls these are.
    pub window: Window,
    /// How long the window is, in nanoseconds: from its start to the snapshot;
    /// of the last calls, from the first one's start to the last one's end, or to the
    /// snapshot where the time since that end is longer than that between the last two.
    pub span_ns: u64,
    /// The calls by how they ended.
    pub calls: Calls,
    /// Calls per second of the window; `None` for a window without length.
    #[serde(default, serialize_with = "number::serialize_option")]
    pub calls_per_second: Option<f64>,
    /// Items per second of the window, where calls declared items.
    #[serde(
        default,
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub items_per_second: Option<f64>,
    /// Bytes per second of the window, where calls declared bytes.
    #[serde(
        default,
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub bytes_per_second: Option<f64>,
    /// What was measured of the successful calls, and how long failures took.
    #[serde(default)]
    pub metrics: SmallMap<Metric, MetricSummary>,
}

macro_rules! accessors {
    ($($(#[$doc:meta])+ $name:ident = $metric:ident;)+) => {
        impl WindowSnapshot {
            $(
                $(#[$doc])+
                ///
                /// `None` if the window has no value of it.
                #[must_use]
                pub fn $name(&self) -> Option<&MetricSummary> {
                    self.metrics.get(&Metric::$metric)
                }
            )+
        }
    };
}

accessors! {
    /// The time of successful outermost calls, in nanoseconds.
    execution_time = EXECUTION_TIME;
    /// The same less the time of measured callees, in nanoseconds.
    self_time = SELF_TIME;
    /// The time in the polls of async calls, in nanoseconds.
    busy_time = BUSY_TIME;
    /// The CPU time of the thread during calls, in nanoseconds, where it was asked
    /// for.
    cpu_time = CPU_TIME;
    /// The time of calls that did not succeed, in nanoseconds.
    failure_time = FAILURE_TIME;
    /// The time of operations under load from their start, in nanoseconds.
    service_time = SERVICE_TIME;
    /// What a load generator was late, in nanoseconds.
    schedule_lag = SCHEDULE_LAG;
    /// The bytes allocated during calls, where memory was asked for.
    allocated = ALLOCATED;
    /// The number of allocations during calls, where memory was asked for.
    allocations = ALLOCATIONS;
    /// The bytes allocated less those freed during calls, where memory was asked
    /// for; may be negative.
    net_growth = NET_GROWTH;
    /// The most that memory grew within calls, in bytes, where memory was asked for.
    peak_growth = PEAK_GROWTH;
    /// The items that calls processed, where they were declared; their number in a
    /// second is `items_per_second`.
    items = ITEMS;
    /// The bytes that calls processed, where they were declared; their number in a
    /// second is `bytes_per_second`.
    bytes = BYTES;
}

impl Default for WindowSnapshot {
    fn default() -> Self {
        Self::of_tally(Window::Lifetime, 0, &Tally::default())
    }
}

impl WindowSnapshot {
    /// The summary of a metric by its name, for metrics of other tools and names
    /// that are read from somewhere; `None` if the window has no value of it.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&MetricSummary> {
        self.summary(&Metric::named(name))
    }

    /// The summary of a metric; `None` if the window has no value of it.
    #[must_use]
    pub fn summary(&self, metric: &Metric) -> Option<&MetricSummary> {
        match *metric == Metric::CALL_TIME {
            true => self.call_time(),
            false => self.metrics.get(metric),
        }
    }

    /// The time of outermost calls, however they ended, in nanoseconds: what somebody
    /// waited who cannot know how a call will end. `None` if no call was timed.
    ///
    /// ```
    /// use std::time::Duration;
    /// let clock = perfkit::MockClock::new();
    /// let monitor = perfkit::Monitor::with_clock(clock.clone());
    /// for milliseconds in [1, 1, 30] {
    ///     let _ = monitor.try_measure("fetch", || {
    ///         clock.advance(Duration::from_millis(milliseconds));
    ///         if milliseconds < 30 { Ok(()) } else { Err("too late") }
    ///     });
    /// }
    /// let snapshot = monitor.snapshot();
    /// let calls = &snapshot.operation("fetch").unwrap().lifetime;
    /// assert_eq!(calls.execution_time().unwrap().max, Some(1e6));
    /// assert_eq!(calls.call_time().unwrap().max, Some(30e6));
    /// ```
    #[must_use]
    pub fn call_time(&self) -> Option<&MetricSummary> {
        let of_both = self.metrics.get(&Metric::CALL_TIME);
        of_both.or_else(|| match (self.execution_time(), self.failure_time()) {
            (succeeded, None) => succeeded,
            (None, failed) => failed,
            // Of a report that was written before there were both.
            (Some(_), Some(_)) => None,
        })
    }

    /// How long the window is; see `span_ns`.
    #[must_use]
    pub fn span(&self) -> Duration {
        Duration::from_nanos(self.span_ns)
    }

    /// How many calls there are, however they ended.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.calls.total()
    }

    /// The share of successes among all calls.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        self.calls.success_rate()
    }

    /// The mean execution time in nanoseconds.
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        self.execution_time()?.mean
    }

    /// The median execution time in nanoseconds.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.percentile(0.5)
    }

    /// The 95th percentile of execution time in nanoseconds; with fewer than
    /// 20 calls it is the maximum.
    #[must_use]
    pub fn p95(&self) -> Option<f64> {
        self.percentile(0.95)
    }

    /// The 99th percentile of execution time in nanoseconds; with fewer than
    /// 100 calls it is the maximum.
    #[must_use]
    pub fn p99(&self) -> Option<f64> {
        self.percentile(0.99)
    }

    /// The shortest execution time in nanoseconds.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.execution_time()?.min
    }

    /// The longest execution time in nanoseconds.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.execution_time()?.max
    }

    /// The nearest-rank percentile of execution time in nanoseconds, for a
    /// quantile in [0, 1]: exact for the last calls at 0.5, 0.95, 0.99 and
    /// 0.999, within 0.8 % for the other windows.
    #[must_use]
    pub fn percentile(&self, quantile: f64) -> Option<f64> {
        self.execution_time()?.percentile(quantile)
    }

    /// Adds the calls of a window of another process.
    pub(super) fn merge(&mut self, other: &Self) {
        let mut calls = self.calls;
        calls.merge(other.calls);
        let mut metrics = std::mem::take(&mut self.metrics);
        metrics.remove(&Metric::CALL_TIME);
        let other_metrics = other.metrics.iter();
        for (metric, summary) in other_metrics.filter(|(metric, _)| **metric != Metric::CALL_TIME) {
            match metrics.get_mut(metric) {
                Some(known) => *known = known.merged(summary),
                None => drop(metrics.insert(metric.clone(), summary.clone())),
            }
        }
        *self = Self::new(self.window, self.span_ns.max(other.span_ns), calls, metrics);
    }

    pub(super) fn of_tally(window: Window, span_ns: u64, tally: &Tally) -> Self {
        let mut metrics = SmallMap::new();
        for quantity in Quantity::ALL {
            let Some(series) = tally.series(quantity) else {
                continue;
            };
            let summary = match series.histogram() {
                Some(histogram) => MetricSummary::from_histogram(quantity.unit(), histogram),
                None => MetricSummary::from_totals(quantity.unit(), &series.totals),
            };
            metrics.insert(quantity.metric(), summary);
        }
        Self::new(window, span_ns, tally.calls, metrics)
    }

    pub(super) fn of_samples(
        window: Window,
        now_ns: u64,
        samples: impl Iterator<Item = Sample>,
    ) -> Self {
        let mut calls = Calls::default();
        let mut values: [Vec<f64>; Quantity::ALL.len()] = Default::default();
        let mut span = Span::default();
        for sample in samples {
            calls.add(sample.ending, 1);
            span.add(&sample);
            let may_have = if sample.is_plain() {
                Quantity::OF_TIME
            } else {
                Quantity::ALL.len()
            };
            for (quantity, values) in Quantity::ALL.into_iter().zip(&mut values).take(may_have) {
                values.extend(sample.value(quantity).map(|value| value as f64));
            }
        }
        let of_any_end = [Quantity::ExecutionTime, Quantity::FailureTime]
            .map(|quantity| values[quantity as usize].clone());
        let measured = Quantity::ALL.into_iter().zip(values);
        let mut metrics: SmallMap<Metric, MetricSummary> = measured
            .filter(|(_, values)| !values.is_empty())
            .map(|(quantity, values)| {
                let summary = MetricSummary::of_finite(quantity.unit(), values);
                (quantity.metric(), summary)
            })
            .collect();
        if of_any_end.iter().all(|values| !values.is_empty()) {
            let summary = MetricSummary::of_finite(Unit::Nanoseconds, of_any_end.concat());
            metrics.insert(Metric::CALL_TIME, summary);
        }
        Self::new(window, span.ns(now_ns), calls, metrics)
    }

    /// The same with what its durations stand for; where nobody knows, it is counted.
    pub(super) fn of_values(mut self, kind: Option<&ValueKind>) -> Self {
        let durations = self.metrics.remove(&Metric::EXECUTION_TIME);
        let known = kind.zip(durations).map(|(kind, durations)| {
            let direction = match kind.unit {
                Unit::Nanoseconds => Direction::LowerIsBetter,
                _ => Direction::Unknown,
            };
            let values = durations.in_unit(kind.unit, kind.per_unit);
            (kind.metric.clone(), values.direction(direction))
        });
        Self::new(
            self.window,
            self.span_ns,
            self.calls,
            known.into_iter().collect(),
        )
    }

    pub(crate) fn new(
        window: Window,
        span_ns: u64,
        calls: Calls,
        mut metrics: SmallMap<Metric, MetricSummary>,
    ) -> Self {
        let [succeeded, failed] =
            [Metric::EXECUTION_TIME, Metric::FAILURE_TIME].map(|metric| metrics.get(&metric));
        if let (Some(succeeded), Some(failed)) = (succeeded, failed)
            && !metrics.contains_key(&Metric::CALL_TIME)
        {
            let both = succeeded.merged(failed);
            metrics.insert(Metric::CALL_TIME, both);
        }
        let per_second =
            |amount: f64| (span_ns > 0).then(|| amount * NS_PER_SECOND / span_ns as f64);
        let sum_per_second = |metric: &Metric| metrics.get(metric).and_then(|m| per_second(m.sum));
        Self {
            window,
            span_ns,
            calls,
            calls_per_second: per_second(calls.total() as f64),
            items_per_second: sum_per_second(&Metric::ITEMS),
            bytes_per_second: sum_per_second(&Metric::BYTES),
            metrics,
        }
    }
}

/// How long some calls take together, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    first_start: Option<u64>,
    last_end: u64,
    /// The end of the call before the last, or the start of the only one.
    before: u64,
}

impl Span {
    fn add(&mut self, call: &Sample) {
        self.before = match self.first_start {
            None => call.start(),
            Some(_) => self.before.max(call.end.min(self.last_end)),
        };
        self.last_end = self.last_end.max(call.end);
        let first_start = self.first_start.unwrap_or(u64::MAX);
        self.first_start = Some(first_start.min(call.start()));
    }

    /// Up to the last end, and up to now where calls have ceased to come as they did: their
    /// rate would stay as it was for good.
    fn ns(self, now_ns: u64) -> u64 {
        let Some(first_start) = self.first_start else {
            return 0;
        };
        let interval = self.last_end.saturating_sub(self.before);
        let has_ceased = now_ns.saturating_sub(self.last_end) > interval;
        let end = if has_ceased { now_ns } else { self.last_end };
        end.saturating_sub(first_start)
    }
}

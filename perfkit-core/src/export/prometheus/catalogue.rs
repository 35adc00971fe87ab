//! The one table of metrics: what is exposed, under which name and as what.

use crate::recorder::Quantity;

/// What a metric is to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricType {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

impl MetricType {
    /// The word for it in the text formats.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric that is exposed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MetricDescription {
    /// The name of a counter or a gauge, and what a histogram's names begin with.
    pub name: &'static str,
    /// What it is to Prometheus.
    pub metric_type: MetricType,
    /// Its unit, with which its name ends; for a counter before `_total`.
    pub unit: Option<&'static str>,
    /// The labels that each of its series has, beside those of the operation's own.
    pub labels: &'static [&'static str],
    /// What it tells, in a sentence.
    pub help: &'static str,
    /// Of which operations it is there; nothing where it is there of all.
    pub only: &'static str,
    pub(super) source: Source,
}

/// What of an operation a metric tells.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    ExecutionTime,
    FailureTime,
    Calls,
    UntimedCalls,
    CallsInFlight,
    OverflowCalls,
    Errors,
    /// The sum of a quantity.
    Total(Quantity),
}

const OPERATION: &[&str] = &["operation"];

/// The metrics, in the order in which they are exposed.
pub const METRICS: &[MetricDescription] = &[
    MetricDescription {
        name: "perfkit_execution_time_seconds",
        metric_type: MetricType::Histogram,
        unit: Some("seconds"),
        labels: OPERATION,
        help: "Time of successful outermost calls from start to end.",
        only: "",
        source: Source::ExecutionTime,
    },
    MetricDescription {
        name: "perfkit_failure_time_seconds",
        metric_type: MetricType::Histogram,
        unit: Some("seconds"),
        labels: OPERATION,
        help: "Time of outermost calls that failed, panicked or were cancelled.",
        only: "where there were any",
        source: Source::FailureTime,
    },
    MetricDescription {
        labels: &["operation", "outcome"],
        ..counter(
            "perfkit_calls_total",
            "Calls by how they ended.",
            "",
            Source::Calls,
        )
    },
    counter(
        "perfkit_untimed_calls_total",
        "Successful calls that were counted and not timed.",
        "sampled operations",
        Source::UntimedCalls,
    ),
    MetricDescription {
        metric_type: MetricType::Gauge,
        ..counter(
            "perfkit_calls_in_flight",
            "Calls that have begun and not ended.",
            "",
            Source::CallsInFlight,
        )
    },
    MetricDescription {
        labels: &[],
        ..counter(
            "perfkit_overflow_calls_total",
            "Calls that lost their name or their labels, because there were too many.",
            "",
            Source::OverflowCalls,
        )
    },
    MetricDescription {
        labels: &["operation", "error_type"],
        ..counter(
            "perfkit_errors_total",
            "Failed calls by the kind of error.",
            "where calls failed",
            Source::Errors,
        )
    },
    MetricDescription {
        unit: Some("seconds"),
        ..counter(
            "perfkit_self_time_seconds_total",
            "Time of successful calls less that of measured callees.",
            "",
            Source::Total(Quantity::SelfTime),
        )
    },
    MetricDescription {
        unit: Some("seconds"),
        ..counter(
            "perfkit_busy_time_seconds_total",
            "Time in the polls of successful async calls.",
            "async calls",
            Source::Total(Quantity::BusyTime),
        )
    },
    MetricDescription {
        unit: Some("seconds"),
        ..counter(
            "perfkit_cpu_time_seconds_total",
            "CPU time of the thread during successful calls.",
            "where it is measured",
            Source::Total(Quantity::CpuTime),
        )
    },
    MetricDescription {
        unit: Some("bytes"),
        ..counter(
            "perfkit_allocated_bytes_total",
            "Bytes allocated during successful calls.",
            "where memory is measured",
            Source::Total(Quantity::Allocated),
        )
    },
    counter(
        "perfkit_allocations_total",
        "Allocations during successful calls.",
        "where memory is measured",
        Source::Total(Quantity::Allocations),
    ),
    counter(
        "perfkit_items_total",
        "Items processed by successful calls.",
        "where it is told",
        Source::Total(Quantity::Items),
    ),
    MetricDescription {
        unit: Some("bytes"),
        ..counter(
            "perfkit_bytes_total",
            "Bytes processed by successful calls.",
            "where it is told",
            Source::Total(Quantity::Bytes),
        )
    },
];

const fn counter(
    name: &'static str,
    help: &'static str,
    only: &'static str,
    source: Source,
) -> MetricDescription {
    MetricDescription {
        name,
        metric_type: MetricType::Counter,
        unit: None,
        labels: OPERATION,
        help,
        only,
        source,
    }
}

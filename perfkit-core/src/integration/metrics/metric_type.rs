//! The types of metrics.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum MetricType {
    Counter,
    Gauge,
    Histogram,
}

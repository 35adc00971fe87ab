//! The types of metrics.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum MetricType {
    Counter,
    Gauge,
    Histogram,
}

impl MetricType {
    /// As a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

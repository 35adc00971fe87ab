//! What a bound is on.

use crate::unit::Unit;

/// Which side of its limit a value must stay on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundKind {
    /// The limit is the largest value.
    Max,
    /// The limit is the smallest value.
    Min,
}

/// What a bound is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The arithmetic mean.
    Mean,
    /// The value that this share of values does not exceed, from 0 to 1.
    Percentile(f64),
    /// The largest value.
    Max,
    /// Successes among all calls, from 0 to 1.
    SuccessRate,
    /// What the success rate leaves of the whole.
    ErrorRate,
    /// Calls that panicked.
    Panics,
    /// Calls that were cancelled.
    Cancellations,
    /// Calls, items or bytes per second.
    Throughput,
    /// The largest peak, in bytes.
    PeakMemory,
    /// What a counter has counted.
    Total,
    /// The same in a second.
    PerSecond,
    /// The value of a ratio, and that which a gauge has at the end.
    Value,
    /// The smallest value of a gauge.
    Min,
}

impl Statistic {
    /// Its key in `perfkit.toml`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Mean => "mean".to_owned(),
            Self::Percentile(0.5) => "median".to_owned(),
            Self::Percentile(quantile) => format!("p{}", quantile * 100.0),
            Self::Max => "max".to_owned(),
            Self::SuccessRate => "success_rate".to_owned(),
            Self::ErrorRate => "error_rate".to_owned(),
            Self::Panics => "panics".to_owned(),
            Self::Cancellations => "cancellations".to_owned(),
            Self::Throughput => "throughput".to_owned(),
            Self::PeakMemory => "peak_memory".to_owned(),
            Self::Total => "total".to_owned(),
            Self::PerSecond => "per_second".to_owned(),
            Self::Value => "value".to_owned(),
            Self::Min => "min".to_owned(),
        }
    }

    /// All that a bound on operations and benchmarks can be on.
    pub const OF_CALLS: [Self; 11] = [
        Self::Mean,
        Self::Percentile(0.5),
        Self::Percentile(0.95),
        Self::Percentile(0.99),
        Self::Max,
        Self::SuccessRate,
        Self::ErrorRate,
        Self::Panics,
        Self::Cancellations,
        Self::Throughput,
        Self::PeakMemory,
    ];

    /// All that a bound on counters can be on.
    pub const OF_COUNTERS: [Self; 2] = [Self::Total, Self::PerSecond];

    /// All that a bound on gauges can be on.
    pub const OF_GAUGES: [Self; 4] = [Self::Value, Self::Min, Self::Mean, Self::Max];

    /// All that a bound on ratios can be on.
    pub const OF_RATIOS: [Self; 1] = [Self::Value];

    /// Which of its values are good, of operations and benchmarks.
    #[must_use]
    pub fn kind(self) -> BoundKind {
        match self {
            Self::SuccessRate | Self::Throughput => BoundKind::Min,
            _ => BoundKind::Max,
        }
    }

    /// Whether it can be had of any metric.
    #[must_use]
    pub fn is_of_any_metric(self) -> bool {
        matches!(self, Self::Mean | Self::Percentile(_) | Self::Max)
    }

    /// What its values are measured in, of operations and benchmarks.
    #[must_use]
    pub fn units(self) -> &'static [Unit] {
        match self {
            Self::SuccessRate | Self::ErrorRate => &[Unit::Ratio],
            Self::Panics | Self::Cancellations => &[Unit::Count],
            Self::Throughput => &[Unit::PerSecond, Unit::BytesPerSecond],
            Self::PeakMemory => &[Unit::Bytes],
            _ => &[Unit::Nanoseconds],
        }
    }
}

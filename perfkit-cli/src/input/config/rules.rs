//! What the configuration says, checked.

use std::fmt;

use perfkit::Metric;
use perfkit::unit::Unit;
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::args::{Confidence, RunCount, Share, TimeSpan};

/// What `perfkit compare` does unless told otherwise.
#[derive(Debug, Default)]
pub(crate) struct CompareDefaults {
    pub(crate) warmup: Option<u64>,
    pub(crate) min_runs: Option<RunCount>,
    pub(crate) max_runs: Option<RunCount>,
    pub(crate) time: Option<TimeSpan>,
    pub(crate) shell: Option<String>,
    pub(crate) confidence: Option<Confidence>,
    pub(crate) indifference: Option<Share>,
}

/// What `perfkit gate` holds reports against.
#[derive(Clone, Debug)]
pub(crate) struct GateRules {
    /// How sure a decision must be, on each side.
    pub(crate) confidence: f64,
    pub(crate) inconclusive: OnInconclusive,
    /// What happens where something is gone; by default it fails where a rule names
    /// it, and warns where a pattern would match it.
    pub(crate) missing: Option<OnMissing>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) regressions: Vec<Regression>,
}

impl GateRules {
    /// The budgets alone.
    pub(crate) fn without_regressions(&self) -> Self {
        Self {
            regressions: Vec::new(),
            ..self.clone()
        }
    }

    /// The regressions alone.
    pub(crate) fn without_budgets(&self) -> Self {
        Self {
            budgets: Vec::new(),
            ..self.clone()
        }
    }
}

/// What a rule that cannot be decided does to the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnInconclusive {
    #[default]
    Pass,
    Fail,
}

impl Default for GateRules {
    fn default() -> Self {
        Self {
            confidence: 0.99,
            inconclusive: OnInconclusive::Pass,
            missing: None,
            budgets: Vec::new(),
            regressions: Vec::new(),
        }
    }
}

/// Which operations or benchmarks a rule is for.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    Operation(WildMatch),
    Benchmark(WildMatch),
}

impl Scope {
    fn pattern(&self) -> &WildMatch {
        match self {
            Self::Operation(pattern) | Self::Benchmark(pattern) => pattern,
        }
    }

    /// Whether the rule is for what has this name.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.pattern().matches(name)
    }

    /// Whether it is a name, and no pattern.
    pub(crate) fn is_literal(&self) -> bool {
        !self.to_string().contains(['*', '?'])
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern().fmt(f)
    }
}

/// What a rule does to the gate that is for something which only the baseline has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnMissing {
    Pass,
    Warn,
    Fail,
}

/// Absolute bounds.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub(crate) scope: Scope,
    /// The metric that mean, percentiles and maximum are of, instead of the time.
    pub(crate) metric: Option<Metric>,
    /// Whether calls that were cancelled count as calls that did not succeed.
    pub(crate) counts_cancelled: bool,
    pub(crate) bounds: Vec<Bound>,
}

/// One absolute bound.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) statistic: Statistic,
    pub(crate) kind: BoundKind,
    /// Whether the bound itself is still allowed.
    pub(crate) is_inclusive: bool,
    /// In base units.
    pub(crate) limit: f64,
    pub(crate) unit: Unit,
    /// Beyond this value, still within the bound, there is a warning.
    pub(crate) warn: Option<f64>,
    /// Beyond this value, still within the bound, it is called critical.
    pub(crate) critical: Option<f64>,
}

/// Which side of its limit a value must stay on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BoundKind {
    /// The limit is the largest value.
    Max,
    /// The limit is the smallest value.
    Min,
}

/// What a bound is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Statistic {
    Mean,
    Percentile(f64),
    Max,
    SuccessRate,
    ErrorRate,
    Panics,
    Cancellations,
    Throughput,
    PeakMemory,
}

impl Statistic {
    pub(crate) fn name(self) -> String {
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
        }
    }

    pub(super) fn kind(self) -> BoundKind {
        match self {
            Self::SuccessRate | Self::Throughput => BoundKind::Min,
            _ => BoundKind::Max,
        }
    }

    /// Whether it can be had of any metric.
    pub(super) fn is_of_any_metric(self) -> bool {
        matches!(self, Self::Mean | Self::Percentile(_) | Self::Max)
    }

    pub(super) fn units(self) -> &'static [Unit] {
        match self {
            Self::SuccessRate | Self::ErrorRate => &[Unit::Ratio],
            Self::Panics | Self::Cancellations => &[Unit::Count],
            Self::Throughput => &[Unit::PerSecond, Unit::BytesPerSecond],
            Self::PeakMemory => &[Unit::Bytes],
            _ => &[Unit::Nanoseconds],
        }
    }
}

/// A bound relative to a baseline.
#[derive(Clone, Debug)]
pub(crate) struct Regression {
    pub(crate) scope: Scope,
    /// The metric that is compared instead of the time; of benchmarks only.
    pub(crate) metric: Option<Metric>,
    /// The largest tolerated slowdown, or worsening of the metric: 0.03 for 3 %.
    pub(crate) max_slowdown: f64,
}

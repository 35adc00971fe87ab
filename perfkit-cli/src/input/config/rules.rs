//! What the configuration says, checked.

use std::fmt;

use perfkit::Metric;
use perfkit::unit::Unit;
use serde::Deserialize;
use toml::value::Date;
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
    /// What a waiver does that has expired, or that nothing needs.
    pub(crate) stale: OnMissing,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) regressions: Vec<Regression>,
    pub(crate) waivers: Vec<Waiver>,
}

impl GateRules {
    /// The budgets alone, with their waivers.
    pub(crate) fn without_regressions(&self) -> Self {
        let mut rules = self.clone();
        rules.regressions.clear();
        rules.waivers.retain(|waiver| !waiver.is_of_regressions());
        rules
    }

    /// The regressions alone, with their waivers.
    pub(crate) fn without_budgets(&self) -> Self {
        let mut rules = self.clone();
        rules.budgets.clear();
        rules.waivers.retain(Waiver::is_of_regressions);
        rules
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
            stale: OnMissing::Warn,
            budgets: Vec::new(),
            regressions: Vec::new(),
            waivers: Vec::new(),
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
    /// Whether both are for operations, or both for benchmarks.
    pub(crate) fn is_of_one_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

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

/// What a rule does to the gate that is for something which only the baseline has, or a
/// waiver that is stale.
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
    pub(crate) limit: Amount,
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

    /// All that a bound can be on.
    pub(super) const ALL: [Self; 11] = [
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
    pub(crate) limit: Limit,
    /// A change that is smaller than this is tolerated, whatever its share.
    pub(crate) min_change: Option<Amount>,
}

/// By how much something may be worse than it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    /// A share of the baseline: 0.03 for 3 %.
    Share(f64),
    /// So much, whatever the baseline is.
    Amount(Amount),
}

/// A value with its unit, in base units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Amount {
    pub(crate) value: f64,
    pub(crate) unit: Unit,
}

impl Amount {
    /// Whether a metric of this unit can be held against it: a bare number stands for
    /// whatever has no unit.
    pub(crate) fn fits(self, metric: Unit) -> bool {
        let is_bare = matches!(self.unit, Unit::Score | Unit::Count);
        let has_no_unit = matches!(metric, Unit::Count | Unit::Ratio | Unit::Score);
        self.unit == metric || (is_bare && has_no_unit)
    }
}

/// A rule that may be broken for a while, up to a ceiling, for a reason.
#[derive(Clone, Debug)]
pub(crate) struct Waiver {
    pub(crate) scope: Scope,
    /// The metric that the rule is on instead of the time.
    pub(crate) metric: Option<Metric>,
    pub(crate) ceiling: Ceiling,
    /// The last day on which it holds, in UTC.
    pub(crate) until: Date,
    pub(crate) reason: String,
}

/// Which rule is waived, and how far.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ceiling {
    /// The bound of a budget on this statistic may go so far.
    Bound(Statistic, Amount),
    /// A regression rule tolerates so much.
    Regression(Limit),
}

impl Waiver {
    pub(crate) fn is_of_regressions(&self) -> bool {
        matches!(self.ceiling, Ceiling::Regression(_))
    }
}

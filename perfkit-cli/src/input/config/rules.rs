//! What the configuration says, checked.

use std::fmt;

use perfkit::Metric;
use perfkit::budget::engine::{Amount, Bound, Statistic};
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

/// Which operations, benchmarks or other numbers a rule is for.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    Operation(WildMatch),
    Benchmark(WildMatch),
    Number(NumberKind, WildMatch),
}

/// What a number is that a program counts beside calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    Counter,
    Gauge,
    Ratio,
}

impl NumberKind {
    /// The word for it, which is its key.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Ratio => "ratio",
        }
    }
}

impl Scope {
    /// Whether both are for operations, or both for benchmarks, and so on.
    pub(crate) fn is_of_one_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(own, _), Self::Number(other, _)) => own == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// What it is for, in a word, which is its key.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Operation(_) => "operation",
            Self::Benchmark(_) => "benchmark",
            Self::Number(kind, _) => kind.word(),
        }
    }

    /// What a bound can be on.
    pub(crate) fn statistics(&self) -> &'static [Statistic] {
        match self {
            Self::Operation(_) | Self::Benchmark(_) => &Statistic::OF_CALLS,
            Self::Number(NumberKind::Counter, _) => &Statistic::OF_COUNTERS,
            Self::Number(NumberKind::Gauge, _) => &Statistic::OF_GAUGES,
            Self::Number(NumberKind::Ratio, _) => &Statistic::OF_RATIOS,
        }
    }

    fn pattern(&self) -> &WildMatch {
        match self {
            Self::Operation(pattern) | Self::Benchmark(pattern) | Self::Number(_, pattern) => {
                pattern
            }
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
    pub(crate) bounds: Vec<Bound>,
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

//! One absolute bound.

use std::fmt;

use crate::metric::Metric;
use crate::unit::Unit;

use super::amount::Amount;
use super::statistic::{BoundKind, Statistic};

/// Significant digits of values in findings.
pub const DIGITS: usize = 4;

/// One absolute bound.
#[derive(Clone, Debug)]
pub struct Bound {
    /// What it is on.
    pub statistic: Statistic,
    /// The metric that mean, percentiles and maximum are of, instead of the time.
    pub metric: Option<Metric>,
    /// Whether calls that were cancelled count as calls that did not succeed.
    pub counts_cancelled: bool,
    /// Which side of its limit a value must stay on.
    pub kind: BoundKind,
    /// Whether the limit itself is still allowed.
    pub is_inclusive: bool,
    /// The last value that is allowed, or the first that is not.
    pub limit: Amount,
    /// Beyond this value, still within the bound, there is a warning.
    pub warn: Option<f64>,
    /// Beyond this value, still within the bound, it is called critical.
    pub critical: Option<f64>,
}

impl Bound {
    /// How many times as bad as its limit a value is.
    pub(super) fn excess(&self, value: f64) -> f64 {
        match self.kind {
            BoundKind::Max => value / self.limit.value,
            BoundKind::Min => self.limit.value / value,
        }
    }

    /// Whether it is on a share that is to be all or nothing.
    pub(super) fn is_at_end_of_shares(&self) -> bool {
        let limit = self.limit.value;
        match self.kind {
            BoundKind::Max => limit <= 0.0,
            BoundKind::Min => limit >= 1.0,
        }
    }

    /// The value at which so much is used of what the bound allows: of a least share, of
    /// what may be missing from the whole.
    #[must_use]
    pub fn at_used_share(&self, used: f64) -> f64 {
        let limit = self.limit.value;
        match (self.kind, self.limit.unit) {
            (BoundKind::Max, _) => used * limit,
            (BoundKind::Min, Unit::Ratio) => 1.0 - used * (1.0 - limit),
            (BoundKind::Min, _) => limit / used,
        }
    }

    /// Whether a value keeps it.
    pub(super) fn holds(&self, value: f64) -> bool {
        let limit = self.limit.value;
        match (self.kind, self.is_inclusive) {
            (BoundKind::Max, true) => value <= limit,
            (BoundKind::Max, false) => value < limit,
            (BoundKind::Min, true) => value >= limit,
            (BoundKind::Min, false) => value > limit,
        }
    }
}

/// The rule in words: `p95 < 100.0 ms`, `allocations: max <= 3`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (self.kind, self.is_inclusive) {
            (BoundKind::Max, true) => "<=",
            (BoundKind::Max, false) => "<",
            (BoundKind::Min, true) => ">=",
            (BoundKind::Min, false) => ">",
        };
        if let Some(metric) = &self.metric {
            write!(f, "{metric}: ")?;
        }
        let limit = self.limit.unit.format(self.limit.value, DIGITS);
        write!(f, "{} {sign} {limit}", self.statistic.name())
    }
}

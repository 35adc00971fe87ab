//! What something under load can take.

use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// The highest rate that kept some limits, and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capacity {
    /// The name of what was under load.
    pub name: String,
    /// The limits, in words: `call_time: p99 < 100 ms`.
    pub limits: Vec<String>,
    /// The highest rate that kept them and no lower one broke them, in operations per second;
    /// `None` where none did.
    #[serde(default)]
    pub low: Option<f64>,
    /// The lowest rate that did not keep them; `None` where all did.
    #[serde(default)]
    pub high: Option<f64>,
    /// What the higher end is.
    pub ends_by: CapacityEnd,
    /// The rates that were tried, in the order of the trials.
    pub trials: Vec<CapacityTrial>,
}

/// What the higher end of a capacity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CapacityEnd {
    /// There a limit is broken.
    Limit,
    /// There the generator was unfit: the capacity may be higher.
    Generator,
    /// There the calls were too few to say.
    TooFewCalls,
    /// The highest rate that was to be tried kept the limits: the capacity may be higher.
    HighestRate,
    /// The search was ended before it was done.
    Interrupted,
}

/// A rate that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CapacityTrial {
    /// Operations per second that were due.
    pub rate: f64,
    /// The operation with what was measured, among those of the report.
    pub operation: String,
    /// What it came to.
    pub outcome: TrialOutcome,
}

#[cfg(feature = "load")]
impl CapacityTrial {
    pub(crate) fn new(rate: f64, operation: String, outcome: TrialOutcome) -> Self {
        Self {
            rate,
            operation,
            outcome,
        }
    }
}

/// What a rate that was tried came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrialOutcome {
    /// All limits are kept.
    Kept,
    /// One is broken.
    Broken,
    /// One is broken, with a generator that was late itself.
    GeneratorUnfit,
    /// Too few calls to say.
    TooFewCalls,
}

impl Capacity {
    /// What it came to, in a sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let rate = |rate: f64| Unit::PerSecond.format(rate, 3);
        let limits = self.limits.join(", ");
        match (self.low, self.high, self.ends_by) {
            (Some(low), _, CapacityEnd::HighestRate) => {
                format!(
                    "capacity at least {}, the highest rate that was tried ({limits})",
                    rate(low)
                )
            }
            (Some(low), Some(high), CapacityEnd::Limit) => format!(
                "capacity {}: the limits hold there and are broken at {} ({limits})",
                rate(low),
                rate(high)
            ),
            (Some(low), Some(high), end) => format!(
                "capacity at least {}; at {} {} ({limits})",
                rate(low),
                rate(high),
                why(end)
            ),
            (Some(low), None, end) => {
                format!("capacity at least {}; {} ({limits})", rate(low), why(end))
            }
            (None, Some(high), CapacityEnd::Limit) => {
                format!(
                    "no capacity: the limits are broken at {} too ({limits})",
                    rate(high)
                )
            }
            (None, _, end) => format!("inconclusive: {} ({limits})", why(end)),
        }
    }
}

fn why(end: CapacityEnd) -> &'static str {
    match end {
        CapacityEnd::Limit => "a limit is broken",
        CapacityEnd::Generator => "the load generator itself was late",
        CapacityEnd::TooFewCalls => "the calls were too few to say: let each trial take longer",
        CapacityEnd::HighestRate => "all limits are kept",
        CapacityEnd::Interrupted => "the search was ended before it was done",
    }
}

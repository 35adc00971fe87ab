//! One measured value, as a collector gets it.

use std::time::SystemTime;

use crate::metric::Metric;
use crate::outcome::{Ending, Failure};
use crate::recorder::{Quantity, Sample};
use crate::unit::Unit;

/// One value that was measured.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// The operation's name.
    pub operation: String,
    /// What was measured.
    pub metric: Metric,
    /// The value, in `unit`.
    pub value: f64,
    /// The unit of the value.
    pub unit: Unit,
    /// When the call ended.
    pub timestamp: SystemTime,
    /// How the call ended.
    pub ending: Ending,
    /// Kind and text of the failure, if it was one.
    pub failure: Option<Failure>,
}

impl Measurement {
    /// Whether the call succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.ending == Ending::Success
    }

    /// Every value of a finished call.
    pub(super) fn of_sample(
        operation: &str,
        sample: &Sample,
        failure: Option<&Failure>,
        timestamp: SystemTime,
    ) -> Vec<Self> {
        let of_quantity = |quantity: Quantity| {
            Some(Self {
                operation: operation.to_owned(),
                metric: quantity.metric(),
                value: sample.value(quantity)? as f64,
                unit: quantity.unit(),
                timestamp,
                ending: sample.ending,
                failure: failure.cloned(),
            })
        };
        Quantity::ALL.into_iter().filter_map(of_quantity).collect()
    }
}

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

    fn empty() -> Self {
        Self {
            operation: String::new(),
            metric: Metric::EXECUTION_TIME,
            value: 0.0,
            unit: Unit::Nanoseconds,
            timestamp: SystemTime::UNIX_EPOCH,
            ending: Ending::Success,
            failure: None,
        }
    }
}

/// The values of one call after the other, in the same memory.
#[derive(Debug, Default)]
pub(super) struct Measurements(Vec<Measurement>);

impl Measurements {
    /// Every value of a finished call.
    pub(super) fn of(
        &mut self,
        operation: &str,
        sample: &Sample,
        failure: Option<&Failure>,
        timestamp: SystemTime,
    ) -> &[Measurement] {
        let mut count = 0;
        for quantity in Quantity::ALL {
            let Some(value) = sample.value(quantity) else {
                continue;
            };
            if self.0.len() == count {
                self.0.push(Measurement::empty());
            }
            if let Some(measurement) = self.0.get_mut(count) {
                if measurement.operation != operation {
                    operation.clone_into(&mut measurement.operation);
                }
                measurement.metric = quantity.metric();
                measurement.value = value as f64;
                measurement.unit = quantity.unit();
                measurement.timestamp = timestamp;
                measurement.ending = sample.ending;
                measurement.failure = failure.cloned();
            }
            count += 1;
        }
        self.0.get(..count).unwrap_or_default()
    }
}

//! What a metric is to those who use it.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{CounterFn, GaugeFn, HistogramFn};

use crate::monitor::{Counter, Gauge, Monitor, Operation};
use crate::outcome::{Ending, Failure, Outcome};
use crate::recorder::{OptionalValues, Sample};

use super::conversion::Conversion;

/// The kind of failure that a number is which cannot be kept.
const OUT_OF_RANGE: &str = "out_of_range";

/// A histogram: records numbers as calls of an operation.
#[derive(Debug)]
pub(super) struct HistogramHandle {
    /// Whose recording can be switched off.
    monitor: Monitor,
    operation: Operation,
    conversion: Conversion,
}

impl HistogramHandle {
    pub(super) fn new(monitor: Monitor, operation: Operation, conversion: Conversion) -> Self {
        Self {
            monitor,
            operation,
            conversion,
        }
    }

    fn record_value(&self, value: u64, outcome: Outcome) {
        if !self.monitor.is_enabled() {
            return;
        }
        let destination = &self.operation.destination;
        let sample = Sample {
            end: destination.monitor.clock().ticks(),
            duration: value,
            ending: Ending::Success,
            nested: false,
            self_time: value,
            optional: OptionalValues::default(),
        };
        destination.record(sample, outcome);
    }
}

impl HistogramFn for HistogramHandle {
    fn record(&self, value: f64) {
        match self.conversion.recorded(value) {
            Some(value) => self.record_value(value, Outcome::Success),
            None => {
                let failure = Failure::new(OUT_OF_RANGE, value);
                self.record_value(0, Outcome::Failure(failure));
            }
        }
    }
}

/// A counter, whose numbers are in the unit that it was described with.
#[derive(Debug)]
pub(super) struct CounterHandle {
    counter: Counter,
    /// How many of what is counted one of the counter's own numbers is.
    factor: f64,
    /// What was counted so far, in the counter's own numbers.
    latest: AtomicU64,
    /// Counts what cannot be told where others may know more of the counter than `latest`.
    not_kept: Option<Counter>,
}

impl CounterHandle {
    pub(super) fn new(counter: Counter, factor: f64) -> Self {
        Self {
            counter,
            factor,
            latest: AtomicU64::new(0),
            not_kept: None,
        }
    }

    /// A handle beside which its counter may have others.
    pub(super) fn not_kept(self, not_kept: Counter) -> Self {
        Self {
            not_kept: Some(not_kept),
            ..self
        }
    }

    fn add(&self, value: u64) {
        self.counter.add(match self.factor {
            1.0 => value,
            // What is too large becomes the largest number.
            factor => (value as f64 * factor).round() as u64,
        });
    }
}

impl CounterFn for CounterHandle {
    fn increment(&self, value: u64) {
        self.latest.fetch_add(value, Ordering::AcqRel);
        self.add(value);
    }

    /// A counter only grows: one that is set to less than it was stays.
    fn absolute(&self, value: u64) {
        if let Some(not_kept) = &self.not_kept {
            return not_kept.increment();
        }
        let before = self.latest.fetch_max(value, Ordering::AcqRel);
        self.add(value.saturating_sub(before));
    }
}

/// A gauge, whose numbers are in the unit that it was described with.
#[derive(Debug)]
pub(super) struct GaugeHandle {
    gauge: Gauge,
    /// How many of the gauge's unit one of its own numbers is.
    factor: f64,
}

impl GaugeHandle {
    pub(super) fn new(gauge: Gauge, factor: f64) -> Self {
        Self { gauge, factor }
    }
}

impl GaugeFn for GaugeHandle {
    fn increment(&self, value: f64) {
        self.gauge.add(value * self.factor);
    }

    fn decrement(&self, value: f64) {
        self.gauge.subtract(value * self.factor);
    }

    fn set(&self, value: f64) {
        self.gauge.set(value * self.factor);
    }
}

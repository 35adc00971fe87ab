//! What a metric is to those who use it.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{CounterFn, GaugeFn, HistogramFn};

use crate::monitor::{Monitor, Operation};
use crate::outcome::{Ending, Failure, Outcome};
use crate::recorder::{OptionalValues, Sample};

use super::conversion::Conversion;

/// The kind of failure that a number is which cannot be kept.
const OUT_OF_RANGE: &str = "out_of_range";

/// The kind of failure that a change is of a metric beyond the limit of those whose value
/// is known.
const TOO_MANY: &str = "too_many_metrics";

/// A metric: records numbers as calls of an operation.
#[derive(Debug)]
pub(super) struct Handle {
    /// Whose recording can be switched off.
    monitor: Monitor,
    operation: Operation,
    conversion: Conversion,
    /// Of a counter its sum, of a gauge its value, as bits.
    latest: AtomicU64,
    /// Whether it is the one of its metric, so that `latest` is to be trusted.
    is_kept: bool,
}

impl Handle {
    pub(super) fn new(monitor: Monitor, operation: Operation, conversion: Conversion) -> Self {
        Self {
            monitor,
            operation,
            conversion,
            latest: AtomicU64::new(0),
            is_kept: true,
        }
    }

    /// A handle beside which its metric may have others.
    pub(super) fn not_kept(self) -> Self {
        Self {
            is_kept: false,
            ..self
        }
    }

    fn record_number(&self, number: f64) {
        match self.conversion.recorded(number) {
            Some(value) => self.record_value(value, Outcome::Success),
            None => self.fail(OUT_OF_RANGE, number),
        }
    }

    /// Counts what cannot be kept.
    fn fail(&self, kind: &'static str, number: impl Display) {
        self.record_value(0, Outcome::Failure(Failure::new(kind, number)));
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

    fn change_gauge(&self, change: impl Fn(f64) -> f64) {
        if !self.is_kept {
            return self.fail(TOO_MANY, change(0.0));
        }
        let changed = |bits| Some(change(f64::from_bits(bits)).to_bits());
        let (set, get) = (Ordering::AcqRel, Ordering::Acquire);
        if let Ok(before) = self.latest.fetch_update(set, get, changed) {
            self.record_number(change(f64::from_bits(before)));
        }
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.record_number(value);
    }
}

impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.latest.fetch_add(value, Ordering::AcqRel);
        self.record_number(value as f64);
    }

    /// A counter only grows: one that is set to less than it was stays.
    fn absolute(&self, value: u64) {
        if !self.is_kept {
            return self.fail(TOO_MANY, value);
        }
        let before = self.latest.fetch_max(value, Ordering::AcqRel);
        if value > before {
            self.record_number((value - before) as f64);
        }
    }
}

impl GaugeFn for Handle {
    fn increment(&self, value: f64) {
        self.change_gauge(|before| before + value);
    }

    fn decrement(&self, value: f64) {
        self.change_gauge(|before| before - value);
    }

    fn set(&self, value: f64) {
        self.latest.store(value.to_bits(), Ordering::Release);
        self.record_number(value);
    }
}

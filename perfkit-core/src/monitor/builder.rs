//! The settings of a new monitor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use crate::clock::Clock;
use crate::recorder::Limits;

use super::collector::Delivery;
use super::registry::Registry;
use super::{Inner, Monitor};

/// The settings of a new [`Monitor`].
///
/// ```
/// use std::time::Duration;
/// let monitor = perfkit::Monitor::builder()
///     .last_calls(100)
///     .last_period(Duration::from_secs(10))
///     .build();
/// # drop(monitor);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MonitorBuilder {
    clock: Clock,
    last_calls: usize,
    last_period: Duration,
    max_operations: usize,
}

impl Default for MonitorBuilder {
    fn default() -> Self {
        Self {
            clock: Clock::os(),
            last_calls: 1000,
            last_period: Duration::from_secs(60),
            max_operations: 2000,
        }
    }
}

impl MonitorBuilder {
    /// The clock; by default the operating system's.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// How many calls the count window keeps, 1 to 100,000; by default 1000.
    pub fn last_calls(mut self, calls: usize) -> Self {
        self.last_calls = calls.clamp(1, 100_000);
        self
    }

    /// How far back the time window reaches, in 60 slots; at least 60 ns, by
    /// default 60 s.
    pub fn last_period(mut self, period: Duration) -> Self {
        self.last_period = period.max(Duration::from_nanos(60));
        self
    }

    /// How many operations are kept apart, at least 1; by default 2000. All
    /// further names are counted under `overflow`.
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.max_operations = operations.max(1);
        self
    }

    /// The monitor.
    #[must_use]
    pub fn build(self) -> Monitor {
        let limits = Limits {
            last_calls: self.last_calls,
            last_period: self.last_period,
        };
        Monitor {
            inner: Arc::new(Inner {
                started_ns: AtomicU64::new(self.clock.now_ns()),
                clock: self.clock,
                is_enabled: AtomicBool::new(true),
                registry: Registry::new(limits, self.max_operations),
                last_calls: self.last_calls,
                last_period: self.last_period,
                delivery: Delivery::default(),
            }),
        }
    }
}

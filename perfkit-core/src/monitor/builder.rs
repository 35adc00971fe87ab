//! The settings of a new monitor.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::clock::Clock;
use crate::recorder::{Common, Limits, MonitorState, State};

use super::delivery::Delivery;
use super::ratio::Ratios;
use super::registry::{Cardinality, Registry};
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
    limits: Limits,
    cardinality: Cardinality,
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new()
    }
}

impl Monitor {
    /// A monitor on the fastest clock that keeps the last 1000 calls
    /// and the last 60 seconds of each operation.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A monitor on the given clock, for tests on a [`crate::MockClock`].
    #[must_use]
    pub fn with_clock(clock: impl Into<Clock>) -> Self {
        Self::builder().clock(clock).build()
    }

    /// Sets the clock, the windows and the limits of a new monitor.
    pub fn builder() -> MonitorBuilder {
        MonitorBuilder::default()
    }
}

#[cfg(feature = "metrics")]
impl Monitor {
    /// As [`Monitor::known_values`], for those who have one to record.
    pub(crate) fn values(&self) -> &Self {
        if let Some(known) = self.known_values() {
            return known;
        }
        // A mock counts nanoseconds already.
        let clock = if self.clock().is_counter() {
            Clock::os()
        } else {
            self.clock().clone()
        };
        let Inner {
            common, registry, ..
        } = &*self.inner;
        let common = common.with_clock(clock);
        // Made before: a fork meanwhile leaves nothing begun in its child.
        let state = MonitorState::Own(State::new());
        let values = Self::with(common, registry.cardinality, state);
        self.inner.values.get_or_init(|| values)
    }
}

impl Default for MonitorBuilder {
    fn default() -> Self {
        Self {
            clock: Clock::fastest(),
            limits: Limits {
                last_calls: 1000,
                last_period: Duration::from_secs(60),
                shards_bytes: 64 << 20,
            },
            cardinality: Cardinality {
                max_operations: 2000,
                max_label_sets: 200,
            },
        }
    }
}

impl MonitorBuilder {
    /// The clock; by default [`Clock::fastest`].
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// How many calls the count window keeps, 1 to 100,000; by default 1000.
    pub fn last_calls(mut self, calls: usize) -> Self {
        self.limits.last_calls = calls.clamp(1, 100_000);
        self
    }

    /// How far back the time window reaches, in 60 slots; at least 60 ns, by
    /// default 60 s.
    pub fn last_period(mut self, period: Duration) -> Self {
        self.limits.last_period = period.max(Duration::from_nanos(60));
        self
    }

    /// How much memory the counters that threads have of all operations may take, in
    /// bytes; by default 64 MiB.
    ///
    /// | per | KiB |
    /// |---|---|
    /// | operation that was never called | 0.3 |
    /// | operation and thread that calls it | 36 |
    /// | the same, more with `memory` | 80 |
    /// | the same, more with `cpu` | 35 |
    /// | the same, more with `throughput`, in async calls, or with measured callees | 16 each |
    /// | operation, for the time window, at 20 different times a slot | 24 |
    ///
    /// None of it grows with the number of calls, and the memory of a thread that
    /// ends serves the next. The budget is for the second line; what a system
    /// really gives is less, because buckets that were never hit are never
    /// touched. Where the budget does not hold another thread's counters, its
    /// calls of the operation go to counters that all such threads share: still
    /// exact, but behind a lock, and 36 KiB for the operation beyond the budget, for as
    /// many operations and sets of labels as are kept apart. What the macros of `metrics`
    /// record takes from the same budget.
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.limits.shards_bytes = bytes;
        self
    }

    /// How many names are kept apart, at least 1; by default 2000. Calls of all
    /// further names are counted under `overflow`. Labels do not count: see
    /// [`MonitorBuilder::max_label_sets`].
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.cardinality.max_operations = operations.max(1);
        self
    }

    /// How many sets of labels of one name are kept apart, at least 1; by default
    /// 200. Calls of the name with further labels are counted under the name and
    /// the label `otel.metric.overflow="true"`. All names together keep 20 times
    /// as many.
    ///
    /// ```
    /// use perfkit::{Monitor, measure};
    ///
    /// #[measure(monitor = monitor, name = "get", labels(user = user))]
    /// fn get(monitor: &Monitor, user: u32) {}
    ///
    /// let monitor = Monitor::builder().max_label_sets(10).build();
    /// for user in 0..100 {
    ///     get(&monitor, user);
    /// }
    /// let snapshot = monitor.snapshot();
    /// let others = snapshot.operation("get{otel.metric.overflow=\"true\"}").unwrap();
    /// assert_eq!(others.lifetime.calls.success, 90);
    /// assert!(others.is_overflow);
    /// ```
    pub fn max_label_sets(mut self, label_sets: usize) -> Self {
        self.cardinality.max_label_sets = label_sets.max(1);
        self
    }

    /// The monitor.
    #[must_use]
    pub fn build(self) -> Monitor {
        self.build_with(MonitorState::Own(State::new()))
    }

    /// The monitor, with its state in the given place.
    pub(crate) fn build_with(self, state: MonitorState) -> Monitor {
        let common = Common::new(self.clock, self.limits);
        Monitor::with(common, self.cardinality, state)
    }
}

impl Monitor {
    fn with(common: Common, cardinality: Cardinality, state: MonitorState) -> Self {
        state.set_full_path(!common.clock.is_counter());
        let started = AtomicU64::new(common.clock.ticks());
        let common = Arc::new(common);
        Self {
            inner: Arc::new(Inner {
                started,
                state,
                registry: Registry::new(Arc::clone(&common), cardinality),
                counters: Registry::new(Arc::clone(&common), cardinality),
                gauges: Registry::new(Arc::clone(&common), cardinality),
                ratios: Ratios::default(),
                common,
                delivery: Delivery::default(),
                values: OnceLock::new(),
            }),
        }
    }
}

#[cfg(all(test, feature = "metrics", not(perfkit_loom)))]
mod tests {
    use super::*;
    use crate::recorder::shard_of_thread;

    #[test]
    fn values_take_from_the_budget_of_their_monitor() {
        // Of one operation and one thread.
        let monitor = Monitor::builder().memory_budget(40 << 10).build();
        let has_own = |monitor: &Monitor, name| {
            let destination = monitor.operation(name).destination;
            shard_of_thread(&destination.entry.recorder).is_some()
        };
        assert!(has_own(monitor.values(), "values"));
        assert!(!has_own(&monitor, "calls"));
        assert!(!has_own(monitor.values(), "further values"));
    }
}

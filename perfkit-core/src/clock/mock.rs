//! A clock whose hands a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock that stands still until it is told to move; clones share its hands.
///
/// ```
/// use std::time::Duration;
/// use perfkit::{MockClock, Monitor};
///
/// let clock = MockClock::new();
/// let monitor = Monitor::with_clock(clock.clone());
/// monitor.measure("work", || clock.advance(Duration::from_millis(20)));
/// let snapshot = monitor.snapshot();
/// assert_eq!(snapshot.operation("work").unwrap().lifetime.max(), Some(20e6));
/// ```
#[derive(Clone, Debug, Default)]
pub struct MockClock {
    hands: Arc<Hands>,
}

#[derive(Debug, Default)]
struct Hands {
    monotonic_ns: AtomicU64,
    thread_cpu_ns: AtomicU64,
}

impl MockClock {
    /// A clock at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves monotonic time forward.
    pub fn advance(&self, by: Duration) {
        let ns = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.hands.monotonic_ns.fetch_add(ns, Ordering::SeqCst);
    }

    /// Moves monotonic time and CPU time forward, as computing does.
    pub fn compute(&self, by: Duration) {
        self.advance(by);
        let ns = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.hands.thread_cpu_ns.fetch_add(ns, Ordering::SeqCst);
    }

    /// Sets monotonic time, also to an earlier moment: a clock that steps.
    pub fn set_ns(&self, ns: u64) {
        self.hands.monotonic_ns.store(ns, Ordering::SeqCst);
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.hands.monotonic_ns.load(Ordering::SeqCst)
    }

    pub(super) fn thread_cpu_ns(&self) -> u64 {
        self.hands.thread_cpu_ns.load(Ordering::SeqCst)
    }
}

//! How much memory something takes, told by perfkit's counting allocator.

use perfkit::Monitor;

/// What a call allocated on its own thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// The most that memory grew above its level before the call, in bytes.
    pub peak_bytes: u64,
    /// How many allocations there were.
    pub allocations: u64,
}

/// Calls a function once, and counts what its thread allocates meanwhile.
pub fn memory_of<T>(function: impl FnOnce() -> T) -> (T, MemoryUse) {
    const NAME: &str = "memory";
    let monitor = Monitor::new();
    let value = monitor.operation(NAME).memory().measure(function);
    let snapshot = monitor.snapshot();
    let recorded = snapshot.operation(NAME).map(|found| &found.lifetime);
    let most = |metric: Option<&perfkit::MetricSummary>| {
        let most = metric.and_then(|metric| metric.max);
        most.map_or(0, |most| most.max(0.0) as u64)
    };
    let used = recorded.map(|recorded| MemoryUse {
        peak_bytes: most(recorded.peak_growth()),
        allocations: most(recorded.allocations()),
    });
    (value, used.unwrap_or_default())
}

//! How much memory recording takes: the figures of the table in the documentation
//! of `MonitorBuilder::memory_budget`.
//!
//! One test, because it counts what the whole program allocates.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]
#![allow(clippy::print_stdout, reason = "the figures are for people to see")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use perfkit::{CountingAllocator, MockClock, Monitor, Operation};

/// Counts what is allocated, perfkit's own included.
struct Live(CountingAllocator);

static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: arguments and results are those of the allocator within.
#[expect(unsafe_code, reason = "a global allocator is an unsafe trait")]
unsafe impl GlobalAlloc for Live {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE_BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { self.0.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Live = Live(CountingAllocator::new(System));

const KIB: f64 = 1024.0;

/// How many KiB more are live after some work, per operation.
fn kib_of(operations: usize, work: impl FnOnce()) -> f64 {
    let before = LIVE_BYTES.load(Ordering::Relaxed);
    work();
    let after = LIVE_BYTES.load(Ordering::Relaxed);
    (after as f64 - before as f64) / operations as f64 / KIB
}

const OPERATIONS: usize = 50;

struct Subject {
    monitor: Monitor,
    clock: MockClock,
    operations: Vec<Operation>,
}

impl Subject {
    fn new(prefix: &str) -> Self {
        let clock = MockClock::new();
        let monitor = Monitor::builder()
            .clock(clock.clone())
            .memory_budget(usize::MAX)
            .build();
        let operations = (0..OPERATIONS)
            .map(|number| monitor.operation(&format!("{prefix} {number}")))
            .collect();
        Self {
            monitor,
            clock,
            operations,
        }
    }

    /// Calls every operation so often, each time a little longer.
    fn call(&self, times: u64, with: fn(Operation) -> Operation) {
        for operation in &self.operations {
            let operation = with(operation.clone());
            for call in 0..times {
                operation.measure(|| self.clock.advance(Duration::from_nanos(1000 + call % 200)));
            }
        }
    }
}

#[test]
fn memory_is_what_the_documentation_says() {
    let never_called = {
        let monitor = Monitor::new();
        let names: Vec<String> = (0..2000)
            .map(|number| format!("operation {number}"))
            .collect();
        kib_of(2000, || {
            names.iter().for_each(|name| drop(monitor.operation(name)));
        })
    };
    assert!(never_called <= 1.0, "never called: {never_called:.2} KiB");

    let plain = Subject::new("plain");
    // The thread's own lists grow once.
    let first = kib_of(OPERATIONS, || plain.call(1, |operation| operation));
    assert!(first <= 36.0 + 0.5, "first call: {first:.2} KiB");
    // A slot or two of the time window are closed meanwhile.
    let later = kib_of(OPERATIONS, || plain.call(20_000, |operation| operation));
    assert!(later <= 4.0, "twenty thousand more calls: {later:.2} KiB");

    let memory = kib_of(OPERATIONS, || plain.call(10, Operation::memory));
    assert!((40.0..85.0).contains(&memory), "memory: {memory:.2} KiB");
    let cpu = kib_of(OPERATIONS, || plain.call(10, Operation::cpu));
    assert!((30.0..40.0).contains(&cpu), "cpu: {cpu:.2} KiB");
    let items = kib_of(OPERATIONS, || {
        plain.call(10, |operation| operation.items(3));
    });
    assert!((15.0..20.0).contains(&items), "items: {items:.2} KiB");
    println!(
        "KiB: never called {never_called:.2}, first call {first:.2}, later {later:.2}, \
         memory {memory:.2}, cpu {cpu:.2}, throughput {items:.2}"
    );
    a_time_window_is_bounded();
    counters_and_gauges_take_little();
    what_exceeds_the_budget_is_still_exact();
    drop(plain.monitor);
}

/// An hour of calls in every slot, of many different durations.
fn a_time_window_is_bounded() {
    let subject = Subject::new("windowed");
    subject.call(1, |operation| operation);
    let window = kib_of(OPERATIONS, || {
        for _ in 0..600 {
            subject.call(20, |operation| operation);
            subject.clock.advance(Duration::from_millis(100));
        }
    });
    assert!(window <= 100.0, "time window: {window:.2} KiB");
    println!("KiB: a full time window {window:.2}");
}

/// As many as operations, before and after a minute in which they change all the time.
fn counters_and_gauges_take_little() {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let names: Vec<String> = (0..OPERATIONS).map(|number| number.to_string()).collect();
    let (mut counters, mut gauges) = (Vec::new(), Vec::new());
    let counter = kib_of(OPERATIONS, || {
        counters.extend(names.iter().map(|name| monitor.counter(name)));
    });
    let gauge = kib_of(OPERATIONS, || {
        gauges.extend(names.iter().map(|name| monitor.gauge(name)));
    });
    let minute = || (0..600).inspect(|_| clock.advance(Duration::from_millis(100)));
    let counted = kib_of(OPERATIONS, || {
        minute().for_each(|_| counters.iter().for_each(|counter| counter.add(1)));
    });
    let set = kib_of(OPERATIONS, || {
        minute().for_each(|tenth| gauges.iter().for_each(|gauge| gauge.set(f64::from(tenth))));
    });
    println!(
        "KiB: counter {counter:.2}, its window {counted:.2}, gauge {gauge:.2}, its window {set:.2}"
    );
    assert!(
        counter <= 1.0 && counted <= 1.5,
        "counter: {counter:.2} and {counted:.2} KiB"
    );
    assert!(
        gauge <= 0.7 && set <= 3.5,
        "gauge: {gauge:.2} and {set:.2} KiB"
    );
}

fn what_exceeds_the_budget_is_still_exact() {
    let monitor = Monitor::builder().memory_budget(0).build();
    let operation = monitor.operation("shared");
    let taken = kib_of(1, || {
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| (0..1000).for_each(|_| operation.measure(|| ())));
            }
        });
    });
    let snapshot = monitor.snapshot();
    let shared = snapshot.operation("shared").unwrap();
    assert_eq!(shared.lifetime.calls.success, 20_000);
    assert!(
        taken <= 48.0,
        "twenty threads without a budget: {taken:.2} KiB"
    );
}

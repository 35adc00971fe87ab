//! perfkit's own hot paths, measured by perfkit: what `perfkit compare --base main`
//! compares in this repository.
//!
//! ```console
//! $ cargo bench --package perfkit-core --features bench --bench paths
//! $ perfkit compare --base main --package perfkit-core --features bench
//! ```

use std::time::Duration;

use perfkit::bench::{Bench, black_box};
use perfkit::unit::Unit;
use perfkit::{CountingAllocator, MetricSummary, MockClock, Monitor, Report, stats};

/// Makes allocations a metric: what a call allocates is compared exactly.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// A call without work of its own.
#[perfkit::measure]
#[inline(never)]
fn measured(number: u64) -> u64 {
    number + 1
}

/// One whose error is counted.
#[perfkit::measure]
#[inline(never)]
fn failing(number: u64) -> Result<u64, &'static str> {
    if number == 0 { Ok(0) } else { Err("always") }
}

#[perfkit::measure(memory)]
#[inline(never)]
fn with_memory(number: u64) -> u64 {
    number + 1
}

/// Numbers that are no calls.
fn count(bench: &mut Bench<'_>) {
    let monitor = Monitor::new();
    let counter = monitor.counter("counter");
    let gauge = monitor.gauge("gauge");
    bench.group("count", |group| {
        group.add("counter", || counter.add(black_box(1)));
        group.add("gauge", || gauge.set(black_box(1.5)));
    });
}

fn record(bench: &mut Bench<'_>) {
    bench.group("record", |group| {
        group.add("measured", || measured(black_box(1)));
        group.add("failing", || failing(black_box(1)).is_err());
        group.add("with_memory", || with_memory(black_box(1)));
        group.add("by_name", || perfkit::measure("by name", || black_box(1)));
    });
}

/// Twenty operations of a thousand calls each.
fn monitor() -> Monitor {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for operation in 0..20 {
        let name = format!("operation {operation}");
        for call in 0..1000_u64 {
            let time = Duration::from_nanos(call * 7919 % 100_000);
            monitor.measure(&name, || clock.advance(time));
        }
    }
    monitor
}

fn read(bench: &mut Bench<'_>) {
    // What is made within a group is made by the processes that measure it.
    bench.group("read", |group| {
        let monitor = monitor();
        group.add("snapshot", || monitor.snapshot());
    });
    bench.group("report", |group| {
        let report = Report::from_snapshot(monitor().snapshot());
        let text = report.to_json().unwrap_or_default();
        group.bytes(text.len() as u64);
        group.add("write", || report.to_json().is_ok());
        group.add("load", || Report::from_json(text.as_bytes()).is_ok());
    });
}

fn analyse(bench: &mut Bench<'_>) {
    bench.group("stats", |group| {
        let values: Vec<f64> = (1..=1000_u64).map(|n| (n * 7919 % 1009) as f64).collect();
        let differences: Vec<f64> = values[..100].iter().map(|v| v / 1e5 - 5e-3).collect();
        group.add("paired_shift", || stats::paired_shift(&differences, 0.999));
        group.add("sign_shift", || stats::sign_shift(&differences, 0.999));
        group.add("summary", || {
            MetricSummary::from_samples(Unit::Nanoseconds, values.clone())
        });
    });
}

fn main() {
    perfkit::bench::main(|bench| {
        record(bench);
        count(bench);
        read(bench);
        analyse(bench);
    });
}

//! No time and no size is too long or too large, or too short or too small.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::time::Duration;

use perfkit::budget::Budget;
use perfkit::histogram::Histogram;
use perfkit::unit::Unit;
use perfkit::{Calls, MetricSummary, MockClock, Monitor, Report, measure};

const TIMES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_secs(60),
    Duration::from_nanos(u64::MAX),
    Duration::from_secs(u64::MAX),
    Duration::MAX,
];

const SIZES: [u64; 6] = [0, 1, 1000, u32::MAX as u64, 1 << 48, u64::MAX];

const NUMBERS: [f64; 9] = [
    f64::NEG_INFINITY,
    -1.0,
    -0.0,
    0.0,
    0.5,
    1.0,
    1e300,
    f64::INFINITY,
    f64::NAN,
];

#[measure(name = "worker", monitor = monitor, memory, cpu, throughput(items = items), labels(items = items))]
fn worker(monitor: &Monitor, items: u64) {}

/// Calls of every kind; what was recorded can be kept.
fn is_used(monitor: &Monitor, clock: &MockClock, time: Duration) {
    monitor.measure("plain", || clock.advance(time));
    let _ = monitor.try_measure("refused", || {
        clock.compute(time);
        Err::<(), _>("no")
    });
    for size in SIZES {
        monitor
            .operation("items")
            .items(size)
            .measure(|| clock.advance(time));
        monitor.operation("bytes").bytes(size).measure(|| ());
        worker(monitor, size);
    }
    let timer = monitor.operation("timer").start();
    clock.set_ns(u64::MAX);
    timer.stop();
    let report = Report::from_snapshot(monitor.snapshot());
    let json = report.to_json().unwrap();
    assert!(Report::from_json(json.as_bytes()).is_ok());
    assert!(report.to_string().contains("plain"));
    clock.set_ns(0);
    monitor.measure("plain", || ());
    drop(monitor.snapshot());
    monitor.reset();
}

#[test]
fn monitors_of_any_size_record() {
    for period in TIMES {
        for time in TIMES {
            let clock = MockClock::new();
            let monitor = Monitor::builder().clock(clock.clone()).last_period(period);
            is_used(&monitor.build(), &clock, time);
        }
    }
    for size in [0, 1, usize::MAX] {
        let builders = [
            Monitor::builder().last_calls(size),
            Monitor::builder().memory_budget(size),
            Monitor::builder().max_operations(size),
            Monitor::builder().max_label_sets(size),
        ];
        for builder in builders {
            let clock = MockClock::new();
            is_used(
                &builder.clock(clock.clone()).build(),
                &clock,
                Duration::from_secs(1),
            );
        }
    }
}

#[test]
fn budgets_of_any_bound_are_decided() {
    let monitor = Monitor::new();
    monitor.measure("work", || ());
    let snapshot = monitor.snapshot();
    for time in TIMES {
        let of_time = Budget::of("*")
            .mean(time)
            .median(time)
            .p95(time)
            .p99(time)
            .max(time);
        let _ = of_time
            .check(&snapshot)
            .map_err(|broken| broken.to_string());
    }
    for number in NUMBERS {
        let bounds = [
            Budget::of("*").success_rate(number),
            Budget::of("*").error_rate(number),
            Budget::of("*").throughput(number),
            Budget::of("*").confidence(number).panics(0),
        ];
        for budget in bounds {
            let _ = budget.check(&snapshot).map_err(|broken| broken.to_string());
        }
    }
    for size in SIZES {
        let bounds = Budget::of("*")
            .panics(size)
            .cancellations(size)
            .peak_memory(size);
        let _ = bounds.check(&snapshot).map_err(|broken| broken.to_string());
    }
}

#[test]
fn summaries_of_any_numbers_are_numbers() {
    for number in NUMBERS {
        for unit in [
            Unit::Nanoseconds,
            Unit::Bytes,
            Unit::Count,
            Unit::Ratio,
            Unit::PerSecond,
        ] {
            let summary = MetricSummary::from_samples(unit, vec![number, number, 1.0]);
            for quantile in NUMBERS {
                let _ = (
                    summary.percentile(quantile),
                    summary.percentile_duration(quantile),
                );
            }
            let _ = (summary.mean_duration(), summary.total_duration());
            for digits in [0, 1, 17, 400, usize::MAX] {
                assert!(unit.format(number, digits).chars().count() < 2000);
            }
        }
    }
    let mut histogram = Histogram::new();
    for value in SIZES {
        for count in SIZES {
            histogram.record_n(value, count);
        }
        histogram.record(value);
    }
    let mut both = histogram.clone();
    both.merge(&histogram);
    for quantile in NUMBERS {
        let _ = both.percentile(quantile);
    }
    for rank in SIZES {
        let _ = both.value_at_rank(rank);
    }
    let most = Calls::NONE
        .with_success(u64::MAX)
        .with_failure(u64::MAX)
        .with_cancelled(1);
    assert_eq!(most.total(), u64::MAX);
    assert!(most.success_rate().unwrap() <= 1.0);
}

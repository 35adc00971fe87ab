//! What the macros of the crate `metrics` record.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::time::Duration;

use metrics::{Unit as Described, counter, describe_counter, describe_gauge, describe_histogram};
use metrics::{gauge, histogram, with_local_recorder};
use perfkit::metrics::Recorder;
use perfkit::unit::Unit;
use perfkit::{
    Calls, Direction, MetricSummary, MockClock, Monitor, OperationSnapshot, Outcome, Report,
    WindowSnapshot,
};

fn operation(monitor: &Monitor, name: &str) -> OperationSnapshot {
    let snapshot = monitor.snapshot();
    let names: Vec<_> = snapshot
        .operations
        .iter()
        .map(|found| &found.name)
        .collect();
    let found = snapshot.operation(name).cloned();
    found.unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

fn summary(monitor: &Monitor, name: &str, metric: &str) -> MetricSummary {
    let found = operation(monitor, name).lifetime;
    let metrics: Vec<_> = found.metrics.keys().collect();
    assert_eq!(metrics.len(), 1, "{metrics:?}");
    found
        .metric(metric)
        .cloned()
        .unwrap_or_else(|| panic!("{metrics:?}"))
}

/// What a counter has counted.
fn total(monitor: &Monitor, name: &str) -> u64 {
    let snapshot = monitor.snapshot();
    let names: Vec<_> = snapshot.counters.iter().map(|found| &found.name).collect();
    let found = snapshot.counter(name).map(|found| found.lifetime.total);
    found.unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

fn calls(success: u64, failure: u64) -> Calls {
    let mut calls = Calls::default();
    (calls.success, calls.failure) = (success, failure);
    calls
}

/// A monitor on the fastest clock, whose ticks are no nanoseconds, and a recorder.
fn recorder() -> (Monitor, Recorder) {
    let monitor = Monitor::new();
    let recorder = Recorder::new().monitor(&monitor);
    (monitor, recorder)
}

#[test]
fn a_histogram_of_time_is_an_operation_like_any() {
    let (monitor, recorder) = recorder();
    with_local_recorder(&recorder, || {
        describe_histogram!("query", Described::Seconds, "");
        for ms in 1..=200 {
            histogram!("query").record(Duration::from_millis(ms));
        }
    });
    let time = summary(&monitor, "query", "execution_time");
    assert_eq!(
        (time.unit, time.direction),
        (Unit::Nanoseconds, Direction::LowerIsBetter)
    );
    assert_eq!((time.min, time.max), (Some(1e6), Some(200e6)));
    assert_eq!((time.count, time.sum), (200, 20_100e6));
    let p95 = time.p95.unwrap();
    assert!((p95 / 190e6 - 1.0).abs() < 0.008, "{p95}");
    let query = operation(&monitor, "query");
    assert_eq!(query.last_calls.p95(), Some(190e6));
    assert_eq!(query.last_period.count(), 200);
}

#[test]
fn values_of_other_units_are_values() {
    let (monitor, recorder) = recorder();
    with_local_recorder(&recorder, || {
        describe_histogram!("answer size", Described::Kibibytes, "");
        describe_histogram!("load", Described::Percent, "");
        for number in [1.0, 2.0, 3.5] {
            histogram!("answer size").record(number);
            histogram!("load").record(number);
            histogram!("score").record(number);
        }
    });
    let size = summary(&monitor, "answer size", "value");
    assert_eq!((size.unit, size.max), (Unit::Bytes, Some(3584.0)));
    assert_eq!(size.direction, Direction::Unknown);
    assert!(size.histogram.is_some());
    let load = summary(&monitor, "load", "value");
    assert_eq!((load.unit, load.min), (Unit::Ratio, Some(0.01)));
    let score = summary(&monitor, "score", "value");
    assert_eq!((score.unit, score.sum, score.count), (Unit::Score, 6.5, 3));
    let score = operation(&monitor, "score").last_calls;
    assert_eq!(score.metric("value").unwrap().median, Some(2.0));
}

#[test]
fn a_counter_is_the_sum_of_its_increments() {
    let (monitor, recorder) = recorder();
    with_local_recorder(&recorder, || {
        describe_counter!("sent", Described::Bytes, "");
        for _ in 0..142_857 {
            counter!("rows").increment(7);
        }
        counter!("sent").absolute(1000);
        counter!("sent").absolute(1500);
        // It was restarted, or read out of order.
        counter!("sent").absolute(20);
        counter!("sent").increment(1);
    });
    let snapshot = monitor.snapshot();
    let rows = snapshot.counter("rows").unwrap();
    assert_eq!((rows.unit, rows.lifetime.total), (Unit::Count, 999_999));
    assert!(rows.lifetime.per_second.unwrap() > 0.0);
    let sent = snapshot.counter("sent").unwrap();
    assert_eq!((sent.unit, sent.lifetime.total), (Unit::Bytes, 1501));
    assert!(snapshot.operations.is_empty());
    // The program's own counter of the name is the same one.
    monitor.counter("rows").increment();
    assert_eq!(total(&monitor, "rows"), 1_000_000);
}

#[test]
fn a_gauge_is_a_gauge() {
    let (monitor, recorder) = recorder();
    with_local_recorder(&recorder, || {
        describe_gauge!("in flight", Described::Count, "");
        describe_gauge!("heap", Described::Mebibytes, "");
        gauge!("heap").set(-1.5);
        gauge!("heap").set(f64::NAN);
        gauge!("in flight").set(5.0);
        gauge!("in flight").increment(3.0);
        gauge!("in flight").decrement(6.0);
    });
    let snapshot = monitor.snapshot();
    let in_flight = snapshot.gauge("in flight").unwrap();
    assert_eq!((in_flight.value, in_flight.updates), (Some(2.0), 3));
    let extremes = (in_flight.lifetime.min, in_flight.lifetime.max);
    assert_eq!(extremes, (Some(2.0), Some(8.0)));
    let heap = snapshot.gauge("heap").unwrap();
    assert_eq!((heap.unit, heap.value), (Unit::Bytes, Some(-1_572_864.0)));
    assert_eq!(heap.rejected_updates, 1);
}

#[test]
fn what_cannot_be_kept_is_counted_and_said() {
    let (monitor, recorder) = recorder();
    with_local_recorder(&recorder, || {
        for number in [1.0, -3.0, f64::NAN, 1e300] {
            histogram!("odd").record(number);
        }
        for key in 0..10_050_u64 {
            counter!("many", "key" => key.to_string()).absolute(2);
        }
    });
    let odd = operation(&monitor, "odd");
    assert_eq!(odd.lifetime.calls, calls(1, 3));
    assert_eq!(
        (odd.errors[0].kind.as_str(), odd.errors[0].count),
        ("out_of_range", 3)
    );
    assert_eq!(summary(&monitor, "odd", "value").max, Some(1.0));
    // The first ten thousand, two each, less a hundred keys of their own.
    assert_eq!(total(&monitor, r#"many{key="other"}"#), 2 * (10_000 - 100));
    assert_eq!(total(&monitor, "metrics_not_kept"), 50);
}

#[test]
fn labels_are_labels() {
    let (monitor, recorder) = recorder();
    with_local_recorder(&recorder, || {
        for status in ["200", "404", "200"] {
            counter!("requests", "status" => status).increment(1);
        }
    });
    let snapshot = monitor.snapshot();
    let found = snapshot.counter(r#"requests{status="200"}"#).unwrap();
    assert_eq!(found.lifetime.total, 2);
    assert_eq!(found.labelled.as_ref().unwrap().labels["status"], "200");
}

/// As where the keys come from outside.
#[test]
fn labels_of_many_or_long_keys_are_bounded() {
    let (monitor, recorder) = recorder();
    with_local_recorder(&recorder, || {
        for number in 0..300 {
            let key = format!("{number:0300}");
            counter!("headers", key => "1").increment(1);
            counter!("ids", format!("key {number}") => "1").increment(1);
        }
    });
    let headers = format!("headers{{{}=\"1\"}}", "0".repeat(100));
    assert_eq!(total(&monitor, &headers), 300);
    let snapshot = monitor.snapshot();
    let counters = snapshot.counters.iter();
    let labelled = counters.filter_map(|counter| counter.labelled.as_ref());
    let values = labelled.flat_map(|labelled| labelled.labels.values());
    assert_eq!(values.filter(|value| *value == "1").count(), 200);
}

#[test]
fn metrics_and_operations_of_one_name_stay_apart() {
    let (monitor, recorder) = recorder();
    monitor.measure("load", || ());
    with_local_recorder(&recorder, || {
        histogram!("load").record(0.5);
        counter!("load").increment(2);
    });
    assert!(
        operation(&monitor, "load")
            .lifetime
            .execution_time()
            .is_some()
    );
    assert_eq!(summary(&monitor, "load (values)", "value").sum, 0.5);
    assert_eq!(total(&monitor, "load"), 2);
    let names: Vec<_> = monitor
        .snapshot()
        .operations
        .into_iter()
        .map(|o| o.name)
        .collect();
    assert!(names.is_sorted(), "{names:?}");
}

/// What lost its labels is still told from what lost its name.
#[test]
fn values_with_labels_stay_apart_with_them() {
    let monitor = Monitor::builder().max_label_sets(1).build();
    let label = |value| move |(): &()| Outcome::Success.label("k", value);
    with_local_recorder(&Recorder::new().monitor(&monitor), || {
        for value in 0..3 {
            let load = monitor.operation("load");
            load.measure_labelled(|| (), label(value));
            histogram!("load", "k" => value.to_string()).record(0.5);
        }
    });
    for (name, key) in [
        (r#"load (values){k="0"}"#, "k"),
        (
            r#"load (values){otel.metric.overflow="true"}"#,
            "otel.metric.overflow",
        ),
    ] {
        let labelled = operation(&monitor, name).labelled.unwrap();
        assert_eq!(labelled.name, "load (values)");
        assert!(labelled.labels.keys().eq([key]), "{name}");
    }
    let text = Report::from_snapshot(monitor.snapshot()).to_string();
    let lost = "4 calls of load (values), load have lost their labels";
    assert!(text.contains(lost), "{text}");
    assert!(!text.contains("lost their names"), "{text}");
}

#[test]
fn values_beyond_the_limit_of_operations_are_counted() {
    let monitor = Monitor::builder().max_operations(3).build();
    with_local_recorder(&Recorder::new().monitor(&monitor), || {
        for number in 0..10 {
            histogram!(format!("h{number}")).record(1.0);
        }
    });
    let overflow = operation(&monitor, "overflow");
    assert!(overflow.is_overflow && overflow.lifetime.metrics.is_empty());
    assert!(overflow.is_of_values);
    assert_eq!(overflow.lifetime.count(), 7);
}

/// Values do not become calls by being none that can be kept.
#[test]
fn values_that_cannot_be_kept_are_no_calls_either() {
    let monitor = Monitor::builder().max_operations(3).build();
    monitor.measure("call", || ());
    with_local_recorder(&Recorder::new().monitor(&monitor), || {
        describe_histogram!("query", Described::Seconds, "");
        histogram!("query").record(Duration::from_millis(1));
        histogram!("below").record(-1.0);
        histogram!("none").record(f64::NAN);
        for number in 0..10 {
            histogram!(format!("h{number}")).record(1.0);
        }
    });
    let report = Report::from_snapshot(monitor.snapshot());
    let json = report.to_json().unwrap();
    let read = Report::from_json(json.as_bytes()).unwrap();
    let kinds = read.operations.iter();
    let kinds: Vec<_> = kinds.map(|o| (o.name.as_str(), o.is_of_values)).collect();
    let expected = [
        ("below", true),
        ("call", false),
        ("none", true),
        ("overflow", true),
        ("query", false),
    ];
    assert_eq!(kinds, expected);
    let summary = read.summary();
    assert_eq!((summary.operations, summary.ended), (2, calls(2, 0)));
    let text = read.to_string();
    assert!(text.contains("below: values: 1 (1 failed)"), "{text}");
    // Where it is not said, it is of calls.
    let unsaid = json.replace("is_of_values", "unknown");
    let unsaid = Report::from_json(unsaid.as_bytes()).unwrap();
    assert!(!unsaid.operations.iter().any(|o| o.is_of_values));
}

#[test]
fn values_with_labels_beyond_the_limit_are_values_of_their_name() {
    let monitor = Monitor::builder().max_label_sets(3).build();
    with_local_recorder(&Recorder::new().monitor(&monitor), || {
        for number in 0..10 {
            histogram!("h", "number" => number.to_string()).record(f64::from(number));
        }
    });
    let further = operation(&monitor, "h{otel.metric.overflow=\"true\"}");
    assert!(further.is_overflow && further.is_of_values);
    assert_eq!(further.lifetime.count(), 7);
}

#[test]
fn windows_resets_and_switches_are_those_of_the_monitor() {
    let clock = MockClock::new();
    let period = Duration::from_secs(60);
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .last_calls(2)
        .last_period(period);
    let monitor = monitor.build();
    with_local_recorder(&Recorder::new().monitor(&monitor), || {
        histogram!("rows").record(1.0);
        counter!("rows").increment(1);
        clock.advance(Duration::from_secs(100));
        for number in [2_u32, 3] {
            histogram!("rows").record(f64::from(number));
            counter!("rows").increment(number.into());
        }
        let rows = operation(&monitor, "rows");
        let sum = |window: &WindowSnapshot| window.metric("value").unwrap().sum;
        assert_eq!(sum(&rows.lifetime), 6.0);
        assert_eq!(sum(&rows.last_calls), 5.0);
        assert_eq!(sum(&rows.last_period), 5.0);
        let snapshot = monitor.snapshot();
        let counter = snapshot.counter("rows").unwrap();
        assert_eq!((counter.lifetime.total, counter.last_period.total), (6, 5));
        monitor.reset();
        monitor.set_enabled(false);
        histogram!("rows").record(10.0);
        counter!("rows").increment(10);
        assert!(monitor.snapshot().operations.is_empty());
        assert_eq!(total(&monitor, "rows"), 0);
        monitor.set_enabled(true);
        histogram!("rows").record(4.0);
        counter!("rows").increment(4);
        assert_eq!(sum(&operation(&monitor, "rows").lifetime), 4.0);
        assert_eq!(total(&monitor, "rows"), 4);
    });
}

#[test]
fn threads_lose_nothing() {
    let (monitor, recorder) = recorder();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                with_local_recorder(&recorder, || {
                    let kept = histogram!("size");
                    for number in 0..10_000 {
                        kept.record(f64::from(number));
                        counter!("rows").increment(1);
                    }
                });
            });
        }
    });
    assert_eq!(total(&monitor, "rows"), 40_000);
    let size = summary(&monitor, "size", "value");
    assert_eq!((size.count, size.sum), (40_000, 4.0 * 49_995_000.0));
}

#[test]
fn a_report_keeps_what_was_recorded() {
    let (monitor, recorder) = recorder();
    with_local_recorder(&recorder, || {
        histogram!("score").record(0.25);
        counter!("rows").increment(3);
    });
    let report = Report::from_snapshot(monitor.snapshot());
    let json = report.to_json().unwrap();
    let text = report.to_string();
    assert!(text.contains("calls: 0, operations: 0"), "{text}");
    assert!(!text.contains("median"), "{text}");
    let line = "score: values: 1; value: sum 0.250, mean 0.250, p95 -, max 0.250";
    assert!(text.lines().any(|found| found == line), "{text}");
    let read = Report::from_json(json.as_bytes()).unwrap();
    assert_eq!(read.operations, report.operations);
    assert_eq!(read.counters, report.counters);
}

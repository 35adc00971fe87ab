//! Values since the last export that arrived.

use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point::Value};
use perfkit::Monitor;
use perfkit::otlp::{self, Config, Temporality};

use crate::collector::{Arrived, Collector, PATIENCE, accepted, answer, text};

const CALLS: &str = "perfkit.operation.calls";
const DURATION: &str = "perfkit.operation.duration";

/// Start and end of what is told of calls.
fn period(arrived: &Arrived) -> (u64, u64) {
    let Some(Data::Sum(sum)) = &arrived.metric(CALLS).data else {
        panic!("no sum")
    };
    let point = &sum.data_points[0];
    (point.start_time_unix_nano, point.time_unix_nano)
}

/// Count, sum and buckets' total of a distribution.
fn distribution(arrived: &Arrived) -> (u64, f64, u64) {
    let Some(Data::ExponentialHistogram(histogram)) = &arrived.metric(DURATION).data else {
        panic!("no histogram")
    };
    let point = &histogram.data_points[0];
    let counted: u64 = point.positive.as_ref().unwrap().bucket_counts.iter().sum();
    (point.count, point.sum.unwrap(), counted + point.zero_count)
}

fn calls(monitor: &Monitor, number: u64) {
    for call in 0..number {
        let _ = monitor.try_measure("work", || if call % 4 == 3 { Err("no") } else { Ok(()) });
    }
}

#[test]
fn what_did_not_arrive_is_part_of_the_next_and_keeps_its_start() {
    let failures = [400, 500, 404];
    let mut turns = vec![answer(200, "", b"")];
    turns.extend(failures.map(|status| answer(status, "", b"")));
    let collector = Collector::start(turns);
    let monitor = Monitor::new();
    let config = Config {
        temporality: Temporality::Delta,
        ..collector.config()
    };
    let otlp = otlp::start_with(&monitor, config).unwrap();
    let send = |number, is_kept| {
        calls(&monitor, number);
        assert_eq!(otlp.flush(PATIENCE), is_kept);
        let arrived = collector.next();
        assert_eq!(arrived.is_kept, is_kept);
        arrived
    };
    let first = send(4, true);
    assert_eq!(first.total(CALLS), 4);
    for sent in [1, 2, 3] {
        let failed = send(4, false);
        assert_eq!(failed.total(CALLS), 4 * sent);
        assert_eq!(period(&failed).0, period(&first).1);
    }
    let second = send(0, true);
    assert_eq!(second.total(CALLS), 12);
    assert_eq!(period(&second).0, period(&first).1);
    let (count, sum, counted) = distribution(&second);
    assert_eq!((count, counted), (9, 9));
    let third = send(8, true);
    assert_eq!(third.total(CALLS), 8);
    assert_eq!(period(&third).0, period(&second).1);

    let snapshot = monitor.snapshot();
    let whole = snapshot
        .operation("work")
        .unwrap()
        .lifetime
        .execution_time();
    let sums = distribution(&first).1 + sum + distribution(&third).1;
    assert!((sums - whole.unwrap().sum * 1e-9).abs() < 1e-12);
}

#[test]
fn what_was_accepted_in_part_is_not_sent_again() {
    use opentelemetry_proto::tonic::collector::metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
    };
    use prost::Message as _;
    let partial = ExportMetricsServiceResponse {
        partial_success: Some(ExportMetricsPartialSuccess {
            rejected_data_points: 1,
            error_message: "no".to_owned(),
        }),
    };
    let partial = answer(200, "", &partial.encode_to_vec());
    let collector = Collector::start(vec![partial]);
    let monitor = Monitor::new();
    let config = Config {
        temporality: Temporality::LowMemory,
        ..collector.config()
    };
    let otlp = otlp::start_with(&monitor, config).unwrap();
    for number in [4, 8] {
        calls(&monitor, number);
        otlp.flush(PATIENCE);
        assert_eq!(collector.next().total(CALLS), number as i64);
    }
    assert_eq!(otlp.stats().dropped, 1);
}

#[test]
fn after_a_reset_everything_is_new() {
    for temporality in [Temporality::Delta, Temporality::Cumulative] {
        let collector = Collector::start(vec![]);
        let monitor = Monitor::new();
        let config = Config {
            temporality,
            ..collector.config()
        };
        let otlp = otlp::start_with(&monitor, config).unwrap();
        calls(&monitor, 4);
        assert!(otlp.flush(PATIENCE));
        let before = collector.next();
        // The clock has to move on between the start and the reset.
        while monitor.snapshot().uptime < Duration::from_millis(1) {}
        monitor.reset();
        calls(&monitor, 5);
        assert!(otlp.flush(PATIENCE));
        let after = collector.next();
        assert_eq!(after.total(CALLS), 5);
        assert!(period(&after).0 > period(&before).0);
    }
}

/// A collector that is told of an operation for the first time gets all of it.
#[test]
fn an_operation_that_appears_late_is_told_whole() {
    let collector = Collector::start(vec![]);
    let monitor = Monitor::new();
    let config = Config {
        temporality: Temporality::Delta,
        ..collector.config()
    };
    let otlp = otlp::start_with(&monitor, config).unwrap();
    calls(&monitor, 4);
    assert!(otlp.flush(PATIENCE));
    assert_eq!(collector.next().total(CALLS), 4);
    monitor.measure("late", || ());
    assert!(otlp.flush(PATIENCE));
    // What did not change is not told.
    assert_eq!(
        collector.next().sums(CALLS),
        [("perfkit.outcome=success".to_owned(), 1)]
    );
}

/// So many operations that they are sent in several requests, of which one fails.
#[test]
fn of_an_export_in_parts_only_what_failed_is_sent_again() {
    const OPERATIONS: usize = 2500;
    let collector = Collector::start(vec![accepted(), answer(400, "", b"")]);
    let monitor = Monitor::builder().max_operations(2 * OPERATIONS).build();
    let call_all = || {
        for number in 0..OPERATIONS {
            monitor.measure(&format!("{number} {}", "x".repeat(900)), || ());
        }
    };
    let config = Config {
        temporality: Temporality::Delta,
        ..collector.config()
    };
    let otlp = otlp::start_with(&monitor, config).unwrap();
    call_all();
    assert!(!otlp.flush(PATIENCE));
    call_all();
    assert!(otlp.flush(PATIENCE));
    let arrived: Vec<_> = collector.arrived.try_iter().collect();
    let refused: Vec<_> = arrived.iter().filter(|one| !one.is_kept).collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].total(CALLS) > 0 && arrived.len() > 4);
    let kept = arrived.iter().filter(|one| one.is_kept);
    assert_eq!(
        kept.map(|one| one.total(CALLS)).sum::<i64>(),
        2 * OPERATIONS as i64
    );
}

const COUNTS: &str = "perfkit.counted.things";
const LEVELS: &str = "perfkit.level.things";

/// The points of a metric of numbers: name and value.
fn numbers(arrived: &Arrived, metric: &str) -> Vec<(String, f64)> {
    let points = match arrived.find(metric).and_then(|found| found.data.as_ref()) {
        Some(Data::Sum(sum)) => {
            assert!(sum.is_monotonic);
            &sum.data_points
        }
        Some(Data::Gauge(gauge)) => &gauge.data_points,
        _ => return Vec::new(),
    };
    let points = points.iter().map(|point| {
        let value = match point.value.unwrap() {
            Value::AsInt(value) => value as f64,
            Value::AsDouble(value) => value,
        };
        let texts: Vec<_> = point.attributes.iter().map(text).collect();
        (texts.join(" "), value)
    });
    points.collect()
}

/// What was added to counters is told once, as soon as it arrives; gauges as they are.
#[test]
fn what_was_added_to_counters_is_told_once() {
    for temporality in [Temporality::Delta, Temporality::Cumulative] {
        let turns = [200, 400, 200, 200].map(|status| answer(status, "", b""));
        let collector = Collector::start(turns.to_vec());
        let monitor = Monitor::new();
        let config = Config {
            temporality,
            ..collector.config()
        };
        let otlp = otlp::start_with(&monitor, config).unwrap();
        let (hits, size) = (monitor.counter("hits"), monitor.gauge("size"));
        let labelled = monitor.counter_labelled("hits", &[("tier", "disk")]);
        // Without operations the first request has what is of the program alone.
        let send = |added: u64, value: f64, expected: &[(&str, f64)]| {
            hits.add(added);
            size.set(value);
            otlp.flush(PATIENCE);
            let arrived = [collector.next(), collector.next()];
            let counted: Vec<_> = arrived.iter().flat_map(|a| numbers(a, COUNTS)).collect();
            let counted: Vec<_> = counted.iter().map(|(k, v)| (k.as_str(), *v)).collect();
            assert_eq!(counted, expected, "{temporality:?}");
            let levels = arrived.iter().flat_map(|a| numbers(a, LEVELS));
            assert!(levels.eq([("size".to_owned(), value)]));
        };
        // The second of two requests fails.
        labelled.add(5);
        send(3, 1.0, &[("hits", 3.0), ("hits disk", 5.0)]);
        if temporality == Temporality::Delta {
            send(4, -2.5, &[("hits", 7.0), ("hits disk", 5.0)]);
            send(1, 0.0, &[("hits", 1.0)]);
            send(0, 1.0, &[]);
        } else {
            send(4, -2.5, &[("hits", 7.0), ("hits disk", 5.0)]);
            send(0, 0.0, &[("hits", 7.0), ("hits disk", 5.0)]);
        }
    }
}

//! What a report has goes out, with name, unit and description.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use perfkit::otlp::{self, Config};
use perfkit::{MockClock, Monitor};

use crate::collector::{Arrived, Collector, PATIENCE, text};
use crate::program::{run, stdout};

/// A call of every kind, with known times.
pub(crate) fn work(monitor: &Monitor, clock: &MockClock) {
    let advance = |milliseconds| clock.advance(Duration::from_millis(milliseconds));
    monitor.measure("outer", || {
        advance(1);
        monitor.measure("inner", || advance(2));
    });
    monitor.measure("deep", || monitor.measure("deep", || advance(1)));
    let _ = monitor.try_measure("fails", || {
        advance(3);
        Err::<(), _>("no")
    });
    let panics = || monitor.measure("panics", || resume_unwind(Box::new("expected")));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut never = pin!(monitor.measure_async("cancelled", std::future::pending::<()>()));
        assert!(never.as_mut().poll(&mut context).is_pending());
    }
    let mut polls = 0;
    let waits = std::future::poll_fn(|_| {
        polls += 1;
        advance(5);
        if polls == 2 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    let mut waits = pin!(monitor.measure_async("waits", waits));
    assert!(waits.as_mut().poll(&mut context).is_pending());
    advance(100);
    assert!(waits.as_mut().poll(&mut context).is_ready());
    let measured = monitor.operation("allocates").memory().items(7);
    measured.measure(|| drop(std::hint::black_box(vec![0_u8; 4096])));
    monitor.operation("copies").bytes(99).measure(|| ());
}

/// The value of one operation.
fn of(arrived: &Arrived, metric: &str, operation: &str) -> i64 {
    let Some(Data::Sum(sum)) = &arrived.metric(metric).data else {
        panic!("{metric} is no sum")
    };
    let is_it = |a: &&_| text(a) == operation;
    let point = sum
        .data_points
        .iter()
        .find(|point| point.attributes.iter().any(|a| is_it(&a)));
    let point = point.unwrap_or_else(|| panic!("{metric} has no {operation}"));
    match point.value.unwrap() {
        opentelemetry_proto::tonic::metrics::v1::number_data_point::Value::AsInt(value) => value,
        opentelemetry_proto::tonic::metrics::v1::number_data_point::Value::AsDouble(value) => {
            (value * 1e9).round() as i64
        }
    }
}

/// Count and sum of a distribution of one operation.
fn distribution(arrived: &Arrived, metric: &str, operation: &str) -> (u64, f64) {
    let Some(Data::ExponentialHistogram(histogram)) = &arrived.metric(metric).data else {
        panic!("{metric} is no histogram")
    };
    let points = histogram.data_points.iter();
    let mut points = points.filter(|point| point.attributes.iter().any(|a| text(a) == operation));
    let point = points
        .next()
        .unwrap_or_else(|| panic!("{metric} has no {operation}"));
    (point.count, point.sum.unwrap())
}

#[test]
fn everything_that_a_report_has_arrives() {
    const MS: i64 = 1_000_000;
    let collector = Collector::start(vec![]);
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    work(&monitor, &clock);
    let held = monitor.operation("held").start();
    let otlp = otlp::start_with(&monitor, collector.config()).unwrap();
    assert!(otlp.flush(PATIENCE));
    let arrived = collector.next();

    let name = |metric| format!("perfkit.operation.{metric}");
    let sum = |metric, operation| of(&arrived, &name(metric), operation);
    assert_eq!(sum("self_time", "outer"), MS);
    assert_eq!(sum("self_time", "inner"), 2 * MS);
    assert_eq!(sum("recursive_calls", "deep"), 1);
    assert_eq!(sum("busy_time", "waits"), 10 * MS);
    assert_eq!(sum("idle_time", "waits"), 100 * MS);
    assert_eq!(sum("allocations", "allocates"), 1);
    assert_eq!(sum("net_growth", "allocates"), 0);
    assert_eq!(sum("items", "allocates"), 7);
    assert_eq!(sum("bytes", "copies"), 99);
    assert_eq!(sum("calls_in_flight", "held"), 1);
    let values = |metric, operation| distribution(&arrived, &name(metric), operation);
    assert_eq!(values("duration", "outer"), (1, 0.003));
    assert_eq!(values("failure_duration", "fails"), (1, 0.003));
    assert_eq!(values("failure_duration", "panics").0, 1);
    assert_eq!(values("failure_duration", "cancelled").0, 1);
    assert_eq!(values("allocated", "allocates"), (1, 4096.0));
    assert_eq!(values("peak_growth", "allocates"), (1, 4096.0));
    let mut outcomes = arrived.sums(&name("calls"));
    outcomes.retain(|(attributes, count)| !attributes.ends_with("=success") && *count > 0);
    outcomes.sort();
    let expected = ["cancelled", "failure", "panic"];
    assert_eq!(
        outcomes,
        expected.map(|outcome| (format!("perfkit.outcome={outcome}"), 1))
    );
    let failures = arrived.sums(&name("failures"));
    assert_eq!(failures, [("error.type=&str".to_owned(), 1)]);
    // Also before the first of a kind: a counter that appears with it has no increase.
    assert_eq!(arrived.sums(&name("calls")).len() % 4, 0);
    assert_eq!(arrived.total(&name("overflow_calls")), 0);
    assert_eq!(arrived.total("perfkit.collector.dropped_calls"), 0);
    for metric in arrived.metrics() {
        assert!(!metric.description.is_empty(), "{}", metric.name);
        assert!(!metric.unit.is_empty(), "{}", metric.name);
    }
    let scope = &arrived.message.resource_metrics[0].scope_metrics[0].scope;
    let scope = scope.as_ref().unwrap();
    assert_eq!(
        (&*scope.name, &*scope.version),
        ("perfkit", env!("CARGO_PKG_VERSION"))
    );
    held.stop();
}

/// What became of earlier exports is told by the next one.
#[test]
fn lost_data_points_are_told_once_they_can_be() {
    let collector = Collector::start(vec![crate::collector::answer(400, "", b"")]);
    let monitor = Monitor::new();
    monitor.measure("work", || ());
    let otlp = otlp::start_with(&monitor, collector.config()).unwrap();
    assert!(!otlp.flush(PATIENCE));
    let lost = otlp.stats().dropped as i64;
    assert!(otlp.flush(PATIENCE));
    drop(collector.next());
    let component = "otel.component.type=otlp_http_metric_exporter";
    assert_eq!(
        collector
            .next()
            .sums("otel.sdk.exporter.metric_data_point.exported"),
        [
            (component.to_owned(), 0),
            (format!("{component} error.type=dropped"), lost),
        ]
    );
}

#[test]
fn the_resource_says_what_runs_where_and_nothing_against_the_environment() {
    let collector = Collector::start(vec![]);
    let output = run(&[
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &collector.endpoint),
        ("OTEL_SERVICE_NAME", "shop"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "host.name=told,service.instance.id=one",
        ),
    ]);
    assert!(output.status.success(), "{}", stdout(&output));
    let arrived = collector.next();
    let attributes = &arrived.resource().attributes;
    let value = |key: &str| {
        let mut of_key = attributes.iter().filter(|attribute| attribute.key == key);
        let found = of_key.next().map(text);
        assert!(of_key.next().is_none(), "{key} stands there twice");
        found
    };
    let known = |text: &str| Some(text.to_owned());
    assert_eq!(value("service.name"), known("shop"));
    assert_eq!(value("host.name"), known("told"));
    assert_eq!(value("service.instance.id"), known("one"));
    assert_eq!(value("os.type"), known(std::env::consts::OS));
    assert_eq!(value("process.runtime.name"), known("rust"));
    assert!(value("process.pid").is_some() && value("host.arch").is_some());
    let program = std::env::current_exe().unwrap();
    let program = program.file_name().unwrap().to_str().unwrap();
    assert_eq!(value("process.executable.name"), known(program));
}

#[test]
fn each_process_is_an_instance_and_may_keep_it_to_itself() {
    let instance = |config: Config, collector: &Collector| {
        let monitor = Monitor::new();
        let otlp = otlp::start_with(&monitor, config).unwrap();
        assert!(otlp.flush(PATIENCE));
        let arrived = collector.next();
        let attributes = arrived.resource().attributes.iter();
        let mut ids = attributes.filter(|attribute| attribute.key == "service.instance.id");
        ids.next().map(text)
    };
    let collector = Collector::start(vec![]);
    let first = instance(collector.config(), &collector);
    let other = Collector::start(vec![]);
    assert!(first.is_some());
    assert_eq!(first, instance(other.config(), &other));
    let untold = Collector::start(vec![]);
    let config = Config {
        detects_resource: false,
        ..untold.config()
    };
    assert_eq!(instance(config, &untold), None);
}

/// From 1 µs to 100 ms.
#[test]
fn histograms_are_as_fine_as_the_number_of_buckets_allows() {
    let point = |max_buckets| {
        let collector = Collector::start(vec![]);
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for exponent in 0..=5 {
            let time = Duration::from_micros(10_u64.pow(exponent));
            monitor.measure("work", || clock.advance(time));
        }
        let config = Config {
            max_buckets,
            ..collector.config()
        };
        let otlp = otlp::start_with(&monitor, config).unwrap();
        assert!(otlp.flush(PATIENCE));
        let arrived = collector.next();
        let metric = arrived.metric("perfkit.operation.duration");
        let Some(Data::ExponentialHistogram(histogram)) = &metric.data else {
            panic!("{metric:?}")
        };
        let point = histogram.data_points[0].clone();
        let buckets = point.positive.unwrap().bucket_counts;
        assert_eq!(buckets.iter().sum::<u64>(), 6);
        assert_eq!((point.min, point.max), (Some(1e-6), Some(0.1)));
        (point.scale, buckets.len())
    };
    let (scale, buckets) = point(Config::default().max_buckets);
    assert_eq!(scale, 3);
    assert!(buckets <= 160, "{buckets}");
    let (scale, buckets) = point(3100);
    assert_eq!(scale, 6);
    assert!(buckets > 160, "{buckets}");
}

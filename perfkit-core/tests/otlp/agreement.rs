//! What is pushed and translated by a collector, and what is scraped, are the same series with
//! the same values.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, metric::Data, number_data_point,
};
use perfkit::otlp;
use perfkit::unit::Unit;
use perfkit::{MockClock, Monitor, Outcome, prometheus};

use crate::collector::{Collector, PATIENCE};
use crate::contents::work;

/// Numbers by the name and the labels that they have in Prometheus.
type Samples = BTreeMap<String, f64>;

/// The name that a collector gives a metric, for the units that perfkit has.
fn translated(metric: &Metric) -> String {
    let name = metric.name.replace('.', "_");
    let unit = match metric.unit.as_str() {
        "s" => "_seconds",
        "By" => "_bytes",
        "1/s" => "_per_second",
        "By/s" => "_bytes_per_second",
        annotation if annotation.starts_with('{') => "",
        "1" if matches!(&metric.data, Some(Data::Gauge(_))) => "_ratio",
        "1" => "",
        unknown => panic!("{unknown}"),
    };
    let unit = if name.ends_with(unit) { "" } else { unit };
    let is_counter = matches!(&metric.data, Some(Data::Sum(sum)) if sum.is_monotonic);
    let total = if is_counter { "_total" } else { "" };
    format!("{name}{unit}{total}")
}

fn labels(attributes: &[KeyValue]) -> String {
    let mut labels: Vec<String> = attributes
        .iter()
        .map(|attribute| {
            let value = match attribute.value.clone().unwrap().value.unwrap() {
                Value::StringValue(text) => text,
                Value::BoolValue(is_so) => is_so.to_string(),
                other => panic!("{other:?}"),
            };
            format!("{}={value:?}", attribute.key.replace('.', "_"))
        })
        .collect();
    labels.sort();
    labels.join(",")
}

fn number(point: &NumberDataPoint) -> f64 {
    match point.value.unwrap() {
        number_data_point::Value::AsInt(value) => value as f64,
        number_data_point::Value::AsDouble(value) => value,
    }
}

fn pushed(metrics: &[Metric]) -> Samples {
    let mut samples = Samples::new();
    for metric in metrics {
        let name = translated(metric);
        let mut add = |name: &str, attributes: &[KeyValue], value: f64| {
            let before = samples.insert(format!("{name}{{{}}}", labels(attributes)), value);
            assert!(before.is_none(), "{name} {attributes:?}");
        };
        match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => {
                for point in &sum.data_points {
                    add(&name, &point.attributes, number(point));
                }
            }
            Data::ExponentialHistogram(histogram) => {
                for point in &histogram.data_points {
                    let of = &point.attributes;
                    add(&format!("{name}_count"), of, point.count as f64);
                    add(&format!("{name}_sum"), of, point.sum.unwrap());
                }
            }
            Data::Histogram(histogram) => {
                for point in &histogram.data_points {
                    let of = &point.attributes;
                    add(&format!("{name}_count"), of, point.count as f64);
                    add(&format!("{name}_sum"), of, point.sum.unwrap());
                }
            }
            Data::Gauge(gauge) => {
                for point in &gauge.data_points {
                    add(&name, &point.attributes, number(point));
                }
            }
            other => panic!("{other:?}"),
        }
    }
    samples
}

fn scraped(page: &str) -> Samples {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.filter(|line| !line.contains("_bucket{"));
    let samples = samples.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, of) = series.split_once('{').unwrap_or((series, "}"));
        let mut labels: Vec<&str> = of.trim_end_matches('}').split(',').collect();
        labels.sort_unstable();
        let series = format!("{name}{{{}}}", labels.join(","));
        (series, value.parse().unwrap())
    });
    samples.collect()
}

/// All that there is but for values that change by themselves, and for what the export says of
/// itself.
fn comparable(mut samples: Samples) -> Samples {
    for (series, value) in &mut samples {
        if series.starts_with("process_") {
            *value = value.signum();
        }
    }
    samples.retain(|series, _| !series.starts_with("otel_sdk_exporter_"));
    samples
}

#[test]
fn what_is_pushed_is_what_is_scraped() {
    let collector = Collector::start(vec![]);
    let clock = MockClock::new();
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .max_operations(12)
        .max_label_sets(2)
        .build();
    work(&monitor, &clock);
    for status in ["200", "404", "500"] {
        let label = |(): &()| Outcome::Success.label("http.status", status).label("le", 1);
        monitor.operation("get").measure_labelled(|| (), label);
    }
    for number in 0..9 {
        monitor.measure(&format!("further {number}"), || ());
    }
    count(&monitor);
    #[cfg(feature = "metrics")]
    hand_over(&monitor);
    let cpu = monitor.operation("cpu").cpu();
    cpu.measure(|| clock.compute(std::time::Duration::from_millis(3)));
    let held = monitor.operation("held").start();

    let otlp = otlp::start_with(&monitor, collector.config()).unwrap();
    assert!(otlp.flush(PATIENCE));
    // Counters and gauges are in a request of their own.
    let arrived = [collector.next(), collector.next()];
    let metrics: Vec<Metric> = arrived.iter().flat_map(|a| a.metrics().to_vec()).collect();
    let pushed = comparable(pushed(&metrics));
    let (_, page) = prometheus::respond_with(&monitor, None);
    let scraped = comparable(scraped(std::str::from_utf8(&page).unwrap()));
    for (series, value) in &pushed {
        assert_eq!(scraped.get(series), Some(value), "{series}");
    }
    let more: Vec<_> = scraped
        .keys()
        .filter(|s| !pushed.contains_key(*s))
        .collect();
    assert!(more.is_empty(), "{more:?}");

    // And every metric that there can be was among them, under its own name.
    for metric in prometheus::metrics() {
        let is_of_values = metric.otlp_name.starts_with("perfkit.value.");
        let is_sampled = metric.otlp_name == "perfkit.operation.untimed_calls";
        if is_sampled || is_of_values && !cfg!(feature = "metrics") {
            continue;
        }
        let is_it = |series: &&String| series.starts_with(&metric.name);
        assert!(
            scraped.keys().any(|series| is_it(&series)),
            "{}",
            metric.name
        );
        let is_it = |pushed: &Metric| pushed.name == metric.otlp_name;
        assert!(metrics.iter().any(is_it), "{}", metric.name);
    }
    held.stop();
}

/// A counter and a gauge of each unit, and more than are kept apart.
fn count(monitor: &Monitor) {
    for (name, unit) in [
        ("time", Unit::Nanoseconds),
        ("size", Unit::Bytes),
        ("number", Unit::Count),
        ("rate", Unit::PerSecond),
        ("data rate", Unit::BytesPerSecond),
        ("share", Unit::Ratio),
        ("score", Unit::Score),
    ] {
        monitor.counter(name).unit(unit).add(1_500);
        monitor.gauge(name).unit(unit).set(-0.5);
    }
    for queue in ["a", "b", "c"] {
        let labels = [("queue", queue), ("le", "1")];
        monitor.counter_labelled("taken", &labels).increment();
        monitor.gauge_labelled("waiting", &labels).set(2.0);
    }
}

/// One value of each unit.
#[cfg(feature = "metrics")]
fn hand_over(monitor: &Monitor) {
    use metrics::{Unit, describe_histogram, histogram};

    let recorder = perfkit::metrics::Recorder::new().monitor(monitor);
    metrics::with_local_recorder(&recorder, || {
        for (name, unit) in [
            ("size", Unit::Bytes),
            ("number", Unit::Count),
            ("rate", Unit::CountPerSecond),
            ("data rate", Unit::KilobitsPerSecond),
            ("share", Unit::Percent),
        ] {
            describe_histogram!(name, unit, "");
            histogram!(name).record(8.0);
            histogram!(name).record(16.0);
        }
        histogram!("score").record(8.25);
    });
}

//! The variables of OpenTelemetry's specification, each with its effect on what arrives.

use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, metric::Data};

use crate::collector::{Arrived, Collector};
use crate::program::{run, stderr, stdout};

/// What arrives first from a program with variables that are set.
fn arrives(variables: &[(&str, &str)]) -> Arrived {
    let collector = Collector::start(vec![]);
    let endpoint = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &*collector.endpoint);
    let output = run(&[&[endpoint], variables].concat());
    assert!(output.status.success(), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("arrived: true"),
        "{}",
        stdout(&output)
    );
    assert_eq!(stderr(&output), "");
    collector.next()
}

/// Whether the values of a metric are deltas.
fn is_delta(arrived: &Arrived, name: &str) -> bool {
    let temporality = match arrived.metric(name).data.as_ref().unwrap() {
        Data::Sum(sum) => sum.aggregation_temporality,
        Data::ExponentialHistogram(histogram) => histogram.aggregation_temporality,
        Data::Histogram(histogram) => histogram.aggregation_temporality,
        other => panic!("{other:?}"),
    };
    let is_delta = temporality == i32::from(AggregationTemporality::Delta);
    assert!(is_delta || temporality == i32::from(AggregationTemporality::Cumulative));
    is_delta
}

#[test]
fn temporality_is_as_preferred() {
    const METRICS: [&str; 5] = [
        "perfkit.operation.duration",
        "perfkit.operation.calls",
        "process.cpu.time",
        "perfkit.operation.calls_in_flight",
        "process.memory.usage",
    ];
    for (preference, expected) in [
        ("cumulative", [false, false, false, false, false]),
        ("delta", [true, true, true, false, false]),
        ("LowMemory", [true, true, false, false, false]),
    ] {
        let variable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        let arrived = arrives(&[(variable, preference)]);
        let found = METRICS.map(|name| is_delta(&arrived, name));
        assert_eq!(found, expected, "{preference}");
    }
}

#[test]
fn requests_are_compressed_as_asked() {
    let plain = arrives(&[("OTEL_EXPORTER_OTLP_COMPRESSION", "none")]);
    assert!(!plain.head.contains("content-encoding"), "{}", plain.head);
    let gzip = arrives(&[("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip")]);
    assert!(
        gzip.head.contains("content-encoding: gzip"),
        "{}",
        gzip.head
    );
    assert_eq!(gzip.total("perfkit.operation.calls"), 10);
}

#[test]
fn histograms_have_the_form_that_is_asked_for() {
    let variable = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    let exponential = arrives(&[(variable, "base2_exponential_bucket_histogram")]);
    let duration = exponential.metric("perfkit.operation.duration");
    assert!(matches!(duration.data, Some(Data::ExponentialHistogram(_))));
    let explicit = arrives(&[(variable, "explicit_bucket_histogram")]);
    let duration = explicit.metric("perfkit.operation.duration");
    let Some(Data::Histogram(histogram)) = &duration.data else {
        panic!("{duration:?}")
    };
    let point = &histogram.data_points[0];
    assert_eq!(point.explicit_bounds[..3], [0.0, 0.005, 0.01]);
    assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
    assert_eq!(point.bucket_counts.iter().sum::<u64>(), 9);
    assert_eq!(point.count, 9);
}

#[test]
fn an_exporter_that_is_not_wanted_sends_nothing() {
    for exporters in ["none", "console"] {
        let collector = Collector::start(vec![]);
        let output = run(&[
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &collector.endpoint),
            ("OTEL_METRICS_EXPORTER", exporters),
        ]);
        assert!(
            stdout(&output).contains("exports: 0"),
            "{}",
            stdout(&output)
        );
        assert!(collector.arrived.try_recv().is_err());
        // Another exporter than this one is not there, which is said.
        assert_eq!(stderr(&output).is_empty(), exporters == "none");
    }
}

#[test]
fn what_is_not_obeyed_is_said_once_on_one_line() {
    let collector = Collector::start(vec![]);
    let output = run(&[
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &collector.endpoint),
        ("OTEL_METRICS_EXPORTER", "otlp,prometheus"),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "always_on"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
    ]);
    assert_eq!(
        stderr(&output),
        "perfkit: the OTLP export does not obey OTEL_EXPORTER_OTLP_INSECURE, \
         OTEL_METRICS_EXEMPLAR_FILTER, OTEL_METRICS_EXPORTER\n"
    );
    let named = r#"unobeyed: ["OTEL_EXPORTER_OTLP_INSECURE", "OTEL_METRICS_EXEMPLAR_FILTER", "OTEL_METRICS_EXPORTER"]"#;
    assert!(stdout(&output).contains(named), "{}", stdout(&output));
    assert_eq!(collector.next().total("perfkit.operation.calls"), 10);
}

#[test]
fn a_value_that_is_not_known_is_an_error_that_names_the_variable() {
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "often"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "soon"),
    ] {
        let output = run(&[(variable, value)]);
        let expected = format!("error: {variable}: `{value}` is");
        assert!(stdout(&output).contains(&expected), "{}", stdout(&output));
    }
}

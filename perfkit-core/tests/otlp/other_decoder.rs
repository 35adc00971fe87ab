//! What is sent, as another implementation reads it: OpenTelemetry's messages for Python.
//!
//! Python is used where `PERFKIT_TEST_PYTHON` names an interpreter that has the package
//! opentelemetry-proto.

use std::process::Command;
use std::time::Duration;

use perfkit::Monitor;
use perfkit::otlp::{self, Config, FailureLog, HistogramForm, Protocol, Temporality};

use crate::collector::{PATIENCE, listen};
use crate::required::skip;

/// Prints a line for each data point: name, unit, kind, temporality, outcome or operation, and
/// its value or count, with what its buckets hold.
const READER: &str = r#"
import sys
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as messages

request = messages.ExportMetricsServiceRequest()
body = open(sys.argv[2], "rb").read()
if sys.argv[1] == "json":
    json_format.Parse(body, request)
else:
    request.ParseFromString(body)
for metric in request.resource_metrics[0].scope_metrics[0].metrics:
    kind = metric.WhichOneof("data")
    data = getattr(metric, kind)
    for point in data.data_points:
        about = {a.key: a.value.string_value for a in point.attributes}
        told = about.get("perfkit.outcome") or about.get("code.function.name", "-")
        if kind == "sum":
            value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
        elif kind == "exponential_histogram":
            held = sum(point.positive.bucket_counts) + point.zero_count
            value = f"{point.count} of which {held} in buckets"
        else:
            value = f"{point.count} of which {sum(point.bucket_counts)} in buckets"
        print(metric.name, metric.unit, kind, data.aggregation_temporality, told, value)
"#;

/// The body of the first request.
fn sent(config: Config) -> Vec<u8> {
    let (endpoint, bodies) = listen(Vec::new(), b"", |_, body, _| body);
    let config = Config {
        endpoint,
        interval: Duration::from_secs(3600),
        failure_log: FailureLog::Silent,
        ..config
    };
    let monitor = Monitor::new();
    for _ in 0..7 {
        monitor.measure("work", || ());
    }
    let _ = monitor.try_measure("work", || Err::<(), _>("no"));
    let otlp = otlp::start_with(&monitor, config).unwrap();
    assert!(otlp.flush(PATIENCE), "{otlp:?}");
    bodies.recv_timeout(PATIENCE).unwrap()
}

fn read(python: &str, form: &str, body: &[u8]) -> String {
    let name = format!("perfkit-sent-{}-{form}", std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, body).unwrap();
    let output = Command::new(python)
        .args(["-c", READER, form])
        .arg(&file)
        .output();
    std::fs::remove_file(&file).unwrap();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn another_implementation_reads_the_same() {
    let Ok(python) = std::env::var("PERFKIT_TEST_PYTHON") else {
        return skip("PERFKIT_TEST_PYTHON names no Python that has opentelemetry-proto");
    };
    let forms = [
        ("protobuf", Protocol::HttpProtobuf),
        #[cfg(feature = "otlp-json")]
        ("json", Protocol::HttpJson),
    ];
    let temporalities = [(Temporality::Cumulative, 2), (Temporality::Delta, 1)];
    let histograms = [
        (HistogramForm::Exponential, "exponential_histogram"),
        (HistogramForm::ExplicitBuckets, "histogram"),
    ];
    for (form, protocol) in forms {
        for (temporality, number) in temporalities {
            for (histograms, kind) in histograms {
                let body = sent(Config {
                    protocol,
                    temporality,
                    histograms,
                    ..Config::default()
                });
                let told = read(&python, form, &body);
                let mut expected = vec![
                    format!(
                        "perfkit.operation.duration s {kind} {number} work 7 of which 7 in buckets"
                    ),
                    format!(
                        "perfkit.operation.failure_duration s {kind} {number} work 1 of which 1 in buckets"
                    ),
                    format!("perfkit.operation.calls {{call}} sum {number} success 7"),
                    format!("perfkit.operation.calls {{call}} sum {number} failure 1"),
                    "perfkit.operation.calls_in_flight {call} sum 2 work 0".to_owned(),
                ];
                expected.retain(|line| !told.lines().any(|told| told == line));
                assert!(
                    expected.is_empty(),
                    "{form}: {expected:#?} is not in\n{told}"
                );
            }
        }
    }
}

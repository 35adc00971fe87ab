//! OTLP as JSON, read without perfkit's or OpenTelemetry's types.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use perfkit::Monitor;
use perfkit::otlp::{self, Compression, Config, FailureLog, Protocol, SendError};
use serde_json::Value;

use crate::collector::{PATIENCE, answer, listen};

/// Answers as told, and with an empty object afterwards; what arrived.
fn collector(answers: Vec<Vec<u8>>) -> (String, Receiver<(String, Value)>) {
    listen(answers, b"{}", |head, body, _| {
        (head, serde_json::from_slice(&body).unwrap())
    })
}

fn config(endpoint: String) -> Config {
    Config {
        protocol: Protocol::HttpJson,
        endpoint,
        interval: Duration::from_secs(3600),
        failure_log: FailureLog::Silent,
        ..Config::default()
    }
}

fn metric<'a>(request: &'a Value, name: &str) -> &'a Value {
    let metrics = &request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
    let mut metrics = metrics.as_array().unwrap().iter();
    metrics.find(|metric| metric["name"] == name).unwrap()
}

/// A number of 64 bits, which is a text in JSON.
fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

fn attribute<'a>(of: &'a Value, key: &str) -> &'a Value {
    let mut attributes = of["attributes"].as_array().unwrap().iter();
    let found = attributes.find(|attribute| attribute["key"] == key);
    &found.unwrap()["value"]["stringValue"]
}

#[test]
fn requests_keep_to_the_mapping_of_otlp() {
    for compression in [Compression::None, Compression::Gzip] {
        let (endpoint, arrived) = collector(Vec::new());
        let monitor = Monitor::new();
        for _ in 0..7 {
            monitor.measure("work", || ());
        }
        let _ = monitor.try_measure("work", || Err::<(), _>("no"));
        let config = Config {
            compression,
            ..config(endpoint)
        };
        let otlp = otlp::start_with(&monitor, config).unwrap();
        assert!(otlp.flush(PATIENCE));
        assert_eq!(otlp.stats().acknowledged, otlp.stats().produced);
        let (head, request) = arrived.recv_timeout(PATIENCE).unwrap();
        assert!(head.contains("content-type: application/json"), "{head}");
        let is_compressed = head.contains("content-encoding: gzip");
        assert_eq!(is_compressed, compression == Compression::Gzip);

        let resource = &request["resourceMetrics"][0]["resource"];
        assert!(attribute(resource, "service.name").is_string());
        let duration = metric(&request, "perfkit.operation.duration");
        assert_eq!(duration["unit"], "s");
        let histogram = &duration["exponentialHistogram"];
        // Enumerations are numbers: 2 is cumulative.
        assert_eq!(histogram["aggregationTemporality"], 2);
        let point = &histogram["dataPoints"][0];
        assert_eq!(attribute(point, "code.function.name"), "work");
        assert_eq!(number(&point["count"]), 7);
        assert!(number(&point["timeUnixNano"]) > number(&point["startTimeUnixNano"]));
        let buckets = point["positive"]["bucketCounts"].as_array().unwrap();
        let in_buckets: u64 = buckets.iter().map(number).sum();
        let zero = point.get("zeroCount").map_or(0, number);
        assert_eq!(in_buckets + zero, 7);
        assert!(point["sum"].is_f64() && point["min"].is_f64() && point["max"].is_f64());

        let calls = &metric(&request, "perfkit.operation.calls")["sum"];
        assert_eq!(calls["isMonotonic"], true);
        let calls = calls["dataPoints"].as_array().unwrap();
        let of = |outcome: &str| {
            let mut points = calls.iter();
            let point = points.find(|point| attribute(point, "perfkit.outcome") == outcome);
            number(&point.unwrap()["asInt"])
        };
        assert_eq!([of("success"), of("failure"), of("panic")], [7, 1, 0]);
    }
}

#[test]
fn answers_are_read_as_json() {
    let partial = br#"{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too many"}}"#;
    for (body, is_known) in [(&partial[..], true), (b"<html>".as_slice(), false)] {
        let (endpoint, _arrived) = collector(vec![answer(200, "", body)]);
        let monitor = Monitor::new();
        monitor.measure("work", || ());
        let otlp = otlp::start_with(&monitor, config(endpoint)).unwrap();
        assert!(!otlp.flush(PATIENCE));
        let stats = otlp.stats();
        let expected = match is_known {
            true => SendError::Rejected(2, "too many".to_owned()),
            false => SendError::NoCollector,
        };
        assert_eq!(stats.last_error, Some(expected));
        let dropped = if is_known { 2 } else { stats.produced };
        assert_eq!(
            (stats.dropped, stats.acknowledged),
            (dropped, stats.produced - dropped)
        );
    }
}

#[test]
fn what_may_succeed_later_is_sent_again() {
    let (endpoint, arrived) = collector(vec![answer(503, "", b"{}")]);
    let monitor = Monitor::new();
    monitor.measure("work", || ());
    let otlp = otlp::start_with(&monitor, config(endpoint)).unwrap();
    assert!(otlp.flush(PATIENCE));
    assert_eq!(arrived.try_iter().count(), 2);
    assert_eq!(otlp.stats().acknowledged, otlp.stats().produced);
}

//! The formats of Prometheus by content negotiation: protobuf as an independent decoder
//! reads it, native histograms as a real Prometheus evaluates them, and a web server of
//! the program's own.
//!
//! Where `PERFKIT_TEST_PROMETHEUS` names a Prometheus of version 2.40 or later, it scrapes
//! the endpoint; without it that test says so and does nothing, unless
//! `PERFKIT_TEST_REQUIRE_ALL` is set.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

mod real_prometheus;
mod required;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use flate2::read::GzDecoder;
use perfkit::prometheus::{self, Answer, MetricType, TextFormat};
use perfkit::{MockClock, Monitor, OperationSnapshot};
use prost::Message as _;

use real_prometheus::{Prometheus, get};

/// What Prometheus 2.42 accepts with native histograms.
const PROTOBUF: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
    encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5";

/// The messages of `io.prometheus.client`, as its `metrics.proto` has them.
mod client {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct MetricFamily {
        #[prost(string, optional, tag = "1")]
        pub(super) name: Option<String>,
        #[prost(string, optional, tag = "2")]
        pub(super) help: Option<String>,
        #[prost(int32, optional, tag = "3")]
        pub(super) metric_type: Option<i32>,
        #[prost(message, repeated, tag = "4")]
        pub(super) metric: Vec<Metric>,
        #[prost(string, optional, tag = "5")]
        pub(super) unit: Option<String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Metric {
        #[prost(message, repeated, tag = "1")]
        pub(super) label: Vec<LabelPair>,
        #[prost(message, optional, tag = "2")]
        pub(super) gauge: Option<Number>,
        #[prost(message, optional, tag = "3")]
        pub(super) counter: Option<Number>,
        #[prost(message, optional, tag = "7")]
        pub(super) histogram: Option<Histogram>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct LabelPair {
        #[prost(string, optional, tag = "1")]
        pub(super) name: Option<String>,
        #[prost(string, optional, tag = "2")]
        pub(super) value: Option<String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Number {
        #[prost(double, optional, tag = "1")]
        pub(super) value: Option<f64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Histogram {
        #[prost(uint64, optional, tag = "1")]
        pub(super) sample_count: Option<u64>,
        #[prost(double, optional, tag = "2")]
        pub(super) sample_sum: Option<f64>,
        #[prost(message, repeated, tag = "3")]
        pub(super) bucket: Vec<Bucket>,
        #[prost(sint32, optional, tag = "5")]
        pub(super) schema: Option<i32>,
        #[prost(double, optional, tag = "6")]
        pub(super) zero_threshold: Option<f64>,
        #[prost(uint64, optional, tag = "7")]
        pub(super) zero_count: Option<u64>,
        #[prost(message, repeated, tag = "12")]
        pub(super) positive_span: Vec<BucketSpan>,
        #[prost(sint64, repeated, tag = "13")]
        pub(super) positive_delta: Vec<i64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Bucket {
        #[prost(uint64, optional, tag = "1")]
        pub(super) cumulative_count: Option<u64>,
        #[prost(double, optional, tag = "2")]
        pub(super) upper_bound: Option<f64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct BucketSpan {
        #[prost(sint32, optional, tag = "1")]
        pub(super) offset: Option<i32>,
        #[prost(uint32, optional, tag = "2")]
        pub(super) length: Option<u32>,
    }
}

use client::{Histogram, Metric, MetricFamily};

fn families(mut page: &[u8]) -> Vec<MetricFamily> {
    let mut families = Vec::new();
    while !page.is_empty() {
        families.push(MetricFamily::decode_length_delimited(&mut page).unwrap());
    }
    families
}

/// Operations with times from 0 to minutes, failures, and a hostile name.
fn busy() -> Monitor {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for call in 1_u64..=1000 {
        // From 1 µs to 1 ms, as many in each tenth of it in logarithms.
        let ns = 1000.0 * 1000.0_f64.powf(call as f64 / 1000.0);
        monitor.measure("spread", || clock.advance(Duration::from_nanos(ns as u64)));
    }
    for ns in [0, 0, 1, 3, 255, 60_000_000_000] {
        monitor.measure("extreme", || clock.advance(Duration::from_nanos(ns)));
    }
    let hostile = "a\\ \"b\"\n\u{1b}[2J größe";
    let timer = monitor.operation(hostile).cpu().memory().items(3).start();
    clock.compute(Duration::from_millis(4));
    timer.stop();
    let timer = monitor.operation(hostile).start();
    clock.advance(Duration::from_millis(20));
    timer.fail("timeout".to_owned(), "no");
    monitor.counter(hostile).add(3);
    monitor.gauge(hostile).set(-1.5);
    monitor
}

/// The samples of a text by name and labels, values as numbers.
fn samples_of_text(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

/// The same of families: as Prometheus takes them where it does not know native histograms.
fn samples_of_families(families: &[MetricFamily]) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    for family in families {
        let name = family.name.as_deref().unwrap();
        for metric in &family.metric {
            let mut add = |suffix: &str, le: Option<f64>, value: f64| {
                let series = format!("{name}{suffix}{}", labels_of(metric, le));
                assert!(samples.insert(series, value).is_none());
            };
            let number = metric.counter.as_ref().or(metric.gauge.as_ref());
            if let Some(number) = number {
                add("", None, number.value.unwrap());
            }
            let Some(histogram) = &metric.histogram else {
                continue;
            };
            for bucket in &histogram.bucket {
                let count = bucket.cumulative_count.unwrap() as f64;
                add("_bucket", bucket.upper_bound, count);
            }
            let count = histogram.sample_count.unwrap() as f64;
            add("_bucket", Some(f64::INFINITY), count);
            add("_count", None, count);
            add("_sum", None, histogram.sample_sum.unwrap());
        }
    }
    samples
}

fn labels_of(metric: &Metric, le: Option<f64>) -> String {
    let pairs = metric.label.iter().map(|label| {
        let value = label.value.as_deref().unwrap();
        let value = value.replace('\\', r"\\").replace('"', r#"\""#);
        let name = label.name.as_deref().unwrap();
        format!("{name}=\"{}\"", value.replace('\n', r"\n"))
    });
    let le = le.map(|le| match le {
        le if le.is_infinite() => "le=\"+Inf\"".to_owned(),
        le if le < 1e-4 => format!("le=\"{le:e}\"").replace("e-", "e-0"),
        le => format!("le=\"{le:?}\""),
    });
    let labels: Vec<String> = pairs.chain(le).collect();
    match labels.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", labels.join(",")),
    }
}

#[test]
fn protobuf_says_what_the_text_says() {
    let snapshot = busy().snapshot();
    let families = families(&prometheus::protobuf(&snapshot));
    let text = samples_of_text(&prometheus::text(&snapshot));
    assert_eq!(samples_of_families(&families), text);
    for family in &families {
        let name = family.name.as_deref().unwrap();
        let metric = prometheus::metrics()
            .iter()
            .find(|m| m.name == name)
            .unwrap();
        let number = match metric.metric_type {
            MetricType::Counter => 0,
            MetricType::Gauge => 1,
            MetricType::Histogram => 4,
            _ => panic!("{name}"),
        };
        assert_eq!(family.metric_type, Some(number), "{name}");
        assert_eq!(family.help.as_deref(), Some(metric.help));
        assert_eq!(family.unit, metric.unit);
    }
    assert!(prometheus::protobuf(&Monitor::new().snapshot()).is_empty());
}

/// The counts of a native histogram's buckets by their upper bounds.
fn native_buckets(histogram: &Histogram) -> Vec<(f64, u64)> {
    assert_eq!(histogram.schema, Some(7));
    let mut deltas = histogram.positive_delta.iter();
    let (mut index, mut count) = (0, 0);
    let mut buckets = Vec::new();
    for span in &histogram.positive_span {
        index += span.offset.unwrap();
        for _ in 0..span.length.unwrap() {
            count += deltas.next().unwrap();
            buckets.push(((f64::from(index) / 128.0).exp2(), count as u64));
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None);
    buckets
}

#[test]
fn native_histograms_have_every_value_in_its_bucket() {
    let families = families(&prometheus::protobuf(&busy().snapshot()));
    let histograms = families.iter().flat_map(|family| &family.metric);
    let histograms: Vec<_> = histograms
        .filter_map(|m| Some((labels_of(m, None), m.histogram.as_ref()?)))
        .collect();
    // Three of durations, one of a failure's, one of CPU time.
    assert_eq!(histograms.len(), 5, "{histograms:?}");
    for (labels, histogram) in &histograms {
        let counted: u64 = native_buckets(histogram)
            .iter()
            .map(|(_, count)| count)
            .sum();
        let zeros = histogram.zero_count.unwrap();
        assert_eq!(Some(zeros + counted), histogram.sample_count, "{labels}");
        // Otherwise readers would take it for a classic one.
        assert!(histogram.zero_threshold.unwrap() > 0.0);
    }
    let (_, extreme) = &histograms[1];
    assert_eq!(extreme.zero_count, Some(2));
    let filled: Vec<f64> = native_buckets(extreme)
        .into_iter()
        .filter_map(|(bound, count)| (count == 1).then_some(bound))
        .collect();
    for (bound, seconds) in filled.iter().zip([1e-9, 3e-9, 255e-9, 60.0]) {
        assert!((bound / seconds - 1.0).abs() < 0.01, "{bound} {seconds}");
    }
    assert_eq!(filled.len(), 4);
}

#[test]
fn totals_without_a_distribution_are_a_classic_histogram() {
    let mut operations = busy().snapshot().operations;
    for operation in &mut operations {
        for summary in operation.lifetime.metrics.values_mut() {
            summary.histogram = None;
        }
    }
    let monitor = Monitor::new();
    let mut snapshot = monitor.snapshot();
    snapshot.operations = operations;
    let families = families(&prometheus::protobuf(&snapshot));
    let mut histograms = families.iter().flat_map(|family| &family.metric);
    let histogram = histograms.find_map(|m| m.histogram.as_ref()).unwrap();
    assert_eq!((histogram.schema, histogram.zero_threshold), (None, None));
    let text = TextFormat::Text.render(&snapshot.operations);
    assert_eq!(samples_of_families(&families), samples_of_text(&text));
}

fn content_type(head: &str) -> &str {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let mut same = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    same.next().unwrap().1
}

/// What a page tells, but for what the process uses at the moment.
fn without_process(page: &[u8]) -> BTreeMap<String, f64> {
    let mut samples = match std::str::from_utf8(page) {
        Ok(text) if text.starts_with('#') => samples_of_text(text),
        _ => samples_of_families(&families(page)),
    };
    samples.retain(|series, _| !series.starts_with("process_"));
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_of_axum_answers_scrapes_as_the_endpoint_does() {
    use axum::http::HeaderMap;
    use axum::http::header::{ACCEPT, CONTENT_TYPE};
    use axum::{Router, routing};

    let monitor = busy();
    let shown = monitor.clone();
    let metrics = async move |headers: HeaderMap| {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let (content_type, body) = prometheus::respond_with(&shown, accept);
        ([(CONTENT_TYPE, content_type)], body)
    };
    let app = Router::new().route("/metrics", routing::get(metrics));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move { axum::serve(listener, app).await });

    let server = prometheus::serve_with(&monitor, "127.0.0.1:0").unwrap();
    for (accept, media_type) in [
        ("*/*", "text/plain;"),
        (
            "application/openmetrics-text",
            "application/openmetrics-text;",
        ),
        (PROTOBUF, "application/vnd.google.protobuf;"),
    ] {
        let here = tokio::task::spawn_blocking(move || get(address, "/metrics", accept));
        let (head, body) = here.await.unwrap();
        let (expected, page) = get(server.address(), "/metrics", accept);
        assert!(content_type(&head).starts_with(media_type), "{head}");
        assert_eq!(content_type(&head), content_type(&expected));
        let (here, there) = (without_process(&body), without_process(&page));
        assert!(here == there && !here.is_empty(), "{accept}");
    }
    served.abort();
    let (content_type, body) = prometheus::respond(None);
    assert!(content_type.starts_with("text/plain;") && body.is_ascii());
}

#[test]
fn a_page_is_compressed_where_gzip_is_named() {
    let monitor = busy();
    let server = prometheus::serve_with(&monitor, "127.0.0.1:0").unwrap();
    let page = |fields: &str| get(server.address(), "/metrics", fields);
    for accept in ["*/*", "application/openmetrics-text", PROTOBUF] {
        let (plain_head, plain) = page(accept);
        assert!(!plain_head.contains("Content-Encoding"), "{plain_head}");
        let (head, body) = page(&format!("{accept}\r\nAccept-Encoding: gzip"));
        assert!(head.contains("\r\nContent-Encoding: gzip\r\n"), "{head}");
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())));
        assert_eq!(content_type(&head), content_type(&plain_head));
        assert!(body.len() < plain.len(), "{}", body.len());
        let answer = Answer::to(&monitor, Some(accept), Some("gzip"));
        assert_eq!(answer.content_type, content_type(&head));
        for compressed in [body, answer.body] {
            let mut unpacked = Vec::new();
            let mut decoder = GzDecoder::new(&compressed[..]);
            decoder.read_to_end(&mut unpacked).unwrap();
            assert!(
                without_process(&unpacked) == without_process(&plain),
                "{accept}"
            );
        }
    }
    let long = "gzip;q=0,".repeat(800);
    for hostile in [
        "gzip;q=0",
        "gzip;q=1e999;q=nan;",
        "\u{1b}[2J, gzip\u{7f}",
        ",;=,;",
        &long,
    ] {
        let (head, body) = page(&format!("*/*\r\nAccept-Encoding: {hostile}"));
        assert!(
            head.starts_with("HTTP/1.1 200 ") && !head.contains('\u{1b}'),
            "{head}"
        );
        let is_compressed = head.contains("Content-Encoding: gzip");
        assert_eq!(is_compressed, body.starts_with(&[0x1f, 0x8b]), "{hostile}");
    }
}

/// The values of a query's result by operation.
fn by_operation(prometheus: &Prometheus, query: &str) -> BTreeMap<String, f64> {
    let result = prometheus.query(query);
    let values = result.iter().map(|series| {
        let operation = series["metric"]["code_function_name"].as_str().unwrap();
        let value = series["value"][1].as_str().unwrap().parse().unwrap();
        (operation.to_owned(), value)
    });
    values.collect()
}

fn percentile_of(operations: &[OperationSnapshot], name: &str, quantile: f64) -> f64 {
    let operation = operations.iter().find(|o| o.name == name).unwrap();
    let times = operation.lifetime.execution_time().unwrap();
    let histogram = times.histogram.as_ref().unwrap();
    histogram.percentile(quantile).unwrap() * 1e-9
}

#[test]
fn a_real_prometheus_finds_the_percentiles_of_the_report() {
    let monitor = busy();
    let server = prometheus::serve_with(&monitor, "127.0.0.1:0").unwrap();
    let Some(prometheus) = Prometheus::start(server.address()) else {
        return;
    };
    let operations = monitor.snapshot().operations;
    for quantile in [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999] {
        // A series that native histograms alone have: classic ones end in `_bucket`.
        let found = by_operation(
            &prometheus,
            &format!("histogram_quantile({quantile}, perfkit_operation_duration_seconds)"),
        );
        let said = percentile_of(&operations, "spread", quantile);
        let error = found["spread"] / said - 1.0;
        println!("p{}: {:+.3} %", 100.0 * quantile, 100.0 * error);
        assert!(
            error.abs() <= 0.01,
            "{quantile}: {} {said}",
            found["spread"]
        );
    }
    let counted = by_operation(
        &prometheus,
        "histogram_count(perfkit_operation_duration_seconds)",
    );
    assert_eq!((counted["spread"], counted["extreme"]), (1000.0, 6.0));
    let calls = by_operation(
        &prometheus,
        "sum by (code_function_name) (perfkit_operation_calls_total)",
    );
    assert_eq!(calls["a\\ \"b\"\n\\u{1b}[2J größe"], 2.0, "{calls:?}");
}

#[test]
fn a_real_prometheus_keeps_the_exemplars() {
    let monitor = Monitor::new();
    monitor.collect_exemplars(|| perfkit::TraceContext::new(0xabc, 0x12));
    monitor.measure("traced", || ());
    let server = prometheus::serve_with(&monitor, "127.0.0.1:0").unwrap();
    let Some(prometheus) = Prometheus::start(server.address()) else {
        return;
    };
    let found = prometheus.exemplars("{__name__=~\"perfkit_operation_duration_seconds.*\"}");
    let series = &found[0];
    assert_eq!(series["seriesLabels"]["code_function_name"], "traced");
    let labels = &series["exemplars"][0]["labels"];
    assert_eq!(labels["trace_id"], "00000000000000000000000000000abc");
    assert_eq!(labels["span_id"], "0000000000000012");
}

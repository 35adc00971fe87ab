//! OTLP export: against a collector of our own that misbehaves as told, and
//! against a real one.
//!
//! The real one is started where `PERFKIT_TEST_COLLECTOR` names its program
//! (rotel-agent); without it that test says so and does nothing, unless
//! `PERFKIT_TEST_REQUIRE_ALL` is set.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::print_stderr
)]

mod results;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::support::required::skip;
use crate::support::{Answer, Folder, Guarded, example, http_request};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point::Value};
use perfkit::otlp::{self, Config, SendError};
use perfkit::{Monitor, Report};
use prost::Message as _;

/// One request as it arrived.
struct Arrived {
    head: String,
    message: ExportMetricsServiceRequest,
}

/// A collector that gives the answers it is told, and 200 afterwards.
fn collector(answers: Vec<Vec<u8>>) -> (String, Receiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, arrived) = channel();
    std::thread::spawn(move || {
        let mut answers = answers.into_iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(request) = receive(&mut stream) else {
                continue;
            };
            let answer = answers.next().unwrap_or_else(|| answer(200, "", b""));
            let _ = stream.write_all(&answer);
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (format!("http://{address}/v1/metrics"), arrived)
}

fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn receive(stream: &mut TcpStream) -> Option<Arrived> {
    let (head, body) = http_request(stream)?;
    let message = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
    Some(Arrived { head, message })
}

fn config(endpoint: &str) -> Config {
    Config {
        endpoint: endpoint.to_owned(),
        interval: Duration::from_secs(3600),
        ..Config::default()
    }
}

fn metric<'a>(arrived: &'a Arrived, name: &str) -> &'a Metric {
    let metrics = &arrived.message.resource_metrics[0].scope_metrics[0].metrics;
    metrics.iter().find(|metric| metric.name == name).unwrap()
}

/// Counts of a sum by the value of an attribute.
fn counts(metric: &Metric, key: &str) -> Vec<(String, i64)> {
    let Some(Data::Sum(sum)) = &metric.data else {
        panic!("{} is no sum", metric.name)
    };
    let mut counts = Vec::new();
    for point in &sum.data_points {
        let attribute = point
            .attributes
            .iter()
            .find(|attribute| attribute.key == key);
        let value = format!("{:?}", attribute.and_then(|a| a.value.clone()));
        let Some(Value::AsInt(count)) = point.value else {
            panic!("no whole number")
        };
        counts.push((value, count));
    }
    counts
}

fn monitor() -> Monitor {
    let monitor = Monitor::new();
    for number in 0..10 {
        let _ = monitor.try_measure("work", || if number == 3 { Err("no") } else { Ok(()) });
    }
    monitor
}

#[test]
fn histograms_and_counters_arrive_whole() {
    let (endpoint, arrived) = collector(vec![]);
    let config = Config {
        headers: vec![("x-key".to_owned(), "secret".to_owned())],
        ..config(&endpoint)
    };
    let otlp = otlp::start_with(&monitor(), config).unwrap();
    assert!(otlp.flush(Duration::from_secs(60)));
    let request = arrived.recv().unwrap();
    assert!(
        request.head.starts_with("post /v1/metrics "),
        "{}",
        request.head
    );
    assert!(
        request
            .head
            .contains("content-type: application/x-protobuf")
    );
    assert!(request.head.contains("x-key: secret"));

    let duration = metric(&request, "perfkit.operation.duration");
    assert_eq!(duration.unit, "s");
    let Some(Data::ExponentialHistogram(histogram)) = &duration.data else {
        panic!("no exponential histogram")
    };
    let point = &histogram.data_points[0];
    assert_eq!(point.count, 9);
    assert!(point.scale <= 6 && point.positive.as_ref().unwrap().bucket_counts.len() <= 160);
    let counted: u64 = point.positive.as_ref().unwrap().bucket_counts.iter().sum();
    assert_eq!(counted + point.zero_count, 9);
    assert!(point.min <= point.max && point.sum > point.max);
    assert!(point.start_time_unix_nano < point.time_unix_nano);

    let calls = counts(
        metric(&request, "perfkit.operation.calls"),
        "perfkit.outcome",
    );
    let total: i64 = calls.iter().map(|(_, count)| count).sum();
    assert_eq!((calls.len(), total), (4, 10));
    assert!(matches!(
        metric(&request, "process.memory.usage").data,
        Some(Data::Sum(_))
    ));

    let stats = otlp.stats();
    assert_eq!(stats.produced, stats.acknowledged + stats.dropped);
    assert_eq!(stats.dropped, 0);
    assert!(otlp.shutdown(Duration::from_secs(60)));
    assert!(
        arrived.recv().is_ok(),
        "the last values are sent at the end"
    );
}

#[test]
fn cumulative_values_keep_their_start() {
    let (endpoint, arrived) = collector(vec![]);
    let monitor = monitor();
    let otlp = otlp::start_with(&monitor, config(&endpoint)).unwrap();
    let mut starts = Vec::new();
    for _ in 0..2 {
        assert!(otlp.flush(Duration::from_secs(60)));
        let request = arrived.recv().unwrap();
        let Some(Data::Sum(sum)) = &metric(&request, "perfkit.operation.calls").data else {
            panic!("no sum")
        };
        starts.push(sum.data_points[0].start_time_unix_nano);
        monitor.measure("work", || ());
    }
    assert_eq!(starts[0], starts[1]);
}

#[test]
fn only_what_may_succeed_later_is_retried() {
    for (status, attempts) in [
        (429, 2),
        (502, 2),
        (503, 2),
        (504, 2),
        (400, 1),
        (500, 1),
        (404, 1),
    ] {
        let (endpoint, arrived) = collector(vec![answer(status, "retry-after: 0\r\n", b"")]);
        let report = Report::from_snapshot(monitor().snapshot());
        let result = otlp::send_report(&report, &config(&endpoint));
        assert_eq!(result.is_ok(), attempts == 2, "{status}: {result:?}");
        assert_eq!(arrived.iter().take(attempts).count(), attempts, "{status}");
        assert!(arrived.try_recv().is_err(), "{status} was retried");
        if attempts == 1 {
            assert_eq!(result.unwrap_err(), SendError::Refused(status));
        }
    }
}

/// A collector that is always asked again at once would be asked without a pause.
#[test]
fn whoever_says_to_come_again_at_once_gets_a_pause() {
    let (endpoint, arrived) = collector(vec![answer(503, "retry-after: 0\r\n", b""); 1000]);
    let hurried = Config {
        timeout: Duration::from_secs(1),
        ..config(&endpoint)
    };
    let report = Report::from_snapshot(monitor().snapshot());
    let result = otlp::send_report(&report, &hurried);
    assert_eq!(result.unwrap_err(), SendError::Refused(503));
    // The first pause is of 100 ms at least, and each is twice the one before.
    assert!(arrived.try_iter().count() <= 5);
}

#[test]
fn no_time_is_too_long_or_too_short() {
    for extreme in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::ZERO] {
        let (endpoint, arrived) = collector(vec![]);
        let extremes = Config {
            timeout: extreme,
            interval: extreme,
            ..config(&endpoint)
        };
        let otlp = otlp::start_with(&monitor(), extremes.clone()).unwrap();
        let patient = extreme > Duration::ZERO;
        assert!(otlp.flush(extreme) || !patient);
        assert!(otlp.shutdown(extreme) || !patient);
        let report = Report::from_snapshot(monitor().snapshot());
        let sent = otlp::send_report(&report, &extremes);
        assert!(sent.is_ok() || !patient, "{sent:?}");
        assert!(arrived.try_iter().count() >= 2 || !patient);
    }
}

#[test]
fn a_partial_success_is_counted_and_not_repeated() {
    let body = ExportMetricsServiceResponse {
        partial_success: Some(ExportMetricsPartialSuccess {
            rejected_data_points: 2,
            error_message: "too \u{1b}[31mold".to_owned(),
        }),
    };
    let (endpoint, arrived) = collector(vec![answer(200, "", &body.encode_to_vec())]);
    let otlp = otlp::start_with(&monitor(), config(&endpoint)).unwrap();
    assert!(!otlp.flush(Duration::from_secs(60)));
    assert!(arrived.recv().is_ok() && arrived.try_recv().is_err());
    let stats = otlp.stats();
    assert_eq!(stats.dropped, 2);
    assert_eq!(stats.produced, stats.acknowledged + stats.dropped);
    let error = stats.last_error.unwrap().to_string();
    assert!(
        error.contains("rejected 2 data points") && !error.contains('\u{1b}'),
        "{error}"
    );
}

#[test]
fn a_web_page_is_no_collector() {
    let page = answer(200, "content-type: text/html\r\n", b"<html>Sign in</html>");
    let (endpoint, _arrived) = collector(vec![page]);
    let report = Report::from_snapshot(monitor().snapshot());
    let error = otlp::send_report(&report, &config(&endpoint)).unwrap_err();
    assert_eq!(error, SendError::NoCollector);
}

#[test]
fn a_dead_collector_neither_slows_the_program_nor_keeps_it_from_ending() {
    // It accepts connections and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/metrics", listener.local_addr().unwrap());
    let monitor = monitor();
    let patient = Config {
        timeout: Duration::from_secs(600),
        ..config(&endpoint)
    };
    let otlp = otlp::start_with(&monitor, patient).unwrap();
    assert!(!otlp.flush(Duration::from_millis(50)));
    let calls = 1000;
    for _ in 0..calls {
        monitor.measure("work", || ());
    }
    let snapshot = monitor.snapshot();
    assert_eq!(
        snapshot.operation("work").unwrap().lifetime.calls.total(),
        10 + calls
    );
    let begin = Instant::now();
    assert!(!otlp.shutdown(Duration::from_millis(50)));
    // The request itself would wait for ten minutes.
    assert!(begin.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_collector_that_is_not_there_is_an_error_within_the_timeout() {
    let config = Config {
        timeout: Duration::from_millis(300),
        ..config("http://127.0.0.1:9/v1/metrics")
    };
    let report = Report::from_snapshot(monitor().snapshot());
    let error = otlp::send_report(&report, &config).unwrap_err();
    assert!(matches!(error, SendError::Unreachable(_)), "{error}");
    let otlp = otlp::start_with(&monitor(), config).unwrap();
    assert!(!otlp.flush(Duration::from_secs(60)));
    let stats = otlp.stats();
    assert_eq!((stats.dropped, stats.acknowledged), (stats.produced, 0));
}

#[test]
fn a_saved_report_is_exported() {
    let folder = Folder::new();
    Report::from_snapshot(monitor().snapshot())
        .save(folder.path("report.json"))
        .unwrap();
    let (endpoint, arrived) = collector(vec![]);
    let export = |variable: &str, value: &str| {
        let mut command = folder.perfkit(["export", "report.json", "--to", "otlp"]);
        Answer::of({
            command.env(variable, value);
            command
        })
    };
    let answer = export("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &endpoint);
    answer
        .exits_with(0)
        .says("data points were accepted by http://127.0.0.1:");
    let request = arrived.recv().unwrap();
    let calls = counts(
        metric(&request, "perfkit.operation.calls"),
        "perfkit.outcome",
    );
    assert_eq!(calls.iter().map(|(_, count)| count).sum::<i64>(), 10);

    export("OTEL_EXPORTER_OTLP_ENDPOINT", "https://host")
        .exits_with(2)
        .complains("OTEL_EXPORTER_OTLP_ENDPOINT: `https://host` needs TLS");
    let mut command = folder.perfkit(["export", "report.json", "--to", "otlp"]);
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "200");
    Answer::of(command)
        .exits_with(4)
        .complains("the collector cannot be reached");
}

/// What is sent may hold a secret, and a proxy that answers is no collector.
#[test]
fn no_proxy_is_used_but_the_one_for_this() {
    let folder = Folder::new();
    let report = Report::from_snapshot(monitor().snapshot());
    report.save(folder.path("report.json")).unwrap();
    let (endpoint, arrived) = collector(vec![]);
    // It takes whatever comes.
    let (proxy, at_proxy) = collector(vec![]);
    let proxy = proxy.trim_end_matches("/v1/metrics").to_owned();
    let export = |variables: &[&str], proxy: &str| {
        let mut command = folder.perfkit(["export", "report.json", "--to", "otlp"]);
        command
            .env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &endpoint)
            .env("OTEL_EXPORTER_OTLP_TIMEOUT", "2000")
            .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret");
        for variable in variables {
            command.env(variable, proxy);
        }
        Answer::of(command)
    };
    let usual = [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ];
    export(&usual, &proxy).exits_with(0);
    assert!(arrived.recv().is_ok() && at_proxy.try_recv().is_err());
    // Where it is asked for, nothing goes past it: this one is none.
    let asked_for = export(&["PERFKIT_OTLP_PROXY"], "http://127.0.0.1:9");
    asked_for.exits_with(4).complains("cannot be reached");
    let wrong = export(&["PERFKIT_OTLP_PROXY"], "socks5://user:password@host");
    assert!(!wrong.stderr.contains("password"), "{wrong:?}");
    wrong
        .exits_with(2)
        .complains("PERFKIT_OTLP_PROXY: the value is no address");
    assert!(arrived.try_recv().is_err());
}

/// Lines of the real collector's log that hold a metric's data points.
struct RealCollector {
    _process: Guarded,
    log: std::path::PathBuf,
    endpoint: String,
}

impl RealCollector {
    fn start(folder: &Folder) -> Option<Self> {
        let Some(program) = std::env::var_os("PERFKIT_TEST_COLLECTOR") else {
            skip("PERFKIT_TEST_COLLECTOR names no collector");
            return None;
        };
        let [grpc, http] = [free_port(), free_port()];
        let log = folder.path("collector.log");
        let mut command = Command::new(program);
        command
            .arg("start")
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
            .args(["--exporter", "blackhole", "--debug-log", "metrics"])
            .args(["--debug-log-verbosity", "detailed"])
            .arg("--pid-file")
            .arg(folder.path("collector.pid"))
            .arg("--log-file")
            .arg(folder.path("collector.err"))
            .stdout(std::fs::File::create(&log).unwrap())
            .stderr(Stdio::null());
        let process = Guarded(command.spawn().unwrap());
        while TcpStream::connect(("127.0.0.1", http)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(Self {
            _process: process,
            log,
            endpoint: format!("http://127.0.0.1:{http}"),
        })
    }

    /// The values that follow a heading in the data points with an attribute.
    fn values(&self, metric: &str, attribute: &str, heading: &str) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap();
        let mut values = Vec::new();
        for section in log
            .split("-> Name: ")
            .filter(|section| section.lines().next() == Some(metric))
        {
            for point in section.split("Data point attributes:").skip(1) {
                if point.contains(attribute) {
                    let value = point.lines().find_map(|line| line.strip_prefix(heading));
                    values.extend(value.map(str::to_owned));
                }
            }
        }
        values
    }

    /// Waits until the log has as many values as expected.
    fn expect(&self, metric: &str, attribute: &str, heading: &str, expected: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.values(metric, attribute, heading).len() < expected.len() {
            if Instant::now() > deadline {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(
            self.values(metric, attribute, heading),
            expected,
            "{metric} {attribute}"
        );
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn a_real_collector_gets_the_same_counts_as_the_report() {
    let folder = Folder::new();
    let Some(collector) = RealCollector::start(&folder) else {
        return;
    };
    let mut service = Command::new(example("09_service"));
    service
        .env("PERFKIT_REPORT", folder.path("report.json"))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint)
        .env("OTEL_METRIC_EXPORT_INTERVAL", "3600000")
        .env("OTEL_SERVICE_NAME", "shop")
        .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test");
    Answer::of(service)
        .exits_with(0)
        .says("a collector got the numbers: true");
    let pay = &folder.report("report.json").operations[0];
    assert_eq!(pay.name, "checkout::pay");
    let time = pay.lifetime.execution_time().unwrap();

    // The service sends twice: when it flushes and when it ends.
    let (metric, attribute) = ("perfkit.operation.duration", "Str(checkout::pay)");
    let count = time.count.to_string();
    collector.expect(metric, attribute, "Count: ", &[&count, &count]);
    let near = |heading: &str, expected_ns: f64| {
        for value in collector.values(metric, attribute, heading) {
            let seconds: f64 = value.trim().parse().unwrap();
            assert!(
                (seconds - expected_ns * 1e-9).abs() < 1e-9,
                "{heading}{value}"
            );
        }
    };
    near("Sum: ", time.sum);
    near("Min: ", time.min.unwrap());
    near("Max: ", time.max.unwrap());
    let log = std::fs::read_to_string(&collector.log).unwrap();
    for text in [
        "service.name: Str(shop)",
        "deployment.environment: Str(test)",
        "perfkit.outcome: Str(failure)",
        "error.type: Str(alloc::string::String)",
        "Name: process.memory.usage",
        "Name: process.cpu.time",
    ] {
        assert!(log.contains(text), "{text} is not in the collector's log");
    }

    let mut export = folder.perfkit(["export", "report.json", "--to", "otlp"]);
    export.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint);
    Answer::of(export)
        .exits_with(0)
        .says("data points were accepted");
    collector.expect(metric, attribute, "Count: ", &[&count, &count, &count]);
}

//! A collector that is down: the program says so, goes on and ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use perfkit::otlp::{self, Config, FailureLog, Temporality};
use perfkit::{Monitor, Report};

use crate::collector::{Collector, PATIENCE, answer, read_request};
use crate::program::{run, stderr, stdout};

/// Far longer than ending takes, and far less than the timeouts of requests here.
const ENDLESS: Duration = Duration::from_secs(3600);

/// A collector that does something with each connection, none at a time.
fn acting(act: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/metrics", listener.local_addr().unwrap());
    let act = Arc::new(act);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, act) = (stream.unwrap(), Arc::clone(&act));
            std::thread::spawn(move || act(stream));
        }
    });
    endpoint
}

/// Accepts connections and never answers.
fn silent() -> String {
    acting(|mut stream| while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {})
}

/// An address where nobody listens.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1/metrics", listener.local_addr().unwrap())
}

/// Answers without an end, a byte at a time.
fn dripping(head: &'static str) -> String {
    acting(move |mut stream| {
        let _ = read_request(&mut stream);
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    })
}

/// All of them, by what they do.
fn collectors() -> Vec<(&'static str, String)> {
    vec![
        ("silent", silent()),
        ("refuses", refusing()),
        ("drips its head", dripping("HTTP/1.1 200 OK\r\nx-long: ")),
        (
            "drips its body",
            dripping("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"),
        ),
        ("drips before its head", dripping("")),
    ]
}

/// Lines that are said of failures.
fn recorded() -> (FailureLog, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&lines);
    let log = FailureLog::To(Arc::new(move |line| {
        said.lock().unwrap().push(line.to_owned());
    }));
    (log, lines)
}

#[test]
fn ending_waits_as_long_as_it_may_and_says_what_is_lost() {
    assert_eq!(Config::default().shutdown_timeout, Duration::from_secs(2));
    for (what, endpoint) in collectors() {
        let (failure_log, lines) = recorded();
        let config = Config {
            endpoint,
            timeout: ENDLESS,
            export_timeout: ENDLESS,
            interval: ENDLESS,
            shutdown_timeout: Duration::from_millis(200),
            failure_log,
            ..Config::default()
        };
        let monitor = Monitor::new();
        monitor.measure("work", || ());
        let begin = Instant::now();
        drop(otlp::start_with(&monitor, config).unwrap());
        assert!(begin.elapsed() < PATIENCE, "{what}");
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 1, "{what}: {lines:?}");
        assert!(
            lines[0].contains("data points did not arrive: "),
            "{what}: {lines:?}"
        );
    }
}

#[test]
fn an_export_takes_no_longer_than_it_may() {
    for (what, endpoint) in collectors() {
        let config = Config {
            endpoint,
            timeout: Duration::from_millis(200),
            interval: ENDLESS,
            failure_log: FailureLog::Silent,
            ..Config::default()
        };
        let monitor = Monitor::new();
        monitor.measure("work", || ());
        let otlp = otlp::start_with(&monitor, config).unwrap();
        assert!(!otlp.flush(PATIENCE), "{what}");
        let stats = otlp.stats();
        assert_eq!((stats.exports, stats.failed_exports), (1, 1), "{what}");
        assert_eq!((stats.pending, stats.acknowledged), (0, 0), "{what}");
        assert_eq!(stats.dropped, stats.produced, "{what}");
        assert_eq!(stats.has_arrived, Some(false), "{what}");
        let error = stats.last_error.unwrap().to_string();
        assert!(error.contains("cannot be re"), "{what}: {error}");
        assert!(otlp.shutdown(PATIENCE), "{what}");
    }
}

#[test]
fn many_failures_are_one_line() {
    let (failure_log, lines) = recorded();
    let collector = Collector::start(vec![answer(400, "", b""); 50]);
    let config = Config {
        failure_log,
        ..collector.config()
    };
    let monitor = Monitor::new();
    monitor.measure("work", || ());
    let begin = Instant::now();
    let otlp = otlp::start_with(&monitor, config).unwrap();
    for _ in 0..50 {
        assert!(!otlp.flush(PATIENCE));
    }
    let minutes = 1 + begin.elapsed().as_secs() / 60;
    assert!(lines.lock().unwrap().len() as u64 <= minutes);
    assert!(otlp.flush(PATIENCE), "it is there again");
    let stats = otlp.stats();
    assert_eq!((stats.exports, stats.failed_exports), (51, 50));
    assert_eq!(stats.has_arrived, Some(true));
    assert_eq!(stats.produced, stats.acknowledged + stats.dropped);
}

#[test]
fn a_program_says_on_one_line_that_it_lost_its_last_values() {
    let folder = std::env::temp_dir().join(format!("perfkit-otlp-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let report = folder.join("report.json");
    for (what, endpoint) in [("silent", silent()), ("refuses", refusing())] {
        let output = run(&[
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
            ("PERFKIT_REPORT", report.to_str().unwrap()),
        ]);
        assert!(output.status.success(), "{what}: {}", stdout(&output));
        let said = stderr(&output);
        assert_eq!(said.lines().count(), 1, "{what}: {said}");
        assert!(
            said.starts_with("perfkit: the OTLP export fails, and the program goes on: "),
            "{what}: {said}"
        );
        let report = Report::load(&report).unwrap();
        let notes: Vec<_> = report.notes.iter().map(|note| &*note.message).collect();
        let is_told = |note: &&&str| {
            note.starts_with("OTLP: ") && note.contains(" data points did not arrive: ")
        };
        assert_eq!(notes.iter().filter(is_told).count(), 1, "{what}: {notes:?}");
    }
    let collector = Collector::start(vec![]);
    let output = run(&[
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &collector.endpoint),
        ("PERFKIT_REPORT", report.to_str().unwrap()),
    ]);
    assert_eq!(stderr(&output), "");
    let notes = Report::load(&report).unwrap().notes;
    assert!(notes.iter().all(|note| !note.message.contains("OTLP")));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Down for several intervals, and back.
#[test]
fn totals_are_exact_after_a_collector_was_down() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let down = [answer(400, "", b""), answer(500, "", b""), vec![]];
        let collector = Collector::start(down.iter().cycle().take(7).cloned().collect());
        let config = Config {
            temporality,
            ..collector.config()
        };
        let monitor = Monitor::new();
        let otlp = otlp::start_with(&monitor, config).unwrap();
        let (mut told, mut calls) = (0, 0);
        for _ in 0..20 {
            for _ in 0..50 {
                monitor.measure("work", || ());
                calls += 1;
            }
            otlp.flush(PATIENCE);
            for arrived in collector
                .arrived
                .try_iter()
                .filter(|arrived| arrived.is_kept)
            {
                let total = arrived.total("perfkit.operation.calls");
                match temporality {
                    Temporality::Delta => told += total,
                    _ => told = total,
                }
            }
        }
        assert_eq!(told, calls, "{temporality:?}");
        let stats = otlp.stats();
        assert!(stats.failed_exports > 0 && stats.acknowledged > 0);
        assert_eq!(stats.produced, stats.acknowledged + stats.dropped);
    }
}

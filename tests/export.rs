//! `perfkit export` into the formats of other tools.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod support;

use std::time::Duration;

use perfkit::{MockClock, Monitor, Report};
use support::Folder;

/// A folder with a report of two operations, one of them named by an enemy.
fn folder() -> Folder {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for ms in [1, 20, 300] {
        monitor.measure("checkout::pay", || {
            clock.advance(Duration::from_millis(ms));
        });
    }
    let _ = monitor.try_measure("checkout::pay", || Err::<(), _>("no"));
    monitor.measure("\u{1b}[2J\"} 1\n\u{202e}", || ());
    let folder = Folder::new();
    Report::from_snapshot(monitor.snapshot())
        .save(folder.path("report.json"))
        .unwrap();
    folder
}

#[test]
fn a_report_is_written_for_prometheus() {
    let folder = folder();
    let answer = folder
        .run(["export", "report.json", "--to", "prometheus"])
        .exits_with(0)
        .says("# TYPE perfkit_calls_total counter\n")
        .says("perfkit_calls_total{operation=\"checkout::pay\",outcome=\"success\"} 3\n")
        .says("perfkit_errors_total{operation=\"checkout::pay\",error_type=\"&str\"} 1\n")
        .says("perfkit_execution_time_seconds_bucket{operation=\"checkout::pay\",le=\"0.02\"} 2\n")
        .says("perfkit_execution_time_seconds_sum{operation=\"checkout::pay\"} 0.321\n")
        .says("{operation=\"\\\\u{1b}[2J\\\"} 1\\n\\\\u{202e}\"} 1\n");
    assert!(
        !answer.stdout.contains(['\u{1b}', '\u{202e}']) && answer.stderr.is_empty(),
        "{answer:?}"
    );
    assert!(!answer.stdout.contains("# EOF"), "{answer:?}");

    folder
        .run([
            "export",
            "report.json",
            "--to",
            "prometheus",
            "-o",
            "out.prom",
        ])
        .exits_with(0);
    assert_eq!(folder.read("out.prom"), answer.stdout);
}

#[test]
fn a_report_is_written_as_openmetrics() {
    let answer = folder()
        .run(["export", "report.json", "--to", "openmetrics"])
        .exits_with(0)
        .says("# TYPE perfkit_calls counter\n")
        .says("perfkit_calls_total{operation=\"checkout::pay\",outcome=\"success\"} 3\n");
    assert!(answer.stdout.ends_with("\n# EOF\n"), "{answer:?}");
}

#[test]
fn what_cannot_be_exported_is_told() {
    let folder = folder();
    let to = |target: &str, output: &str| {
        folder.run(["export", "report.json", "--to", target, "-o", output])
    };
    to("otlp", "out.txt")
        .exits_with(2)
        .complains("otlp is sent to a collector");
    to("prometheus", "missing/out.prom")
        .exits_with(2)
        .complains("there is no folder missing");
    to("graphite", "out.txt").exits_with(2);
    assert_eq!(folder.files(), ["report.json"]);

    let nothing = Report::from_snapshot(Monitor::new().snapshot());
    nothing.save(folder.path("nothing.json")).unwrap();
    for target in ["prometheus", "openmetrics"] {
        folder
            .run(["export", "nothing.json", "--to", target])
            .exits_with(4)
            .complains("the report has no operations");
    }
}

//! `perfkit export` into the formats of other tools.

use std::time::Duration;

use crate::support::{Folder, assert_fits_schema, required, workspace};
use hdrhistogram::Histogram as Buckets;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use perfkit::report::{Benchmark, Environment, Gate, GateFinding, GateOutcome};
use perfkit::unit::Unit;
use perfkit::{Direction, Metric, MetricSummary, MockClock, Monitor, Report};
use serde_json::Value;

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
        .says("# TYPE perfkit_operation_calls_total counter\n")
        .says("perfkit_operation_calls_total{code_function_name=\"checkout::pay\",perfkit_outcome=\"success\"} 3\n")
        .says("perfkit_operation_failures_total{code_function_name=\"checkout::pay\",error_type=\"&str\"} 1\n")
        .says("perfkit_operation_duration_seconds_bucket{code_function_name=\"checkout::pay\",le=\"0.02\"} 2\n")
        .says("perfkit_operation_duration_seconds_sum{code_function_name=\"checkout::pay\"} 0.321\n")
        .says("{code_function_name=\"\\\\u{1b}[2J\\\"} 1\\n\\\\u{202e}\"} 1\n");
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
        .says("# TYPE perfkit_operation_calls counter\n")
        .says("perfkit_operation_calls_total{code_function_name=\"checkout::pay\",perfkit_outcome=\"success\"} 3\n");
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
            .complains("the report has no results");
    }
}

/// A folder with a report of a benchmark of 100 runs of 1 to 100 ms.
fn benchmark_folder() -> Folder {
    let mut benchmark = Benchmark::new("sort, in place");
    benchmark.successes = 99;
    benchmark.failures = 1;
    let times = (1..=99).map(|ms| f64::from(ms) * 1e6).collect();
    let summary = MetricSummary::from_samples(Unit::Nanoseconds, times);
    benchmark.metrics.insert(Metric::WALL_TIME, summary);
    let faults = MetricSummary::from_samples(Unit::Count, vec![1.0; 99]);
    benchmark.metrics.insert(Metric::MINOR_PAGE_FAULTS, faults);
    let mut report = Report::new(Environment::detect("mock"));
    report.benchmarks.push(benchmark);
    let folder = Folder::new();
    report.save(folder.path("report.json")).unwrap();
    folder
}

/// The golden reports have a commit each, and a gate, comparisons and benchmarks between them.
#[test]
fn results_are_gauges_for_prometheus() {
    let golden = |name: &str| {
        let folder = Folder::new();
        let text = std::fs::read(workspace().join("tests/golden").join(name)).unwrap();
        let mut report = Report::from_json(&text).unwrap();
        report.environment.git.as_mut().unwrap().branch = Some("main".to_owned());
        report.save(folder.path("report.json")).unwrap();
        folder
    };
    let revision = "vcs_ref_head_revision=\"0123456789abcdef0123456789abcdef01234567\",vcs_ref_head_name=\"main\"";
    let has = |text: &str, line: &str| {
        let line = line.replace('}', &format!(",{revision}}}"));
        let found = text.lines().any(|found| found.starts_with(&line));
        assert!(found, "{line}\n{text}");
    };
    let two = exported(&golden("two.json"), "prometheus");
    let (one, other) = ("gzip -1 -c words.txt", "gzip -9 -c words.txt");
    let sides = format!(
        "perfkit_baseline=\"{one}\",perfkit_candidate=\"{other}\",perfkit_metric=\"wall_time\""
    );
    let of = format!("perfkit_benchmark=\"{one}\",perfkit_metric=\"wall_time\"");
    for line in [
        format!("perfkit_comparison_verdict{{{sides},perfkit_verdict=\"slower\"}} 1"),
        format!("perfkit_comparison_ratio{{{sides},perfkit_statistic=\"estimate\"}} 1.5604"),
        format!("perfkit_benchmark_time_seconds{{{of},perfkit_statistic=\"median\"}} 0.020274613"),
        format!("perfkit_benchmark_time_seconds{{{of},perfkit_statistic=\"low\"}} 0.020148398"),
    ] {
        has(&two, &line);
    }
    let created = format!("perfkit_report_created_timestamp_seconds{{{revision}}} ");
    assert!(two.contains(&created), "{two}");
    let gate = exported(&golden("gate.json"), "prometheus");
    has(&gate, "perfkit_gate_verdict{perfkit_verdict=\"fail\"} 1");
    assert!(
        gate.contains("perfkit_gate_finding{perfkit_subject="),
        "{gate}"
    );
    for name in ["one.json", "two.json", "many.json", "gate.json"] {
        let folder = golden(name);
        promtool_agrees(&exported(&folder, "prometheus"));
        let text = exported(&folder, "openmetrics");
        assert!(text.ends_with("\n# EOF\n") && text.matches("# EOF").count() == 1);
    }
}

/// A report of a program that has benchmarks too is one text.
#[test]
fn operations_and_results_are_in_one_text() {
    let folder = folder();
    let mut report = Report::load(folder.path("report.json")).unwrap();
    let mut benchmark = Benchmark::new("sort");
    benchmark.successes = 1;
    report.benchmarks = vec![benchmark.clone(), benchmark];
    report.save(folder.path("report.json")).unwrap();
    let text = exported(&folder, "prometheus");
    assert!(text.contains("perfkit_operation_calls_total{"), "{text}");
    assert!(text.contains("perfkit_benchmark_runs{"), "{text}");
    promtool_agrees(&text);
}

/// Whether promtool finds nothing to object, where there is one.
fn promtool_agrees(text: &str) {
    let Some(promtool) = std::env::var_os("PERFKIT_TEST_PROMTOOL") else {
        return required::skip("PERFKIT_TEST_PROMTOOL names no promtool");
    };
    let mut check = std::process::Command::new(promtool);
    let check = check.args(["check", "metrics"]);
    let mut check = check
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = check.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, text.as_bytes()).unwrap();
    drop(stdin);
    let output = check.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}\n{text}");
}

#[track_caller]
fn exported(folder: &Folder, target: &str) -> String {
    let answer = folder.run(["export", "report.json", "--to", target]);
    let answer = answer.exits_with(0);
    assert_eq!(answer.stderr, "");
    answer.stdout
}

#[test]
fn own_formats_are_those_of_perfkit_report() {
    let folder = folder();
    let json = exported(&folder, "json");
    assert_fits_schema(&json);
    assert_eq!(json, folder.read("report.json"));
    let csv = folder.run(["report", "report.json", "--format", "csv"]);
    assert_eq!(exported(&folder, "csv"), csv.stdout);
}

#[test]
fn bencher_reads_values_with_bounds() {
    let json: Value = serde_json::from_str(&exported(&benchmark_folder(), "bencher")).unwrap();
    let measures = &json["sort, in place"];
    assert_eq!(measures["latency"]["value"], 50e6);
    let bound = |name: &str| measures["latency"][name].as_f64().unwrap();
    assert!((35e6..45e6).contains(&bound("lower_value")), "{json}");
    assert!((55e6..65e6).contains(&bound("upper_value")), "{json}");
    assert_eq!(measures["success-rate"]["value"], 0.99);
    // A count that varies by itself would raise alarms.
    assert_eq!(measures.as_object().unwrap().len(), 2, "{json}");

    let json: Value = serde_json::from_str(&exported(&folder(), "bencher")).unwrap();
    let latency = &json["checkout::pay"]["latency"];
    let ms = latency["value"].as_f64().unwrap() / 1e6;
    assert!((19.9..20.1).contains(&ms), "{json}");
    assert!(latency.get("lower_value").is_none(), "{json}");
}

#[test]
fn github_action_benchmark_reads_one_direction_at_a_time() {
    let folder = benchmark_folder();
    let read =
        |target: &str| -> Value { serde_json::from_str(&exported(&folder, target)).unwrap() };
    let smaller = read("github-action-benchmark");
    assert_eq!(smaller.as_array().unwrap().len(), 1);
    assert_eq!(smaller[0]["name"], "sort, in place: wall_time");
    assert_eq!(
        (&smaller[0]["unit"], &smaller[0]["value"]),
        (&"ns".into(), &50e6.into())
    );
    let range = smaller[0]["range"].as_str().unwrap();
    // What the action's own pattern takes for a number.
    let half: f64 = range.strip_prefix("± ").unwrap().parse().unwrap();
    assert!((5e6..15e6).contains(&half), "{range}");
    let bigger = read("github-action-benchmark-bigger");
    assert_eq!(bigger[0]["name"], "sort, in place: success_rate");
    assert_eq!(bigger.as_array().unwrap().len(), 1);
}

#[test]
fn a_saved_gate_becomes_tests_of_junit() {
    let finding = |outcome, measured: &str| {
        GateFinding::new("checkout::\"pay\"", "p95 < 100 ms", measured, outcome)
    };
    let mut report = Report::new(Environment::detect("mock"));
    report.gate = Some(Gate {
        outcome: GateOutcome::Fail,
        findings: vec![
            finding(GateOutcome::Fail, "p95 is 112 ms & more"),
            finding(GateOutcome::Inconclusive, "too few calls"),
            finding(GateOutcome::Pass, "p95 is 3 ms"),
        ],
    });
    let folder = Folder::new();
    report.save(folder.path("report.json")).unwrap();
    let text = exported(&folder, "junit");
    let document = roxmltree::Document::parse(&text).unwrap();
    let suite = document.root_element().first_element_child().unwrap();
    let count = |name: &str| suite.attribute(name).unwrap().to_owned();
    assert_eq!(
        (count("tests"), count("failures"), count("skipped")),
        ("3".into(), "1".into(), "1".into())
    );
    let cases: Vec<_> = suite
        .children()
        .filter(roxmltree::Node::is_element)
        .collect();
    assert_eq!(cases.len(), 3);
    assert_eq!(cases[0].attribute("classname"), Some("checkout::\"pay\""));
    let failure = cases[0].first_element_child().unwrap();
    assert_eq!(failure.tag_name().name(), "failure");
    assert_eq!(failure.attribute("message"), Some("p95 is 112 ms & more"));
    assert_eq!(
        cases[1].first_element_child().unwrap().tag_name().name(),
        "skipped"
    );
}

/// Tag and histogram of every line of a log.
fn log_lines(log: &str) -> Vec<(String, Buckets<u64>)> {
    use base64::Engine as _;
    let entries = IntervalLogIterator::new(log.as_bytes()).map(Result::unwrap);
    let mut lines = Vec::new();
    for entry in entries {
        if let LogEntry::Interval(interval) = entry {
            let tag = interval.tag().unwrap().as_str().to_owned();
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(interval.encoded_histogram())
                .unwrap();
            // The compressed form begins with a cookie of its own.
            assert_eq!(bytes[..4], [0x1c, 0x84, 0x93, 0x14]);
            let buckets = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
            lines.push((tag, buckets));
        }
    }
    lines
}

#[test]
fn hdrhistogram_reads_a_log_with_a_tag_for_each_operation() {
    let log = exported(&folder(), "hdr");
    let lines = log_lines(&log);
    assert_eq!(lines.len(), 2, "{log}");
    let (tag, pay) = lines
        .iter()
        .find(|(tag, _)| tag == "checkout::pay")
        .unwrap();
    assert_eq!((tag.as_str(), pay.len()), ("checkout::pay", 3));
    assert!((299e6..302e6).contains(&(pay.max() as f64)));
    assert!(!log.contains(['\u{1b}', '\u{202e}']), "{log}");

    let lines = log_lines(&exported(&benchmark_folder(), "hdr"));
    assert_eq!(lines[0].0, "sort%2C%20in%20place");
    assert_eq!(lines[0].1.len(), 99);
}

#[test]
fn percentiles_are_written_for_one_operation_or_into_a_folder() {
    let alone = exported(&benchmark_folder(), "hgrm");
    let numbers = |text: &str| -> Vec<Vec<f64>> {
        let is_number = |line: &&str| line.starts_with(' ') && !line.contains("Value");
        let number = |word: &str| word.parse::<f64>().unwrap();
        let lines = text.lines().filter(is_number);
        lines
            .map(|line| line.split_whitespace().map(number).collect())
            .collect()
    };
    let lines = numbers(&alone);
    assert!(
        lines
            .windows(2)
            .all(|pair| pair[0][1] <= pair[1][1] && pair[0][2] <= pair[1][2])
    );
    assert_eq!(lines.last().unwrap()[1..], [1.0, 99.0]);
    assert!(alone.contains("Total count    =           99]"), "{alone}");

    let folder = folder();
    let hgrm =
        |more: &[&str]| folder.run([&["export", "report.json", "--to", "hgrm"], more].concat());
    hgrm(&[])
        .exits_with(2)
        .complains("`checkout::pay`")
        .complains("--operation NAME");
    hgrm(&["--operation", "pay"])
        .exits_with(2)
        .complains("`pay` has no times");
    let one = hgrm(&["--operation", "checkout::pay"]).exits_with(0).stdout;
    assert_eq!(numbers(&one).last().unwrap()[2], 3.0);
    std::fs::create_dir(folder.path("all")).unwrap();
    hgrm(&["-o", "all"]).exits_with(0);
    assert_eq!(folder.read("all/checkout-pay.hgrm"), one);
    assert_eq!(std::fs::read_dir(folder.path("all")).unwrap().count(), 2);
}

#[test]
fn a_score_goes_to_the_list_of_what_is_better_when_bigger() {
    let file = workspace().join("tests/samples/lighthouse/mobile.json");
    let file = file.to_str().unwrap();
    let folder = Folder::new();
    let list = |target: &str| {
        let answer = folder.run(["export", file, "--to", target]).exits_with(0);
        answer.stdout
    };
    let (smaller, bigger) = (
        list("github-action-benchmark"),
        list("github-action-benchmark-bigger"),
    );
    assert!(bigger.contains("performance_score"), "{bigger}");
    assert!(!smaller.contains("performance_score"), "{smaller}");
    assert!(smaller.contains("largest_contentful_paint"), "{smaller}");
}

#[test]
fn values_of_unknown_direction_are_in_neither_list_and_that_is_said() {
    let folder = Folder::new();
    let mut report = Report::new(Environment::detect("mock"));
    let mut benchmark = Benchmark::new("parse");
    let mut rank = MetricSummary::from_values(Unit::Score, &[3.0]);
    rank.direction = Direction::Unknown;
    benchmark.metrics.insert(Metric::named("rank"), rank);
    let time = MetricSummary::from_values(Unit::Nanoseconds, &[3.0]);
    benchmark.metrics.insert(Metric::WALL_TIME, time);
    benchmark.successes = 1;
    report.benchmarks.push(benchmark);
    report.save(folder.path("report.json")).unwrap();
    for target in ["github-action-benchmark", "github-action-benchmark-bigger"] {
        let answer = folder.run(["export", "report.json", "--to", target]);
        let answer = answer.exits_with(0);
        assert!(!answer.stdout.contains("rank"), "{answer:#?}");
        answer.complains("left out, because nobody said which values are good: rank");
    }
}

#[test]
fn a_report_without_what_a_format_needs_is_no_empty_file() {
    let folder = Folder::new();
    let nothing = Report::from_snapshot(Monitor::new().snapshot());
    nothing.save(folder.path("report.json")).unwrap();
    for target in [
        "csv",
        "bencher",
        "github-action-benchmark",
        "github-action-benchmark-bigger",
        "junit",
        "hdr",
        "hgrm",
    ] {
        folder
            .run(["export", "report.json", "--to", target, "-o", "out"])
            .exits_with(4)
            .complains("the report was not exported: the report has no ");
    }
    assert_eq!(folder.files(), ["report.json"]);
    folder
        .run(["export", "report.json", "--to", "csv", "--operation", "x"])
        .exits_with(2)
        .complains("--operation is for hgrm");
}

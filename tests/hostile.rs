//! Names by an enemy, in every format: none of them may steer a terminal, a
//! browser, a spreadsheet or a CI service, break a format or grow without bound.

use crate::support::{Answer, Folder};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use perfkit::report::{
    Benchmark, Comparison, Environment, FailureKind, Gate, GateFinding, GateOutcome, Git, Note,
    NoteCode, Ratio, RunFailure, Verdict,
};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Monitor, Report};
use prost::Message as _;
use pulldown_cmark::{Event, Options, Parser, Tag};

const PAYLOADS: [&str; 58] = [
    "\u{1b}[31mred",
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{9b}31mred",
    "\u{90}q\u{9c}",
    "\u{8}\u{8}\u{8}over",
    "\u{0}nul",
    "\u{7f}",
    "<script>alert(1)</script>",
    "</text><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></td></tr></table><h1>x</h1>",
    "<!-- x --> <b>",
    "]]><x/>",
    "&lt;b&gt;&#60;",
    "\"><svg/onload=alert(1)>",
    "' onmouseover='x",
    "**bold** _em_ ~~gone~~",
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "https://evil.example/path",
    "www.evil.example",
    "mail@evil.example @team #1",
    "`code`",
    "```\ncode\n```",
    "|a|b|c|",
    "| :--- |",
    "# heading",
    "- [x] task",
    "> quote",
    "---",
    "[^1]: note",
    "$x$ \\(y\\) \\",
    "::error::owned",
    "::error file=a,line=1::owned",
    "::add-mask::a",
    "::stop-commands::token",
    "##[error]owned",
    "##[add-mask]a",
    "##vso[task.setvariable variable=a]b",
    "%0A::error::owned",
    "=1+1",
    "+1+1",
    "-1+1|cmd",
    "@SUM(A1)",
    "＝HYPERLINK(1)",
    "＋1",
    "－1",
    "＠x",
    "=cmd|' /C calc'!A0",
    "a\",\"=1+1",
    "\u{202e}txt.exe",
    "\u{2066}a\u{2069}\u{200f}\u{61c}",
    "a\u{200b}b\u{feff}c\u{2060}d\u{ad}e",
    "\u{fffe}\u{ffff}\u{fff9}",
    "../../../../etc/passwd",
    "C:\\..\\..\\x",
];

const PREFIXES: [&str; 9] = [
    "", " ", "\t", "\n", "a\n", "a\r\n", "\u{3000}", "\u{a0}x ", "shop::",
];

/// More than five hundred names, no two of them the same.
fn names() -> Vec<String> {
    let mut names: Vec<String> = PREFIXES
        .iter()
        .flat_map(|prefix| {
            PAYLOADS
                .iter()
                .map(move |payload| format!("{prefix}{payload}"))
        })
        .collect();
    names.push(String::new());
    names.push("x".repeat(10_000));
    names.push("x".repeat(10_001));
    names.push("::error::".repeat(1200));
    names.push("e".to_owned() + &"\u{301}".repeat(10_000));
    names.push("測".repeat(10_000));
    assert!(names.len() > 500);
    names
}

fn environment() -> Environment {
    let mut environment = Environment::detect("mock");
    environment.git = Some(Git {
        commit: "\u{1b}[31m<b>::error::x".to_owned(),
        dirty: None,
        subject: Some("</h1>\u{1b}[31m[x](http://x)::error::x".to_owned()),
        branch: Some("\"} 1\n\u{1b}[2J##[x".to_owned()),
    });
    environment.cpu = Some("=1\u{202e}<script>".to_owned());
    environment
}

fn benchmarks(names: &[String]) -> Report {
    let mut report = Report::new(environment());
    for (index, name) in names.iter().enumerate() {
        let mut benchmark = Benchmark::new(name);
        benchmark.command = Some(name.clone());
        (benchmark.successes, benchmark.failures) = (6, 1);
        let failure = RunFailure::new(FailureKind::ExitStatus, name);
        benchmark
            .failed_runs
            .push(failure.of_run(Some(1)).with_stderr(name));
        let times = (0..6).map(|run| 1e6 + f64::from(run) + index as f64 * 1e4);
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, times.collect());
        benchmark.metrics.insert(Metric::WALL_TIME, summary.clone());
        benchmark.metrics.insert(Metric::named(name), summary);
        benchmark.notes.push(Note::warning(NoteCode::Other, name));
        report.benchmarks.push(benchmark);
        if index > 0 {
            report.comparisons.push(comparison(&names[0], name, index));
        }
    }
    report
}

fn comparison(baseline: &str, candidate: &str, index: usize) -> Comparison {
    let estimate = 1.0 + index as f64 / 100.0;
    let verdicts = [
        Verdict::Slower,
        Verdict::Faster,
        Verdict::Same,
        Verdict::Inconclusive,
    ];
    let mut comparison = Comparison::new(baseline, candidate, Metric::WALL_TIME);
    comparison.interleaved = true;
    comparison.pairs = 6;
    comparison.ratio = Some(Ratio {
        estimate,
        low: estimate - 0.001,
        high: estimate + 0.001,
        confidence: 0.999,
    });
    comparison.indifference = 0.005;
    comparison.verdict = verdicts[index % 4];
    comparison.notes = vec![Note::info(NoteCode::Other, candidate)];
    comparison
}

fn operations(names: &[String]) -> Report {
    let monitor = Monitor::new();
    for name in names {
        monitor.measure(name, || ());
        let _ = monitor.try_measure(name, || Err::<(), _>(name.clone()));
    }
    let mut report = Report::from_snapshot(monitor.snapshot());
    report.environment.git = environment().git;
    report
}

/// Counters, gauges and ratios of these names.
fn counts(names: &[String]) -> Report {
    let monitor = Monitor::new();
    for name in names {
        let counter = monitor.counter_labelled(name, &[(name, name)]);
        counter.increment();
        monitor.gauge(name).set(-1.0);
        monitor.ratio(name, &counter, &[&counter]);
    }
    let mut report = Report::from_snapshot(monitor.snapshot());
    report.environment.git = environment().git;
    report
}

fn gate(names: &[String]) -> Report {
    let mut report = Report::new(environment());
    let outcomes = [
        GateOutcome::Fail,
        GateOutcome::Inconclusive,
        GateOutcome::Warn,
        GateOutcome::Pass,
    ];
    let finding =
        |(index, name): (usize, &String)| GateFinding::new(name, name, name, outcomes[index % 4]);
    report.gate = Some(Gate {
        outcome: GateOutcome::Fail,
        findings: names.iter().enumerate().map(finding).collect(),
    });
    report
}

/// What a verb writes of a report, on both streams.
fn written(report: &Report, arguments: &[&str]) -> String {
    let folder = Folder::new();
    report.save(folder.path("report.json")).unwrap();
    let arguments = arguments.iter().map(|argument| match *argument {
        "REPORT" => "report.json",
        other => other,
    });
    let mut command = folder.perfkit(arguments);
    command.env("GITHUB_ACTIONS", "true");
    let answer = Answer::of(command).exits_with(0);
    assert_inert(&answer.stderr);
    answer.stdout
}

fn is_steering(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2028}'..='\u{2029}' | '\u{2060}' | '\u{feff}' | '\u{fff9}' | '\u{fffe}' | '\u{ffff}')
}

/// Nothing that a terminal or a CI service would obey.
#[track_caller]
fn assert_inert(text: &str) {
    let steering: Vec<char> = text.chars().filter(|c| is_steering(*c)).collect();
    assert!(steering.is_empty(), "{steering:?}");
    for line in text.lines() {
        let begins = line.trim_start().starts_with("::");
        assert!(!begins && !line.contains("##["), "{line}");
    }
}

#[track_caller]
fn assert_invisible_is_shown(text: &str) {
    let invisible: Vec<char> = text.chars().filter(|c| is_invisible(*c)).collect();
    assert!(invisible.is_empty(), "{invisible:?}");
}

#[test]
fn text_for_people_is_inert_and_bounded() {
    let names = names();
    let mut reports: Vec<Report> = names.chunks(8).map(benchmarks).collect();
    reports.extend(names.chunks(100).map(operations));
    reports.extend(names.chunks(100).map(counts));
    reports.extend(names.chunks(100).map(gate));
    for report in &reports {
        let text = written(report, &["report", "REPORT"]);
        assert_inert(&text);
        assert_invisible_is_shown(&text);
        assert!(text.len() < 200_000, "{}", text.len());
    }
    for report in [
        benchmarks(&names),
        operations(&names),
        counts(&names),
        gate(&names),
    ] {
        let text = written(&report, &["report", "REPORT", "-v"]);
        assert_inert(&text);
    }
}

#[test]
fn markdown_has_no_markup_of_theirs_and_fits_a_comment() {
    let names = names();
    let mut reports = vec![
        benchmarks(&names),
        operations(&names),
        counts(&names),
        gate(&names),
    ];
    reports.extend(names.chunks(20).map(benchmarks));
    reports.extend(names.chunks(60).map(operations));
    reports.extend(names.chunks(60).map(gate));
    reports.extend(names.chunks(2).step_by(5).map(benchmarks));
    for report in &reports {
        let text = written(report, &["report", "REPORT", "--format", "markdown"]);
        assert_inert(&text);
        assert_invisible_is_shown(&text);
        assert!(text.len() < 65_536, "{}", text.len());
        assert_is_our_markdown(&text);
    }
}

#[track_caller]
fn assert_is_our_markdown(text: &str) {
    assert!(!text.contains("://") && !text.contains("www."), "{text}");
    let ours = [
        "<details>",
        "<summary>",
        "</summary>",
        "</details>",
        "<code>",
        "</code>",
        "<!-- -->",
    ];
    let mut columns = 0;
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let mut rest = html.to_string();
                for tag in ours {
                    rest = rest.replace(tag, "");
                }
                assert!(!rest.contains('<'), "{html}");
            }
            Event::Start(Tag::Table(alignments)) => columns = alignments.len(),
            Event::Start(tag) => assert!(
                matches!(
                    tag,
                    Tag::Paragraph
                        | Tag::HtmlBlock
                        | Tag::List(_)
                        | Tag::Item
                        | Tag::Strong
                        | Tag::TableHead
                        | Tag::TableRow
                        | Tag::TableCell
                ),
                "{tag:?}"
            ),
            Event::Text(_) | Event::End(_) | Event::SoftBreak => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(columns <= 5);
}

#[test]
fn no_cell_is_a_formula() {
    let names = names();
    for report in [
        benchmarks(&names),
        operations(&names),
        counts(&names),
        gate(&names),
    ] {
        for arguments in [
            ["report", "REPORT", "--format", "csv"],
            ["export", "REPORT", "--to", "csv"],
        ] {
            let text = written(&report, &arguments);
            assert_inert(&text);
            assert_invisible_is_shown(&text);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let mut lines = 0;
            for record in reader.records() {
                lines += 1;
                for field in &record.unwrap() {
                    let first = field.trim_start().chars().next();
                    let is_formula = first.is_some_and(|c| "=+-@＝＋－＠".contains(c));
                    assert!(!is_formula || field.parse::<f64>().is_ok(), "{field}");
                    assert!(field.len() < 10_000);
                }
            }
            assert!(lines >= names.len());
        }
    }
}

#[test]
fn pictures_have_no_elements_of_theirs() {
    let names = names();
    let reports = names.chunks(12).map(benchmarks);
    for report in reports.chain(names.chunks(7).step_by(3).map(operations)) {
        let folder = Folder::new();
        report.save(folder.path("report.json")).unwrap();
        folder
            .run(["report", "report.json", "--plot", "plot.svg"])
            .exits_with(0);
        let text = folder.read("plot.svg");
        assert_inert(&text);
        assert_invisible_is_shown(&text);
        let drawn = ["svg", "title", "desc", "style", "rect", "path", "text"];
        assert_elements(&text, &drawn);
    }
}

#[track_caller]
fn assert_elements(xml: &str, allowed: &[&str]) {
    let document = roxmltree::Document::parse(xml).unwrap();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        assert!(allowed.contains(&name), "{name}");
        let obeyed = node.attributes().find(|a| a.name().starts_with("on"));
        assert!(obeyed.is_none(), "{obeyed:?}");
    }
}

#[test]
fn junit_is_well_formed() {
    let names = names();
    let text = written(&gate(&names), &["export", "REPORT", "--to", "junit"]);
    assert_inert(&text);
    assert_invisible_is_shown(&text);
    assert_elements(
        &text,
        &[
            "testsuites",
            "testsuite",
            "testcase",
            "failure",
            "skipped",
            "system-out",
        ],
    );
    assert_eq!(text.matches("<testcase ").count(), names.len());
}

#[test]
fn json_of_other_tools_keeps_every_name_apart() {
    let names = names();
    for report in [benchmarks(&names), operations(&names)] {
        let text = written(&report, &["export", "REPORT", "--to", "bencher"]);
        assert_inert(&text);
        assert_invisible_is_shown(&text);
        assert!(!text.contains('<'));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let subjects = json.as_object().unwrap();
        assert_eq!(
            subjects.len(),
            report.benchmarks.len() + report.operations.len()
        );
        assert!(subjects.keys().all(|name| name.chars().count() <= 1024));

        for target in ["github-action-benchmark", "github-action-benchmark-bigger"] {
            let text = written(&report, &["export", "REPORT", "--to", target]);
            assert_inert(&text);
            assert_invisible_is_shown(&text);
            assert!(!text.contains(['<', '`', '|']));
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(json.as_array().unwrap().len() >= names.len());
        }
    }
}

#[test]
fn own_json_is_inert_and_the_same_report() {
    let names = names();
    for report in [
        benchmarks(&names),
        operations(&names),
        counts(&names),
        gate(&names),
    ] {
        let text = written(&report, &["report", "REPORT", "--format", "json"]);
        assert_inert(&text);
        let back = Report::from_json(text.as_bytes()).unwrap();
        assert_eq!(back.benchmarks, report.benchmarks);
        assert_eq!(back.operations, report.operations);
        assert_eq!(back.gate, report.gate);
    }
}

#[test]
fn prometheus_reads_lines_of_its_own() {
    let names = names();
    for report in [
        benchmarks(&names),
        operations(&names),
        counts(&names),
        gate(&names),
    ] {
        for target in ["prometheus", "openmetrics"] {
            let text = written(&report, &["export", "REPORT", "--to", target]);
            assert_inert(&text);
            for line in text.lines() {
                assert!(
                    line.starts_with("# ") || line.starts_with("perfkit_"),
                    "{line}"
                );
            }
        }
    }
}

#[test]
fn hdrhistogram_logs_and_percentiles_stay_in_their_place() {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    let names = names();
    let report = operations(&names);
    let text = written(&report, &["export", "REPORT", "--to", "hdr"]);
    assert_inert(&text);
    assert_invisible_is_shown(&text);
    let entries = IntervalLogIterator::new(text.as_bytes()).map(Result::unwrap);
    let lines = entries.filter(|entry| matches!(entry, LogEntry::Interval(_)));
    assert_eq!(lines.count(), report.operations.len());

    let folder = Folder::new();
    report.save(folder.path("report.json")).unwrap();
    std::fs::create_dir(folder.path("out")).unwrap();
    folder
        .run(["export", "report.json", "--to", "hgrm", "-o", "out"])
        .exits_with(0);
    let files = std::fs::read_dir(folder.path("out")).unwrap();
    let files: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files.len(), report.operations.len());
    assert!(
        files
            .iter()
            .all(|name| name.len() < 120 && !name.starts_with('.'))
    );
    assert_eq!(folder.files(), ["out", "report.json"]);
    let listed = folder
        .run(["export", "report.json", "--to", "hgrm"])
        .exits_with(2);
    assert_inert(&listed.stderr);
}

/// The bodies of all requests that an export makes.
fn exported(report: &Report) -> Vec<Vec<u8>> {
    use std::io::Write as _;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, arrived) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if let Some((_, body)) = crate::support::http_request(&mut stream) {
                let _ = sender.send(body);
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer);
        }
    });
    let folder = Folder::new();
    report.save(folder.path("report.json")).unwrap();
    let mut command = folder.perfkit(["export", "report.json", "--to", "otlp"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    let answer = Answer::of(command).exits_with(0);
    assert_inert(&(answer.stdout + &answer.stderr));
    arrived.try_iter().collect()
}

#[test]
fn otlp_keeps_every_name_apart_and_within_bounds() {
    let mut report = operations(&names());
    // More kinds of errors than perfkit keeps apart can only be in a file by
    // somebody else.
    let kinds = &mut report.operations[0].errors;
    let error = kinds[0].clone();
    for number in 0..10_000 {
        let mut other = error.clone();
        other.kind = format!("{number}{}", "k".repeat(2000));
        kinds.push(other);
    }
    let bodies = exported(&report);
    assert!(!bodies.is_empty());
    let mut distinct = std::collections::HashSet::new();
    let mut points = 0;
    for body in &bodies {
        assert!(body.len() < 4 << 20, "{}", body.len());
        // Names that are no UTF-8 would be a mistake here.
        let message = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
        let scope = &message.resource_metrics[0].scope_metrics[0];
        for metric in &scope.metrics {
            assert!(metric.name.starts_with("perfkit.operation."), "{metric:?}");
            let Some(Data::ExponentialHistogram(histogram)) = &metric.data else {
                continue;
            };
            for point in &histogram.data_points {
                points += 1;
                distinct.insert(format!("{} {:?}", metric.name, point.attributes));
            }
        }
        let longest = longest_text(&scope.metrics);
        assert!(longest <= 1024, "{longest}");
    }
    // Of each the time of calls that succeeded, and of those that did not.
    assert_eq!(points, 2 * report.operations.len());
    assert_eq!(distinct.len(), points);
}

/// The length of the longest key or value of all attributes.
fn longest_text(metrics: &[opentelemetry_proto::tonic::metrics::v1::Metric]) -> usize {
    let attributes = metrics.iter().flat_map(|metric| match &metric.data {
        Some(Data::Sum(sum)) => sum
            .data_points
            .iter()
            .flat_map(|point| &point.attributes)
            .collect::<Vec<_>>(),
        Some(Data::ExponentialHistogram(histogram)) => histogram
            .data_points
            .iter()
            .flat_map(|point| &point.attributes)
            .collect(),
        other => panic!("{other:?}"),
    });
    let length = |attribute: &KeyValue| {
        let value = attribute.value.clone().unwrap().value.unwrap();
        let Value::StringValue(text) = value else {
            panic!("{value:?} is no text")
        };
        attribute.key.len().max(text.len())
    };
    attributes.map(length).max().unwrap()
}

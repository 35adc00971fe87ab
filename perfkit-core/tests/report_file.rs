//! The report file: what is written fits the published schema and is read back
//! whole; what is damaged or foreign is told.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::time::Duration;

use perfkit::report::{
    Benchmark, Comparison, Environment, ExactValues, FailureKind, Gate, GateFinding, GateOutcome,
    Note, NoteCode, Ratio, ReportError, RunFailure, Sampling, SessionCounts, Severity, Side,
    StopReason, Verdict,
};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, MockClock, Monitor, Report};

const SCHEMA: &str = include_str!("../schema/perfkit-2.schema.json");

/// A report with something in every place.
fn full_report() -> Report {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let work = monitor.operation("work").cpu().bytes(512);
    for ms in 1..=150 {
        work.measure(|| clock.compute(Duration::from_millis(ms)));
    }
    let _ = monitor.try_measure("work", || Err::<(), _>("refused \u{1b}[31m"));
    let (hits, misses) = (monitor.counter("hits"), monitor.counter("misses"));
    monitor
        .counter_labelled("hits", &[("layer", "disk")])
        .add(2);
    monitor.ratio("hit_rate", &hits, &[&hits, &misses]);
    monitor.ratio("nothing", &misses, &[&misses]);
    hits.add(3);
    monitor.gauge("queue_length").set(1.5);
    monitor.gauge("queue_length").set(f64::NAN);
    monitor
        .gauge_labelled("queue_length", &[("queue", "mail")])
        .add(1.0);
    let mut report = Report::from_snapshot(monitor.snapshot());

    let mut benchmark = Benchmark::new("gzip -9");
    benchmark.command = Some("gzip -9 -c file".to_owned());
    benchmark
        .parameters
        .insert("level".to_owned(), "9".to_owned());
    benchmark.successes = 3;
    benchmark.failures = 1;
    benchmark.blocks = vec![0, 1, 3];
    benchmark.failed_runs.push(
        RunFailure::new(FailureKind::ExitStatus, "exit status 1")
            .of_run(Some(3))
            .with_stderr("gzip: file: No such file"),
    );
    benchmark.side = Some(Side::Candidate);
    benchmark.revision = Some("main".to_owned());
    benchmark.control_of = Some("gzip".to_owned());
    benchmark.is_peak_memory_inherited = true;
    let samples = vec![1e6, 1.25e6, 0.1 + 0.2];
    let summary = MetricSummary::from_samples(Unit::Nanoseconds, samples);
    benchmark.metrics.insert(Metric::WALL_TIME, summary);
    benchmark
        .notes
        .push(Note::warning(NoteCode::FailedRuns, "1 of 4 runs failed"));
    report.benchmarks.push(benchmark);
    report.sampling = Some(Sampling {
        interleaved: true,
        seed: 42,
        warmup_blocks: 1,
        blocks: 4,
        rounds: 3,
        interim_analyses: 2,
        stopped: StopReason::RunFailed,
    });
    report.comparisons.push({
        let mut comparison = Comparison::new("gzip -1", "gzip -9", Metric::WALL_TIME);
        comparison.baseline_revision = Some("main".to_owned());
        comparison.is_control = true;
        comparison.is_same_program = true;
        comparison.interleaved = true;
        comparison.sessions = Some(SessionCounts {
            baseline: 3,
            candidate: 2,
        });
        comparison.is_across_machines = true;
        comparison.pairs = 3;
        comparison.exact = Some(ExactValues {
            baseline: 0.0,
            candidate: 5.0,
        });
        comparison.ratio = Some(Ratio {
            estimate: 1.1,
            low: 1.09,
            high: 1.12,
            confidence: 0.95,
        });
        comparison.indifference = 0.005;
        comparison.verdict = Verdict::Slower;
        comparison
    });
    report.gate = Some(Gate {
        outcome: GateOutcome::Fail,
        findings: vec![GateFinding::new(
            "work",
            "p95 < 100 ms",
            "p95 is 143 ms",
            GateOutcome::Fail,
        )],
    });
    report
}

#[test]
fn reports_fit_the_schema() {
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let empty = Report::new(Environment::detect("os_monotonic"));
    for report in [empty, full_report()] {
        let json = serde_json::from_str(&report.to_json().unwrap()).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&json)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn what_is_written_is_read_back_whole() {
    let report = full_report();
    let mut back = Report::from_json(report.to_json().unwrap().as_bytes()).unwrap();
    // Times are written to the millisecond.
    assert!(back.created <= report.created);
    back.created = report.created;
    assert_eq!(back, report);
    let histogram = back.operations[0].lifetime.execution_time().unwrap();
    assert_eq!(histogram.percentile(1.0), Some(150e6));
}

#[test]
fn a_sum_beyond_every_number_is_read_back() {
    for values in [vec![1e308; 3], vec![-1e308; 3]] {
        let mut report = Report::new(Environment::detect("mock"));
        let mut benchmark = Benchmark::new("huge");
        let summary = MetricSummary::from_samples(Unit::Score, values.clone());
        let together = summary.merged(&MetricSummary::from_values(Unit::Score, &[1e308]));
        assert_eq!((together.count, together.mean), (4, None));
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        report.benchmarks.push(benchmark);
        let json = report.to_json().unwrap();
        assert!(json.contains("\"sum\": null"), "{json}");
        let schema = serde_json::from_str(SCHEMA).unwrap();
        assert!(jsonschema::is_valid(
            &schema,
            &serde_json::from_str(&json).unwrap()
        ));
        let back = Report::from_json(json.as_bytes()).unwrap();
        let read = &back.benchmarks[0].metrics[&Metric::WALL_TIME];
        assert_eq!(read.samples, values);
        assert!(!read.sum.is_finite());
        assert_eq!(read.mean, None);
    }
}

#[test]
fn keys_of_later_versions_are_passed_over() {
    let json = full_report().to_json().unwrap();
    let json = json.replacen('{', "{ \"novelty\": [1, {\"a\": null}],", 1);
    assert!(Report::from_json(json.as_bytes()).is_ok());
    let with_mark = [b"\xEF\xBB\xBF", json.as_bytes()].concat();
    assert!(Report::from_json(&with_mark).is_ok());
}

#[test]
fn a_file_cut_anywhere_is_damaged() {
    let json = full_report().to_json().unwrap();
    for length in (0..json.len() - 2).step_by(97) {
        let error = Report::from_json(&json.as_bytes()[..length]).unwrap_err();
        assert!(
            matches!(error, ReportError::Damaged(_)),
            "{length}: {error}"
        );
    }
}

#[test]
fn foreign_files_and_other_versions_are_named() {
    let error = |json: &str| Report::from_json(json.as_bytes()).unwrap_err().to_string();
    assert!(error("{\"results\": []}").contains("no perfkit report"));
    assert!(error("[1, 2]").contains("no perfkit report"));
    assert!(error("{\"schema\": \"other/1\"}").contains("no perfkit report"));
    assert!(error("{\"schema\": \"perfkit/3\"}").contains("\"perfkit/3\""));
    assert!(error("{\"schema\": \"perfkit/1\"}").contains("damaged or incomplete"));
    assert!(error("{\"schema\": \"perfkit/2\"}").contains("damaged or incomplete"));
    assert!(error("not json").contains("damaged or incomplete: expected"));
}

#[test]
fn a_changed_histogram_is_noticed() {
    let json = full_report().to_json().unwrap();
    let at = json.find("\"data\": \"").unwrap() + 40;
    let mut damaged = json.into_bytes();
    damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
    let error = Report::from_json(&damaged).unwrap_err().to_string();
    assert!(error.contains("checksum"), "{error}");
}

#[test]
fn hostile_nesting_is_refused_and_not_a_crash() {
    let json = "[".repeat(1_000_000);
    assert!(Report::from_json(json.as_bytes()).is_err());
    let json = format!(
        "{{\"schema\": \"perfkit/2\", \"x\": {}",
        "{\"a\":".repeat(100_000)
    );
    assert!(Report::from_json(json.as_bytes()).is_err());
}

#[test]
fn loading_names_the_file_that_is_not_there() {
    let error = Report::load("/nowhere/report.json")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("/nowhere/report.json: "), "{error}");
}

#[test]
fn the_operations_of_two_processes_add_up() {
    let process = |first_ms: u64| {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for ms in first_ms..first_ms + 100 {
            monitor.measure("work", || clock.advance(Duration::from_millis(ms)));
        }
        let _ = monitor.try_measure("work", || Err::<(), _>("no"));
        monitor.snapshot().operations[0].clone()
    };
    let mut both = process(1);
    both.merge(&process(101));
    assert_eq!(
        (both.lifetime.calls.success, both.lifetime.calls.failure),
        (200, 2)
    );
    let time = both.lifetime.execution_time().unwrap();
    assert_eq!(
        (time.count, time.min, time.max),
        (200, Some(1e6), Some(200e6))
    );
    assert!((time.median.unwrap() - 100e6).abs() < 0.4e6);
    assert_eq!(both.errors[0].count, 2);
    let last = both.last_calls.execution_time().unwrap();
    assert_eq!(
        (last.count, last.max, last.median),
        (200, Some(200e6), None)
    );
}

/// A report that version 0.1 of perfkit wrote in the form `perfkit/1`.
fn old_report(name: &str) -> Report {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/samples/perfkit-1");
    Report::load(format!("{folder}/{name}.json")).unwrap()
}

#[test]
fn an_earlier_report_has_its_facts_in_fields() {
    let saved = old_report("saved");
    assert_eq!(saved.schema, perfkit::report::SCHEMA);
    let sides: Vec<_> = saved
        .benchmarks
        .iter()
        .map(|benchmark| (benchmark.name.as_str(), benchmark.side))
        .collect();
    let both = [Some(Side::Candidate), Some(Side::Baseline)];
    for name in ["true", "sleep 0.002"] {
        for side in both {
            assert!(sides.contains(&(name, side)), "{sides:?}");
        }
    }
    for comparison in &saved.comparisons {
        let baseline = saved.baseline_of(comparison).unwrap();
        let candidate = saved.candidate_of(comparison).unwrap();
        assert_ne!(baseline.side, candidate.side);
        assert_eq!(baseline.name, candidate.name);
    }
    assert!(saved.benchmarks.iter().all(|b| b.is_peak_memory_inherited));
    let imported = old_report("imported").imported_from.unwrap();
    assert!(imported.contains("hyperfine"), "{imported}");
}

#[test]
fn a_name_in_an_earlier_report_is_only_a_name() {
    for name in ["control", "named"] {
        let report = old_report(name);
        assert!(
            report
                .benchmarks
                .iter()
                .any(|b| b.name.ends_with(" (again)"))
        );
        assert!(report.benchmarks.iter().all(|b| b.control_of.is_none()));
        assert!(report.comparisons.iter().all(|c| !c.is_control));
    }
}

#[test]
fn codes_of_an_earlier_report_become_fields() {
    let mut benchmark = Benchmark::new("a");
    let counts = MetricSummary::from_samples(Unit::Count, vec![0.0, 0.0]);
    benchmark.metrics.insert(Metric::ALLOCATIONS, counts);
    let mut other = Benchmark::new("b");
    let counts = MetricSummary::from_samples(Unit::Count, vec![5.0, 5.0]);
    other.metrics.insert(Metric::ALLOCATIONS, counts);
    let mut report = Report::new(Environment::detect("mock"));
    report.benchmarks = vec![benchmark, other];
    let mut comparison = Comparison::new("a", "b", Metric::ALLOCATIONS);
    comparison.notes = ["told", "exact-values", "same-program"]
        .map(|message| Note::info(NoteCode::Other, message))
        .into();
    report.comparisons = vec![comparison];
    report.notes = vec![Note::info(NoteCode::Other, "no counters")];
    let mut json: serde_json::Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    json["schema"] = "perfkit/1".into();
    json["notes"][0]["code"] = "no-instructions".into();
    for at in 1..3 {
        let note = &mut json["comparisons"][0]["notes"][at];
        note["code"] = note["message"].clone();
    }
    let read = Report::from_json(json.to_string().as_bytes()).unwrap();
    let comparison = &read.comparisons[0];
    assert!(comparison.is_same_program);
    let exact = ExactValues {
        baseline: 0.0,
        candidate: 5.0,
    };
    assert_eq!(comparison.exact, Some(exact));
    let told: Vec<&str> = comparison
        .notes
        .iter()
        .map(|n| n.message.as_str())
        .collect();
    assert_eq!(told, ["told", "same-program"]);
    assert_eq!(read.notes[0].severity, Severity::Detail);
}

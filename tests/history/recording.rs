//! What a record has of a report, and what is shown of it.

use perfkit::report::Environment;
use serde_json::Value;

use crate::history::{History, report};
use crate::support::workspace;

#[test]
fn a_record_has_the_commit_the_machine_and_every_value_with_its_interval() {
    let history = History::new();
    history.commit("first");
    let second = history.commit("second one");
    history.record(1, 1.0).says("Recorded 1 series");
    let listed = history.run(&["list", "--format", "json"]).exits_with(0);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let record = &listed["records"][0];
    assert_eq!(record["commit"], second);
    assert_eq!(record["parents"].as_array().unwrap().len(), 1);
    assert_eq!(record["branch"], "main");
    assert_eq!(record["subject"], "second one");
    assert_eq!(record["measured"], "2026-01-02T01:00:00Z");
    let machine = record["machine_name"].as_str().unwrap();
    assert!(machine.contains(std::env::consts::ARCH), "{machine}");
    let shown = history
        .run(&["show", "parse", "--format", "json"])
        .exits_with(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let value = &shown["series"][0]["values"][0];
    // 40 values between 10 and 10.06 ms.
    assert_eq!(value["value"], 10.03e6);
    let (low, high) = (
        value["low"].as_f64().unwrap(),
        value["high"].as_f64().unwrap(),
    );
    assert!((10e6..10.03e6).contains(&low), "{low}");
    assert!(high > 10.03e6 && high <= 10.06e6, "{high}");
}

#[test]
fn values_stand_in_the_order_of_commits_and_not_in_that_of_measuring() {
    let history = History::new();
    let commits = ["a", "b", "c"].map(|subject| history.commit(subject));
    for (day, commit, factor) in [(9, 2, 3.0), (10, 0, 1.0), (11, 1, 2.0)] {
        let path = history.report(day, factor);
        let path = path.to_str().unwrap();
        history
            .run(&["record", path, "--commit", &commits[commit]])
            .exits_with(0);
    }
    let shown = history
        .run(&["show", "parse", "--format", "csv"])
        .exits_with(0);
    let places: Vec<usize> = shown
        .stdout
        .lines()
        .skip(1)
        .map(|line| {
            commits
                .iter()
                .position(|commit| line.contains(commit))
                .unwrap()
        })
        .collect();
    assert_eq!(places, [0, 1, 2]);
    let human = history.run(&["show", "parse"]).exits_with(0);
    human
        .says("+100.0 %")
        .says("20.06 ms")
        .says("parse, median of wall_time");
}

#[test]
fn a_record_is_a_report_that_every_verb_reads_and_has_no_single_values() {
    let history = History::new();
    history.commit("first");
    history.record(1, 1.0);
    let file = history.files().pop().unwrap();
    let shown = history
        .folder
        .run([std::ffi::OsStr::new("report"), file.as_os_str()]);
    shown.exits_with(0).says("median 10.0 ms of 40 values");
    let json = history.folder.run([
        std::ffi::OsStr::new("report"),
        file.as_os_str(),
        "--format=json".as_ref(),
    ]);
    let report = json.report();
    let (_, times) = report.benchmarks[0].metrics.iter().next().unwrap();
    assert_eq!(times.samples.len(), 0);
    assert_eq!(times.count, 40);
    assert_eq!(times.median, Some(10.03e6));
}

#[test]
fn the_same_report_is_one_record_and_another_one_is_another() {
    let history = History::new();
    history.commit("first");
    history.record(1, 1.0).says("1 record added");
    history
        .record(1, 1.0)
        .says("Known already")
        .says("0 records added");
    history.record(2, 1.0);
    assert_eq!(history.files().len(), 2);
    assert_eq!(history.count(&[]), 2);
}

#[test]
fn results_of_other_tools_are_of_this_commit_and_this_machine_unless_said_otherwise() {
    let history = History::new();
    let commit = history.commit("first");
    let sample = workspace().join("tests/samples/hyperfine-1/two-named.json");
    let sample = sample.to_str().unwrap();
    history.run(&["record", sample]).exits_with(0);
    let machine = Environment::detect("x").cpu.unwrap_or_default();
    let listed = history.run(&["list", "--format", "csv"]).exits_with(0);
    listed.says(&commit).says(&machine).says("hyperfine");
    let named = [
        "record",
        sample,
        "--machine",
        "ci-large",
        "--toolchain",
        "gcc 14",
    ];
    history.run(&named).exits_with(0);
    let listed = history.run(&["list", "--machine", "ci-large", "--format", "csv"]);
    listed.exits_with(0).says("gcc 14");
    assert_eq!(history.count(&["--machine", "ci-large"]), 1);
    history
        .run(&["list", "--machine", "nowhere"])
        .exits_with(2)
        .complains("ci-large");
}

#[test]
fn records_are_chosen_by_series_and_branch() {
    let history = History::new();
    history.commit("first");
    history.record(1, 1.0);
    let path = history.report(2, 1.0);
    let path = path.to_str().unwrap();
    history
        .run(&["record", path, "--branch", "topic"])
        .exits_with(0);
    let mut other = report(3, 1.0);
    other.benchmarks[0].name = "render/large".to_owned();
    other.save(history.folder.path("other.json")).unwrap();
    history.run(&["record", "other.json"]).exits_with(0);
    assert_eq!(history.count(&["--branch", "topic"]), 1);
    assert_eq!(history.count(&["--branch", "main"]), 2);
    assert_eq!(history.count(&["--filter", "parse"]), 2);
    assert_eq!(history.count(&["--filter", "render/*"]), 1);
    assert_eq!(
        history.count(&["--filter", "render/*", "--branch", "topic"]),
        0
    );
    let misspelt = history.run(&["show", "prase"]).exits_with(2);
    misspelt.complains("did you mean `parse`?");
    let metric = history
        .run(&["show", "parse", "--metric", "cycles"])
        .exits_with(2);
    metric.complains("wall_time");
}

#[test]
fn ratios_of_what_took_turns_are_series_of_their_own() {
    let history = History::new();
    history.commit("first");
    let compared = history
        .folder
        .run(["compare", "true", "sleep 0.01", "-r", "6", "--history"]);
    compared.exits_with(0).complains("1 record added");
    let shown = history
        .run(&["show", "sleep 0.01", "--metric", "wall_time"])
        .exits_with(0);
    shown
        .says("ratio of wall_time to that of true")
        .says("median of wall_time");
}

#[test]
fn what_a_gate_judged_is_recorded_whatever_it_came_to() {
    let history = History::new();
    history.commit("first");
    let rules = "[[budget]]\nbenchmark = \"*\"\nmedian = \"< 1ms\"\n";
    history.folder.write("perfkit.toml", rules);
    let path = history.report(1, 1.0);
    let gate = history
        .folder
        .run(["gate", path.to_str().unwrap(), "--history"]);
    gate.exits_with(1).complains("1 record added");
    assert_eq!(history.count(&[]), 1);
}

#[test]
fn every_table_fits_a_narrow_terminal_and_hostile_names_do_no_harm() {
    let history = History::new();
    history.commit("a subject that is longer than what has room in a narrow terminal ever");
    let mut hostile = report(1, 1.0);
    hostile.benchmarks[0].name = "\u{1b}[31m::error::x\n## y".to_owned();
    hostile.save(history.folder.path("hostile.json")).unwrap();
    history.run(&["record", "hostile.json"]).exits_with(0);
    for format in ["human", "markdown", "csv", "json"] {
        for verb in [&["list"][..], &["show", "*"]] {
            let answer = history
                .run(&[verb, &["--format", format]].concat())
                .exits_with(0);
            assert!(!answer.stdout.contains('\u{1b}'), "{answer:?}");
            let is_command = |line: &str| line.trim_start().starts_with("::error");
            assert!(!answer.stdout.lines().any(is_command), "{answer:?}");
        }
    }
    let answer = history
        .run(&["show", "*", "--format", "html"])
        .exits_with(2);
    answer.complains("human, json, markdown or csv");
}

#[test]
fn an_export_has_a_line_for_each_value() {
    let history = History::new();
    let commit = history.commit("first");
    history.record(1, 1.0);
    history.record(2, 1.1);
    history.run(&["export", "-o", "all.jsonl"]).exits_with(0);
    let lines = history.folder.read("all.jsonl");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["commit"], commit);
    assert_eq!(lines[0]["name"], "parse");
    assert_eq!(lines[0]["unit"], "ns");
    assert_eq!(lines[0]["count"], 40);
    assert_eq!(lines[0]["committed"], "2026-01-01T00:00:00Z");
    assert!(lines[1]["value"].as_f64() > lines[0]["value"].as_f64());
    let to_stdout = history.run(&["export", "--filter", "parse"]).exits_with(0);
    assert_eq!(to_stdout.stdout.lines().count(), 2);
}

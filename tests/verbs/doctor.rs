//! `perfkit doctor`: what makes a machine noisy, and what a program records.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::{Answer, Folder, example};
use perfkit::{Monitor, Report};
use serde_json::Value;

fn diagnosis(answer: &Answer) -> Value {
    serde_json::from_str(&answer.stdout).unwrap()
}

/// What is known of a program, saved as `found.json`.
fn saved_diagnosis(folder: &Folder, program: &str) -> Answer {
    let json = ["doctor", "--format", "json", "-o", "found.json", "--"];
    folder.run(json.iter().chain([&program])).exits_with(0)
}

#[test]
fn every_check_has_a_state_and_what_to_do_where_it_matters() {
    let folder = Folder::new();
    let answer = folder.run(["doctor", "--format", "json"]).exits_with(0);
    let found = diagnosis(&answer);
    assert_eq!(found["schema"], "perfkit-doctor/1");
    assert!(found["clock"]["resolution_ns"].as_f64().unwrap() > 0.0);
    assert!(found["clock"]["call_ns"].as_f64().unwrap() > 0.0);
    assert!(found.get("program").is_none());
    let checks = found["checks"].as_array().unwrap();
    assert!(checks.len() >= 14, "{answer:#?}");
    for check in checks {
        let state = check["state"].as_str().unwrap();
        let states = ["fine", "note", "warning", "unknown"];
        assert!(states.contains(&state), "{check}");
        assert!(!check["found"].as_str().unwrap().is_empty(), "{check}");
        assert!(!check["affects"].as_array().unwrap().is_empty(), "{check}");
        assert!(state != "warning" || check["advice"].is_string(), "{check}");
    }
    assert!(folder.files().is_empty(), "{:?}", folder.files());
}

#[test]
fn people_read_a_summary_a_table_and_advice() {
    let folder = Folder::new();
    let found = diagnosis(&folder.run(["doctor", "--format", "json"]).exits_with(0));
    let mut answer = folder
        .run(["doctor"])
        .exits_with(0)
        .says("This machine: ")
        .says("frequency governor")
        .says("perfkit's clock");
    assert!(!answer.stdout.contains('\u{1b}'), "{answer:#?}");
    assert!(answer.stderr.is_empty(), "{answer:#?}");
    // What there is to advise is up to the machine, and load comes and goes.
    let advised = found["checks"].as_array().unwrap().iter();
    let mut advised =
        advised.filter(|check| check["check"] != "load" && check["advice"].is_string());
    let advised = advised.find(|check| !check["check"].as_str().unwrap().ends_with("_pressure"));
    let brief = folder.run(["doctor", "--quiet"]).exits_with(0);
    if let Some(advice) = advised.and_then(|check| check["advice"].as_str()) {
        answer = answer.says(advice);
        assert!(!brief.stdout.contains(advice), "{brief:#?}");
    }
    drop(answer);
    folder
        .run(["doctor", "--format", "markdown"])
        .exits_with(0)
        .says("| result | what | found |");
    folder
        .run(["doctor", "--color", "always"])
        .exits_with(0)
        .says("\u{1b}[");
}

#[test]
fn formats_that_it_has_not_are_refused() {
    let folder = Folder::new();
    folder
        .run(["doctor", "--format", "csv"])
        .exits_with(2)
        .complains("perfkit doctor has no format csv");
    let mut command = folder.perfkit(["doctor"]);
    command.env("PERFKIT_FORMAT", "html");
    Answer::of(command)
        .exits_with(2)
        .complains("human, markdown and json");
}

#[test]
fn a_program_that_records_is_told_with_its_cost() {
    let folder = Folder::new();
    let program = example("07_report_file");
    let program = program.to_str().unwrap();
    folder
        .run(["doctor", "--", program])
        .exits_with(0)
        .says("ended with exit status 0")
        .says("Records: 90 calls of 1 operation in ")
        .says("Cost: about ")
        .says(" of one CPU's time, at ")
        .says("Dropped: nothing")
        .says("07_report_file::");
    drop(saved_diagnosis(&folder, program));
    let found: Value = serde_json::from_str(&folder.read("found.json")).unwrap();
    let program = &found["program"];
    assert_eq!(program["records"], true);
    assert_eq!(program["has_recorder"], true);
    assert_eq!(program["recording"]["calls"], 90);
    let recording = &program["recording"];
    let share = recording["cost_share"].as_f64().unwrap();
    let cost = recording["call_ns"].as_f64().unwrap() * 90.0;
    let expected = cost / 1e9 / recording["seconds"].as_f64().unwrap();
    assert!((share / expected - 1.0).abs() < 1e-9, "{recording}");
}

/// As a program's own report says it; what is in it need not be harmless.
#[test]
fn names_that_were_lost_are_counted_and_hostile_ones_are_text() {
    let folder = Folder::new();
    let monitor = Monitor::builder().max_operations(1).build();
    monitor.measure("\u{1b}[31m\n::error::x", || ());
    for name in ["second", "third"] {
        monitor.measure(name, || ());
    }
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("recorded.json")).unwrap();
    let script = folder.script(
        "program",
        "cp recorded.json \"${PERFKIT_REPORT%/*}/1.json\"",
    );
    let program = script.to_str().unwrap();
    let answer = folder
        .run(["doctor", "--", program])
        .exits_with(0)
        .says("Records: 3 calls of 2 operations")
        .says(
            "Dropped: 2 calls have lost their names: keep more with MonitorBuilder::max_operations",
        );
    assert!(!answer.stdout.contains('\u{1b}'), "{answer:#?}");
    assert!(!answer.stdout.contains("\n::"), "{answer:#?}");
    let json = folder.run(["doctor", "--format", "json", "--", program]);
    let recording = &diagnosis(&json.exits_with(0))["program"]["recording"];
    assert_eq!(recording["calls_beyond_the_limit"], 2);
}

#[test]
fn a_program_without_perfkit_is_told_how_to_add_it() {
    let folder = Folder::new();
    folder
        .run(["doctor", "--", "true"])
        .exits_with(0)
        .says("Records nothing: there is no perfkit in the file of `true`")
        .says("cargo add perfkit-core");
    let script = folder.script("script", "exit 3");
    folder
        .run(["doctor", "--", script.to_str().unwrap()])
        .exits_with(0)
        .says("ended with exit status 3")
        .says("Records nothing: whether perfkit is in it, or in a program that it started,");
    folder
        .run(["doctor", "--", "no-such-program"])
        .exits_with(5)
        .complains("was not found");
}

#[test]
fn what_a_program_prints_is_never_within_a_result_that_programs_read() {
    let folder = Folder::new();
    let script = folder.script("talks", "echo before the result");
    let program = script.to_str().unwrap();
    for format in ["json", "markdown"] {
        let arguments = ["doctor", "--format", format, "--", program];
        let answer = folder.run(arguments).exits_with(0);
        assert!(!answer.stdout.contains("before the result"), "{answer:#?}");
        assert!(answer.stderr.contains("before the result"), "{answer:#?}");
    }
    let json = folder.run(["doctor", "--format", "json", "--", program]);
    assert_eq!(diagnosis(&json)["program"]["records"], false);
    let answer = saved_diagnosis(&folder, program);
    assert_eq!(answer.stdout, "before the result\n");
}

#[test]
fn a_program_that_has_perfkit_and_makes_no_call_is_told_so() {
    let folder = Folder::new();
    // It has the library in it, and measures nothing to say its version.
    let program = env!("CARGO_BIN_EXE_perfkit");
    folder
        .run(["doctor", "--", program, "--version"])
        .exits_with(0)
        .says("perfkit is in it, and no measured call ended")
        .says("With elevated rights (setuid, ");
    // Of what a launcher starts only the launcher's own file is known.
    folder
        .run(["doctor", "--", "env", program, "--version"])
        .exits_with(0)
        .says("Records nothing: there is no perfkit in the file of `env`, or without its feature")
        .says("whether it is in a program that this started is not known");
}

#[test]
fn a_server_is_told_of_when_it_is_interrupted() {
    let folder = Folder::new();
    let program = example("01_function");
    let script = format!("{}\necho ready\nexec sleep 61", program.display());
    let script = folder.script("server", &script);
    let mut command = folder.perfkit(["doctor", "--", script.to_str().unwrap()]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "it ended early");
    }
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();
    assert!(rest.contains(" was interrupted, and ended with "), "{rest}");
    assert!(rest.contains("01_function::parse_all"), "{rest}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

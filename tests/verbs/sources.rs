//! `-v` says where settings came from: the command line, the environment, perfkit.toml
//! or the default; and which reports were read.

use std::process::{Command, Stdio};

use crate::support::{Answer, Folder};

/// What is said beside the result of `true` against itself.
fn compare(folder: &Folder, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
    let arguments = ["compare", "true", "-M", "3"].iter().chain(arguments);
    let mut command = folder.perfkit(arguments);
    command.envs(variables.iter().copied());
    Answer::of(command).exits_with(0)
}

#[test]
fn every_setting_has_its_origin() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[compare]\nwarmup = 2\nconfidence = \"99%\"\n",
    );
    let variables = [("PERFKIT_TIME", "1s"), ("PERFKIT_FORMAT", "csv")];
    let answer = compare(&folder, &["-v", "--seed", "7"], &variables);
    let configuration = folder.path("perfkit.toml");
    answer
        .complains(&format!("configuration: {}", configuration.display()))
        .complains("format: csv (PERFKIT_FORMAT)\n")
        .complains("time: 1.000 s (PERFKIT_TIME)\n")
        .complains("warmup: 2 (perfkit.toml)\n")
        .complains("confidence: 99 % (perfkit.toml)\n")
        .complains("seed: 7 (command line)\n")
        .complains("max-runs: 3 (command line)\n")
        .complains("indifference: 0.5000 % (default)\n")
        .complains("shell: none (default)\n");
}

#[test]
fn a_variable_without_effect_is_named() {
    let folder = Folder::new();
    let variables = [("PERFKIT_WARMUP", "2"), ("PERFKIT_WARNUP", "2")];
    let answer = compare(&folder, &["-v", "-w", "0"], &variables)
        .complains("configuration: none\n")
        .complains("warmup: 0 (command line)\n")
        .complains("PERFKIT_WARMUP is set, and has no effect here\n")
        .complains("PERFKIT_WARNUP is no variable of perfkit; did you mean PERFKIT_WARMUP?\n");
    assert_eq!(answer.stderr.matches("no effect").count(), 1, "{answer:#?}");
    let variables = [("PERFKIT_REPORT_EVERY", "1s"), ("PERFKIT_WARMUP", "2")];
    let answer = compare(&folder, &["-v"], &variables).complains("warmup: 2 (PERFKIT_WARMUP)\n");
    for absent in ["no effect", "no variable"] {
        assert!(!answer.stderr.contains(absent), "{answer:#?}");
    }
}

#[test]
fn nothing_of_this_is_said_unless_asked() {
    let folder = Folder::new();
    let answer = compare(&folder, &[], &[("PERFKIT_WARNUP", "2")]);
    for absent in ["PERFKIT_WARNUP", "confidence", "configuration"] {
        assert!(!answer.stderr.contains(absent), "{answer:#?}");
    }
}

#[test]
fn a_setting_that_cannot_be_read_says_where_it_stands() {
    let folder = Folder::new();
    let refused = |variable: (&str, &str), complaint: &str| {
        let mut command = folder.perfkit(["compare", "true", "-r", "1"]);
        command.env(variable.0, variable.1);
        Answer::of(command).exits_with(2).complains(complaint);
    };
    refused(
        ("PERFKIT_FORMAT", "pdf"),
        "the variable PERFKIT_FORMAT: `pdf` is no format",
    );
    refused(
        ("PERFKIT_SHELL", "'"),
        "the shell of PERFKIT_SHELL: `'` names no shell",
    );
    refused(("PERFKIT_WARMUP", "x"), "the variable PERFKIT_WARMUP: ");
}

#[test]
fn reports_are_named_by_what_they_are_for() {
    let folder = Folder::new();
    for file in ["before.json", "after.json"] {
        let arguments = ["compare", "true", "-r", "3", "--export-json", file];
        folder.run(arguments).exits_with(0);
    }
    folder
        .run(["compare", "-v", "before.json", "after.json"])
        .exits_with(0)
        .complains("baseline: before.json\n")
        .complains("candidate: after.json\n");
    folder
        .run(["report", "-v", "after.json"])
        .exits_with(0)
        .complains("report: after.json\n");
    folder
        .run(["export", "-v", "after.json", "--to", "csv"])
        .exits_with(0)
        .complains("report: after.json\n");
    let budget = "[[budget]]\nbenchmark = \"*\"\nmean = \"< 10s\"\n";
    let other = folder.write("other.toml", budget);
    let mut command = folder.perfkit(["gate", "-v", "after.json", "--baseline", "before.json"]);
    command.env("PERFKIT_CONFIG", &other);
    Answer::of(command)
        .exits_with(0)
        .complains(&format!(
            "configuration: {} (PERFKIT_CONFIG)\n",
            other.display()
        ))
        .complains("report: after.json\n")
        .complains("baseline: before.json\n");
}

/// What a gate measures is settled by the configuration that it judges by.
#[test]
fn a_gate_that_measures_has_the_settings_of_the_named_configuration() {
    let folder = Folder::new();
    folder.script("run.sh", "exit 0");
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "run.sh"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    let rules = "[[budget]]\nbenchmark = \"*\"\nmean = \"< 10s\"\n";
    folder.write("named.toml", &format!("[compare]\nmax_runs = 4\n{rules}"));
    folder.write("perfkit.toml", &format!("[compare]\nmax_runs = 6\n{rules}"));
    let line = ["gate", "-v", "--base", "HEAD", "{tree}/run.sh"];
    let line = line.into_iter().chain(["--config", "named.toml"]);
    let line = line.chain(["--export-json", "out.json", "--seed", "7"]);
    folder
        .run(line)
        .exits_with(0)
        .complains("configuration: named.toml (command line)\n")
        .complains("max-runs: 4 (perfkit.toml)\n")
        .complains("seed: 7 (command line)\n");
    assert_eq!(folder.report("out.json").sampling.unwrap().blocks, 4);
}

fn git(folder: &Folder, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder.path("")).args([
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@localhost",
    ]);
    let status = command.args(arguments).stdin(Stdio::null()).status();
    assert!(status.unwrap().success());
}

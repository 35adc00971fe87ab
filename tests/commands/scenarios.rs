//! What is tried with hyperfine, tried here: each scenario of what its users rely on, and what
//! becomes of it where perfkit decided otherwise (docs/coming-from-hyperfine.md).

use std::process::Stdio;

use perfkit::report::{Report, Verdict};

use crate::support::{Answer, Folder};

const UNKNOWN: &str = "no-such-program-5a1c";

/// Runs `perfkit compare` with these arguments, without warm-up.
fn compare(folder: &Folder, arguments: &[&str]) -> Answer {
    let all = ["compare", "-w", "0"].iter().chain(arguments);
    folder.run(all)
}

fn once(folder: &Folder, arguments: &[&str]) -> Answer {
    compare(folder, &[&["-r", "1"], arguments].concat())
}

/// What is written to `log` by commands that `echo` into it.
fn log(folder: &Folder) -> Vec<String> {
    folder.read("log").lines().map(str::to_owned).collect()
}

#[test]
fn one_run_and_two_are_enough_to_be_shown() {
    let folder = Folder::new();
    once(&folder, &["echo one"])
        .exits_with(0)
        .says("in one run");
    compare(&folder, &["-r", "2", "echo two"]).exits_with(0);
    // Nothing can be told of single runs, and nothing is: no winner, no rank.
    let answer = once(&folder, &["echo a", "echo b", "echo c"]).exits_with(0);
    assert!(!answer.stdout.contains("fastest"), "{}", answer.stdout);
    assert!(!answer.stdout.contains("rank"), "{}", answer.stdout);
}

#[test]
fn no_runs_are_a_mistake_whichever_flag_asks_for_them() {
    let folder = Folder::new();
    for flag in ["--runs", "--min-runs", "--max-runs"] {
        let answer = compare(&folder, &[flag, "0", "true"]).exits_with(2);
        assert!(answer.stderr.contains("at least 1 run"), "{flag}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new();
    for arguments in [
        &["true"][..],
        &["true", "--export-json", "-"],
        &["true", "--export-csv", "-"],
        &["true", "echo second"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = folder.perfkit(["compare", "-w", "0", "-r", "1"].iter().chain(arguments));
        command.stdout(writer).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn quotes_are_those_of_a_shell_also_without_one() {
    let folder = Folder::new();
    let command = "echo 'two  words' last";
    for shell in [&["--shell=none"][..], &["-N"], &[], &["-S", "sh"]] {
        let arguments = [shell, &["--show-output", command]].concat();
        once(&folder, &arguments)
            .exits_with(0)
            .says("two  words last");
    }
    // Another shell is given the command as its last word, after `-c`.
    let shell = "echo 'a shell' --of-mine";
    once(&folder, &["--show-output", "-S", shell, "echo it"])
        .exits_with(0)
        .says("a shell --of-mine -c echo it");
}

#[test]
fn as_many_of_each_as_there_are_commands_and_the_reference_is_one() {
    let folder = Folder::new();
    let commands = ["echo a", "echo b"];
    for flag in ["--prepare", "--conclude", "--output", "--env"] {
        let value = match flag {
            "--output" => "null",
            "--env" => "A=1",
            _ => "true",
        };
        let given = |count: usize, reference: &[&str]| {
            let values = [flag, value].repeat(count);
            once(&folder, &[&values, reference, &commands[..]].concat())
        };
        let reference = ["--reference", "echo r"];
        given(1, &[]).exits_with(0);
        given(2, &[]).exits_with(0);
        given(3, &reference).exits_with(0);
        for wrong in [given(3, &[]), given(2, &reference)] {
            let wrong = wrong.exits_with(2);
            assert!(wrong.stderr.contains(flag), "{}", wrong.stderr);
            assert!(wrong.stderr.contains("once for each"), "{}", wrong.stderr);
        }
    }
    let names = ["-n", "a", "-n", "b", "echo a"];
    let answer = once(&folder, &names).exits_with(2);
    assert!(answer.stderr.contains("--name is given 2 times"));
    let twice = ["-L", "x", "1,2", "-L", "x", "a,b", "echo {x}"];
    let answer = once(&folder, &twice).exits_with(2);
    assert!(answer.stderr.contains("`x` is given twice"));
}

#[test]
fn what_cannot_be_run_is_told_wherever_it_was_named() {
    let folder = Folder::new();
    for arguments in [
        &[UNKNOWN][..],
        &["-S", "sh", UNKNOWN],
        &["false"],
        &["-N", "false"],
        &["--setup", UNKNOWN, "true"],
        &["--prepare", UNKNOWN, "true"],
        &["--conclude", UNKNOWN, "true"],
        &["--cleanup", UNKNOWN, "true"],
    ] {
        let answer = once(&folder, arguments).exits_with(5);
        let named = arguments
            .iter()
            .find(|word| [UNKNOWN, "false"].contains(word));
        assert!(answer.stderr.contains(named.unwrap()), "{}", answer.stderr);
    }
    let missing = ["--input", "nothing-here.txt", "cat"];
    let answer = once(&folder, &missing).exits_with(4);
    assert!(answer.stderr.contains("nothing-here.txt"));
}

#[test]
fn failures_are_ignored_by_their_codes() {
    let folder = Folder::new();
    let exits = |code: &str, ignored: &str| {
        let command = format!("exit {code}");
        once(&folder, &["-S", "sh", ignored, &command])
    };
    for code in ["1", "2", "3"] {
        exits(code, "--ignore-failure=1,2,3").exits_with(0);
        exits(code, "--ignore-failure").exits_with(0);
        exits(code, "--ignore-failure=all-non-zero").exits_with(0);
    }
    let other = exits("4", "--ignore-failure=1,2,3").exits_with(5);
    assert!(other.stderr.contains("exit status 4"), "{}", other.stderr);
}

#[test]
fn what_commands_read_and_write_is_theirs() {
    let folder = Folder::new();
    folder.write("input.txt", "words of a file\n");
    once(&folder, &["--input", "input.txt", "--show-output", "cat"])
        .exits_with(0)
        .says("words of a file");
    let shown = compare(
        &folder,
        &["-r", "2", "-n", "x", "--show-output", "echo 4fd4"],
    );
    assert_eq!(shown.exits_with(0).stdout.matches("4fd4").count(), 2);
}

/// A report of real sleeps, in so few runs as decide between them.
fn of_sleeps(arguments: &[&str]) -> Report {
    let folder = Folder::new();
    let saved = ["-r", "5", "--export-json", "r.json"];
    compare(&folder, &[&saved, arguments].concat()).exits_with(0);
    folder.report("r.json")
}

#[test]
fn times_are_told_in_times_of_the_reference() {
    let report = of_sleeps(&[
        "--reference",
        "sleep 0.1",
        "--reference-name",
        "usual",
        "sleep 0.05",
        "sleep 0.3",
    ]);
    let names: Vec<&str> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["usual", "sleep 0.05", "sleep 0.3"]);
    let verdict = |candidate: &str| {
        let mut comparisons = report.comparisons.iter();
        let found =
            comparisons.find(|c| c.candidate == candidate && c.metric.name() == "wall_time");
        found.unwrap().verdict
    };
    assert!(report.comparisons.iter().all(|c| c.baseline == "usual"));
    assert_eq!(verdict("sleep 0.05"), Verdict::Faster);
    assert_eq!(verdict("sleep 0.3"), Verdict::Slower);
}

#[test]
fn a_scan_runs_every_step_up_to_its_end_and_the_reference_once() {
    let folder = Folder::new();
    let scan = ["-P", "n", "30", "45", "-D", "5"];
    let saved = ["-S", "sh", "--export-json", "r.json"];
    let command = ["--reference", ": 25", ": {n}"];
    once(&folder, &[&scan[..], &saved, &command].concat()).exits_with(0);
    let names: Vec<String> = folder
        .report("r.json")
        .benchmarks
        .into_iter()
        .map(|b| b.name)
        .collect();
    assert_eq!(names, [": 25", ": 30", ": 35", ": 40", ": 45"]);
    // What nothing uses is rather a mistake.
    let unused = once(&folder, &["-L", "branch", "main,next", "echo test"]).exits_with(2);
    assert!(
        unused
            .stderr
            .contains("write {branch} where its value belongs")
    );
}

#[test]
fn what_was_measured_before_a_failure_is_exported() {
    let folder = Folder::new();
    let fails_later = "echo run >> n; [ $(wc -l < n) -lt 2 ]";
    let saved = ["--export-markdown", "r.md", "--export-json", "r.json"];
    let commands = ["-S", "sh", "-r", "3", "echo works", fails_later];
    compare(&folder, &[&saved[..], &commands].concat()).exits_with(5);
    assert!(folder.read("r.md").contains("echo works"));
    assert!(folder.report("r.json").benchmarks[0].successes >= 1);
    // With a quiet terminal the export is all there is, and whole.
    let quiet = ["--style=none", "--export-markdown", "-", "true"];
    let answer = once(&folder, &quiet).exits_with(0);
    assert_eq!(answer.stdout.matches("| true |").count(), 1);
}

#[test]
fn in_sequence_everything_has_the_order_that_hyperfine_has() {
    let folder = Folder::new();
    let hooks = [
        "-s",
        "echo setup >> log",
        "-p",
        "echo prepare >> log",
        "-c",
        "echo cleanup >> log",
    ];
    let commands = ["-S", "sh", "echo one >> log", "echo two >> log"];
    let counts = ["compare", "--sequential", "-w", "1", "-r", "2"];
    folder
        .run([&counts[..], &hooks, &commands].concat())
        .exits_with(0);
    let runs = |name| ["prepare", name].repeat(3);
    let block = |name| [vec!["setup"], runs(name), vec!["cleanup"]].concat();
    assert_eq!(log(&folder), [block("one"), block("two")].concat());
}

#[test]
fn of_several_parameters_the_first_one_changes_first() {
    let folder = Folder::new();
    let parameters = ["-L", "n", "1,2,3", "-L", "x", "a,b"];
    let command = ["--sequential", "-S", "sh", "echo {n} {x} >> log"];
    once(&folder, &[&parameters[..], &command].concat()).exits_with(0);
    assert_eq!(log(&folder), ["1 a", "2 a", "3 a", "1 b", "2 b", "3 b"]);
}

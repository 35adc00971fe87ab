//! What belongs around the runs of commands: setup, cleanup, failures, and their order.

use crate::support::{Folder, assert_fits_schema};
use perfkit::Metric;
use perfkit::report::{NoteCode, Verdict};

/// A script that fails in its fourth run.
const FAILS_IN_THE_FOURTH_RUN: &str = "
echo run >> runs
[ $(wc -l < runs) -ne 4 ] || exit 3";

/// What writes the value of its setup into a file.
const TELLS: &str = "cat chosen >> told";

/// Takes as long as its setup says.
const SLEEPS: [&str; 4] = ["-S", "sh", "sleep $(cat chosen); cat chosen >> told", "-q"];

#[test]
fn a_setup_with_a_parameter_is_run_before_each_run_of_its_value() {
    let folder = Folder::new();
    let setup = ["--setup", "echo {rev} > chosen", "-L", "rev", "a,b"];
    let runs = ["-w", "0", "-r", "12", "-S", "sh", "--format", "json"];
    let arguments = ["compare", TELLS].into_iter().chain(setup).chain(runs);
    let answer = folder.run(arguments).exits_with(0);
    let report = answer.complains("is run before each run").report();
    let names: Vec<&str> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    let expected = ["a", "b"].map(|value| format!("{TELLS} (rev = {value})"));
    assert_eq!(names, expected);
    let told = folder.read("told");
    let of = |value: &str| told.lines().filter(|line| *line == value).count();
    assert_eq!((of("a"), of("b")), (12, 12), "{told}");
}

#[test]
fn what_a_setup_chooses_is_what_is_measured() {
    let folder = Folder::new();
    let setup = ["--setup", "echo {time} > chosen", "-L", "time", "0,0.1"];
    let runs = ["-w", "0", "-r", "3", "--export-json", "out.json"];
    let arguments = ["compare"].into_iter().chain(SLEEPS);
    folder
        .run(arguments.chain(setup).chain(runs))
        .exits_with(0)
        .says("(time = 0.1)");
    let report = folder.report("out.json");
    let least = report.benchmarks[1].metrics[&Metric::WALL_TIME].min;
    // Less what was subtracted for the shell.
    assert!(least > Some(80e6), "{least:?}");
    let told = folder.read("told");
    assert_eq!(
        told.lines().filter(|line| *line == "0.1").count(),
        3,
        "{told}"
    );
}

#[test]
fn a_setup_that_is_the_same_for_all_is_run_once_for_each() {
    let folder = Folder::new();
    let setup = ["--setup", "echo x >> setups", "-L", "a", "1,2"];
    let arguments = ["compare", "true {a}", "-r", "3"];
    folder.run(arguments.into_iter().chain(setup)).exits_with(0);
    assert_eq!(folder.read("setups").lines().count(), 2);
}

#[test]
fn in_sequence_each_command_is_set_up_run_and_cleaned_up_before_the_next() {
    let folder = Folder::new();
    let around = [
        "--setup",
        "echo set {v} >> log",
        "--cleanup",
        "echo clean {v} >> log",
    ];
    let what = [
        "compare",
        "-S",
        "sh",
        "echo run {v} >> log",
        "-L",
        "v",
        "1,2",
    ];
    let how = [
        "--sequential",
        "-w",
        "0",
        "-r",
        "2",
        "--export-json",
        "out.json",
    ];
    let arguments = what.into_iter().chain(around).chain(how);
    folder
        .run(arguments)
        .exits_with(0)
        .says("2 runs of each, one command after the other");
    let one = |v| format!("set {v}\nrun {v}\nrun {v}\nclean {v}\n");
    assert_eq!(folder.read("log"), one(1) + &one(2));
    let report = folder.report("out.json");
    assert!(!report.sampling.unwrap().interleaved);
    assert!(report.comparisons.iter().all(|c| !c.interleaved));
    assert_fits_schema(&folder.read("out.json"));
}

#[test]
fn in_sequence_what_differs_much_is_told_and_a_failure_ends_it() {
    let folder = Folder::new();
    let how = ["--sequential", "-r", "12"];
    let arguments = ["compare", "sleep 0.001", "sleep 0.2"].into_iter();
    folder
        .run(arguments.chain(how))
        .exits_with(0)
        .says("Slower: `sleep 0.2` takes ")
        .says("99 % interval")
        .says("run one after the other and not in turn");
    let arguments = ["compare", "true", "false", "touch was-run"].into_iter();
    let report = folder
        .run(arguments.chain(how).chain(["--format", "json"]))
        .exits_with(5)
        .complains("`false`, a warm-up run: exit status 1")
        .report();
    let runs: Vec<u64> = report.benchmarks.iter().map(|b| b.successes).collect();
    assert_eq!(runs, [12, 0, 0]);
    assert!(!folder.path("was-run").exists());
}

#[test]
fn ignored_failures_are_counted_timed_and_marked() {
    let folder = Folder::new();
    folder.script("fails", FAILS_IN_THE_FOURTH_RUN);
    let arguments = [
        "compare", "./fails", "true", "-w", "0", "-r", "8", "-i", "--format", "json",
    ];
    let answer = folder.run(arguments).exits_with(0);
    let report = answer.report();
    let fails = &report.benchmarks[0];
    assert_eq!((fails.successes, fails.failures), (7, 1));
    assert_eq!(
        (fails.blocks.len(), &fails.failed_blocks[..]),
        (8, &[3][..])
    );
    assert_eq!(fails.metrics[&Metric::WALL_TIME].count, 8);
    assert_eq!(report.comparisons[0].pairs, 8);
    assert_eq!(fails.notes[0].code, NoteCode::FailedRuns);
    assert_fits_schema(&answer.stdout);
}

#[test]
fn what_always_fails_has_its_times_and_its_verdict() {
    let folder = Folder::new();
    let commands = [
        "compare",
        "-i",
        "sh -c 'sleep 0.2; exit 1'",
        "false",
        "-r",
        "12",
    ];
    folder
        .run(commands.into_iter().chain(["--export-json", "out.json"]))
        .exits_with(0)
        .says("Faster: `false` ")
        .says("all 12 runs failed (exit status 1); its times are of failed runs");
    let report = folder.report("out.json");
    assert_eq!(report.comparisons[0].verdict, Verdict::Faster);
    assert_eq!(report.benchmarks[1].failed_blocks.len(), 12);
}

#[test]
fn only_the_codes_that_are_given_are_ignored() {
    let folder = Folder::new();
    let exits = |code: u8| format!("sh -c 'exit {code}'");
    for option in ["-i=3,4", "--ignore-failure=3,4"] {
        let run = |code| folder.run(["compare", &exits(code), "-r", "2", option]);
        run(3)
            .exits_with(0)
            .says("all 2 runs failed (exit status 3)");
        run(4).exits_with(0);
        run(5).exits_with(5).complains("exit status 5");
    }
    folder
        .run(["compare", "kill -9 $$", "-S", "sh", "-r", "2", "-i=1"])
        .exits_with(5);
    for wrong in ["-i=0", "-i=x", "-i="] {
        folder
            .run(["compare", "true", wrong])
            .exits_with(2)
            .complains("-i=1,2");
    }
}

#[test]
fn a_run_that_timed_out_has_no_time() {
    let folder = Folder::new();
    let arguments = [
        "compare",
        "sleep 5",
        "true",
        "-i",
        "--timeout",
        "50ms",
        "-r",
        "2",
    ];
    let report = folder
        .run(arguments.into_iter().chain(["--format", "json"]))
        .exits_with(0)
        .report();
    let slow = &report.benchmarks[0];
    assert_eq!((slow.failures, slow.failed_blocks.len()), (2, 0));
    assert!(slow.metrics.is_empty());
}

#[test]
fn a_cleanup_that_fails_is_told_after_the_result() {
    let folder = Folder::new();
    let arguments = ["compare", "true", "-r", "2", "--cleanup", "exit 4"];
    folder
        .run(arguments)
        .exits_with(5)
        .says("2 runs")
        .complains("the cleanup command `exit 4` ended with exit status 4");
    // What failed first is what it ends with.
    let arguments = ["compare", "false", "-r", "2", "--cleanup", "exit 4"];
    folder
        .run(arguments)
        .exits_with(5)
        .complains("`false`, a warm-up run")
        .complains("the cleanup command `exit 4` ended with exit status 4");
}

#[test]
fn what_fails_is_ranked_after_all_that_work() {
    let folder = Folder::new();
    let commands = [
        "compare",
        "-i",
        "sleep 0.05",
        "sleep 0.1",
        "false",
        "-r",
        "12",
    ];
    let answer = folder
        .run(commands)
        .exits_with(0)
        .says("; `false` failed and is ranked apart.\n");
    let rows = answer
        .stdout
        .lines()
        .filter(|line| line.contains("  = max  "));
    let places: Vec<&str> = rows
        .filter_map(|row| row.split_whitespace().next())
        .collect();
    assert_eq!((places.len(), places[2]), (3, "failed"), "{answer:#?}");
}

#[test]
fn what_is_suddenly_written_to_standard_error_stops_no_run() {
    let folder = Folder::new();
    // Far more than a pipe holds, after runs that wrote nothing.
    let loud = "case $PERFKIT_ITERATION in 3|4) yes problem | head -c 400000 >&2; esac";
    let arguments = [
        "compare",
        loud,
        "-S",
        "sh",
        "-w",
        "1",
        "-r",
        "5",
        "--timeout",
        "20s",
    ];
    folder.run(arguments).exits_with(0).says("5 runs");
    let fails = format!("{loud}; [ $PERFKIT_ITERATION != 4 ] || exit 3");
    let arguments = ["compare", &fails, "-S", "sh", "-w", "1", "-r", "5"];
    folder
        .run(arguments)
        .exits_with(5)
        .complains("run 5: exit status 3\n  | problem\n");
}

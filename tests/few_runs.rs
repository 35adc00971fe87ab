//! Few runs of commands, bounds of time and single runs: how often commands are run, and what
//! is told of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod support;

use perfkit::report::{NoteCode, StopReason, Verdict};
use support::{Answer, Folder};

/// A script that takes so many seconds and leaves a line with its name in `runs`.
fn counted(folder: &Folder, name: &str, seconds: &str) -> String {
    let body = format!("echo {name} >> runs; sleep {seconds}");
    let script = folder.script(name, &body);
    script.to_str().unwrap().to_owned()
}

/// The names in the order in which they were run.
fn runs(folder: &Folder) -> Vec<String> {
    let runs = std::fs::read_to_string(folder.path("runs")).unwrap();
    runs.lines().map(str::to_owned).collect()
}

fn times(folder: &Folder, name: &str) -> usize {
    runs(folder).iter().filter(|run| *run == name).count()
}

fn compare(folder: &Folder, commands: &[&str], options: &[&str]) -> Answer {
    folder.run([&["compare"], commands, options].concat())
}

#[test]
fn a_tenfold_difference_is_found_in_five_runs_and_in_two_quiet_ones() {
    let folder = Folder::new();
    compare(&folder, &["sleep 0.04", "sleep 0.4"], &["-r", "5"])
        .exits_with(0)
        .says("Slower: `sleep 0.4` takes ")
        .says("99.9 % interval")
        .says("5 runs of each")
        .says("of 5 pairs of runs the interval goes from the smallest to the largest ratio");
    // Far enough apart for runs that vary a lot.
    compare(&folder, &["sleep 0.002", "sleep 0.3"], &["-r", "2"])
        .exits_with(0)
        .says("Slower: `sleep 0.3` takes ")
        .says("2 runs of each")
        .says("11 need no widening");
}

#[test]
fn few_runs_that_are_alike_are_not_the_same_and_have_an_interval() {
    let folder = Folder::new();
    let options = ["-r", "4", "--indifference", "90%", "--format", "json"];
    let report = compare(&folder, &["sleep 0.05", "sleep 0.051"], &options).report();
    let compared = &report.comparisons[0];
    let ratio = compared.ratio.unwrap();
    assert_eq!(
        (compared.verdict, compared.pairs),
        (Verdict::Inconclusive, 4)
    );
    assert!(ratio.low < 1.0 && 1.0 < ratio.high && ratio.confidence == 0.999);
    assert!(
        compared
            .notes
            .iter()
            .any(|n| n.code == NoteCode::TooFewRuns)
    );
}

#[test]
fn one_run_is_one_run_and_decides_nothing() {
    let folder = Folder::new();
    let (a, b) = (counted(&folder, "a", "0"), counted(&folder, "b", "0.2"));
    compare(&folder, &[&a, &b], &["-r", "1"])
        .exits_with(0)
        .says("cannot be compared: one measurement of each decides nothing")
        .says("one run of each decides nothing");
    assert_eq!((times(&folder, "a"), times(&folder, "b")), (1, 1));
    compare(&folder, &[&a], &["-r", "1", "-w", "2"])
        .exits_with(0)
        .says("1 run;");
    assert_eq!(times(&folder, "a"), 4, "a warm-up that is asked for is one");
}

#[test]
fn orders_are_balanced_in_pairs_of_blocks() {
    let folder = Folder::new();
    let (a, b) = (counted(&folder, "a", "0"), counted(&folder, "b", "0"));
    compare(&folder, &[&a, &b], &["-r", "8", "-w", "0"]).exits_with(0);
    let runs = runs(&folder);
    assert_eq!(runs.len(), 16);
    for four in runs.chunks(4) {
        assert_ne!(four[0], four[1]);
        assert_eq!(four[0..2], [four[3].clone(), four[2].clone()]);
    }
}

#[test]
fn the_time_is_a_bound_and_what_it_allows_is_told() {
    let folder = Folder::new();
    let (a, b) = (counted(&folder, "a", "0.5"), counted(&folder, "b", "0.6"));
    let report = compare(&folder, &[&a, &b], &["--time", "1s", "--format", "json"])
        .exits_with(0)
        .report();
    // The first block takes more than the time, and is no warm-up.
    assert_eq!((times(&folder, "a"), times(&folder, "b")), (1, 1));
    let sampling = report.sampling.unwrap();
    assert_eq!((sampling.blocks, sampling.warmup_blocks), (1, 0));
    assert_eq!(sampling.stopped, StopReason::TimeUp);
    // However slow the machine is, two blocks cannot take less than 2.2 seconds.
    let most = compare(&folder, &[&a, &b], &["--time", "2.5s"]).exits_with(0);
    most.says("stopped at the time limit");
    let (a, b) = (times(&folder, "a") - 1, times(&folder, "b") - 1);
    assert!(a == b && (1..=2).contains(&a), "{a} and {b}");
}

#[test]
fn a_clear_difference_within_the_time_is_a_verdict() {
    let folder = Folder::new();
    let (a, b) = (counted(&folder, "a", "0"), counted(&folder, "b", "0.4"));
    let answer = compare(&folder, &[&a, &b], &["--time", "4s", "--format", "json"]);
    let report = answer.exits_with(0).report();
    let sampling = report.sampling.unwrap();
    // A block takes 0.4 s, more than a twelfth of the time.
    assert_eq!(sampling.warmup_blocks, 0);
    let done = times(&folder, "b");
    assert_eq!(sampling.blocks, done as u64);
    assert!(done <= 10, "{done}");
    if done >= 6 {
        assert_eq!(report.comparisons[0].verdict, Verdict::Slower);
        assert_eq!(sampling.stopped, StopReason::Decided);
    }
}

#[test]
fn a_number_of_runs_that_is_asked_for_counts_more_than_the_time() {
    let folder = Folder::new();
    let (a, b) = (counted(&folder, "a", "0.05"), counted(&folder, "b", "0.05"));
    let options = ["-r", "4", "--time", "0.1s", "-w", "0"];
    compare(&folder, &[&a, &b], &options).says("4 runs of each");
    assert_eq!((times(&folder, "a"), times(&folder, "b")), (4, 4));
}

#[test]
fn a_nearer_time_counts_more_than_a_farther_number_of_runs() {
    let folder = Folder::new();
    folder.write("perfkit.toml", "[compare]\nmin_runs = 40\nwarmup = 0\n");
    let a = counted(&folder, "a", "0.1");
    compare(&folder, &[&a], &["--time", "0.3s"]).says("stopped at the time limit");
    let done = times(&folder, "a");
    assert!((1..=3).contains(&done), "{done}");
}

#[test]
fn warm_ups_end_where_the_time_does() {
    let folder = Folder::new();
    let a = counted(&folder, "a", "0.4");
    compare(&folder, &[&a], &["-w", "50", "--time", "1s"])
        .exits_with(0)
        .says("1 run;");
    let done = times(&folder, "a");
    assert!((2..=4).contains(&done), "{done}");
}

#[test]
fn ranks_are_shared_by_those_that_are_not_told_apart() {
    let folder = Folder::new();
    let commands = ["sleep 0.05", "sleep 0.051", "sleep 0.9"];
    let answer = compare(
        &folder,
        &commands,
        &["-r", "3", "--export-html", "page.html"],
    );
    let rank = |name: &str| {
        let mut lines = answer.stdout.lines();
        let line =
            lines.find(|line| line.contains(&format!(" {name}  ")) && line.contains("100 %"));
        line.unwrap().split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(commands.map(rank), ["1=", "1=", "3"], "{answer:#?}");
    let page = std::fs::read_to_string(folder.path("page.html")).unwrap();
    for ranked in ["1= · sleep 0.05<", "1= · sleep 0.051<", "3 · sleep 0.9<"] {
        assert!(page.contains(ranked), "{ranked}");
    }
}

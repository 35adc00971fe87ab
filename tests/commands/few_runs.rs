//! Few runs of commands, bounds of time and single runs: how often commands are run, and what
//! is told of it.

use crate::support::{Answer, Folder};
use perfkit::Metric;
use perfkit::report::{NoteCode, StopReason, Verdict};

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

/// The ends of the interval at 99.9 % that these times have, computed from its definition.
fn expected_interval(baseline: &[f64], candidate: &[f64]) -> (f64, f64) {
    let logs = |times: &[f64]| times.iter().map(|time| time.ln()).collect::<Vec<f64>>();
    let (a, b) = (logs(baseline), logs(candidate));
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let ranges = [&a, &b, &differences].map(|values| most(values) - least(values));
    let noise = ranges.into_iter().fold(0.45, f64::max);
    let pairs = differences.len() as f64;
    let widening = noise * (2000_f64.powf(1.0 / pairs) / 2.0).ln().max(0.0);
    let ends = (
        least(&differences) - widening,
        most(&differences) + widening,
    );
    (ends.0.exp(), ends.1.exp())
}

/// What so many runs of two commands come to. The interval has to be that of the times.
fn verdict(folder: &Folder, commands: &[&str], runs: &str) -> Verdict {
    let answer = compare(folder, commands, &["-r", runs, "--format", "json"]);
    let report = answer.exits_with(0).report();
    let times = |index: usize| &report.benchmarks[index].metrics[&Metric::WALL_TIME].samples;
    let compared = &report.comparisons[0];
    let ratio = compared.ratio.unwrap();
    let (low, high) = expected_interval(times(0), times(1));
    assert!((ratio.low / low - 1.0).abs() < 1e-9, "{ratio:?}");
    assert!((ratio.high / high - 1.0).abs() < 1e-9, "{ratio:?}");
    assert_eq!(
        compared.verdict == Verdict::Slower,
        low > 1.005,
        "{ratio:?}"
    );
    compared.verdict
}

#[test]
fn a_tenfold_difference_is_found_in_five_runs_and_in_two_quiet_ones() {
    let folder = Folder::new();
    let commands = ["sleep 0.03", "sleep 0.3"];
    for runs in ["5", "2"] {
        // Where other programs keep a command from its CPU, runs are not quiet.
        let mut tries = (0..20).map(|_| verdict(&folder, &commands, runs));
        assert!(tries.any(|verdict| verdict == Verdict::Slower), "{runs}");
    }
}

#[test]
fn few_runs_are_told_to_be_few() {
    let folder = Folder::new();
    compare(&folder, &["true", "true"], &["-r", "5"])
        .exits_with(0)
        .says("99.9 % interval")
        .says("5 runs of each")
        .says("of 5 pairs of runs the interval goes from the smallest to the largest ratio")
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
    // Of two runs and more, on whatever machine.
    if let Some(ratio) = report.comparisons[0].ratio {
        let is_clear = ratio.low > 1.005;
        let is_decided = sampling.stopped == StopReason::Decided;
        assert_eq!(is_clear, is_decided, "{ratio:?}");
        assert_eq!(is_clear, report.comparisons[0].verdict == Verdict::Slower);
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
fn ranks_are_shared_and_the_same_in_a_terminal_and_on_a_page() {
    let folder = Folder::new();
    let commands = ["sleep 0.05", "sleep 0.051", "sleep 0.9"];
    let options = ["-r", "3", "--export-html", "page.html"];
    let answer = compare(&folder, &commands, &options);
    let rank = |name: &str| {
        let mut lines = answer.stdout.lines();
        let is_row = |line: &&str| line.contains(&format!(" {name}  ")) && line.contains("100 %");
        let line = lines.find(is_row).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    let ranks = commands.map(rank);
    let page = std::fs::read_to_string(folder.path("page.html")).unwrap();
    for (rank, command) in ranks.iter().zip(commands) {
        let alike = ranks.iter().filter(|other| *other == rank).count();
        assert!(alike > 1 || !rank.ends_with('='), "{answer:#?}");
        assert!(page.contains(&format!("{rank} · {command}<")), "{rank}");
    }
    // Twofold is nothing that three runs could tell.
    assert!(
        ranks[..2].iter().all(|rank| rank.starts_with('1')),
        "{ranks:?}"
    );
}

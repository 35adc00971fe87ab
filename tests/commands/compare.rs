//! `perfkit compare`, with real commands and real files.

use crate::support::{Answer, Folder, assert_fits_schema, is_gone};
use perfkit::report::{Benchmark, Environment, NoteCode, Report, StopReason, Verdict};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};

/// A script that counts its runs in a file and fails in the fourth.
const FAILS_IN_THE_FOURTH_RUN: &str = "
echo run >> runs
if [ $(wc -l < runs) -eq 4 ]; then
  echo 'first line' >&2
  echo 'disk on fire' >&2
  exit 3
fi";

#[test]
fn a_slower_command_is_called_slower() {
    let folder = Folder::new();
    let answer = folder
        .run([
            "compare",
            "sleep 0.001",
            "sleep 0.2",
            "-r",
            "12",
            "--seed",
            "7",
        ])
        .exits_with(0)
        .says("Slower: `sleep 0.2` takes ")
        .says("99.9 % interval")
        .says("12 runs of each, interleaved in random order (seed 7)");
    assert!(
        answer.stdout.starts_with("Slower: "),
        "the verdict comes first: {answer:#?}"
    );
    assert!(answer.stderr.contains("sleep 0.2: median "), "{answer:#?}");
    assert!(!answer.stdout.contains('\u{1b}'));
}

#[test]
fn the_faster_one_is_called_faster_and_the_baseline_can_be_chosen() {
    let folder = Folder::new();
    let commands = ["compare", "sleep 0.001", "sleep 0.05", "-r", "12"];
    for baseline in ["2", "slow", "sleep 0.05"] {
        let named = ["-n", "quick", "-n", "slow", "--baseline", baseline];
        folder
            .run(commands.into_iter().chain(named))
            .exits_with(0)
            .says(" times as fast as `slow`");
    }
    folder
        .run(commands.into_iter().chain(["--baseline", "3"]))
        .exits_with(2)
        .complains("--baseline `3` is none of the commands")
        .complains("`sleep 0.001`, `sleep 0.05`");
}

#[test]
fn every_run_is_in_the_report_with_its_block_and_resources() {
    let folder = Folder::new();
    let arguments = [
        "compare",
        "true",
        "sleep 0.01",
        "-r",
        "12",
        "--format",
        "json",
        "--seed",
        "3",
    ];
    let answer = folder.run(arguments).exits_with(0);
    assert_fits_schema(&answer.stdout);
    let report = answer.report();
    let sampling = report.sampling.unwrap();
    assert_eq!((sampling.seed, sampling.blocks), (3, 12));
    assert_eq!(sampling.stopped, StopReason::RunsDone);
    for benchmark in &report.benchmarks {
        assert!(benchmark.blocks.iter().copied().eq(0..12));
        assert_eq!(benchmark.successes, 12);
        for metric in [
            Metric::WALL_TIME,
            Metric::CPU_TIME,
            Metric::USER_TIME,
            Metric::SYSTEM_TIME,
            Metric::PEAK_MEMORY,
            Metric::MINOR_PAGE_FAULTS,
            Metric::MAJOR_PAGE_FAULTS,
            Metric::VOLUNTARY_CONTEXT_SWITCHES,
            Metric::INVOLUNTARY_CONTEXT_SWITCHES,
        ] {
            assert_eq!(benchmark.metrics[&metric].samples.len(), 12, "{metric}");
        }
        assert!(benchmark.metrics[&Metric::MINOR_PAGE_FAULTS].min > Some(0.0));
        assert!(benchmark.metrics[&Metric::PEAK_MEMORY].min > Some(100_000.0));
    }
    let compared = &report.comparisons[0];
    assert!(compared.interleaved);
    assert_eq!((compared.pairs, compared.verdict), (12, Verdict::Slower));
    assert!(report.environment.rust.is_some() && report.environment.cores.is_some());
}

#[test]
fn instructions_and_cycles_are_compared_where_the_system_counts_them() {
    let folder = Folder::new();
    let counts_to = |end: u32| {
        let body = format!("i=0; while [ $i -lt {end} ]; do i=$((i+1)); done");
        let script = folder.script(&format!("to-{end}"), &body);
        script.to_str().unwrap().to_owned()
    };
    let (once, twice) = (counts_to(20_000), counts_to(40_000));
    let arguments = ["compare", &once, &twice, "-r", "15", "--seed", "3"];
    let full = ["-v", "--export-json", "out.json"];
    let answer = folder.run(arguments.into_iter().chain(full)).exits_with(0);
    let report = folder.report("out.json");
    let has_note = report
        .notes
        .iter()
        .any(|n| n.code == NoteCode::CountersUnavailable);
    let compared = report.comparisons.iter();
    let mut compared = compared.filter(|c| c.metric == Metric::INSTRUCTIONS);
    let Some(compared) = compared.next() else {
        assert!(has_note, "{answer:#?}");
        answer.says("instructions and cycles were not counted");
        eprintln!("skipped: this machine does not count instructions");
        return;
    };
    assert!(!has_note, "{answer:#?}");
    answer
        .says("`instructions` of ")
        .says(" times that of ")
        .says("Slower: `cycles` of ")
        .says(" cycles  instructions\n");
    assert_eq!((compared.pairs, compared.verdict), (15, Verdict::Slower));
    let ratio = compared.ratio.unwrap();
    assert!(ratio.low > 1.9 && ratio.high < 2.1, "{ratio:?}");
    for (benchmark, steps) in report.benchmarks.iter().zip([20_000.0, 40_000.0]) {
        let counted = &benchmark.metrics[&Metric::INSTRUCTIONS];
        assert!(counted.min.unwrap() > steps, "{counted:?}");
        let spread = counted.max.unwrap() / counted.min.unwrap();
        assert!(spread < 1.05, "{counted:?}");
        let cycles = &benchmark.metrics[&Metric::CYCLES];
        assert_eq!(cycles.samples.len(), 15);
        assert!(cycles.min > Some(0.1 * steps), "{cycles:?}");
    }
}

#[test]
fn commands_take_turns_in_random_blocks() {
    let folder = Folder::new();
    let a = folder.script("a", "echo a >> order");
    let b = folder.script("b", "echo b >> order");
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    folder
        .run(["compare", a, b, "-r", "30", "-w", "2", "--seed", "1"])
        .exits_with(0);
    let order = folder.read("order");
    let turns: Vec<&str> = order.lines().collect();
    assert_eq!(turns.len(), 2 * (30 + 2));
    let blocks: Vec<_> = turns.chunks(2).collect();
    assert!(blocks.iter().all(|block| block[0] != block[1]), "{order}");
    let a_first = blocks.iter().filter(|block| block[0] == "a").count();
    assert!(
        (8..=24).contains(&a_first),
        "a came first in {a_first} of 32 blocks"
    );
}

#[test]
fn a_failing_command_names_the_run_and_keeps_what_was_measured() {
    let folder = Folder::new();
    folder.script("fails", FAILS_IN_THE_FOURTH_RUN);
    let arguments = [
        "compare",
        "./fails",
        "true",
        "-w",
        "0",
        "--export-json",
        "out.json",
    ];
    folder
        .run(arguments)
        .exits_with(5)
        .complains("`./fails`, run 4: exit status 3")
        .complains("  | first line\n  | disk on fire")
        .complains("`-i` goes on")
        .says("stopped because a run failed");
    let report = folder.report("out.json");
    assert_eq!(
        (
            report.benchmarks[0].successes,
            report.benchmarks[0].failures
        ),
        (3, 1)
    );
    assert_eq!(report.benchmarks[0].failed_runs[0].run, Some(4));
    assert_eq!(report.sampling.unwrap().stopped, StopReason::RunFailed);
    assert_fits_schema(&folder.read("out.json"));
}

#[test]
fn a_command_that_is_not_found_is_named() {
    let folder = Folder::new();
    let answer = folder.run(["compare", "no-such-program --flag", "true", "-i"]);
    answer
        .exits_with(5)
        .complains("the program `no-such-program` was not found");
    folder.write("plain", "no program");
    let answer = folder.run(["compare", "./plain", "true"]);
    answer
        .exits_with(5)
        .complains("`./plain` may not be executed");
}

#[test]
fn a_command_that_hangs_is_ended_with_all_of_its_group() {
    let folder = Folder::new();
    // The child of the child would hold the test for a minute if it survived,
    // and it tells its number.
    folder.script(
        "hangs",
        "echo \"about to hang\" >&2\nsleep 61 &\necho $! > pid\nwait",
    );
    folder
        .run([
            "compare",
            "./hangs",
            "true",
            "--timeout",
            "300ms",
            "-w",
            "0",
        ])
        .exits_with(5)
        .complains("`./hangs`, run 1: timed out after 300 ms")
        .complains("  | about to hang");
    assert!(
        is_gone(&folder.read("pid")),
        "the grandchild is still there"
    );
}

#[test]
fn a_command_that_ignores_being_asked_is_made_to_end() {
    let folder = Folder::new();
    folder.script(
        "stubborn",
        "trap '' TERM\necho $$ > pid\nwhile :; do sleep 0.1; done",
    );
    folder
        .run([
            "compare",
            "./stubborn",
            "true",
            "--timeout",
            "300ms",
            "-w",
            "0",
        ])
        .exits_with(5)
        .complains("timed out");
    assert!(is_gone(&folder.read("pid")));
}

#[test]
fn a_gigabyte_of_output_is_no_trouble() {
    let folder = Folder::new();
    let flood = "head -c 1000000000 /dev/zero";
    folder
        .run(["compare", flood, "-r", "1", "-w", "0"])
        .exits_with(0);
    let piped = ["compare", flood, "-r", "1", "-w", "0", "--output", "pipe"];
    folder.run(piped).exits_with(0);
    let noisy = folder.script("noisy", &format!("{flood} | tr '\\0' 'x' >&2\nexit 1"));
    let answer = folder.run(["compare", noisy.to_str().unwrap(), "-r", "1", "-w", "0"]);
    let answer = answer.exits_with(5);
    assert!(
        answer.stderr.len() < 20_000,
        "{} bytes",
        answer.stderr.len()
    );
}

#[test]
fn a_command_killed_by_a_signal_says_which() {
    let folder = Folder::new();
    folder.script("dies", "kill -9 $$");
    folder
        .run(["compare", "./dies", "true", "-w", "0"])
        .exits_with(5)
        .complains("`./dies`, run 1: signal 9 (SIGKILL)");
}

#[test]
fn what_plainly_needs_a_shell_gets_a_hint_and_the_flag_works() {
    let folder = Folder::new();
    folder
        .run(["compare", "echo a | cat", "true"])
        .exits_with(2)
        .complains("has the shell syntax `|`")
        .complains("`-S sh`");
    let through_shell = ["compare", "echo a | cat", "true", "-S", "sh", "-r", "6"];
    folder
        .run(through_shell)
        .exits_with(0)
        .says("the shell's start-up of");
    folder
        .run(["compare", "echo a | cat", "-N", "-r", "2"])
        .exits_with(0);
    folder
        .run(["compare", "true", "-S", "no-such-shell"])
        .exits_with(5)
        .complains("the program `no-such-shell` was not found");
}

#[test]
fn shell_start_up_is_subtracted_only_where_it_is_small() {
    let folder = Folder::new();
    let arguments = ["compare", "true", "-S", "sh", "-r", "5", "--format", "json"];
    let report = folder.run(arguments).exits_with(0).report();
    assert_eq!(report.notes[0].code, NoteCode::ShellNotSubtracted);
    let arguments = [
        "compare",
        "sleep 0.5",
        "-S",
        "sh",
        "-r",
        "3",
        "-w",
        "0",
        "--format",
        "json",
    ];
    let report = folder.run(arguments).exits_with(0).report();
    assert_eq!(report.notes[0].code, NoteCode::ShellSubtracted);
}

#[test]
fn hooks_run_where_they_belong() {
    let folder = Folder::new();
    folder.script("work", "echo work >> log");
    folder
        .run([
            "compare",
            "./work",
            "-r",
            "2",
            "-w",
            "1",
            "--setup",
            "echo setup >> log",
            "--prepare",
            "echo prepare >> log",
            "--conclude",
            "echo conclude >> log",
            "--cleanup",
            "echo cleanup >> log",
        ])
        .exits_with(0);
    let run = "prepare\nwork\nconclude\n";
    assert_eq!(
        folder.read("log"),
        format!("setup\n{run}{run}{run}cleanup\n")
    );
}

#[test]
fn a_failing_hook_is_named() {
    let folder = Folder::new();
    for hook in ["--setup", "--prepare", "--conclude"] {
        let kind = &hook[2..];
        folder
            .run([
                "compare",
                "true",
                "-i",
                "-r",
                "2",
                hook,
                "echo why >&2; exit 4",
            ])
            .exits_with(5)
            .complains(&format!(
                "the {kind} command `echo why >&2; exit 4` ended with exit status 4"
            ))
            .complains("  | why");
    }
    folder
        .run(["compare", "true", "true", "true", "-p", "a", "-p", "b"])
        .exits_with(2)
        .complains("--prepare is given 2 times for 3 commands");
}

#[test]
fn parameters_are_put_in_place() {
    let folder = Folder::new();
    let arguments = [
        "compare",
        "echo {x}{y}",
        "-r",
        "1",
        "-w",
        "0",
        "--format",
        "json",
        "-L",
        "x",
        "a,b",
        "-P",
        "y",
        "0.5",
        "1.5",
        "-D",
        "0.5",
    ];
    let report = folder.run(arguments).exits_with(0).report();
    let names: Vec<_> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "echo a0.5",
            "echo b0.5",
            "echo a1.0",
            "echo b1.0",
            "echo a1.5",
            "echo b1.5"
        ]
    );
    assert_eq!(report.benchmarks[4].parameters["x"], "a");
    assert_eq!(report.benchmarks[4].parameters["y"], "1.5");
    folder
        .run(["compare", "true", "-L", "x", "1,2"])
        .exits_with(2)
        .complains("the parameter `x` is in no command")
        .complains("write {x}");
}

#[test]
fn input_and_output_go_where_they_are_sent() {
    let folder = Folder::new();
    folder.write("in", "some input");
    let arguments = [
        "compare", "cat", "-r", "2", "--input", "in", "--output", "out",
    ];
    folder.run(arguments).exits_with(0);
    assert_eq!(folder.read("out"), "some input");
    let arguments = [
        "compare", "cat", "-r", "1", "-w", "0", "-q", "--input", "in", "--output", "inherit",
    ];
    folder.run(arguments).exits_with(0).says("some input");
    folder
        .run(["compare", "cat", "--input", "missing"])
        .exits_with(4)
        .complains("cannot read missing");
    let arguments = ["compare", "true", "--output", "no/such/folder/out"];
    folder
        .run(arguments)
        .exits_with(4)
        .complains("cannot write no/such/folder/out");
}

#[test]
fn results_are_exported_in_every_format() {
    let folder = Folder::new();
    folder
        .run([
            "compare",
            "true",
            "sleep 0.01",
            "-r",
            "6",
            "--export-json",
            "out.json",
            "--export-markdown",
            "out.md",
            "--export-csv",
            "out.csv",
            "--plot",
            "out.svg",
        ])
        .exits_with(0);
    assert_fits_schema(&folder.read("out.json"));
    assert!(folder.read("out.md").contains("| command | mean |"));
    assert!(
        folder
            .read("out.csv")
            .contains("\nbenchmark,true,wall_time,ns,6,")
    );
    let plot = folder.read("out.svg");
    assert!(plot.contains(">sleep 0.01</text>") && plot.contains(" 6 runs<"));
    for format in ["markdown", "csv"] {
        folder
            .run(["compare", "true", "-r", "1", "--format", format])
            .exits_with(0);
    }
}

#[test]
fn a_result_that_cannot_be_saved_is_refused_before_the_work() {
    let folder = Folder::new();
    folder.script("work", "echo run >> runs");
    let refuse = |arguments: &[&str], complaint: &str| {
        let arguments = ["compare", "./work"].iter().chain(arguments);
        folder.run(arguments).exits_with(2).complains(complaint);
    };
    refuse(
        &["--export-json", "no/such/folder/out.json"],
        "there is no folder no/such/folder",
    );
    refuse(&["--export-csv", "/"], "is a folder");
    refuse(&["--plot", "plot.pdf"], "plots are drawn as SVG");
    assert!(!folder.files().contains(&"runs".to_owned()));
}

#[test]
fn the_same_command_twice_is_two_implementations() {
    let folder = Folder::new();
    let arguments = ["compare", "true", "true", "-r", "6", "--format", "json"];
    let report = folder.run(arguments).exits_with(0).report();
    assert_eq!(report.benchmarks[1].name, "true (2)");
}

#[test]
fn strict_exits_with_3_when_nothing_was_decided() {
    let folder = Folder::new();
    let commands = ["compare", "true", "sleep 0.05", "--strict"];
    folder
        .run(commands.into_iter().chain(["-r", "12"]))
        .exits_with(0);
    let answer = folder.run(commands.into_iter().chain(["-r", "1"]));
    answer
        .exits_with(3)
        .says("cannot be compared: one measurement of each decides nothing");
}

#[test]
fn odd_numbers_are_usage_errors() {
    let folder = Folder::new();
    let refuse = |arguments: &[&str], complaint: &str| {
        let arguments = ["compare", "true"].iter().chain(arguments);
        folder.run(arguments).exits_with(2).complains(complaint);
    };
    refuse(&["-r", "0"], "'--runs <N>': there must be at least 1 run");
    refuse(&["-m", "5", "-M", "3"], "at least 5 and at most 3 runs");
    refuse(&["--timeout", "soon"], "`soon` is not a duration");
    refuse(&["--confidence", "100%"], "no confidence level");
    refuse(&["--frobnicate"], "unexpected argument '--frobnicate'");
    folder.run(["compare"]).exits_with(2).complains("COMMAND");
}

#[test]
fn settings_come_from_the_flag_then_the_environment_then_the_file() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[compare]\nmin_runs = 4\nmax_runs = 4\nwarmup = 0\n",
    );
    let blocks = |extra: &[&str], variables: &[(&str, &str)]| {
        let arguments = ["compare", "true", "--format", "json"].iter().chain(extra);
        let mut command = folder.perfkit(arguments);
        command.envs(variables.iter().copied());
        let report = Answer::of(command).exits_with(0).report();
        report.sampling.unwrap().blocks
    };
    assert_eq!(blocks(&[], &[]), 4);
    let variables = [("PERFKIT_MIN_RUNS", "3"), ("PERFKIT_MAX_RUNS", "3")];
    assert_eq!(blocks(&[], &variables), 3);
    assert_eq!(blocks(&["-r", "2"], &variables), 2);
    folder.write("perfkit.toml", "[compare]\nmin_rnus = 4\n");
    folder
        .run(["compare", "true"])
        .exits_with(2)
        .complains("perfkit.toml:2:1")
        .complains("did you mean `min_runs`?");
}

#[test]
fn saved_reports_are_compared_and_marked() {
    let folder = Folder::new();
    for (file, typical_ns) in [("before.json", 1e6), ("after.json", 5e7)] {
        let times = (0..20).map(|run| typical_ns * (1.0 + 0.01 * f64::from(run)));
        let mut benchmark = Benchmark::new("nap");
        benchmark.successes = 20;
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, times.collect());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        let mut report = Report::new(Environment::detect("os_monotonic"));
        report.benchmarks.push(benchmark);
        report.save(folder.path(file)).unwrap();
    }
    folder
        .run(["compare", "before.json", "after.json"])
        .exits_with(0)
        .says(" times as long as the baseline")
        .says("nap (baseline)")
        .says("not measured in turn");
    let answer = folder.run(["compare", "before.json", "after.json", "--format", "json"]);
    assert!(answer.report().comparisons.iter().all(|c| !c.interleaved));
    assert_fits_schema(&answer.stdout);
    folder
        .run(["compare", "before.json", "missing.json"])
        .exits_with(4)
        .complains("cannot open missing.json");
    folder
        .run(["compare", "before.json", "after.json", "before.json"])
        .exits_with(2)
        .complains("given: 3");
}

#[test]
fn hostile_names_are_inert_in_every_format() {
    let folder = Folder::new();
    let name = "=cmd|<script>\u{1b}[31m\u{202e}`x`";
    let run = |format: &str| {
        let arguments = ["compare", "true", "-n", name, "-r", "2", "--format", format];
        folder.run(arguments).exits_with(0).stdout
    };
    for format in ["human", "markdown", "csv"] {
        let text = run(format);
        if format != "csv" {
            assert!(
                !text.contains('\u{1b}') && !text.contains('\u{202e}'),
                "{text:?}"
            );
        }
        assert!(format != "markdown" || !text.contains("<script>"), "{text}");
        assert!(
            !text.contains("\nbenchmark,=") && !text.contains("\nbenchmark,\"="),
            "{text}"
        );
    }
    assert!(run("json").contains("\\u001b"));
}

#[test]
fn progress_goes_to_standard_error_and_quiet_silences_it() {
    let folder = Folder::new();
    let answer = folder
        .run(["compare", "true", "-r", "2", "-q"])
        .exits_with(0);
    assert_eq!(answer.stderr, "");
    let answer = folder.run(["compare", "true", "-r", "2"]).exits_with(0);
    assert!(answer.stderr.starts_with("true: median "), "{answer:#?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    let mut command = folder.perfkit(["compare", "true", "-r", "2"]);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let answer = Answer::from(child.wait_with_output().unwrap());
    let answer = answer.exits_with(0);
    assert!(!answer.stderr.contains("error"), "{answer:#?}");
}

#[test]
fn verbose_shows_every_metric() {
    let folder = Folder::new();
    let arguments = ["compare", "true", "sleep 0.01", "-r", "6", "-v"];
    folder
        .run(arguments)
        .exits_with(0)
        .says("minor faults")
        .says("CPU time");
}

#[test]
fn colours_are_used_when_asked_for() {
    let folder = Folder::new();
    let arguments = [
        "--color",
        "always",
        "compare",
        "true",
        "sleep 0.05",
        "-r",
        "12",
    ];
    let answer = folder.run(arguments).exits_with(0);
    assert!(
        answer
            .stdout
            .contains("\u{1b}[1m\u{1b}[31mSlower\u{1b}[0m: `sleep 0.05` takes "),
        "{answer:?}"
    );
    let mut command = folder.perfkit(["compare", "true", "-r", "2"]);
    command.env("NO_COLOR", "1");
    assert!(!Answer::of(command).stdout.contains('\u{1b}'));
}

#[test]
fn a_result_that_cannot_be_saved_costs_no_other() {
    let folder = Folder::new();
    let arguments = [
        "compare",
        "true",
        "-r",
        "3",
        "--export-json",
        "/dev/full",
        "--export-csv",
        "out.csv",
    ];
    let answer = folder.run(arguments).exits_with(4);
    let answer = answer.complains("cannot write /dev/full");
    assert!(answer.stdout.contains("true"), "{answer:#?}");
    assert!(folder.read("out.csv").contains("wall_time"));
    let arguments = [
        "compare",
        "true",
        "--export-json",
        "x",
        "--export-markdown",
        "x",
    ];
    folder
        .run(arguments)
        .exits_with(2)
        .complains("two results cannot go to one file, x");
}

#[test]
fn a_command_that_stops_itself_or_wants_the_terminal_does_not_hang_everything() {
    let folder = Folder::new();
    folder.script("stops", "kill -STOP $$");
    folder
        .run(["compare", "./stops", "true", "-w", "0"])
        .exits_with(5)
        .complains("`./stops`, run 1: was stopped by signal 19 (SIGSTOP)");
}

#[test]
fn when_no_run_could_be_timed_that_is_an_error_and_still_shown() {
    let folder = Folder::new();
    folder
        .run([
            "compare",
            "-i",
            "sleep 50",
            "sleep 60",
            "--timeout",
            "1ms",
            "-r",
            "3",
            "--export-json",
            "out.json",
        ])
        .exits_with(5)
        .says("0 %")
        .complains("no run of any command succeeded");
    assert_eq!(folder.report("out.json").benchmarks[0].failures, 3);
}

#[test]
fn the_failure_that_ended_it_is_the_one_that_is_told() {
    let folder = Folder::new();
    folder.script(
        "prepare",
        "echo x >> n; [ $(wc -l < n) -lt 4 ] || { echo 'disk full' >&2; exit 7; }",
    );
    folder
        .run([
            "compare",
            "-i",
            "false",
            "true",
            "-w",
            "0",
            "-r",
            "8",
            "-p",
            "true",
            "-p",
            "./prepare",
        ])
        .exits_with(5)
        .complains("the prepare command `./prepare` ended with exit status 7")
        .complains("  | disk full");
}

#[test]
fn reports_and_commands_are_not_mixed_up() {
    let folder = Folder::new();
    for file in ["before it.json", "after.json"] {
        folder
            .run(["compare", "true", "-r", "3", "--export-json", file])
            .exits_with(0);
    }
    folder
        .run(["compare", "before it.json", "after.json"])
        .exits_with(0)
        .says("not measured in turn");
    folder
        .run(["compare", "before it.json", "true"])
        .exits_with(2)
        .complains("commands and report files cannot be compared with each other");
    folder
        .run(["compare", "before it.json", "after.json", "-r", "50"])
        .exits_with(2)
        .complains("--runs is for commands");
}

#[test]
fn a_nearer_setting_overrides_its_opposite_from_farther_away() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[compare]\nmax_runs = 4\n[[budget]]\noperation = 7\n",
    );
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = ["compare", "true", "--format", "json"]
            .iter()
            .chain(arguments);
        let mut command = folder.perfkit(arguments);
        command.envs(variables.iter().copied());
        Answer::of(command)
    };
    let blocks = |answer: Answer| answer.exits_with(0).report().sampling.unwrap().blocks;
    assert_eq!(blocks(run(&["-m", "6", "--time", "0"], &[])), 6);
    let variables = [("PERFKIT_SHELL", "sh"), ("PERFKIT_TIME", "")];
    assert_eq!(blocks(run(&["-N", "-r", "2"], &variables)), 2);
    run(&[], &[("PERFKIT_TIME", "soon")])
        .exits_with(2)
        .complains("the variable PERFKIT_TIME: `soon` is not a duration");
}

#[test]
fn hostile_reports_are_inert_in_error_messages() {
    let folder = Folder::new();
    let run = [
        "compare",
        "true",
        "-r",
        "1",
        "-w",
        "0",
        "--export-json",
        "ok.json",
    ];
    folder.run(run).exits_with(0);
    let hostile = folder.read("ok.json").replacen(
        "\"unit\": \"ns\"",
        "\"unit\": \"\\u001b[31m\\n::error file=app.js::pwned\"",
        1,
    );
    folder.write("hostile.json", &hostile);
    let answer = folder.run(["report", "hostile.json"]).exits_with(4);
    assert!(!answer.stderr.contains('\u{1b}'), "{answer:?}");
    assert!(!answer.stderr.contains("\n::error"), "{answer:?}");
    let name = "\u{1b}]0;pwned\u{7}.json";
    let answer = folder.run(["report", name]).exits_with(4);
    assert!(!answer.stderr.contains('\u{1b}'), "{answer:?}");
}

#[test]
fn several_candidates_share_the_chance_of_an_error() {
    let folder = Folder::new();
    let arguments = [
        "compare", "true", "true", "true", "-r", "12", "--format", "json",
    ];
    let report = folder.run(arguments).exits_with(0).report();
    let confidence = report.comparisons[0].ratio.unwrap().confidence;
    assert!((confidence - 0.9995).abs() < 1e-9, "{confidence}");
}

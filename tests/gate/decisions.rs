//! `perfkit gate`: budgets and regressions, decided by intervals.

use std::future::Future as _;
use std::time::Duration;

use crate::support::{Answer, Folder, assert_fits_schema};
use perfkit::compare::{ComparisonSet, VerdictRules, compare_set};
use perfkit::report::{Benchmark, Environment, GateOutcome, OneSided, Shard};
use perfkit::unit::Unit;
use perfkit::{Direction, Metric, MetricSummary, MockClock, Monitor, Report};

/// A candidate that takes 6 % longer, and the baseline's second run, which swings
/// about the first by so much.
fn save_with_null(folder: &Folder, file: &str, swing: f64) {
    let benchmark = |name: &str, value: &dyn Fn(f64) -> f64| {
        let mut benchmark = Benchmark::new(name);
        benchmark.successes = 40;
        benchmark.blocks = (0..40).collect();
        let times = (0..40).map(|run| 10e6 * value(f64::from(run))).collect();
        let times = MetricSummary::from_samples(Unit::Nanoseconds, times);
        benchmark.metrics.insert(Metric::WALL_TIME, times);
        benchmark
    };
    let mut report = Report::new(Environment::detect("mock"));
    report.benchmarks = vec![
        benchmark("old", &|run| 1.0 + 0.001 * (2.3 * run).sin()),
        benchmark("new", &|run| 1.06 + 0.001 * (1.7 * run).sin()),
        benchmark("old (A/A control)", &|run| 1.0 + swing * (1.1 * run).sin()),
    ];
    report.benchmarks[2].control_of = Some("old".to_owned());
    let mut set = ComparisonSet::against(0, vec!["old".to_owned(), "new".to_owned()]);
    set.add_control(0);
    let (time, rules) = ([Metric::WALL_TIME], VerdictRules::default());
    report.comparisons = compare_set(&report.benchmarks, &set, &time, &rules);
    report.save(folder.path(file)).unwrap();
}

/// Bench programs of which each compares its `sum/loop` with its `sum/fold`.
#[test]
fn what_is_slower_in_the_second_program_with_the_name_is_found() {
    let folder = Folder::new();
    let mut report = Report::new(Environment::detect("mock"));
    let mut set = ComparisonSet::default();
    for (program, slowdown) in [("a", 1.0), ("b", 1.5)] {
        let names = ["sum/loop", "sum/fold"].map(str::to_owned);
        for (name, factor) in names.iter().zip([1.0, slowdown]) {
            save_benchmark(&folder, "one.json", name, factor);
            let mut one = folder.report("one.json").benchmarks.remove(0);
            one.program = Some(program.to_owned());
            report.benchmarks.push(one);
        }
        set.append(&ComparisonSet::against(0, names.into()));
    }
    let (time, rules) = ([Metric::WALL_TIME], VerdictRules::default());
    report.comparisons = compare_set(&report.benchmarks, &set, &time, &rules);
    report.save(folder.path("both.json")).unwrap();
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"sum/*\"\nmax_slowdown = \"5%\"\n",
    );
    let gated = folder.run(["gate", "both.json", "--format", "json"]);
    assert_fits_schema(&gated.stdout);
    folder
        .run(["gate", "both.json"])
        .exits_with(1)
        .says(" pass    sum/fold (a)  at most 5 % slower  takes 1.000 times as long")
        .says(" FAIL    sum/fold (b)  at most 5 % slower  takes 1.500 times as long");
    // What another report has of it is not gone; that of another program is no substitute.
    report.only_in_baseline = ["a", "c"]
        .map(|program| OneSided::new("sum/fold", Some(program)))
        .into();
    report.save(folder.path("gone.json")).unwrap();
    assert_fits_schema(&folder.read("gone.json"));
    let loaded = folder.report("gone.json").only_in_baseline;
    assert_eq!(loaded, report.only_in_baseline);
    let answer = folder.run(["gate", "gone.json", "both.json"]).exits_with(1);
    assert!(
        !answer
            .stdout
            .contains("sum/fold (a)  at most 5 % slower  gone")
    );
    answer.says(" warning  sum/fold (c)  at most 5 % slower  gone: only the baseline has it");
}

/// 1000 calls of 1 to 1000 ms of `checkout::pay`, a few of them failed.
fn save_operations(folder: &Folder, name: &str, failures: u64) {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for ms in 1..=1000 {
        monitor.measure("checkout::pay", || clock.advance(Duration::from_millis(ms)));
    }
    for _ in 0..failures {
        let _ = monitor.try_measure("checkout::pay", || Err::<(), _>("refused"));
    }
    Report::from_snapshot(monitor.snapshot())
        .save(folder.path(name))
        .unwrap();
}

#[test]
fn no_name_makes_a_slowdown_pass() {
    for suffix in [" (again)", " (A/A control)", " (2)", " (before)", "@HEAD"] {
        let folder = Folder::new();
        let name = format!("x{suffix}");
        let commands = ["sleep 0.01", "sleep 0.02"];
        let names = [
            "-n",
            "x",
            "-n",
            &name,
            "-r",
            "15",
            "--export-json",
            "r.json",
        ];
        folder
            .run([&["compare"][..], &names, &commands].concat())
            .exits_with(0);
        folder.write(
            "perfkit.toml",
            "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"3%\"\n",
        );
        let answer = folder.run(["gate", "r.json"]).exits_with(1);
        answer.says(&name);
    }
}

/// Two benchmarks with the same times.
fn save_two(folder: &Folder, file: &str, names: [&str; 2], factor: f64) {
    save_benchmark(folder, file, names[0], factor);
    let mut report = Report::load(folder.path(file)).unwrap();
    let mut second = report.benchmarks[0].clone();
    names[1].clone_into(&mut second.name);
    report.benchmarks.push(second);
    report.save(folder.path(file)).unwrap();
}

/// A benchmark whose times are `factor` times some steady noise around 10 ms.
fn save_benchmark(folder: &Folder, file: &str, name: &str, factor: f64) {
    let mut benchmark = Benchmark::new(name);
    let noise = |run: u32| 1.0 + 0.001 * f64::from(run % 7);
    let times: Vec<f64> = (0..200).map(|run| 10e6 * factor * noise(run)).collect();
    benchmark.successes = 200;
    benchmark.blocks = (0..200).collect();
    let memory = MetricSummary::from_samples(Unit::Bytes, vec![250e6; 200]);
    benchmark.metrics.insert(Metric::PEAK_MEMORY, memory);
    let times = MetricSummary::from_samples(Unit::Nanoseconds, times);
    benchmark.metrics.insert(Metric::WALL_TIME, times);
    let mut report = Report::new(Environment::detect("mock"));
    report.benchmarks.push(benchmark);
    report.save(folder.path(file)).unwrap();
}

fn gate(budget: &str) -> Answer {
    let folder = Folder::new();
    save_operations(&folder, "report.json", 2);
    folder.write(
        "perfkit.toml",
        &format!("[[budget]]\noperation = \"checkout::*\"\n{budget}\n"),
    );
    folder.run(["gate", "report.json"])
}

#[test]
fn a_budget_that_holds_passes() {
    let answer = gate("p95 = \"< 1s\"\nsuccess_rate = \">= 99%\"\nthroughput = \">= 1/s\"");
    answer
        .exits_with(0)
        .says("Gate passed: 3 of 3 checks passed.")
        .says("p95 < 1.000 s");
}

#[test]
fn every_violation_is_listed_and_violations_come_first() {
    let answer = gate(
        "mean = \"< 100ms\"\nmedian = \"< 100ms\"\np95 = \"< 1s\"\np99 = \"< 100ms\"\nmax = \"<= 1s\"\nthroughput = \">= 100k/s\"",
    )
    .exits_with(1)
    .says("Gate failed: 4 of 6 checks failed.");
    let results: Vec<_> = answer
        .stdout
        .lines()
        .skip(3)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(results, ["FAIL", "FAIL", "FAIL", "FAIL", "pass", "pass"]);
}

#[test]
fn what_the_sample_cannot_support_is_inconclusive() {
    // 998.0 of 1000 ms is close to p99's upper bound at 99 %.
    gate("p99 = \"< 992ms\"")
        .exits_with(0)
        .says("Gate inconclusive: 1 of 1 checks could not be decided.")
        .says("too few values to be sure");
    gate("success_rate = \">= 99.8%\"")
        .exits_with(0)
        .says("inconclusive");
    let strict = "p99 = \"< 992ms\"\n[gate]\ninconclusive = \"fail\"";
    gate(strict)
        .exits_with(1)
        .says("`inconclusive` is \"fail\"");
    let folder = Folder::new();
    save_operations(&folder, "report.json", 2);
    let bounds = "p99 = \"< 992ms\"\np95 = \"< 1s\"\n";
    folder.write(
        "perfkit.toml",
        &format!("[[budget]]\noperation = \"checkout::*\"\n{bounds}"),
    );
    folder
        .run(["gate", "report.json"])
        .exits_with(0)
        .says("Gate passed: 1 of 2 checks passed; 1 could not be decided.");
    folder
        .run(["gate", "report.json", "--strict"])
        .exits_with(1);
}

/// A rate leaves nobody out unless that is asked for.
#[test]
fn panics_and_cancellations_are_no_success() {
    let folder = Folder::new();
    let monitor = Monitor::new();
    for _ in 0..900 {
        monitor.measure("pay", || ());
    }
    for _ in 0..50 {
        let panics = || monitor.measure("pay", || std::panic::resume_unwind(Box::new(())));
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
        let never = std::pin::pin!(monitor.measure_async("pay", std::future::pending::<()>()));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(never.poll(&mut context).is_pending());
    }
    let report = Report::from_snapshot(monitor.snapshot());
    let calls = report.operations[0].lifetime.calls;
    assert_eq!((calls.success, calls.panic, calls.cancelled), (900, 50, 50));
    report.save(folder.path("report.json")).unwrap();
    let judge = |bounds: &str| {
        let budget = format!("[[budget]]\noperation = \"pay\"\n{bounds}\n");
        folder.write("perfkit.toml", &budget);
        folder.run(["gate", "report.json"])
    };
    judge("success_rate = \">= 93%\"")
        .exits_with(1)
        .says("90 % (between ");
    judge("success_rate = \">= 92%\"\ncount_cancelled = false").exits_with(0);
    judge("error_rate = \"<= 7%\"")
        .exits_with(1)
        .says("10 % (between ");
    judge("error_rate = \"<= 13%\"").exits_with(0);
    judge("panics = \"< 50\"").exits_with(1);
    judge("panics = \"<= 50\"\ncancellations = \"<= 50\"").exits_with(0);
}

#[test]
fn a_pattern_that_matches_nothing_is_told() {
    let folder = Folder::new();
    save_operations(&folder, "report.json", 0);
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"chekcout::*\"\np95 = \"< 1s\"\n",
    );
    folder
        .run(["gate", "report.json"])
        .exits_with(2)
        .says("Gate incomplete: 1 of 1 checks could not be made.")
        .says("no operation matches; did you mean `checkout::pay`?");
    let empty = Report::from_snapshot(Monitor::new().snapshot());
    empty.save(folder.path("empty.json")).unwrap();
    folder
        .run(["gate", "empty.json"])
        .exits_with(4)
        .says("the report has no operations");
    // What is broken counts more than what could not be checked.
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"chekcout::*\"\np95 = \"< 1s\"\n[[budget]]\noperation = \"*\"\np95 = \"< 1ms\"\n",
    );
    folder.run(["gate", "report.json"]).exits_with(1);
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\nmetric = \"execution_tiem\"\nmax = \"< 1s\"\n",
    );
    folder
        .run(["gate", "report.json"])
        .exits_with(2)
        .says("nobody measured execution_tiem; did you mean `execution_time`?");
}

#[test]
fn levels_warn_before_the_bound_breaks() {
    let folder = Folder::new();
    save_benchmark(&folder, "report.json", "parse", 1.0);
    let budget = |max: &str| {
        let text = format!(
            "[[budget]]\nbenchmark = \"parse\"\npeak_memory = {{ max = \"{max}\", warn = \"80%\", critical = \"90%\" }}\n"
        );
        folder.write("perfkit.toml", &text);
        folder.run(["gate", "report.json"])
    };
    budget("400MB")
        .exits_with(0)
        .says("Gate passed: 1 of 1 checks passed.");
    budget("300MB").exits_with(0).says("close to the bound");
    budget("260MB")
        .exits_with(0)
        .says("critically close to the bound");
    budget("240MB").exits_with(1).says("FAIL");
}

#[test]
fn a_regression_is_decided_by_the_interval() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"3%\"\n",
    );
    save_benchmark(&folder, "before.json", "parse", 1.0);
    let judge = |factor: f64| {
        save_benchmark(&folder, "after.json", "parse", factor);
        folder.run(["gate", "after.json", "--baseline", "before.json"])
    };
    judge(0.80)
        .exits_with(0)
        .says("pass")
        .says("at most 3 % slower");
    // Bare ratios of 1.04 and 1.10 would be violations; with one session on a side, which
    // differs from the next by up to about 12 %, no less than 15 % is told apart.
    for unsure in [1.001, 1.04, 1.10] {
        judge(unsure).exits_with(0).says("inconclusive");
    }
    judge(1.30)
        .exits_with(1)
        .says("FAIL")
        .says("takes 1.300 times as long");
}

/// A candidate of which a metric is that many times as much, and never varies.
fn save_counted(folder: &Folder, metric: &Metric, direction: Direction, counts: (f64, f64)) {
    save_with_null(folder, "counted.json", 0.001);
    let mut report = folder.report("counted.json");
    let (before, after) = counts;
    for (benchmark, count) in report.benchmarks.iter_mut().zip([before, after, before]) {
        let mut summary = MetricSummary::from_samples(Unit::Count, vec![count; 40]);
        summary.direction = direction;
        benchmark.metrics.insert(metric.clone(), summary);
    }
    report.save(folder.path("counted.json")).unwrap();
}

#[test]
fn a_regression_may_be_of_any_metric() {
    let folder = Folder::new();
    let rule = |metric: &str| {
        let rule = format!(
            "[[regression]]\nbenchmark = \"*\"\nmetric = \"{metric}\"\nmax_slowdown = \"1%\"\n"
        );
        folder.write("perfkit.toml", &rule);
        folder.run(["gate", "counted.json"])
    };
    let cycles = |before: f64, after: f64| {
        save_counted(
            &folder,
            &Metric::CYCLES,
            Direction::LowerIsBetter,
            (before, after),
        );
        rule("cycles")
    };
    // Its times are 6 % longer, which the rule is not about.
    cycles(1e6, 1.005e6)
        .exits_with(0)
        .says("pass")
        .says("cycles at most 1 % worse");
    cycles(1e6, 1.02e6)
        .exits_with(1)
        .says("1.020 times as much (between 1.020 and 1.020)");
    save_counted(
        &folder,
        &Metric::ALLOCATIONS,
        Direction::LowerIsBetter,
        (0.0, 3.0),
    );
    rule("allocations")
        .exits_with(1)
        .says("allocations was 0 and is 3, in every run");
    save_counted(
        &folder,
        &Metric::THROUGHPUT,
        Direction::HigherIsBetter,
        (100.0, 90.0),
    );
    rule("throughput").exits_with(1).says("0.900 times as much");
    save_counted(
        &folder,
        &Metric::THROUGHPUT,
        Direction::HigherIsBetter,
        (100.0, 110.0),
    );
    rule("throughput").exits_with(0).says("pass");
    save_counted(&folder, &Metric::ITEMS, Direction::Unknown, (1.0, 2.0));
    rule("items")
        .exits_with(0)
        .says("inconclusive")
        .says("nobody said which values of items are good");
    let answer = rule("no_such_metric")
        .exits_with(2)
        .says("nobody measured no_such_metric; there are `items`, `wall_time`");
    assert!(!answer.stdout.contains("--control"), "{answer:#?}");
}

#[test]
fn what_only_one_side_has_is_told_and_missing_decides() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"20%\"\n",
    );
    save_two(&folder, "before.json", ["parse", "old name"], 1.0);
    save_two(&folder, "after.json", ["parse", "new name"], 1.01);
    let judge = || folder.run(["gate", "after.json", "--baseline", "before.json"]);
    judge()
        .exits_with(0)
        .says("Gate passed: 2 of 3 checks passed; 1 with a warning.")
        .says("new: the baseline does not have it, so there is nothing to compare")
        .says("gone: only the baseline has it");
    let rule = |missing: &str, name: &str| {
        let rule = format!("[[regression]]\nbenchmark = \"{name}\"\nmax_slowdown = \"20%\"\n");
        folder.write("perfkit.toml", &format!("{missing}{rule}"));
    };
    rule("", "old name");
    judge().exits_with(1).says("gone: only the baseline has it");
    for (missing, code) in [("fail", 1), ("warn", 0), ("pass", 0)] {
        rule(&format!("[gate]\nmissing = \"{missing}\"\n"), "*");
        judge().exits_with(code);
    }
    // One report may lack what another holds.
    rule("", "old name");
    save_benchmark(&folder, "other.json", "old name", 1.01);
    folder
        .run([
            "gate",
            "after.json",
            "other.json",
            "--baseline",
            "before.json",
        ])
        .exits_with(0)
        .says("Gate passed: 1 of 1 checks");
    folder
        .run(["gate", "after.json"])
        .exits_with(2)
        .says("there is no baseline to compare with");
}

#[test]
fn what_the_machine_makes_of_one_thing_is_no_regression() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"new\"\nmax_slowdown = \"3%\"\n",
    );
    save_with_null(&folder, "steady.json", 0.001);
    folder
        .run(["gate", "steady.json"])
        .exits_with(1)
        .says("takes 1.060 times as long");
    save_with_null(&folder, "noisy.json", 0.4);
    folder
        .run(["gate", "noisy.json"])
        .exits_with(0)
        .says("inconclusive")
        .says("run against itself, up to");
}

#[test]
fn a_comparison_is_gated_by_its_own_pairs() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"50%\"\n[[regression]]\nbenchmark = \"sleep*\"\nmax_slowdown = \"60%\"\n",
    );
    let arguments = [
        "compare",
        "true",
        "sleep 0.3",
        "-r",
        "10",
        "--export-json",
        "out.json",
    ];
    folder.run(arguments).exits_with(0);
    let answer = folder.run(["gate", "out.json"]).exits_with(1);
    let answer = answer.says("sleep 0.3");
    let asks = answer.stdout.matches("`perfkit compare --control` does");
    assert_eq!(asks.count(), 1, "{answer:#?}");
    let arguments = [
        "compare",
        "true",
        "sleep 0.3",
        "-r",
        "10",
        "--baseline",
        "2",
        "--export-json",
        "out.json",
    ];
    folder.run(arguments).exits_with(0);
    folder
        .run(["gate", "out.json"])
        .exits_with(2)
        .says("sleep 0.3 is what the others are compared with")
        .says("pass");
}

#[test]
fn the_configuration_is_found_upwards_or_named() {
    let folder = Folder::new();
    save_operations(&folder, "report.json", 0);
    folder
        .run(["gate", "report.json"])
        .exits_with(2)
        .complains("there is no perfkit.toml")
        .complains("[[budget]]");
    folder.write(
        "other.toml",
        "[[budget]]\noperation = \"*\"\np95 = \"< 1s\"\n",
    );
    folder
        .run(["gate", "report.json", "--config", "other.toml"])
        .exits_with(0);
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\np95 = \"< 1ms\"\n",
    );
    std::fs::create_dir(folder.path("inner")).unwrap();
    let mut command = folder.perfkit(["gate", "../report.json"]);
    command.current_dir(folder.path("inner"));
    Answer::of(command).exits_with(1);
    folder.write("perfkit.toml", "");
    folder
        .run(["gate", "report.json"])
        .exits_with(2)
        .complains("no [[budget]]");
}

#[test]
fn mistakes_in_the_configuration_have_a_place_and_a_cure() {
    let folder = Folder::new();
    save_operations(&folder, "report.json", 0);
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\np59 = \"< 100ms\"\n",
    );
    folder
        .run(["gate", "report.json"])
        .exits_with(2)
        .complains("unknown field `p59`")
        .complains("perfkit.toml:3:1")
        .complains("3 | p59 = \"< 100ms\"")
        .complains("  | ^^^")
        .complains("did you mean `p95`?");
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\np95 = \"< 100 parsecs\"\n",
    );
    folder
        .run(["gate", "report.json"])
        .exits_with(2)
        .complains("`100 parsecs` is not a duration such as 250us, 100ms or 2s")
        .complains("perfkit.toml:3:7");
}

#[test]
fn a_report_that_cannot_be_read_exits_with_4() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\np95 = \"< 1s\"\n",
    );
    folder
        .run(["gate", "missing.json"])
        .exits_with(4)
        .complains("missing.json");
    folder.write("bad.json", "{}");
    folder
        .run(["gate", "bad.json"])
        .exits_with(4)
        .complains("no perfkit report");
}

#[test]
fn the_result_is_a_report_and_a_page_of_the_workflow() {
    let folder = Folder::new();
    save_operations(&folder, "report.json", 0);
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\np95 = \"< 1ms\"\n",
    );
    let mut command = folder.perfkit(["gate", "report.json", "--format", "json"]);
    command.env("GITHUB_STEP_SUMMARY", folder.path("summary.md"));
    let answer = Answer::of(command).exits_with(1);
    assert_fits_schema(&answer.stdout);
    assert_eq!(answer.report().gate.unwrap().outcome, GateOutcome::Fail);
    let page = folder.read("summary.md");
    assert!(
        page.starts_with("**Gate failed:** 1 of 1 checks failed."),
        "{page}"
    );
    assert!(
        page.contains("| FAIL | checkout::pay | p95 &lt; 1.000 ms |"),
        "{page}"
    );

    let mut command = folder.perfkit(["gate", "report.json"]);
    command.env("GITHUB_STEP_SUMMARY", "/no/such/folder/summary.md");
    Answer::of(command)
        .exits_with(1)
        .complains("GITHUB_STEP_SUMMARY");
}

/// One call writes every form, also where the gate fails, and nothing is judged where one
/// of them could not be written.
#[test]
fn a_failed_gate_is_saved_in_every_form() {
    let folder = Folder::new();
    save_benchmark(&folder, "report.json", "parse", 1.0);
    folder.write(
        "perfkit.toml",
        "[[budget]]\nbenchmark = \"*\"\nmean = \"< 1ms\"\n",
    );
    let forms = [
        ("--export-result", "result.json"),
        ("--export-markdown", "result.md"),
        ("--export-csv", "result.csv"),
        ("--export-html", "page.html"),
        ("--export-junit", "junit.xml"),
        ("--output", "result.txt"),
    ];
    let call = |forms: &[(&'static str, &'static str)]| {
        let forms = forms.iter().flat_map(|(flag, file)| [*flag, *file]);
        folder.run(["gate", "report.json"].into_iter().chain(forms))
    };
    let answer = call(&forms).exits_with(1);
    assert_eq!(answer.stdout, "", "it went to a file");
    assert_fits_schema(&folder.read("result.json"));
    let saved = folder.report("result.json");
    assert_eq!(saved.gate.unwrap().outcome, GateOutcome::Fail);
    assert!(saved.benchmarks.is_empty(), "the result is the gate's");
    let junit = folder.read("junit.xml");
    let junit = roxmltree::Document::parse(&junit).unwrap();
    assert_eq!(junit.root_element().attribute("failures"), Some("1"));
    let begins = [
        ("result.md", "**Gate failed:**"),
        ("result.csv", "outcome,subject,rule,measured"),
        ("result.txt", "Gate failed:"),
        ("page.html", "<!doctype html>"),
    ];
    for (file, begin) in begins {
        assert!(folder.read(file).starts_with(begin), "{file}");
    }
    let page = folder.read("page.html");
    assert!(page.contains("Gate failed") && page.contains("<svg"));

    folder.write("perfkit.toml", "no rules, so that reading them fails\n");
    call(&[("--export-junit", "no/such/folder/junit.xml")])
        .exits_with(2)
        .complains("there is no folder no/such/folder");
    call(&[("--export-csv", "one"), ("--output", "one")])
        .exits_with(2)
        .complains("two results cannot go to one file, one");
}

#[test]
fn memory_that_is_perfkit_s_own_is_not_held_against_a_command() {
    let folder = Folder::new();
    let arguments = ["compare", "true", "-r", "3", "--format", "json"];
    let answer = folder.run_without_spawner(arguments).exits_with(0);
    folder.write("out.json", &answer.stdout);
    let judge = |limit: &str| {
        let text = format!("[[budget]]\nbenchmark = \"true\"\npeak_memory = \"< {limit}\"\n");
        folder.write("perfkit.toml", &text);
        folder.run(["gate", "out.json"])
    };
    judge("100kB")
        .exits_with(0)
        .says("inconclusive")
        .says("(at most ");
    judge("1GB").exits_with(0).says("pass");
}

#[test]
fn a_gate_that_compares_nothing_has_decided_nothing() {
    let folder = Folder::new();
    let rule = "[gate]\ninconclusive = \"fail\"\n[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"5%\"\n";
    folder.write("perfkit.toml", rule);
    save_benchmark(&folder, "before.json", "old name", 1.0);
    save_benchmark(&folder, "after.json", "new name", 1.0);
    folder
        .run(["gate", "after.json", "--baseline", "before.json"])
        .exits_with(4)
        .says("have none in common; only the baseline has `old name`");
}

#[test]
fn what_failed_is_no_throughput() {
    let folder = Folder::new();
    let monitor = Monitor::new();
    for _ in 0..8 {
        let _ = monitor.try_measure("work", || Err::<(), _>("no"));
    }
    Report::from_snapshot(monitor.snapshot())
        .save(folder.path("report.json"))
        .unwrap();
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\nthroughput = \">= 1/s\"\n",
    );
    folder
        .run(["gate", "report.json"])
        .exits_with(1)
        .says("FAIL");
}

#[test]
fn findings_are_written_as_csv_and_pages_keep_apart() {
    let folder = Folder::new();
    save_operations(&folder, "report.json", 0);
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\np95 = \"< 1ms\"\n",
    );
    for _ in 0..2 {
        let mut command = folder.perfkit(["gate", "report.json", "--format", "csv"]);
        command.env("GITHUB_STEP_SUMMARY", folder.path("summary.md"));
        Answer::of(command)
            .exits_with(1)
            .says("outcome,subject,rule,measured\nfail,checkout::pay,p95 < 1.000 ms,");
    }
    assert!(
        folder
            .read("summary.md")
            .contains("|\n\n\n**Gate failed:**")
    );
}

/// An option of benchmarks has no effect on commands, and is refused.
#[test]
fn options_of_benchmarks_are_not_for_commands() {
    let folder = Folder::new();
    for option in [
        &["--package", "a"][..],
        &["--workspace"],
        &["--bench-target", "b"],
        &["--features", "c"],
        &["--bench", "d"],
    ] {
        let gate = ["gate", "--base", "HEAD", "{tree}/run.sh"].iter();
        folder
            .run(gate.chain(option))
            .exits_with(2)
            .complains("cannot be used with");
    }
}

/// What is compared with itself is always the same.
#[test]
fn a_session_is_no_baseline_of_itself() {
    let folder = Folder::new();
    save_benchmark(&folder, "a.json", "sort", 1.0);
    save_benchmark(&folder, "b.json", "sort", 1.0);
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"50%\"\n",
    );
    std::fs::copy(folder.path("a.json"), folder.path("copy.json")).unwrap();
    // What `cargo bench` keeps has the numbers of a session in a report that was made later.
    for copy in ["copy.json", "b.json"] {
        folder
            .run(["gate", "a.json", "--baseline", copy])
            .exits_with(4)
            .complains("the very session that is compared with it");
    }
    folder
        .run(["baseline", "save", "main", "a.json"])
        .exits_with(0);
    folder
        .run(["gate", "a.json", "--against", "main"])
        .exits_with(4)
        .complains("measure once more");
}

/// Counts that never vary are the same in every session, and no sign of a copy.
#[test]
fn sessions_of_equal_counts_are_compared() {
    let folder = Folder::new();
    let mut report = Report::new(Environment::detect("mock"));
    let mut counted = Benchmark::new("count");
    counted.successes = 10;
    let instructions = MetricSummary::from_samples(Unit::Count, vec![100.0; 10]);
    counted.metrics.insert(Metric::INSTRUCTIONS, instructions);
    report.benchmarks.push(counted);
    report.save(folder.path("before.json")).unwrap();
    report.created += Duration::from_secs(60);
    report.save(folder.path("after.json")).unwrap();
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_instructions = \"+0\"\n",
    );
    let judge = |after| folder.run(["gate", after, "--baseline", "before.json"]);
    judge("after.json").exits_with(0);
    judge("before.json").exits_with(4);
}

/// Shares are judged together where all of them are there, and nothing got lost.
#[test]
fn shards_are_judged_together() {
    let folder = Folder::new();
    let save = |file: &str, number: u32, name: &str, elsewhere: &[&str]| {
        save_benchmark(&folder, file, name, 1.0);
        let mut report = folder.report(file);
        let mut shard = Shard::new(number, 2);
        shard.benchmarks = 1;
        shard.elsewhere = elsewhere.iter().map(|name| (*name).to_owned()).collect();
        report.shard = Some(shard);
        report.save(folder.path(file)).unwrap();
        assert_fits_schema(&folder.read(file));
    };
    save("1.json", 1, "sort", &["parse"]);
    save("2.json", 2, "parse", &["sort"]);
    let budget = |name: &str| format!("[[budget]]\nbenchmark = \"{name}\"\nmean = \"< 1s\"\n");
    folder.write("perfkit.toml", &(budget("sort") + &budget("par*")));
    folder
        .run(["gate", "1.json", "2.json"])
        .exits_with(0)
        .says("Gate passed: 2 of 2 checks passed.");
    folder
        .run(["gate", "2.json"])
        .exits_with(4)
        .says("the report of `1/2` is missing");
    save("2.json", 2, "parse", &["sort", "lost"]);
    folder
        .run(["gate", "1.json", "2.json"])
        .exits_with(4)
        .says("no shard measured `lost`");
    // Shards of two runs are not all of one.
    save("2.json", 2, "parse", &["sort"]);
    let mut other = folder.report("2.json");
    let git = r#"{"commit":"0123456789abcdef0123456789abcdef01234567"}"#;
    other.base = Some(serde_json::from_str(git).unwrap());
    other.save(folder.path("2.json")).unwrap();
    folder
        .run(["gate", "1.json", "2.json"])
        .exits_with(4)
        .says("they are of different commits");
    // None of nothing is no share, and a report may say that it is one of billions.
    let one = folder.read("1.json");
    let none = one.replace("\"of\": 2", "\"of\": 0");
    assert_ne!(none, one);
    folder.write("none.json", &none);
    folder
        .run(["gate", "none.json"])
        .exits_with(4)
        .complains("none.json: the file is damaged or incomplete: invalid value: integer `0`");
    let mut report = folder.report("1.json");
    report.shard = Some(Shard::new(1, u32::MAX));
    report.save(folder.path("many.json")).unwrap();
    folder.write("perfkit.toml", &budget("sort"));
    folder
        .run(["gate", "many.json"])
        .exits_with(4)
        .says("4,294,967,294 reports are missing, such as `2/4294967295`");
    for shard in ["0/2", "3/2", "1/2000", "half"] {
        folder
            .run(["gate", "--base", "HEAD", "--shard", shard])
            .exits_with(2)
            .complains("no share such as 1/3");
    }
    folder
        .run(["gate", "--base", "HEAD", "--shard", "1/2", "{tree}/run.sh"])
        .exits_with(2)
        .complains("cannot be used with");
}

/// A report of benchmarks that take 10 ms each.
fn save_benchmarks(folder: &Folder, names: &[String]) {
    save_benchmark(folder, "report.json", "first", 1.0);
    let mut report = folder.report("report.json");
    let named = names.iter().map(|name| {
        let mut benchmark = report.benchmarks[0].clone();
        benchmark.name.clone_from(name);
        benchmark
    });
    report.benchmarks = named.collect();
    report.save(folder.path("report.json")).unwrap();
}

/// The gate within a GitHub workflow.
fn in_workflow(folder: &Folder, arguments: &[&str]) -> Answer {
    let mut command = folder.perfkit(["gate", "report.json"].iter().chain(arguments));
    command.env("GITHUB_ACTIONS", "true");
    command.env("GITHUB_STEP_SUMMARY", folder.path("summary.md"));
    Answer::of(command)
}

/// The lines that the service obeys.
fn commands(answer: &Answer) -> Vec<&str> {
    let both = answer.stdout.lines().chain(answer.stderr.lines());
    both.filter(|line| line.trim_start().starts_with("::"))
        .collect()
}

#[test]
fn at_most_ten_annotations_are_made_worst_first() {
    let folder = Folder::new();
    let names = (0..40).map(|number| format!("bench {number}"));
    save_benchmarks(&folder, &names.collect::<Vec<_>>());
    folder.write(
        "perfkit.toml",
        "[[budget]]\nbenchmark = \"bench 3?\"\nmean = \"< 1ms\"\n\
         [[budget]]\nbenchmark = \"bench 5\"\nmean = { max = \"10.1ms\", warn = \"80%\" }\n\
         [[budget]]\nbenchmark = \"bench 1?\"\nmean = \"< 10.03ms\"\n",
    );
    let answer = in_workflow(&folder, &["--format", "json"]).exits_with(1);
    let told = commands(&answer);
    assert_eq!(told.len(), 10, "{told:#?}");
    let error = "::error title=perfkit gate::bench 3";
    assert!(told[..9].iter().all(|line| line.starts_with(error)));
    assert_eq!(
        told[9],
        "::error title=perfkit gate::12 more findings are in the result of the gate"
    );
    let result = answer.report().gate.unwrap();
    assert_eq!(
        result.outcome,
        GateOutcome::Fail,
        "standard output is whole"
    );

    // Of those that fail, what exceeds its bound most is told.
    let far = "[[budget]]\nbenchmark = \"bench 7\"\nmean = \"< 1us\"\n";
    let near = "[[budget]]\nbenchmark = \"*\"\nmean = \"< 5ms\"\n";
    folder.write("perfkit.toml", &format!("{near}{far}"));
    let answer = in_workflow(&folder, &["--format", "csv"]).exits_with(1);
    let first = "::error title=perfkit gate::bench 7: mean < 1.000 ";
    assert!(commands(&answer)[0].starts_with(first), "{answer:#?}");
    let line = answer.stdout.lines().nth(1).unwrap();
    assert!(line.starts_with("fail,bench 7,mean < 1"), "{line}");

    // Nothing fails, and what is undecided is told where it has to be decided.
    let undecided = "[[budget]]\nbenchmark = \"bench 1\"\nmean = \"< 10.03ms\"\n";
    folder.write("perfkit.toml", undecided);
    let answer = in_workflow(&folder, &[]).exits_with(0);
    assert!(commands(&answer)[0].starts_with("::notice "), "{answer:#?}");
    let answer = in_workflow(&folder, &["--strict"]).exits_with(1);
    assert!(commands(&answer)[0].starts_with("::error "), "{answer:#?}");
    // Elsewhere nobody reads them.
    let answer = folder.run(["gate", "report.json"]).exits_with(0);
    assert_eq!(commands(&answer), [""; 0]);
}

#[test]
fn an_annotation_names_the_line_of_a_file_of_the_checkout() {
    let folder = Folder::new();
    let locations = [
        ("benches/a.rs", "%d"),
        ("/etc/passwd", "x"),
        ("../../../../etc/passwd", "y"),
        ("benches/gone.rs", "z"),
        ("benches/a,b:c%.rs", "w"),
    ];
    save_benchmarks(&folder, &locations.map(|(_, name)| name.to_owned()));
    let mut report = folder.report("report.json");
    for (benchmark, (file, _)) in report.benchmarks.iter_mut().zip(locations) {
        let location = serde_json::json!({ "file": file, "line": 7 });
        benchmark.location = Some(serde_json::from_value(location).unwrap());
    }
    report.save(folder.path("report.json")).unwrap();
    crate::support::git(&folder.path(""), &["init", "-q"]);
    std::fs::create_dir_all(folder.path("crate/benches")).unwrap();
    folder.write("crate/benches/a.rs", "");
    folder.write("crate/benches/a,b:c%.rs", "");
    folder.write(
        "crate/perfkit.toml",
        "[[budget]]\nbenchmark = \"*\"\nmean = \"< 1ms\"\n",
    );
    let mut command = folder.perfkit(["gate", "../report.json"]);
    command.env("GITHUB_ACTIONS", "true");
    command.current_dir(folder.path("crate"));
    let answer = Answer::of(command).exits_with(1);
    let told = commands(&answer);
    let starts = [
        "::error file=crate/benches/a.rs,line=7,title=perfkit gate::%25d: ",
        "::error title=perfkit gate::x: ",
        "::error title=perfkit gate::y: ",
        "::error title=perfkit gate::z: ",
        "::error file=crate/benches/a%2Cb%3Ac%25.rs,line=7,title=perfkit gate::w: ",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (line, start) in told.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    // Where git refuses the repository, nobody looks for the lines in vain.
    let mut command = folder.perfkit(["gate", "../report.json"]);
    command.env("GITHUB_ACTIONS", "true");
    command.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    command.current_dir(folder.path("crate"));
    let answer = Answer::of(command).exits_with(1);
    let told = commands(&answer).concat();
    assert!(!told.contains("file="), "{told}");
    answer
        .complains("so that annotations name no lines: fatal: detected dubious ownership")
        .complains("--add safe.directory");
}

/// A page that is larger than GitHub shows is dropped whole; a name from outside is no
/// command and no markup.
#[test]
fn a_summary_and_its_annotations_are_bounded_and_inert() {
    let folder = Folder::new();
    let hostile = |number: u32| {
        format!(
            "{number}\n::error::taken\r\n::set-output name=x::y|<img src=x>@all `%0A::{}",
            "w".repeat(300)
        )
    };
    save_benchmarks(&folder, &(0..700).map(hostile).collect::<Vec<_>>());
    folder.write(
        "perfkit.toml",
        "[[budget]]\nbenchmark = \"*\"\nmean = \"< 1ms\"\n[[budget]]\nbenchmark = \"1*\"\nmean = \"< 1s\"\n",
    );
    let answer = in_workflow(&folder, &["--export-markdown", "comment.md"]).exits_with(1);
    let told = commands(&answer);
    assert_eq!(told.len(), 10, "{told:#?}");
    let own = "::error title=perfkit gate::";
    assert!(told.iter().all(|line| line.starts_with(own)), "{told:#?}");
    for file in ["summary.md", "comment.md"] {
        let page = folder.read(file);
        assert!(page.len() <= 60_000, "{}", page.len());
        assert!(page.starts_with("**Gate failed:** 700 of 811 checks failed."));
        let rows = page.lines().filter(|line| line.starts_with('|'));
        assert!(rows.clone().count() > 50, "{page}");
        let columns = |row: &str| row.replace("\\|", "").matches('|').count();
        assert!(
            rows.clone()
                .all(|row| columns(row) == 5 && row.ends_with('|'))
        );
        assert!(page.contains("more rows, left out for the length of the page"));
        assert!(!page.contains("<img") && !page.contains("\n::"));
    }
    // A page that is full is left as it is.
    let full = "x".repeat((1 << 20) - 100);
    folder.write("summary.md", &full);
    in_workflow(&folder, &[])
        .exits_with(1)
        .complains("the page of this step is full");
    assert_eq!(folder.read("summary.md").len(), full.len());
}

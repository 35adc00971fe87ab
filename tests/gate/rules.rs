//! What the rules of `perfkit.toml` can say: amounts, least changes, exact counts,
//! waivers.

use std::process::Command;
use std::time::Duration;

use crate::support::{
    Answer, Folder, assert_fits_config_schema, assert_fits_schema, config_schema_errors, workspace,
};
use perfkit::compare::{ComparisonSet, VerdictRules, compare_set};
use perfkit::report::{Benchmark, Environment, GateOutcome};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, MockClock, Monitor, Report};

/// Two benchmarks that took turns 40 times: the candidate takes 6 % longer than 10 ms, and
/// allocates as often as is said.
fn save_turns(folder: &Folder, allocations: [f64; 2]) {
    let benchmark = |name: &str, factor: f64, allocations: f64| {
        let mut benchmark = Benchmark::new(name);
        benchmark.successes = 40;
        benchmark.blocks = (0..40).collect();
        let time = |run: u32| 10e6 * (factor + 0.001 * (2.3 * f64::from(run)).sin());
        let times = MetricSummary::from_samples(Unit::Nanoseconds, (0..40).map(time).collect());
        let counts = MetricSummary::from_samples(Unit::Count, vec![allocations; 40]);
        benchmark.metrics.insert(Metric::WALL_TIME, times);
        benchmark.metrics.insert(Metric::ALLOCATIONS, counts);
        benchmark
    };
    let mut report = Report::new(Environment::detect("mock"));
    report.benchmarks = vec![
        benchmark("old", 1.0, allocations[0]),
        benchmark("new", 1.06, allocations[1]),
    ];
    let set = ComparisonSet::against(0, vec!["old".to_owned(), "new".to_owned()]);
    let (time, rules) = ([Metric::WALL_TIME], VerdictRules::default());
    report.comparisons = compare_set(&report.benchmarks, &set, &time, &rules);
    report.save(folder.path("turns.json")).unwrap();
}

/// Calls of 1 ms, 2 ms and so on of `checkout::pay`.
fn save_calls(folder: &Folder, calls: u64) {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for ms in 1..=calls {
        monitor.measure("checkout::pay", || clock.advance(Duration::from_millis(ms)));
    }
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("calls.json")).unwrap();
}

/// What a gate with these rules says of the turns.
fn of_turns(allocations: [f64; 2], rules: &str) -> Answer {
    let folder = Folder::new();
    save_turns(&folder, allocations);
    folder.write("perfkit.toml", rules);
    let answer = folder.run(["gate", "turns.json"]);
    if !answer.stderr.contains("perfkit.toml:") {
        assert_fits_config_schema(rules);
    }
    answer
}

fn of_calls(calls: u64, rules: &str) -> Answer {
    let folder = Folder::new();
    save_calls(&folder, calls);
    folder.write("perfkit.toml", rules);
    folder.run(["gate", "calls.json"])
}

fn regression(keys: &str) -> String {
    format!("[[regression]]\nbenchmark = \"*\"\n{keys}\n")
}

const FEW: [f64; 2] = [3.0, 3.0];

#[test]
fn a_change_that_is_small_in_itself_is_tolerated() {
    let rule =
        |least: &str| regression(&format!("max_slowdown = \"3%\"\nmin_change = \"{least}\""));
    of_turns(FEW, &rule("1ms"))
        .exits_with(0)
        .says("1 of 1 checks passed")
        .says("at most 3 % slower, if by 1.000 ms or more");
    of_turns(FEW, &rule("100us"))
        .exits_with(1)
        .says("as long as 10.00 ms");
    of_turns(
        FEW,
        &regression("max_slowdown = \"3%\"\nmin_change = \"1MB\""),
    )
    .exits_with(2)
    .complains("is not a duration");
    of_turns(FEW, &regression("min_change = \"1ms\""))
        .exits_with(2)
        .complains("min_change is beside max_slowdown");
}

#[test]
fn a_slowdown_may_be_bounded_by_an_amount() {
    of_turns(FEW, &regression("max_slowdown = \"+700us\"")).exits_with(0);
    of_turns(FEW, &regression("max_slowdown = \"+500us\""))
        .exits_with(1)
        .says("at most +500.0 µs slower");
    of_turns(FEW, &regression("max_slowdown = \"+5\""))
        .exits_with(2)
        .complains("is not a duration");
}

#[test]
fn counts_are_bounded_exactly() {
    let none_more = regression("max_allocations = \"+0\"");
    for (allocations, code) in [
        ([0.0, 0.0], 0),
        ([3.0, 3.0], 0),
        ([3.0, 2.0], 0),
        ([0.0, 1.0], 1),
        ([1_000_000.0, 1_000_001.0], 1),
    ] {
        of_turns(allocations, &none_more).exits_with(code);
    }
    let one_more = regression("max_allocations = \"+1\"");
    of_turns([0.0, 1.0], &one_more).exits_with(0);
    of_turns([0.0, 2.0], &one_more).exits_with(1);
    of_turns([7.0, 8.0], &one_more).exits_with(0);
    let share = regression("max_allocations = \"10%\"");
    of_turns([100.0, 110.0], &share).exits_with(0);
    of_turns([100.0, 111.0], &share).exits_with(1);
    of_turns(FEW, &regression("max_allocations = 0"))
        .exits_with(2)
        .complains("write \"+0\", or a percentage");
    of_turns(FEW, &regression("max_instructions = \"+1%\""))
        .exits_with(2)
        .says("nobody measured instructions");
}

/// One table may bound several metrics, each of which is a check of its own.
#[test]
fn a_rule_may_bound_several_metrics() {
    let both = regression("max_slowdown = \"10%\"\nmax_allocations = \"+0\"");
    of_turns([3.0, 4.0], &both)
        .exits_with(1)
        .says("1 of 2 checks failed")
        .says("allocations at most +0 worse");
    let of_operations = "[[regression]]\noperation = \"*\"\nmax_allocations = \"+0\"\n";
    of_turns(FEW, of_operations)
        .exits_with(2)
        .complains("by their execution time alone");
}

#[test]
fn what_is_measured_in_another_unit_is_no_pass() {
    let rule = regression("metric = \"allocations\"\nmax_slowdown = \"+1MB\"");
    of_turns(FEW, &rule)
        .exits_with(2)
        .says("measured in count, which cannot be held against B");
    let budget = "[[budget]]\nbenchmark = \"*\"\nmetric = \"allocations\"\nmax = \"< 1MB\"\n";
    of_turns(FEW, budget).exits_with(2).says("NOT CHECKED");
}

/// A check that nothing was measured for is no pass, and no panic either where counts are
/// beyond what there can be.
#[test]
fn what_is_not_measured_or_cannot_be_is_no_pass() {
    of_calls(
        100,
        "[[budget]]\noperation = \"*\"\npeak_memory = \"< 1MB\"\n",
    )
    .exits_with(2)
    .says("there is no peak_memory of it");
    let folder = Folder::new();
    save_turns(&folder, FEW);
    let mut report = folder.report("turns.json");
    report.benchmarks[1].successes = 1 << 63;
    report.benchmarks[1].failures = (1 << 63) + 1_000_000;
    report.save(folder.path("turns.json")).unwrap();
    let rules = "[[budget]]\nbenchmark = \"new\"\nsuccess_rate = \">= 99%\"\n";
    folder.write("perfkit.toml", rules);
    folder.run(["gate", "turns.json"]).exits_with(1);
}

/// Calls of more names than a monitor keeps are not passed over.
#[test]
fn calls_that_lost_their_names_leave_a_rule_undecided() {
    let folder = Folder::new();
    let monitor = Monitor::builder().max_operations(2).build();
    for name in ["route/a", "route/b", "route/c"] {
        monitor.measure(name, || ());
    }
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("calls.json")).unwrap();
    for name in ["route/a", "route/b"] {
        monitor.measure(name, || ());
    }
    let older = Report::from_snapshot(monitor.snapshot());
    older.save(folder.path("older.json")).unwrap();
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"route/*\"\npanics = \"<= 0\"\n",
    );
    folder
        .run(["gate", "calls.json"])
        .exits_with(0)
        .says("1 could not be decided")
        .says("1 call has lost its name");
    folder.run(["gate", "calls.json", "--strict"]).exits_with(1);
    folder.write(
        "rule.toml",
        "[[regression]]\noperation = \"route/*\"\nmax_slowdown = \"3%\"\n",
    );
    let against = ["gate", "calls.json", "--config", "rule.toml", "--baseline"];
    let answer = folder.run(against.into_iter().chain(["older.json"]));
    answer.says("1 call has lost its name");
    // Those of a baseline are not held against a budget, and leave it decided.
    let monitor = Monitor::new();
    monitor.measure("route/a", || ());
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("whole.json")).unwrap();
    let saved = ["--export-json", "compared.json"];
    let compared = ["compare", "calls.json", "whole.json"].into_iter();
    let answer = folder.run(compared.chain(saved)).exits_with(0);
    answer.says("warning: baseline: 1 call has lost its name: keep more with");
    let operations = folder.report("compared.json").operations;
    assert!(operations.iter().any(|operation| operation.is_overflow));
    let answer = folder.run(["gate", "compared.json", "--strict"]);
    answer.exits_with(0).says("1 of 1 checks passed");
}

/// Saves 100 calls of each route, with a monitor that keeps so many names.
fn save_routes(folder: &Folder, file: &str, most: usize, least_ms: u64) {
    let clock = MockClock::new();
    let monitor = Monitor::builder().max_operations(most);
    let monitor = monitor.clock(clock.clone()).build();
    for call in 0..100 {
        for name in ["get/a", "get/b", "get/c"] {
            let time = Duration::from_millis(least_ms + call % 3);
            monitor.measure(name, || clock.advance(time));
        }
    }
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path(file)).unwrap();
}

/// Names that either side of a regression rule has lost leave it undecided, whatever its
/// pattern: a pass would be one over nothing.
#[test]
fn names_that_a_side_lost_leave_a_regression_rule_undecided() {
    let folder = Folder::new();
    save_routes(&folder, "lost.json", 2, 20);
    save_routes(&folder, "whole.json", 9, 21);
    save_routes(&folder, "lost-too.json", 2, 22);
    save_routes(&folder, "whole-too.json", 9, 23);
    let held = |pattern: &str, [before, now]: [&str; 2]| {
        let rule = format!("[[regression]]\noperation = \"{pattern}\"\nmax_slowdown = \"900%\"\n");
        folder.write("perfkit.toml", &rule);
        folder.run(["gate", now, "--baseline", before, "--strict"])
    };
    let text = "100 calls have lost their names, and may be meant too: keep more with";
    let of_baseline = ["lost.json", "whole.json"];
    let of_candidate = ["whole.json", "lost.json"];
    for pattern in ["get/*", "*", "overflow"] {
        let both = held(pattern, ["lost.json", "lost-too.json"]).exits_with(1);
        both.says(&format!("baseline: {text}"))
            .says(&format!("candidate: {text}"));
    }
    for pattern in ["get/*", "*"] {
        let answer = held(pattern, of_baseline).exits_with(1);
        answer.says(&format!("baseline: {text}"));
        let answer = held(pattern, of_candidate).exits_with(1);
        answer.says(&format!("candidate: {text}"));
    }
    // What one side has is neither new nor gone where the other may have lost it.
    let answer = held("get/c", of_baseline).exits_with(1);
    answer.says(&format!("not in the baseline, where {text}"));
    let answer = held("get/c", of_candidate).exits_with(1);
    answer.says(&format!("not in the candidate, where {text}"));
    let answer = held("get/d", of_baseline).exits_with(2);
    answer.says("no operation matches").says(text);
    // What they are counted together under is not gone where no more names are lost.
    folder.write(
        "perfkit.toml",
        "[gate]\nmissing = \"fail\"\n[[regression]]\noperation = \"*\"\nmax_slowdown = \"900%\"\n",
    );
    let answer = folder.run(["gate", "whole.json", "--baseline", "lost.json"]);
    answer
        .exits_with(0)
        .says("2 of 4 checks passed; 2 could not be decided");
    // A name that is there has lost nothing, and what lost nothing is decided.
    held("get/a", of_baseline).exits_with(0);
    held("*", ["whole.json", "whole-too.json"]).exits_with(0);
}

/// Values that a program hands over are no times, whatever they are counted in.
#[test]
fn a_regression_of_time_is_not_held_against_values() {
    let folder = Folder::new();
    for (file, factor) in [("before.json", 1), ("after.json", 9)] {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for call in 0..100 {
            for (name, factor) in [("calls", 1), ("sizes", factor)] {
                let time = Duration::from_millis(factor * (10 + call % 3));
                monitor.measure(name, || clock.advance(time));
            }
        }
        let mut report = Report::from_snapshot(monitor.snapshot());
        report.operations[1].is_of_values = true;
        report.save(folder.path(file)).unwrap();
        report.operations.remove(0);
        report.save(folder.path(&format!("values-{file}"))).unwrap();
    }
    let held = |pattern: &str, [before, after]: [&str; 2]| {
        let rule = format!("[[regression]]\noperation = \"{pattern}\"\nmax_slowdown = \"50%\"\n");
        folder.write("perfkit.toml", &rule);
        folder.run(["gate", after, "--baseline", before, "--strict"])
    };
    let both = ["before.json", "after.json"];
    held("*", both).exits_with(0).says("1 of 1 checks passed");
    let answer = held("sizes", both).exits_with(2);
    answer.says("nobody measured a time of `sizes`");
    let of_values = ["values-before.json", "values-after.json"];
    let answer = held("*", of_values).exits_with(2);
    answer.says("nobody measured a time of `sizes`");
    let line = ["compare", "before.json", "after.json", "--format", "json"];
    let compared = folder.run(line).exits_with(0).report().comparisons;
    let compared: Vec<&str> = compared.iter().map(|c| &*c.candidate).collect();
    assert_eq!(compared, ["calls"]);
    let answer = folder.run(["compare", of_values[0], of_values[1]]);
    answer
        .exits_with(4)
        .complains("values that a program handed over are not compared");
}

fn waiver(ceiling: &str, until: &str) -> String {
    let rule = regression("max_slowdown = \"3%\"");
    format!(
        "{rule}[[waiver]]\nbenchmark = \"new\"\nceiling = \"{ceiling}\"\nuntil = {until}\nreason = \"checks input now\"\n"
    )
}

#[test]
fn a_waiver_lets_a_regression_pass_up_to_its_ceiling() {
    let folder = Folder::new();
    save_turns(&folder, FEW);
    folder.write("perfkit.toml", &waiver("10%", "9999-12-31"));
    let gate = ["gate", "turns.json", "--format"];
    let answer = folder.run([&gate[..], &["json"]].concat()).exits_with(0);
    assert_fits_schema(&answer.stdout);
    let judged = answer.report().gate.unwrap();
    assert_eq!(judged.outcome, GateOutcome::Waived);
    let told = "waived up to 10 % until 9999-12-31: checks input now";
    folder
        .run(["gate", "turns.json"])
        .says("0 of 1 checks passed; 1 waived.")
        .says(told);
    for format in ["markdown", "csv", "html"] {
        folder.run([&gate[..], &[format]].concat()).says("waived");
    }
    folder.write("perfkit.toml", &waiver("5%", "9999-12-31"));
    folder
        .run(["gate", "turns.json"])
        .exits_with(1)
        .says("beyond the 5 % that a waiver allows");
    // What lies on the ceiling may be beyond it.
    folder.write("perfkit.toml", &waiver("6%", "9999-12-31"));
    folder
        .run(["gate", "turns.json"])
        .exits_with(0)
        .says("whether it is within is not decided");
    folder.run(["gate", "turns.json", "--strict"]).exits_with(1);
}

#[test]
fn a_waiver_that_has_expired_waives_nothing() {
    of_turns(FEW, &waiver("10%", "2020-02-29"))
        .exits_with(1)
        .says("the waiver of it expired on 2020-02-29")
        .says("it has expired");
}

#[test]
fn a_waiver_that_nothing_needs_is_told() {
    let unneeded = |rule: &str, stale: &str| {
        format!(
            "[gate]\nstale = \"{stale}\"\n{}[[waiver]]\nbenchmark = \"new\"\n{rule}until = 9999-12-31\nreason = \"x\"\n",
            regression("max_slowdown = \"10%\"")
        )
    };
    let same = "ceiling = \"20%\"\n";
    of_turns(FEW, &unneeded(same, "warn"))
        .exits_with(0)
        .says("1 with a warning")
        .says("no longer needed");
    of_turns(FEW, &unneeded(same, "fail")).exits_with(1);
    let other = "metric = \"allocations\"\nceiling = \"+3\"\n";
    of_turns(FEW, &unneeded(other, "warn")).says("no rule was held against anything");
}

/// No measurement changes a waiver, so that none is made once more for it.
#[test]
fn a_stale_waiver_is_no_suspicion() {
    let folder = Folder::new();
    folder.script("run.sh", ":");
    let loose = regression("max_slowdown = \"100000%\"");
    let waiver =
        "[[waiver]]\nbenchmark = \"*\"\nceiling = \"5%\"\nuntil = 2020-01-01\nreason = \"x\"\n";
    let rules = format!("[gate]\nstale = \"fail\"\n{loose}{waiver}");
    folder.write("perfkit.toml", &rules);
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["commit", "-qm", "first"],
    ] {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]);
        let status = git.args(arguments).current_dir(folder.path("")).status();
        assert!(status.unwrap().success());
    }
    let gate = ["gate", "--base", "HEAD", "--time", "0.1s", "{tree}/run.sh"];
    let answer = folder.run(gate).exits_with(1).says("it has expired");
    assert!(!answer.stdout.contains("second session"), "{answer:#?}");
    assert!(!answer.stderr.contains("once more"), "{answer:#?}");
}

/// Another tool may report a mean and no median: an amount is held against that.
#[test]
fn an_amount_is_held_against_a_mean_where_there_is_no_median() {
    let folder = Folder::new();
    for (file, middle) in [("before.json", 1e6), ("after.json", 1.5e6)] {
        let values = [0.999, 1.0, 1.001].map(|factor| middle * factor);
        let mut time = MetricSummary::from_samples(Unit::Nanoseconds, values.into());
        time.count = 1000;
        time.samples.clear();
        time.median = None;
        let mut benchmark = Benchmark::new("parse");
        benchmark.metrics.insert(Metric::WALL_TIME, time);
        let mut report = Report::new(Environment::detect("mock"));
        report.benchmarks.push(benchmark);
        report.save(folder.path(file)).unwrap();
    }
    for (least, code) in [("100us", 1), ("900us", 0)] {
        let rule = format!("max_slowdown = \"3%\"\nmin_change = \"{least}\"");
        folder.write("perfkit.toml", &regression(&rule));
        let answer = folder.run(["gate", "after.json", "--baseline", "before.json"]);
        answer.exits_with(code).says("as long as 1.000 ms (between");
    }
}

#[test]
fn a_budget_may_be_waived() {
    let rules = |waiver: &str| {
        format!(
            "[[budget]]\noperation = \"checkout::*\"\nmedian = \"< 100ms\"\n\
             [[waiver]]\noperation = \"checkout::pay\"\n{waiver}\nuntil = 9999-12-31\nreason = \"new bank\"\n"
        )
    };
    of_calls(1000, &rules("bound = \"median\"\nceiling = \"800ms\""))
        .exits_with(0)
        .says("waived up to 800.0 ms until 9999-12-31: new bank");
    of_calls(1000, &rules("bound = \"median\"\nceiling = \"200ms\"")).exits_with(1);
    // It is of another bound, or of a regression.
    of_calls(1000, &rules("bound = \"mean\"\nceiling = \"800ms\"")).exits_with(1);
    of_calls(1000, &rules("ceiling = \"900%\"")).exits_with(1);
}

#[test]
fn a_waiver_says_until_when_and_why() {
    let with = |lines: &str| of_turns(FEW, &format!("[[waiver]]\nbenchmark = \"*\"\n{lines}\n"));
    let told = |lines: &str, text: &str| {
        with(lines).exits_with(2).complains(text);
    };
    told("ceiling = \"5%\"\nreason = \"x\"", "has no until");
    told("ceiling = \"5%\"\nuntil = 2027-01-31", "has no reason");
    told("until = 2027-01-31\nreason = \"x\"", "has no ceiling");
    let rest = "ceiling = \"5%\"\nreason = \"x\"\nuntil =";
    told(&format!("{rest} 2027-01-31T10:00:00Z"), "ends with a day");
    told(&format!("{rest} \"soon\""), "perfkit.toml:5:9");
    told(
        "bound = \"p59\"\nceiling = \"5%\"\nuntil = 2027-01-31\nreason = \"x\"",
        "did you mean `p95`?",
    );
    told(
        "ceiling = 5\nuntil = 2027-01-31\nreason = \"x\"",
        "write \"5%\"",
    );
    told(
        "ceiling = \"5%\"\nuntil = 2027-01-31\nreason = \" \"",
        "has a reason",
    );
}

#[test]
fn what_is_undecided_says_how_much_would_decide_it() {
    let p99 = "[[budget]]\noperation = \"*\"\np99 = \"< 1s\"\n";
    of_calls(100, p99)
        .exits_with(0)
        .says("1 of 1 checks could not be decided (would need about 360 more runs)");
    let rate = "[[budget]]\noperation = \"*\"\nsuccess_rate = \">= 99.99%\"\n";
    of_calls(1000, rate).says("(would need about 46,000 more runs)");
    of_turns(FEW, &regression("max_slowdown = \"6.001%\"")).says("more would decide it");
}

/// The keys that the schema has in a table are those that the command knows.
#[test]
fn the_schema_has_every_key() {
    let folder = Folder::new();
    save_calls(&folder, 3);
    let printed = folder.run(["schema"]).exits_with(0).stdout;
    let file = workspace().join("perfkit-cli/schema/perfkit-toml.schema.json");
    assert_eq!(printed, std::fs::read_to_string(file).unwrap());
    let schema: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let properties = &schema["properties"];
    for (head, table) in [
        ("", &schema),
        ("[gate]\n", &properties["gate"]),
        ("[compare]\n", &properties["compare"]),
        ("[[budget]]\n", &properties["budget"]["items"]),
        ("[[regression]]\n", &properties["regression"]["items"]),
        ("[[waiver]]\n", &properties["waiver"]["items"]),
    ] {
        folder.write("perfkit.toml", &format!("{head}zzz = 1\n"));
        let told = folder.run(["gate", "calls.json"]).exits_with(2).stderr;
        let known = told.split("expected one of ").nth(1).unwrap();
        let known = known.lines().next().unwrap().split('`').skip(1).step_by(2);
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        let keys: Vec<&String> = table["properties"].as_object().unwrap().keys().collect();
        let mut keys: Vec<&str> = keys.into_iter().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(known, keys, "{head}");
        assert_eq!(table["additionalProperties"], false, "{head}");
    }
}

#[test]
fn the_schema_refuses_what_the_gate_refuses() {
    for rules in [
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = 5\n",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"1.05\"\n",
        "[[regression]]\nbenchmark = \"*\"\nmax_allocations = 0\n",
        "[[regression]]\nbenchmark = \"*\"\noperation = \"*\"\nmax_slowdown = \"5%\"\n",
        "[[budget]]\noperation = \"*\"\np95 = 100\n",
        "[[budget]]\noperation = \"*\"\np95 = \"100ms\"\n",
        "[[budget]]\noperation = \"*\"\npeak_memory = { max = \"1MB\", wran = \"80%\" }\n",
        "[[waiver]]\noperation = \"*\"\nceiling = \"5%\"\nreason = \"x\"\n",
        "[gate]\nstale = \"never\"\n",
        "[compare]\ntime = \"10\"\n",
    ] {
        let folder = Folder::new();
        save_calls(&folder, 3);
        folder.write("perfkit.toml", rules);
        folder.run(["gate", "calls.json"]).exits_with(2);
        assert!(!config_schema_errors(rules).is_empty(), "{rules}");
    }
}

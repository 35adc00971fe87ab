//! `perfkit init`: what it writes, that the gate takes it, and what it leaves alone.

use std::process::Command;
use std::time::Duration;

use crate::support::{Folder, assert_fits_config_schema, workspace};
use perfkit::report::{Benchmark, Environment};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, MockClock, Monitor, Report};

/// A package with these bench targets, which need not be built.
fn package(folder: &Folder, benches: &[&str]) {
    for inner in ["src", "benches"] {
        std::fs::create_dir_all(folder.path(inner)).unwrap();
    }
    folder.write("src/lib.rs", "");
    let mut manifest =
        "[package]\nname = \"measured\"\nedition = \"2024\"\n[workspace]\n".to_owned();
    for bench in benches {
        folder.write(&format!("benches/{bench}.rs"), "fn main() {}");
        manifest += &format!("[[bench]]\nname = \"{bench}\"\nharness = false\n");
    }
    folder.write("Cargo.toml", &manifest);
}

/// What a program recorded: one operation often, with a few failures, one seldom.
fn save_operations(folder: &Folder) {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for call in 0..1000 {
        let _ = monitor.try_measure("checkout::pay", || {
            clock.advance(Duration::from_micros(5000 + call));
            if call % 100 == 0 {
                Err("declined")
            } else {
                Ok(())
            }
        });
    }
    for _ in 0..20 {
        monitor.measure("report", || clock.advance(Duration::from_millis(40)));
    }
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("report.json")).unwrap();
}

fn save_benchmark(folder: &Folder, file: &str, least: f64) {
    let mut benchmark = Benchmark::new("sum");
    benchmark.successes = 40;
    benchmark.blocks = (0..40).collect();
    let times = (0..40).map(|run| least + f64::from(run % 7)).collect();
    let times = MetricSummary::from_samples(Unit::Nanoseconds, times);
    benchmark.metrics.insert(Metric::WALL_TIME, times);
    let mut report = Report::new(Environment::detect("mock"));
    report.benchmarks = vec![benchmark];
    report.save(folder.path(file)).unwrap();
}

#[test]
fn a_package_with_benches_gets_a_rule_that_the_gate_takes() {
    let folder = Folder::new();
    package(&folder, &["sum", "parse"]);
    folder
        .run(["init"])
        .exits_with(0)
        .says("Wrote: `perfkit.toml`, a rule that 2 bench programs get at most 5 % slower.")
        .says("Next: `perfkit gate --base REV`");
    let written = folder.read("perfkit.toml");
    assert_fits_config_schema(&written);
    assert!(written.contains("\n[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"5%\"\n"));
    for (file, least) in [("before.json", 1e6), ("after.json", 1e6 + 1.0)] {
        save_benchmark(&folder, file, least);
    }
    let answer = folder.run(["gate", "after.json", "--baseline", "before.json"]);
    answer.exits_with(0).says("at most 5 % slower");
}

#[test]
fn the_branch_that_there_is_is_named() {
    let folder = Folder::new();
    package(&folder, &["sum"]);
    for arguments in [
        &["init", "-q", "-b", "master"][..],
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "commit",
            "-qm",
            "x",
            "--allow-empty",
        ],
    ] {
        let status = Command::new("git")
            .current_dir(folder.path(""))
            .args(arguments)
            .status();
        assert!(status.unwrap().success());
    }
    folder
        .run(["init"])
        .exits_with(0)
        .says("Next: `perfkit gate --base master`");
}

#[test]
fn budgets_are_proposed_that_the_report_keeps() {
    let folder = Folder::new();
    save_operations(&folder);
    folder
        .run(["init", "--report", "report.json"])
        .exits_with(0)
        .says("2 budgets with headroom")
        .says("Next: `perfkit gate report.json`");
    let written = folder.read("perfkit.toml");
    assert_fits_config_schema(&written);
    let expected = "[[budget]]\noperation = \"checkout::pay\"\np95 = \"< 9.0 ms\"  # measured: 5.95 ms, n = 990\nsuccess_rate = \">= 95%\"  # measured: 990 of 1,000\n";
    assert!(written.contains(expected), "{written}");
    assert!(
        written.contains(
            "operation = \"report\"\nmedian = \"< 60 ms\"  # measured: 40.0 ms, n = 20\n"
        ),
        "{written}"
    );
    folder
        .run(["gate", "report.json"])
        .exits_with(0)
        .says("Gate passed: 3 of 3 checks");
}

#[test]
fn what_keeps_no_bound_is_named_and_not_passed_over() {
    let folder = Folder::new();
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let save = || {
        let report = Report::from_snapshot(monitor.snapshot());
        report.save(folder.path("report.json")).unwrap();
    };
    for _ in 0..3 {
        let _ = monitor.try_measure("pay", || Err::<(), _>("declined"));
    }
    save();
    let init = ["init", "--report", "report.json"];
    folder
        .run(init)
        .exits_with(4)
        .complains("nothing in report.json keeps a bound: operation = \"pay\"");
    assert!(!folder.path("perfkit.toml").exists());
    monitor.measure("ship", || clock.advance(Duration::from_millis(1)));
    save();
    folder
        .run(init)
        .exits_with(0)
        .says("No budget: for `operation = \"pay\"`: no bound that is proposed holds");
    let written = folder.read("perfkit.toml");
    assert!(
        written.contains("\n#     operation = \"pay\"\n"),
        "{written}"
    );
    assert_fits_config_schema(&written);
}

#[test]
fn benches_and_budgets_are_in_files_of_their_own() {
    let folder = Folder::new();
    package(&folder, &["sum"]);
    save_operations(&folder);
    folder
        .run(["init", "--report", "report.json"])
        .exits_with(0)
        .says("Wrote: `perfkit-budgets.toml`")
        .says("Next: `perfkit gate --base REV`")
        .says("Next: `perfkit gate --config perfkit-budgets.toml report.json`");
    assert!(folder.read("perfkit.toml").contains("\n[[regression]]"));
    assert_fits_config_schema(&folder.read("perfkit-budgets.toml"));
    let judge = ["gate", "--config", "perfkit-budgets.toml", "report.json"];
    drop(folder.run(judge).exits_with(0));
}

#[test]
fn a_report_of_benchmarks_gets_budgets_on_their_times() {
    let folder = Folder::new();
    save_benchmark(&folder, "bench.json", 1e6);
    drop(folder.run(["init", "--report", "bench.json"]).exits_with(0));
    let written = folder.read("perfkit.toml");
    assert!(
        written.contains("benchmark = \"sum\"\nmedian = \"< 1.6 ms\""),
        "{written}"
    );
    drop(folder.run(["gate", "bench.json"]).exits_with(0));
    drop(
        folder
            .run(["init", "--force", "--report", "missing.json"])
            .exits_with(4),
    );
    let empty = Report::new(Environment::detect("mock"));
    empty.save(folder.path("empty.json")).unwrap();
    folder
        .run(["init", "--force", "--report", "empty.json"])
        .exits_with(4)
        .complains("nothing that a budget could be for");
    assert_eq!(folder.read("perfkit.toml"), written);
}

#[test]
fn nothing_is_overwritten_unless_that_is_asked_for() {
    let folder = Folder::new();
    package(&folder, &["sum"]);
    std::fs::create_dir_all(folder.path(".github/workflows")).unwrap();
    folder.write(".github/workflows/performance.yml", "mine");
    folder
        .run(["init", "--ci", "github"])
        .exits_with(2)
        .complains("there is a .github/workflows/performance.yml already")
        .complains("--force");
    assert!(!folder.path("perfkit.toml").exists());
    // A link that leads nowhere would be followed.
    std::os::unix::fs::symlink("elsewhere", folder.path("perfkit.toml")).unwrap();
    drop(
        folder
            .run(["init"])
            .exits_with(2)
            .complains("there is a perfkit.toml already"),
    );
    assert!(!folder.path("elsewhere").exists());
    std::fs::remove_file(folder.path("perfkit.toml")).unwrap();
    drop(
        folder
            .run(["init", "--ci", "github", "--force"])
            .exits_with(0),
    );
    assert_ne!(folder.read(".github/workflows/performance.yml"), "mine");
}

#[test]
fn the_files_for_ci_services_are_those_of_the_docs() {
    for (service, written, original, next) in [
        (
            "github",
            ".github/workflows/performance.yml",
            "ci/github/performance.yml",
            "Next: put the owner of perfkit's repository",
        ),
        (
            "gitlab",
            "perfkit-gate.gitlab-ci.yml",
            "ci/gitlab/perfkit-gate.yml",
            "include: ",
        ),
    ] {
        let folder = Folder::new();
        package(&folder, &["sum"]);
        folder
            .run(["init", "--ci", service])
            .exits_with(0)
            .says(next)
            .says(&format!("`OWNER` and `REVISION` in `{written}`"));
        let original = std::fs::read_to_string(workspace().join(original)).unwrap();
        assert_eq!(folder.read(written), original);
    }
    let folder = Folder::new();
    folder
        .run(["init", "--ci", "github"])
        .exits_with(2)
        .complains("there is no package with any here");
    assert!(folder.files().is_empty());
}

/// Services read these files nowhere else.
#[test]
fn of_a_package_below_the_top_the_file_for_a_ci_service_is_at_the_top_and_names_it() {
    let top = Folder::new();
    crate::support::git(&top.path(""), &["init", "-q"]);
    // A folder of that name alone makes no repository.
    std::fs::create_dir_all(top.path("crates/.git")).unwrap();
    let below = top.inside("crates/the engine");
    package(&below, &["sum"]);
    below
        .run(["init", "--ci", "github"])
        .exits_with(0)
        .says(".github/workflows/performance.yml`, a workflow for pull requests");
    let text = top.read(".github/workflows/performance.yml");
    let workflow: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let gate = &workflow["jobs"]["gate"]["steps"][1];
    assert!(gate["uses"].as_str().unwrap().contains("perfkit-gate"));
    assert_eq!(gate["with"]["working-directory"], "crates/the engine");
    assert!(below.path("perfkit.toml").exists() && !below.path(".github").exists());
    std::fs::remove_file(below.path("perfkit.toml")).unwrap();
    below
        .run(["init", "--ci", "github"])
        .exits_with(2)
        .complains(".github/workflows/performance.yml already");
    assert!(!below.path("perfkit.toml").exists());

    drop(below.run(["init", "--ci", "gitlab"]).exits_with(0));
    let text = top.read("perfkit-gate.gitlab-ci.yml");
    let job: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let folder = &job["perfkit-gate"]["variables"]["GATE_DIRECTORY"];
    assert_eq!(folder, "crates/the engine");

    // Where git refuses the repository, the file is in a place of which nobody is sure.
    let refused = |below: &Folder| {
        let mut command = below.perfkit(["init", "--ci", "github", "--force"]);
        command.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
        crate::support::Answer::of(command).exits_with(0)
    };
    refused(&below)
        .complains("git does not say where the top of this repository is")
        .complains("fatal: detected dubious ownership")
        .complains("--add safe.directory");
    let alone = Folder::new();
    package(&alone, &["sum"]);
    assert_eq!(refused(&alone).stderr, "");

    let hostile = top.inside("$(touch taken)");
    package(&hostile, &["sum"]);
    hostile
        .run(["init", "--ci", "gitlab", "--force"])
        .exits_with(2)
        .complains("$(touch taken) cannot be written into a file for CI");
    assert!(!hostile.path("perfkit.toml").exists());
}

#[test]
fn without_a_package_a_command_is_proposed_and_a_file_above_is_told_of() {
    let folder = Folder::new();
    folder.write("perfkit.toml", "");
    std::fs::create_dir(folder.path("inner")).unwrap();
    let mut command = folder.perfkit(["init"]);
    command.current_dir(folder.path("inner"));
    crate::support::Answer::of(command)
        .exits_with(0)
        .says("Next: write a bench, or give a command that both trees have: `perfkit gate --base REV '{tree}/run.sh'`")
        .says("now counts instead of");
}

#[test]
fn a_file_that_the_environment_names_is_told_of_as_it_counts() {
    let folder = Folder::new();
    let init = |named: &str| {
        let mut command = folder.perfkit(["init", "--force"]);
        command.env("PERFKIT_CONFIG", named);
        crate::support::Answer::of(command).exits_with(0)
    };
    let answer = init("other.toml");
    drop(
        answer.says("Here: `other.toml` counts instead of `perfkit.toml`, as PERFKIT_CONFIG says."),
    );
    for same in ["perfkit.toml", "./perfkit.toml"] {
        let answer = init(same);
        assert!(!answer.stdout.contains("Here: "), "{answer:#?}");
    }
}

//! `perfkit gate --selftest`: whether the gate tells a slowdown from none here. What this
//! machine is like today must not decide these tests, and so they hold what is said
//! against the exit code.

use crate::support::{Answer, Folder, assert_fits_schema};
use perfkit::report::GateOutcome;

const SHORT: [&str; 4] = ["gate", "--selftest", "--time", "300ms"];

/// Fails unless the words are those of the exit code.
#[track_caller]
fn agrees(answer: &Answer) {
    let first = answer.stdout.lines().next().unwrap_or_default();
    let expected = match answer.code {
        Some(0) => "Self-test passed: ",
        Some(1) => "Self-test failed: ",
        Some(3) => "Self-test inconclusive: ",
        _ => panic!("{answer:#?}"),
    };
    let first = first.replace("**", "");
    assert!(first.starts_with(expected), "{answer:#?}");
}

#[test]
fn it_says_what_it_found_and_how_small_a_slowdown_it_tells() {
    let folder = Folder::new();
    let answer = folder.run(SHORT);
    agrees(&answer);
    answer
        .says("Resolution: ")
        .says("the same work")
        .says("keeps at most 5 % slower")
        .says("the work with 10 % more steps")
        .says("breaks at most 5 % slower")
        .says("the rule is the usual one");
    assert!(folder.files().is_empty());
}

#[test]
fn the_strictest_rule_counts_and_a_report_holds_both_checks() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[compare]\nmax_runs = 12\n\
         [[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"50%\"\n\
         [[regression]]\nbenchmark = \"parse\"\nmax_slowdown = \"20%\"\n\
         [[regression]]\nbenchmark = \"*\"\nmetric = \"peak_memory\"\nmax_slowdown = \"1%\"\n",
    );
    let answer = folder.run(SHORT.iter().chain(&["--format", "json"]));
    assert_fits_schema(&answer.stdout);
    let gate = answer.report().gate.unwrap();
    let code = match gate.outcome {
        GateOutcome::Pass => 0,
        GateOutcome::Fail => 1,
        _ => 3,
    };
    assert_eq!(answer.code, Some(code), "{answer:#?}");
    let mut rules: Vec<&str> = gate.findings.iter().map(|f| f.rule.as_str()).collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        ["breaks at most 20 % slower", "keeps at most 20 % slower"]
    );
    let slowed = "the work with 40 % more steps";
    assert!(gate.findings.iter().any(|f| f.subject == slowed));
}

#[test]
fn a_rule_on_cpu_time_is_tested_by_cpu_time() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[compare]\nmax_runs = 12\n\
         [[regression]]\nbenchmark = \"*\"\nmetric = \"cpu_time\"\nmax_slowdown = \"20%\"\n",
    );
    let answer = folder.run(SHORT);
    agrees(&answer);
    answer
        .says("keeps cpu_time at most 20 % worse")
        .says("breaks cpu_time at most 20 % worse");
}

/// What a rule of 0 % comes to, the unit tests of the analysis say: a measurement of this
/// machine may take the one for faster than the other.
#[test]
fn a_rule_of_nothing_is_tested_and_the_exit_code_is_that_of_the_words_in_markdown() {
    let folder = Folder::new();
    let rule =
        "[compare]\nmax_runs = 12\n[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"0%\"\n";
    folder.write("perfkit.toml", rule);
    let answer = folder.run(SHORT.iter().chain(&["--format", "markdown"]));
    agrees(&answer);
    answer
        .says("keeps at most 0 % slower")
        .says("the work with 2 % more steps");
}

/// Work that breaks such a rule would take hours.
#[test]
fn a_rule_that_is_far_too_lax_is_refused() {
    let folder = Folder::new();
    let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"100000%\"\n";
    folder.write("perfkit.toml", rule);
    folder
        .run(SHORT)
        .exits_with(2)
        .complains("the strictest rule on times tolerates 100000 %")
        .complains("at most 1000 %");
}

#[test]
fn it_is_for_nothing_else_at_the_same_time() {
    let folder = Folder::new();
    for others in [
        &["report.json"][..],
        &["--base", "main"],
        &["--baseline", "before.json"],
        &["--bench", "sum"],
        &["--strict"],
        &["--shard", "1/2"],
        &["--workspace"],
        &["--bench-target", "sum"],
        &["--package", "sum"],
        &["--baselines", "kept"],
        &["--export-junit", "gate.xml"],
    ] {
        let arguments = ["gate", "--selftest"].iter().chain(others);
        drop(folder.run(arguments).exits_with(2));
    }
    folder
        .run(["gate", "--time", "1s", "report.json"])
        .exits_with(2)
        .complains("--base");
}

#[test]
fn the_work_it_measures_is_no_verb_for_people() {
    let folder = Folder::new();
    drop(folder.run(["work", "1000"]).exits_with(0));
    let help = folder.run(["--help"]).exits_with(0).stdout;
    assert!(
        !help.contains("perfkit work") && !help.contains("\n  work"),
        "{help}"
    );
    let man = folder.run(["man"]).exits_with(0).stdout;
    assert!(!man.contains("PERFKIT WORK"));
}

#[test]
fn a_configuration_that_is_wrong_is_told_before_anything_is_measured() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = 5\n",
    );
    drop(folder.run(["gate", "--selftest"]).exits_with(2));
}

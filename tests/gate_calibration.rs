//! How often the gate is wrong: builds of a hundred benchmarks on simulated machines,
//! measured by the real engine and judged by the real binary, as `perfkit gate --base`
//! does it.
//!
//! Each benchmark has a machine of its own, with a kind of noise that real ones have
//! (`perfkit-core/tests/simulation/machine.rs`), and an A/A control. What fails counts
//! when a second session finds it too.
//!
//! `PERFKIT_SIMULATION=long` judges twenty times as many builds; run that with `--release`
//! and `--nocapture` to see the table.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed test panics, and the table is printed"
)]

#[path = "../perfkit-core/tests/simulation/machine.rs"]
#[allow(dead_code, reason = "the simulation of the engine uses all of it")]
mod machine;
mod support;

use std::collections::BTreeSet;

use machine::{Noise, Shared, Simulated};
use perfkit::bench::engine::{Experiment, FunctionSettings, Rounds};
use perfkit::compare::{ComparisonSet, VerdictRules, compare_set};
use perfkit::report::{Environment, GateOutcome};
use perfkit::{Metric, Report};
use support::Folder;

const BENCHMARKS: usize = 100;

/// Of how many builds; ten of them take some seconds.
fn builds() -> u64 {
    let is_long = std::env::var("PERFKIT_SIMULATION").is_ok_and(|value| value == "long");
    if is_long { 60 } else { 3 }
}

#[rustfmt::skip]
fn noises() -> [Noise; 6] {
    let none = Noise::default();
    [
        Noise { white: 0.01, ..none },
        Noise { white: 0.003, autocorrelated: 0.03, ..none },
        Noise { white: 0.005, drift: 0.02, ..none },
        Noise { white: 0.003, has_levels: true, ..none },
        Noise { white: 0.003, process: 0.005, ..none },
        Noise {
            white: 0.005, autocorrelated: 0.01, drift: 0.005, boost: 0.02, has_levels: true,
            tails: 0.01, process: 0.002,
        },
    ]
}

/// What the gate makes of a build: what fails in two sessions, and what is undecided.
#[derive(Default)]
struct Judged {
    failed: BTreeSet<String>,
    undecided: usize,
}

/// A session with every benchmark and its control; the first ones take so much longer.
fn session(slower: usize, slowdown: f64, seed: u64) -> Report {
    let mut report = Report::new(Environment::detect("mock"));
    let noises = noises();
    for index in 0..BENCHMARKS {
        let mut set = ComparisonSet::against(0, vec![format!("old {index}"), index.to_string()]);
        set.add_control(0);
        let settings = FunctionSettings::new(VerdictRules::default(), BENCHMARKS);
        let rule = settings.stopping_rule(set.names.len(), set.pairs.len());
        let seed = seed << 32 | index as u64;
        let machine = Shared::new(noises[index % noises.len()], seed ^ 0x9e37_79b9_7f4a_7c15);
        let candidate = if index < slower {
            1000.0 * (1.0 + slowdown)
        } else {
            1000.0
        };
        let mut simulated = Simulated {
            machine: machine.clone(),
            iteration_ns: &[1000.0, candidate, 1000.0],
        };
        let clock = machine.clock();
        let experiment = Experiment {
            set: &set,
            rule: &rule,
            seed,
            clock: &clock,
        };
        let mut sampled = experiment.run(&mut Rounds::of(&mut simulated, &clock), &mut |_| {});
        set.mark_controls(&mut sampled.benchmarks);
        let time = [Metric::WALL_TIME];
        let compared = compare_set(&sampled.benchmarks, &set, &time, &sampled.rules);
        report.comparisons.extend(compared);
        report.benchmarks.extend(sampled.benchmarks);
    }
    report
}

/// What one session comes to.
fn judge(folder: &Folder, report: &Report) -> Judged {
    report.save(folder.path("session.json")).unwrap();
    let answer = folder.run(["gate", "session.json", "--format", "json"]);
    let gate = answer.report().gate.unwrap();
    assert_eq!(gate.findings.len(), BENCHMARKS);
    let of = |outcome| gate.findings.iter().filter(move |f| f.outcome == outcome);
    Judged {
        failed: of(GateOutcome::Fail).map(|f| f.subject.clone()).collect(),
        undecided: of(GateOutcome::Inconclusive).count(),
    }
}

/// A build whose first benchmarks are slower, with a second session where the first
/// found anything.
fn build(folder: &Folder, slower: usize, slowdown: f64, number: u64) -> Judged {
    let mut first = judge(folder, &session(slower, slowdown, 2 * number));
    if !first.failed.is_empty() {
        let second = judge(folder, &session(slower, slowdown, 2 * number + 1));
        first.failed.retain(|name| second.failed.contains(name));
    }
    first
}

#[test]
fn builds_raise_no_false_alarm_and_find_what_is_slower() {
    let folder = Folder::new();
    let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"1%\"\n";
    folder.write("perfkit.toml", rule);
    let (mut alarms, mut undecided) = (0, 0);
    for number in 0..builds() {
        let judged = build(&folder, 0, 0.0, number);
        alarms += u64::from(!judged.failed.is_empty());
        undecided += judged.undecided;
    }
    let (mut found, mut slower, mut wrong) = (0, 0, 0);
    for number in 0..builds() {
        let is_slower = |name: &&String| name.parse::<usize>().unwrap() < 30;
        let judged = build(&folder, 30, 0.03, 1000 + number);
        let right = judged.failed.iter().filter(is_slower).count();
        (found, slower) = (found + right, slower + 30);
        wrong += judged.failed.len() - right;
    }
    println!(
        "\nbuilds of {BENCHMARKS} benchmarks, max_slowdown = \"1%\":\n\
         without change: {alarms} of {} with an alarm, {undecided} checks undecided\n\
         3 % slower: {found} of {slower} found, {wrong} others failed",
        builds()
    );
    assert_eq!((alarms, wrong), (0, 0));
    assert!(found * 100 >= slower * 90, "{found} of {slower}");
}

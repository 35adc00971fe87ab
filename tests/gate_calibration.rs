//! How often the gate is wrong: builds of a hundred benchmarks on simulated machines,
//! measured by the real engine and judged by the real binary, as `perfkit gate --base`
//! does it.
//!
//! Each benchmark has a machine of its own, with a kind of noise that real ones have
//! (`perfkit-core/tests/simulation/machine.rs`), and an A/A control. What fails counts
//! when a second session finds it too.
//!
//! `PERFKIT_SIMULATION=long` judges a hundred times as many builds without a change, so that
//! no alarm in any of them bounds the rate of builds with one by 1 % (at 95 %:
//! 1 - 0.05^(1/300)), and twenty times as many with slower benchmarks; run that with
//! `--release` and `--nocapture` to see the table.
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

use std::collections::BTreeSet;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use crate::support::Folder;
use machine::{Noise, Shared, Simulated};
use perfkit::bench::engine::{Experiment, FunctionSettings, Rounds};
use perfkit::compare::{ComparisonSet, VerdictRules, compare_set};
use perfkit::report::{Environment, GateOutcome};
use perfkit::{Metric, Report};

const BENCHMARKS: usize = 100;

/// How many builds without a change, and how many with slower benchmarks; ten of them take
/// some seconds.
fn builds() -> (u64, u64) {
    let is_long = std::env::var("PERFKIT_SIMULATION").is_ok_and(|value| value == "long");
    if is_long { (300, 60) } else { (3, 3) }
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

/// What the gate makes of builds with these numbers, on all CPUs.
fn judged(numbers: Range<u64>, slower: usize, slowdown: f64) -> Vec<Judged> {
    let next = AtomicU64::new(numbers.start);
    let some = || {
        let folder = Folder::new();
        let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"1%\"\n";
        folder.write("perfkit.toml", rule);
        let taken = std::iter::repeat_with(|| next.fetch_add(1, Relaxed));
        let taken = taken.take_while(|number| *number < numbers.end);
        let judged = taken.map(|number| build(&folder, slower, slowdown, number));
        judged.collect::<Vec<_>>()
    };
    let cpus = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cpus).map(|_| scope.spawn(some)).collect();
        let all = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        all.collect()
    })
}

#[test]
fn builds_raise_no_false_alarm_and_find_what_is_slower() {
    let (unchanged, changed) = builds();
    let same = judged(0..unchanged, 0, 0.0);
    let alarms = same.iter().filter(|j| !j.failed.is_empty()).count();
    let undecided: usize = same.iter().map(|judged| judged.undecided).sum();
    let other = judged(1000..1000 + changed, 30, 0.03);
    let is_slower = |name: &&String| name.parse::<usize>().unwrap() < 30;
    let right = |judged: &Judged| judged.failed.iter().filter(is_slower).count();
    let found: usize = other.iter().map(right).sum();
    let wrong = other
        .iter()
        .map(|judged| judged.failed.len())
        .sum::<usize>()
        - found;
    let slower = 30 * other.len();
    println!(
        "\nbuilds of {BENCHMARKS} benchmarks, max_slowdown = \"1%\":\n\
         without change: {alarms} of {unchanged} with an alarm, {undecided} checks undecided\n\
         3 % slower: {found} of {slower} found, {wrong} others failed"
    );
    assert_eq!((alarms, wrong), (0, 0));
    assert!(found * 100 >= slower * 90, "{found} of {slower}");
}

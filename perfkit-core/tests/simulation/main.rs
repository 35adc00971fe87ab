//! Whether the comparison engine keeps what it promises: false alarms, power and
//! coverage, in simulations of noisy machines.
//!
//! The engine is the real one, and so are its rules and defaults; only processes
//! and time are simulated (`machine.rs`). Each comparison runs on a machine of its
//! own, with a fixed seed, so that a run of these tests yields the same numbers
//! every time. The models of noise are those of real machines:
//!
//! * white: each sample of 0.1 ms for itself, sd 1 %;
//! * autocorrelated: sd 3 %, fading within 50 ms (AR(1) in continuous time);
//! * drifting: 2 % slower with every second;
//! * boost: 5 % faster after a process started, fading within 20 ms;
//! * levels: 1.4 to 1.9 times slower for 0.1 to 10 s, whoever runs then;
//! * heavy tails: log-normal, and in 2 % of the samples a Pareto spike;
//! * processes: each draws a lasting factor, sd 0.1 % or 0.5 %;
//! * mix: all of these; and slow functions, of which a sample is one call.
//!
//! A *false alarm* is the verdict faster or slower where both take the same time.
//! At the *edge* of the indifference zone, where the candidate takes 0.5 % longer,
//! the verdict slower is wrong too, and easiest to give; so is *the same*, which has
//! an error of its own in every analysis. *Power* is the share of
//! slowdowns that are called slower. *Coverage* is how often the interval has the
//! truth in it: that of a verdict other than the same, which is chosen for lying
//! within the zone, and one at 95 % in a single analysis after a
//! number of rounds that is fixed beforehand.
//!
//! Few runs have noise of their own kinds (`few_runs.rs`), and so have saved sessions, which did
//! not take turns (`sessions.rs`).
//!
//! What is guarded are the bounds of what is promised: a test fails where an
//! engine that keeps its promise would yield such counts with a chance below one
//! in a million (an exact binomial interval that lies beyond the promise).
//!
//! Without optimisation a sixth of the comparisons is made. `PERFKIT_SIMULATION=long`
//! makes ten times as many as usual, as `.ci/run` does; run that with `--release`, and with
//! `--nocapture` to see the table.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed test panics, and the table is printed"
)]

mod few_runs;
mod history;
mod machine;
mod sessions;

use std::time::Duration;

use perfkit::bench::engine::{
    Blocks, CommandSettings, Experiment, FunctionSettings, Rounds, Sampled, StoppingRule,
};
use perfkit::compare::{ComparisonSet, VerdictRules, compare_paired, compare_set};
use perfkit::report::{Comparison, Verdict};
use perfkit::{Metric, stats};

use machine::{Command, Noise, Shared, Simulated};

const SLOWDOWNS: [f64; 5] = [0.01, 0.02, 0.03, 0.05, 0.10];

/// A kind of noise, and what one iteration takes without it.
struct Model {
    name: &'static str,
    noise: Noise,
    iteration_ns: f64,
}

fn models() -> Vec<Model> {
    let none = Noise::default();
    let quick = |name, noise| Model {
        name,
        noise,
        iteration_ns: 1000.0,
    };
    #[rustfmt::skip]
    let mut models = vec![
        quick("white", Noise { white: 0.01, ..none }),
        quick("autocorrelated", Noise { white: 0.003, autocorrelated: 0.03, ..none }),
        quick("drifting", Noise { white: 0.005, drift: 0.02, ..none }),
        quick("boost", Noise { white: 0.003, boost: 0.05, ..none }),
        quick("levels", Noise { white: 0.003, has_levels: true, ..none }),
        quick("heavy tails", Noise { tails: 0.03, ..none }),
        quick("processes 0.1 %", Noise { white: 0.003, process: 0.001, ..none }),
        quick("processes 0.5 %", Noise { white: 0.003, process: 0.005, ..none }),
    ];
    let mix = Noise {
        white: 0.005,
        autocorrelated: 0.01,
        drift: 0.005,
        boost: 0.02,
        has_levels: true,
        tails: 0.01,
        process: 0.002,
    };
    models.push(quick("mix", mix));
    models.push(Model {
        iteration_ns: 50e6,
        ..quick("slow, mix", mix)
    });
    models
}

/// How many comparisons are made where so many are usual.
fn how_many(usual: u64) -> u64 {
    let is_long = std::env::var("PERFKIT_SIMULATION").is_ok_and(|value| value == "long");
    match (is_long, cfg!(debug_assertions)) {
        (true, _) => usual * 10,
        (false, true) => usual.div_ceil(6),
        (false, false) => usual,
    }
}

/// How often something happened.
#[derive(Clone, Copy, Default)]
struct Share {
    count: u64,
    of: u64,
}

impl Share {
    fn add(&mut self, happened: bool) {
        self.count += u64::from(happened);
        self.of += 1;
    }

    fn percent(self) -> f64 {
        100.0 * self.count as f64 / self.of.max(1) as f64
    }

    /// What the true share may be: outside with a chance of one in a million
    /// on either side.
    fn bounds(self) -> (f64, f64) {
        stats::proportion_bounds(self.count, self.of, 1.0 - 2e-6)
    }

    fn must_be_at_most(self, promised: f64, what: &str) {
        let (low, _) = self.bounds();
        let Self { count, of } = self;
        assert!(low <= promised, "{what}: {count} of {of}");
    }

    fn must_be_at_least(self, promised: f64, what: &str) {
        let (_, high) = self.bounds();
        let Self { count, of } = self;
        assert!(high >= promised, "{what}: {count} of {of}");
    }
}

/// What was seen of one model.
#[derive(Default)]
struct Tally {
    alarms: Share,
    at_edge: Share,
    same: Share,
    same_at_edge: Share,
    power: [Share; SLOWDOWNS.len()],
    wrong_direction: Share,
    coverage: Share,
    coverage_at_95: Share,
    replicates: u64,
    comparisons: u64,
    time: Duration,
    half_width: f64,
}

impl Tally {
    /// Notes a comparison in which the candidate takes `1 + slowdown` of the
    /// baseline's time.
    fn add(&mut self, comparison: &Comparison, slowdown: f64) {
        if let Some(ratio) = comparison.ratio {
            self.half_width += (ratio.high / ratio.low).ln() / 2.0;
        }
        if let Some(ratio) = comparison.ratio
            && comparison.verdict != Verdict::Same
        {
            let truth = 1.0 + slowdown;
            self.coverage.add(ratio.low <= truth && truth <= ratio.high);
        }
        if slowdown == 0.0 {
            let is_alarm = matches!(comparison.verdict, Verdict::Faster | Verdict::Slower);
            self.alarms.add(is_alarm);
            self.same.add(comparison.verdict == Verdict::Same);
            return;
        }
        if slowdown == VerdictRules::default().indifference {
            self.at_edge.add(comparison.verdict == Verdict::Slower);
            self.same_at_edge.add(comparison.verdict == Verdict::Same);
            return;
        }
        self.wrong_direction
            .add(comparison.verdict == Verdict::Faster);
        let size = SLOWDOWNS.iter().position(|size| *size == slowdown);
        self.power[size.unwrap()].add(comparison.verdict == Verdict::Slower);
    }

    fn print_head(of: &str) {
        println!(
            "\n{of:<16} {:>10} {:>10} {:>10} {:>6} {:>29}  {:>8} {:>7} {:>7} {:>7} {:>8}",
            "alarms",
            "at edge",
            "same there",
            "same",
            "power at 1, 2, 3, 5, 10 %",
            "coverage",
            "at 95 %",
            "± %",
            "rounds",
            "time"
        );
    }

    fn print(&self, name: &str) {
        let of = |share: Share| format!("{}/{}", share.count, share.of);
        let (alarms, at_edge) = (of(self.alarms), of(self.at_edge));
        let same_at_edge = of(self.same_at_edge);
        let power = self.power.map(|share| format!("{:5.0}", share.percent()));
        let each = |total: f64| total / self.comparisons.max(1) as f64;
        println!(
            "{name:<16} {alarms:>10} {at_edge:>10} {same_at_edge:>10} {:>6.1} {}  {:>8.2} {:>7.1} {:>7.2} {:>7.1} {:>6.2} s",
            self.same.percent(),
            power.join(" "),
            self.coverage.percent(),
            self.coverage_at_95.percent(),
            100.0 * each(self.half_width),
            each(self.replicates as f64),
            each(self.time.as_secs_f64()),
        );
    }
}

fn two() -> ComparisonSet {
    ComparisonSet::against(0, vec!["a".to_owned(), "b".to_owned()])
}

/// Measures functions on a machine of its own; returns how long that took there too.
/// The first implementations take so much longer than all others.
fn run(
    model: &Model,
    set: &ComparisonSet,
    slowdowns: &[f64],
    rule: &StoppingRule,
    seed: u64,
) -> (Sampled, Duration) {
    let mut iteration_ns = vec![model.iteration_ns; set.names.len()];
    for (ns, slowdown) in iteration_ns.iter_mut().zip(slowdowns) {
        *ns *= 1.0 + slowdown;
    }
    let machine = Shared::new(model.noise, seed ^ 0x9e37_79b9_7f4a_7c15);
    let mut simulated = Simulated {
        machine: machine.clone(),
        iteration_ns: &iteration_ns,
    };
    let clock = machine.clock();
    let experiment = Experiment {
        set,
        rule,
        seed,
        clock: &clock,
    };
    let sampled = experiment.run(&mut Rounds::of(&mut simulated, &clock), &mut |_| {});
    (sampled, machine.now())
}

/// The usual rule for a set, of a build with so many comparisons.
fn usual_rule(set: &ComparisonSet, comparisons: usize) -> StoppingRule {
    let settings = FunctionSettings::new(VerdictRules::default(), comparisons);
    settings.stopping_rule(set.names.len(), set.pairs.len())
}

/// The comparisons of times, by the rules that sampling ended with.
fn compare_times(sampled: &Sampled, set: &ComparisonSet) -> Vec<Comparison> {
    let time_only = [Metric::WALL_TIME];
    compare_set(&sampled.benchmarks, set, &time_only, &sampled.rules)
}

/// A seed for each comparison of each model.
fn seed(model: usize, slowdown: f64, number: u64) -> u64 {
    (model as u64) << 48 | ((slowdown * 1000.0).round() as u64) << 32 | number
}

fn functions_of(index: usize, model: &Model, tally: &mut Tally, slowdown: f64, count: u64) {
    let rule = usual_rule(&two(), 1);
    for number in 0..count {
        let seed = seed(index, slowdown, number);
        let (sampled, time) = run(model, &two(), &[0.0, slowdown], &rule, seed);
        tally.add(&compare_times(&sampled, &two())[0], slowdown);
        tally.replicates += sampled.sampling.rounds;
        tally.time += time;
        tally.comparisons += 1;
    }
}

/// Whether intervals at 95 % after a fixed number of rounds have the truth in them.
fn coverage_at_95(index: usize, model: &Model, tally: &mut Tally, count: u64) {
    // The interval between the fifth values from either end has 95.1 %.
    let mut rule = usual_rule(&two(), 1);
    rule.interim.clear();
    (rule.min_replicates, rule.max_replicates) = (17, 17);
    for number in 0..count {
        let seed = seed(index, 0.5, number);
        let (sampled, _) = run(model, &two(), &[0.0, 0.02], &rule, seed);
        assert_eq!(sampled.sampling.rounds, 17);
        let [a, b] = &sampled.benchmarks[..] else {
            panic!("two implementations");
        };
        let at_95 = VerdictRules {
            confidence: 0.95,
            ..VerdictRules::default()
        };
        let comparison = compare_paired(a, b, &Metric::WALL_TIME, &at_95);
        let ratio = comparison.ratio.unwrap();
        tally
            .coverage_at_95
            .add(ratio.low <= 1.02 && 1.02 <= ratio.high);
    }
}

/// Commands of 20 ms, of which each run is one value.
fn commands_of(index: usize, model: &Model, tally: &mut Tally, slowdown: f64, count: u64) {
    let settings = CommandSettings {
        rules: VerdictRules::default(),
        time: Some(Duration::from_secs(60)),
        warmup_runs: 1,
        keeps_slow_warmup: false,
        min_runs: Some(11),
        max_runs: 60,
    };
    let mut rule = settings.stopping_rule(2, 1);
    rule.interim.clear();
    for number in 0..count {
        let seed = seed(100 + index, slowdown, number);
        let machine = Shared::new(model.noise, seed);
        let command = |name, factor: f64| Command {
            name,
            machine: machine.clone(),
            run_ns: 20e6 * factor,
        };
        let mut subjects = [command("a", 1.0), command("b", 1.0 + slowdown)];
        let experiment = Experiment {
            set: &two(),
            rule: &rule,
            seed,
            clock: &machine.clock(),
        };
        let mut source = Blocks::of(&mut subjects);
        let sampled = experiment.run(&mut source, &mut |_| {});
        let [a, b] = &sampled.benchmarks[..] else {
            panic!("two subjects");
        };
        let compare = |rules: &VerdictRules| compare_paired(a, b, &Metric::WALL_TIME, rules);
        tally.add(&compare(&VerdictRules::default()), slowdown);
        let at_95 = VerdictRules {
            confidence: 0.95,
            ..VerdictRules::default()
        };
        if let Some(ratio) = compare(&at_95).ratio {
            let truth = 1.0 + slowdown;
            let covers = ratio.low <= truth && truth <= ratio.high;
            tally.coverage_at_95.add(covers);
        }
        tally.replicates += sampled.sampling.blocks;
        tally.time += machine.now();
        tally.comparisons += 1;
    }
}

/// How often the values of a comparison are analysed.
const MOST_ANALYSES: f64 = 4.0;

/// The bounds that hold under every model.
fn guard(name: &str, tally: &Tally) {
    let rules = VerdictRules::default();
    let error = 1.0 - rules.confidence;
    let promised = |share: Share, promised: f64, what: &str| {
        share.must_be_at_most(promised, &format!("{name}: {what}"));
    };
    promised(tally.alarms, error, "false alarms");
    promised(tally.at_edge, error / 2.0, "slower at the edge of the zone");
    let of_same = MOST_ANALYSES * (1.0 - rules.same_confidence) / 2.0;
    promised(tally.same_at_edge, of_same, "the same beyond the zone");
    promised(tally.wrong_direction, error / 2.0, "slower called faster");
    let at_95 = tally.coverage_at_95;
    promised(at_95, 0.965, "coverage at 95 %");
    at_95.must_be_at_least(0.94, &format!("{name}: coverage at 95 %"));
    let covered = format!("{name}: coverage");
    tally.coverage.must_be_at_least(rules.confidence, &covered);
}

/// What a user may count on where the machine is not the worst.
fn guard_power(models: &[Model], tallies: &[Tally], least: &[(&str, f64, f64)]) {
    for (name, slowdown, share) in least {
        let model = models.iter().position(|model| model.name == *name);
        let size = SLOWDOWNS.iter().position(|size| size == slowdown);
        let power = tallies[model.unwrap()].power[size.unwrap()];
        power.must_be_at_least(*share, name);
    }
}

#[test]
fn functions() {
    let models = models();
    let edge = VerdictRules::default().indifference;
    let mut tallies = Vec::new();
    Tally::print_head("functions");
    for (index, model) in models.iter().enumerate() {
        let mut tally = Tally::default();
        functions_of(index, model, &mut tally, 0.0, how_many(350));
        functions_of(index, model, &mut tally, edge, how_many(100));
        for slowdown in SLOWDOWNS {
            functions_of(index, model, &mut tally, slowdown, how_many(40));
        }
        coverage_at_95(index, model, &mut tally, how_many(150));
        tally.print(model.name);
        guard(model.name, &tally);
        tallies.push(tally);
    }
    let least = [
        ("white", 0.01, 0.99),
        ("autocorrelated", 0.01, 0.99),
        ("drifting", 0.01, 0.99),
        ("boost", 0.01, 0.99),
        ("levels", 0.01, 0.99),
        ("heavy tails", 0.01, 0.75),
        ("heavy tails", 0.02, 0.99),
        ("processes 0.1 %", 0.01, 0.99),
        ("processes 0.5 %", 0.01, 0.95),
        ("mix", 0.01, 0.99),
        ("slow, mix", 0.03, 0.95),
    ];
    guard_power(&models, &tallies, &least);
}

#[test]
fn commands() {
    let models = models();
    let edge = VerdictRules::default().indifference;
    let mut tallies = Vec::new();
    Tally::print_head("commands");
    let quick = |model: &&Model| model.iteration_ns < 1e6;
    for (index, model) in models.iter().filter(quick).enumerate() {
        let mut tally = Tally::default();
        commands_of(index, model, &mut tally, 0.0, how_many(500));
        commands_of(index, model, &mut tally, edge, how_many(100));
        for slowdown in SLOWDOWNS {
            commands_of(index, model, &mut tally, slowdown, how_many(40));
        }
        tally.print(model.name);
        guard(model.name, &tally);
        tallies.push(tally);
    }
    let least = [
        ("white", 0.02, 0.99),
        ("drifting", 0.01, 0.95),
        ("processes 0.1 %", 0.01, 0.99),
        ("mix", 0.10, 0.90),
    ];
    guard_power(&models, &tallies, &least);
}

/// A build has a hundred benchmarks, each of which is compared with itself, in
/// a group of its own or all in one.
#[test]
fn builds_of_a_hundred_benchmarks() {
    let models = models();
    let models: Vec<&Model> = models.iter().filter(|m| m.iteration_ns < 1e6).collect();
    let error = 1.0 - VerdictRules::default().confidence;
    let (mut apart, mut together) = (Share::default(), Share::default());
    for build in 0..how_many(10) {
        let alarms = |index: usize, set: &ComparisonSet, number: u64| {
            let model = models[index % models.len()];
            let seed = seed(200 + index, 0.0, number);
            let (sampled, _) = run(model, set, &[], &usual_rule(set, 100), seed);
            let comparisons = compare_times(&sampled, set);
            let mut verdicts = comparisons.iter().map(|comparison| comparison.verdict);
            verdicts.any(|verdict| matches!(verdict, Verdict::Faster | Verdict::Slower))
        };
        let of_each = (0..100).filter(|index| alarms(*index, &two(), build));
        apart.add(of_each.count() > 0);
        let names = (0..=100).map(|index| index.to_string()).collect();
        let all = ComparisonSet::against(0, names);
        together.add(alarms(build as usize, &all, 1000 + build));
    }
    println!(
        "\nbuilds of 100 benchmarks with an alarm: {}/{} in groups of two, {}/{} in one group",
        apart.count, apart.of, together.count, together.of
    );
    apart.must_be_at_most(error, "groups of two");
    together.must_be_at_most(error, "one group");
}

/// Of twenty candidates half are slower: of those that are called so, no more
/// are not than the error allows.
#[test]
fn groups_of_which_half_are_slower() {
    let models = models();
    let names = (0..=20).map(|index| index.to_string()).collect();
    let set = ComparisonSet::against(0, names);
    let rule = usual_rule(&set, 20);
    let mut slowdowns = [0.03; 11];
    slowdowns[0] = 0.0;
    let (mut wrong, mut found) = (Share::default(), Share::default());
    for number in 0..how_many(5) {
        for (index, model) in models.iter().enumerate() {
            if matches!(model.name, "slow, mix" | "heavy tails") {
                continue;
            }
            let seed = seed(400 + index, 0.0, number);
            let (sampled, _) = run(model, &set, &slowdowns, &rule, seed);
            let comparisons = compare_times(&sampled, &set);
            for (candidate, comparison) in (1..).zip(&comparisons) {
                let is_claimed = comparison.verdict == Verdict::Slower;
                if candidate < slowdowns.len() {
                    found.add(is_claimed);
                }
                if comparison.verdict == Verdict::Faster || is_claimed {
                    wrong.add(candidate >= slowdowns.len());
                }
            }
        }
    }
    println!(
        "\nslowdowns of 3 % in groups of twenty: found {}/{}, wrong {}/{}",
        found.count, found.of, wrong.count, wrong.of
    );
    wrong.must_be_at_most(1.0 - VerdictRules::default().confidence, "wrong claims");
    found.must_be_at_least(0.99, "found");
}

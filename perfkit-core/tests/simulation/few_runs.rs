//! Few runs of commands: whether intervals of 2 to 12 pairs have the truth in them, how large a
//! difference must be to be found, and what slow commands come to by the usual rule.
//!
//! Every run has noise of one of these kinds, in its logarithm. What lasts for longer than a run
//! meets both commands, in the order in which the engine runs them. Beyond what is promised are
//! more or longer spikes: where one run in ten takes three times as long, 1.6 % of two pairs
//! miss the truth at 99 %, and 0.15 % of three at 99.9 %.

use std::cell::RefCell;
use std::f64::consts::{LN_2, SQRT_2};
use std::rc::Rc;
use std::time::Duration;

use perfkit::bench::engine::{
    Blocks, CommandSettings, Experiment, Run, RunResult, Sampled, Subject,
};
use perfkit::compare::{VerdictRules, compare_paired};
use perfkit::report::{Benchmark, StopReason, Verdict};
use perfkit::unit::Unit;
use perfkit::{Clock, Metric, MetricSummary, MockClock};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::machine::normal;
use super::{Share, how_many, two};

/// Up to so many pairs are looked at; at 99.9 % eleven need no widening.
const MOST_PAIRS: usize = 12;

/// What the noise of a run is drawn from.
struct Machine {
    random: Pcg64Mcg,
    noise: Noise,
    /// How many runs there were.
    runs: u64,
    /// Whether it is slow now, where it has levels.
    is_slow: bool,
    /// What fades from run to run, in standard deviations.
    wander: f64,
}

#[derive(Clone, Copy)]
enum Noise {
    /// Normal, of this standard deviation.
    Normal(f64),
    /// Exponential, so that runs are longer and never shorter.
    Skew(f64),
    /// Student's t of so many degrees of freedom, times this.
    Student(u32, f64),
    /// This share of the runs takes longer by this factor.
    Spikes(f64, f64),
    /// Slower by a factor for so many runs in the mean, with pauses so many times as long.
    Levels(f64, f64, f64),
    /// Slower by this share with every run.
    Drift(f64),
    /// The first run of each takes longer by this factor.
    SlowFirst(f64),
    /// Correlated from run to run by the first, of the second as standard deviation.
    Correlated(f64, f64),
    /// Mostly one standard deviation, and in one of ten runs another.
    Contaminated(f64, f64),
    /// Whoever is first in a block takes longer by this factor.
    Position(f64),
    /// Drift, levels, spikes and normal noise at once.
    All,
}

impl Machine {
    /// The noise of the next run, as a logarithm.
    fn next(&mut self) -> f64 {
        let run = self.runs;
        self.runs += 1;
        self.of_run(self.noise, run)
    }

    fn of_run(&mut self, noise: Noise, run: u64) -> f64 {
        let uniform: f64 = self.random.random();
        match noise {
            Noise::Normal(deviation) => deviation * normal(&mut self.random),
            Noise::Skew(scale) => -scale * (1.0 - uniform).ln(),
            Noise::Student(degrees, scale) => {
                let squares = (0..degrees).map(|_| normal(&mut self.random).powi(2));
                let chi = (squares.sum::<f64>() / f64::from(degrees)).sqrt();
                scale * normal(&mut self.random) / chi
            }
            Noise::Spikes(share, factor) => {
                let spike = if uniform < share { factor.ln() } else { 0.0 };
                spike + 0.005 * normal(&mut self.random)
            }
            Noise::Levels(factor, mean_runs, pause) => {
                let lasts = if self.is_slow {
                    mean_runs
                } else {
                    mean_runs * pause
                };
                self.is_slow ^= uniform < 1.0 / lasts || (run == 0 && uniform < 0.5);
                let level = if self.is_slow { factor.ln() } else { 0.0 };
                level + 0.005 * normal(&mut self.random)
            }
            Noise::Drift(share) => {
                (1.0 + share * run as f64).ln() + self.of_run(Noise::Normal(0.01), run)
            }
            Noise::SlowFirst(factor) => {
                let first = if run < 2 { factor.ln() } else { 0.0 };
                first + self.of_run(Noise::Normal(0.02), run)
            }
            Noise::Correlated(kept, deviation) => {
                let fresh = (1.0 - kept * kept).sqrt();
                self.wander = kept * self.wander + fresh * normal(&mut self.random);
                deviation * self.wander
            }
            Noise::Contaminated(usual, rare) => {
                let deviation = if uniform < 0.1 { rare } else { usual };
                deviation * normal(&mut self.random)
            }
            Noise::Position(factor) => {
                let first = if run.is_multiple_of(2) {
                    factor.ln()
                } else {
                    0.0
                };
                first + self.of_run(Noise::Normal(0.01), run)
            }
            Noise::All => {
                let parts = [
                    Noise::Drift(0.005),
                    Noise::Spikes(0.05, 2.0),
                    Noise::Levels(1.3, 5.0, 1.0),
                ];
                parts.into_iter().map(|part| self.of_run(part, run)).sum()
            }
        }
    }
}

fn kinds() -> Vec<(&'static str, Noise)> {
    vec![
        ("normal 0.2 %", Noise::Normal(0.002)),
        ("normal 1 %", Noise::Normal(0.01)),
        ("normal 2 %", Noise::Normal(0.02)),
        ("normal 5 %", Noise::Normal(0.05)),
        ("normal 10 %", Noise::Normal(0.1)),
        ("normal 30 %", Noise::Normal(0.3)),
        ("skew 5 %", Noise::Skew(0.05)),
        ("skew 30 %", Noise::Skew(0.3)),
        ("t2, 1 %", Noise::Student(2, 0.01)),
        ("t2, 5 %", Noise::Student(2, 0.05)),
        ("t3, 2 %", Noise::Student(3, 0.02)),
        ("t3, 10 %", Noise::Student(3, 0.1)),
        ("spikes 2 %, 10x", Noise::Spikes(0.02, 10.0)),
        ("spikes 5 %, 2x", Noise::Spikes(0.05, 2.0)),
        ("spikes 10 %, 1.5x", Noise::Spikes(0.1, 1.5)),
        ("spikes 10 %, 2x", Noise::Spikes(0.1, 2.0)),
        ("spikes 20 %, 1.5x", Noise::Spikes(0.2, 1.5)),
        ("bursts of 2", Noise::Levels(1.5, 2.0, 10.0)),
        ("bursts of 6", Noise::Levels(1.5, 6.0, 10.0)),
        ("levels of 1", Noise::Levels(1.3, 1.5, 1.0)),
        ("levels of 2", Noise::Levels(1.3, 2.0, 1.0)),
        ("levels of 5", Noise::Levels(1.3, 5.0, 1.0)),
        ("levels of 12", Noise::Levels(1.3, 12.0, 1.0)),
        ("levels of 40", Noise::Levels(1.3, 40.0, 1.0)),
        ("drift 2 %", Noise::Drift(0.02)),
        ("drift 20 %", Noise::Drift(0.2)),
        ("slow first run", Noise::SlowFirst(2.0)),
        ("correlated 0.5", Noise::Correlated(0.5, 0.05)),
        ("correlated 0.5, 30 %", Noise::Correlated(0.5, 0.3)),
        ("correlated 0.9", Noise::Correlated(0.9, 0.1)),
        ("contaminated", Noise::Contaminated(0.01, 0.2)),
        ("position 1.3x", Noise::Position(1.3)),
        ("all", Noise::All),
    ]
}

/// A command whose runs have the machine's noise, and take so long without.
struct Noisy {
    name: &'static str,
    machine: Rc<RefCell<Machine>>,
    clock: MockClock,
    run_ns: f64,
}

impl Subject for Noisy {
    fn name(&self) -> &str {
        self.name
    }

    fn run(&mut self, _: Run) -> RunResult {
        let ns = self.run_ns * self.machine.borrow_mut().next().exp();
        self.clock.advance(Duration::from_nanos(ns as u64));
        RunResult::Done(vec![(Metric::WALL_TIME, Unit::Nanoseconds, ns)])
    }
}

/// Measures two commands on a machine of their own; the second takes longer by this factor.
fn measure(
    noise: Noise,
    settings: &CommandSettings,
    (run_ns, factor): (f64, f64),
    seed: u64,
) -> (Sampled, MockClock) {
    let mut random = Pcg64Mcg::seed_from_u64(seed ^ 0x5851_f42d_4c95_7f2d);
    let wander = normal(&mut random);
    let machine = Rc::new(RefCell::new(Machine {
        random,
        noise,
        runs: 0,
        is_slow: false,
        wander,
    }));
    let clock = MockClock::new();
    let command = |name, factor: f64| Noisy {
        name,
        machine: Rc::clone(&machine),
        clock: clock.clone(),
        run_ns: run_ns * factor,
    };
    let mut commands = [command("a", 1.0), command("b", factor)];
    let rule = settings.stopping_rule(2, 1);
    let experiment = Experiment {
        set: &two(),
        rule: &rule,
        seed,
        clock: &Clock::from(clock.clone()),
    };
    let sampled = experiment.run(&mut Blocks::of(&mut commands), &mut |_| {});
    (sampled, clock)
}

/// Exactly so many runs of each, and no warm-up.
fn exactly(runs: usize) -> CommandSettings {
    CommandSettings {
        rules: VerdictRules::default(),
        time: None,
        warmup_runs: 0,
        keeps_slow_warmup: false,
        min_runs: Some(runs as u64),
        max_runs: runs as u64,
    }
}

/// The first runs of a benchmark: what as many would have been, had no more been asked for.
fn first(benchmark: &Benchmark, runs: usize) -> Benchmark {
    let mut few = Benchmark::new(&benchmark.name);
    few.blocks = benchmark.blocks[..runs].to_vec();
    let times = &benchmark.metrics[&Metric::WALL_TIME].samples[..runs];
    let summary = MetricSummary::from_samples(Unit::Nanoseconds, times.to_vec());
    few.metrics.insert(Metric::WALL_TIME, summary);
    few
}

/// Whether the interval of the first pairs does not have 1 in it.
fn is_missed(sampled: &Sampled, pairs: usize, rules: &VerdictRules) -> bool {
    let [a, b] = &sampled.benchmarks[..] else {
        panic!("two commands");
    };
    let (a, b) = (first(a, pairs), first(b, pairs));
    let compared = compare_paired(&a, &b, &Metric::WALL_TIME, rules);
    let ratio = compared.ratio.unwrap();
    let is_covered = ratio.low <= 1.0 && 1.0 <= ratio.high;
    let are_enough = rules.fewest_pairs() <= pairs as u64;
    assert!(are_enough || compared.verdict != Verdict::Same);
    // The narrower interval of "the same" is chosen for what it says.
    !is_covered && compared.verdict != Verdict::Same
}

/// How often the interval of so many pairs misses the truth, at 99.9 and 99 %.
#[test]
fn intervals_of_few_pairs_have_the_truth_in_them() {
    let levels = [0.999, 0.99].map(|confidence| VerdictRules {
        confidence,
        ..VerdictRules::default()
    });
    println!("\nmissed at 99.9 % of     2, 3, 4, ... 12 pairs");
    for (index, (name, noise)) in (0_u64..).zip(kinds()) {
        let mut missed = [[Share::default(); MOST_PAIRS + 1]; 2];
        for (rules, missed) in levels.iter().zip(&mut missed) {
            // Of more pairs than need an interval to be widened orders are others.
            let enough = rules.fewest_pairs() as usize;
            for (runs, all) in [
                (enough - 1, 2..=enough - 1),
                (MOST_PAIRS, enough..=MOST_PAIRS),
            ] {
                let settings = CommandSettings {
                    rules: *rules,
                    ..exactly(runs)
                };
                for number in 0..how_many(1500) {
                    let seed = index << 48 | number << 8 | runs as u64;
                    let (sampled, _) = measure(noise, &settings, (1e9, 1.0), seed);
                    for pairs in all.clone() {
                        missed[pairs].add(is_missed(&sampled, pairs, rules));
                    }
                }
            }
        }
        let counts = missed[0][2..]
            .iter()
            .map(|share| format!("{:4}", share.count));
        println!(
            "{name:<20} {} of {}",
            counts.collect::<String>(),
            missed[0][2].of
        );
        for (rules, missed) in levels.iter().zip(&missed) {
            for (pairs, share) in missed.iter().enumerate().skip(2) {
                let error = 1.0 - rules.confidence;
                share.must_be_at_most(error, &format!("{name}: {pairs} pairs at {error}"));
            }
        }
    }
}

/// One pair decides nothing, however much its sides differ.
#[test]
fn one_pair_decides_nothing() {
    let (sampled, _) = measure(Noise::Normal(0.01), &exactly(1), (1e6, 1e6), 1);
    let [a, b] = &sampled.benchmarks[..] else {
        panic!("two commands");
    };
    let compared = compare_paired(a, b, &Metric::WALL_TIME, &VerdictRules::default());
    assert_eq!(
        (compared.ratio, compared.verdict),
        (None, Verdict::Inconclusive)
    );
}

/// What is found nine times of ten where pairs vary by 2 %.
#[test]
fn few_pairs_find_what_is_beyond_doubt() {
    println!("\nfound where pairs vary by 2 %");
    let of_runs = Noise::Normal(0.02 / SQRT_2);
    for (pairs, factor) in [(2, 4.3), (3, 2.4), (5, 1.54), (8, 1.2), (12, 1.07)] {
        let mut found = Share::default();
        for number in 0..how_many(1000) {
            let seed = (pairs as u64) << 40 | number;
            let (sampled, _) = measure(of_runs, &exactly(pairs), (1e9, factor), seed);
            let [a, b] = &sampled.benchmarks[..] else {
                panic!("two commands");
            };
            let rules = VerdictRules::default();
            let compared = compare_paired(a, b, &Metric::WALL_TIME, &rules);
            assert_ne!(compared.verdict, Verdict::Faster);
            found.add(compared.verdict == Verdict::Slower);
        }
        println!(
            "{factor:>5} times, {pairs:>2} pairs: {:.1} %",
            found.percent()
        );
        found.must_be_at_least(0.9, &format!("{factor} times with {pairs} pairs"));
    }
}

/// Commands that are too slow for the usual time: a clear difference ends it after few runs,
/// and the analyses err together no more often than one may.
#[test]
fn slow_commands_by_the_usual_rule() {
    let usual = CommandSettings {
        warmup_runs: 1,
        keeps_slow_warmup: true,
        min_runs: None,
        max_runs: 10_000,
        ..exactly(1)
    };
    let error = 1.0 - usual.rules.confidence;
    let all = &mut Share::default();
    for (index, (name, noise)) in (100_u64..).zip(kinds()) {
        for (run_ns, most) in [(1e9, 12), (5e9, 10), (60e9, 10)] {
            let mut alarms = Share::default();
            for number in 0..how_many(300) {
                let seed = index << 48 | number << 8 | most;
                let (sampled, _) = measure(noise, &usual, (run_ns, 1.0), seed);
                let [a, b] = &sampled.benchmarks[..] else {
                    panic!("two commands");
                };
                let compared = compare_paired(a, b, &Metric::WALL_TIME, &sampled.rules);
                let is_alarm = matches!(compared.verdict, Verdict::Faster | Verdict::Slower);
                alarms.add(is_alarm);
                all.add(is_alarm);
                assert!(
                    sampled.sampling.blocks <= most,
                    "{name}: {:?}",
                    sampled.sampling
                );
            }
            alarms.must_be_at_most(error, name);
        }
    }
    println!(
        "\nfalse alarms of slow commands: {} of {}",
        all.count, all.of
    );
    all.must_be_at_most(error, "all kinds of noise");
    for (factor, runs) in [(8.0, 3), (2.0, 6)] {
        let (sampled, clock) = measure(Noise::Normal(0.02), &usual, (10e9, factor), 7);
        assert_eq!(sampled.sampling.stopped, StopReason::Decided);
        assert_eq!(sampled.sampling.blocks, runs);
        let expected = 10.0 * (1.0 + factor) * runs as f64;
        let seconds = Clock::from(clock).now_ns() as f64 / 1e9;
        assert!((seconds / expected).ln().abs() < LN_2 / 4.0, "{seconds} s");
    }
}

//! Saved sessions, measured on days of their own: false alarms, power and coverage.
//!
//! Each session draws a lasting factor, and some are off by 10 %, as where another tenant
//! was on the machine; its runs vary by 2 % besides.

use perfkit::compare::{Apart, Sessions, VerdictRules, compare_unpaired};
use perfkit::report::{Benchmark, Verdict};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::machine::normal;
use crate::{Share, how_many};

/// By how much sessions of one thing differ.
#[derive(Clone, Copy)]
struct Days {
    name: &'static str,
    /// The standard deviation between sessions.
    deviation: f64,
    /// The share of sessions that are off by 10 %.
    odd: f64,
    /// The share of these that are slow; the others are fast.
    slow: f64,
}

#[rustfmt::skip]
const ALL_DAYS: [Days; 7] = [
    Days { name: "sessions 0.3 %", deviation: 0.003, odd: 0.0, slow: 0.5 },
    Days { name: "sessions 1 %", deviation: 0.01, odd: 0.0, slow: 0.5 },
    Days { name: "sessions 2 %", deviation: 0.02, odd: 0.0, slow: 0.5 },
    Days { name: "sessions 3 %", deviation: 0.03, odd: 0.0, slow: 0.5 },
    Days { name: "1 %, 3 % odd", deviation: 0.01, odd: 0.03, slow: 0.5 },
    Days { name: "1 %, 10 % odd", deviation: 0.01, odd: 0.10, slow: 0.5 },
    Days { name: "1 %, 10 % slow", deviation: 0.01, odd: 0.10, slow: 1.0 },
];

/// How many sessions there are of the baseline and of the candidate.
const COUNTS: [(usize, usize); 6] = [(1, 1), (3, 1), (2, 2), (3, 2), (3, 3), (5, 3)];

/// Runs of a session, and how much they vary.
const RUNS: usize = 40;
const RUN_DEVIATION: f64 = 0.02;

fn session(days: Days, factor: f64, random: &mut Pcg64Mcg) -> Benchmark {
    let mut log = days.deviation * normal(random);
    if random.random::<f64>() < days.odd {
        let is_slow = random.random::<f64>() < days.slow;
        log += if is_slow { 0.10 } else { -0.10 };
    }
    let of_session = 1e7 * factor * log.exp();
    let runs = (0..RUNS).map(|_| of_session * (RUN_DEVIATION * normal(random)).exp());
    let summary = MetricSummary::from_samples(Unit::Nanoseconds, runs.collect());
    let mut benchmark = Benchmark::new("a");
    benchmark.metrics.insert(Metric::WALL_TIME, summary);
    benchmark
}

/// What was seen with one kind of days and so many sessions.
#[derive(Default)]
struct Tally {
    alarms: Share,
    coverage: Share,
    power: [Share; SLOWDOWNS.len()],
}

const SLOWDOWNS: [f64; 3] = [0.03, 0.10, 0.30];

impl Tally {
    fn of(days: Days, counts: (usize, usize), seed: u64) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut tally = Self::default();
        let mut compare = |slowdown: f64| {
            let mut side = |count, factor: f64| -> Vec<Benchmark> {
                let sessions = (0..count).map(|_| session(days, factor, &mut random));
                sessions.collect()
            };
            let (before, after) = (side(counts.0, 1.0), side(counts.1, 1.0 + slowdown));
            let sessions = Sessions {
                baseline: before.iter().collect(),
                candidate: after.iter().collect(),
                apart: Apart::OnOneMachine,
            };
            compare_unpaired(&sessions, &Metric::WALL_TIME, &VerdictRules::of_sessions())
        };
        for _ in 0..how_many(1000) {
            let same = compare(0.0);
            let is_alarm = matches!(same.verdict, Verdict::Faster | Verdict::Slower);
            tally.alarms.add(is_alarm);
            let ratio = same.ratio.unwrap();
            tally.coverage.add(ratio.low <= 1.0 && 1.0 <= ratio.high);
        }
        for (slowdown, power) in SLOWDOWNS.iter().zip(&mut tally.power) {
            for _ in 0..how_many(500) {
                power.add(compare(*slowdown).verdict == Verdict::Slower);
            }
        }
        tally
    }
}

#[test]
fn saved_sessions() {
    println!(
        "\nsaved sessions     {:>6} {:>12} {:>9}  power at 3, 10, 30 %",
        "number", "alarms", "coverage"
    );
    for (index, days) in ALL_DAYS.into_iter().enumerate() {
        for (a, b) in COUNTS {
            let tally = Tally::of(
                days,
                (a, b),
                (index as u64) << 32 | (a as u64) << 8 | b as u64,
            );
            let power = tally.power.map(|share| format!("{:6.1}", share.percent()));
            println!(
                "{:<18} {a:>2} v {b} {:>6}/{:<6} {:>8.2}  {}",
                days.name,
                tally.alarms.count,
                tally.alarms.of,
                tally.coverage.percent(),
                power.join(" ")
            );
            guard(days, (a, b), &tally);
        }
    }
}

/// What is promised: false alarms in at most 1 %, and in 2 % where odd sessions are odd in one
/// way, so that two of them agree; 30 % found in 99 % from one session on
/// each side, unless one session in ten is an odd one; 10 % found in 99 % from two, where
/// sessions differ by 1 %. Where they differ by more than the 2 % that are expected, a few of
/// them do not yet show all of it, and the interval is a little short.
fn guard(days: Days, (a, b): (usize, usize), tally: &Tally) {
    let name = format!("{}, {a} against {b}", days.name);
    let is_one_sided = days.slow > 0.5;
    let alarms = if is_one_sided { 0.02 } else { 0.01 };
    tally.alarms.must_be_at_most(alarms, &name);
    let is_short = is_one_sided || days.deviation > 0.02;
    let covered = if is_short { 0.98 } else { 0.99 };
    let of_coverage = format!("{name}: coverage");
    tally.coverage.must_be_at_least(covered, &of_coverage);
    let [_, ten, thirty] = tally.power;
    if days.odd < 0.10 {
        thirty.must_be_at_least(0.99, &format!("{name}: 30 %"));
    }
    if days.odd == 0.0 && days.deviation <= 0.01 && a.min(b) >= 2 {
        ten.must_be_at_least(0.99, &format!("{name}: 10 %"));
    }
}

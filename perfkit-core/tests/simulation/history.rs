//! Values over time: how often a series without change is called one with, and which changes
//! are found.
//!
//! Each series has noise of a known kind in its logarithm, of values that were measured one
//! after the other, and a fixed seed. *Flagged* is a series with a change that is found or
//! watched; these have an error of 1 % each.

use perfkit::history::{Certainty, Change, ChangeKind, HistoryRules, Point, Series, judge};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::machine::normal;
use super::{Share, how_many};

/// What noise a series has.
#[derive(Clone, Copy)]
enum Noise {
    /// Normal, of this standard deviation.
    Normal(f64),
    /// Skewed: the exponential of a normal one, less its mean, of this standard deviation.
    LogNormal(f64),
    /// Normal, and in one of twenty values up to three times as long.
    Spiky(f64),
    /// Normal within a machine, and each value of one of three machines that differ by 6 and
    /// by 13 %.
    ThreeMachines(f64),
    /// Correlated from value to value by the first, of the second as standard deviation.
    Correlated(f64, f64),
    /// Whole numbers of ticks of a coarse clock, few of them.
    Ticks,
}

fn kinds() -> Vec<(&'static str, Noise)> {
    vec![
        ("normal 2 %", Noise::Normal(0.02)),
        ("log-normal 2 %", Noise::LogNormal(0.02)),
        ("log-normal 20 %", Noise::LogNormal(0.2)),
        ("spiky", Noise::Spiky(0.02)),
        ("three machines", Noise::ThreeMachines(0.01)),
        ("ticks", Noise::Ticks),
        ("correlated 0.2", Noise::Correlated(0.2, 0.02)),
        ("correlated 0.5", Noise::Correlated(0.5, 0.02)),
    ]
}

impl Noise {
    fn values(self, count: usize, random: &mut Pcg64Mcg) -> Vec<f64> {
        let mut wander = normal(random);
        let mut machine = random.random_range(0..3_usize);
        let mut value = || match self {
            Self::Normal(deviation) => deviation * normal(random),
            Self::LogNormal(deviation) => (1.0
                + deviation * ((0.8 * normal(random)).exp() - 1.377))
                .max(0.1)
                .ln(),
            Self::Spiky(deviation) => {
                let is_spike = random.random::<f64>() < 0.05;
                let spike = if is_spike {
                    random.random_range(1.0..3.0_f64).ln()
                } else {
                    0.0
                };
                spike + deviation * normal(random)
            }
            Self::ThreeMachines(deviation) => {
                machine = random.random_range(0..3);
                [0.0, 0.058, 0.122][machine] + deviation * normal(random)
            }
            Self::Correlated(kept, deviation) => {
                let fresh = (1.0 - kept * kept).sqrt();
                wander = kept * wander + fresh * normal(random);
                deviation * wander
            }
            Self::Ticks => (10.0 + (1.2 * normal(random)).round()).max(1.0).ln(),
        };
        (0..count).map(|_| value()).collect()
    }
}

fn series(logs: &[f64]) -> Series {
    let point = |(position, log): (u64, &f64)| Point {
        position,
        value: 5e6 * log.exp(),
        half_width: None,
        group: 1,
    };
    Series {
        points: (0..).zip(logs).map(point).collect(),
    }
}

fn changes(logs: &[f64]) -> Vec<Change> {
    let mut judged = judge(&[series(logs)], &HistoryRules::default());
    judged.series.remove(0).changes
}

fn is_of(change: &Change, certainty: Certainty) -> bool {
    change.certainty == certainty
}

#[test]
fn series_without_change_are_left_alone() {
    println!("\nof series of 100 values without change: changed in any way, found, watched, drift");
    for (index, (name, noise)) in (0_u64..).zip(kinds()) {
        let mut found = Share::default();
        let mut watched = Share::default();
        let mut flagged = Share::default();
        let mut drift = Share::default();
        for number in 0..how_many(120) {
            let mut random = Pcg64Mcg::seed_from_u64(index << 40 | number);
            let changes = changes(&noise.values(100, &mut random));
            flagged.add(!changes.is_empty());
            found.add(changes.iter().any(|c| is_of(c, Certainty::Found)));
            watched.add(changes.iter().any(|c| is_of(c, Certainty::Watching)));
            drift.add(changes.iter().any(|c| c.kind == ChangeKind::Drift));
        }
        println!(
            "{name:<20} {:>6} series {:>7.2} % {:>7.2} % {:>7.2} % {:>7.2} %",
            found.of,
            flagged.percent(),
            found.percent(),
            watched.percent(),
            drift.percent()
        );
        found.must_be_at_most(0.01, name);
        watched.must_be_at_most(0.03, name);
    }
}

/// How often a step of this size after so many values is found or watched, by values after it.
fn power(noise: Noise, shift: f64, before: usize, after: usize) -> (Share, Share, Share) {
    let (mut found, mut seen, mut covered) = (Share::default(), Share::default(), Share::default());
    for number in 0..how_many(60) {
        let mut random =
            Pcg64Mcg::seed_from_u64((before * 1000 + after) as u64 * 7919 + number * 31);
        let mut logs = noise.values(before + after, &mut random);
        for log in &mut logs[before..] {
            *log += shift.ln_1p();
        }
        let changes = changes(&logs);
        let is_near = |c: &&Change| c.first.abs_diff(before) <= 2 && c.kind == ChangeKind::Step;
        let near = changes.iter().find(is_near);
        found.add(near.is_some_and(|c| is_of(c, Certainty::Found)));
        seen.add(near.is_some());
        if let Some(near) = near {
            covered.add(near.ratio.low <= 1.0 + shift && 1.0 + shift <= near.ratio.high);
        }
    }
    (found, seen, covered)
}

#[test]
fn steps_are_found() {
    println!(
        "\nsteps after 40 values: found, found or watched, the truth within the interval of those"
    );
    // Each of both has half a percent of its own, whichever machine they ran on.
    let anchored = Noise::Normal(0.005 * std::f64::consts::SQRT_2);
    let usual = Noise::Normal(0.02);
    let correlated = Noise::Correlated(0.5, 0.02);
    #[rustfmt::skip]
    let cases = [
        // Of which shares are found, and found or watched, at least.
        ("2 %", usual, 0.03, 5, 0.0, 0.5),
        ("2 %", usual, 0.03, 10, 0.0, 0.0),
        ("2 %", usual, 0.05, 3, 0.0, 0.85),
        ("2 %", usual, 0.05, 4, 0.0, 0.9),
        ("2 %", usual, 0.05, 5, 0.8, 0.95),
        ("2 %", usual, 0.05, 10, 0.9, 0.9),
        ("2 %", usual, 0.10, 3, 0.0, 0.995),
        ("2 %", usual, 0.10, 5, 0.99, 0.995),
        ("correlated", correlated, 0.05, 10, 0.0, 0.0),
        ("correlated", correlated, 0.05, 40, 0.6, 0.6),
        ("anchored", anchored, 0.02, 3, 0.0, 0.9),
        ("anchored", anchored, 0.02, 5, 0.85, 0.95),
    ];
    for (name, noise, shift, after, least_found, least_seen) in cases {
        let (found, seen, covered) = power(noise, shift, 40, after);
        println!(
            "{name:<10} {:>5.1} % after {after:>3}  {:>12.1} % {:>7.1} % {:>7.1} %",
            100.0 * shift,
            found.percent(),
            seen.percent(),
            covered.percent()
        );
        let case = format!("{name}, {shift}, {after} values");
        found.must_be_at_least(least_found, &case);
        seen.must_be_at_least(least_seen, &case);
    }
}

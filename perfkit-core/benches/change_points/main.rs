//! What perfkit finds in series of values, and how long that takes.
//!
//! ```console
//! $ cargo bench --package perfkit-core --features bench --bench change_points
//! ```
//!
//! measures series of 365 values without a change, with one and with several. With `--series FILE`,
//! a JSON object of arrays of numbers by name, it prints what it found in each instead, as JSON:
//! that is what `compare.py` beside this file reads.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program whose result is what it prints"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use perfkit::history::{Certainty, ChangeKind, HistoryRules, Judged, Point, Series, judge};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Each time is the median of so many.
const REPEATS: usize = 11;

fn series(values: &[f64]) -> Series {
    let point = |(position, value): (u64, &f64)| Point {
        position,
        value: *value,
        half_width: None,
        group: 0,
    };
    Series {
        points: (0..).zip(values).map(point).collect(),
    }
}

fn timed(values: &[f64]) -> (Judged, Duration) {
    let series = [series(values)];
    let mut times = Vec::new();
    let mut judged = Judged::default();
    for _ in 0..REPEATS {
        let start = Instant::now();
        judged = judge(&series, &HistoryRules::default());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    (judged, times[REPEATS / 2])
}

fn findings(path: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(path).expect("the file of series can be read");
    let all: BTreeMap<String, Vec<f64>> =
        serde_json::from_str(&text).expect("it is an object of arrays of numbers");
    let finding = |values: &Vec<f64>| {
        let (judged, time) = timed(values);
        let changes = &judged.series[0].changes;
        let of_kind = |kind, certainty| {
            let matching = changes.iter();
            let matching = matching.filter(|c| c.kind == kind && c.certainty == certainty);
            matching.map(|change| change.first).collect::<Vec<_>>()
        };
        serde_json::json!({
            "steps": of_kind(ChangeKind::Step, Certainty::Found),
            "watched": of_kind(ChangeKind::Step, Certainty::Watching),
            "drifts": of_kind(ChangeKind::Drift, Certainty::Found),
            "seconds": time.as_secs_f64(),
        })
    };
    all.iter()
        .map(|(name, values)| (name.clone(), finding(values)))
        .collect()
}

/// Values that vary by 2 %, and rise by 5 % at each of these places.
fn noisy(count: usize, steps: &[usize], seed: u64) -> Vec<f64> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let noise = |_| (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let noise: Vec<f64> = (0..count).map(noise).collect();
    let level = |at: usize| 1.05_f64.powi(steps.iter().filter(|step| **step <= at).count() as i32);
    let value = |(at, noise): (usize, &f64)| 1e6 * level(at) * (0.02 * noise).exp();
    noise.iter().enumerate().map(value).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--series") {
        let path = arguments.get(at + 1).expect("--series takes a file");
        println!("{:#}", findings(path));
        return;
    }
    println!("365 values that vary by 2 %, the median of {REPEATS} times, of five series each");
    let thirds: Vec<usize> = vec![120, 240];
    let many: Vec<usize> = (1..8).map(|i| 45 * i).collect();
    for (what, steps) in [
        ("no change", vec![]),
        ("one", vec![180]),
        ("two", thirds),
        ("seven", many),
    ] {
        let runs: Vec<(Judged, Duration)> = (1..=5)
            .map(|seed| timed(&noisy(365, &steps, seed)))
            .collect();
        let longest = runs.iter().map(|(_, time)| *time).max().unwrap_or_default();
        let found: Vec<usize> = runs
            .iter()
            .map(|(judged, _)| judged.series[0].changes.len())
            .collect();
        println!(
            "{what:<10} {:>8.2} ms at most, {found:?} found",
            longest.as_secs_f64() * 1e3
        );
    }
}

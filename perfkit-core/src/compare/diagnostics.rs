//! What a reader should know of measured values before believing what they come to.
//!
//! | told | rule |
//! |---|---|
//! | far-out values | more than 5 % lie beyond the outer fence of Tukey (1977) and 1.1 times the median |
//! | a drift | the trend test of Mann (1945) and Kendall (1975) at 0.01 %, and a change of over 5 % by the slope of Theil (1950) and Sen (1968) |
//! | several speeds | two peaks of the kernel density (bandwidth of Silverman 1986) that are 5 % apart, with a valley of a quarter of the height between them |
//! | a slow first run | 1.5 times the median, and slower than all others |
//!
//! None of these is left out of the values, and no verdict depends on them.

use std::io::ErrorKind;

use crate::metric::Metric;
use crate::process::{HardwareCounter, HardwareEvent};
use crate::report::{Benchmark, Note, NoteCode};
use crate::stats;
use crate::unit::Unit;

/// A value beyond Tukey's outer fence is far out only this much above the
/// median: a very steady sample has values that are far out by its own measure
/// and by no reader's.
const LEAST_FACTOR: f64 = 1.1;

/// More than this share of far-out values is worth a word.
const MANY_FAR_OUT: f64 = 0.05;

/// A first run this much slower than the median stands out.
const SLOW_FIRST_RUN: f64 = 1.5;

/// With fewer values no shape can be seen in them, and with more it takes long.
const FEWEST_FOR_SHAPE: usize = 30;
const MOST_FOR_SHAPE: usize = 20_000;

/// A trend is told where chance makes one so seldom.
const DRIFT_P_VALUE: f64 = 1e-4;

/// A drift and a distance between two speeds below this share are not worth a
/// word.
const LEAST_SHAPE: f64 = 0.05;

/// A second speed is one where the valley before it is this deep.
const LEAST_PROMINENCE: f64 = 0.25;

/// What is said once for all where it holds of each that was measured alternately: the
/// cause is then the machine, and met all alike.
const OF_THE_MACHINE: [(NoteCode, &str); 3] = [
    (
        NoteCode::FarOutRuns,
        "many runs of each took far longer than the rest; they are kept; perhaps something else was running",
    ),
    (
        NoteCode::Drift,
        "the machine became faster or slower meanwhile: it met all alike, and their ratios do not tell of it",
    ),
    (
        NoteCode::Bimodal,
        "the machine has several speeds: they met all alike, and their ratios do not tell of them, but single times do",
    ),
];

/// Adds notes to benchmarks that were measured alternately; returns those that hold of all
/// of them.
pub fn add_diagnostics(benchmarks: &mut [Benchmark]) -> Vec<Note> {
    let mut shapes: Vec<[Option<Note>; 3]> = benchmarks.iter().map(shape).collect();
    let mut of_all = Vec::new();
    for (kind, (code, message)) in OF_THE_MACHINE.into_iter().enumerate() {
        if shapes.len() > 1 && shapes.iter().all(|shape| shape[kind].is_some()) {
            of_all.push(Note::warning(code, message));
            shapes.iter_mut().for_each(|shape| shape[kind] = None);
        }
    }
    for (benchmark, shape) in benchmarks.iter_mut().zip(shapes) {
        let first = [failed_runs(benchmark), first_run_slower(benchmark)];
        let notes: Vec<Note> = first.into_iter().chain(shape).flatten().collect();
        benchmark.notes.extend(notes);
    }
    of_all
}

/// What the machine may be the cause of: far-out values, a drift, several speeds.
fn shape(benchmark: &Benchmark) -> [Option<Note>; 3] {
    let (name, samples) = (&benchmark.name, times(benchmark));
    [
        far_out_values(name, samples),
        drift(name, samples),
        two_speeds(name, samples),
    ]
}

fn times(benchmark: &Benchmark) -> &[f64] {
    let times = benchmark.metrics.get(&Metric::WALL_TIME);
    times.map_or(&[], |time| time.samples.as_slice())
}

fn failed_runs(benchmark: &Benchmark) -> Option<Note> {
    let runs = benchmark.successes + benchmark.failures;
    (benchmark.failures > 0).then(|| {
        let (name, failures) = (&benchmark.name, benchmark.failures);
        let reason = benchmark.failed_runs.first();
        let reason = reason.map_or_else(String::new, |failure| format!(" ({})", failure.reason));
        let timed = benchmark.failed_blocks.len() as u64;
        let rest = match failures - timed.min(failures) {
            _ if timed == runs => "its times are of failed runs".to_owned(),
            0 => "their times are among the numbers".to_owned(),
            untimed if timed > 0 => {
                format!("their times are among the numbers, but for {untimed} without one")
            }
            _ => "their times are not in the numbers".to_owned(),
        };
        let message = match failures == runs {
            true => format!("{name}: all {runs} runs failed{reason}; {rest}"),
            false => format!("{name}: {failures} of {runs} runs failed{reason}; {rest}"),
        };
        Note::warning(NoteCode::FailedRuns, message)
    })
}

/// Says why instructions of some of these were not counted, if they were timed.
#[must_use]
pub fn counters_unavailable<'a>(
    benchmarks: impl IntoIterator<Item = &'a Benchmark>,
) -> Option<Note> {
    let has = |benchmark: &Benchmark, metric| benchmark.metrics.contains_key(metric);
    let lacks = |b: &&Benchmark| has(b, &Metric::WALL_TIME) && !has(b, &Metric::INSTRUCTIONS);
    let counters_unavailable = benchmarks.into_iter().find(lacks)?;
    let message = match HardwareCounter::of_this_thread(HardwareEvent::Instructions) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            "instructions and cycles were not counted: the system does not let this user (kernel.perf_event_paranoid)"
                .to_owned()
        }
        Err(_) => {
            "instructions and cycles were not counted: this system has no such counters".to_owned()
        }
        Ok(_) => format!(
            "{}: its instructions were not counted: others took the counter for some of the time, or it runs with more privileges",
            counters_unavailable.name
        ),
    };
    Some(Note::detail(NoteCode::CountersUnavailable, message))
}

/// Values that rise or fall as they come: the machine warms up, or something
/// grows.
fn drift(name: &str, samples: &[f64]) -> Option<Note> {
    if samples.len() < FEWEST_FOR_SHAPE {
        return None;
    }
    let p_value = stats::trend_p_value(samples)?;
    let median = stats::median(&stats::sorted(samples)?)?;
    let change = stats::trend_slope(samples)? * samples.len() as f64 / median;
    let is_drift = p_value < DRIFT_P_VALUE && change.abs() > LEAST_SHAPE;
    is_drift.then(|| {
        let way = if change > 0.0 { "slower" } else { "faster" };
        let share = Unit::Ratio.format(change.abs(), 2);
        Note::warning(
            NoteCode::Drift,
            format!("{name}: its runs became {way} by {share} from the first to the last; perhaps the machine warmed up, or something grew"),
        )
    })
}

/// Values about two levels, of which a single typical one would tell neither.
fn two_speeds(name: &str, samples: &[f64]) -> Option<Note> {
    if !(FEWEST_FOR_SHAPE..MOST_FOR_SHAPE).contains(&samples.len()) {
        return None;
    }
    let ordered = stats::sorted(samples)?;
    let modes = stats::modes(&ordered, stats::bandwidth(&ordered)?, LEAST_PROMINENCE)?;
    let (first, last) = (modes.first()?.at, modes.last()?.at);
    let is_told = modes.len() >= 2 && last > (1.0 + LEAST_SHAPE) * first;
    is_told.then(|| {
        Note::warning(
            NoteCode::Bimodal,
            format!(
                "{name}: its runs have several speeds, about {} and about {}; a single typical time says little",
                Unit::Nanoseconds.format(first, 3),
                Unit::Nanoseconds.format(last, 3)
            ),
        )
    })
}

/// Functions warm up before each of their samples, so that none of them is the first.
fn first_run_slower(benchmark: &Benchmark) -> Option<Note> {
    let is_of_functions = !benchmark.rounds.is_empty();
    let (name, samples) = (&benchmark.name, times(benchmark));
    let (&first, rest) = samples.split_first().filter(|_| !is_of_functions)?;
    let rest = stats::sorted(rest)?;
    let (median, slowest) = (stats::median(&rest)?, rest.last()?);
    let stands_out = rest.len() >= 5 && first > SLOW_FIRST_RUN * median && first > *slowest;
    stands_out.then(|| {
        Note::warning(
            NoteCode::FirstRunSlower,
            format!(
                "{name}: the first run took {}, the others {} in the median: perhaps caches were cold, and more warm-up (-w) would help",
                Unit::Nanoseconds.format(first, 3),
                Unit::Nanoseconds.format(median, 3)
            ),
        )
    })
}

fn far_out_values(name: &str, samples: &[f64]) -> Option<Note> {
    let ordered = stats::sorted(samples)?;
    let fence = stats::fences(&ordered)?.high_severe;
    let fence = fence.max(LEAST_FACTOR * stats::median(&ordered)?);
    let count = ordered.iter().filter(|value| **value > fence).count();
    let is_many = ordered.len() >= 10 && count as f64 > MANY_FAR_OUT * ordered.len() as f64;
    is_many.then(|| {
        Note::warning(
            NoteCode::FarOutRuns,
            format!(
                "{name}: {count} of {} runs took far longer than the rest (over {}); they are kept; perhaps something else was running",
                ordered.len(),
                Unit::Nanoseconds.format(fence, 3)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric_summary::MetricSummary;

    fn benchmark(values: &[f64]) -> Benchmark {
        let mut benchmark = Benchmark::new("a");
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, values.to_vec());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    fn codes(values: &[f64]) -> Vec<NoteCode> {
        let mut benchmark = benchmark(values);
        add_diagnostics(std::slice::from_mut(&mut benchmark));
        benchmark.notes.iter().map(|note| note.code).collect()
    }

    #[test]
    fn a_steady_sample_needs_no_remark() {
        assert!(codes(&[10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 10.1, 10.0, 9.9, 10.0]).is_empty());
        let very_steady = [
            702.0, 702.1, 701.9, 702.0, 702.2, 701.8, 702.1, 702.0, 701.9,
        ];
        assert!(codes(&[&very_steady[..], &[713.0]].concat()).is_empty());
        assert!(codes(&[]).is_empty());
        assert!(codes(&[5.0]).is_empty());
    }

    #[test]
    fn a_slow_first_run_is_told() {
        assert_eq!(
            codes(&[20.0, 10.1, 9.9, 10.0, 10.2, 9.8]),
            [NoteCode::FirstRunSlower]
        );
    }

    /// Values that swing by 1 % about 100.
    fn swinging(n: u32) -> impl Iterator<Item = f64> {
        (0..n).map(|i| 100.0 + f64::from(i * 7 % 11) / 10.0)
    }

    #[test]
    fn runs_that_become_slower_are_told() {
        let drifting: Vec<f64> = swinging(60)
            .zip(0..)
            .map(|(v, i): (f64, u32)| v + 0.2 * f64::from(i))
            .collect();
        assert_eq!(codes(&drifting), [NoteCode::Drift]);
        assert!(codes(&swinging(60).collect::<Vec<_>>()).is_empty());
    }

    #[test]
    fn two_speeds_are_told() {
        let two: Vec<f64> = swinging(60)
            .zip(0..)
            .map(|(v, i): (f64, u32)| v * [1.0, 1.5][(i / 3 % 2) as usize])
            .collect();
        assert_eq!(codes(&two), [NoteCode::Bimodal]);
    }

    #[test]
    fn what_holds_of_all_that_took_turns_is_said_once() {
        let steady: Vec<f64> = swinging(60).collect();
        let levels: Vec<f64> = swinging(60)
            .zip(0..)
            .map(|(v, i): (f64, u32)| v * [1.0, 1.5][(i / 3 % 2) as usize])
            .collect();
        let told = |all: &[&[f64]]| {
            let mut benchmarks: Vec<Benchmark> = all.iter().map(|v| benchmark(v)).collect();
            let of_all = add_diagnostics(&mut benchmarks).len();
            let of_each = benchmarks.iter().map(|b| b.notes.len()).sum::<usize>();
            (of_all, of_each)
        };
        assert_eq!(told(&[&levels, &levels, &levels]), (1, 0));
        let spikes: Vec<f64> = swinging(60)
            .zip(0..)
            .map(|(v, i): (f64, u32)| if i % 15 == 7 { 9.0 * v } else { v })
            .collect();
        assert_eq!(told(&[&spikes, &spikes]), (1, 0));
        assert_eq!(told(&[&levels, &steady]), (0, 1));
        assert_eq!(told(&[&levels]), (0, 1));
        assert_eq!(told(&[]), (0, 0));
    }

    #[test]
    fn many_far_out_runs_are_told() {
        let mut values = vec![10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 10.1, 10.0, 9.9];
        values.extend([30.0, 40.0]);
        assert_eq!(codes(&values), [NoteCode::FarOutRuns]);
    }
}

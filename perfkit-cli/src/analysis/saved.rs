//! Saved reports, compared.

use std::collections::BTreeSet;

use perfkit::compare::{Sessions, VerdictRules, compare_unpaired, compare_unpaired_operations};
use perfkit::report::{Benchmark, Note, NoteCode, OneSided, Report, Side, lost};
use perfkit::{Direction, Metric, MetricSummary, OperationSnapshot};

use crate::error::Error;

use super::sides::{Sides, benchmark_names, names_of_kind, operation_names};

/// The metrics that implementations are compared in first.
const MAIN: [Metric; 2] = [Metric::WALL_TIME, Metric::CPU_TIME];

/// What is measured of every command beside these, and says little by itself.
const RESOURCES: [Metric; 7] = [
    Metric::USER_TIME,
    Metric::SYSTEM_TIME,
    Metric::PEAK_MEMORY,
    Metric::MINOR_PAGE_FAULTS,
    Metric::MAJOR_PAGE_FAULTS,
    Metric::VOLUNTARY_CONTEXT_SWITCHES,
    Metric::INVOLUNTARY_CONTEXT_SWITCHES,
];

/// One report that holds what both sides have in common, compared by name, with the
/// numbers of the newest session of both sides.
pub(crate) fn compare_reports(
    baseline: &[Report],
    candidate: &[Report],
    rules: &VerdictRules,
) -> Result<Report, Error> {
    let sides = Sides::of(baseline, candidate);
    let newest = candidate.last().ok_or_else(nothing_in_common)?;
    let mut result = Report::new(newest.environment.clone());
    for name in benchmark_names(baseline) {
        for sessions in sides.of_benchmark(name).both {
            let metrics = compared_metrics(&sessions).into_iter();
            let comparisons = metrics.map(|metric| compare_unpaired(&sessions, metric, rules));
            result.comparisons.extend(comparisons);
        }
    }
    for name in operation_names(baseline) {
        let sessions = sides.of_operation(name);
        let comparison = sessions.map(|sessions| compare_unpaired_operations(&sessions, rules));
        result.comparisons.extend(comparison);
    }
    if result.comparisons.is_empty() {
        return Err(match names_of_kind(candidate, true).is_empty() {
            true if newest.counters.is_empty() && newest.gauges.is_empty() => nothing_in_common(),
            true => nothing_in_common().hint(
                "counters, gauges and ratios are not compared: `perfkit report FILE FILE` shows both",
            ),
            false => nothing_in_common().hint(
                "values that a program handed over are not compared: `perfkit report` shows them",
            ),
        });
    }
    add_sides(&mut result, &sides);
    let (gone, new) = (
        only_in(&sides, Side::Baseline),
        only_in(&sides, Side::Candidate),
    );
    for (code, place, only) in [
        (NoteCode::Gone, "baseline", &gone),
        (NoteCode::New, "candidate", &new),
    ] {
        if !only.is_empty() {
            let labels = only.iter().map(|(one, is_shared)| one.label(*is_shared));
            let labels: Vec<String> = labels.collect();
            let message = format!("only in the {place}: {}", labels.join(", "));
            result.notes.push(Note::info(code, message));
        }
    }
    result.only_in_baseline = gone.into_iter().map(|(one, _)| one).collect();
    result.only_in_candidate = new.into_iter().map(|(one, _)| one).collect();
    result.notes.extend(of_the_newest(&sides));
    let beyond = beyond_limits(&result.operations);
    result.notes.extend(beyond);
    Ok(result)
}

fn nothing_in_common() -> Error {
    Error::data("the reports have no benchmark and no operation in common")
}

/// Times first, then whatever else both sides have and know the good side of.
/// Metrics beside the time of which there is no interval have no verdict either,
/// and throughput tells nothing that the time did not.
fn compared_metrics<'a>(sessions: &Sessions<'a, Benchmark>) -> Vec<&'a Metric> {
    let newest = sessions.baseline.last().zip(sessions.candidate.last());
    let Some((before, after)) = newest else {
        return Vec::new();
    };
    let both = |metric: &Metric| before.metrics.get(metric).zip(after.metrics.get(metric));
    let has_time = both(&Metric::WALL_TIME).is_some();
    let is_worth_it = |metric: &&Metric| {
        let Some((before, after)) = both(metric) else {
            return false;
        };
        let has_spread = |side: &MetricSummary| side.has_distribution() || side.std_dev.is_some();
        let is_side_issue = has_time && **metric != Metric::WALL_TIME;
        let is_told = !is_side_issue || (has_spread(before) && has_spread(after));
        before.unit == after.unit && before.direction != Direction::Unknown && is_told
    };
    let others = before.metrics.keys().filter(|metric| {
        let is_derived = has_time && **metric == Metric::THROUGHPUT;
        !MAIN.contains(metric) && !RESOURCES.contains(metric) && !is_derived
    });
    let all = before
        .metrics
        .keys()
        .filter(|metric| MAIN.contains(metric))
        .rev();
    all.chain(others).filter(is_worth_it).collect()
}

/// Both sides' own numbers, for the tables: of each thing those of the newest session.
fn add_sides(result: &mut Report, sides: &Sides<'_>) {
    for (reports, side) in [
        (sides.baseline, Side::Baseline),
        (sides.candidate, Side::Candidate),
    ] {
        for name in benchmark_names(reports) {
            let both = sides.of_benchmark(name).both;
            let compared = both.iter().filter_map(|both| match side {
                Side::Baseline => both.baseline.last(),
                Side::Candidate => both.candidate.last(),
            });
            let mut newest: Vec<&Benchmark> = compared.copied().collect();
            if newest.is_empty() {
                newest.extend(sides.newest_benchmark(side, name));
            }
            let newest = newest.into_iter().cloned().map(|mut benchmark| {
                benchmark.side = Some(side);
                benchmark
            });
            result.benchmarks.extend(newest);
        }
        for name in operation_names(reports) {
            let mut newest = sides.newest_operation(side, name).cloned();
            newest.iter_mut().for_each(|o| o.side = Some(side));
            result.operations.extend(newest);
        }
    }
    let of_program = |b: &Benchmark| (b.name.clone(), b.program.clone());
    result.benchmarks.sort_by_key(of_program);
    result.operations.sort_by(|a, b| a.name.cmp(&b.name));
}

/// Calls that have lost their names or labels: what is counted together need not be the same
/// on both sides.
fn beyond_limits(operations: &[OperationSnapshot]) -> Vec<Note> {
    let sides = [Side::Baseline, Side::Candidate].into_iter();
    let of_side = |side: Side| {
        let of_side = move |operation: &&OperationSnapshot| operation.side == Some(side);
        let lost = lost(operations.iter().filter(of_side)).into_iter();
        lost.map(move |lost| {
            Note::warning(
                NoteCode::CardinalityLimit,
                format!("{}: {lost}", side.word()),
            )
        })
    };
    sides.flat_map(of_side).collect()
}

/// What only one side has, and whether it takes its program to tell it from others.
fn only_in(sides: &Sides<'_>, side: Side) -> Vec<(OneSided, bool)> {
    let (from, other) = match side {
        Side::Baseline => (sides.baseline, sides.candidate),
        Side::Candidate => (sides.candidate, sides.baseline),
    };
    let benchmarks = benchmark_names(from).into_iter().flat_map(|name| {
        let of_name = sides.of_benchmark(name);
        let is_of_several = of_name.is_of_several;
        let programs = of_name.only_in(side).into_iter();
        programs.map(move |program| (OneSided::new(name, program), is_of_several))
    });
    let there: BTreeSet<&String> = operation_names(other).into_iter().collect();
    let operations = operation_names(from).into_iter();
    let operations = operations.filter(|name| !there.contains(name));
    let operations = operations.map(|name| (OneSided::new(name, None), false));
    benchmarks.chain(operations).collect()
}

fn of_the_newest(sides: &Sides<'_>) -> Option<Note> {
    let is_of_several = sides.baseline.len().max(sides.candidate.len()) > 1;
    is_of_several.then(|| {
        Note::detail(
            NoteCode::NotInterleaved,
            "the tables have the numbers of the newest session of each side; verdicts are from all",
        )
    })
}

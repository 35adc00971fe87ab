//! Saved reports, compared.

use perfkit::compare::{VerdictRules, compare_unpaired, compare_unpaired_operations};
use perfkit::report::{Benchmark, Note, NoteCode, Report, Side};
use perfkit::{Direction, Metric, MetricSummary, OperationSnapshot};

use crate::error::Error;

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
/// numbers of both sides.
pub(crate) fn compare_reports(
    baseline: &Report,
    candidate: &Report,
    rules: &VerdictRules,
) -> Result<Report, Error> {
    let mut result = Report::new(candidate.environment.clone());
    for before in own_benchmarks(baseline) {
        let Some(after) = own_benchmarks(candidate).find(|b| b.name == before.name) else {
            continue;
        };
        let comparisons = compared_metrics(before, after)
            .into_iter()
            .map(|metric| compare_unpaired(before, after, metric, rules));
        result.comparisons.extend(comparisons);
    }
    for before in own_operations(baseline) {
        let after = own_operations(candidate).find(|o| o.name == before.name);
        let comparison = after.map(|after| compare_unpaired_operations(before, after, rules));
        result.comparisons.extend(comparison);
    }
    add_sides(&mut result, baseline, candidate);
    if result.comparisons.is_empty() {
        return Err(Error::data(
            "the reports have no benchmark and no operation in common",
        ));
    }
    result.only_in_baseline = missing(baseline, candidate);
    result.only_in_candidate = missing(candidate, baseline);
    for (code, place, names) in [
        (NoteCode::Gone, "baseline", &result.only_in_baseline),
        (NoteCode::New, "candidate", &result.only_in_candidate),
    ] {
        if !names.is_empty() {
            let message = format!("only in the {place}: {}", names.join(", "));
            result.notes.push(Note::info(code, message));
        }
    }
    result.notes.extend(different_machines(baseline, candidate));
    Ok(result)
}

/// Times first, then whatever else both sides have and know the good side of.
/// Metrics beside the time of which there is no interval have no verdict either,
/// and throughput tells nothing that the time did not.
fn compared_metrics<'a>(before: &'a Benchmark, after: &'a Benchmark) -> Vec<&'a Metric> {
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

/// Both sides' own numbers, for the tables.
fn add_sides(result: &mut Report, baseline: &Report, candidate: &Report) {
    for (report, side) in [(baseline, Side::Baseline), (candidate, Side::Candidate)] {
        for benchmark in own_benchmarks(report) {
            let mut benchmark = benchmark.clone();
            benchmark.side = Some(side);
            result.benchmarks.push(benchmark);
        }
        for operation in own_operations(report) {
            let mut operation = operation.clone();
            operation.side = Some(side);
            result.operations.push(operation);
        }
    }
    result.benchmarks.sort_by(|a, b| a.name.cmp(&b.name));
    result.operations.sort_by(|a, b| a.name.cmp(&b.name));
}

/// What a report says of its own state: of a comparison that is the candidate's side.
pub(super) fn own_benchmarks(report: &Report) -> impl Iterator<Item = &Benchmark> {
    let benchmarks = report.benchmarks.iter();
    benchmarks.filter(|b| b.side != Some(Side::Baseline) && b.control_of.is_none())
}

pub(super) fn own_operations(report: &Report) -> impl Iterator<Item = &OperationSnapshot> {
    let operations = report.operations.iter();
    operations.filter(|operation| operation.side != Some(Side::Baseline))
}

/// The names that one report has and the other lacks.
fn missing(from: &Report, other: &Report) -> Vec<String> {
    let benchmarks = own_benchmarks(from)
        .map(|b| &b.name)
        .filter(|name| !own_benchmarks(other).any(|b| b.name == **name));
    let operations = own_operations(from)
        .map(|o| &o.name)
        .filter(|name| !own_operations(other).any(|o| o.name == **name));
    benchmarks.chain(operations).cloned().collect()
}

fn different_machines(baseline: &Report, candidate: &Report) -> Option<Note> {
    let (a, b) = (&baseline.environment, &candidate.environment);
    let same =
        (&a.os, &a.architecture, &a.cpu, a.cores) == (&b.os, &b.architecture, &b.cpu, b.cores);
    // Other tools do not always say where they ran.
    let is_told = a.os != "unknown" && b.os != "unknown";
    (!same && is_told).then(|| {
        Note::warning(
            NoteCode::DifferentMachines,
            "the reports come from different machines, so their times say little about the code",
        )
    })
}

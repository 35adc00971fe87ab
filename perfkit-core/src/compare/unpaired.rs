//! Comparing what was not measured alternately: saved reports.
//!
//! The ratio is that of the medians, with the binomial intervals of both (Conover 1999), or of
//! the means with Student's, where a tool kept nothing else. Values of one session are more
//! alike than those of two sessions, which no statistic of one session can know: so the
//! interval is widened by what was measured of sessions, fourfold and to at least ±2 %.
//!
//! What it cannot do: find small differences. A difference of 10 % may stay undecided.

use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::report::{Benchmark, Comparison, Note, NoteCode, Ratio};
use crate::snapshot::OperationSnapshot;
use crate::stats;
use crate::unit::Unit;

use super::paired::{bounded, direction};
use super::rules::VerdictRules;
use super::verdict::verdict_of;

/// How much wider an interval is where the sides were not measured alternately: the
/// variance between sessions is some 17 times what the spread within one implies.
const SESSION_FACTOR: f64 = 4.0;

/// And the least half-width it then has, on the log scale: sessions of one
/// program on one machine differ by a few percent however long they are.
const SESSION_FLOOR: f64 = 0.02;

/// Compares benchmarks of two saved reports in one metric.
#[must_use]
pub fn compare_unpaired(
    baseline: &Benchmark,
    candidate: &Benchmark,
    metric: &Metric,
    rules: &VerdictRules,
) -> Comparison {
    let names = (baseline.name.as_str(), candidate.name.as_str());
    let sides = (baseline.metrics.get(metric), candidate.metrics.get(metric));
    compare_summaries(names, sides, metric, rules)
}

/// Compares operations of two saved reports by their execution time, as
/// [`compare_unpaired`] does benchmarks.
#[must_use]
pub fn compare_unpaired_operations(
    baseline: &OperationSnapshot,
    candidate: &OperationSnapshot,
    rules: &VerdictRules,
) -> Comparison {
    let metric = Metric::EXECUTION_TIME;
    let names = (baseline.name.as_str(), candidate.name.as_str());
    let sides = (
        baseline.lifetime.metrics.get(&metric),
        candidate.lifetime.metrics.get(&metric),
    );
    compare_summaries(names, sides, &metric, rules)
}

fn compare_summaries(
    (baseline, candidate): (&str, &str),
    sides: (Option<&MetricSummary>, Option<&MetricSummary>),
    metric: &Metric,
    rules: &VerdictRules,
) -> Comparison {
    let mut notes = vec![Note::info(
        NoteCode::NotInterleaved,
        "the sides were not measured in turn: the interval is widened fourfold and to at least ±2 %, because sessions differ by more than runs",
    )];
    let ratio = match sides {
        (Some(baseline), Some(candidate)) => ratio_of_constants(baseline, candidate, rules)
            .or_else(|| ratio_of_typical(baseline, candidate, rules)),
        _ => None,
    };
    let has_zero = [sides.0, sides.1]
        .into_iter()
        .flatten()
        .any(|side| side.min == Some(0.0));
    if ratio.is_none() && has_zero {
        notes.push(Note::info(
            NoteCode::ZeroValues,
            format!("{metric} has values of zero, of which no ratio can be taken"),
        ));
    } else if ratio.is_none() {
        notes.push(Note::warning(
            NoteCode::TooFewRuns,
            format!("there are too few values of {metric} on one side for an interval"),
        ));
    }
    notes.extend(single_values(candidate, sides, metric).filter(|_| ratio.is_none()));
    notes.extend(no_samples(sides, metric).filter(|_| ratio.is_some()));
    let direction = direction(sides.1);
    Comparison {
        direction,
        indifference: rules.indifference,
        verdict: verdict_of(ratio.as_ref(), rules.indifference, direction),
        ratio,
        notes,
        ..Comparison::new(baseline, candidate, metric.clone())
    }
}

/// The values of both sides, for where no interval can be had of their ratio.
fn single_values(
    name: &str,
    sides: (Option<&MetricSummary>, Option<&MetricSummary>),
    metric: &Metric,
) -> Option<Note> {
    let typical = |side: &MetricSummary| Some(side.unit.format(side.median.or(side.mean)?, 4));
    let (baseline, candidate) = (typical(sides.0?)?, typical(sides.1?)?);
    Some(Note::info(
        NoteCode::NoInterval,
        format!("{name}: {metric} was {baseline} and is {candidate}, without an interval"),
    ))
}

/// Says so where a side has no more than a mean and a standard deviation, as of other tools.
fn no_samples(
    sides: (Option<&MetricSummary>, Option<&MetricSummary>),
    metric: &Metric,
) -> Option<Note> {
    let is_whole = sides.0?.has_distribution() && sides.1?.has_distribution();
    (!is_whole).then(|| {
        Note::info(
            NoteCode::NoSamples,
            format!("no samples of {metric}: ratio and interval are from the reported means and standard deviations"),
        )
    })
}

/// Numbers that are counted and came out the same in every run, such as
/// allocations, do not vary between sessions either.
fn ratio_of_constants(
    baseline: &MetricSummary,
    candidate: &MetricSummary,
    rules: &VerdictRules,
) -> Option<Ratio> {
    let constant = |side: &MetricSummary| {
        let is_counted = matches!(side.unit, Unit::Count | Unit::Bytes);
        let is_constant = side.count >= 2 && side.min == side.max;
        side.min
            .filter(|value| is_counted && is_constant && *value > 0.0)
    };
    let estimate = bounded(constant(candidate)? / constant(baseline)?);
    Some(Ratio {
        estimate,
        low: estimate,
        high: estimate,
        confidence: rules.confidence,
    })
}

/// Of the medians, or of the means where one side kept nothing else.
fn ratio_of_typical(
    baseline: &MetricSummary,
    candidate: &MetricSummary,
    rules: &VerdictRules,
) -> Option<Ratio> {
    // Each side may err half as often, so that both together keep the level.
    let each = 1.0 - (1.0 - rules.confidence) / 2.0;
    let interval = if baseline.has_distribution() && candidate.has_distribution() {
        median_interval
    } else {
        mean_interval
    };
    let (baseline_low, baseline_mid, baseline_high) = interval(baseline, each)?;
    let (candidate_low, candidate_mid, candidate_high) = interval(candidate, each)?;
    if baseline_low <= 0.0 || candidate_low <= 0.0 {
        return None;
    }
    let estimate = bounded(candidate_mid / baseline_mid).ln();
    let low = bounded(candidate_low / baseline_high).ln();
    let high = bounded(candidate_high / baseline_low).ln();
    let widen = |half_width: f64| (SESSION_FACTOR * half_width).max(SESSION_FLOOR);
    Some(Ratio {
        estimate: bounded(estimate.exp()),
        low: bounded((estimate - widen(estimate - low)).exp()),
        high: bounded((estimate + widen(high - estimate)).exp()),
        confidence: rules.confidence,
    })
}

/// The median with its two-sided interval, from raw values or a histogram.
fn median_interval(summary: &MetricSummary, confidence: f64) -> Option<(f64, f64, f64)> {
    let one_sided = 1.0 - (1.0 - confidence) / 2.0;
    let (low, high) = summary.quantile_bounds(0.5, one_sided);
    Some((low?, summary.percentile(0.5)?, high?))
}

/// The mean with its two-sided interval, from the standard deviation.
fn mean_interval(summary: &MetricSummary, confidence: f64) -> Option<(f64, f64, f64)> {
    let (mean, deviation) = (summary.mean?, summary.std_dev?);
    let one_sided = 1.0 - (1.0 - confidence) / 2.0;
    let (low, high) = stats::mean_bounds(mean, deviation, summary.count, one_sided)?;
    Some((low, mean, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Direction;
    use crate::report::Verdict;

    fn benchmark(values: &[f64]) -> Benchmark {
        let mut benchmark = Benchmark::new("a");
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, values.to_vec());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    #[test]
    fn saved_reports_need_a_clear_difference() {
        let compare = |factor: f64| {
            let baseline = benchmark(&[1e7; 100]);
            let candidate = benchmark(&[factor * 1e7; 100]);
            compare_unpaired(
                &baseline,
                &candidate,
                &Metric::WALL_TIME,
                &VerdictRules::default(),
            )
        };
        assert_eq!(compare(1.01).verdict, Verdict::Inconclusive);
        assert_eq!(compare(1.03).verdict, Verdict::Slower);
        assert_eq!(compare(0.9).verdict, Verdict::Faster);
        assert!(!compare(1.0).interleaved);
        assert_eq!(compare(1.0).notes[0].code, NoteCode::NotInterleaved);
    }

    #[test]
    fn more_is_better_where_the_metric_says_so() {
        let side = |rate: f64| {
            let mut side = benchmark(&[1.0]);
            let rates = MetricSummary::from_samples(Unit::PerSecond, vec![rate; 100]);
            side.metrics.insert(
                Metric::THROUGHPUT,
                rates.direction(Direction::HigherIsBetter),
            );
            side
        };
        let compare = |before: f64, after: f64| {
            compare_unpaired(
                &side(before),
                &side(after),
                &Metric::THROUGHPUT,
                &VerdictRules::default(),
            )
        };
        assert_eq!(compare(1e6, 1.5e6).verdict, Verdict::Faster);
        assert_eq!(compare(1e6, 0.5e6).verdict, Verdict::Slower);
        assert_eq!(compare(1e6, 1.5e6).direction, Direction::HigherIsBetter);
    }

    #[test]
    fn means_and_deviations_stand_in_for_samples() {
        let side = |factor: f64| {
            let values: Vec<f64> = (0..60)
                .map(|run| factor * f64::from(1000 + run % 7))
                .collect();
            let mut side = benchmark(&values);
            let time = side.metrics.get_mut(&Metric::WALL_TIME).unwrap();
            time.samples.clear();
            side
        };
        let compared = compare_unpaired(
            &side(1.0),
            &side(3.0),
            &Metric::WALL_TIME,
            &VerdictRules::default(),
        );
        assert_eq!(compared.verdict, Verdict::Slower);
        assert!((compared.ratio.unwrap().estimate - 3.0).abs() < 1e-9);
        assert!(
            compared
                .notes
                .iter()
                .any(|note| note.code == NoteCode::NoSamples)
        );
    }

    #[test]
    fn counts_that_never_vary_are_compared_exactly() {
        let side = |count: f64| {
            let mut side = benchmark(&[1.0]);
            let counts = MetricSummary::from_samples(Unit::Count, vec![count; 2]);
            side.metrics.insert(Metric::ALLOCATIONS, counts);
            side
        };
        let compare = |before, after| {
            compare_unpaired(
                &side(before),
                &side(after),
                &Metric::ALLOCATIONS,
                &VerdictRules::default(),
            )
            .verdict
        };
        assert_eq!(compare(3.0, 3.0), Verdict::Same);
        assert_eq!(compare(3.0, 4.0), Verdict::Slower);
    }
}

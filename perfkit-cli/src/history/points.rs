//! The series that a report has values of.

use std::borrow::Cow;
use std::collections::HashSet;

use perfkit::report::{Benchmark, Comparison};
use perfkit::stats::{mean_bounds, quantile_bounds, sorted};
use perfkit::unit::Unit;
use perfkit::{Direction, MetricSummary, Report};

use super::series::{Point, SeriesId, SeriesKind, Statistic, Value};
use super::summary::{coarse, rounded};

/// How sure each bound of an interval is, so that both hold in 95 % of cases.
const ONE_SIDED: f64 = 0.975;

/// The value of each series; where a report has two of one name, the first counts.
pub(crate) fn points_of(report: &Report) -> Vec<Point<'_>> {
    let benchmarks = report.own_benchmarks().flat_map(of_benchmark);
    let operations = report.operations.iter().flat_map(|operation| {
        let metrics = operation.lifetime.metrics.iter();
        metrics.filter_map(|(metric, summary)| {
            let id = id(SeriesKind::Operation, "", &operation.name, metric.name());
            point(id, summary, None)
        })
    });
    let ratios = report.comparisons.iter().filter_map(of_comparison);
    let mut seen = HashSet::new();
    let all = benchmarks
        .chain(operations)
        .chain(of_numbers(report))
        .chain(ratios);
    all.filter(|point| point.value.estimate.is_finite() && seen.insert(point.id.clone()))
        .collect()
}

fn id<'a>(kind: SeriesKind, program: &'a str, name: &'a str, metric: &'a str) -> SeriesId<'a> {
    SeriesId {
        kind,
        program: Cow::Borrowed(program),
        name: Cow::Borrowed(name),
        metric: Cow::Borrowed(metric),
        statistic: Statistic::Value,
        unit: Unit::Count,
        direction: Direction::Unknown,
        anchor: Cow::Borrowed(""),
    }
}

fn of_benchmark(benchmark: &Benchmark) -> impl Iterator<Item = Point<'_>> {
    let program = benchmark.program.as_deref().unwrap_or_default();
    benchmark
        .metrics
        .iter()
        .filter_map(move |(metric, summary)| {
            let id = id(
                SeriesKind::Benchmark,
                program,
                &benchmark.name,
                metric.name(),
            );
            point(id, summary, Some(benchmark))
        })
}

/// The median where there is one, as the noise of measuring is one-sided; else the mean.
fn point<'a>(
    id: SeriesId<'a>,
    summary: &MetricSummary,
    benchmark: Option<&Benchmark>,
) -> Option<Point<'a>> {
    let (statistic, estimate) = match (summary.median, summary.mean) {
        (Some(median), _) => (Statistic::Median, median),
        (None, mean) => (Statistic::Mean, mean?),
    };
    let bounds = match statistic {
        Statistic::Median => bounds_of_median(summary, benchmark),
        _ => summary
            .std_dev
            .and_then(|std_dev| mean_bounds(estimate, std_dev, summary.count, ONE_SIDED)),
    };
    // Values of one process are alike, and the interval is of processes: their middle may be
    // beside it.
    let bounds = bounds.map(|(low, high)| (low.min(estimate), high.max(estimate)));
    Some(Point {
        id: SeriesId {
            statistic,
            unit: summary.unit,
            direction: summary.direction,
            ..id
        },
        value: value(summary.count, estimate, bounds),
    })
}

/// An interval of the order of values; where several are of one process, of the medians of
/// processes.
fn bounds_of_median(summary: &MetricSummary, benchmark: Option<&Benchmark>) -> Option<(f64, f64)> {
    let ranks = |n: usize| {
        let (low, high) = quantile_bounds(0.5, n as u64, ONE_SIDED);
        Some((low?, high?))
    };
    if summary.samples.is_empty() {
        let histogram = summary.histogram.as_ref()?;
        let (low, high) = ranks(usize::try_from(histogram.count()).ok()?)?;
        return histogram
            .value_at_rank(low)
            .zip(histogram.value_at_rank(high));
    }
    let rounds = benchmark.map(|benchmark| &benchmark.rounds[..]);
    let rounds = rounds.filter(|rounds| rounds.len() == summary.samples.len());
    let values = match rounds {
        Some(rounds) => medians_of_rounds(rounds, &summary.samples),
        None => summary.samples.clone(),
    };
    let values = sorted(&values)?;
    let (low, high) = ranks(values.len())?;
    let at = |rank: u64| {
        values
            .get(usize::try_from(rank).ok()?.checked_sub(1)?)
            .copied()
    };
    at(low).zip(at(high))
}

fn medians_of_rounds(rounds: &[u64], samples: &[f64]) -> Vec<f64> {
    let mut of_rounds: Vec<(u64, f64)> = rounds
        .iter()
        .copied()
        .zip(samples.iter().copied())
        .collect();
    of_rounds.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.total_cmp(y)));
    let rounds = of_rounds.chunk_by(|(a, _), (b, _)| a == b);
    rounds
        .filter_map(|values| values.get((values.len() - 1) / 2))
        .map(|(_, value)| *value)
        .collect()
}

/// A ratio of what was measured in turn holds on any machine: what it is a ratio to is its
/// anchor.
fn of_comparison(comparison: &Comparison) -> Option<Point<'_>> {
    let is_meant =
        comparison.interleaved && !comparison.is_control && !comparison.is_across_machines;
    let ratio = comparison.ratio.as_ref().filter(|_| is_meant)?;
    let anchor = match &comparison.baseline_revision {
        Some(revision) => format!("revision {revision}"),
        None => format!("name {}", comparison.baseline),
    };
    let program = comparison.program.as_deref().unwrap_or_default();
    let metric = comparison.metric.name();
    let bounds = Some((ratio.low, ratio.high));
    Some(Point {
        id: SeriesId {
            statistic: Statistic::Ratio,
            unit: Unit::Ratio,
            direction: comparison.direction,
            anchor: Cow::Owned(anchor),
            ..id(
                SeriesKind::Benchmark,
                program,
                &comparison.candidate,
                metric,
            )
        },
        value: value(comparison.pairs, ratio.estimate, bounds),
    })
}

fn of_numbers(report: &Report) -> impl Iterator<Item = Point<'_>> {
    let number = |kind, name, metric, statistic, unit, (count, estimate): (u64, f64)| Point {
        id: SeriesId {
            statistic,
            unit,
            ..id(kind, "", name, metric)
        },
        value: value(count, estimate, None),
    };
    let counters = report.counters.iter().filter_map(move |counter| {
        let unit = match counter.unit {
            Unit::Bytes => Unit::BytesPerSecond,
            _ => Unit::PerSecond,
        };
        let told = (counter.lifetime.total, counter.lifetime.per_second?);
        let (kind, statistic) = (SeriesKind::Counter, Statistic::PerSecond);
        Some(number(
            kind,
            &*counter.name,
            "per_second",
            statistic,
            unit,
            told,
        ))
    });
    let gauges = report.gauges.iter().filter_map(move |gauge| {
        let told = (gauge.updates, gauge.lifetime.mean?);
        let (kind, statistic) = (SeriesKind::Gauge, Statistic::Mean);
        Some(number(
            kind,
            &*gauge.name,
            "value",
            statistic,
            gauge.unit,
            told,
        ))
    });
    let ratios = report.ratios.iter().filter_map(move |ratio| {
        let told = (ratio.lifetime.of, ratio.lifetime.value?);
        let (kind, statistic) = (SeriesKind::Ratio, Statistic::Value);
        Some(number(
            kind,
            &*ratio.name,
            "value",
            statistic,
            Unit::Ratio,
            told,
        ))
    });
    counters.chain(gauges).chain(ratios)
}

fn value(count: u64, estimate: f64, bounds: Option<(f64, f64)>) -> Value {
    let finite = |(low, high): &(f64, f64)| low.is_finite() && high.is_finite();
    let estimate = rounded(estimate);
    // Rounding brings neither bound to the other side of the value.
    let around = |(low, high)| (coarse(low).min(estimate), coarse(high).max(estimate));
    Value {
        count,
        estimate,
        bounds: bounds.filter(finite).map(around),
    }
}

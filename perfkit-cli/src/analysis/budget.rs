//! Absolute bounds.

use std::collections::BTreeSet;

use perfkit::report::{Benchmark, GateFinding, GateOutcome, Report};
use perfkit::unit::Unit;
use perfkit::{Calls, Metric, MetricSummary, OperationSnapshot, stats};

use crate::input::{Bound, BoundKind, Budget, Ceiling, Scope, Statistic};

use super::finding::{DIGITS, not_measured, nothing_matched, other_unit};
use super::more_runs::{more_for_quantile, more_for_share, more_values};
use super::saved::{own_benchmarks, own_operations};
use super::waivers::{Waivable, Waivers};

/// Every bound of a budget on everything that it is for.
pub(super) fn judge_budget(
    reports: &[Report],
    budget: &Budget,
    confidence: f64,
    waivers: &mut Waivers<'_>,
) -> Vec<GateFinding> {
    let all = candidates(reports, &budget.scope);
    let matches = |candidate: &&Candidate<'_>| budget.scope.matches(candidate.name());
    let candidates: Vec<&Candidate<'_>> = all.iter().filter(matches).collect();
    let metric = budget.metric.as_ref();
    let of_bound = |bound: &Bound| -> Vec<GateFinding> {
        let rule = rule_text(bound, metric);
        if candidates.is_empty() {
            let names: Vec<&str> = all.iter().map(Candidate::name).collect();
            return vec![nothing_matched(&budget.scope, &rule, &names)];
        }
        if let Some(metric) = metric
            && candidates.iter().all(|c| c.metric(Some(metric)).is_none())
        {
            let known: BTreeSet<&str> = candidates.iter().flat_map(|c| c.metric_names()).collect();
            let known: Vec<&str> = known.into_iter().collect();
            return vec![not_measured(&budget.scope, &rule, metric, &known)];
        }
        let judged = candidates
            .iter()
            .map(|candidate| judge_waivable(candidate, bound, budget, confidence, waivers));
        judged.collect()
    };
    budget.bounds.iter().flat_map(of_bound).collect()
}

/// What a budget can be held against.
enum Candidate<'a> {
    Operation(&'a OperationSnapshot),
    Benchmark(&'a Benchmark),
}

/// All that a rule of this kind may be for: of a comparison, the candidates.
fn candidates<'a>(reports: &'a [Report], scope: &Scope) -> Vec<Candidate<'a>> {
    let of_report = |report: &'a Report| -> Vec<Candidate<'a>> {
        match scope {
            Scope::Operation(_) => own_operations(report).map(Candidate::Operation).collect(),
            Scope::Benchmark(_) => own_benchmarks(report).map(Candidate::Benchmark).collect(),
        }
    };
    reports.iter().flat_map(of_report).collect()
}

impl Candidate<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Operation(operation) => &operation.name,
            Self::Benchmark(benchmark) => &benchmark.name,
        }
    }

    fn metric_names(&self) -> impl Iterator<Item = &str> {
        let metrics = match self {
            Self::Operation(operation) => &operation.lifetime.metrics,
            Self::Benchmark(benchmark) => &benchmark.metrics,
        };
        metrics.keys().map(Metric::name)
    }

    /// A metric; the time where none is named.
    fn metric(&self, metric: Option<&Metric>) -> Option<&MetricSummary> {
        match self {
            Self::Operation(operation) => {
                let metric = metric.unwrap_or(&Metric::EXECUTION_TIME);
                operation.lifetime.metrics.get(metric)
            }
            Self::Benchmark(benchmark) => {
                benchmark.metrics.get(metric.unwrap_or(&Metric::WALL_TIME))
            }
        }
    }

    fn peak_memory(&self) -> Option<Known> {
        match self {
            Self::Operation(operation) => {
                let growth = operation.lifetime.metrics.get(&Metric::PEAK_GROWTH)?;
                growth.max.map(Known::exactly)
            }
            Self::Benchmark(benchmark) => {
                let peak = benchmark.metrics.get(&Metric::PEAK_MEMORY)?.max?;
                Some(Known {
                    low: (!benchmark.is_peak_memory_inherited).then_some(peak),
                    ..Known::exactly(peak)
                })
            }
        }
    }

    /// Successes and all that count: with those that were cancelled, or without.
    fn successes(&self, counts_cancelled: bool) -> (u64, u64) {
        match self {
            Self::Operation(operation) => {
                let calls = operation.lifetime.calls;
                let left_out = if counts_cancelled { 0 } else { calls.cancelled };
                (calls.success, calls.total() - left_out)
            }
            Self::Benchmark(benchmark) => (
                benchmark.successes,
                benchmark.successes + benchmark.failures,
            ),
        }
    }

    /// How many calls ended in a way that only operations know.
    fn calls(&self, count: impl Fn(&Calls) -> u64) -> Option<Known> {
        match self {
            Self::Operation(operation) => {
                Some(Known::exactly(count(&operation.lifetime.calls) as f64))
            }
            Self::Benchmark(_) => None,
        }
    }

    fn throughput(&self, unit: Unit) -> Option<f64> {
        let operation = match self {
            Self::Operation(operation) => operation,
            Self::Benchmark(benchmark) => {
                let rate = benchmark.metrics.get(&Metric::THROUGHPUT)?;
                let rate = (rate.unit == unit).then_some(rate)?;
                return rate.mean.or(rate.median);
            }
        };
        let window = &operation.lifetime;
        if unit == Unit::BytesPerSecond {
            return window.bytes_per_second;
        }
        // What failed was not achieved.
        let achieved = window.calls.success as f64 * 1e9 / window.span_ns as f64;
        let achieved = achieved.is_finite().then_some(achieved);
        window.items_per_second.or(achieved)
    }
}

/// A value with the range that the sample supports.
struct Known {
    value: f64,
    /// `None` where the sample is too small for a bound on this side.
    low: Option<f64>,
    high: Option<f64>,
}

impl Known {
    fn exactly(value: f64) -> Self {
        Self {
            value,
            low: Some(value),
            high: Some(value),
        }
    }

    /// The end of the range that is closest to the bad side, and the other one.
    fn worst_and_best(&self, kind: BoundKind) -> (Option<f64>, Option<f64>) {
        match kind {
            BoundKind::Max => (self.high, self.low),
            BoundKind::Min => (self.low, self.high),
        }
    }

    /// The share of some among all; `None` without any.
    fn share(some: u64, all: u64, confidence: f64) -> Option<Self> {
        let (low, high) = stats::proportion_bounds(some, all, confidence);
        (all > 0).then(|| Self {
            value: some as f64 / all as f64,
            low: Some(low),
            high: Some(high),
        })
    }
}

/// What another tool reported without the values it is from is taken as it is.
fn as_reported(summary: &MetricSummary, statistic: Statistic) -> Option<Known> {
    let value = match statistic {
        Statistic::Mean => summary.mean.filter(|_| summary.std_dev.is_none()),
        Statistic::Percentile(0.5) => summary.median,
        Statistic::Percentile(0.95) => summary.p95,
        Statistic::Percentile(0.99) => summary.p99,
        _ => None,
    };
    value
        .filter(|_| !summary.has_distribution())
        .map(Known::exactly)
}

fn known(
    candidate: &Candidate<'_>,
    bound: &Bound,
    budget: &Budget,
    confidence: f64,
) -> Option<Known> {
    let summary = candidate.metric(budget.metric.as_ref());
    let (successes, all) = candidate.successes(budget.counts_cancelled);
    if let Some(reported) = summary.and_then(|summary| as_reported(summary, bound.statistic)) {
        return Some(reported);
    }
    match bound.statistic {
        Statistic::Mean => {
            let time = summary?;
            let value = time.mean?;
            let bounds = time
                .std_dev
                .and_then(|deviation| stats::mean_bounds(value, deviation, time.count, confidence));
            Some(Known {
                value,
                low: bounds.map(|(low, _)| low.max(0.0)),
                high: bounds.map(|(_, high)| high),
            })
        }
        Statistic::Percentile(quantile) => {
            let time = summary?;
            let (low, high) = time.quantile_bounds(quantile, confidence);
            Some(Known {
                value: time.percentile(quantile)?,
                low,
                high,
            })
        }
        Statistic::Max => summary?.max.map(Known::exactly),
        Statistic::SuccessRate => Known::share(successes, all, confidence),
        Statistic::ErrorRate => Known::share(all - successes, all, confidence),
        Statistic::Panics => candidate.calls(|calls| calls.panic),
        Statistic::Cancellations => candidate.calls(|calls| calls.cancelled),
        Statistic::Throughput => candidate.throughput(bound.limit.unit).map(Known::exactly),
        Statistic::PeakMemory => candidate.peak_memory(),
    }
}

/// The bound on one thing, and by its waiver where there is one.
fn judge_waivable(
    candidate: &Candidate<'_>,
    bound: &Bound,
    budget: &Budget,
    confidence: f64,
    waivers: &mut Waivers<'_>,
) -> GateFinding {
    let finding = judge_bound(candidate, bound, budget, confidence);
    let waivable = Waivable::of_budget(budget, bound.statistic, candidate.name());
    waivers.apply(&waivable, finding, |ceiling| {
        let Ceiling::Bound(_, limit) = *ceiling else {
            return None;
        };
        let waived = Bound {
            limit,
            is_inclusive: true,
            ..bound.clone()
        };
        Some(judge_bound(candidate, &waived, budget, confidence))
    })
}

fn judge_bound(
    candidate: &Candidate<'_>,
    bound: &Bound,
    budget: &Budget,
    confidence: f64,
) -> GateFinding {
    let metric = budget.metric.as_ref();
    let rule = rule_text(bound, metric);
    let subject = candidate.name();
    let finding = |outcome, measured| GateFinding::new(subject, &rule, measured, outcome);
    if let Some(summary) = metric.and_then(|_| candidate.metric(metric))
        && !bound.limit.fits(summary.unit)
    {
        return other_unit(subject, &rule, summary.unit, bound.limit.unit);
    }
    let Some(known) = known(candidate, bound, budget, confidence) else {
        return finding(GateOutcome::Inconclusive, "not measured".to_owned());
    };
    let limit = bound.limit.value;
    let holds = |value: f64| match (bound.kind, bound.is_inclusive) {
        (BoundKind::Max, true) => value <= limit,
        (BoundKind::Max, false) => value < limit,
        (BoundKind::Min, true) => value >= limit,
        (BoundKind::Min, false) => value > limit,
    };
    let (worst, best) = known.worst_and_best(bound.kind);
    let measured = measured_text(&known, bound);
    if best.is_some_and(|best| !holds(best)) {
        return finding(GateOutcome::Fail, measured);
    }
    if !worst.is_some_and(holds) {
        let why = "too few values to be sure";
        let mut finding = finding(GateOutcome::Inconclusive, format!("{measured}: {why}"));
        finding.more_runs_needed = more_needed(candidate, &known, bound, budget, confidence);
        return finding;
    }
    let is_beyond = |level: Option<f64>| level.is_some_and(|level| known.value > level);
    if is_beyond(bound.critical) {
        let measured = format!("{measured}: critically close to the bound");
        return finding(GateOutcome::Warn, measured);
    }
    if is_beyond(bound.warn) {
        return finding(GateOutcome::Warn, format!("{measured}: close to the bound"));
    }
    finding(GateOutcome::Pass, measured)
}

/// About how many calls more would decide a bound, as far as that can be told.
fn more_needed(
    candidate: &Candidate<'_>,
    known: &Known,
    bound: &Bound,
    budget: &Budget,
    confidence: f64,
) -> Option<u64> {
    let limit = bound.limit.value;
    let (successes, all) = candidate.successes(budget.counts_cancelled);
    // A range that holds the limit no longer is one that decides.
    let is_decided = |(low, high): (f64, f64)| low > limit || high < limit;
    match bound.statistic {
        Statistic::SuccessRate => more_for_share((successes, all), confidence, is_decided),
        Statistic::ErrorRate => more_for_share((all - successes, all), confidence, is_decided),
        statistic => {
            let count = candidate.metric(budget.metric.as_ref())?.count;
            let is_beyond = (known.value > limit) == (bound.kind == BoundKind::Max);
            let (worst, best) = known.worst_and_best(bound.kind);
            let end = if is_beyond { best } else { worst };
            match (end, statistic) {
                (Some(end), _) => more_values(known.value, end, limit, count),
                (None, Statistic::Percentile(quantile)) => {
                    more_for_quantile(quantile, confidence, count)
                }
                (None, _) => None,
            }
        }
    }
}

fn rule_text(bound: &Bound, metric: Option<&Metric>) -> String {
    let sign = match (bound.kind, bound.is_inclusive) {
        (BoundKind::Max, true) => "<=",
        (BoundKind::Max, false) => "<",
        (BoundKind::Min, true) => ">=",
        (BoundKind::Min, false) => ">",
    };
    let limit = bound.limit.unit.format(bound.limit.value, DIGITS);
    let statistic = bound.statistic.name();
    match metric {
        Some(metric) => format!("{metric}: {statistic} {sign} {limit}"),
        None => format!("{statistic} {sign} {limit}"),
    }
}

fn measured_text(known: &Known, bound: &Bound) -> String {
    let show = |value: f64| bound.limit.unit.format(value, DIGITS);
    let value = show(known.value);
    match (known.low, known.high) {
        (Some(low), Some(high)) if low == high => value,
        (Some(low), Some(high)) => format!("{value} (between {} and {})", show(low), show(high)),
        (Some(low), None) => format!("{value} (at least {})", show(low)),
        (None, Some(high)) => format!("{value} (at most {})", show(high)),
        (None, None) => value,
    }
}

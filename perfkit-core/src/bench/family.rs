//! Many comparisons at once.

use crate::metric::Metric;
use crate::report::{Benchmark, Comparison, Verdict};

use super::comparison::{Rules, compare_interleaved};

/// Contestants, and which of them are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// The contestants' names, each different.
    pub names: Vec<String>,
    /// Baseline and candidate of each comparison, as indices of names.
    pub pairs: Vec<(usize, usize)>,
}

impl Family {
    /// All against one.
    #[must_use]
    pub fn against(baseline: usize, names: Vec<String>) -> Self {
        let others = (0..names.len()).filter(|index| *index != baseline);
        Self {
            pairs: others.map(|candidate| (baseline, candidate)).collect(),
            names,
        }
    }
}

/// Compares the pairs of a family in each of the metrics.
///
/// Of all differences that are claimed in a metric, the share that is none is
/// kept at the error that the rules allow (Benjamini and Hochberg 1995), as is
/// that of the intervals of those that do not cover the truth (Benjamini and
/// Yekutieli 2005): where R of m comparisons are clear, each interval has R/m of
/// the error. Without any difference at all, the chance of claiming one is the
/// error itself.
#[must_use]
pub fn compare_family(
    benchmarks: &[Benchmark],
    family: &Family,
    metrics: &[Metric],
    rules: &Rules,
) -> Vec<Comparison> {
    let of_metric = |metric: &Metric| {
        let compare = |rules: &Rules| -> Vec<Comparison> {
            let pairs = family.pairs.iter().filter_map(|(baseline, candidate)| {
                Some((benchmarks.get(*baseline)?, benchmarks.get(*candidate)?))
            });
            pairs
                .map(|(baseline, candidate)| {
                    compare_interleaved(baseline, candidate, metric, rules)
                })
                .collect()
        };
        let rules = rules.of_metric(metric);
        let mut clear = family.pairs.len();
        loop {
            let comparisons = compare(&rules.with_share(clear, family.pairs.len()));
            let found = comparisons.iter().filter(|c| is_difference(c)).count();
            if found >= clear || clear <= 1 {
                return comparisons;
            }
            // With a smaller share of the error no more than these are clear.
            clear = found.max(1);
        }
    };
    let by_metric: Vec<Vec<Comparison>> = metrics.iter().map(of_metric).collect();
    let of_pair = |(index, (baseline, candidate)): (usize, &(usize, usize))| {
        let has = |side: usize, metric: &Metric| {
            let benchmark = benchmarks.get(side);
            benchmark.is_some_and(|benchmark| benchmark.metrics.contains_key(metric))
        };
        let both = |c: &&Comparison| has(*baseline, &c.metric) && has(*candidate, &c.metric);
        let of_pair = by_metric.iter().filter_map(|all| all.get(index));
        of_pair.filter(both).cloned().collect::<Vec<_>>()
    };
    family.pairs.iter().enumerate().flat_map(of_pair).collect()
}

fn is_difference(comparison: &Comparison) -> bool {
    matches!(comparison.verdict, Verdict::Faster | Verdict::Slower)
}

//! What runs say that did not take turns.

use perfkit::compare::{Apart, ComparisonSet, Sessions, VerdictRules, compare_unpaired};
use perfkit::report::{Benchmark, Comparison};

use super::interleaved::METRICS;

/// Every pair of a set, in every metric that both have, as far apart as sessions of one machine.
pub(crate) fn compare_sequence(
    benchmarks: &[Benchmark],
    set: &ComparisonSet,
    rules: &VerdictRules,
) -> Vec<Comparison> {
    let pairs = set.pairs.iter().filter_map(|(baseline, candidate)| {
        Some((benchmarks.get(*baseline)?, benchmarks.get(*candidate)?))
    });
    let compared = pairs.flat_map(|(baseline, candidate)| {
        let sessions = Sessions {
            baseline: vec![baseline],
            candidate: vec![candidate],
            apart: Apart::InOneSession,
        };
        let both = [baseline, candidate];
        let metrics = METRICS.iter();
        let known = metrics.filter(|metric| both.iter().all(|b| b.metrics.contains_key(*metric)));
        let compare = |metric| compare_unpaired(&sessions, metric, rules);
        known.map(compare).collect::<Vec<_>>()
    });
    compared.collect()
}

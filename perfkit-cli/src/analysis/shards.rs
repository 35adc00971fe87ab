//! Judging a share of the benchmarks: rules for what other shares have are theirs, and
//! shares that are judged together have to be all there.

use std::collections::{BTreeMap, BTreeSet};

use perfkit::budget::engine::DIGITS;
use perfkit::report::{GateFinding, GateOutcome, Report};
use perfkit::unit::Unit;

use crate::input::{GateRules, Scope};

use super::finding::listed;

/// How many of the missing shards are named.
const MOST_MISSING: usize = 3;

/// The rules without those that are only for what other shares have.
pub(crate) fn rules_of_shards(rules: &GateRules, reports: &[Report]) -> GateRules {
    let (here, elsewhere) = (names_here(reports), names_elsewhere(reports));
    let is_meant = |scope: &Scope| match scope {
        Scope::Operation(_) | Scope::Number(..) => true,
        Scope::Benchmark(_) => {
            let matches = |names: &BTreeSet<&str>| names.iter().any(|name| scope.matches(name));
            matches(&here) || !matches(&elsewhere)
        }
    };
    let mut rules = rules.clone();
    rules.budgets.retain(|budget| is_meant(&budget.scope));
    rules.regressions.retain(|rule| is_meant(&rule.scope));
    rules.waivers.retain(|waiver| is_meant(&waiver.scope));
    rules
}

/// What keeps shares that are judged together from being all benchmarks: shares that are
/// not there, or what none of them has.
pub(crate) fn missing_of_shards(reports: &[Report]) -> Vec<GateFinding> {
    let mut there: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for shard in reports.iter().filter_map(|report| report.shard.as_ref()) {
        there.entry(shard.of).or_default().insert(shard.number);
    }
    let missing = there.iter().filter_map(|(of, there)| {
        // A report may say that there are billions: only the first ones are named.
        let missing = (1..=*of).filter(|number| !there.contains(number));
        let first: Vec<String> = missing
            .take(MOST_MISSING)
            .map(|n| format!("{n}/{of}"))
            .collect();
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        let known = there.iter().filter(|number| **number <= *of);
        let measured = match (first.len(), *of as usize - known.count()) {
            (0, _) => return None,
            (1, _) => format!("the report of {} is missing", listed(&first)),
            (_, all) => {
                let all = Unit::Count.format(all as f64, DIGITS);
                format!("{all} reports are missing, such as {}", listed(&first))
            }
        };
        Some(finding(measured))
    });
    let mut findings: Vec<GateFinding> = missing.collect();
    let shards = reports.iter().filter(|report| report.shard.is_some());
    let commits: BTreeSet<_> = shards.map(commits).collect();
    if commits.len() > 1 {
        let measured = "they are of different commits: judge those of one run".to_owned();
        findings.push(finding(measured));
    }
    let here = names_here(reports);
    let lost = names_elsewhere(reports);
    let lost: Vec<&str> = lost.difference(&here).copied().collect();
    if findings.is_empty() && !lost.is_empty() {
        findings.push(finding(format!("no shard measured {}", listed(&lost))));
    }
    findings
}

/// What was compared: base and head.
fn commits(report: &Report) -> [Option<&str>; 2] {
    [&report.base, &report.environment.git].map(|git| Some(&*git.as_ref()?.commit))
}

fn finding(measured: String) -> GateFinding {
    GateFinding::new(
        "shards",
        "all shards are judged together",
        measured,
        GateOutcome::DataAtFault,
    )
}

/// What the reports have, on either side.
fn names_here(reports: &[Report]) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for report in reports {
        let one_sided = report
            .only_in_baseline
            .iter()
            .chain(&report.only_in_candidate);
        names.extend(one_sided.map(|one| &*one.name));
        names.extend(report.benchmarks.iter().map(|benchmark| &*benchmark.name));
    }
    names
}

/// What other shares have.
pub(super) fn names_elsewhere(reports: &[Report]) -> BTreeSet<&str> {
    let shards = reports.iter().filter_map(|report| report.shard.as_ref());
    shards
        .flat_map(|shard| &shard.elsewhere)
        .map(String::as_str)
        .collect()
}

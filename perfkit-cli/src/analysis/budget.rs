//! Absolute bounds.

use std::collections::BTreeSet;

use perfkit::budget::engine::{Bound, Subject, judge_bound, lost_calls, never_measured};
use perfkit::report::{GateFinding, GateOutcome, Report};

use crate::input::{Budget, Ceiling, NumberKind, Scope};

use super::finding::{not_measured, nothing_matched};
use super::shards::names_elsewhere;
use super::sides::own_operations;
use super::waivers::{Waivable, Waivers};

/// Every bound of a budget on everything that it is for.
pub(super) fn judge_budget(
    reports: &[Report],
    budget: &Budget,
    confidence: f64,
    waivers: &mut Waivers<'_>,
) -> Vec<GateFinding> {
    let all = subjects(reports, &budget.scope);
    let matches = |subject: &&Subject<'_>| budget.scope.matches(subject.name());
    let subjects: Vec<&Subject<'_>> = all.iter().filter(matches).collect();
    let of_bound = |bound: &Bound| -> Vec<GateFinding> {
        if let Some(unheld) = unheld(reports, &budget.scope, bound, &all, &subjects) {
            return vec![unheld];
        }
        let asked = |s: &&&Subject<'_>| s.is_asked_for(bound.metric.as_ref());
        let judged = subjects.iter().filter(asked).map(|subject| {
            let finding = judge_bound(subject, bound, confidence);
            let waivable = Waivable::of_budget(budget, bound, subject.name());
            let finding = waivers.apply(&waivable, finding, |ceiling| {
                let waived = within(bound, ceiling)?;
                Some(judge_bound(subject, &waived, confidence))
            });
            finding.of_program(program(subject))
        });
        judged.collect()
    };
    let findings = budget.bounds.iter().flat_map(of_bound);
    findings.chain(lost(reports, &budget.scope)).collect()
}

/// Why a bound cannot be held against anything.
fn unheld(
    reports: &[Report],
    scope: &Scope,
    bound: &Bound,
    all: &[Subject<'_>],
    meant: &[&Subject<'_>],
) -> Option<GateFinding> {
    if meant.is_empty() {
        let mut names: Vec<&str> = all.iter().map(Subject::name).collect();
        if let Scope::Benchmark(_) = scope {
            names.extend(names_elsewhere(reports));
        }
        return Some(nothing_matched(scope, &bound.to_string(), &names));
    }
    if let Some(metric) = &bound.metric
        && meant.iter().all(|s| s.metric(Some(metric)).is_none())
    {
        let known: BTreeSet<&str> = meant.iter().flat_map(|s| s.metric_names()).collect();
        let known: Vec<&str> = known.into_iter().collect();
        return Some(not_measured(scope, &bound.to_string(), metric, &known));
    }
    let asked = |s: &&Subject<'_>| s.is_asked_for(bound.metric.as_ref());
    let asked = meant.iter().copied().filter(asked);
    let mut finding = never_measured(&scope.to_string(), bound, asked)?;
    finding.measured += ": `perfkit report -v` shows what was measured";
    Some(finding)
}

/// Calls that a rule may be for, and whose names were lost.
fn lost(reports: &[Report], scope: &Scope) -> Vec<GateFinding> {
    let pattern = match scope {
        Scope::Operation(pattern) => pattern,
        Scope::Benchmark(_) => return Vec::new(),
        Scope::Number(kind, _) => return lost_numbers(reports, scope, *kind),
    };
    let pattern = pattern.to_string();
    let of_report =
        |report: &Report| lost_calls(own_operations(report), &pattern, |name| scope.matches(name));
    reports.iter().filter_map(of_report).collect()
}

/// Counters and gauges that a pattern may be for, and whose names were lost.
fn lost_numbers(reports: &[Report], scope: &Scope, kind: NumberKind) -> Vec<GateFinding> {
    let of_report = |report: &Report| match kind {
        NumberKind::Counter => report
            .counters
            .iter()
            .any(|counter| counter.is_overflow && counter.labelled.is_none()),
        NumberKind::Gauge => report
            .gauges
            .iter()
            .any(|gauge| gauge.is_overflow && gauge.labelled.is_none()),
        NumberKind::Ratio => false,
    };
    let lost = reports.iter().filter(|report| of_report(report));
    let finding = |_| {
        let rule = "all that are meant are there";
        let measured = format!(
            "there were more {}s than are kept apart: keep more with PERFKIT_MAX_OPERATIONS",
            kind.word()
        );
        GateFinding::new(scope.to_string(), rule, measured, GateOutcome::Inconclusive)
    };
    match scope.is_literal() {
        true => Vec::new(),
        false => lost.map(finding).collect(),
    }
}

/// The bound that a waiver allows.
fn within(bound: &Bound, ceiling: &Ceiling) -> Option<Bound> {
    let Ceiling::Bound(_, limit) = *ceiling else {
        return None;
    };
    Some(Bound {
        limit,
        is_inclusive: true,
        ..bound.clone()
    })
}

fn program<'a>(subject: &Subject<'a>) -> Option<&'a str> {
    match subject {
        Subject::Benchmark(benchmark) => benchmark.program.as_deref(),
        _ => None,
    }
}

/// All that a rule of this kind may be for: of a comparison, the candidates.
fn subjects<'a>(reports: &'a [Report], scope: &Scope) -> Vec<Subject<'a>> {
    let of_report = |report: &'a Report| -> Vec<Subject<'a>> {
        match scope {
            Scope::Operation(_) => own_operations(report).map(Subject::Operation).collect(),
            Scope::Benchmark(_) => report.own_benchmarks().map(Subject::Benchmark).collect(),
            Scope::Number(NumberKind::Counter, _) => {
                report.counters.iter().map(Subject::Counter).collect()
            }
            Scope::Number(NumberKind::Gauge, _) => {
                report.gauges.iter().map(Subject::Gauge).collect()
            }
            Scope::Number(NumberKind::Ratio, _) => {
                report.ratios.iter().map(Subject::Ratio).collect()
            }
        }
    };
    reports.iter().flat_map(of_report).collect()
}

//! Absolute bounds.

use std::collections::BTreeSet;

use perfkit::budget::engine::{Bound, Subject, judge_bound};
use perfkit::report::{GateFinding, Report};

use crate::input::{Budget, Ceiling, Scope};

use super::finding::{not_measured, nothing_matched};
use super::shards::names_elsewhere;
use super::sides::{own_benchmarks, own_operations};
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
        let rule = bound.to_string();
        if subjects.is_empty() {
            let mut names: Vec<&str> = all.iter().map(Subject::name).collect();
            if let Scope::Benchmark(_) = budget.scope {
                names.extend(names_elsewhere(reports));
            }
            return vec![nothing_matched(&budget.scope, &rule, &names)];
        }
        if let Some(metric) = &bound.metric
            && subjects.iter().all(|s| s.metric(Some(metric)).is_none())
        {
            let known: BTreeSet<&str> = subjects.iter().flat_map(|s| s.metric_names()).collect();
            let known: Vec<&str> = known.into_iter().collect();
            return vec![not_measured(&budget.scope, &rule, metric, &known)];
        }
        let subjects = subjects.iter();
        let judged = subjects.map(|subject| {
            let finding = judge_bound(subject, bound, confidence);
            let waivable = Waivable::of_budget(budget, bound, subject.name());
            waivers.apply(&waivable, finding, |ceiling| {
                let waived = within(bound, ceiling)?;
                Some(judge_bound(subject, &waived, confidence))
            })
        });
        judged.collect()
    };
    budget.bounds.iter().flat_map(of_bound).collect()
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

/// All that a rule of this kind may be for: of a comparison, the candidates.
fn subjects<'a>(reports: &'a [Report], scope: &Scope) -> Vec<Subject<'a>> {
    let of_report = |report: &'a Report| -> Vec<Subject<'a>> {
        match scope {
            Scope::Operation(_) => own_operations(report).map(Subject::Operation).collect(),
            Scope::Benchmark(_) => own_benchmarks(report).map(Subject::Benchmark).collect(),
        }
    };
    reports.iter().flat_map(of_report).collect()
}

//! Holding reports against the rules of a configuration.

use perfkit::report::{Gate, GateFinding, GateOutcome, Note, Report};
use toml::value::Date;

use crate::input::{GateRules, OnInconclusive};

use super::budget::judge_budget;
use super::regression::judge_regression;
use super::waivers::Waivers;

/// Applies every rule to everything that it is for; waivers hold until their day. Findings come violations
/// first; the gate's outcome is the worst of them.
pub(crate) fn judge(
    reports: &[Report],
    baseline: Option<&[Report]>,
    rules: &GateRules,
    today: Date,
) -> (Gate, Vec<Note>) {
    let mut findings = Vec::new();
    let mut notes = Vec::new();
    let mut waivers = Waivers::new(&rules.waivers, today);
    for budget in &rules.budgets {
        let judged = judge_budget(reports, budget, rules.confidence, &mut waivers);
        findings.extend(judged);
    }
    for regression in &rules.regressions {
        let judged = judge_regression(reports, baseline, regression, rules, &mut waivers);
        findings.extend(judged.0);
        for note in judged.1 {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    findings.extend(waivers.stale(rules.stale));
    (gate_of(findings, rules.inconclusive), notes)
}

/// The findings, violations first, and the outcome that they come to.
pub(crate) fn gate_of(mut findings: Vec<GateFinding>, inconclusive: OnInconclusive) -> Gate {
    findings.sort_by(GateFinding::worst_first);
    let worst = findings.first();
    let worst = worst.map_or(GateOutcome::Pass, |finding| finding.outcome);
    let outcome = match (worst, inconclusive) {
        (GateOutcome::Inconclusive, OnInconclusive::Fail) => GateOutcome::Fail,
        (outcome, _) => outcome,
    };
    Gate { outcome, findings }
}

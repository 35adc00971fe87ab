//! Holding reports against the rules of a configuration.

use perfkit::report::{Gate, GateFinding, GateOutcome, Note, Report};

use crate::input::{GateRules, OnInconclusive};

use super::budget::judge_budget;
use super::regression::judge_regression;

/// Applies every rule to everything that it is for. Findings come violations
/// first; the gate's outcome is the worst of them.
pub(crate) fn judge(
    reports: &[Report],
    baseline: Option<&Report>,
    rules: &GateRules,
) -> (Gate, Vec<Note>) {
    let mut findings = Vec::new();
    let mut notes = Vec::new();
    for budget in &rules.budgets {
        findings.extend(judge_budget(reports, budget, rules.confidence));
    }
    for regression in &rules.regressions {
        let judged = judge_regression(reports, baseline, regression, rules);
        findings.extend(judged.0);
        for note in judged.1 {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    (gate_of(findings, rules.inconclusive), notes)
}

/// The findings, violations first, and the outcome that they come to.
pub(crate) fn gate_of(mut findings: Vec<GateFinding>, inconclusive: OnInconclusive) -> Gate {
    findings.sort_by_key(|finding| finding.outcome);
    let worst = findings.first();
    let worst = worst.map_or(GateOutcome::Pass, |finding| finding.outcome);
    let outcome = match (worst, inconclusive) {
        (GateOutcome::Inconclusive, OnInconclusive::Fail) => GateOutcome::Fail,
        (outcome, _) => outcome,
    };
    Gate { outcome, findings }
}

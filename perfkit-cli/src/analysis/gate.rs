//! Holding reports against the rules of a configuration.

use std::collections::HashSet;

use perfkit::report::{Gate, GateFinding, GateOutcome, Note, Report};
use toml::value::Date;

use crate::input::{GateRules, OnInconclusive};

use super::budget::judge_budget;
use super::regression::judge_regression;
use super::waivers::Waivers;

/// What the rules of a configuration come to.
pub(crate) struct Judgement {
    /// What is measured, held against the rules for it.
    pub(crate) of_rules: Vec<GateFinding>,
    /// Waivers that have expired, or that nothing needs: no measurement changes these.
    pub(crate) stale: Vec<GateFinding>,
    pub(crate) notes: Vec<Note>,
}

impl Judgement {
    /// All findings together.
    pub(crate) fn findings(self) -> Vec<GateFinding> {
        self.of_rules.into_iter().chain(self.stale).collect()
    }
}

/// Applies every rule to everything that it is for; waivers hold until their day.
pub(crate) fn judge(
    reports: &[Report],
    baseline: Option<&[Report]>,
    rules: &GateRules,
    today: Date,
) -> Judgement {
    let mut of_rules = Vec::new();
    let mut notes = Vec::new();
    let mut seen = HashSet::new();
    let mut waivers = Waivers::new(&rules.waivers, today);
    for budget in &rules.budgets {
        let judged = judge_budget(reports, budget, rules.confidence, &mut waivers);
        of_rules.extend(judged);
    }
    for regression in &rules.regressions {
        let judged = judge_regression(reports, baseline, regression, rules, &mut waivers);
        of_rules.extend(judged.0);
        for note in judged.1 {
            if seen.insert(note.clone()) {
                notes.push(note);
            }
        }
    }
    Judgement {
        of_rules,
        stale: waivers.stale(rules.stale),
        notes,
    }
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

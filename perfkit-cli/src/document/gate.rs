//! A gate's verdict in words: the outcome, then every rule, violations first.

use perfkit::report::{Gate, GateFinding, GateOutcome};

use crate::text::{label, shorten};

use super::blocks::{Align, Document, Table, Tone};

/// The longest rule or measurement, in columns.
const LONGEST_TEXT: usize = 400;

/// The outcome, then every check.
pub(super) fn describe(gate: &Gate, document: &mut Document) {
    let (tone, text) = outcome(gate);
    document.sentence(tone, &text);
    findings(gate, document);
}

/// Every check.
pub(super) fn findings(gate: &Gate, document: &mut Document) {
    let findings = table(gate.findings.iter());
    if !findings.rows.is_empty() {
        document.table(findings);
    }
}

/// The same with what passed folded away.
pub(super) fn digest(gate: &Gate, document: &mut Document) {
    let (tone, text) = outcome(gate);
    document.sentence(tone, &text);
    let is_passed = |finding: &&GateFinding| finding.outcome == GateOutcome::Pass;
    let mut told: Vec<_> = gate.findings.iter().filter(|f| !is_passed(f)).collect();
    told.sort_by_key(|finding| finding.outcome);
    if !told.is_empty() {
        document.table(table(told.into_iter()));
    }
    let passed = table(gate.findings.iter().filter(is_passed));
    if !passed.rows.is_empty() {
        let mut folded = Document::default();
        let summary = format!("Passed: {}", passed.rows.len());
        folded.table(passed);
        document.fold(&summary, folded);
    }
}

pub(super) fn outcome(gate: &Gate) -> (Tone, String) {
    let count = |outcome| {
        gate.findings
            .iter()
            .filter(|f| f.outcome == outcome)
            .count()
    };
    let (broken, undecided) = (count(GateOutcome::Fail), count(GateOutcome::Inconclusive));
    let checks = gate.findings.len();
    let unchecked = count(GateOutcome::RuleAtFault) + count(GateOutcome::DataAtFault);
    let warnings = count(GateOutcome::Warn);
    let passed = checks - broken - undecided - unchecked - warnings;
    match gate.outcome {
        GateOutcome::Fail if broken == 0 => (
            Tone::Bad,
            format!(
                "The gate failed: checks that cannot be decided: {undecided} of {checks}, and `inconclusive` is \"fail\"."
            ),
        ),
        GateOutcome::Fail => (
            Tone::Bad,
            format!("The gate failed. Broken checks: {broken} of {checks}."),
        ),
        GateOutcome::RuleAtFault | GateOutcome::DataAtFault => (
            Tone::Bad,
            format!("The gate could not check everything. Not checked: {unchecked} of {checks}."),
        ),
        GateOutcome::Inconclusive if passed + warnings == 0 => (
            Tone::Unsure,
            format!("The gate decided nothing: {undecided} of {checks} checks are undecided."),
        ),
        GateOutcome::Inconclusive => (
            Tone::Unsure,
            format!("The gate passed: {passed} of {checks} checks; {undecided} undecided."),
        ),
        GateOutcome::Warn => (
            Tone::Unsure,
            format!("The gate passed: {passed} of {checks} checks; {warnings} with a warning."),
        ),
        GateOutcome::Pass => (
            Tone::Good,
            format!("The gate passed: {passed} of {checks} checks."),
        ),
    }
}

fn table<'a>(findings: impl Iterator<Item = &'a GateFinding>) -> Table {
    let mut table = Table::new(&[
        ("result", Align::Left, 0),
        ("what", Align::Left, 0),
        ("rule", Align::Left, 0),
        ("measured", Align::Left, 0),
    ]);
    for finding in findings {
        let result = match finding.outcome {
            GateOutcome::Fail => "FAIL",
            GateOutcome::RuleAtFault | GateOutcome::DataAtFault => "NOT CHECKED",
            GateOutcome::Inconclusive => "undecided",
            GateOutcome::Warn => "warning",
            GateOutcome::Pass => "pass",
        };
        table.row(vec![
            result.to_owned(),
            label(&finding.subject),
            shorten(&finding.rule, LONGEST_TEXT),
            shorten(&finding.measured, LONGEST_TEXT),
        ]);
    }
    table
}

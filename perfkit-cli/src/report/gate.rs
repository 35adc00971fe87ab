//! A gate's verdict in words: the outcome, then every rule, violations first.

use perfkit::report::{Gate, GateOutcome};

use crate::terminal::shorten;

use super::view::{Align, Document, Table, Tone};

/// The longest name that is shown whole, in columns.
const LONGEST_NAME: usize = 60;

pub(super) fn describe(gate: &Gate, document: &mut Document) {
    let count = |outcome| {
        gate.findings
            .iter()
            .filter(|f| f.outcome == outcome)
            .count()
    };
    let (broken, undecided) = (count(GateOutcome::Fail), count(GateOutcome::Inconclusive));
    let checks = gate.findings.len();
    let (tone, text) = match gate.outcome {
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
        GateOutcome::Inconclusive => (
            Tone::Unsure,
            format!(
                "The gate passed, but not every check can be decided. Undecided: {undecided} of {checks}."
            ),
        ),
        GateOutcome::Warn => (
            Tone::Unsure,
            format!("The gate passed, some checks narrowly. Checks: {checks}."),
        ),
        GateOutcome::Pass => (Tone::Good, format!("The gate passed. Checks: {checks}.")),
    };
    document.sentence(tone, &text);
    let mut table = Table::new(&[
        ("result", Align::Left, 0),
        ("what", Align::Left, 0),
        ("rule", Align::Left, 0),
        ("measured", Align::Left, 0),
    ]);
    for finding in &gate.findings {
        let result = match finding.outcome {
            GateOutcome::Fail => "FAIL",
            GateOutcome::Inconclusive => "undecided",
            GateOutcome::Warn => "warning",
            GateOutcome::Pass => "pass",
        };
        table.row(vec![
            result.to_owned(),
            shorten(&finding.subject, LONGEST_NAME),
            finding.rule.clone(),
            finding.measured.clone(),
        ]);
    }
    if !table.rows.is_empty() {
        document.table(table);
    }
}

//! A gate's verdict in words: the outcome, then every rule, violations first.

use perfkit::report::{Gate, GateFinding, GateOutcome};

use crate::text::{label, shorten};

use super::blocks::{Align, Document, Table};
use super::spans::{Sentence, Style};

/// The longest rule or measurement, in columns.
const LONGEST_TEXT: usize = 400;

/// The outcome, then every check.
pub(super) fn describe(gate: &Gate, document: &mut Document) {
    document.sentence(outcome(gate));
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
pub(super) fn describe_briefly(gate: &Gate, document: &mut Document) {
    document.sentence(outcome(gate));
    let is_passed = |finding: &&GateFinding| finding.outcome == GateOutcome::Pass;
    let mut shown: Vec<_> = gate.findings.iter().filter(|f| !is_passed(f)).collect();
    shown.sort_by_key(|finding| finding.outcome);
    if !shown.is_empty() {
        document.table(table(shown.into_iter()));
    }
    let passed = table(gate.findings.iter().filter(is_passed));
    if !passed.rows.is_empty() {
        let summary = format!("Passed: {}", passed.rows.len());
        document.fold(&summary, Document::of_table(passed));
    }
}

pub(super) fn outcome(gate: &Gate) -> Sentence {
    let count = |outcome| {
        let same = gate.findings.iter().filter(|f| f.outcome == outcome);
        same.count()
    };
    let checks = gate.findings.len();
    let (failed, inconclusive) = (count(GateOutcome::Fail), count(GateOutcome::Inconclusive));
    let unchecked = count(GateOutcome::RuleAtFault) + count(GateOutcome::DataAtFault);
    let warnings = count(GateOutcome::Warn);
    let passed = checks - failed - inconclusive - unchecked - warnings;
    match gate.outcome {
        GateOutcome::Fail if failed == 0 => Sentence::led(Style::Bad, "Gate failed")
            .text(&format!(
                "{inconclusive} of {checks} checks could not be decided, and "
            ))
            .code("inconclusive")
            .text(" is \"fail\"."),
        GateOutcome::Fail => Sentence::led(Style::Bad, "Gate failed")
            .text(&format!("{failed} of {checks} checks failed.")),
        GateOutcome::RuleAtFault | GateOutcome::DataAtFault => {
            Sentence::led(Style::Bad, "Gate incomplete").text(&format!(
                "{unchecked} of {checks} checks could not be made."
            ))
        }
        GateOutcome::Inconclusive if passed + warnings == 0 => {
            Sentence::led(Style::Unsure, "Gate inconclusive").text(&format!(
                "{inconclusive} of {checks} checks could not be decided."
            ))
        }
        GateOutcome::Inconclusive => Sentence::led(Style::Unsure, "Gate passed").text(&format!(
            "{passed} of {checks} checks passed; {inconclusive} could not be decided."
        )),
        GateOutcome::Warn => Sentence::led(Style::Unsure, "Gate passed").text(&format!(
            "{passed} of {checks} checks passed; {warnings} with a warning."
        )),
        GateOutcome::Pass => Sentence::led(Style::Good, "Gate passed")
            .text(&format!("{passed} of {checks} checks passed.")),
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
            GateOutcome::Inconclusive => "inconclusive",
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

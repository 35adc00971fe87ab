//! A gate's verdict in words: the outcome, then every rule, violations first.

use perfkit::report::{Gate, GateFinding, GateOutcome};
use perfkit::unit::Unit;

use crate::text::{label, shorten};

use super::blocks::{Document, Table};
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
    document.table(table(gate.findings.iter()));
}

/// The same with what passed folded away.
pub(super) fn describe_briefly(gate: &Gate, document: &mut Document) {
    document.sentence(outcome(gate));
    let is_passed = |finding: &&GateFinding| finding.outcome == GateOutcome::Pass;
    let mut shown: Vec<_> = gate.findings.iter().filter(|f| !is_passed(f)).collect();
    shown.sort_by_key(|finding| finding.outcome);
    document.table(table(shown.into_iter()));
    let passed = table(gate.findings.iter().filter(is_passed));
    document.fold(&format!("Passed: {}", passed.rows.len()), passed);
}

pub(super) fn outcome(gate: &Gate) -> Sentence {
    let count = |outcome| {
        let same = gate.findings.iter().filter(|f| f.outcome == outcome);
        same.count()
    };
    let checks = gate.findings.len();
    let (failed, inconclusive) = (count(GateOutcome::Fail), count(GateOutcome::Inconclusive));
    let unchecked = count(GateOutcome::RuleAtFault) + count(GateOutcome::DataAtFault);
    let passed = count(GateOutcome::Pass);
    let undecided = format!("could not be decided{}", more_runs(gate));
    match gate.outcome {
        GateOutcome::Pass if checks == 0 => {
            Sentence::led(Style::Unsure, "Gate passed").text("there was nothing to check.")
        }
        GateOutcome::Fail if failed == 0 => Sentence::led(Style::Bad, "Gate failed")
            .text(&format!(
                "{inconclusive} of {checks} checks {undecided}, and "
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
        GateOutcome::Inconclusive if inconclusive == checks => {
            Sentence::led(Style::Unsure, "Gate inconclusive")
                .text(&format!("{inconclusive} of {checks} checks {undecided}."))
        }
        _ => {
            let others = [
                (inconclusive, undecided.as_str()),
                (count(GateOutcome::Warn), "with a warning"),
                (count(GateOutcome::Waived), "waived"),
            ];
            let others = others.iter().filter(|(count, _)| *count > 0);
            let others: String = others
                .map(|(count, how)| format!("; {count} {how}"))
                .collect();
            let style = match gate.outcome {
                GateOutcome::Pass => Style::Good,
                _ => Style::Unsure,
            };
            Sentence::led(style, "Gate passed")
                .text(&format!("{passed} of {checks} checks passed{others}."))
        }
    }
}

/// How many runs would decide all of which that is known, in brackets.
fn more_runs(gate: &Gate) -> String {
    let needed = gate.findings.iter().filter_map(|f| f.more_runs_needed);
    let told = |runs| format!(" (would need about {} more runs)", about(runs));
    needed.max().map_or(String::new(), told)
}

/// A number that is an estimate: two significant digits of it.
fn about(number: u64) -> String {
    let digits = number.checked_ilog10().unwrap_or(0);
    let step = 10_u64.pow(digits.saturating_sub(1));
    Unit::Count.format((number.div_ceil(step) * step) as f64, 2)
}

fn table<'a>(findings: impl Iterator<Item = &'a GateFinding>) -> Table {
    let mut table = Table::of_columns(&["result", "what", "rule", "measured"], &[]);
    for finding in findings {
        let result = match finding.outcome {
            GateOutcome::Fail => "FAIL",
            GateOutcome::RuleAtFault | GateOutcome::DataAtFault => "NOT CHECKED",
            GateOutcome::Inconclusive => "inconclusive",
            GateOutcome::Warn => "warning",
            GateOutcome::Waived => "waived",
            GateOutcome::Pass => "pass",
        };
        let mut measured = shorten(&finding.measured, LONGEST_TEXT);
        if let Some(runs) = finding.more_runs_needed {
            measured.push_str(&format!(" (about {} more would decide it)", about(runs)));
        }
        table.row(vec![
            result.to_owned(),
            label(&finding.subject),
            shorten(&finding.rule, LONGEST_TEXT),
            measured,
        ]);
    }
    table
}

//! What a report comes to, sentence by sentence, apart from what that rests on:
//! for formats that show verdicts at a glance.

use perfkit::report::{Comparison, GateOutcome, Report};

use crate::text::printable;

use super::blocks::{Document, Tone};
use super::change_tables::verdict_word;
use super::{Detail, comparison, gate, operations};

/// One verdict.
#[derive(Debug)]
pub(crate) struct Headline<'a> {
    pub(crate) tone: Tone,
    /// The verdict in a word or two.
    pub(crate) word: &'static str,
    pub(crate) sentence: String,
    /// What it is on; none for a gate.
    pub(crate) comparison: Option<&'a Comparison>,
}

/// The gate's verdict, and one for each comparison.
pub(crate) fn headlines(report: &Report) -> Vec<Headline<'_>> {
    let of_gate = report.gate.iter().map(|gate| {
        let (tone, sentence) = gate::outcome(gate);
        Headline {
            tone,
            word: outcome_word(gate.outcome),
            sentence,
            comparison: None,
        }
    });
    let told = comparison::told(report, Detail::Usual).into_iter();
    let of_comparisons = told.map(|comparison| {
        let (tone, sentence) = comparison::sentence(comparison);
        Headline {
            tone,
            word: verdict_word(comparison),
            sentence: printable(&sentence),
            comparison: Some(comparison),
        }
    });
    of_gate.chain(of_comparisons).collect()
}

/// What the headlines rest on: tables, and how it was measured.
pub(crate) fn basis(report: &Report) -> Document {
    let mut document = Document::default();
    if let Some(gate) = &report.gate {
        gate::findings(gate, &mut document);
    }
    if !report.comparisons.is_empty() || !report.benchmarks.is_empty() {
        comparison::basis(report, Detail::Full, &mut document);
    }
    if !report.operations.is_empty() {
        operations::describe(report, &mut document);
    }
    document
}

fn outcome_word(outcome: GateOutcome) -> &'static str {
    match outcome {
        GateOutcome::Fail => "failed",
        GateOutcome::RuleAtFault | GateOutcome::DataAtFault => "not checked",
        GateOutcome::Inconclusive => "undecided",
        GateOutcome::Warn => "narrow",
        GateOutcome::Pass => "passed",
    }
}

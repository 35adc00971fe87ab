//! The verdicts of a report one by one, for formats that show them at a glance.

use perfkit::report::{Comparison, GateOutcome, Report};

use super::gate;
use super::remarks::Detail;
use super::spans::Sentence;
use super::verdict_sentence::{sentence, shown_comparisons};
use super::words::{main_comparisons, verdict_word};

/// One verdict.
#[derive(Debug)]
pub(crate) struct ListedVerdict<'a> {
    /// The verdict in a word.
    pub(crate) word: &'static str,
    pub(crate) sentence: Sentence,
    /// What it is on; none for a gate.
    pub(crate) comparison: Option<&'a Comparison>,
    /// Whether it is counted where verdicts are.
    pub(crate) is_counted: bool,
}

/// The gate's verdict, and one for each comparison.
pub(crate) fn verdict_list(report: &Report) -> Vec<ListedVerdict<'_>> {
    let of_gate = report.gate.iter().map(|gate| ListedVerdict {
        word: outcome_word(gate.outcome),
        sentence: gate::outcome(gate),
        comparison: None,
        is_counted: true,
    });
    let shown = shown_comparisons(report, Detail::Usual);
    let (main, _) = main_comparisons(&shown);
    let mut main = main.into_iter().peekable();
    let of_comparisons = shown.into_iter().map(move |comparison| ListedVerdict {
        word: verdict_word(comparison),
        sentence: sentence(comparison),
        comparison: Some(comparison),
        is_counted: main
            .next_if(|counted| std::ptr::eq(*counted, comparison))
            .is_some(),
    });
    of_gate.chain(of_comparisons).collect()
}

fn outcome_word(outcome: GateOutcome) -> &'static str {
    match outcome {
        GateOutcome::Fail => "failed",
        GateOutcome::RuleAtFault | GateOutcome::DataAtFault => "not checked",
        GateOutcome::Inconclusive => "inconclusive",
        GateOutcome::Warn => "passed with warnings",
        GateOutcome::Waived => "passed by a waiver",
        GateOutcome::Pass => "passed",
    }
}

//! Whether the gate can tell a slowdown here.

use perfkit::report::{GateOutcome, Note};
use perfkit::unit::Unit;

use crate::analysis::SelfTested;

use super::blocks::Document;
use super::gate;
use super::remarks::Detail;
use super::spans::{Sentence, Style};

/// What a self-test came to, then what was found.
pub(crate) fn selftest(tested: &SelfTested, notes: &[Note], detail: Detail) -> Document {
    let mut document = Document::default();
    document.sentence(outcome(tested.gate.outcome));
    document.sentence(resolution(tested));
    gate::findings(&tested.gate, &mut document);
    if detail != Detail::Brief {
        notes.iter().for_each(|note| document.remark(note));
    }
    document
}

fn outcome(outcome: GateOutcome) -> Sentence {
    match outcome {
        GateOutcome::Pass | GateOutcome::Warn | GateOutcome::Waived => {
            Sentence::led(Style::Good, "Self-test passed")
                .text("the gate tells a slowdown from none on this machine.")
        }
        GateOutcome::Fail => Sentence::led(Style::Bad, "Self-test failed")
            .text("on this machine the gate does not tell a slowdown from none. Find out why with ")
            .code("perfkit doctor")
            .text("."),
        _ => Sentence::led(Style::Unsure, "Self-test inconclusive")
            .text("what was measured does not decide it. Give it more ")
            .code("--time")
            .text(", or make the machine calmer: ")
            .code("perfkit doctor")
            .text(" tells how."),
    }
}

/// The smallest slowdowns that could have been told.
fn resolution(tested: &SelfTested) -> Sentence {
    let sentence = Sentence::led(Style::Plain, "Resolution");
    let shown = |share| Unit::Ratio.format(share, 2);
    match (tested.told_from_none, tested.breaks_the_rule) {
        (Some(none), Some(rule)) => sentence.text(&format!(
            "a slowdown of {} could be told from none, and one of {} breaks the rule.",
            shown(none),
            shown(rule)
        )),
        _ => sentence.text("unknown, as there were too few runs."),
    }
}

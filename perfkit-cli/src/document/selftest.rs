//! Whether the gate can tell a slowdown here.

use perfkit::report::{GateOutcome, Note};
use perfkit::unit::Unit;

use crate::analysis::{Resolution, SelfTested};

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
    let Some(by_rule) = tested.by_rule else {
        return sentence.text("unknown, as there were too few runs.");
    };
    let sentence = sentence.text(&format!(
        "a slowdown of {} could be told from none, and one of {} breaks the rule.",
        shown(by_rule.told_from_none),
        shown(by_rule.breaks_the_rule)
    ));
    match tested.by_cpu_time.filter(|cpu| is_far_finer(cpu, &by_rule)) {
        Some(cpu) => sentence
            .text(&format!(
                " By CPU time it would be {} and {}: a rule with ",
                shown(cpu.told_from_none),
                shown(cpu.breaks_the_rule)
            ))
            .code("metric = \"cpu_time\"")
            .text(" decides better here, for what does not wait."),
        None => sentence,
    }
}

/// Whether a rule by another metric would tell slowdowns that are half as large.
fn is_far_finer(one: &Resolution, other: &Resolution) -> bool {
    one.told_from_none < other.told_from_none / 2.0
}

#[cfg(test)]
mod tests {
    use perfkit::report::Gate;

    use super::*;

    fn said(by_rule: Option<Resolution>, by_cpu_time: Option<Resolution>) -> String {
        let tested = SelfTested {
            gate: Gate {
                outcome: GateOutcome::Inconclusive,
                findings: Vec::new(),
            },
            by_rule,
            by_cpu_time,
        };
        resolution(&tested).body()
    }

    #[test]
    fn cpu_time_is_told_of_where_it_is_far_finer() {
        let of = |told_from_none| {
            Some(Resolution {
                told_from_none,
                breaks_the_rule: 0.25,
            })
        };
        let usual = "a slowdown of 8 % could be told from none, and one of 25 % breaks the rule.";
        assert_eq!(said(of(0.08), None), usual);
        assert_eq!(said(of(0.08), of(0.05)), usual);
        let finer = said(of(0.08), of(0.01));
        let expected = format!(
            "{usual} By CPU time it would be 1 % and 25 %: a rule with `metric = \"cpu_time\"` decides better here, for what does not wait."
        );
        assert_eq!(finer, expected);
        assert!(said(None, of(0.01)).starts_with("unknown"));
    }
}

//! A gate that measures: this tree against a revision.

use perfkit::Report;

use crate::analysis::{confirm, gate_of, is_suspected, judge as judge_reports, rules_of_shards};
use crate::command::compare::{Outcome, Session, compare};
use crate::error::Error;
use crate::input::GateRules;
use crate::terminal;

use super::outputs::Outputs;
use super::result::Judged;
use super::today::today;

/// The result of the gate; `None` where the user wants it to end. A regression counts
/// when a second session finds it too, and budgets are for this tree alone. What the
/// first session measured is saved where that is asked for.
pub(super) fn judge(
    session: Session<'_>,
    rules: &GateRules,
    outputs: &Outputs,
) -> Result<Option<Judged>, Error> {
    let Outcome {
        report: first,
        failure,
    } = compare(session)?;
    outputs.save_measured(&first)?;
    if session.is_interrupted() {
        return Ok(None);
    }
    succeeded(failure)?;
    let first = [first];
    let rules = &rules_of_shards(rules, &first);
    let rules_of_regressions = rules.without_budgets();
    let mut regressions = judge_reports(&first, None, &rules_of_regressions, today());
    if is_suspected(&regressions.of_rules) {
        let Some(second) = measure_again(session)? else {
            return Ok(None);
        };
        let second = judge_reports(&[second], None, &rules_of_regressions, today());
        regressions.of_rules = confirm(regressions.of_rules, &second.of_rules);
    }
    let budgets = judge_reports(&first, None, &rules.without_regressions(), today());
    let mut notes = std::mem::take(&mut regressions.notes);
    notes.extend(first[0].notes.iter().cloned());
    let findings = budgets.findings().into_iter().chain(regressions.findings());
    let gate = gate_of(findings.collect(), rules.inconclusive);
    Ok(Some(Judged::new(first.into(), (gate, notes))))
}

/// A session of new processes; `None` where the user wants it to end.
pub(super) fn measure_again(first: Session<'_>) -> Result<Option<Report>, Error> {
    if first.is_talkative() {
        terminal::print_line("something is slower: measuring once more to confirm it");
    }
    let plan = first.plan.with_next_seed();
    let second = compare(Session {
        plan: &plan,
        ..first
    })?;
    if first.is_interrupted() {
        return Ok(None);
    }
    succeeded(second.failure)?;
    Ok(Some(second.report))
}

/// A gate lets no failure pass, so that what `perfkit compare` proposes is not for it.
pub(super) fn succeeded(failure: Option<Error>) -> Result<(), Error> {
    failure.map_or(Ok(()), |failure| Err(failure.without_hint()))
}

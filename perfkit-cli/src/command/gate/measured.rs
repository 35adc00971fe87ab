//! A gate that measures: this tree against a revision.

use std::path::PathBuf;

use perfkit::Report;

use crate::analysis::{confirm, gate_of, is_suspected, judge as judge_reports};
use crate::args::{CompareArguments, Format, GateArguments, Verbosity};
use crate::document::Detail;
use crate::error::{Error, shown};
use crate::input::Rules;
use crate::interrupt::Signals;
use crate::revision::{Checkout, check_out};
use crate::{export, terminal};

use super::super::compare;
use super::result;

/// What this tree comes to; `None` where the user wants it to end. A regression
/// counts when a second session finds it too, and budgets are for this tree alone.
pub(super) fn judge(
    arguments: &GateArguments,
    base: &str,
    rules: &Rules,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<Option<Report>, Error> {
    let session = session_of(arguments, base)?;
    let checkout = check_out(base)?;
    let (first, failure) = compare::session(&session, &checkout, signals, verbosity)?;
    save(&first, arguments)?;
    if signals.is_interrupted() {
        return Ok(None);
    }
    succeeded(failure)?;
    let rules_of_regressions = rules.without_budgets();
    let first = [first];
    let (mut regressions, mut notes) = judge_reports(&first, None, &rules_of_regressions);
    if is_suspected(&regressions) {
        let Some(second) = once_more(&session, &checkout, signals, verbosity)? else {
            return Ok(None);
        };
        let (again, _) = judge_reports(&[second], None, &rules_of_regressions);
        regressions = confirm(regressions, &again, rules.inconclusive);
    }
    let (budgets, _) = judge_reports(&first, None, &rules.without_regressions());
    notes.extend(first[0].notes.iter().cloned());
    let findings = budgets.findings.into_iter().chain(regressions.findings);
    let gate = gate_of(findings.collect(), rules.inconclusive);
    Ok(Some(result(&first[0], (gate, notes))))
}

/// A session of new processes; `None` where the user wants it to end.
fn once_more(
    session: &CompareArguments,
    checkout: &Checkout,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<Option<Report>, Error> {
    if verbosity > Verbosity::Quiet {
        terminal::print_line("something is slower: measuring once more to confirm it");
    }
    let second = CompareArguments {
        seed: session.seed.map(|seed| seed.wrapping_add(1)),
        ..session.clone()
    };
    let (second, failure) = compare::session(&second, checkout, signals, verbosity)?;
    if signals.is_interrupted() {
        return Ok(None);
    }
    succeeded(failure)?;
    Ok(Some(second))
}

/// A gate lets no failure pass, so that what `perfkit compare` proposes is not for it.
fn succeeded(failure: Option<Error>) -> Result<(), Error> {
    failure.map_or(Ok(()), |failure| Err(failure.without_hint()))
}

fn save(report: &Report, arguments: &GateArguments) -> Result<(), Error> {
    let Some(path) = &arguments.export_json else {
        return Ok(());
    };
    let text = export::render(report, Detail::Usual, Format::Json, None)?;
    export::save(path, &text)
}

/// What is measured: this tree against the revision, and that against itself.
fn session_of(arguments: &GateArguments, base: &str) -> Result<CompareArguments, Error> {
    let text = |path: &PathBuf| {
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| Error::usage(format!("{} is no text", shown(path))))
    };
    Ok(CompareArguments {
        commands: arguments
            .reports
            .iter()
            .map(text)
            .collect::<Result<_, _>>()?,
        base: Some(base.to_owned()),
        bench: arguments.bench.clone(),
        package: arguments.package.clone(),
        features: arguments.features.clone(),
        time: arguments.time,
        timeout: arguments.timeout,
        seed: arguments.seed,
        null: true,
        ..CompareArguments::default()
    })
}

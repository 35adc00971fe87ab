//! Whether the gate tells a slowdown from none on this machine: it measures work of
//! perfkit's own, against itself and slowed down.

use std::time::Duration;

use perfkit::Report;
use perfkit::report::{GateOutcome, Note, NoteCode};

use crate::analysis::{BASELINE, SAME, SLOWED, SelfTest, SelfTested};
use crate::args::{Format, GateArguments, Verbosity};
use crate::command::compare::{Outcome, Session, compare};
use crate::command::work::steps_that_take;
use crate::command::{check_writable, deliver_text};
use crate::command_run::Templates;
use crate::document::{Detail, selftest};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::export::{render, render_document};
use crate::input::{ConfigFile, GateRules};
use crate::interrupt::Signals;
use crate::plan::Plan;

use super::super::sources::Sources;
use super::measured::{measure_again, succeeded};
use super::result::Judged;
use super::today::today;

/// How long the work takes: long beside the start of a process.
const WORK: Duration = Duration::from_millis(25);

pub(super) fn run(arguments: &GateArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let output = arguments.output.as_deref();
    output.map_or(Ok(()), check_writable)?;
    let format = Format::chosen(arguments.format)?;
    let config = ConfigFile::find(arguments.config.as_deref())?;
    let rules = config.as_ref().map(ConfigFile::rules).transpose()?;
    let test = SelfTest::of(&rules.unwrap_or_else(GateRules::default))?;
    let plan = Plan::of_selftest(arguments, config.as_ref(), work(&test)?)?;
    let mut sources = Sources::new(&format);
    sources.configuration(plan.configuration.as_ref());
    plan.described()
        .iter()
        .for_each(|setting| sources.setting(setting));
    sources.tell(verbosity);
    let signals = Signals::listen()?;
    let session = Session {
        plan: &plan,
        checkout: None,
        signals: &signals,
        verbosity,
    };
    let Some((tested, report)) = measure(session, &test)? else {
        return Ok(signals.exit());
    };
    let exit = exit(tested.gate.outcome);
    let show = |width| match format.value {
        Format::Human | Format::Markdown => {
            let document = selftest(&tested, &report.notes, verbosity.into());
            Ok(render_document(&document, format.value, width))
        }
        other => render(
            &as_report(&tested, &report),
            Detail::from(verbosity),
            other,
            width,
        ),
    };
    deliver_text(show, format.value, output)?;
    Ok(exit)
}

/// The work, the same work, and the same with more steps.
fn work(test: &SelfTest) -> Result<Templates, Error> {
    let own = std::env::current_exe()
        .map_err(|error| Error::data(format!("perfkit does not find itself: {error}")))?;
    let path = own
        .to_str()
        .ok_or_else(|| Error::usage(format!("{} is no text", shown(&own))))?;
    let path = shell_words::quote(path);
    let steps = steps_that_take(WORK);
    let more = (steps as f64 * (1.0 + test.slowdown())).round() as u64;
    let command = |steps: u64| format!("{path} work {steps}");
    let commands = vec![command(steps), command(steps), command(more)];
    Ok(Templates {
        names: [BASELINE, SAME, SLOWED].map(str::to_owned).into(),
        ..Templates::of(commands)
    })
}

/// Measures as the gate does, once more where something is slower; `None` where the user
/// wants it to end.
fn measure(session: Session<'_>, test: &SelfTest) -> Result<Option<(SelfTested, Report)>, Error> {
    let Outcome {
        report: mut first,
        failure,
    } = compare(session)?;
    if session.is_interrupted() {
        return Ok(None);
    }
    succeeded(failure)?;
    let second = match test.is_suspected(&first, today()) {
        true => match measure_again(session)? {
            Some(second) => Some(second),
            None => return Ok(None),
        },
        false => None,
    };
    let tested = test.conclude(&first, second.as_ref(), today());
    if !test.has_rule {
        first.notes.push(Note::info(
            NoteCode::UsualLimit,
            "there is no regression rule on times in a perfkit.toml: the rule is the usual one",
        ));
    }
    Ok(Some((tested, first)))
}

/// The checks as those of a gate.
fn as_report(tested: &SelfTested, measured: &Report) -> Report {
    let judged = (tested.gate.clone(), measured.notes.clone());
    Judged::new(vec![measured.clone()], judged).result
}

fn exit(outcome: GateOutcome) -> Exit {
    match outcome {
        GateOutcome::Pass | GateOutcome::Warn | GateOutcome::Waived => Exit::Done,
        GateOutcome::Fail => Exit::Broken,
        GateOutcome::Inconclusive => Exit::Inconclusive,
        GateOutcome::RuleAtFault | GateOutcome::DataAtFault => Exit::Data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_its_exit_code() {
        let codes = [
            (GateOutcome::Pass, 0),
            (GateOutcome::Fail, 1),
            (GateOutcome::Inconclusive, 3),
            (GateOutcome::DataAtFault, 4),
        ];
        for (outcome, code) in codes {
            assert_eq!(exit(outcome).code(), code);
        }
    }
}

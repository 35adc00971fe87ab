//! `perfkit compare`: commands, benchmarks and revisions, run in turn; or saved
//! reports.

mod benches;
mod commands;
mod failure;
mod files;
mod outputs;
mod pairs;
mod runs;
mod search;
mod sequence;
mod session;

use perfkit::Report;
use perfkit::report::{Benchmark, Git, Note, NoteCode};

use crate::analysis::is_inconclusive;
use crate::args::{self, CompareArguments, Origin, Verbosity};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::git;
use crate::interrupt::Signals;
use crate::plan::{Plan, What};
use crate::revision::{Checkout, check_out};
use crate::terminal;

use super::history::Recorder;
use super::sources::Sources;

use outputs::Outputs;
pub(super) use session::{Outcome, Session};

pub(crate) fn run(arguments: CompareArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let outputs = Outputs::of(&arguments)?;
    let plan = Plan::of_compare(&arguments)?;
    let recorder = Recorder::of(arguments.history, None)?;
    tell_sources(&plan, &outputs, verbosity);
    let signals = Signals::listen()?;
    let checkout = plan.base.as_deref().map(check_out).transpose()?;
    let session = Session {
        plan: &plan,
        checkout: checkout.as_ref(),
        signals: &signals,
        verbosity,
    };
    let Outcome { report, failure } = compare(session)?;
    let recorded = |report: &Report| match &recorder {
        Some(recorder) => recorder.record(std::slice::from_ref(report), verbosity),
        None => Ok(()),
    };
    if let What::Reports(_) = plan.what {
        outputs.publish(&report, verbosity)?;
        recorded(&report)?;
        return Ok(verdict_exit(&report, arguments.strict));
    }
    let runs = report.benchmarks.iter().map(|b| b.successes + b.failures);
    let published = if runs.sum::<u64>() > 0 || has_nothing_to_compare(&report) {
        let published = outputs.publish(&report, verbosity);
        let is_whole = failure.is_none() && !signals.is_interrupted();
        published.and_then(|()| if is_whole { recorded(&report) } else { Ok(()) })
    } else {
        Ok(())
    };
    conclude(&report, failure, published, arguments.strict, &signals)
}

/// Compares what the plan of a session says, after it was measured if need be.
pub(super) fn compare(session: Session<'_>) -> Result<Outcome, Error> {
    let mut outcome = match &session.plan.what {
        What::Reports(saved) => files::compare(saved, &session.plan.settings.rules()),
        What::Commands(templates) => commands::compare(templates, session),
        What::Benches(benches) => benches::compare(benches, session),
    }?;
    outcome.report.arguments = args::as_given();
    outcome.report.base = session.checkout.map(|checkout| Git {
        commit: checkout.commit.clone(),
        dirty: Some(false),
        subject: git::subject(&checkout.own.directory, &checkout.commit),
        branch: None,
    });
    if let Some(checkout) = session.checkout.filter(|checkout| checkout.has_filters) {
        outcome.report.notes.push(filters_not_run(checkout));
    }
    Ok(outcome)
}

fn filters_not_run(checkout: &Checkout) -> Note {
    let revision = &checkout.base.label;
    let message = format!(
        "{revision} has files with a filter in .gitattributes, such as of git-lfs: perfkit runs none, and its side has them as git keeps them"
    );
    Note::warning(NoteCode::FiltersNotRun, message)
}

fn tell_sources(plan: &Plan, outputs: &Outputs, verbosity: Verbosity) {
    let mut sources = Sources::new(&outputs.format);
    sources.configuration(plan.configuration.as_ref());
    plan.described()
        .iter()
        .for_each(|setting| sources.setting(setting));
    if let What::Reports(saved) = &plan.what {
        sources.baseline(&saved.baseline);
        let candidate = saved.candidate.iter();
        candidate.for_each(|path| sources.report("candidate", path));
    }
    sources.tell(verbosity);
    if verbosity == Verbosity::Normal {
        tell_configuration(plan);
    }
}

/// Says what the configuration changes: who compares two commands may not know that there is
/// one.
fn tell_configuration(plan: &Plan) {
    let described = plan.described();
    let of_file = described.iter().filter(|s| s.origin == Origin::File);
    let settings: Vec<&str> = of_file.map(|setting| setting.value.as_str()).collect();
    if let (Some(path), false) = (&plan.configuration, settings.is_empty()) {
        let path = shown(&path.value);
        terminal::print_line(&format!("{path} says {}", settings.join(", ")));
    }
}

/// How it ended: what the user asked for counts more than what failed, and what
/// failed more than what was measured.
fn conclude(
    report: &Report,
    failure: Option<Error>,
    published: Result<(), Error>,
    is_strict: bool,
    signals: &Signals,
) -> Result<Exit, Error> {
    if signals.is_interrupted() {
        if let Err(error) = published {
            terminal::print_error(&error);
        }
        return Ok(signals.exit());
    }
    if let Some(failure) = failure {
        if let Err(error) = published {
            terminal::print_error(&error);
        }
        return Err(failure);
    }
    published?;
    let has_failed = |b: &Benchmark| b.successes == 0 && b.failed_blocks.is_empty();
    let has_failed = report.benchmarks.iter().all(has_failed);
    if has_failed && !has_nothing_to_compare(report) {
        return Err(Error::command_failed("no run of any command succeeded"));
    }
    Ok(verdict_exit(report, is_strict))
}

/// Whether there is nothing to compare, which is no mistake: all benchmarks are new, or
/// other shards have them.
fn has_nothing_to_compare(report: &Report) -> bool {
    !report.only_in_candidate.is_empty() || is_empty_shard(report)
}

/// Whether other shards have all benchmarks.
fn is_empty_shard(report: &Report) -> bool {
    let shard = report.shard.as_ref();
    shard.is_some_and(|shard| shard.benchmarks == 0 && !shard.elsewhere.is_empty())
}

fn verdict_exit(report: &Report, is_strict: bool) -> Exit {
    if is_empty_shard(report) {
        return Exit::Done;
    }
    let is_undecided = report.comparisons.is_empty() || is_inconclusive(&report.comparisons);
    if is_strict && is_undecided {
        Exit::Inconclusive
    } else {
        Exit::Done
    }
}

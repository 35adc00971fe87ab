//! `perfkit compare`: commands, benchmarks and revisions, run in turn; or saved
//! reports.

mod benches;
mod failure;
mod files;
mod measure;
mod settings;

use std::path::Path;

use perfkit::Report;
use perfkit::bench::{pin, usable_cpus};
use perfkit::report::Side;

use crate::analysis::is_inconclusive;
use crate::args::{CompareArguments, Format, Verbosity};
use crate::command_run::{CommandSet, CommandTree};
use crate::document::Detail;
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::interrupt::Signals;
use crate::revision::{Checkout, check_out};
use crate::{export, terminal};

use super::{check_plot, check_writable, deliver, draw, first_error};

use settings::Settings;

pub(crate) fn run(arguments: CompareArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let settings = Settings::new(&arguments)?;
    check_outputs(&arguments)?;
    if files::are_meant(&arguments)? {
        let report = files::compare(&arguments.commands, &settings.rules)?;
        publish(&report, &arguments, &settings, verbosity)?;
        return Ok(verdict_exit(&report, arguments.strict));
    }
    let signals = Signals::listen()?;
    check_options(&arguments)?;
    let checkout = arguments.base.as_deref().map(check_out).transpose()?;
    let checkout = checkout.as_ref();
    let (report, failure) = measure(&arguments, checkout, &settings, &signals, verbosity)?;
    let runs = report.benchmarks.iter().map(|b| b.successes + b.failures);
    let published = if runs.sum::<u64>() > 0 {
        publish(&report, &arguments, &settings, verbosity)
    } else {
        Ok(())
    };
    conclude(&report, failure, published, arguments.strict, &signals)
}

/// Refuses options of commands where there are none.
fn check_options(arguments: &CompareArguments) -> Result<(), Error> {
    match files::option_of_commands(arguments) {
        Some(option) if arguments.commands.is_empty() => Err(Error::usage(format!(
            "{option} is for commands, and benchmarks are compared"
        ))),
        _ => Ok(()),
    }
}

/// Runs commands or benches; the failure that ended it comes beside what was measured.
fn measure(
    arguments: &CompareArguments,
    checkout: Option<&Checkout>,
    settings: &Settings,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<(Report, Option<Error>), Error> {
    if arguments.commands.is_empty() {
        let outcome = benches::compare(arguments, checkout, settings, signals, verbosity)?;
        return Ok((outcome.report, outcome.failure));
    }
    commands(arguments, checkout, settings, signals, verbosity)
}

/// The same for a verb that does more with it, by the settings that the arguments,
/// the environment and the configuration come to.
pub(super) fn session(
    arguments: &CompareArguments,
    checkout: &Checkout,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<(Report, Option<Error>), Error> {
    let settings = Settings::new(arguments)?;
    measure(arguments, Some(checkout), &settings, signals, verbosity)
}

/// Runs commands; the failure that ended it comes beside what was measured.
fn commands(
    arguments: &CompareArguments,
    checkout: Option<&Checkout>,
    settings: &Settings,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<(Report, Option<Error>), Error> {
    let paths = checkout.map(|c| [&c.base, &c.own].map(|tree| shown(&tree.directory)));
    let trees = paths.as_ref().map_or_else(Vec::new, |[base, own]| {
        let (base, own) = (base.as_str(), own.as_str());
        vec![
            CommandTree {
                path: base,
                side: Side::Baseline,
                revision: checkout.map(|c| c.base.label.as_str()),
            },
            CommandTree {
                path: own,
                side: Side::Candidate,
                revision: None,
            },
        ]
    });
    let mut commands = CommandSet::from_arguments(arguments, &trees, &settings.shell, signals)?;
    measure::check_streams(arguments)?;
    let family = commands.family(arguments.baseline.as_deref(), arguments.null)?;
    if arguments.pin {
        pin_to_one_cpu();
    }
    let mut measured = measure::measure(commands, &family, settings, signals, verbosity)?;
    let failure = measured.failure.take();
    let rules = measured.rules;
    Ok((measure::report(measured, &family, &rules), failure))
}

/// Keeps this process, and so the commands that it starts, on the last CPU that it
/// may use: the first has the most interrupts.
fn pin_to_one_cpu() {
    let is_pinned = usable_cpus().last().is_some_and(|cpu| pin(*cpu));
    if !is_pinned {
        terminal::print_line("warning: --pin: the system keeps no process on one CPU");
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
    if report
        .benchmarks
        .iter()
        .all(|benchmark| benchmark.successes == 0)
    {
        return Err(Error::command_failed("no run of any command succeeded"));
    }
    Ok(verdict_exit(report, is_strict))
}

fn verdict_exit(report: &Report, is_strict: bool) -> Exit {
    let is_undecided = report.comparisons.is_empty() || is_inconclusive(&report.comparisons);
    if is_strict && is_undecided {
        Exit::Inconclusive
    } else {
        Exit::Done
    }
}

fn exports(arguments: &CompareArguments) -> impl Iterator<Item = (Format, &Path)> {
    let files = [
        (Format::Json, &arguments.export_json),
        (Format::Markdown, &arguments.export_markdown),
        (Format::Csv, &arguments.export_csv),
        (Format::Html, &arguments.export_html),
    ];
    files
        .into_iter()
        .filter_map(|(format, path)| Some((format, path.as_deref()?)))
}

/// Refuses what cannot be saved before the work is done that it is to hold.
fn check_outputs(arguments: &CompareArguments) -> Result<(), Error> {
    let mut paths: Vec<&Path> = exports(arguments).map(|(_, path)| path).collect();
    paths.iter().try_for_each(|path| check_writable(path))?;
    arguments.plot.as_deref().map_or(Ok(()), check_plot)?;
    paths.extend(arguments.plot.as_deref());
    let mut seen: Vec<&Path> = Vec::new();
    for path in paths {
        if seen.contains(&path) {
            let message = format!("two results cannot go to one file, {}", shown(path));
            return Err(Error::usage(message));
        }
        seen.push(path);
    }
    Ok(())
}

/// Saves the result wherever that was asked, then prints it. What fails keeps
/// nothing else from being done.
fn publish(
    report: &Report,
    arguments: &CompareArguments,
    settings: &Settings,
    verbosity: Verbosity,
) -> Result<(), Error> {
    let save = |(format, path): (Format, &Path)| {
        export::save(path, &export::render(report, Detail::Usual, format, None)?)
    };
    let mut results: Vec<Result<(), Error>> = exports(arguments).map(save).collect();
    results.extend(arguments.plot.as_deref().map(|path| draw(report, path)));
    results.push(deliver(report, verbosity.into(), settings.format, None));
    first_error(results)
}

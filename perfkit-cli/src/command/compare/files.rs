//! Comparing saved reports.

use std::path::Path;

use perfkit::Report;
use perfkit::bench::Rules;

use crate::analysis::compare_reports;
use crate::args::CompareArguments;
use crate::error::Error;
use crate::input::{is_report, load_report};

/// Whether files are to be compared: every argument ends in `.json` and is a
/// single word or the name of a file that exists, or names one that holds results
/// of a tool that is known.
pub(super) fn are_meant(arguments: &CompareArguments) -> Result<bool, Error> {
    let is_meant = |text: &&String| {
        let is_json = text.ends_with(".json")
            && (!text.contains(char::is_whitespace) || Path::new(text).is_file());
        is_json || is_report(Path::new(text))
    };
    let reports = arguments.commands.iter().filter(is_meant).count();
    if reports == 0 {
        return Ok(false);
    }
    if reports < arguments.commands.len() {
        return Err(Error::usage("commands and report files cannot be compared with each other")
            .hint("a report file has a name that ends in .json, or holds results of another tool; measure the command into one with --export-json"));
    }
    check_options(arguments)?;
    Ok(true)
}

/// Refuses options that say how commands or benchmarks are run.
fn check_options(arguments: &CompareArguments) -> Result<(), Error> {
    let given = [
        ("--base", arguments.base.is_some()),
        ("--baseline", arguments.baseline.is_some()),
        ("--null", arguments.null),
        ("--pin", arguments.pin),
        ("--seed", arguments.seed.is_some()),
        ("--time", arguments.time.is_some()),
        ("--timeout", arguments.timeout.is_some()),
    ];
    let is_given = |(_, is_given): &(&str, bool)| *is_given;
    let found = given.into_iter().find(is_given).map(|(option, _)| option);
    match found.or_else(|| option_of_commands(arguments)) {
        None => Ok(()),
        Some(option) => Err(Error::usage(format!(
            "{option} is for commands, and report files are compared"
        ))),
    }
}

/// An option that says how commands are run, if one is given.
pub(super) fn option_of_commands(arguments: &CompareArguments) -> Option<&'static str> {
    let given = [
        ("--warmup", arguments.warmup.is_some()),
        ("--runs", arguments.runs.is_some()),
        ("--min-runs", arguments.min_runs.is_some()),
        ("--max-runs", arguments.max_runs.is_some()),
        ("--prepare", !arguments.prepare.is_empty()),
        ("--conclude", !arguments.conclude.is_empty()),
        ("--setup", arguments.setup.is_some()),
        ("--cleanup", arguments.cleanup.is_some()),
        ("--shell", arguments.shell.is_some() || arguments.no_shell),
        ("--ignore-failure", arguments.ignore_failure),
        ("--name", !arguments.names.is_empty()),
        ("--parameter-list", !arguments.parameter_list.is_empty()),
        ("--parameter-scan", !arguments.parameter_scan.is_empty()),
    ];
    let found = given.into_iter().find(|(_, is_given)| *is_given);
    found.map(|(option, _)| option)
}

/// The first file is the baseline, the second the candidate.
pub(super) fn compare(files: &[String], rules: &Rules) -> Result<Report, Error> {
    let [before, after] = files else {
        return Err(Error::usage(format!(
            "two report files are compared, the baseline and the candidate; given: {}",
            files.len()
        )));
    };
    let (before, after) = (
        load_report(Path::new(before))?,
        load_report(Path::new(after))?,
    );
    compare_reports(&before, &after, rules)
}

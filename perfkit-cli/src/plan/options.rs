//! Options that do not belong to what is compared are refused, so that nobody believes
//! that they had an effect.

use crate::args::{CompareArguments, Input};
use crate::error::Error;

/// Refuses options of measuring where saved reports are compared.
pub(super) fn check_for_reports(arguments: &CompareArguments) -> Result<(), Error> {
    let of_measuring = [
        ("--base", arguments.base.is_some()),
        ("--control", arguments.control),
        ("--pin", arguments.pin),
        ("--seed", arguments.effort.seed.is_some()),
        ("--time", arguments.effort.time.is_some()),
        ("--timeout", arguments.timeout.is_some()),
    ];
    refuse(
        &of_measuring,
        "is for commands, and report files are compared",
    )?;
    refuse(
        &of_commands(arguments),
        "is for commands, and report files are compared",
    )?;
    refuse(
        &of_benches(arguments),
        "is for benchmarks, and report files are compared",
    )
}

/// Refuses options of commands where benchmarks are compared.
pub(super) fn check_for_benches(arguments: &CompareArguments) -> Result<(), Error> {
    refuse(
        &of_commands(arguments),
        "is for commands, and benchmarks are compared",
    )
}

/// Refuses options of benchmarks where commands are compared.
pub(super) fn check_for_commands(arguments: &CompareArguments) -> Result<(), Error> {
    refuse(
        &of_benches(arguments),
        "is for benchmarks, and commands are compared",
    )
}

/// An option, and whether it is given.
type Given = (&'static str, bool);

fn of_benches(arguments: &CompareArguments) -> [Given; 4] {
    [
        ("--package", !arguments.package.is_empty()),
        ("--workspace", arguments.workspace),
        ("--bench-target", !arguments.bench_target.is_empty()),
        ("--features", !arguments.features.is_empty()),
    ]
}

fn of_commands(arguments: &CompareArguments) -> [Given; 20] {
    [
        ("--warmup", arguments.effort.warmup.is_some()),
        ("--runs", arguments.effort.runs.is_some()),
        ("--min-runs", arguments.effort.min_runs.is_some()),
        ("--max-runs", arguments.effort.max_runs.is_some()),
        ("--prepare", !arguments.prepare.is_empty()),
        ("--conclude", !arguments.conclude.is_empty()),
        ("--setup", arguments.setup.is_some()),
        ("--cleanup", arguments.cleanup.is_some()),
        ("--shell", arguments.shell.is_some() || arguments.no_shell),
        ("--ignore-failure", arguments.ignore_failure.is_some()),
        ("--sequential", arguments.sequential),
        ("--name", !arguments.names.is_empty()),
        ("--baseline", arguments.baseline.is_some()),
        ("--input", arguments.input != Input::default()),
        ("--output", !arguments.output.is_empty()),
        ("--show-output", arguments.show_output),
        ("--env", !arguments.env.is_empty()),
        ("--reference", arguments.reference.is_some()),
        ("--parameter-list", !arguments.parameter_list.is_empty()),
        ("--parameter-scan", !arguments.parameter_scan.is_empty()),
    ]
}

fn refuse(options: &[Given], why: &str) -> Result<(), Error> {
    match options.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => Err(Error::usage(format!("{option} {why}"))),
    }
}

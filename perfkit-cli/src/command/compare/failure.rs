//! Failures of commands, as errors.

use perfkit::report::RunFailure;

use crate::command_run::CANNOT_BE_RUN;
use crate::error::Error;
use crate::terminal::printable;

/// The failure of a command's run that ended sampling.
pub(super) fn of_run(name: &str, failure: &RunFailure) -> Error {
    let name = printable(name);
    let reason = &failure.reason;
    if reason.starts_with(CANNOT_BE_RUN) {
        return Error::command_failed(format!("`{name}` {reason}"));
    }
    let which = match failure.run {
        Some(run) => format!("run {run}"),
        None => "a warm-up run".to_owned(),
    };
    let is_about_the_run = reason.starts_with("exit status") || reason.starts_with("signal");
    let message = if reason.starts_with("the ") {
        // A command around the runs, whose failures are never ignored.
        reason.clone()
    } else {
        format!("`{name}`, {which}: {reason}")
    };
    let error = Error::command_failed(with_stderr(message, failure));
    if is_about_the_run {
        error.hint("`-i` goes on after a failed run and counts it")
    } else {
        error
    }
}

/// The failure of a benchmark's process.
pub(super) fn of_benchmark(name: &str, failure: &RunFailure) -> Error {
    let message = format!("`{}`: {}", printable(name), printable(&failure.reason));
    Error::command_failed(with_stderr(message, failure))
}

/// The failure of a command around all runs.
pub(super) fn of_hook(failure: &RunFailure) -> Error {
    Error::command_failed(with_stderr(failure.reason.clone(), failure))
}

fn with_stderr(mut message: String, failure: &RunFailure) -> String {
    for line in failure.stderr.lines() {
        message += &format!("\n  | {}", printable(line));
    }
    message
}

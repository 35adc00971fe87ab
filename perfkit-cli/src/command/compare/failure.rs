//! Failures of commands, as errors.

use perfkit::report::{FailureKind, RunFailure, Side};

use crate::error::Error;
use crate::revision::Tree;
use crate::text::printable;

/// The failure of a command's run that ended sampling.
pub(super) fn of_run(name: &str, failure: &RunFailure) -> Error {
    let name = printable(name);
    let reason = &failure.reason;
    let which = match failure.run {
        Some(run) => format!("run {run}"),
        None => "a warm-up run".to_owned(),
    };
    let message = match failure.kind {
        FailureKind::NotStarted => format!("`{name}` {reason}"),
        // A command around the runs, whose failures are never ignored.
        FailureKind::Hook => reason.clone(),
        _ => format!("`{name}`, {which}: {reason}"),
    };
    let error = Error::command_failed(with_stderr(message, failure));
    match failure.kind {
        FailureKind::ExitStatus | FailureKind::Signal => {
            error.hint("`-i` goes on after a failed run, and its time counts")
        }
        _ => error,
    }
}

/// The failure of a benchmark's process.
pub(super) fn of_benchmark(name: &str, failure: &RunFailure) -> Error {
    let message = format!("`{}`: {}", printable(name), printable(&failure.reason));
    Error::command_failed(with_stderr(message, failure))
}

/// The failure of a bench program that was asked what benchmarks it has. What they are is
/// then unknown, and so whether any of them is slower.
pub(super) fn of_search(tree: &Tree, target: &str, failure: &RunFailure) -> Error {
    let message = format!(
        "{} ({}) does not tell its benchmarks: {}",
        printable(target),
        printable(&tree.label),
        printable(&failure.reason)
    );
    let message = with_stderr(message, failure);
    match tree.side {
        Side::Candidate => Error::command_failed(message),
        Side::Baseline => Error::data(message).hint("compare with another revision"),
    }
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

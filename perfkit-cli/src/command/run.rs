//! `perfkit run`: an instrumented program, then what it recorded.

use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use perfkit::Report;
use perfkit::report::Note;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};

use crate::args::{Format, RunArguments, Verbosity};
use crate::error::Error;
use crate::exit::Exit;
use crate::export;
use crate::input::load_report;
use crate::interrupt::Signals;
use crate::report::Detail;
use crate::subject::describe_status;

use super::{check_writable, deliver};

pub(crate) fn run(arguments: RunArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    arguments.save.as_deref().map_or(Ok(()), check_writable)?;
    let signals = Signals::listen()
        .map_err(|error| Error::data(format!("cannot listen for signals: {error}")))?;
    let folder = tempfile::tempdir()
        .map_err(|error| Error::data(format!("cannot make a temporary folder: {error}")))?;
    let child = start(&arguments, folder.path())?;
    let status = wait(child, &signals)?;
    let report = collect(folder.path())?;
    if let Some(report) = &report {
        if let Some(path) = &arguments.save {
            export::save(
                path,
                &export::render(report, Detail::Usual, Format::Json, None)?,
            )?;
        }
        deliver(report, verbosity.into(), arguments.format, None)?;
    }
    conclude(status, report.is_some(), &signals)
}

fn start(arguments: &RunArguments, folder: &Path) -> Result<Child, Error> {
    let (program, rest) = arguments
        .command
        .split_first()
        .ok_or_else(|| Error::usage("there is no program to run"))?;
    // Several processes may be instrumented: each saves a file of its own.
    let every = Duration::max(arguments.every.0, Duration::from_millis(10));
    Command::new(program)
        .args(rest)
        .env("PERFKIT", "on")
        .env("PERFKIT_REPORT", folder.join("{pid}.json"))
        .env("PERFKIT_REPORT_EVERY", format!("{}ms", every.as_millis()))
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::command_failed(format!("the program `{program}` was not found"))
            }
            _ => Error::command_failed(format!("`{program}` could not be started: {error}")),
        })
}

/// Waits for the program's end. It shares the terminal, which sends it Ctrl-C
/// by itself; other requests to end are passed on.
fn wait(mut child: Child, signals: &Signals) -> Result<ExitStatus, Error> {
    let failed =
        |error: std::io::Error| Error::data(format!("cannot wait for the program: {error}"));
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status);
        }
        if signals.is_interrupted() && signals.exit() == Exit::Terminated {
            let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        }
        let mut watched = [PollFd::from_borrowed_fd(signals.wake_fd(), PollFlags::IN)];
        // Woken early or not at all, the loop looks again.
        let _ = poll(&mut watched, None);
        signals.clear();
    }
}

/// What all processes of the program recorded; `None` if none did.
fn collect(folder: &Path) -> Result<Option<Report>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::file("read", folder, error))?;
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    let mut reports = files.iter().map(|path| load_report(path));
    let Some(first) = reports.next() else {
        return Ok(None);
    };
    let mut all = first?;
    for report in reports {
        let report = report?;
        all.operations.extend(report.operations);
        all.notes.extend(report.notes);
    }
    if files.len() > 1 {
        let message = format!(
            "{} processes recorded: an operation that several of them called stands in several lines",
            files.len()
        );
        all.notes.push(Note::info("several-processes", message));
    }
    Ok(Some(all))
}

fn conclude(status: ExitStatus, has_recorded: bool, signals: &Signals) -> Result<Exit, Error> {
    if signals.is_interrupted() {
        return Ok(signals.exit());
    }
    if !status.success() {
        let what = describe_status(status);
        return Err(Error::command_failed(format!(
            "the program ended with {what}"
        )));
    }
    if !has_recorded {
        return Err(Error::data("the program recorded nothing").hint(
            "is a function with #[measure] called, and does the program end by returning from main?",
        ));
    }
    Ok(Exit::Done)
}

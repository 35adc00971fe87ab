//! `perfkit run`: an instrumented program, then what it recorded.

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use perfkit::Report;
use perfkit::report::{Note, NoteCode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use crate::args::{Format, RunArguments, Verbosity};
use crate::command_run::{describe_status, not_started};
use crate::document::Detail;
use crate::error::Error;
use crate::exit::Exit;
use crate::input::{environment, load_report};
use crate::interrupt::Signals;
use crate::terminal;

use super::sources::Sources;
use super::{check_writable, deliver, first_error, save};

pub(crate) fn run(arguments: RunArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    arguments.save.as_deref().map_or(Ok(()), check_writable)?;
    arguments.output.as_deref().map_or(Ok(()), check_writable)?;
    let format = Format::chosen(arguments.format)?;
    Sources::new(&format).tell(verbosity);
    let signals = Signals::listen()?;
    let (command, every) = (&arguments.command, arguments.every.0);
    let output = arguments.output.as_deref();
    let stdout = stdout_beside(format.value, output);
    let Recorded { status, report, .. } = record(command, every, stdout, &signals)?;
    let published = report.as_ref().map_or(Ok(()), |report| {
        let saved = arguments.save.as_deref();
        let saved = saved.map_or(Ok(()), |path| save(report, Format::Json, path));
        first_error(vec![
            saved,
            deliver(report, Detail::from(verbosity), format.value, output),
        ])
    });
    conclude(status, report.is_some(), &signals).and_then(|exit| published.map(|()| exit))
}

/// Where a program writes to beside a result: what is there to be read by another program, or
/// to be copied, is nothing but the result.
pub(super) fn stdout_beside(format: Format, output: Option<&Path>) -> Stdio {
    match (format, output) {
        (Format::Human, _) | (_, Some(_)) => Stdio::inherit(),
        _ => terminal::stderr_of_a_program(),
    }
}

/// What a run of a program came to.
pub(super) struct Recorded {
    pub(super) status: ExitStatus,
    /// How long it ran.
    pub(super) elapsed: Duration,
    /// What it recorded; `None` if it did not.
    pub(super) report: Option<Report>,
}

/// Runs a program until it ends, and collects what it recorded. It saves that so often.
pub(super) fn record(
    command: &[String],
    every: Duration,
    stdout: Stdio,
    signals: &Signals,
) -> Result<Recorded, Error> {
    let folder = tempfile::tempdir()
        .map_err(|error| Error::data(format!("cannot make a temporary folder: {error}")))?;
    signals.defer_signals();
    let started = Instant::now();
    let child = start(command, every, stdout, folder.path());
    let status = child.and_then(|child| wait(child, signals))?;
    let elapsed = started.elapsed();
    Ok(Recorded {
        status,
        elapsed,
        report: collect(folder.path())?,
    })
}

/// A program that is started, and how it is reached.
struct Started {
    child: Child,
    /// It leads a process group of its own. On a terminal it must not, or it
    /// could not read from it.
    has_own_group: bool,
}

fn start(
    command: &[String],
    every: Duration,
    stdout: Stdio,
    folder: &Path,
) -> Result<Started, Error> {
    let (program, rest) = command
        .split_first()
        .ok_or_else(|| Error::usage("there is no program to run"))?;
    // Several processes may be instrumented: each saves a file of its own.
    let every = Duration::max(every, Duration::from_millis(10));
    let has_own_group = !std::io::stdin().is_terminal();
    let mut command = Command::new(program);
    if has_own_group {
        command.process_group(0);
    }
    let child = command
        .args(rest)
        .stdout(stdout)
        .env("PERFKIT", "on")
        .env("PERFKIT_REPORT", folder.join("{pid}.json"))
        .env("PERFKIT_REPORT_EVERY", format!("{}ms", every.as_millis()))
        .spawn()
        .map_err(|error| not_started(program, &error))?;
    Ok(Started {
        child,
        has_own_group,
    })
}

/// How long is waited for what the program started, once a signal has ended the program: it
/// got the signal too, and may have a report to save.
const GROUP_PATIENCE: Duration = Duration::from_secs(3);
const GROUP_PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 5_000_000,
};

/// Waits for the program's end, and passes requests to end on. On a terminal,
/// Ctrl-C reaches the program by itself.
fn wait(mut started: Started, signals: &Signals) -> Result<ExitStatus, Error> {
    let failed =
        |error: std::io::Error| Error::data(format!("cannot wait for the program: {error}"));
    let mut passed_on = 0;
    let mut ended = None;
    loop {
        if ended.is_none() {
            let status = started.child.try_wait().map_err(failed)?;
            ended = status.map(|status| (status, Instant::now()));
        }
        if let Some((status, at)) = ended {
            let may_save = passed_on > 0 && has_group(&started);
            if !may_save || at.elapsed() >= GROUP_PATIENCE {
                return Ok(status);
            }
        }
        if signals.requests() > passed_on {
            passed_on = signals.requests();
            pass_on(&started, signals.last());
        }
        let mut watched = signals
            .wake_fds()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        // Woken early or not at all, the loop looks again.
        let _ = poll(&mut watched, ended.map(|_| &GROUP_PAUSE));
        signals.clear();
    }
}

/// Whether processes of the program's own group are left.
fn has_group(started: &Started) -> bool {
    let group = Pid::from_child(&started.child);
    started.has_own_group && test_kill_process_group(group).is_ok()
}

fn pass_on(started: &Started, signal: i32) {
    let pid = Pid::from_child(&started.child);
    let Some(signal) = Signal::from_named_raw(signal) else {
        return;
    };
    // What it is sent to may have just ended.
    if started.has_own_group {
        let _ = kill_process_group(pid, signal);
    } else if signal != Signal::INT && signal != Signal::QUIT {
        let _ = kill_process(pid, signal);
    }
}

/// What all processes of the program recorded; `None` if none did.
pub(super) fn collect(folder: &Path) -> Result<Option<Report>, Error> {
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
        all.merge_recorded(report?);
    }
    if files.len() > 1 {
        let message = format!("the calls of {} processes are added up", files.len());
        all.notes
            .push(Note::info(NoteCode::SeveralProcesses, message));
    }
    environment::complete(&mut all.environment);
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
            "is a function with #[measure] called, and does the program end by returning from main? One with elevated rights (setuid, setgid, capabilities of its file) saves nothing: run a copy without them",
        ));
    }
    Ok(Exit::Done)
}

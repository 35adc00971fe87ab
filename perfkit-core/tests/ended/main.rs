//! Programs that are ended: by signals of all kinds, by `abort`, by another program in their
//! place. What they recorded is not lost, and what they do of a signal stays as it is.
//!
//! A program needs a main thread of its own for that, so that this test is the programs too,
//! where a variable says which (`program.rs`), and runs its tests by itself.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed test panics, and the results are printed"
)]
#![cfg(target_os = "linux")]

mod program;
#[path = "../required/mod.rs"]
mod required;
#[allow(dead_code, reason = "it is for bench programs too")]
#[path = "../bench_program/running.rs"]
mod running;
mod watched;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use libc::{SIGABRT, SIGHUP, SIGINT, SIGKILL, SIGTERM, c_int};
use perfkit::Report;

use program::{STEPS, WHICH};
use running::{Folder, is_alive, run_tests, wait_for};

const SIGNALS: [c_int; 3] = [SIGHUP, SIGINT, SIGTERM];

/// Nothing is saved but what is saved at the end.
const ONLY_AT_THE_END: (&str, &str) = ("PERFKIT_REPORT_EVERY", "off");

fn main() {
    if let Ok(which) = std::env::var(WHICH) {
        program::main(&which);
        return;
    }
    default_signals();
    run_tests(&[
        ("signals_leave_the_last_state", signals_leave_the_last_state),
        ("a_signal_at_any_moment", a_signal_at_any_moment),
        ("a_signal_while_it_exits", a_signal_while_it_exits),
        ("signals_leave_a_summary", signals_leave_a_summary),
        ("signals_can_be_left_alone", signals_can_be_left_alone),
        ("no_report_no_handler", no_report_no_handler),
        (
            "the_first_process_of_a_container",
            the_first_process_of_a_container,
        ),
        ("signals_that_are_handled", signals_that_are_handled),
        ("tokio_shuts_down_in_order", tokio_shuts_down_in_order),
        ("a_handler_that_passes_on", a_handler_that_passes_on),
        ("signals_that_are_ignored", signals_that_are_ignored),
        ("a_report_that_hangs", a_report_that_hangs),
        ("a_report_that_fails", a_report_that_fails),
        ("killed_while_it_goes_on", killed_while_it_goes_on),
        (
            "an_idle_program_writes_nothing",
            an_idle_program_writes_nothing,
        ),
        ("aborts_and_another_program", aborts_and_another_program),
        ("an_ordinary_exit", an_ordinary_exit),
        (
            "a_child_leaves_the_file_alone",
            a_child_leaves_the_file_alone,
        ),
        ("a_child_that_goes_on", a_child_that_goes_on),
        ("a_log_is_not_flooded", a_log_is_not_flooded),
        ("it_is_watched_until_it_exits", watched::until_it_exits),
        ("nobody_else_can_watch", watched::by_nobody_else),
        ("bad_requests_are_no_harm", watched::by_bad_requests),
        (
            "a_child_leaves_the_socket_alone",
            watched::not_by_way_of_a_child,
        ),
        ("without_a_folder_it_runs_on", watched::without_a_folder),
    ]);
}

/// Whoever started the tests may ignore signals, as `nohup` does, and programs inherit that.
#[expect(unsafe_code, reason = "sets what signals do")]
fn default_signals() {
    for signal in SIGNALS {
        // SAFETY: there is no other thread yet, and no handler.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// A program that is ready to be ended.
struct Running {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut running = Self::start_unheard(&mut command);
        assert_eq!(running.line(), "ready");
        running
    }

    fn start_unheard(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        Self {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    fn send(&self, signal: c_int) {
        send(self.child.id(), signal);
    }

    /// How it ended, and what it wrote to standard error.
    fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let mut text = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut text).unwrap();
        (status, text)
    }
}

/// A test that fails leaves no program behind.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(unsafe_code, reason = "sends signals")]
fn send(pid: u32, signal: c_int) {
    // SAFETY: it takes numbers. The process was not waited for.
    assert_eq!(unsafe { libc::kill(pid as libc::pid_t, signal) }, 0);
}

/// A program that is to save a report, and where.
fn reporting(folder: &Folder, which: &str) -> (Command, PathBuf) {
    let path = folder.path("report.json");
    let _ = std::fs::remove_file(&path);
    let mut command = silent(folder, which);
    command.env("PERFKIT_REPORT", &path);
    (command, path)
}

/// A program that nothing is asked of.
fn silent(folder: &Folder, which: &str) -> Command {
    let mut command = folder.command(which, &[]);
    for name in [
        "PERFKIT",
        "PERFKIT_REPORT",
        "PERFKIT_REPORT_EVERY",
        "PERFKIT_SIGNALS",
    ] {
        command.env_remove(name);
    }
    command
}

/// How many calls of an operation the report has; the file must be whole.
fn calls(path: &Path, operation: &str) -> u64 {
    let report = Report::load(path).unwrap();
    let found = report
        .operations
        .iter()
        .find(|found| found.name == operation);
    found.map_or(0, |found| found.lifetime.calls.total())
}

/// Waits until the file is there and has so many calls.
fn wait_for_calls(path: &Path, operation: &str, least: u64) -> u64 {
    wait_for(|| {
        let found = path.exists().then(|| calls(path, operation));
        found.filter(|found| *found >= least)
    })
}

/// Nothing of an unfinished save lies beside the report.
fn is_alone(folder: &Folder) -> bool {
    let mut entries = std::fs::read_dir(folder.path("")).unwrap();
    entries.all(|entry| {
        !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.')
    })
}

fn signals_leave_the_last_state() {
    let folder = Folder::new("last_state");
    for signal in SIGNALS {
        let (mut command, path) = reporting(&folder, "waits");
        command.envs([ONLY_AT_THE_END]);
        let running = Running::start(command);
        assert!(!path.exists());
        running.send(signal);
        let (status, stderr) = running.end();
        assert_eq!((status.signal(), stderr.as_str()), (Some(signal), ""));
        assert_eq!(calls(&path, "step"), STEPS);
        assert!(is_alone(&folder));
    }
    // Twice at once, as `timeout` does.
    let (mut command, path) = reporting(&folder, "waits");
    command.envs([ONLY_AT_THE_END]);
    let running = Running::start(command);
    running.send(SIGTERM);
    running.send(SIGINT);
    assert!(running.end().0.signal().is_some());
    assert_eq!(calls(&path, "step"), STEPS);
}

/// Whatever its threads are at, and whatever locks they hold.
fn a_signal_at_any_moment() {
    let folder = Folder::new("any_moment");
    for round in 0..20 {
        let (mut command, path) = reporting(&folder, "is busy");
        if round % 2 == 0 {
            command.envs([ONLY_AT_THE_END]);
        } else {
            command.env("PERFKIT_REPORT_EVERY", "10ms");
        }
        let running = Running::start(command);
        std::thread::sleep(Duration::from_millis(round));
        let signal = SIGNALS[round as usize % 3];
        running.send(signal);
        let (status, stderr) = running.end();
        assert_eq!((status.signal(), stderr.as_str()), (Some(signal), ""));
        assert!(calls(&path, "step") >= STEPS);
    }
}

/// Whichever comes first, the report is there, and the signal is no failure of the exit.
fn a_signal_while_it_exits() {
    let folder = Folder::new("while_it_exits");
    for round in 0..30 {
        let (mut command, path) = reporting(&folder, "is told how to end");
        command.envs([ONLY_AT_THE_END]);
        let mut running = Running::start(command);
        running.tell("exit");
        std::thread::sleep(Duration::from_micros(100 * round));
        running.send(SIGTERM);
        let (status, _) = running.end();
        let is_expected = status.code() == Some(4) || status.signal() == Some(SIGTERM);
        assert!(is_expected, "{status}");
        assert_eq!(calls(&path, "step"), STEPS);
    }
}

fn signals_leave_a_summary() {
    let folder = Folder::new("summary");
    let mut by_environment = silent(&folder, "waits");
    by_environment.env("PERFKIT", "summary");
    for command in [by_environment, silent(&folder, "asks in code")] {
        let running = Running::start(command);
        running.send(SIGINT);
        let (status, stderr) = running.end();
        assert_eq!(status.signal(), Some(SIGINT));
        assert!(
            stderr.starts_with("perfkit: calls: 3, operations: 1"),
            "{stderr}"
        );
        assert_eq!(stderr.matches("perfkit: calls").count(), 1, "{stderr}");
    }
}

fn signals_can_be_left_alone() {
    let folder = Folder::new("left_alone");
    let (mut command, path) = reporting(&folder, "waits");
    command.envs([ONLY_AT_THE_END, ("PERFKIT_SIGNALS", "off")]);
    let threads = |running: &Running| {
        let tasks = format!("/proc/{}/task", running.child.id());
        std::fs::read_dir(tasks).unwrap().count()
    };
    let running = Running::start(command);
    assert_eq!(threads(&running), 1);
    running.send(SIGTERM);
    assert_eq!(running.end().0.signal(), Some(SIGTERM));
    assert!(!path.exists());
    // Meanwhile it is saved all the same.
    let (mut command, path) = reporting(&folder, "waits");
    command.env("PERFKIT_SIGNALS", "off");
    let running = Running::start(command);
    wait_for_calls(&path, "step", STEPS);
    running.send(SIGTERM);
    assert_eq!(running.end().0.signal(), Some(SIGTERM));
}

fn no_report_no_handler() {
    let folder = Folder::new("no_report");
    let looks = |command: &mut Command| Running::start_unheard(command).line();
    assert_eq!(looks(&mut silent(&folder, "looks")), "default: true");
    let (mut command, _) = reporting(&folder, "looks");
    assert_eq!(looks(&mut command), "default: false");
    command.env("PERFKIT_SIGNALS", "off");
    assert_eq!(looks(&mut command), "default: true");
}

/// A signal that it does not handle does not end it.
fn the_first_process_of_a_container() {
    let folder = Folder::new("container");
    let own = |command: &Command| {
        let mut container = Command::new("unshare");
        container
            .args(["--pid", "--fork"])
            .arg(command.get_program());
        container.current_dir(folder.path(""));
        let variables = command.get_envs();
        container.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        container.stdout(Stdio::piped());
        container.stdin(Stdio::piped());
        container
    };
    let may = |command: &mut Command| command.output().is_ok_and(|done| done.status.success());
    if !may(&mut own(&Command::new("true"))) {
        return required::skip("the right to begin a container (unshare --pid)");
    }
    let (command, _) = reporting(&folder, "looks");
    let line = Running::start_unheard(&mut own(&command)).line();
    assert_eq!(line, "default: true");
}

/// They are handled before or after it begins to record, with the handler before called or
/// not, or waited for: it does as it would without perfkit, and what it records in its
/// shutdown is in the report.
fn signals_that_are_handled() {
    let folder = Folder::new("handled");
    for which in [
        "signal-hook before",
        "signal-hook after",
        "own handler",
        "sigwait",
    ] {
        for signal in SIGNALS {
            let (mut command, path) = reporting(&folder, which);
            command.envs([ONLY_AT_THE_END]);
            let running = Running::start(command);
            running.send(signal);
            let (status, stderr) = running.end();
            assert_eq!(
                status.code(),
                Some(7),
                "{which}, {signal}: {status}, {stderr}"
            );
            assert_eq!((calls(&path, "step"), calls(&path, "shutdown")), (STEPS, 1));
        }
    }
}

fn tokio_shuts_down_in_order() {
    let folder = Folder::new("tokio");
    for signal in SIGNALS {
        let (mut command, path) = reporting(&folder, "tokio");
        command.envs([ONLY_AT_THE_END]);
        let running = Running::start(command);
        running.send(signal);
        let (status, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{signal}: {status}, {stderr}");
        assert_eq!((calls(&path, "step"), calls(&path, "shutdown")), (STEPS, 1));
        assert_eq!(stderr.matches("perfkit: calls: 4").count(), 1, "{stderr}");
    }
}

/// It gives the default action back by itself: what was saved meanwhile is there.
fn a_handler_that_passes_on() {
    let folder = Folder::new("passes_on");
    let (command, path) = reporting(&folder, "signal-hook passes on");
    let mut running = Running::start(command);
    running.send(SIGTERM);
    assert_eq!(running.line(), "once");
    wait_for_calls(&path, "step", STEPS);
    running.send(SIGTERM);
    assert_eq!(running.end().0.signal(), Some(SIGTERM));
    assert_eq!(calls(&path, "step"), STEPS);
}

/// As under `nohup`.
#[expect(unsafe_code, reason = "ignores signals from the start")]
fn signals_that_are_ignored() {
    let folder = Folder::new("ignored");
    for signal in SIGNALS {
        let (mut command, path) = reporting(&folder, "is told how to end");
        // SAFETY: this may be done between fork and exec.
        unsafe {
            command.pre_exec(move || {
                libc::signal(signal, libc::SIG_IGN);
                Ok(())
            });
        }
        let mut running = Running::start(command);
        running.send(signal);
        running.tell("exit");
        let (status, stderr) = running.end();
        assert_eq!(status.code(), Some(4), "{signal}: {status}, {stderr}");
        assert_eq!(calls(&path, "step"), STEPS);
    }
}

/// A pipe that nobody reads from.
fn a_report_that_hangs() {
    let folder = Folder::new("hangs");
    let (command, path) = reporting(&folder, "waits");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let running = Running::start(command);
    running.send(SIGTERM);
    assert_eq!(running.end().0.signal(), Some(SIGTERM));
}

fn a_report_that_fails() {
    let folder = Folder::new("fails");
    let (mut command, _) = reporting(&folder, "waits");
    command.env("PERFKIT_REPORT", "/missing/folder/report.json");
    command.env("PERFKIT_REPORT_EVERY", "10ms");
    let mut running = Running::start(command);
    let mut told = BufReader::new(running.child.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("perfkit: PERFKIT_REPORT was not saved: /missing/"),
        "{line}"
    );
    running.send(SIGTERM);
    assert_eq!(running.child.wait().unwrap().signal(), Some(SIGTERM));
    // Once, however often it was tried.
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

fn killed_while_it_goes_on() {
    let folder = Folder::new("killed_going_on");
    let (command, path) = reporting(&folder, "goes on");
    let running = Running::start(command);
    // Whatever it recorded is on the disk some time later, again and again.
    let mut seen = STEPS;
    for _ in 0..4 {
        seen = wait_for_calls(&path, "step", seen + 1);
    }
    running.send(SIGKILL);
    assert_eq!(running.end().0.signal(), Some(SIGKILL));
    assert!(calls(&path, "step") >= seen);
}

fn an_idle_program_writes_nothing() {
    use std::os::unix::fs::MetadataExt;
    let folder = Folder::new("idle");
    let (mut command, path) = reporting(&folder, "waits");
    command.env("PERFKIT_REPORT_EVERY", "10ms");
    let running = Running::start(command);
    wait_for_calls(&path, "step", STEPS);
    let file = || {
        let found = std::fs::metadata(&path).unwrap();
        (found.ino(), found.mtime_nsec())
    };
    let before = file();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(file(), before);
    running.send(SIGKILL);
    running.end();
}

fn aborts_and_another_program() {
    let folder = Folder::new("aborts");
    for (end, code, signal) in [
        ("abort", None, Some(SIGABRT)),
        ("panic", None, Some(SIGABRT)),
        ("exec", Some(6), None),
    ] {
        let (command, path) = reporting(&folder, "is told how to end");
        let mut running = Running::start(command);
        wait_for_calls(&path, "step", STEPS);
        running.tell(end);
        let (status, _) = running.end();
        assert_eq!((status.code(), status.signal()), (code, signal), "{end}");
        assert_eq!(calls(&path, "step"), STEPS);
    }
}

/// The file is named from the folder in which the program began, and has what came since the
/// last save.
fn an_ordinary_exit() {
    let folder = Folder::new("exit");
    let (mut command, path) = reporting(&folder, "is told how to end");
    command.env("PERFKIT_REPORT", "report.json");
    let mut running = Running::start(command);
    running.tell("exit");
    assert_eq!(running.end().0.code(), Some(4));
    assert_eq!(calls(&path, "step"), STEPS);
    assert!(is_alone(&folder));
}

fn a_child_leaves_the_file_alone() {
    let folder = Folder::new("child");
    let (mut command, path) = reporting(&folder, "forks");
    command.envs([ONLY_AT_THE_END]);
    let mut running = Running::start_unheard(&mut command);
    assert_eq!(running.line(), "ended by 0");
    assert!(!path.exists());
    let child = running.line();
    let child: u32 = child.strip_prefix("child ").unwrap().parse().unwrap();
    send(child, SIGTERM);
    // It dies of it, and nobody else does.
    assert_eq!(running.line(), format!("ended by {SIGTERM}"));
    assert!(!path.exists() && is_alive(running.child.id()));
    running.send(SIGTERM);
    assert_eq!(running.end().0.signal(), Some(SIGTERM));
    assert_eq!(
        (calls(&path, "step"), calls(&path, "in the child")),
        (STEPS, 0)
    );
}

/// As a daemon does, whose parent is gone.
fn a_child_that_goes_on() {
    let folder = Folder::new("daemon");
    let (mut command, path) = reporting(&folder, "child saves");
    command.envs([ONLY_AT_THE_END]);
    let mut running = Running::start_unheard(&mut command);
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    let child = running.line();
    let child: u32 = child.strip_prefix("child ").unwrap().parse().unwrap();
    send(child, SIGTERM);
    // Nobody waits for it here: its end of the pipe is what tells.
    assert_eq!(running.line(), "");
    assert_eq!(
        (calls(&path, "step"), calls(&path, "in the child")),
        (STEPS, 1)
    );
}

/// What is no file of its own gets one report, and not one a second.
fn a_log_is_not_flooded() {
    let folder = Folder::new("log");
    let (mut command, _) = reporting(&folder, "goes on");
    command.env("PERFKIT_REPORT", "/dev/stderr");
    let running = Running::start(command);
    // Longer than several saves would take to begin.
    std::thread::sleep(Duration::from_millis(500));
    running.send(SIGTERM);
    let (status, stderr) = running.end();
    assert_eq!(status.signal(), Some(SIGTERM));
    assert_eq!(stderr.matches("\"schema\":").count(), 1);
    assert!(Report::from_json(stderr.as_bytes()).is_ok());
}

//! Running a process and learning what it used.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use perfkit::Clock;
use perfkit::process::{HardwareCounter, HardwareEvent, ResourceUsage, try_reap};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::args::{Input, Output};
use crate::error::Error;
use crate::interrupt::Signals;
use crate::text::printable;

use super::command_line::CommandLine;
use super::guard::Guard;

/// The variables that tell a command which run it is.
const ITERATION: [&str; 2] = ["PERFKIT_ITERATION", "HYPERFINE_ITERATION"];

/// How much a pipe holds that output is thrown away from: who writes much is to wait for
/// perfkit as seldom as may be.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// How much of standard error is kept, from its end.
const TAIL_BYTES: usize = 8192;

/// How many lines of it are shown.
const TAIL_LINES: usize = 10;

/// When standard error on which nothing is expected is looked at: first after so long, later
/// after up to so long.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_millis(100);

/// How long a process group may take to end when asked, before it is made to.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait for a group that was made to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// One process to run.
pub(crate) struct Launch<'a> {
    pub(crate) command: &'a CommandLine,
    pub(crate) input: &'a Input,
    pub(crate) output: &'a Output,
    pub(crate) timeout: Option<Duration>,
    /// Which run of its command this belongs to, as the environment tells it.
    pub(crate) iteration: Option<String>,
    /// Whether nothing is expected on its standard error, so that it is only looked at now and
    /// then: its end, at the end of the process, would wake perfkit once more, and on a busy
    /// machine something else may run in between.
    pub(crate) has_quiet_stderr: bool,
    /// What ends it when perfkit is killed.
    pub(crate) guard: Option<&'a Guard>,
    /// So many requests to end do not end it: what cleans up after an
    /// interruption must not be ended by the same one.
    pub(crate) ignored_requests: usize,
}

impl<'a> Launch<'a> {
    /// Of a command that is not measured itself.
    pub(crate) fn aside(command: &'a CommandLine, ignored_requests: usize) -> Self {
        Self {
            command,
            input: &Input::Null,
            output: &Output::Null,
            timeout: None,
            iteration: None,
            has_quiet_stderr: false,
            guard: None,
            ignored_requests,
        }
    }
}

/// How a process ended.
pub(crate) enum Ended {
    /// By itself.
    Exited(Finished),
    /// By us, after its timeout; with the end of its standard error.
    TimedOut(String),
    /// By us, because it stopped itself or wanted the terminal.
    Stopped(i32),
    /// By us, because the user wants everything to end.
    Interrupted,
}

/// What is known of a process that ended by itself.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) usage: ResourceUsage,
    pub(crate) wall_ns: u64,
    /// How many instructions it executed in user mode; `None` where they are not
    /// counted.
    pub(crate) instructions: Option<u64>,
    /// How many cycles the processor took for it in user mode; `None` where they are
    /// not counted.
    pub(crate) cycles: Option<u64>,
    /// The last lines of standard error, if it was not inherited.
    pub(crate) stderr: String,
}

/// Runs a process in a process group of its own and waits for its end.
pub(crate) fn run(launch: &Launch<'_>, signals: &Signals) -> Result<Ended, Error> {
    let ended = run_guarded(launch, signals);
    if let Some(guard) = launch.guard {
        guard.release();
    }
    ended
}

fn run_guarded(launch: &Launch<'_>, signals: &Signals) -> Result<Ended, Error> {
    let mut command = prepare(launch)?;
    let clock = Clock::os();
    signals.clear();
    let counters = Counters::open();
    let start_ns = clock.now_ns();
    let child = command
        .spawn()
        .map_err(|error| not_started(launch.command.program(), &error))?;
    let mut process = Process::new(child, signals)?;
    process.has_quiet_stderr = launch.has_quiet_stderr;
    if let Some(guard) = launch.guard {
        guard.watch(process.pid);
    }
    let deadline_ns = launch
        .timeout
        .map(|timeout| start_ns.saturating_add(timeout.as_nanos() as u64));
    let mut now_ns = clock.now_ns();
    loop {
        if let Some((status, usage)) = process.try_reap()? {
            return Ok(Ended::Exited(Finished {
                status,
                usage,
                wall_ns: now_ns - start_ns,
                instructions: read(counters.instructions.as_ref()),
                cycles: read(counters.cycles.as_ref()),
                stderr: process.stderr_tail(),
            }));
        }
        if signals.requests() > launch.ignored_requests {
            process.end_group()?;
            return Ok(Ended::Interrupted);
        }
        if let Some(signal) = process.has_stopped() {
            process.end_group()?;
            return Ok(Ended::Stopped(signal));
        }
        if deadline_ns.is_some_and(|deadline_ns| now_ns >= deadline_ns) {
            process.end_group()?;
            return Ok(Ended::TimedOut(process.stderr_tail()));
        }
        let left = deadline_ns.map(|deadline_ns| Duration::from_nanos(deadline_ns - now_ns));
        now_ns = process.wait(left, &clock)?;
    }
}

/// What the processor counts of one process, so that what an earlier one left behind
/// does not count.
struct Counters {
    instructions: Option<HardwareCounter>,
    cycles: Option<HardwareCounter>,
}

impl Counters {
    /// Of the next process that is started.
    fn open() -> Self {
        let of_next = |event| HardwareCounter::of_children(event).ok();
        Self {
            instructions: of_next(HardwareEvent::Instructions),
            cycles: of_next(HardwareEvent::Cycles),
        }
    }
}

/// What was counted; a process that ran has more than nothing.
fn read(counter: Option<&HardwareCounter>) -> Option<u64> {
    counter?.read().filter(|count| *count > 0)
}

fn prepare(launch: &Launch<'_>) -> Result<Command, Error> {
    let mut command = launch.command.to_command();
    if let Some(iteration) = &launch.iteration {
        command.envs(ITERATION.map(|name| (name, iteration)));
    }
    command.process_group(0);
    command.stdin(match launch.input {
        Input::Null => Stdio::null(),
        Input::File(path) => open(path)?.into(),
    });
    let (stdout, stderr) = match launch.output {
        Output::Null => (Stdio::null(), Stdio::piped()),
        Output::Pipe => (Stdio::piped(), Stdio::piped()),
        Output::Inherit => (Stdio::inherit(), Stdio::inherit()),
        Output::File(path) => {
            let file = File::create(path).map_err(|error| Error::file("write", path, error))?;
            (file.into(), Stdio::piped())
        }
    };
    command.stdout(stdout).stderr(stderr);
    Ok(command)
}

fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| Error::file("read", path, error))
}

/// Why a program could not be started.
pub(crate) fn not_started(program: &str, error: &io::Error) -> Error {
    let program = printable(program);
    match error.kind() {
        io::ErrorKind::NotFound => {
            Error::command_failed(format!("the program `{program}` was not found"))
        }
        io::ErrorKind::PermissionDenied => {
            Error::command_failed(format!("`{program}` may not be executed"))
        }
        _ => Error::command_failed(format!("`{program}` could not be started: {error}")),
    }
}

/// How a process ended, in words.
pub(crate) fn describe_status(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("exit status {code}");
    }
    describe_signal(status.signal().unwrap_or_default())
}

/// `signal 9 (SIGKILL)`
pub(crate) fn describe_signal(signal: i32) -> String {
    match signal_hook::low_level::signal_name(signal) {
        Some(name) => format!("signal {signal} ({name})"),
        None => format!("signal {signal}"),
    }
}

/// A running process.
struct Process<'a> {
    pid: Pid,
    signals: &'a Signals,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    tail: Vec<u8>,
    /// Whether standard error is looked at now and then, and after how long the next time.
    has_quiet_stderr: bool,
    next_look: Duration,
}

impl<'a> Process<'a> {
    fn new(mut child: Child, signals: &'a Signals) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::data(format!("cannot watch a process: {error}"));
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (out, err) = (stdout.as_ref(), stderr.as_ref());
        out.map_or(Ok(()), do_not_block).map_err(failed)?;
        #[cfg(target_os = "linux")]
        if let Some(out) = out {
            // Where the system allows no more, what it has does too.
            let _ = rustix::pipe::fcntl_setpipe_size(out, PIPE_BYTES);
        }
        err.map_or(Ok(()), do_not_block).map_err(failed)?;
        Ok(Self {
            pid: Pid::from_child(&child),
            signals,
            stdout,
            stderr,
            tail: Vec::new(),
            has_quiet_stderr: false,
            next_look: FIRST_LOOK,
        })
    }

    fn try_reap(&mut self) -> Result<Option<(ExitStatus, ResourceUsage)>, Error> {
        let ended = try_reap(self.pid.as_raw_pid() as u32)
            .map_err(|error| Error::data(format!("cannot wait for a process: {error}")))?;
        if ended.is_some() {
            self.drain();
        }
        Ok(ended)
    }

    /// Waits until something happens, at most so long, and returns when it did.
    fn wait(&mut self, at_most: Option<Duration>, clock: &Clock) -> Result<u64, Error> {
        let at_most = match self.has_quiet_stderr {
            true => Some(at_most.map_or(self.next_look, |most| most.min(self.next_look))),
            false => at_most,
        };
        self.next_look = (self.next_look * 2).min(LAST_LOOK);
        let timeout = at_most.map(|at_most| Timespec {
            tv_sec: at_most.as_secs().min(3600) as i64,
            tv_nsec: at_most.subsec_nanos().into(),
        });
        let mut watched: Vec<PollFd<'_>> = self
            .signals
            .wake_fds()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .into();
        let outputs = [
            self.stdout.as_ref().map(AsFd::as_fd),
            self.stderr
                .as_ref()
                .filter(|_| !self.has_quiet_stderr)
                .map(AsFd::as_fd),
        ];
        watched.extend(
            outputs
                .iter()
                .flatten()
                .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)),
        );
        let woken = poll(&mut watched, timeout.as_ref());
        let now_ns = clock.now_ns();
        match woken {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::data(format!("cannot wait for a process: {error}"))),
        }
        self.signals.clear();
        self.drain();
        Ok(now_ns)
    }

    /// Takes what the process wrote, without waiting, so that it never blocks.
    fn drain(&mut self) {
        if read_available(self.stdout.as_mut(), |_| ()) == Stream::Closed {
            self.stdout = None;
        }
        let tail = &mut self.tail;
        let keep = |bytes: &[u8]| {
            tail.extend_from_slice(bytes);
            let excess = tail.len().saturating_sub(TAIL_BYTES);
            tail.drain(..excess);
        };
        if read_available(self.stderr.as_mut(), keep) == Stream::Closed {
            self.stderr = None;
        }
        self.has_quiet_stderr &= self.tail.is_empty();
    }

    /// The last lines of standard error so far.
    fn stderr_tail(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// Ends the process and all of its group: asks first, and insists after a
    /// second. A process that made a session of its own escapes this.
    fn end_group(&mut self) -> Result<(), Error> {
        let clock = Clock::os();
        let _ = kill_process_group(self.pid, Signal::TERM);
        let asked_ns = clock.now_ns();
        let mut now_ns = asked_ns;
        while !self.has_ended() && now_ns - asked_ns < END_TIMEOUT.as_nanos() as u64 {
            now_ns = self.wait(Some(Duration::from_millis(20)), &clock)?;
        }
        // Its members may outlive the leader, which still holds the number.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let insisted_ns = clock.now_ns();
        loop {
            if self.try_reap()?.is_some() {
                return Ok(());
            }
            let now_ns = self.wait(Some(Duration::from_millis(20)), &clock)?;
            if now_ns - insisted_ns > KILL_TIMEOUT.as_nanos() as u64 {
                let pid = self.pid.as_raw_pid();
                return Err(Error::command_failed(format!(
                    "process {pid} cannot be ended"
                )));
            }
        }
    }

    /// The signal that stopped the process, if one did.
    fn has_stopped(&self) -> Option<i32> {
        let look = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let stopped = waitid(WaitId::Pid(self.pid), look).ok().flatten()?;
        stopped.stopping_signal()
    }

    /// Whether the process ended; it stays to be collected.
    fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.pid), look), Ok(None))
    }
}

fn do_not_block(stream: &impl AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(stream)?;
    Ok(fcntl_setfl(stream, flags | OFlags::NONBLOCK)?)
}

#[derive(PartialEq, Eq)]
enum Stream {
    Open,
    Closed,
}

fn read_available(stream: Option<&mut impl Read>, mut take: impl FnMut(&[u8])) -> Stream {
    let Some(stream) = stream else {
        return Stream::Closed;
    };
    let mut buffer = [0; 65536];
    // A process may write without end. After a megabyte it is the turn of the clock
    // and of signals, and then of the rest.
    for _ in 0..16 {
        match stream.read(&mut buffer) {
            Ok(0) => return Stream::Closed,
            Ok(read) => take(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Stream::Open,
            Err(_) => return Stream::Closed,
        }
    }
    Stream::Open
}

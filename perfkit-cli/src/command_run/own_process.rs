//! Running a process that this one starts itself, where no smaller one can.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use perfkit::Clock;
use perfkit::bench::engine::move_to;
use perfkit::process::{ResourceUsage, try_reap};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::error::Error;
use crate::interrupt::Signals;

use super::counters::Counting;
use super::ended::{Ended, Finished, cannot_be_ended, not_started};
use super::guard::Guard;
use super::launch::Launch;
use super::streams::{Streams, Written, cannot_watch};

/// How long a process group may take to end when asked, before it is made to.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait for a group that was made to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs a process in a process group of its own, which `guard` ends when perfkit is killed,
/// and waits for its end.
pub(super) fn run(
    launch: &Launch<'_>,
    signals: &Signals,
    (guard, null, counting): (&Guard, &File, &Counting),
) -> Result<Ended, Error> {
    let ended = run_guarded(launch, signals, (guard, null, counting));
    guard.release();
    ended
}

fn run_guarded(
    launch: &Launch<'_>,
    signals: &Signals,
    (guard, null, counting): (&Guard, &File, &Counting),
) -> Result<Ended, Error> {
    let (mut command, mut written) = prepare(launch, null)?;
    if launch.has_quiet_stderr {
        written.expect_no_stderr();
    }
    let clock = Clock::os();
    if let Some(cpu) = launch.cpu {
        move_to(cpu);
    }
    signals.clear();
    let counters = counting.begin(None);
    let start_ns = clock.now_ns();
    let child = command
        .spawn()
        .map_err(|error| not_started(launch.command.program(), &error))?;
    // Its ends of the pipes are the only ones from now on.
    drop(command);
    let mut process = Process {
        pid: Pid::from_child(&child),
        signals,
        written,
    };
    guard.watch(process.pid);
    let deadline_ns = launch.deadline_ns(start_ns);
    let mut now_ns = clock.now_ns();
    loop {
        if let Some((status, usage)) = process.try_reap()? {
            let [instructions, cycles] = counters.read();
            return Ok(Ended::Exited(Finished {
                status,
                usage,
                wall_ns: now_ns - start_ns,
                instructions,
                cycles,
                stderr: process.written.stderr_tail(),
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
            return Ok(Ended::TimedOut(process.written.stderr_tail()));
        }
        let left = deadline_ns.map(|deadline_ns| Duration::from_nanos(deadline_ns - now_ns));
        now_ns = process.wait(left, &clock)?;
    }
}

fn prepare(launch: &Launch<'_>, null: &File) -> Result<(Command, Written), Error> {
    let mut command = launch.command.to_command(launch.iteration.as_deref());
    let (streams, written) = Streams::open(launch, null)?;
    let [input, stdout, stderr] = streams.fds().map(|fd| fd.try_clone_to_owned());
    let owned = |fd: std::io::Result<std::os::fd::OwnedFd>| {
        fd.map(Stdio::from).map_err(|error| cannot_watch(&error))
    };
    command.process_group(0);
    command.stdin(owned(input)?);
    command.stdout(owned(stdout)?).stderr(owned(stderr)?);
    Ok((command, written))
}

/// A running process.
struct Process<'a> {
    pid: Pid,
    signals: &'a Signals,
    written: Written,
}

impl Process<'_> {
    fn try_reap(&mut self) -> Result<Option<(ExitStatus, ResourceUsage)>, Error> {
        let ended = try_reap(self.pid.as_raw_pid() as u32)
            .map_err(|error| Error::data(format!("cannot wait for a process: {error}")))?;
        if ended.is_some() {
            self.written.drain();
        }
        Ok(ended)
    }

    /// Waits until something happens, at most so long, and returns when it did.
    fn wait(&mut self, at_most: Option<Duration>, clock: &Clock) -> Result<u64, Error> {
        let timeout = self.written.next_look(at_most).map(|at_most| Timespec {
            tv_sec: at_most.as_secs().min(3600) as i64,
            tv_nsec: at_most.subsec_nanos().into(),
        });
        let mut watched: Vec<PollFd<'_>> = self
            .signals
            .wake_fds()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .into();
        watched.extend(self.written.watched());
        let woken = poll(&mut watched, timeout.as_ref());
        let now_ns = clock.now_ns();
        match woken {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::data(format!("cannot wait for a process: {error}"))),
        }
        self.signals.clear();
        self.written.drain();
        Ok(now_ns)
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
                return Err(cannot_be_ended(self.pid.as_raw_pid() as u32));
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

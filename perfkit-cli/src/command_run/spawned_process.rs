//! Running a process that a small one starts, waits for and ends.

use std::fs::File;
use std::time::Duration;

use perfkit::Clock;
use perfkit::process::spawner::{Exited, Outcome, Spawner};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::Error;
use crate::interrupt::Signals;

use super::counters::{Counters, Counting};
use super::ended::{Ended, Finished, cannot_be_ended, not_started};
use super::launch::Launch;
use super::streams::{Streams, Written};

/// How long the small process may take to end what runs: more than it gives it itself.
const END_TIMEOUT_NS: u64 = 10_000_000_000;

/// Why a process has to end.
#[derive(Clone, Copy)]
enum Reason {
    Interrupted,
    TimedOut,
}

/// Runs a process in a process group of its own and waits for its end.
pub(super) fn run(
    launch: &Launch<'_>,
    signals: &Signals,
    (spawner, null, counting): (&Spawner, &File, &Counting),
) -> Result<Ended, Error> {
    let program = launch.command.program();
    let texts = launch.command.texts(launch.iteration.as_deref());
    let texts = texts.map_err(|error| not_started(program, &error))?;
    let (streams, written) = Streams::open(launch, null)?;
    let counters = counting.begin(Some(spawner.pid()));
    let clock = Clock::os();
    let mut now_ns = clock.now_ns();
    let mut deadline_ns = launch.deadline_ns(now_ns);
    spawner
        .run(&texts, streams.fds(), launch.cpu)
        .map_err(|error| not_started(program, &error))?;
    // Until the process has ended perfkit keeps its ends of the pipes: their end would wake it
    // while the process is still ending, and closing them here would keep it from sleeping while
    // the process is being started, which takes a CPU that is free.
    let mut process = Process {
        spawner,
        signals,
        streams: Some(streams),
        written,
    };
    let mut reason = None;
    loop {
        if reason.is_none() {
            let is_over = deadline_ns.is_some_and(|deadline_ns| now_ns >= deadline_ns);
            reason = match signals.requests() > launch.ignored_requests {
                true => Some(Reason::Interrupted),
                false => is_over.then_some(Reason::TimedOut),
            };
            if reason.is_some() {
                spawner.end().map_err(|error| lost(&error))?;
                deadline_ns = Some(now_ns.saturating_add(END_TIMEOUT_NS));
            }
        } else if deadline_ns.is_some_and(|deadline_ns| now_ns >= deadline_ns) {
            return Err(Error::command_failed(format!(
                "`{program}` cannot be ended"
            )));
        }
        let left = deadline_ns.map(|deadline_ns| deadline_ns.saturating_sub(now_ns));
        let outcome = process.wait(left.map(Duration::from_nanos))?;
        if let Some(outcome) = outcome {
            return process.ended(outcome, reason, program, &counters);
        }
        now_ns = clock.now_ns();
    }
}

/// A running process.
struct Process<'a> {
    spawner: &'a Spawner,
    signals: &'a Signals,
    streams: Option<Streams<'a>>,
    written: Written,
}

impl Process<'_> {
    /// Waits until something happens, at most so long; what became of the process, if it ended.
    fn wait(&mut self, at_most: Option<Duration>) -> Result<Option<Outcome>, Error> {
        let timeout = self.written.next_look(at_most).map(|at_most| Timespec {
            tv_sec: at_most.as_secs().min(3600) as i64,
            tv_nsec: at_most.subsec_nanos().into(),
        });
        let mut watched = vec![
            PollFd::new(self.spawner, PollFlags::IN),
            PollFd::from_borrowed_fd(self.signals.end_fd(), PollFlags::IN),
        ];
        watched.extend(self.written.watched());
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::data(format!("cannot wait for a process: {error}"))),
        }
        let has_ended = watched.first().is_some_and(|fd| !fd.revents().is_empty());
        let outcome = match has_ended {
            true => self.spawner.outcome().map_err(|error| lost(&error))?,
            false => None,
        };
        if outcome.is_some() {
            self.streams = None;
        }
        self.written.drain();
        Ok(outcome)
    }

    fn ended(
        self,
        outcome: Outcome,
        reason: Option<Reason>,
        program: &str,
        counters: &Counters,
    ) -> Result<Ended, Error> {
        match outcome {
            Outcome::Exited(exited) => Ok(Ended::Exited(self.finished(exited, counters))),
            Outcome::Stopped(signal) => Ok(Ended::Stopped(signal)),
            Outcome::Ended => Ok(match reason {
                Some(Reason::TimedOut) => Ended::TimedOut(self.written.stderr_tail()),
                _ => Ended::Interrupted,
            }),
            Outcome::NotStarted(error) => Err(not_started(program, &error)),
            Outcome::Stuck(pid) => Err(cannot_be_ended(pid)),
        }
    }

    fn finished(&self, exited: Exited, counters: &Counters) -> Finished {
        let [instructions, cycles] = counters.read();
        Finished {
            status: exited.status,
            usage: exited.usage,
            wall_ns: exited.wall_ns,
            instructions,
            cycles,
            stderr: self.written.stderr_tail(),
        }
    }
}

/// What became of the process is not known.
fn lost(error: &std::io::Error) -> Error {
    Error::data(format!("cannot wait for a process: {error}"))
}

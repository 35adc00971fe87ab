//! Bench programs, and the worker processes that are started from them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::process::spawn_at_fixed_addresses;
use crate::report::{FailureKind, RunFailure};

use super::allocator::{fixed_thresholds, lookup};
use super::protocol::{
    Batch, BatchSize, Calibration, Channel, Hello, MARKER, Reply, Request, VERSION, WORKER_ARGUMENT,
};
use super::rounds::{Launcher, Placement, Worker, WorkerError};
use super::suite::BenchmarkInfo;

/// How much is kept of what a worker writes to standard error.
const STDERR_TAIL_BYTES: usize = 4096;

/// How much of a program is looked through.
const LARGEST_PROGRAM_BYTES: u64 = 1 << 30;

/// How long a program may take to greet.
const GREETING: Duration = Duration::from_secs(10);

/// How long a process may take to end after its socket was closed: one that still runs
/// then has closed its standard input itself.
const CLOSING: Duration = Duration::from_secs(1);

/// A program with benchmarks.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// The name of its package, where that is known: several may have a program of one name.
    pub package: Option<String>,
    /// Where it is run; `None` for the current directory.
    pub directory: Option<PathBuf>,
    /// What it finds in its environment beside what we have.
    pub variables: Vec<(OsString, OsString)>,
}

/// When a worker that does not answer is ended.
#[derive(Clone, Copy)]
pub struct Timeouts<'a> {
    /// How long it may take to answer, beside what its work is expected to take.
    pub timeout: Duration,
    /// Whether the user wants everything to end.
    pub is_interrupted: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for Timeouts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timeouts")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Program {
    /// Its name, without the hash that cargo adds.
    #[must_use]
    pub fn name(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        without_hash(&stem.to_string_lossy()).to_owned()
    }

    /// Its name, behind that of its package: `package/program`.
    #[must_use]
    pub fn full_name(&self) -> String {
        match &self.package {
            Some(package) => format!("{package}/{}", self.name()),
            None => self.name(),
        }
    }

    /// The program's benchmarks.
    ///
    /// # Errors
    /// It does not answer as a bench program does, or it is one of another version.
    pub fn benchmarks(&self, timeouts: Timeouts<'_>) -> Result<Vec<BenchmarkInfo>, WorkerError> {
        let mut process = self.start(0, timeouts)?;
        process.greet(self)?;
        match process.ask(&Request::List, timeouts.timeout)? {
            Reply::Benchmarks(all) => Ok(all),
            other => Err(process.unexpected(&other)),
        }
    }

    /// Whether it may be started as a bench program: what other programs do is not known.
    /// One that cannot be looked into may be one.
    #[must_use]
    pub fn is_bench_program(&self) -> bool {
        self.has_marker().unwrap_or(true)
    }

    /// Whether it has what stands in every bench program.
    fn has_marker(&self) -> io::Result<bool> {
        may_have_marker(File::open(&self.path)?, LARGEST_PROGRAM_BYTES)
    }

    /// Starts a process whose environment is longer by `padding_bytes`, and does not
    /// wait for its greeting.
    fn start<'a>(
        &self,
        padding_bytes: usize,
        timeouts: Timeouts<'a>,
    ) -> Result<WorkerProcess<'a>, WorkerError> {
        let started = self.spawn(padding_bytes);
        let (child, channel) = started.map_err(|error| {
            failed(format!(
                "{} cannot be started: {error}",
                self.path.display()
            ))
        })?;
        Ok(WorkerProcess {
            stderr: child.1,
            child: child.0,
            channel,
            timeouts,
        })
    }

    #[allow(clippy::type_complexity, reason = "used once")]
    fn spawn(
        &self,
        padding_bytes: usize,
    ) -> io::Result<((Child, Receiver<VecDeque<u8>>), Channel)> {
        let (channel, other_end) = Channel::pair()?;
        let mut command = Command::new(&self.path);
        command
            .arg(WORKER_ARGUMENT)
            .stdin(OwnedFd::from(other_end))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(fixed_thresholds(&lookup(&self.variables)))
            .env("PERFKIT_PADDING", "x".repeat(padding_bytes));
        // The program's own recording would cost time that is not the benchmark's.
        for variable in [
            "PERFKIT",
            "PERFKIT_REPORT",
            "PERFKIT_REPORT_EVERY",
            "PERFKIT_SIGNALS",
        ] {
            command.env_remove(variable);
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let mut child = spawn_at_fixed_addresses(&mut command)?;
        let stderr = collect_tail(child.stderr.take());
        Ok(((child, stderr), channel))
    }
}

/// A file's name without its ending, and without the hash that cargo adds.
pub(super) fn without_hash(stem: &str) -> &str {
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match stem.rsplit_once('-') {
        Some((name, hash)) if is_hash(hash) => name,
        _ => stem,
    }
}

/// Whether the marker is among so many bytes, or there are more: what follows is not known.
fn may_have_marker(program: impl Read, most_bytes: u64) -> io::Result<bool> {
    let mut program = BufReader::with_capacity(1 << 16, program.take(most_bytes));
    let mut line = Vec::new();
    // The marker is the end of what is a line of text to the reader.
    while program.read_until(b'\n', &mut line)? > 0 {
        if line.ends_with(MARKER) {
            return Ok(true);
        }
        line.clear();
    }
    Ok(program.get_ref().limit() == 0)
}

/// Reads what a process writes to standard error until its end, on a thread.
fn collect_tail(stderr: Option<ChildStderr>) -> Receiver<VecDeque<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut tail = VecDeque::new();
        let mut chunk = [0; 1024];
        if let Some(mut stderr) = stderr {
            while let Ok(length @ 1..) = stderr.read(&mut chunk) {
                tail.extend(&chunk[..length]);
                let surplus = tail.len().saturating_sub(STDERR_TAIL_BYTES);
                tail.drain(..surplus);
            }
        }
        let _ = sender.send(tail);
    });
    receiver
}

/// A running worker. It is killed when it is dropped.
#[derive(Debug)]
pub struct WorkerProcess<'a> {
    child: Child,
    stderr: Receiver<VecDeque<u8>>,
    channel: Channel,
    timeouts: Timeouts<'a>,
}

impl Drop for WorkerProcess<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl WorkerProcess<'_> {
    /// Reads the greeting of a process of this program.
    fn greet(&mut self, program: &Program) -> Result<(), WorkerError> {
        let path = program.path.display();
        match self.receive(GREETING.min(self.timeouts.timeout)) {
            Ok(Hello {
                perfkit_bench: VERSION,
            }) => Ok(()),
            Ok(Hello { perfkit_bench }) => Err(failed(format!(
                "{path} speaks version {perfkit_bench} of the bench protocol, and this perfkit speaks {VERSION}: build both with the same version of perfkit"
            ))),
            Err(WorkerError::Failed(mut failure)) => {
                failure.reason = format!(
                    "{path} does not answer as a bench program of perfkit: {}",
                    failure.reason
                );
                Err(WorkerError::Failed(failure))
            }
            Err(interrupted) => Err(interrupted),
        }
    }

    fn ask(&mut self, request: &impl Serialize, timeout: Duration) -> Result<Reply, WorkerError> {
        match self.channel.send(request) {
            Ok(()) => self.receive(timeout),
            Err(_) => Err(self.ended()),
        }
    }

    fn receive<M: DeserializeOwned>(&mut self, timeout: Duration) -> Result<M, WorkerError> {
        let is_interrupted = self.timeouts.is_interrupted;
        let mut goes_on = |waited: Duration| !is_interrupted() && waited < timeout;
        match self.channel.receive_while(&mut goes_on) {
            Ok(Some(message)) => Ok(message),
            _ if is_interrupted() => Err(WorkerError::Interrupted),
            Ok(None) => Err(self.ended()),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                let _ = self.child.kill();
                Err(self.failed(format!(
                    "no answer for {} s: --timeout gives it longer",
                    timeout.as_secs_f64()
                )))
            }
            Err(error) => {
                let _ = self.child.kill();
                Err(self.failed(format!("an answer that is none: {error}")))
            }
        }
    }

    /// Finds out why the process closed its socket.
    fn ended(&mut self) -> WorkerError {
        if (self.timeouts.is_interrupted)() {
            return WorkerError::Interrupted;
        }
        let start = Instant::now();
        while start.elapsed() < CLOSING {
            if let Ok(Some(status)) = self.child.try_wait() {
                return self.failed(format!("the process ended: {status}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        self.failed("the process closed its standard input, by which it is told what to do".into())
    }

    fn failed(&mut self, reason: String) -> WorkerError {
        let _ = self.child.wait();
        let tail = self.stderr.recv_timeout(Duration::from_millis(500));
        let tail: Vec<u8> = tail.unwrap_or_default().into();
        let stderr = String::from_utf8_lossy(&tail);
        WorkerError::Failed(RunFailure::new(FailureKind::Worker, reason).with_stderr(stderr))
    }

    fn unexpected(&mut self, reply: &Reply) -> WorkerError {
        let _ = self.child.kill();
        let reply = format!("{reply:?}");
        let reply: String = reply.chars().take(80).collect();
        self.failed(format!("an answer to something else: {reply}"))
    }
}

impl Worker for WorkerProcess<'_> {
    fn calibrate(&mut self, target: Duration) -> Result<Calibration, WorkerError> {
        let target_ns = u64::try_from(target.as_nanos()).unwrap_or(u64::MAX);
        match self.ask(&Request::Calibrate { target_ns }, self.timeouts.timeout)? {
            Reply::Calibrated(calibration) => Ok(calibration),
            other => Err(self.unexpected(&other)),
        }
    }

    fn batch(&mut self, size: BatchSize, expected: Duration) -> Result<Batch, WorkerError> {
        let timeout = self.timeouts.timeout.saturating_add(expected * 10);
        match self.ask(&Request::Batch(size), timeout)? {
            Reply::Batch(batch) => Ok(batch),
            other => Err(self.unexpected(&other)),
        }
    }
}

/// One benchmark of one program.
#[derive(Clone, Debug)]
pub struct BenchTarget {
    /// The program.
    pub program: Program,
    /// The benchmark's full name in it.
    pub benchmark: String,
    /// Whether it runs on one thread, and is kept on one CPU.
    pub is_pinned: bool,
}

/// Starts worker processes for the benchmarks of a group.
#[derive(Debug)]
pub struct WorkerPool<'a> {
    /// The benchmark of each implementation, in the order of their indices.
    pub targets: Vec<BenchTarget>,
    /// When a worker that does not answer is ended.
    pub timeouts: Timeouts<'a>,
    /// The CPUs to run on; empty where they are not known.
    pub cpus: Vec<usize>,
    /// Whether a worker was refused its CPU.
    pub was_pinning_refused: bool,
}

impl<'a> Launcher for WorkerPool<'a> {
    type Worker = WorkerProcess<'a>;

    fn launch(
        &mut self,
        implementation: usize,
        placement: Placement,
    ) -> Result<WorkerProcess<'a>, WorkerError> {
        let target = &self.targets[implementation];
        let chosen = (placement.cpu as usize).checked_rem(self.cpus.len());
        let cpu = chosen
            .and_then(|index| self.cpus.get(index).copied())
            .filter(|_| target.is_pinned);
        let mut process = target
            .program
            .start(placement.padding_bytes, self.timeouts)?;
        // The process reads the request once it has started. One that has ended by then
        // is found out when its start is awaited.
        let _ = process.channel.send(&Request::Open {
            benchmark: target.benchmark.clone(),
            cpu,
            heap_offset_bytes: placement.heap_offset_bytes,
        });
        Ok(process)
    }

    fn await_start(
        &mut self,
        implementation: usize,
        process: &mut WorkerProcess<'a>,
    ) -> Result<(), WorkerError> {
        let target = &self.targets[implementation];
        let program = &target.program;
        process.greet(program)?;
        match process.receive(self.timeouts.timeout)? {
            Reply::Opened { is_pinned } => {
                self.was_pinning_refused |= target.is_pinned && !is_pinned;
                Ok(())
            }
            Reply::Unknown => Err(failed(format!(
                "{} has no benchmark `{}` when it is to run it, though it listed one: does its `main` do the same each time?",
                program.path.display(),
                target.benchmark.escape_debug()
            ))),
            other => Err(process.unexpected(&other)),
        }
    }
}

fn failed(reason: String) -> WorkerError {
    WorkerError::Failed(RunFailure::new(FailureKind::Worker, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_that_was_read_to_its_end_is_known_to_have_no_marker() {
        let other = b"\x7fELF a program\nof another harness\n".to_vec();
        let marked = [&other[..], b"text before it, ", MARKER, b"\0after"].concat();
        let has_marker = |program: &[u8], most| may_have_marker(program, most).unwrap();
        assert!(has_marker(&marked, 1000));
        assert!(!has_marker(&other, 1000));
        assert!(has_marker(&other, 10));
    }
}

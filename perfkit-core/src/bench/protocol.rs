//! The messages between a worker process and the driver that started it.
//!
//! Each message is a line of JSON. A socket that is the worker's standard input carries
//! them in both directions, so that what a benchmark prints does not get among them.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::suite::BenchmarkInfo;

/// The version of these messages. Both sides must speak the same.
pub(super) const VERSION: u32 = 4;

/// The argument that makes a bench program a worker.
pub(super) const WORKER_ARGUMENT: &str = "--perfkit-worker";

/// Stands in every bench program, so that others are known without being started. Its last
/// byte is nowhere else in it.
pub(super) const MARKER: &[u8] = b"a bench program of perfkit\n";

/// The longest message, in bytes.
const LONGEST: usize = 4 << 20;

/// The greeting of a worker, before it is asked for anything.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Hello {
    pub(super) perfkit_bench: u32,
}

/// What a worker is asked for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// All benchmarks of the program.
    List,
    /// To make one benchmark ready: the only one of this process.
    Open {
        /// Its full name.
        benchmark: String,
        /// The CPU to stay on, for a benchmark of one thread.
        cpu: Option<usize>,
        /// So many bytes are allocated and kept before everything else.
        heap_offset_bytes: usize,
    },
    /// To find out how many iterations fill a time.
    Calibrate {
        /// That time.
        target_ns: u64,
    },
    /// To take some samples.
    Batch(BatchSize),
}

/// How much a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchSize {
    /// How often the function is called in each sample.
    pub iterations: u64,
    /// How many samples are taken.
    pub samples: u64,
    /// How often the function is called before them, because another process had the CPU
    /// until now.
    pub warm_up: u64,
    /// For how many nanoseconds samples are taken again whose threads did not get their
    /// CPUs.
    pub retry_ns: u64,
}

/// What a worker answers.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// To [`Request::List`].
    Benchmarks(Vec<BenchmarkInfo>),
    /// To [`Request::Open`].
    Opened {
        /// Whether it stays on the CPU that it was given.
        is_pinned: bool,
    },
    /// To [`Request::Open`]: there is none of that name.
    Unknown,
    /// To [`Request::Calibrate`].
    Calibrated(Calibration),
    /// To [`Request::Batch`].
    Batch(Batch),
}

/// What a worker found out about its benchmark before its samples are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Nanoseconds of one iteration.
    pub iteration_ns: f64,
    /// Nanoseconds of an iteration of the same loop with nothing in it.
    pub loop_ns: f64,
}

/// What a batch measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Nanoseconds of each sample without a failed iteration.
    pub wall_ns: Vec<f64>,
    /// Nanoseconds of CPU time of all samples, of all threads together.
    pub cpu_ns: Option<f64>,
    /// Instructions of all samples, where they are counted; of benchmarks of one
    /// thread.
    pub instructions: Option<f64>,
    /// Cycles of each sample without a failed iteration, likewise; empty where any
    /// were missed.
    pub cycles: Vec<f64>,
    /// How many iterations returned an error.
    pub failures: u64,
    /// Allocations of all samples, where they are counted.
    pub allocations: Option<u64>,
    /// Bytes allocated by all samples, where they are counted.
    pub allocated_bytes: Option<u64>,
    /// The largest resident size of the process so far.
    pub peak_memory_bytes: Option<u64>,
    /// Of benchmarks of several threads, how these came to their CPUs.
    pub threads: ThreadChecks,
}

/// How threads came to their CPUs, in numbers of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadChecks {
    /// Not counted, because a thread did not get its CPU.
    pub discarded: u64,
    /// Counted; more threads than CPUs shared these with other programs.
    pub shared: u64,
    /// Counted, though the system does not tell how long threads wait.
    pub unknown: u64,
}

impl ThreadChecks {
    /// Adds those of other samples.
    pub(super) fn add(&mut self, other: Self) {
        self.discarded += other.discarded;
        self.shared += other.shared;
        self.unknown += other.unknown;
    }
}

impl Batch {
    /// Adds what a later batch measured.
    pub(super) fn append(&mut self, later: Self) {
        fn sum<T: std::ops::Add<Output = T>>(a: Option<T>, b: Option<T>) -> Option<T> {
            a.zip(b).map(|(a, b)| a + b)
        }
        if self.cycles.len() == self.wall_ns.len() && later.cycles.len() == later.wall_ns.len() {
            self.cycles.extend(later.cycles);
        } else {
            self.cycles.clear();
        }
        self.wall_ns.extend(later.wall_ns);
        self.cpu_ns = sum(self.cpu_ns, later.cpu_ns);
        self.instructions = sum(self.instructions, later.instructions);
        self.failures += later.failures;
        self.allocations = sum(self.allocations, later.allocations);
        self.allocated_bytes = sum(self.allocated_bytes, later.allocated_bytes);
        self.peak_memory_bytes = self.peak_memory_bytes.max(later.peak_memory_bytes);
        self.threads.add(later.threads);
    }
}

/// One end of the socket.
#[derive(Debug)]
pub(super) struct Channel {
    stream: UnixStream,
    /// What was read and is not a whole line yet.
    pending: Vec<u8>,
}

/// How long a read waits before it asks whether to go on waiting.
const READ_TIMEOUT: Duration = Duration::from_millis(20);

impl Channel {
    /// The driver's end, and what becomes the worker's standard input.
    pub(super) fn pair() -> io::Result<(Self, UnixStream)> {
        let (own, other) = UnixStream::pair()?;
        own.set_read_timeout(Some(READ_TIMEOUT))?;
        Ok((Self::over(own), other))
    }

    /// The worker's end.
    pub(super) fn of_standard_input() -> io::Result<Self> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self::over(UnixStream::from(input)))
    }

    fn over(stream: UnixStream) -> Self {
        let pending = Vec::new();
        Self { stream, pending }
    }

    pub(super) fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stream.write_all(&line)
    }

    /// Waits for the next message; `None` when the other side has closed the socket.
    pub(super) fn receive<M: DeserializeOwned>(&mut self) -> io::Result<Option<M>> {
        self.receive_while(&mut |_| true)
    }

    /// Waits for the next message for as long as `goes_on` returns true, which is called
    /// with the time waited so far.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] when `goes_on` returns false, and
    /// [`ErrorKind::InvalidData`] for something that is no such message.
    pub(super) fn receive_while<M: DeserializeOwned>(
        &mut self,
        goes_on: &mut dyn FnMut(Duration) -> bool,
    ) -> io::Result<Option<M>> {
        let start = Instant::now();
        let mut chunk = [0; 4096];
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                let message = serde_json::from_slice(&line);
                return message.map(Some).map_err(io::Error::from);
            }
            if self.pending.len() > LONGEST {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    "a message without end",
                ));
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(length) => self.pending.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                        if !goes_on(start.elapsed()) {
                            return Err(ErrorKind::TimedOut.into());
                        }
                    }
                    _ => return Err(error),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> (Channel, Channel) {
        let (own, other) = Channel::pair().unwrap();
        (own, Channel::over(other))
    }

    #[test]
    fn messages_arrive_as_they_were_sent() {
        let (mut driver, mut worker) = ends();
        let open = Request::Open {
            benchmark: "a/\n\"ü".to_owned(),
            cpu: Some(1),
            heap_offset_bytes: 48,
        };
        driver.send(&open).unwrap();
        driver.send(&Request::List).unwrap();
        assert_eq!(worker.receive::<Request>().unwrap(), Some(open));
        assert_eq!(worker.receive::<Request>().unwrap(), Some(Request::List));
        drop(driver);
        assert_eq!(worker.receive::<Request>().unwrap(), None);
    }

    #[test]
    fn garbage_is_refused_and_silence_ends() {
        let (mut driver, worker) = ends();
        (&worker.stream).write_all(b"hello?\n").unwrap();
        let garbage = driver.receive::<Reply>().unwrap_err();
        assert!(matches!(
            garbage.kind(),
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof
        ));
        let silence = driver.receive_while::<Reply>(&mut |_| false).unwrap_err();
        assert_eq!(silence.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_message_without_end_is_not_kept() {
        let (mut driver, worker) = ends();
        let flood = std::thread::spawn(move || {
            let _ = (&worker.stream).write_all(&vec![b'x'; LONGEST + 100_000]);
        });
        let error = driver.receive::<Reply>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        drop(driver);
        flood.join().unwrap();
    }
}

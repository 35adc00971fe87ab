//! The side of a bench program that measures: one benchmark in one process.

use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use crate::clock::Clock;
use crate::process::{release_free_memory, reset_peak_memory};

use super::cpus::pin;
use super::protocol::{Batch, BatchSize, Calibration, Channel, Hello, Reply, Request, VERSION};
use super::routine::{Routine, WithRoutine, calibrate, loop_cost_ns};
use super::stopwatch::{CpuAccess, Sample};
use super::suite::{Bench, BenchmarkInfo, Visitor, list, visited};

/// Answers the driver that started this process, until it closes the socket.
///
/// # Errors
/// The standard input is not the socket of a driver, or it broke.
pub(super) fn work(define: impl Fn(&mut Bench<'_>)) -> io::Result<()> {
    let mut channel = Channel::of_standard_input()?;
    end_with_the_driver();
    channel.send(&Hello {
        perfkit_bench: VERSION,
    })?;
    while let Some(request) = channel.receive()? {
        match request {
            Request::List => {
                let all = list(&define).map_err(io::Error::other)?.found;
                channel.send(&Reply::Benchmarks(all))?;
            }
            Request::Open {
                benchmark,
                cpu,
                heap_offset_bytes,
            } => {
                let _offset = std::hint::black_box(vec![0_u8; heap_offset_bytes]);
                let server = Server {
                    benchmark,
                    is_pinned: cpu.is_some_and(pin),
                    channel,
                    ended: None,
                };
                let server = visited(server, define);
                let mut server = server.borrow_mut();
                return match server.ended.take() {
                    Some(ended) => ended,
                    None => server.channel.send(&Reply::Unknown),
                };
            }
            Request::Calibrate { .. } | Request::Batch(_) => {
                return Err(io::Error::other("no benchmark was opened"));
            }
        }
    }
    Ok(())
}

/// Lets this process be killed when the thread that started it ends: within a benchmark
/// that never returns it would not notice that its driver was killed. A driver that is
/// gone already has closed the socket, which the first answer finds out.
#[cfg(target_os = "linux")]
fn end_with_the_driver() {
    use rustix::process::{Signal, set_parent_process_death_signal};
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
}

/// On this system a worker ends when it next reads from the socket.
#[cfg(not(target_os = "linux"))]
fn end_with_the_driver() {}

/// Answers requests for one benchmark.
struct Server {
    benchmark: String,
    is_pinned: bool,
    channel: Channel,
    /// The result of answering, once the driver has closed the socket.
    ended: Option<io::Result<()>>,
}

impl Visitor for Server {
    fn enters(&mut self, group: &str) -> bool {
        let rest = self.benchmark.strip_prefix(group);
        self.ended.is_none() && rest.is_some_and(|rest| rest.starts_with('/'))
    }

    fn visit(&mut self, info: BenchmarkInfo, benchmark: &mut dyn WithRoutine) {
        if self.ended.is_none() && info.name == self.benchmark {
            // Inputs of other benchmarks may have been made and freed before.
            release_free_memory();
            reset_peak_memory();
            let mut served = Ok(());
            let ran = benchmark.with_routine(&mut |routine| served = self.serve(routine));
            self.ended = Some(ran.and(served));
        }
    }
}

impl Server {
    fn serve(&mut self, routine: &mut dyn Routine) -> io::Result<()> {
        let is_pinned = self.is_pinned;
        self.channel.send(&Reply::Opened { is_pinned })?;
        while let Some(request) = self.channel.receive()? {
            let reply = match request {
                Request::Calibrate { target_ns } => {
                    let (_, iteration_ns) = calibrate(routine, Duration::from_nanos(target_ns));
                    let loop_ns = loop_cost_ns();
                    Reply::Calibrated(Calibration {
                        iteration_ns,
                        loop_ns,
                    })
                }
                Request::Batch(size) => Reply::Batch(batch(routine, size, &Clock::os())),
                Request::List | Request::Open { .. } => {
                    return Err(io::Error::other("another benchmark is open"));
                }
            };
            self.channel.send(&reply)?;
        }
        Ok(())
    }
}

/// So many times as many samples are taken at most where threads do not get their CPUs.
const MOST_TRIES: u64 = 4;

/// Takes samples, and takes those again whose threads did not get their CPUs, until there
/// are enough or there is no time for more.
fn batch(routine: &mut dyn Routine, size: BatchSize, clock: &Clock) -> Batch {
    let mut batch = Batch {
        instructions: Some(0.0),
        ..Batch::default()
    };
    if size.warm_up > 0 {
        routine.sample(size.warm_up);
    }
    let start_ns = clock.now_ns();
    let (mut kept, mut tries) = (0, 0);
    while kept < size.samples && tries < MOST_TRIES * size.samples {
        let is_late = clock.now_ns().saturating_sub(start_ns) >= size.retry_ns;
        if tries >= size.samples && is_late {
            break;
        }
        tries += 1;
        let sample = routine.sample(size.iterations);
        match sample.cpu_access {
            CpuAccess::Granted => {}
            CpuAccess::Withheld => {
                batch.threads.discarded += 1;
                continue;
            }
            CpuAccess::SharedWithOthers => batch.threads.shared += 1,
            CpuAccess::Unknown => batch.threads.unknown += 1,
        }
        kept += 1;
        add_sample(&mut batch, &sample);
    }
    if batch.cycles.len() < batch.wall_ns.len() {
        batch.cycles.clear();
    }
    batch.peak_memory_bytes = peak_memory_bytes();
    batch
}

/// Adds a sample; one in which an iteration failed is only counted.
fn add_sample(batch: &mut Batch, sample: &Sample) {
    batch.failures += sample.failures;
    if sample.failures > 0 {
        return;
    }
    batch.wall_ns.push(sample.wall_ns);
    if let Some(ns) = sample.cpu_ns {
        *batch.cpu_ns.get_or_insert_default() += ns;
    }
    batch.instructions = batch
        .instructions
        .zip(sample.instructions)
        .map(|(a, b)| a + b);
    batch.cycles.extend(sample.cycles);
    if let Some(memory) = sample.memory {
        *batch.allocations.get_or_insert_default() += memory.allocations;
        *batch.allocated_bytes.get_or_insert_default() += memory.allocated_bytes;
    }
}

/// The largest resident size of this process. That of `getrusage` would include the size
/// of the process that started it.
fn peak_memory_bytes() -> Option<u64> {
    // One read of it all: the kernel writes the text anew for each.
    let mut status = [0; 4096];
    let length = File::open("/proc/self/status")
        .ok()?
        .read(&mut status)
        .ok()?;
    let line = std::str::from_utf8(status.get(..length)?)
        .ok()?
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MockClock;

    /// Keeps the sizes of its samples. An iteration takes a nanosecond, and a sample of
    /// five has one failure.
    struct Sizes(Vec<u64>);

    impl Routine for Sizes {
        fn sample(&mut self, iterations: u64) -> Sample {
            self.0.push(iterations);
            Sample {
                wall_ns: iterations as f64,
                cpu_ns: Some(iterations as f64),
                failures: u64::from(iterations == 5),
                ..Sample::default()
            }
        }
    }

    fn size(samples: u64, warm_up: u64) -> BatchSize {
        BatchSize {
            iterations: 10,
            samples,
            warm_up,
            retry_ns: 1000,
        }
    }

    #[test]
    fn what_warms_up_counts_for_nothing() {
        let mut routine = Sizes(Vec::new());
        let measured = batch(&mut routine, size(3, 5), &Clock::os());
        assert_eq!(routine.0, [5, 10, 10, 10]);
        assert_eq!(measured.wall_ns, [10.0; 3]);
        assert_eq!((measured.cpu_ns, measured.failures), (Some(30.0), 0));
        batch(&mut routine, size(3, 0), &Clock::os());
        assert_eq!(routine.0[4..], [10, 10, 10]);
    }

    /// Takes 100 ns for each sample, of which the threads get their CPUs as a script says.
    struct Scripted<'a>(MockClock, std::iter::Cycle<std::slice::Iter<'a, CpuAccess>>);

    impl Routine for Scripted<'_> {
        fn sample(&mut self, _: u64) -> Sample {
            self.0.advance(Duration::from_nanos(100));
            Sample {
                wall_ns: 100.0,
                cpu_access: *self.1.next().unwrap(),
                ..Sample::default()
            }
        }
    }

    /// How many samples were kept and discarded, and how many were taken.
    fn scripted(script: &[CpuAccess], samples: u64) -> (usize, u64, u64) {
        let mock = MockClock::new();
        let mut routine = Scripted(mock.clone(), script.iter().cycle());
        let clock = Clock::from(mock);
        let batch = batch(&mut routine, size(samples, 0), &clock);
        let taken = clock.now_ns() / 100;
        (batch.wall_ns.len(), batch.threads.discarded, taken)
    }

    #[test]
    fn samples_whose_threads_did_not_get_their_cpus_are_taken_again() {
        use CpuAccess::{Granted, Withheld};
        assert_eq!(scripted(&[Granted], 2), (2, 0, 2));
        assert_eq!(scripted(&[Withheld, Granted], 2), (2, 2, 4));
        assert_eq!(scripted(&[Withheld], 2), (0, 8, 8), "four times as many");
        assert_eq!(scripted(&[Withheld], 5), (0, 10, 10), "until time is up");
        assert_eq!(scripted(&[Withheld], 12), (0, 12, 12), "each once");
    }
}

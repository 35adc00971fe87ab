//! Functions as a source of values, in processes that run alternately.
//!
//! A *round* starts a fresh process for each implementation, all kept on the same CPU; the
//! next round may be on another. Within a round the implementations measure one batch
//! after another, in blocks: in a random order, and then in the reverse of it, so that a
//! machine which steadily slows down harms all alike. When a batch begins, caches and
//! branch predictors are as the implementation before left them, which does not cost each
//! the same: so every batch begins with half a sample that is not timed.
//!
//! An implementation's value of a block is the lower quartile of its samples there, that
//! of a round the median over its blocks, and what is compared is the median over rounds.
//! No means are taken, because the noise is no jitter about a mean: other programs come
//! and go, and make samples longer and never shorter. (The lower quartile of few samples
//! is a compromise: the minimum is more extreme the more samples there are, and the
//! median still has the level shifts of the machine in it.)
//!
//! Processes of one program differ lastingly, by where their memory lies (Mytkowicz and
//! others, *Producing wrong data without doing anything obviously wrong!*, 2009). So the
//! round is the unit of replication and counts once, however many blocks it has (Kalibera
//! and Jones, *Rigorous benchmarking in reasonable time*, 2013), and each round has an
//! environment and a heap of another size: the same for all implementations, so that
//! those of one program lie alike where the system lets them.
//!
//! Where benchmarks of several threads are among them, samples are longer and a round is one
//! block, which has a value only if the threads ran at the same time (`threaded.rs`). All do
//! the same number of iterations, which is set anew, together, where threads turn out to run
//! in another way than in the first round.
//!
//! What it cannot do: one build of a program is one draw of a code layout, which no
//! number of processes averages over.

use std::time::Duration;

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::clock::Clock;
use crate::metric::Metric;
use crate::report::{Benchmark, Note, NoteCode, RunFailure};
use crate::stats;
use crate::unit::Unit;

use super::batch_size::{
    BatchPlan, SAMPLE_TIME, batch_plans, threaded_batch_plans, threaded_sample_time,
};
use super::protocol::{Batch, BatchSize, Calibration};
use super::samples::{MetricValue, Samples};
use super::sampling::{Replicate, Source, SourceError};
use super::thread_record::ThreadRecord;

/// How long the batches of an implementation in one round are to last together, or as
/// long as its process takes to start where that is longer. More rounds tell more than
/// longer ones, because processes differ.
const ROUND: Duration = Duration::from_micros(1600);

/// As many samples as slow functions have in all, however long they take.
const WANTED_SAMPLES: u32 = 160;

/// Sizes of environments and heaps are drawn up to here.
const MOST_PADDING_BYTES: usize = 4096;

/// A note says so where the loop may be more than this share of a function's time.
const LOOP_SHARE: f64 = 0.02;

/// Where benchmarks of several threads take so many times longer or shorter than was
/// expected, later rounds expect otherwise: how threads that contend run may change.
const FAR_FROM_EXPECTED: f64 = 1.5;

/// A block of several threads has a value where at least this share of its samples count.
const FEWEST_SAMPLES: f64 = 0.5;

/// Where a worker process is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Decides the CPU; the same for all of a round.
    pub cpu: u32,
    /// By how much its environment is longer.
    pub padding_bytes: usize,
    /// What is allocated before everything else.
    pub heap_offset_bytes: usize,
}

/// Why a worker cannot go on.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerError {
    /// The user wants everything to end.
    Interrupted,
    /// Something failed.
    Failed(RunFailure),
}

impl WorkerError {
    /// The same of the implementation of this index.
    fn of(self, implementation: usize) -> SourceError {
        match self {
            Self::Interrupted => SourceError::Interrupted,
            Self::Failed(failure) => SourceError::Failed(implementation, failure),
        }
    }
}

/// An implementation's process in one round.
pub trait Worker {
    /// Runs for some times the target, or for two iterations that take far longer, and
    /// returns how long an iteration takes.
    ///
    /// # Errors
    /// The process is gone, silent or answers something else.
    fn calibrate(&mut self, target: Duration) -> Result<Calibration, WorkerError>;

    /// Takes some samples, which are expected to take so long.
    ///
    /// # Errors
    /// The process is gone, silent or answers something else.
    fn batch(&mut self, size: BatchSize, expected: Duration) -> Result<Batch, WorkerError>;
}

/// Starts the processes of implementations.
pub trait Launcher {
    /// What it starts.
    type Worker: Worker;

    /// Starts a process for the implementation of this index, and may return before it
    /// can be asked for anything: those of a round start side by side.
    ///
    /// # Errors
    /// It cannot be started.
    fn launch(
        &mut self,
        implementation: usize,
        placement: Placement,
    ) -> Result<Self::Worker, WorkerError>;

    /// Waits until a process that was started for this implementation is ready.
    ///
    /// # Errors
    /// It does not start.
    fn await_start(
        &mut self,
        implementation: usize,
        worker: &mut Self::Worker,
    ) -> Result<(), WorkerError>;
}

/// Measures functions in rounds of worker processes.
#[derive(Debug)]
pub struct Rounds<'a, L> {
    launcher: &'a mut L,
    clock: &'a Clock,
    /// What the first round found out about each implementation; empty before.
    calibrations: Vec<Calibration>,
    /// What follows from it for the batches of each.
    plans: Vec<BatchPlan>,
    /// How long samples are to last, where benchmarks of several threads are among them.
    threaded_sample: Option<Duration>,
    /// What an iteration of each is expected to take, in nanoseconds.
    expected_ns: Vec<f64>,
    /// How the threads of each came to their CPUs.
    threads: Vec<ThreadRecord>,
    /// The shortest that a process took to start, in the mean of a round: now and then,
    /// and the first time, it takes far longer.
    shortest_start: Duration,
}

impl<'a, L: Launcher> Rounds<'a, L> {
    /// Of the processes that `launcher` starts.
    pub fn of(launcher: &'a mut L, clock: &'a Clock) -> Self {
        Self {
            launcher,
            clock,
            calibrations: Vec::new(),
            plans: Vec::new(),
            threaded_sample: None,
            expected_ns: Vec::new(),
            threads: Vec::new(),
            shortest_start: Duration::MAX,
        }
    }

    /// Of benchmarks of which some run on so many threads, on so many CPUs.
    #[must_use]
    pub fn with_threads(mut self, most: usize, cpus: usize) -> Self {
        self.threaded_sample = (most > 1).then(|| threaded_sample_time(most, cpus));
        self
    }

    /// Starts a fresh process for each implementation, in this order; returns them in the
    /// order of the indices.
    fn start(
        &mut self,
        order: &[usize],
        placement: Placement,
    ) -> Result<Vec<L::Worker>, SourceError> {
        let mut workers: Vec<(usize, L::Worker)> = Vec::with_capacity(order.len());
        let start_ns = self.clock.now_ns();
        for &index in order {
            let worker = self.launcher.launch(index, placement);
            workers.push((index, worker.map_err(|error| error.of(index))?));
        }
        workers.sort_unstable_by_key(|(index, _)| *index);
        for (index, worker) in &mut workers {
            let started = self.launcher.await_start(*index, worker);
            started.map_err(|error| error.of(*index))?;
        }
        let starts_ns = self.clock.now_ns().saturating_sub(start_ns);
        let start = Duration::from_nanos(starts_ns) / order.len().max(1) as u32;
        self.shortest_start = self.shortest_start.min(start);
        Ok(workers.into_iter().map(|(_, worker)| worker).collect())
    }

    fn calibrate(&mut self, workers: &mut [L::Worker]) -> Result<(), SourceError> {
        let target = self.threaded_sample.unwrap_or(SAMPLE_TIME);
        let calibrate = |(index, worker): (usize, &mut L::Worker)| {
            let calibration = worker.calibrate(target);
            calibration.map_err(|error| error.of(index))
        };
        let calibrations = workers.iter_mut().enumerate().map(calibrate);
        self.calibrations = calibrations.collect::<Result<_, _>>()?;
        let times = self.calibrations.iter().map(|c| c.iteration_ns);
        self.plan(times.collect());
        Ok(())
    }

    fn plan(&mut self, iteration_ns: Vec<f64>) {
        self.plans = match self.threaded_sample {
            None => batch_plans(&iteration_ns),
            Some(sample) => threaded_batch_plans(&iteration_ns, sample),
        };
        self.expected_ns = iteration_ns;
    }

    /// Plans the batches of several threads anew, all together, where one of them took far
    /// longer or shorter than was expected.
    fn expect_what_was_measured(&mut self, samples: &[Samples]) {
        let medians = samples
            .iter()
            .map(|samples| samples.median(&Metric::WALL_TIME));
        let Some(medians) = medians.collect::<Option<Vec<f64>>>() else {
            return;
        };
        let is_far = |(median, expected): (&f64, &f64)| {
            let factor = median / expected.max(1e-3);
            !(1.0 / FAR_FROM_EXPECTED..=FAR_FROM_EXPECTED).contains(&factor)
        };
        if medians.iter().zip(&self.expected_ns).any(is_far) {
            self.plan(medians);
        }
    }

    /// A batch of everyone, and where the block is mirrored another in reverse order.
    fn block(
        &mut self,
        order: &[usize],
        is_mirrored: bool,
        workers: &mut [L::Worker],
        replicate: &mut Replicate<'_>,
    ) -> Result<(), SourceError> {
        let mut measured: Vec<Option<Batch>> = vec![None; order.len()];
        let back = order.iter().rev().filter(|_| is_mirrored);
        for index in order.iter().chain(back).copied() {
            let plan = self.plans[index];
            let batch = workers[index].batch(plan.size, plan.expected);
            let batch = batch.map_err(|error| error.of(index))?;
            match &mut measured[index] {
                Some(earlier) => earlier.append(batch),
                slot @ None => *slot = Some(batch),
            }
        }
        self.threads.resize(order.len(), ThreadRecord::default());
        for (index, batch) in measured.iter().flatten().enumerate() {
            let size = self.plans[index].size;
            let wanted = size.samples * (1 + u64::from(is_mirrored));
            let (kept, discarded) = (batch.wall_ns.len() as u64, batch.threads.discarded);
            let taken = if discarded > 0 { kept } else { wanted };
            let failures = batch.failures.min(taken * size.iterations);
            let samples = &mut replicate.samples[index];
            samples.count(taken * size.iterations - failures, failures);
            let is_lost = discarded > 0 && (kept as f64) < FEWEST_SAMPLES * wanted as f64;
            self.threads[index].add(batch.threads, is_lost);
            if let Some(values) = block_values(batch, size).filter(|_| !is_lost) {
                samples.add(*replicate.blocks, replicate.number, values);
            }
        }
        *replicate.blocks += 1;
        Ok(())
    }
}

impl<L: Launcher> Source for Rounds<'_, L> {
    fn measure(&mut self, replicate: &mut Replicate<'_>) -> Result<(), SourceError> {
        (replicate.announce)(0);
        let mut order: Vec<usize> = (0..replicate.samples.len()).collect();
        order.shuffle(replicate.random);
        let placement = Placement {
            cpu: replicate.random.random(),
            padding_bytes: replicate.random.random_range(0..MOST_PADDING_BYTES),
            heap_offset_bytes: 16 * replicate.random.random_range(1..=MOST_PADDING_BYTES / 16),
        };
        let mut workers = self.start(&order, placement)?;
        if self.plans.is_empty() {
            self.calibrate(&mut workers)?;
        }
        let longest = self.plans.iter().max_by_key(|plan| plan.expected);
        // Processes start slowly on a busy machine too, where batches of threads take long.
        let time = match self.threaded_sample {
            None => ROUND.max(self.shortest_start),
            Some(_) => ROUND,
        };
        for is_mirrored in longest.map_or_else(Vec::new, |plan| plan.blocks_in(time)) {
            order.shuffle(replicate.random);
            self.block(&order, is_mirrored, &mut workers, replicate)?;
        }
        if self.threaded_sample.is_some() {
            self.expect_what_was_measured(replicate.samples);
        }
        Ok(())
    }

    fn has_rounds(&self) -> bool {
        true
    }

    /// Threads that do not get their CPUs are measured again and again.
    fn may_be_held_up(&self) -> bool {
        self.threaded_sample.is_some()
    }

    fn wanted_time(&self) -> Duration {
        let samples = self.plans.iter().map(BatchPlan::sample_time);
        WANTED_SAMPLES * samples.sum::<Duration>()
    }

    fn finish(&self, results: &mut [Benchmark]) {
        for (benchmark, threads) in results.iter_mut().zip(&self.threads) {
            let notes = threads.notes(benchmark);
            benchmark.notes.extend(notes);
        }
        for (benchmark, calibration) in results.iter_mut().zip(&self.calibrations) {
            let note = loop_note(benchmark, calibration.loop_ns);
            benchmark.notes.extend(note);
        }
    }
}

/// The values of one iteration in a block; `None` if iterations failed in all samples.
fn block_values(batch: &Batch, size: BatchSize) -> Option<Vec<MetricValue>> {
    let typical = |samples: &[f64]| {
        let (lower, _) = stats::quartiles(&stats::sorted(samples)?)?;
        Some(lower / size.iterations.max(1) as f64)
    };
    let wall_ns = typical(&batch.wall_ns)?;
    // Samples in which an iteration failed are in no sum.
    let iterations = (batch.wall_ns.len() as u64 * size.iterations).max(1) as f64;
    let mean = |sum: Option<f64>| sum.map(|sum| sum / iterations);
    let mean_of_count = |sum: Option<u64>| mean(sum.map(|sum| sum as f64));
    let nanoseconds = Unit::Nanoseconds;
    let (count, bytes) = (Unit::Count, Unit::Bytes);
    let peak_memory = batch.peak_memory_bytes.map(|bytes| bytes as f64);
    let allocated = mean_of_count(batch.allocated_bytes);
    let values = [
        (Metric::WALL_TIME, nanoseconds, Some(wall_ns)),
        (Metric::CPU_TIME, nanoseconds, mean(batch.cpu_ns)),
        (Metric::CYCLES, count, typical(&batch.cycles)),
        (Metric::INSTRUCTIONS, count, mean(batch.instructions)),
        (Metric::ALLOCATIONS, count, mean_of_count(batch.allocations)),
        (Metric::ALLOCATED, bytes, allocated),
        (Metric::PEAK_MEMORY, bytes, peak_memory),
    ];
    let known = |(metric, unit, value): (Metric, Unit, Option<f64>)| Some((metric, unit, value?));
    Some(values.into_iter().filter_map(known).collect())
}

/// Says of a very short function that part of its time may be the loop that calls it.
fn loop_note(benchmark: &Benchmark, loop_ns: f64) -> Option<Note> {
    let median_ns = benchmark.metrics.get(&Metric::WALL_TIME)?.median?;
    let nanoseconds = Unit::Nanoseconds;
    (loop_ns / median_ns > LOOP_SHARE).then(|| {
        let message = format!(
            "{}: of {}, up to {} may be the loop that calls it",
            benchmark.name,
            nanoseconds.format(median_ns, 3),
            nanoseconds.format(loop_ns, 2),
        );
        Note::info(NoteCode::Short, message)
    })
}

#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;

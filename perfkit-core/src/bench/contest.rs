//! Functions against each other, in processes that take turns.
//!
//! A *round* starts a fresh process for each contestant, all kept on the same
//! CPU; the next round may be on another. Within a round the contestants take
//! turns in blocks: in a random order, and then in the reverse of it, so that a
//! machine which steadily slows down harms all alike. Caches and branch predictors
//! are as the one before left them when a turn begins, which does not cost each the
//! same: so every turn begins with half a stretch that is not timed.
//!
//! A contestant's value of a block is the lower quartile of the stretches that it
//! timed there, that of a round the median over its blocks, and what is compared the
//! median over rounds: what others do to a machine comes and goes, makes stretches
//! longer and never shorter, and is no jitter about a mean.
//!
//! Processes of one program differ lastingly, by where their memory lies. So a
//! round counts once, however many blocks it has, and each has an environment and a
//! heap of another size: the same for all contestants, so that those of one program
//! lie alike where the system lets them.
//!
//! The numbers are looked at after a few rounds, some more, and when the time is up:
//! a second for each contestant, which is the default because few differences that
//! matter need more.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::clock::Clock;
use crate::metric::{Metric, MetricSummary};
use crate::report::{Benchmark, Note, NoteCode, RunFailure, Sampling, StopReason, Verdict};
use crate::stats;
use crate::unit::Unit;

use super::effort::{Effort, planned};
use super::family::{Family, compare_family};
use super::protocol::{Batch, BatchSize, Calibration};
use super::sampler::{Observer, Progress};
use super::turn::{STRETCH, Turn, turns};

/// How long the turns of a contestant in one round are to last together, or as
/// long as its process takes to start where that is longer. More rounds tell more
/// than longer ones, because processes differ.
const ROUND: Duration = Duration::from_micros(1600);

/// Sizes of environments and heaps are drawn up to here.
const MOST_PADDING_BYTES: usize = 4096;

/// The loop may be this share of a function's time before a reader is told.
const LOOP_SHARE: f64 = 0.02;

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
pub enum Trouble {
    /// The user wants everything to end.
    Interrupted,
    /// Something failed.
    Failed(RunFailure),
}

/// A contestant's process in one round.
pub trait Worker {
    /// Runs for some times the target, or for two iterations that take far longer,
    /// and tells what an iteration takes.
    ///
    /// # Errors
    /// The process is gone, silent or says something else.
    fn calibrate(&mut self, target: Duration) -> Result<Calibration, Trouble>;

    /// Times some stretches, which are expected to take so long.
    ///
    /// # Errors
    /// The process is gone, silent or says something else.
    fn batch(&mut self, size: BatchSize, expected: Duration) -> Result<Batch, Trouble>;
}

/// Starts the processes of contestants.
pub trait Launcher {
    /// What it starts.
    type Worker: Worker;

    /// Starts a process for the contestant of this index, and may return before it
    /// can be asked for anything: those of a round start side by side.
    ///
    /// # Errors
    /// It cannot be started.
    fn launch(&mut self, contestant: usize, placement: Placement) -> Result<Self::Worker, Trouble>;

    /// Waits until a process that was started for this contestant is ready.
    ///
    /// # Errors
    /// It does not start.
    fn await_start(&mut self, contestant: usize, worker: &mut Self::Worker) -> Result<(), Trouble>;
}

/// What a contest yielded.
#[derive(Clone, Debug)]
pub struct Contested {
    /// What was measured of each contestant, in their order.
    pub benchmarks: Vec<Benchmark>,
    /// How it was sampled.
    pub sampling: Sampling,
    /// What ended it, and whose failure that was.
    pub failure: Option<(usize, RunFailure)>,
}

/// Runs the contestants of a family against each other until every verdict on
/// their times is clear, or more rounds are not planned.
///
/// Everything that was measured is returned, however it ended.
pub fn contest<L: Launcher>(
    family: &Family,
    launcher: &mut L,
    effort: &Effort,
    clock: &Clock,
    observer: &mut impl Observer,
) -> Contested {
    let mut contest = Contest {
        random: Pcg64Mcg::seed_from_u64(effort.seed),
        collected: family
            .names
            .iter()
            .map(|name| Collected::new(name))
            .collect(),
        turns: Vec::new(),
        shortest_start: Duration::MAX,
        blocks: 0,
        family,
        launcher,
        clock,
    };
    let (rounds, end) = contest.run(effort, observer);
    let (stopped, failure) = match end {
        End::Reason(reason) => (reason, None),
        End::Trouble(_, Trouble::Interrupted) => (StopReason::Interrupted, None),
        End::Trouble(whose, Trouble::Failed(failure)) => {
            (StopReason::RunFailed, Some((whose, failure)))
        }
    };
    Contested {
        sampling: Sampling {
            interleaved: family.names.len() > 1,
            seed: effort.seed,
            warmup_blocks: 0,
            blocks: contest.blocks,
            rounds,
            looks: effort.looks_at_most() as u64,
            stopped,
        },
        benchmarks: contest.benchmarks(),
        failure,
    }
}

enum End {
    Reason(StopReason),
    Trouble(usize, Trouble),
}

struct Contest<'a, L> {
    family: &'a Family,
    launcher: &'a mut L,
    clock: &'a Clock,
    random: Pcg64Mcg,
    collected: Vec<Collected>,
    /// What a turn of each contestant is, once that is known.
    turns: Vec<Turn>,
    /// The shortest that a process took to start, in the mean of a round: now and
    /// then, and the first time, it takes far longer.
    shortest_start: Duration,
    blocks: u64,
}

impl<L: Launcher> Contest<'_, L> {
    /// Returns how many rounds were completed, and why it ended.
    fn run(&mut self, effort: &Effort, observer: &mut impl Observer) -> (u64, End) {
        let start_ns = self.clock.now_ns();
        let elapsed = |clock: &Clock| Duration::from_nanos(clock.now_ns().saturating_sub(start_ns));
        let early = effort.early_looks();
        let last = effort.most_rounds();
        for round in 0..last {
            let stretches: Vec<Duration> = self.turns.iter().map(Turn::stretch).collect();
            let time = effort.time_for(self.family.names.len(), &stretches, round);
            if round > 0 && elapsed(self.clock) >= time {
                return (round, self.end(effort, StopReason::TimeUp));
            }
            let subject = self.family.names.first().map_or("", String::as_str);
            observer.before_run(&Progress {
                is_warmup: false,
                blocks: round,
                planned_blocks: planned(round, elapsed(self.clock), time),
                elapsed: elapsed(self.clock),
                subject,
            });
            if let Err((whose, trouble)) = self.round(round) {
                return (round, End::Trouble(whose, trouble));
            }
            if early.contains(&(round + 1)) && self.is_decided(effort) {
                return (round + 1, End::Reason(StopReason::Decided));
            }
        }
        (last, self.end(effort, StopReason::RunsDone))
    }

    /// The last look: the end is a clear verdict, or else this.
    fn end(&self, effort: &Effort, undecided: StopReason) -> End {
        let is_clear = !self.family.pairs.is_empty() && self.is_decided(effort);
        End::Reason(if is_clear {
            StopReason::Decided
        } else {
            undecided
        })
    }

    /// Whether every verdict on times is clear at this look, as it is where there is none.
    fn is_decided(&self, effort: &Effort) -> bool {
        let benchmarks = self.benchmarks();
        let rules = effort.rules_at_a_look(self.family.pairs.len());
        let comparisons = compare_family(&benchmarks, self.family, &[Metric::WALL_TIME], &rules);
        comparisons.len() == self.family.pairs.len()
            && comparisons
                .iter()
                .all(|comparison| comparison.verdict != Verdict::Inconclusive)
    }

    /// A fresh process for each, and some blocks of turns.
    fn round(&mut self, round: u64) -> Result<(), (usize, Trouble)> {
        let mut order: Vec<usize> = (0..self.family.names.len()).collect();
        order.shuffle(&mut self.random);
        let placement = Placement {
            cpu: self.random.random(),
            padding_bytes: self.random.random_range(0..MOST_PADDING_BYTES),
            heap_offset_bytes: 16 * self.random.random_range(1..=MOST_PADDING_BYTES / 16),
        };
        let mut workers = BTreeMap::new();
        let start_ns = self.clock.now_ns();
        for contestant in order.iter().copied() {
            let worker = self.launcher.launch(contestant, placement);
            workers.insert(contestant, worker.map_err(|trouble| (contestant, trouble))?);
        }
        for (contestant, worker) in &mut workers {
            let started = self.launcher.await_start(*contestant, worker);
            started.map_err(|trouble| (*contestant, trouble))?;
        }
        let starts_ns = self.clock.now_ns().saturating_sub(start_ns);
        let start = Duration::from_nanos(starts_ns) / order.len().max(1) as u32;
        self.shortest_start = self.shortest_start.min(start);
        if self.turns.is_empty() {
            self.calibrate(&mut workers)?;
        }
        let longest = self.turns.iter().max_by_key(|turn| turn.expected);
        let blocks = longest.map_or_else(Vec::new, |turn| {
            turn.blocks_in(ROUND.max(self.shortest_start))
        });
        for is_mirrored in blocks {
            order.shuffle(&mut self.random);
            self.block(round, &order, is_mirrored, &mut workers)?;
        }
        Ok(())
    }

    fn calibrate(
        &mut self,
        workers: &mut BTreeMap<usize, L::Worker>,
    ) -> Result<(), (usize, Trouble)> {
        let mut times = Vec::with_capacity(workers.len());
        for (contestant, worker) in workers {
            let calibration = worker.calibrate(STRETCH);
            let calibration = calibration.map_err(|trouble| (*contestant, trouble))?;
            self.collected[*contestant].calibration = calibration;
            times.push(calibration.iteration_ns);
        }
        self.turns = turns(&times);
        Ok(())
    }

    /// Everyone's turn, and where it is mirrored once more in reverse.
    fn block(
        &mut self,
        round: u64,
        order: &[usize],
        is_mirrored: bool,
        workers: &mut BTreeMap<usize, L::Worker>,
    ) -> Result<(), (usize, Trouble)> {
        let mut measured: Vec<Option<Batch>> = vec![None; order.len()];
        let back = order.iter().rev().filter(|_| is_mirrored);
        for contestant in order.iter().chain(back).copied() {
            let (Some(worker), Some(turn)) =
                (workers.get_mut(&contestant), self.turns.get(contestant))
            else {
                continue;
            };
            let batch = worker.batch(turn.size, turn.expected);
            let batch = batch.map_err(|trouble| (contestant, trouble))?;
            match &mut measured[contestant] {
                Some(earlier) => earlier.append(batch),
                slot @ None => *slot = Some(batch),
            }
        }
        for (contestant, batch) in measured.into_iter().enumerate() {
            if let (Some(batch), Some(turn)) = (batch, self.turns.get(contestant)) {
                let turns = 1 + u64::from(is_mirrored);
                let iterations = turns * turn.size.stretches * turn.size.iterations;
                let place = (round, self.blocks);
                self.collected[contestant].add(place, &batch, turn.size, iterations);
            }
        }
        self.blocks += 1;
        Ok(())
    }

    fn benchmarks(&self) -> Vec<Benchmark> {
        self.collected.iter().map(Collected::benchmark).collect()
    }
}

/// What was measured of one contestant so far.
struct Collected {
    benchmark: Benchmark,
    calibration: Calibration,
    samples: BTreeMap<Metric, (Unit, Vec<f64>)>,
}

impl Collected {
    fn new(name: &str) -> Self {
        Self {
            benchmark: Benchmark::new(name),
            calibration: Calibration::default(),
            samples: BTreeMap::new(),
        }
    }

    /// Adds the value of a block, unless iterations failed in all stretches.
    fn add(&mut self, (round, block): (u64, u64), batch: &Batch, size: BatchSize, iterations: u64) {
        let failures = batch.failures.min(iterations);
        self.benchmark.failures += failures;
        self.benchmark.successes += iterations - failures;
        let typical = |stretches: &[f64]| {
            let (lower, _) = stats::quartiles(&stats::sorted(stretches)?)?;
            Some(lower / size.iterations.max(1) as f64)
        };
        let Some(wall_ns) = typical(&batch.wall_ns) else {
            return;
        };
        // Numbers of stretches in which something failed are not counted.
        let each = (batch.wall_ns.len() as u64 * size.iterations).max(1) as f64;
        let count = |number: Option<u64>| number.map(|number| number as f64 / each);
        let values = [
            (Metric::WALL_TIME, Unit::Nanoseconds, Some(wall_ns)),
            (
                Metric::CPU_TIME,
                Unit::Nanoseconds,
                batch.cpu_ns.map(|ns| ns / each),
            ),
            (Metric::CYCLES, Unit::Count, typical(&batch.cycles)),
            (
                Metric::INSTRUCTIONS,
                Unit::Count,
                batch.instructions.map(|number| number / each),
            ),
            (Metric::ALLOCATIONS, Unit::Count, count(batch.allocations)),
            (Metric::ALLOCATED, Unit::Bytes, count(batch.allocated_bytes)),
            (
                Metric::PEAK_MEMORY,
                Unit::Bytes,
                batch.peak_memory_bytes.map(|bytes| bytes as f64),
            ),
        ];
        self.benchmark.blocks.push(block);
        self.benchmark.rounds.push(round);
        for (metric, unit, value) in values {
            if let Some(value) = value {
                let samples = self.samples.entry(metric);
                samples.or_insert((unit, Vec::new())).1.push(value);
            }
        }
    }

    fn benchmark(&self) -> Benchmark {
        let mut benchmark = self.benchmark.clone();
        // What some blocks lack cannot be told which block it is of.
        let whole = self.samples.iter();
        let whole = whole.filter(|(_, (_, samples))| samples.len() == benchmark.blocks.len());
        for (metric, (unit, samples)) in whole {
            let summary = MetricSummary::from_samples(*unit, samples.clone());
            benchmark.metrics.insert(metric.clone(), summary);
        }
        let time = benchmark.metrics.get(&Metric::WALL_TIME);
        let median_ns = time.and_then(|time| time.median).unwrap_or(f64::INFINITY);
        let share = self.calibration.loop_ns / median_ns;
        if share > LOOP_SHARE {
            let (own, all) = (self.calibration.loop_ns, median_ns);
            let message = format!(
                "{}: of {}, up to {} may be the loop that calls it",
                benchmark.name,
                Unit::Nanoseconds.format(all, 3),
                Unit::Nanoseconds.format(own, 2),
            );
            benchmark.notes.push(Note::info(NoteCode::Short, message));
        }
        benchmark
    }
}

#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;

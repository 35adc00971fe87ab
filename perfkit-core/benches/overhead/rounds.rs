//! Rounds: in each, every trial has one batch, in an order of the round's own.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

use crate::batch::{Timed, Trial};
use crate::clock;
use crate::implementations::peers;

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) threads: usize,
    /// How long to begin further rounds.
    pub(crate) time: Duration,
    /// Of the order within the rounds.
    pub(crate) seed: u64,
}

/// What the rounds came to.
#[derive(Debug)]
pub(crate) struct Rounds {
    /// Of every trial, in their order, the nanoseconds per call of each round:
    /// CPU time of all threads over the calls of all threads.
    pub(crate) ns: Vec<Vec<f64>>,
    /// How many cores the threads had at once while they ran batches.
    pub(crate) cores: f64,
}

/// The fewest rounds, however long they take; the first warms up and is not
/// counted.
const FEWEST_ROUNDS: usize = 6;

/// Runs rounds until the time is up.
pub(crate) fn run(trials: &[Trial<'_>], plan: Plan) -> Rounds {
    let turn = Turn::new(plan);
    let of_threads: Vec<Vec<Timed>> = std::thread::scope(|scope| {
        let spawn = |thread| {
            let turn = &turn;
            scope.spawn(move || turns(trials, turn, thread))
        };
        let threads: Vec<_> = (0..plan.threads).map(spawn).collect();
        threads.into_iter().map(joined).collect()
    });
    perfkit::set_enabled(true);
    sum_up(trials, &of_threads)
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What the threads of a run share.
struct Turn {
    plan: Plan,
    barrier: Barrier,
    start: Instant,
    is_over: AtomicBool,
}

impl Turn {
    fn new(plan: Plan) -> Self {
        Self {
            plan,
            barrier: Barrier::new(plan.threads),
            start: Instant::now(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Waits for all threads, lets one of them do something alone, and lets
    /// all go on together.
    fn meet(&self, alone: impl FnOnce()) {
        if self.barrier.wait().is_leader() {
            alone();
        }
        self.barrier.wait();
    }
}

/// The part of one thread: a batch of every trial of every round. All threads
/// come to the same orders by themselves; what they return is in the order of
/// the trials.
fn turns(trials: &[Trial<'_>], turn: &Turn, thread: usize) -> Vec<Timed> {
    clock::keep_to_a_core(thread);
    let mut random = Pcg64Mcg::seed_from_u64(turn.plan.seed);
    let mut order: Vec<usize> = (0..trials.len()).collect();
    let mut of_rounds = Vec::new();
    let mut rounds = 0;
    while !turn.is_over.load(Ordering::Relaxed) {
        order.shuffle(&mut random);
        let mut of_round = vec![None; trials.len()];
        for &trial in &order {
            turn.meet(|| trials[trial].implementation.prepare());
            of_round[trial] = Some(trials[trial].run());
        }
        of_rounds.extend(of_round.into_iter().flatten());
        rounds += 1;
        turn.meet(|| {
            peers::upkeep();
            let is_over = rounds >= FEWEST_ROUNDS && turn.start.elapsed() > turn.plan.time;
            turn.is_over.store(is_over, Ordering::Relaxed);
        });
    }
    of_rounds
}

/// Puts together what the threads measured, without the first round.
fn sum_up(trials: &[Trial<'_>], of_threads: &[Vec<Timed>]) -> Rounds {
    let mut ns = vec![Vec::new(); trials.len()];
    let (mut busy, mut passed) = (0.0, 0.0);
    let batches = of_threads.first().map_or(0, Vec::len);
    for batch in trials.len()..batches {
        let timed = || of_threads.iter().map(move |of_thread| of_thread[batch]);
        let trial = batch % trials.len();
        let batch_ns = timed().map(|timed| timed.ns).sum::<u64>() as f64;
        let calls = trials[trial].calls * of_threads.len() as u64;
        ns[trial].push(batch_ns / calls as f64);
        let start = timed().map(|timed| timed.start).min();
        let end = timed().map(|timed| timed.end).max();
        busy += batch_ns;
        passed += end
            .zip(start)
            .map_or(0, |(end, start)| (end - start).as_nanos()) as f64;
    }
    let cores = busy / passed;
    Rounds { ns, cores }
}

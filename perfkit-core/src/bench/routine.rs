//! The timed loops: what a benchmark's function is called in.
//!
//! A *stretch* is some number of iterations between two readings of the clock.
//! Inputs are made before it begins, and what the function returned is dropped
//! after it ended. The cost of reading the clock is taken off. That of the loop
//! is not: its counter runs beside the work rather than before it, so that
//! taking it off would make functions of a few nanoseconds too fast.

use std::cell::OnceCell;
use std::future::Future;
use std::hint::black_box;
use std::mem::needs_drop;
use std::pin::{Pin, pin};
use std::sync::Barrier;
use std::time::Duration;

use crate::alloc::{Mark, MemoryUse};
use crate::clock::Clock;
use crate::process::{HardwareCounter, HardwareEvent};

/// The most inputs or outputs that exist at a time: more would cost memory and
/// cache that the function itself does not need.
const MOST_AT_A_TIME: u64 = 1000;

/// What a stretch took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stretch {
    /// Nanoseconds of all iterations together.
    pub(super) wall_ns: f64,
    /// Nanoseconds of CPU time of the calling thread; `None` where the system
    /// does not tell, and of benchmarks of several threads.
    pub(super) cpu_ns: Option<f64>,
    /// Instructions of the calling thread; `None` where the system does not count
    /// them, and of benchmarks of several threads.
    pub(super) instructions: Option<f64>,
    /// Its cycles, likewise.
    pub(super) cycles: Option<f64>,
    /// How many iterations returned an error.
    pub(super) failures: u64,
    /// `None` where no counting allocator is installed.
    pub(super) memory: Option<MemoryUse>,
}

impl Stretch {
    /// One of which no piece of work was missed yet.
    fn begun() -> Self {
        Self {
            instructions: Some(0.0),
            cycles: Some(0.0),
            ..Self::default()
        }
    }

    /// Adds the counts of a piece of work; where any were missed, there are none of all.
    fn count(&mut self, instructions: Option<f64>, cycles: Option<f64>) {
        let sum = |all: Option<f64>, more| all.zip(more).map(|(all, more)| all + more);
        self.instructions = sum(self.instructions, instructions);
        self.cycles = sum(self.cycles, cycles);
    }
}

/// Something that can be timed.
pub(super) trait Routine {
    /// Runs so many iterations.
    fn stretch(&mut self, iterations: u64) -> Stretch;
}

/// Reads the clocks and the thread's memory around pieces of work.
struct Stopwatch {
    clock: Clock,
    clock_cost_ns: f64,
    cpu_cost_ns: f64,
    /// Of instructions and of cycles, opened when they are first needed: programs have
    /// many benchmarks, and each worker runs one.
    counters: OnceCell<[Option<Counter>; 2]>,
    stretch: Stretch,
}

/// Counts an event, and knows how much of it is reading the counter.
struct Counter {
    counter: HardwareCounter,
    own: u64,
}

impl Counter {
    fn open(event: HardwareEvent) -> Option<Self> {
        let counter = HardwareCounter::of_this_thread(event).ok()?;
        let own = || Some(counter.read()?.abs_diff(counter.read()?));
        let own = (0..5).filter_map(|_| own()).min()?;
        Some(Self { counter, own })
    }

    /// What came since an earlier reading; `None` where any was missed.
    fn since(&self, earlier: Option<u64>) -> Option<f64> {
        let apart = self.counter.read()?.saturating_sub(earlier?);
        Some(apart.saturating_sub(self.own) as f64)
    }
}

/// The numbers at the start of a piece.
struct Start {
    /// In the order of the counters.
    counts: [Option<u64>; 2],
    memory: Option<Mark>,
    cpu_ns: Option<u64>,
    ns: u64,
}

impl Stopwatch {
    fn new() -> Self {
        let clock = Clock::os();
        let cpu = || clock.thread_cpu_ns().unwrap_or(0);
        Self {
            clock_cost_ns: cost_ns(200, || clock.now_ns()),
            cpu_cost_ns: cost_ns(20, cpu),
            clock,
            counters: OnceCell::new(),
            stretch: Stretch::begun(),
        }
    }

    fn counters(&self) -> &[Option<Counter>; 2] {
        let events = [HardwareEvent::Instructions, HardwareEvent::Cycles];
        self.counters.get_or_init(|| events.map(Counter::open))
    }

    fn time(&mut self, work: impl FnOnce()) {
        let start = self.start();
        work();
        self.stop(&start);
    }

    fn start(&self) -> Start {
        let read = |counter: &Option<Counter>| counter.as_ref()?.counter.read();
        Start {
            counts: self.counters().each_ref().map(read),
            memory: Mark::set(),
            cpu_ns: self.clock.thread_cpu_ns(),
            ns: self.clock.now_ns(),
        }
    }

    fn stop(&mut self, start: &Start) {
        let end_ns = self.clock.now_ns();
        let end_cpu_ns = self.clock.thread_cpu_ns();
        if let Some(mark) = &start.memory {
            let memory = self.stretch.memory.get_or_insert_default();
            memory.then(mark.read());
        }
        if let (Some(start_ns), Some(end_ns)) = (start.cpu_ns, end_cpu_ns) {
            let ns = end_ns.saturating_sub(start_ns) as f64 - self.cpu_cost_ns;
            *self.stretch.cpu_ns.get_or_insert_default() += ns.max(0.0);
        }
        let [instructions, cycles] = self.counters();
        let since = |counter: &Option<Counter>, start| counter.as_ref()?.since(start);
        // The counter that was read last at the start is read first.
        let cycles = since(cycles, start.counts[1]);
        let instructions = since(instructions, start.counts[0]);
        self.stretch.count(instructions, cycles);
        self.add_wall(end_ns.saturating_sub(start.ns));
    }

    fn add_wall(&mut self, ns: u64) {
        self.stretch.wall_ns += (ns as f64 - self.clock_cost_ns).max(0.0);
    }

    fn finish(&mut self) -> Stretch {
        std::mem::replace(&mut self.stretch, Stretch::begun())
    }
}

/// What two readings of a clock with nothing between them are apart.
fn cost_ns(readings: u32, read: impl Fn() -> u64) -> f64 {
    let apart = |_| {
        let start_ns = read();
        read().saturating_sub(start_ns)
    };
    (0..readings).map(apart).min().unwrap_or(0) as f64
}

/// What an iteration of an empty loop takes, in nanoseconds.
pub(super) fn loop_cost_ns() -> f64 {
    let iterations = 20_000;
    let mut empty = Plain::new(|| ());
    let shortest = (0..5).map(|_| empty.stretch(iterations).wall_ns);
    shortest.fold(f64::INFINITY, f64::min) / iterations as f64
}

/// Counts the errors among values; those of most types are none.
pub(super) trait Judge<O> {
    /// Whether the value is a failure.
    fn is_failure(&self, output: &O) -> bool;
}

/// Every value is a success.
pub(super) struct AllGood;

impl<O> Judge<O> for AllGood {
    fn is_failure(&self, _: &O) -> bool {
        false
    }
}

/// An `Err` is a failure.
pub(super) struct ByResult;

impl<T, E> Judge<Result<T, E>> for ByResult {
    fn is_failure(&self, output: &Result<T, E>) -> bool {
        output.is_err()
    }
}

/// A function without an input of its own.
pub(super) struct Plain<F, J> {
    function: F,
    judge: J,
    stopwatch: Stopwatch,
}

impl<F> Plain<F, AllGood> {
    pub(super) fn new(function: F) -> Self {
        Self::judged(function, AllGood)
    }
}

impl<F, J> Plain<F, J> {
    pub(super) fn judged(function: F, judge: J) -> Self {
        Self {
            function,
            judge,
            stopwatch: Stopwatch::new(),
        }
    }
}

impl<O, F: FnMut() -> O, J: Judge<O>> Routine for Plain<F, J> {
    fn stretch(&mut self, iterations: u64) -> Stretch {
        let mut failures = 0;
        if needs_drop::<O>() {
            let mut outputs = Vec::new();
            in_portions(iterations, |portion| {
                outputs.reserve(portion as usize);
                self.stopwatch.time(|| {
                    for _ in 0..portion {
                        outputs.push(black_box((self.function)()));
                    }
                });
                failures += count_failures(&self.judge, &mut outputs);
            });
        } else {
            self.stopwatch.time(|| {
                for _ in 0..iterations {
                    let output = black_box((self.function)());
                    failures += u64::from(self.judge.is_failure(&output));
                }
            });
        }
        self.stopwatch.stretch.failures = failures;
        self.stopwatch.finish()
    }
}

/// A function that uses an input up.
pub(super) struct WithInput<M, F, J> {
    make: M,
    function: F,
    judge: J,
    stopwatch: Stopwatch,
}

impl<M, F, J> WithInput<M, F, J> {
    pub(super) fn new(make: M, function: F, judge: J) -> Self {
        Self {
            make,
            function,
            judge,
            stopwatch: Stopwatch::new(),
        }
    }
}

impl<I, O, M, F, J> Routine for WithInput<M, F, J>
where
    M: FnMut() -> I,
    F: FnMut(I) -> O,
    J: Judge<O>,
{
    fn stretch(&mut self, iterations: u64) -> Stretch {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        let mut failures = 0;
        in_portions(iterations, |portion| {
            inputs.extend((0..portion).map(|_| (self.make)()));
            outputs.reserve(portion as usize);
            self.stopwatch.time(|| {
                for input in inputs.drain(..) {
                    outputs.push(black_box((self.function)(black_box(input))));
                }
            });
            failures += count_failures(&self.judge, &mut outputs);
        });
        self.stopwatch.stretch.failures = failures;
        self.stopwatch.finish()
    }
}

/// Counts the failures and drops all, outside of what is timed.
fn count_failures<O>(judge: &impl Judge<O>, outputs: &mut Vec<O>) -> u64 {
    let failures = outputs.iter().filter(|output| judge.is_failure(output));
    let failures = failures.count() as u64;
    outputs.clear();
    failures
}

fn in_portions(iterations: u64, mut run: impl FnMut(u64)) {
    let mut left = iterations;
    while left > 0 {
        let portion = left.min(MOST_AT_A_TIME);
        run(portion);
        left -= portion;
    }
}

/// Drives a future to its end on a runtime of the user's.
pub(super) type BlockOn<'a> = dyn Fn(Pin<&mut dyn Future<Output = ()>>) + 'a;

/// An async function; all iterations of a stretch run within one entry into the
/// runtime, which is not timed.
pub(super) struct Awaited<'a, F> {
    function: F,
    block_on: &'a BlockOn<'a>,
    stopwatch: Stopwatch,
}

impl<'a, F> Awaited<'a, F> {
    pub(super) fn new(function: F, block_on: &'a BlockOn<'a>) -> Self {
        Self {
            function,
            block_on,
            stopwatch: Stopwatch::new(),
        }
    }
}

impl<F: FnMut() -> Fut, Fut: Future> Routine for Awaited<'_, F> {
    fn stretch(&mut self, iterations: u64) -> Stretch {
        let Self {
            function,
            block_on,
            stopwatch,
        } = self;
        {
            let work = pin!(async {
                let start = stopwatch.start();
                for _ in 0..iterations {
                    black_box(function().await);
                }
                stopwatch.stop(&start);
            });
            block_on(work);
        }
        stopwatch.finish()
    }
}

/// A function that several threads call at the same time.
pub(super) struct Contended<F> {
    function: F,
    threads: usize,
    stopwatch: Stopwatch,
}

impl<F> Contended<F> {
    pub(super) fn new(function: F, threads: usize) -> Self {
        Self {
            function,
            threads,
            stopwatch: Stopwatch::new(),
        }
    }
}

impl<O, F: Fn() -> O + Sync> Routine for Contended<F> {
    /// From the moment in which all threads are let go to that in which the last
    /// one has done its iterations.
    fn stretch(&mut self, iterations: u64) -> Stretch {
        let start = Barrier::new(self.threads);
        let (function, clock) = (&self.function, &self.stopwatch.clock);
        let run = || {
            start.wait();
            let mark = Mark::set();
            let start_ns = clock.now_ns();
            for _ in 0..iterations {
                black_box(function());
            }
            let end_ns = clock.now_ns();
            (start_ns, end_ns, mark.map(|mark| mark.read()))
        };
        let ends: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(run)).collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined
                .map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let first_ns = ends.iter().map(|end| end.0).min().unwrap_or(0);
        let last_ns = ends.iter().map(|end| end.1).max().unwrap_or(0);
        let used = ends.iter().filter_map(|end| end.2);
        self.stopwatch.add_wall(last_ns.saturating_sub(first_ns));
        self.stopwatch.stretch.count(None, None);
        self.stopwatch.stretch.memory = used.reduce(|mut sum, used| {
            sum.then(used);
            sum
        });
        self.stopwatch.finish()
    }
}

/// How often a stretch is timed again before it is believed; once where it takes
/// far longer than it should.
const REPEATS: usize = 2;

/// How many iterations take about `target`, and nanoseconds of one. Runs for some
/// times the target, or for two iterations that take far longer.
pub(super) fn calibrate(routine: &mut dyn Routine, target: Duration) -> (u64, f64) {
    let target_ns = target.as_nanos() as f64;
    let mut iterations = 1_u64;
    loop {
        let mut ns = routine.stretch(iterations).wall_ns;
        // The first call finds cold caches or makes what all others use, and any
        // may be interrupted.
        for repeat in 0..REPEATS {
            let is_far_too_long = ns > 100.0 * target_ns;
            if ns >= target_ns / 4.0 && (repeat == 0 || !is_far_too_long) {
                ns = ns.min(routine.stretch(iterations).wall_ns);
            }
        }
        let each_ns = ns / iterations as f64;
        if ns >= target_ns / 4.0 {
            let wanted = (target_ns / each_ns).round().max(1.0);
            return (wanted as u64, each_ns);
        }
        // A stretch that the optimiser left nothing of takes no time at all.
        if iterations >= 1 << 32 {
            return (iterations, each_ns);
        }
        let factor = (target_ns / 2.0 / ns.max(1.0)).clamp(2.0, 10.0);
        iterations = (iterations as f64 * factor) as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn inputs_are_made_and_outputs_dropped_outside_of_what_is_timed() {
        struct Noisy(Rc<Cell<u64>>);
        impl Drop for Noisy {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let dropped = Rc::new(Cell::new(0));
        let dropped_at_call = Cell::new(Vec::new());
        let mut routine = WithInput::new(
            || Noisy(Rc::clone(&dropped)),
            |input: Noisy| {
                let mut seen = dropped_at_call.take();
                seen.push(dropped.get());
                dropped_at_call.set(seen);
                input
            },
            AllGood,
        );
        routine.stretch(MOST_AT_A_TIME + 2);
        let seen = dropped_at_call.take();
        assert!(seen[..MOST_AT_A_TIME as usize].iter().all(|n| *n == 0));
        assert_eq!(seen[MOST_AT_A_TIME as usize..], [1000, 1000]);
        assert_eq!(dropped.get(), 1002);
    }

    #[test]
    fn errors_are_counted() {
        let mut calls = 0;
        let mut third_fails = || {
            calls += 1;
            if calls % 3 == 0 { Err(()) } else { Ok(calls) }
        };
        let stretch = Plain::judged(&mut third_fails, ByResult).stretch(9);
        assert_eq!(stretch.failures, 3);
        let mut texts = || -> Result<String, String> { Err("no".to_owned()) };
        assert_eq!(
            Plain::judged(&mut texts, ByResult).stretch(1500).failures,
            1500
        );
    }

    #[test]
    fn allocations_of_the_function_are_counted_and_no_others() {
        let mut plain = Plain::new(|| black_box(vec![0_u8; 100]));
        let memory = plain.stretch(2500).memory.unwrap();
        assert_eq!(
            (memory.allocations, memory.allocated_bytes),
            (2500, 250_000)
        );
        let mut sorted = WithInput::new(|| vec![3, 1, 2], |mut v: Vec<i32>| v.sort(), AllGood);
        assert_eq!(sorted.stretch(50).memory.unwrap().allocations, 0);
        let contended = Contended::new(|| Box::new(black_box(1_u64)), 3).stretch(40);
        assert_eq!(contended.memory.unwrap().allocations, 120);
    }

    #[test]
    fn an_async_function_runs_within_one_entry_into_the_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let entries = Cell::new(0);
        let block_on = |future: Pin<&mut dyn Future<Output = ()>>| {
            entries.set(entries.get() + 1);
            runtime.block_on(future);
        };
        let calls = Cell::new(0);
        let mut routine = Awaited::new(
            || async {
                tokio::task::yield_now().await;
                calls.set(calls.get() + 1);
            },
            &block_on,
        );
        let stretch = routine.stretch(20);
        assert_eq!((entries.get(), calls.get()), (1, 20));
        assert!(stretch.wall_ns > 0.0);
    }

    #[test]
    fn calibration_fills_the_target_whatever_the_first_call_takes() {
        /// Nanoseconds of an iteration, those that the first stretch takes beside
        /// them, and how many iterations there were.
        struct Takes(f64, f64, u64);
        impl Routine for Takes {
            fn stretch(&mut self, iterations: u64) -> Stretch {
                self.2 += iterations;
                Stretch {
                    wall_ns: self.0 * iterations as f64 + std::mem::take(&mut self.1),
                    ..Stretch::default()
                }
            }
        }
        let target = Duration::from_micros(400);
        for first_ns in [0.0, 150e3, 1e6, 1e9] {
            let calibrated = calibrate(&mut Takes(10.0, first_ns, 0), target);
            assert_eq!(calibrated, (40_000, 10.0), "{first_ns}");
        }
        let mut slow = Takes(1e9, 0.0, 0);
        assert_eq!((calibrate(&mut slow, target), slow.2), ((1, 1e9), 2));
        assert!(calibrate(&mut Takes(0.0, 0.0, 0), target).0 >= 1 << 32);
    }
}

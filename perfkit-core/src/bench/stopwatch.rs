//! Reads the clocks and counters around pieces of work, and adds up what they took.
//!
//! The cost of reading is taken off: the least that two readings with nothing between
//! them were apart. That is exact where every reading takes as long as the shortest,
//! and too little elsewhere, so that what is subtracted never makes a function faster
//! than it is.

use std::cell::OnceCell;

use crate::alloc::{Mark, MemoryUse};
use crate::clock::Clock;
use crate::process::{HardwareCounter, HardwareEvent};

/// Whether the threads of a sample had the CPUs that they needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CpuAccess {
    /// They had, as far as that matters.
    #[default]
    Granted,
    /// Of threads that could have a CPU each, one did not get it for too long.
    Withheld,
    /// Threads that share CPUs with each other shared them with other programs too.
    SharedWithOthers,
    /// The system does not tell.
    Unknown,
}

/// What a sample took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// Nanoseconds of all iterations together.
    pub(super) wall_ns: f64,
    /// Nanoseconds of CPU time of the calling thread, or of all threads of a benchmark of
    /// several; `None` where the system does not tell.
    pub(super) cpu_ns: Option<f64>,
    /// Instructions of the calling thread; `None` where the system does not count
    /// them, and of benchmarks of several threads.
    pub(super) instructions: Option<f64>,
    /// Its cycles, likewise.
    pub(super) cycles: Option<f64>,
    /// How many iterations returned an error.
    pub(super) failures: u64,
    /// Whether it is one of threads that ran at the same time.
    pub(super) cpu_access: CpuAccess,
    /// `None` where no counting allocator is installed.
    pub(super) memory: Option<MemoryUse>,
}

impl Sample {
    /// One without any work, whose counts are complete so far.
    fn begun() -> Self {
        Self {
            instructions: Some(0.0),
            cycles: Some(0.0),
            ..Self::default()
        }
    }

    /// Adds the counts of a piece of work. A count that is missing for one piece is
    /// missing for the sample.
    fn count(&mut self, instructions: Option<f64>, cycles: Option<f64>) {
        let sum = |all: Option<f64>, more| all.zip(more).map(|(all, more)| all + more);
        self.instructions = sum(self.instructions, instructions);
        self.cycles = sum(self.cycles, cycles);
    }
}

/// Reads the clocks and the thread's memory around pieces of work.
pub(super) struct Stopwatch {
    clock: Clock,
    clock_cost_ns: f64,
    cpu_cost_ns: f64,
    /// Of instructions and of cycles, opened when they are first needed: programs have
    /// many benchmarks, and each worker runs one.
    counters: OnceCell<[Option<Counter>; 2]>,
    pub(super) sample: Sample,
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
pub(super) struct Start {
    /// In the order of the counters.
    counts: [Option<u64>; 2],
    memory: Option<Mark>,
    cpu_ns: Option<u64>,
    ns: u64,
}

impl Stopwatch {
    pub(super) fn new() -> Self {
        let clock = Clock::os();
        let cpu = || clock.thread_cpu_ns().unwrap_or(0);
        Self {
            clock_cost_ns: cost_ns(200, || clock.now_ns()),
            cpu_cost_ns: cost_ns(20, cpu),
            clock,
            counters: OnceCell::new(),
            sample: Sample::begun(),
        }
    }

    fn counters(&self) -> &[Option<Counter>; 2] {
        let events = [HardwareEvent::Instructions, HardwareEvent::Cycles];
        self.counters.get_or_init(|| events.map(Counter::open))
    }

    pub(super) fn time(&mut self, work: impl FnOnce()) {
        let start = self.start();
        work();
        self.stop(&start);
    }

    pub(super) fn start(&self) -> Start {
        let read = |counter: &Option<Counter>| counter.as_ref()?.counter.read();
        Start {
            counts: self.counters().each_ref().map(read),
            memory: Mark::set(),
            cpu_ns: self.clock.thread_cpu_ns(),
            ns: self.clock.now_ns(),
        }
    }

    pub(super) fn stop(&mut self, start: &Start) {
        let end_ns = self.clock.now_ns();
        let end_cpu_ns = self.clock.thread_cpu_ns();
        if let Some(mark) = &start.memory {
            let memory = self.sample.memory.get_or_insert_default();
            memory.then(mark.read());
        }
        if let (Some(start_ns), Some(end_ns)) = (start.cpu_ns, end_cpu_ns) {
            let ns = end_ns.saturating_sub(start_ns) as f64 - self.cpu_cost_ns;
            *self.sample.cpu_ns.get_or_insert_default() += ns.max(0.0);
        }
        let [instructions, cycles] = self.counters();
        let since = |counter: &Option<Counter>, start| counter.as_ref()?.since(start);
        // The counter that was read last at the start is read first.
        let cycles = since(cycles, start.counts[1]);
        let instructions = since(instructions, start.counts[0]);
        self.sample.count(instructions, cycles);
        self.add_wall(end_ns.saturating_sub(start.ns));
    }

    fn add_wall(&mut self, ns: u64) {
        self.sample.wall_ns += (ns as f64 - self.clock_cost_ns).max(0.0);
    }

    pub(super) fn finish(&mut self) -> Sample {
        std::mem::replace(&mut self.sample, Sample::begun())
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

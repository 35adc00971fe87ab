//! A function that several threads call at the same time.
//!
//! The threads live as long as their process, each on a CPU of its own where there are
//! enough: woken together and left alone, they run one after the other on the CPU of the
//! one that woke them. In a sample they share a pool of iterations, so that all are at it
//! until the pool is empty. A sample begins when the last of them has arrived.
//!
//! Where threads contend, one that is kept from its CPU makes the others *faster*. So a
//! sample in which that happened is told from the others, and not counted.

use std::any::Any;
use std::hint::black_box;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope, Thread};
use std::time::{Duration, Instant};

use crate::alloc::{Mark, MemoryUse};
use crate::clock::Clock;

use super::cpus::{cpu_count, pin, usable_cpus};
use super::iteration_pool::IterationPool;
use super::routine::{Routine, WithRoutine};
use super::schedstat::{RunDelay, RunDelayMeter};
use super::start_gate::{Apart, StartGate};
use super::stopwatch::{CpuAccess, Sample};

/// A sample in which a thread did not run for more than this share, though it was ready
/// to, is not one of threads that run at the same time.
const MOST_HELD_BACK: f64 = 0.03;

/// A function that sleeps and is woken this often in a sample waits a little each time,
/// which is its own doing.
const OFTEN_WOKEN: u64 = 16;

/// How long a thread that is woken waits at most, where nothing else has its CPU.
const LONGEST_WAKING_NS: u64 = 20_000;

/// Threads that share CPUs with each other share them with other programs too where these
/// have more than this part of them.
const SHARE_OF_OTHERS: f64 = 0.1;

/// When a thread has panicked, others may wait for it for ever. The process ends then.
const AFTER_A_PANIC: Duration = Duration::from_secs(1);

/// The exit code of a program that panicked.
const PANICKED: i32 = 101;

/// A function and on how many threads it runs.
pub(super) struct ThreadedFunction<F> {
    function: F,
    threads: usize,
}

impl<F> ThreadedFunction<F> {
    pub(super) fn new(function: F, threads: usize) -> Self {
        Self { function, threads }
    }
}

/// What a thread did in a sample.
#[derive(Debug, Default)]
struct Part {
    start_ns: u64,
    end_ns: u64,
    cpu_ns: Option<u64>,
    delay: Option<RunDelay>,
    memory: Option<MemoryUse>,
    panic: Option<Box<dyn Any + Send>>,
}

impl Part {
    /// How long it did not run though it was ready to, beside what its own waking takes.
    fn held_back_ns(&self, release_ns: u64) -> u64 {
        let late_ns = self.start_ns.saturating_sub(release_ns);
        let delay = self.delay.unwrap_or_default();
        let is_its_own = delay.slices >= OFTEN_WOKEN
            && delay.ns <= LONGEST_WAKING_NS.saturating_mul(delay.slices);
        late_ns + if is_its_own { 0 } else { delay.ns }
    }
}

/// What the threads and the one that asks them for samples have in common.
struct Common {
    clock: Clock,
    gate: StartGate,
    pool: IterationPool,
    parts: Vec<Apart<Mutex<Part>>>,
    has_panicked: AtomicBool,
    /// Unparked when the last thread is done.
    caller: Thread,
}

impl Common {
    fn of(threads: usize) -> Self {
        Self {
            clock: Clock::os(),
            gate: StartGate::of(threads),
            pool: IterationPool::of(threads),
            parts: (0..threads).map(|_| Apart::default()).collect(),
            has_panicked: AtomicBool::new(false),
            caller: thread::current(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<O, F: Fn() -> O + Sync> WithRoutine for ThreadedFunction<F> {
    fn with_routine(&mut self, serve: &mut dyn FnMut(&mut dyn Routine)) -> io::Result<()> {
        let (common, function, cpus) = (Common::of(self.threads), &self.function, usable_cpus());
        thread::scope(|scope| {
            let mut team = Team {
                common: &common,
                threads: Vec::new(),
                cpus: cpu_count(&cpus),
            };
            for index in 0..self.threads {
                let cpu = index.checked_rem(cpus.len()).map(|index| cpus[index]);
                team.add(start(scope, index, cpu, &common, function)?);
            }
            serve(&mut team);
            Ok(())
        })
    }
}

/// Starts a thread that takes part in all samples.
fn start<'scope, O>(
    scope: &'scope Scope<'scope, '_>,
    index: usize,
    cpu: Option<usize>,
    common: &'scope Common,
    function: &'scope (impl Fn() -> O + Sync),
) -> io::Result<Thread> {
    let take_part = move || {
        let _is_pinned = cpu.is_some_and(pin);
        let meter = RunDelayMeter::of_this_thread();
        let mut sample = 0;
        while let Some(next) = common.gate.await_sample(sample) {
            sample = next;
            let part = catch_unwind(AssertUnwindSafe(|| {
                common.gate.arrive(sample, &common.clock);
                work(common, &meter, function)
            }));
            let part = part.unwrap_or_else(|panic| {
                common.has_panicked.store(true, Release);
                Part {
                    panic: Some(panic),
                    ..Part::default()
                }
            });
            *lock(&common.parts[index].0) = part;
            if common.gate.finish() {
                common.caller.unpark();
            }
        }
    };
    let builder = thread::Builder::new().name(format!("benchmark thread {index}"));
    let started = builder.spawn_scoped(scope, take_part);
    started
        .map(|handle| handle.thread().clone())
        .map_err(|error| io::Error::other(format!("a thread cannot be started: {error}")))
}

/// Takes portions until there are none.
fn work<O>(common: &Common, meter: &RunDelayMeter, function: &impl Fn() -> O) -> Part {
    let clock = &common.clock;
    let delay = meter.read();
    let (mark, cpu_ns, start_ns) = (Mark::set(), clock.thread_cpu_ns(), clock.now_ns());
    while let Some(iterations) = common.pool.take() {
        for _ in 0..iterations {
            black_box(function());
        }
    }
    let end_ns = clock.now_ns();
    let cpu_ns = clock.thread_cpu_ns().zip(cpu_ns);
    Part {
        start_ns,
        end_ns,
        cpu_ns: cpu_ns.map(|(end, start)| end.saturating_sub(start)),
        memory: mark.map(|mark| mark.read()),
        delay: meter.read().zip(delay).map(|(end, start)| end.since(start)),
        panic: None,
    }
}

/// The threads, while they are there.
struct Team<'a> {
    common: &'a Common,
    threads: Vec<Thread>,
    /// How many CPUs they may run on.
    cpus: usize,
}

impl Team<'_> {
    fn add(&mut self, thread: Thread) {
        self.threads.push(thread);
    }

    fn wake(&self) {
        self.threads.iter().for_each(Thread::unpark);
    }

    fn await_all(&self) {
        let mut panicked: Option<Instant> = None;
        while !self.common.gate.is_finished() {
            thread::park_timeout(AFTER_A_PANIC / 4);
            if self.common.has_panicked.load(Acquire) {
                let since = panicked.get_or_insert_with(Instant::now);
                if since.elapsed() >= AFTER_A_PANIC {
                    std::process::exit(PANICKED);
                }
            }
        }
    }
}

impl Drop for Team<'_> {
    fn drop(&mut self) {
        self.common.gate.close();
        self.wake();
    }
}

impl Routine for Team<'_> {
    /// From the moment in which all threads are there to that in which the last
    /// iteration is done. CPU time and memory are those of all threads together.
    fn sample(&mut self, iterations: u64) -> Sample {
        self.common.pool.fill(iterations);
        self.common.gate.open();
        self.wake();
        self.await_all();
        let parts = self.common.parts.iter();
        let mut parts: Vec<Part> = parts
            .map(|part| std::mem::take(&mut *lock(&part.0)))
            .collect();
        if let Some(panic) = parts.iter_mut().find_map(|part| part.panic.take()) {
            resume_unwind(panic);
        }
        sum_up(&parts, self.common.gate.release_ns(), self.cpus)
    }
}

/// What threads that were released at a moment did together.
fn sum_up(parts: &[Part], release_ns: u64, cpus: usize) -> Sample {
    let last_ns = parts.iter().map(|part| part.end_ns).max().unwrap_or(0);
    let wall_ns = last_ns.saturating_sub(release_ns) as f64;
    let cpu_ns: Option<u64> = parts.iter().map(|part| part.cpu_ns).sum();
    let memory = parts.iter().filter_map(|part| part.memory);
    Sample {
        wall_ns,
        cpu_ns: cpu_ns.map(|ns| ns as f64),
        memory: memory.reduce(|mut sum, used| {
            sum.then(used);
            sum
        }),
        cpu_access: if parts.len() <= cpus {
            access_of_own_cpus(parts, release_ns, wall_ns)
        } else {
            access_of_shared_cpus(parts, cpus, wall_ns)
        },
        ..Sample::default()
    }
}

fn access_of_own_cpus(parts: &[Part], release_ns: u64, wall_ns: f64) -> CpuAccess {
    let held_back_ns = parts.iter().map(|part| part.held_back_ns(release_ns)).max();
    if held_back_ns.unwrap_or(0) as f64 > MOST_HELD_BACK * wall_ns {
        CpuAccess::Withheld
    } else if parts.iter().any(|part| part.delay.is_none()) {
        CpuAccess::Unknown
    } else {
        CpuAccess::Granted
    }
}

/// Threads that take turns on CPUs wait for each other. Others were there too where all
/// threads were ready nearly all of the time, and the CPUs still did something else.
fn access_of_shared_cpus(parts: &[Part], cpus: usize, wall_ns: f64) -> CpuAccess {
    let cpu_ns: Option<u64> = parts.iter().map(|part| part.cpu_ns).sum();
    let delay_ns: Option<u64> = parts.iter().map(|part| Some(part.delay?.ns)).sum();
    let Some((cpu_ns, delay_ns)) = cpu_ns.zip(delay_ns) else {
        return CpuAccess::Unknown;
    };
    let lost_ns = cpus as f64 * wall_ns - cpu_ns as f64;
    let ready_ns = (cpu_ns + delay_ns) as f64;
    let were_ready = ready_ns >= (1.0 - SHARE_OF_OTHERS) * parts.len() as f64 * wall_ns;
    if were_ready && lost_ns > SHARE_OF_OTHERS * cpus as f64 * wall_ns {
        CpuAccess::SharedWithOthers
    } else {
        CpuAccess::Granted
    }
}

#[cfg(test)]
mod tests;

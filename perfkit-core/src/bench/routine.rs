//! The timed loops: what a benchmark's function is called in.
//!
//! A *sample* is some number of iterations between two readings of the clock. Inputs are
//! made before it begins, and what the function returned is dropped after it ended. The
//! cost of reading the clock is taken off ([`Stopwatch`]). The cost of the loop is not: a
//! processor counts the loop's variable at the same time as it does the work, so that
//! taking it off would make functions of a few nanoseconds too fast.

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::mem::needs_drop;
use std::pin::{Pin, pin};
use std::time::Duration;

use super::stopwatch::{Sample, Stopwatch};

/// The most inputs or outputs that exist at a time: more would cost memory and
/// cache that the function itself does not need.
const MOST_AT_A_TIME: u64 = 1000;

/// Something that can be timed.
pub(super) trait Routine {
    /// Runs so many iterations, and returns what they took.
    fn sample(&mut self, iterations: u64) -> Sample;
}

/// Something that is made ready to be timed, and is gone afterwards.
pub(super) trait WithRoutine {
    /// Lets its routine be used.
    ///
    /// # Errors
    /// It cannot be made ready.
    fn with_routine(&mut self, serve: &mut dyn FnMut(&mut dyn Routine)) -> io::Result<()>;
}

impl<R: Routine> WithRoutine for R {
    fn with_routine(&mut self, serve: &mut dyn FnMut(&mut dyn Routine)) -> io::Result<()> {
        serve(self);
        Ok(())
    }
}

/// What an iteration of an empty loop takes, in nanoseconds.
pub(super) fn loop_cost_ns() -> f64 {
    let iterations = 20_000;
    let mut empty = PlainRoutine::new(|| ());
    let shortest = (0..5).map(|_| empty.sample(iterations).wall_ns);
    shortest.fold(f64::INFINITY, f64::min) / iterations as f64
}

/// Decides which of the returned values are failures.
pub(super) trait FailureCheck<O> {
    /// Whether this value is one.
    fn is_failure(&self, output: &O) -> bool;
}

/// Every value is a success.
pub(super) struct NoFailures;

impl<O> FailureCheck<O> for NoFailures {
    fn is_failure(&self, _: &O) -> bool {
        false
    }
}

/// An `Err` is a failure.
pub(super) struct ErrIsFailure;

impl<T, E> FailureCheck<Result<T, E>> for ErrIsFailure {
    fn is_failure(&self, output: &Result<T, E>) -> bool {
        output.is_err()
    }
}

/// A function without an input of its own.
pub(super) struct PlainRoutine<F, J> {
    function: F,
    check: J,
    stopwatch: Stopwatch,
}

impl<F> PlainRoutine<F, NoFailures> {
    pub(super) fn new(function: F) -> Self {
        Self::checked(function, NoFailures)
    }
}

impl<F, J> PlainRoutine<F, J> {
    pub(super) fn checked(function: F, check: J) -> Self {
        Self {
            function,
            check,
            stopwatch: Stopwatch::new(),
        }
    }
}

impl<O, F: FnMut() -> O, J: FailureCheck<O>> Routine for PlainRoutine<F, J> {
    fn sample(&mut self, iterations: u64) -> Sample {
        let mut failures = 0;
        if needs_drop::<O>() {
            let mut outputs = Vec::new();
            in_portions(iterations, MOST_AT_A_TIME, |portion| {
                outputs.reserve(portion as usize);
                self.stopwatch.time(|| {
                    for _ in 0..portion {
                        outputs.push(black_box((self.function)()));
                    }
                });
                failures += count_failures(&self.check, &mut outputs);
            });
        } else {
            self.stopwatch.time(|| {
                for _ in 0..iterations {
                    let output = black_box((self.function)());
                    failures += u64::from(self.check.is_failure(&output));
                }
            });
        }
        self.stopwatch.sample.failures = failures;
        self.stopwatch.finish()
    }
}

/// A function that uses an input up.
pub(super) struct InputRoutine<M, F, J> {
    make: M,
    function: F,
    check: J,
    /// How many inputs of so many iterations may exist at a time.
    at_a_time: Box<dyn Fn(u64) -> u64>,
    stopwatch: Stopwatch,
}

impl<M, F, J> InputRoutine<M, F, J> {
    pub(super) fn new(make: M, function: F, check: J) -> Self {
        Self {
            make,
            function,
            check,
            at_a_time: Box::new(|_| MOST_AT_A_TIME),
            stopwatch: Stopwatch::new(),
        }
    }

    /// With no more inputs at a time than this says for so many iterations.
    #[cfg(feature = "criterion")]
    pub(super) fn at_a_time(mut self, most: impl Fn(u64) -> u64 + 'static) -> Self {
        self.at_a_time = Box::new(most);
        self
    }
}

impl<I, O, M, F, J> Routine for InputRoutine<M, F, J>
where
    M: FnMut() -> I,
    F: FnMut(I) -> O,
    J: FailureCheck<O>,
{
    fn sample(&mut self, iterations: u64) -> Sample {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        let mut failures = 0;
        in_portions(iterations, (self.at_a_time)(iterations), |portion| {
            inputs.extend((0..portion).map(|_| (self.make)()));
            outputs.reserve(portion as usize);
            self.stopwatch.time(|| {
                for input in inputs.drain(..) {
                    outputs.push(black_box((self.function)(black_box(input))));
                }
            });
            failures += count_failures(&self.check, &mut outputs);
        });
        self.stopwatch.sample.failures = failures;
        self.stopwatch.finish()
    }
}

/// Counts the failures and drops all, outside of what is timed.
fn count_failures<O>(check: &impl FailureCheck<O>, outputs: &mut Vec<O>) -> u64 {
    let failures = outputs.iter().filter(|output| check.is_failure(output));
    let failures = failures.count() as u64;
    outputs.clear();
    failures
}

fn in_portions(iterations: u64, at_a_time: u64, mut run: impl FnMut(u64)) {
    let at_a_time = at_a_time.clamp(1, MOST_AT_A_TIME);
    let mut left = iterations;
    while left > 0 {
        let portion = left.min(at_a_time);
        run(portion);
        left -= portion;
    }
}

/// Drives a future to its end on a runtime of the user's.
pub(super) type BlockOn<'a> = dyn Fn(Pin<&mut dyn Future<Output = ()>>) + 'a;

/// An async function; all iterations of a sample run within one entry into the
/// runtime, which is not timed.
pub(super) struct AsyncRoutine<'a, F> {
    function: F,
    block_on: &'a BlockOn<'a>,
    stopwatch: Stopwatch,
}

impl<'a, F> AsyncRoutine<'a, F> {
    pub(super) fn new(function: F, block_on: &'a BlockOn<'a>) -> Self {
        Self {
            function,
            block_on,
            stopwatch: Stopwatch::new(),
        }
    }
}

impl<F: FnMut() -> Fut, Fut: Future> Routine for AsyncRoutine<'_, F> {
    fn sample(&mut self, iterations: u64) -> Sample {
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

/// A function that says itself what so many iterations took.
#[cfg(feature = "criterion")]
pub(super) struct CustomRoutine<F>(pub(super) F);

#[cfg(feature = "criterion")]
impl<F: FnMut(u64) -> Duration> Routine for CustomRoutine<F> {
    fn sample(&mut self, iterations: u64) -> Sample {
        Sample {
            wall_ns: (self.0)(iterations).as_nanos() as f64,
            ..Sample::default()
        }
    }
}

/// An async function that uses up an input, as [`InputRoutine`] and [`AsyncRoutine`].
#[cfg(feature = "criterion")]
pub(super) struct AsyncInputRoutine<'a, M, F> {
    make: M,
    function: F,
    block_on: &'a BlockOn<'a>,
    pub(super) at_a_time: Box<dyn Fn(u64) -> u64>,
    stopwatch: Stopwatch,
}

#[cfg(feature = "criterion")]
impl<'a, M, F> AsyncInputRoutine<'a, M, F> {
    pub(super) fn new(make: M, function: F, block_on: &'a BlockOn<'a>) -> Self {
        Self {
            make,
            function,
            block_on,
            at_a_time: Box::new(|_| MOST_AT_A_TIME),
            stopwatch: Stopwatch::new(),
        }
    }
}

#[cfg(feature = "criterion")]
impl<I, M, F, Fut> Routine for AsyncInputRoutine<'_, M, F>
where
    M: FnMut() -> I,
    F: FnMut(I) -> Fut,
    Fut: Future,
{
    fn sample(&mut self, iterations: u64) -> Sample {
        let most = (self.at_a_time)(iterations);
        let Self {
            make,
            function,
            block_on,
            stopwatch,
            ..
        } = self;
        {
            let work = pin!(async {
                let (mut portions, mut inputs, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
                in_portions(iterations, most, |portion| portions.push(portion));
                for portion in portions {
                    inputs.extend((0..portion).map(|_| make()));
                    outputs.reserve(portion as usize);
                    let start = stopwatch.start();
                    for input in inputs.drain(..) {
                        outputs.push(black_box(function(black_box(input)).await));
                    }
                    stopwatch.stop(&start);
                    outputs.clear();
                }
            });
            block_on(work);
        }
        stopwatch.finish()
    }
}

/// How often a sample is repeated while calibrating, of which the shortest counts; once
/// where it takes far longer than the target.
const REPEATS: usize = 2;

/// How many iterations take about `target`, and nanoseconds of one. Runs for some
/// times the target, or for two iterations that take far longer.
pub(super) fn calibrate(routine: &mut dyn Routine, target: Duration) -> (u64, f64) {
    let target_ns = target.as_nanos() as f64;
    let mut iterations = 1_u64;
    loop {
        let mut ns = routine.sample(iterations).wall_ns;
        // The first call finds cold caches or makes what all others use, and any
        // may be interrupted.
        for repeat in 0..REPEATS {
            let is_far_too_long = ns > 100.0 * target_ns;
            if ns >= target_ns / 4.0 && (repeat == 0 || !is_far_too_long) {
                ns = ns.min(routine.sample(iterations).wall_ns);
            }
        }
        let each_ns = ns / iterations as f64;
        if ns >= target_ns / 4.0 {
            let wanted = (target_ns / each_ns).round().max(1.0);
            return (wanted as u64, each_ns);
        }
        // A sample that the optimiser left nothing of takes no time at all.
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
        let mut routine = InputRoutine::new(
            || Noisy(Rc::clone(&dropped)),
            |input: Noisy| {
                let mut seen = dropped_at_call.take();
                seen.push(dropped.get());
                dropped_at_call.set(seen);
                input
            },
            NoFailures,
        );
        routine.sample(MOST_AT_A_TIME + 2);
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
        let sample = PlainRoutine::checked(&mut third_fails, ErrIsFailure).sample(9);
        assert_eq!(sample.failures, 3);
        let mut texts = || -> Result<String, String> { Err("no".to_owned()) };
        assert_eq!(
            PlainRoutine::checked(&mut texts, ErrIsFailure)
                .sample(1500)
                .failures,
            1500
        );
    }

    #[test]
    fn allocations_of_the_function_are_counted_and_no_others() {
        let mut plain = PlainRoutine::new(|| black_box(vec![0_u8; 100]));
        let memory = plain.sample(2500).memory.unwrap();
        assert_eq!(
            (memory.allocations, memory.allocated_bytes),
            (2500, 250_000)
        );
        let mut sorted =
            InputRoutine::new(|| vec![3, 1, 2], |mut v: Vec<i32>| v.sort(), NoFailures);
        assert_eq!(sorted.sample(50).memory.unwrap().allocations, 0);
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
        let mut routine = AsyncRoutine::new(
            || async {
                tokio::task::yield_now().await;
                calls.set(calls.get() + 1);
            },
            &block_on,
        );
        let sample = routine.sample(20);
        assert_eq!((entries.get(), calls.get()), (1, 20));
        assert!(sample.wall_ns > 0.0);
    }

    #[test]
    fn calibration_fills_the_target_whatever_the_first_call_takes() {
        /// Nanoseconds of an iteration, those that the first sample takes beside
        /// them, and how many iterations there were.
        struct Takes(f64, f64, u64);
        impl Routine for Takes {
            fn sample(&mut self, iterations: u64) -> Sample {
                self.2 += iterations;
                Sample {
                    wall_ns: self.0 * iterations as f64 + std::mem::take(&mut self.1),
                    ..Sample::default()
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

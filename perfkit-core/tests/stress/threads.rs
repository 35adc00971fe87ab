//! Sixteen threads record on the same operations.
//!
//! All threads of a monitor share its clock, so a thread that moved it would
//! lengthen the calls of the others by chance. Three ways to know every value
//! all the same:
//!
//! - Timers: the clock moves only while no thread begins or ends a timer. All
//!   begin some, the clock moves, all begin more, the clock moves, all end all,
//!   at once.
//! - A clock that stands still: every time is 0 ns, and what differs is how many
//!   items a call declares.
//! - Memory: what a call allocates is counted for its thread alone, and kept as
//!   a distribution like time.

use std::array;
use std::fmt;
use std::hint::black_box;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use perfkit::histogram::Histogram;
use perfkit::{Calls, MockClock, Monitor, Operation, Timer, measure};

use super::{assert_exact, operation, scale, under_watch};

const THREADS: u64 = 16;

/// The calls of each thread in each test: with four tests, two million in all.
fn calls() -> u64 {
    31_256 * scale()
}

/// A monitor whose clock is set by hand, and whose last period is longer than
/// any of these tests.
fn on_mock_clock() -> (Monitor, MockClock) {
    let clock = MockClock::new();
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .last_period(Duration::from_secs(1_000_000))
        .build();
    (monitor, clock)
}

fn successes(success: u64) -> Calls {
    Calls::NONE.with_success(success)
}

/// How many calls each thread has ended. On cache lines of their own: what is
/// tested is whether the recorder is right where threads do not wait for each
/// other.
struct Progress([Ended; THREADS as usize]);

#[derive(Default)]
#[repr(align(128))]
struct Ended(AtomicU64);

impl Progress {
    fn none() -> Self {
        Self(array::from_fn(|_| Ended::default()))
    }

    fn all(&self) -> u64 {
        let ended = self.0.iter();
        ended.map(|ended| ended.0.load(Ordering::Acquire)).sum()
    }
}

/// Runs the call so many times on every thread, with the thread's number and the
/// call's.
fn on_every_thread(progress: &Progress, calls: u64, call: impl Fn(u64, u64) + Sync) {
    let call = &call;
    thread::scope(|scope| {
        for (thread, ended) in (0..).zip(&progress.0) {
            scope.spawn(move || {
                for number in 0..calls {
                    call(thread, number);
                    ended.0.store(number + 1, Ordering::Release);
                }
            });
        }
    });
}

#[test]
fn calls_of_a_kept_handle_are_exact() {
    let (monitor, _clock) = on_mock_clock();
    let kept = monitor.operation("kept");
    let with_items = [1, 10, 100, 1000].map(|items| kept.clone().items(items));
    let other = monitor.operation("other");
    let progress = Progress::none();
    under_watch(
        &monitor,
        || progress.all(),
        || {
            on_every_thread(&progress, calls(), |thread, call| match call % 8 {
                0..4 => with_items[(call % 4) as usize].measure(|| ()),
                4..7 => kept.measure(|| ()),
                _ => other.clone().bytes(thread).measure(|| ()),
            });
        },
    );
    let each = THREADS * calls() / 8;
    let kept = operation(&monitor, "kept");
    assert_only_zeros(&kept.lifetime, 7 * each);
    let items = kept.lifetime.items().unwrap();
    assert_eq!((items.count, items.sum), (4 * each, (1111 * each) as f64));
    assert_eq!((items.min, items.max), (Some(1.0), Some(1000.0)));
    assert_eq!(kept.last_calls.calls, successes(1000));
    assert_eq!(kept.last_period.calls, successes(7 * each));
    let other = operation(&monitor, "other");
    assert_only_zeros(&other.lifetime, each);
    let bytes = other.lifetime.bytes().unwrap();
    let sum = calls() / 8 * (0..THREADS).sum::<u64>();
    assert_eq!((bytes.count, bytes.sum), (each, sum as f64));
}

fn assert_only_zeros(window: &perfkit::WindowSnapshot, count: u64) {
    let mut zeros = Histogram::new();
    zeros.record_n(0, count);
    assert_eq!(window.calls, successes(count));
    assert_exact(window, "execution_time", &zeros);
    let own = window.self_time().unwrap();
    assert_eq!((own.count, own.sum), (count, 0.0));
}

/// From a single byte to what is still taken from the heap.
const SIZES: [usize; 8] = [1, 24, 255, 256, 300, 4_097, 40_000, 100_003];

#[test]
fn distributions_of_what_each_thread_allocates_are_exact() {
    let (monitor, _clock) = on_mock_clock();
    let fill = monitor.operation("fill").memory();
    let progress = Progress::none();
    under_watch(
        &monitor,
        || progress.all(),
        || {
            on_every_thread(&progress, calls(), |thread, call| {
                let size = SIZES[((thread + call) % 8) as usize];
                fill.measure(|| drop(black_box(Vec::<u8>::with_capacity(size))));
            });
        },
    );
    let mut expected = Histogram::new();
    for size in SIZES {
        expected.record_n(size as u64, THREADS * calls() / 8);
    }
    let fill = operation(&monitor, "fill").lifetime;
    assert_only_zeros(&fill, expected.count());
    assert_exact(&fill, "allocated", &expected);
    assert_exact(&fill, "peak_growth", &expected);
    let allocations = fill.allocations().unwrap();
    assert_eq!(allocations.sum, expected.count() as f64);
    assert_eq!(fill.net_growth().unwrap().sum, 0.0);
}

struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

#[measure(name = "stress plain")]
fn plain(number: u64) -> u64 {
    black_box(number)
}

#[measure(name = "stress judged", throughput(items = number))]
fn judged(number: u64) -> Result<u64, Refused> {
    if number.is_multiple_of(8) {
        Err(Refused)
    } else {
        Ok(number)
    }
}

static STILL: LazyLock<Monitor> = LazyLock::new(|| Monitor::with_clock(MockClock::new()));

#[measure(name = "stress still", monitor = STILL)]
fn still() {}

#[test]
fn calls_of_measured_functions_are_exact() {
    let progress = Progress::none();
    under_watch(
        Monitor::global(),
        // A half of them go to a monitor of their own.
        || (progress.all() / 2).saturating_sub(THREADS),
        || {
            on_every_thread(&progress, calls(), |_, call| match call % 4 {
                0 => drop(plain(call)),
                2 => drop(judged(call / 4)),
                _ => still(),
            });
        },
    );
    let each = THREADS * calls() / 4;
    let global = perfkit::snapshot();
    let plain = &global.operation("stress plain").unwrap().lifetime;
    assert_eq!(plain.calls, successes(each));
    assert_eq!(plain.execution_time().unwrap().count, each);
    is_judged_right(global.operation("stress judged").unwrap());
    let still = operation(&STILL, "stress still").lifetime;
    assert_only_zeros(&still, 2 * each);
}

fn is_judged_right(judged: &perfkit::OperationSnapshot) {
    let numbers = calls() / 4;
    let of_success = (0..numbers).filter(|number| number % 8 != 0);
    let success = THREADS * of_success.clone().count() as u64;
    let failure = THREADS * numbers - success;
    let expected = successes(success).with_failure(failure);
    assert_eq!(judged.lifetime.calls, expected);
    let items = judged.lifetime.items().unwrap();
    let sum = THREADS * of_success.sum::<u64>();
    assert_eq!((items.count, items.sum), (success, sum as f64));
    assert_eq!(judged.errors.len(), 1);
    assert_eq!(judged.errors[0].count, failure);
    assert_eq!(judged.errors[0].last_text, "refused");
}

/// Timers that a thread begins at once; two lots of them are open at a time.
const LOT: u64 = 640;

/// Of eight timers one fails and one is thrown away.
const OF_A_LOT: Calls = Calls::NONE.with_success(LOT / 8 * 6).with_failure(LOT / 8);

fn rounds() -> u64 {
    28 * scale()
}

/// How far the clock moves twice in a round: from a nanosecond to 50 ms.
fn steps_ns(round: u64) -> [u64; 2] {
    let step = |number: u64| 1 + (number * number * number * 7_919) % 50_000_000;
    [step(2 * round), step(2 * round + 1)]
}

#[test]
fn timers_that_sixteen_threads_end_at_once_are_exact() {
    let (monitor, clock) = on_mock_clock();
    let held = monitor.operation("held");
    under_watch(
        &monitor,
        || 0,
        || hold_and_end_on_every_thread(&held, &clock),
    );
    let (stopped, failed) = expected_of_timers();
    let after = operation(&monitor, "held");
    let calls = successes(stopped.count()).with_failure(failed.count());
    assert_eq!(after.lifetime.calls, calls);
    assert_eq!(after.last_period.calls, calls);
    assert_exact(&after.lifetime, "execution_time", &stopped);
    let failure_time = after.lifetime.failure_time().unwrap();
    assert_eq!(failure_time.count, failed.count());
    assert_eq!(failure_time.sum, failed.sum() as f64);
    assert_eq!(after.last_calls.count(), 1000);
    let of_period = after.last_period.execution_time().unwrap();
    assert_eq!(of_period.sum, stopped.sum() as f64);
    assert_eq!(after.errors[0].count, failed.count());
    these_are_the_last_calls(&monitor, &clock, &held);
}

/// After everything that the threads recorded, a thousand calls of this one are
/// the last thousand.
fn these_are_the_last_calls(monitor: &Monitor, clock: &MockClock, held: &Operation) {
    for ns in 1..=1000 {
        held.measure(|| clock.advance(Duration::from_nanos(ns)));
    }
    let last = operation(monitor, "held").last_calls;
    assert_eq!(last.calls, successes(1000));
    let time = last.execution_time().unwrap();
    assert_eq!(time.sum, 500_500.0);
    assert_eq!((time.min, time.median), (Some(1.0), Some(500.0)));
    assert_eq!((time.p99_9, time.max), (Some(999.0), Some(1000.0)));
}

fn expected_of_timers() -> (Histogram, Histogram) {
    let (mut stopped, mut failed) = (Histogram::new(), Histogram::new());
    for round in 0..rounds() {
        let [first, second] = steps_ns(round);
        for ns in [first + second, second] {
            stopped.record_n(ns, THREADS * OF_A_LOT.success);
            failed.record_n(ns, THREADS * OF_A_LOT.failure);
        }
    }
    (stopped, failed)
}

fn hold_and_end_on_every_thread(held: &Operation, clock: &MockClock) {
    thread::scope(|scope| {
        let (seats, stage): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| seat()).unzip();
        for seat in seats {
            scope.spawn(move || hold_and_end(held, &seat));
        }
        let stage = Stage(stage);
        for ns in (0..rounds()).flat_map(steps_ns) {
            stage.when_all_wait(|| clock.advance(Duration::from_nanos(ns)));
        }
    });
}

fn hold_and_end(held: &Operation, seat: &Seat) {
    for _ in 0..rounds() {
        let early = begin(held);
        seat.wait();
        let late = begin(held);
        seat.wait();
        end(early);
        end(late);
    }
}

fn begin(held: &Operation) -> Vec<Timer> {
    (0..LOT).map(|_| held.start()).collect()
}

fn end(timers: Vec<Timer>) {
    for (number, timer) in timers.into_iter().enumerate() {
        match number % 8 {
            0 => timer.fail("refused", "by the test"),
            1 => timer.discard(),
            2 => drop(timer),
            _ => timer.stop(),
        }
    }
}

/// Where a thread waits for the others. Unlike a barrier it fails when one of
/// them panicked.
struct Seat {
    waits: Sender<()>,
    go: Receiver<()>,
}

impl Seat {
    fn wait(&self) {
        self.waits.send(()).unwrap();
        self.go.recv().unwrap();
    }
}

struct Stage(Vec<(Receiver<()>, Sender<()>)>);

impl Stage {
    fn when_all_wait(&self, act: impl FnOnce()) {
        for (waits, _) in &self.0 {
            waits.recv().unwrap();
        }
        act();
        for (_, go) in &self.0 {
            go.send(()).unwrap();
        }
    }
}

fn seat() -> (Seat, (Receiver<()>, Sender<()>)) {
    let (waits, is_waiting) = channel();
    let (may_go, go) = channel();
    (Seat { waits, go }, (is_waiting, may_go))
}

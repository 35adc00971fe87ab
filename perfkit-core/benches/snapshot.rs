//! How long a snapshot of a hundred operations on eight threads takes, and what
//! the threads that record lose meanwhile.
//!
//! ```console
//! $ cargo bench --bench snapshot
//! ```
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and its threads do not panic"
)]

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use perfkit::{Monitor, Operation};

const OPERATIONS: usize = 100;
const THREADS: usize = 8;
const SNAPSHOTS: usize = 300;
/// How often each thread calls each operation before the snapshots begin.
const CALLS: u64 = 200;
/// How long the writers are counted, without snapshots and with them.
const PHASE: Duration = Duration::from_secs(2);
/// How often one is taken while the writers are counted.
const PAUSE: Duration = Duration::from_millis(100);

fn main() {
    // `cargo test --benches` runs benchmarks too, to see that they can be run.
    if std::env::args().all(|argument| argument != "--bench") {
        return;
    }
    let monitor = Monitor::new();
    let operations: Vec<Operation> = (0..OPERATIONS)
        .map(|number| monitor.operation(&format!("operation {number}")))
        .collect();
    let (is_over, may_write) = (AtomicBool::new(false), Barrier::new(THREADS + 1));
    let calls = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                (0..CALLS).for_each(|round| call_all(&operations, round));
                // The shards stay with their threads.
                may_write.wait();
                may_write.wait();
                while !is_over.load(Ordering::Relaxed) {
                    call_all(&operations, 0);
                    calls.fetch_add(OPERATIONS as u64, Ordering::Relaxed);
                }
            });
        }
        may_write.wait();
        let median = median_ms(&monitor);
        println!(
            "a snapshot of {OPERATIONS} operations on {THREADS} threads: {median:.2} ms (median of {SNAPSHOTS})"
        );
        may_write.wait();
        let without = rate(&calls, || ());
        let with = rate(&calls, || drop(black_box(monitor.snapshot())));
        is_over.store(true, Ordering::Relaxed);
        let (share, pause) = (with / without, PAUSE.as_millis());
        println!(
            "calls recorded meanwhile: {:.1} million/s; with a snapshot each {pause} ms {:.1} million/s, {share:.3} times as many",
            without / 1e6,
            with / 1e6,
        );
    });
}

/// Calls that take different times, up to a microsecond or so.
fn call_all(operations: &[Operation], round: u64) {
    for operation in operations {
        operation.measure(|| {
            let mut value = round;
            for _ in 0..round * 7 % 300 {
                value = black_box(value.wrapping_mul(3));
            }
            value
        });
    }
}

fn median_ms(monitor: &Monitor) -> f64 {
    let mut times: Vec<Duration> = (0..SNAPSHOTS)
        .map(|_| {
            let start = Instant::now();
            black_box(monitor.snapshot());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[SNAPSHOTS / 2].as_secs_f64() * 1e3
}

/// How many calls a second are recorded while something is done again and again.
fn rate(calls: &AtomicU64, mut meanwhile: impl FnMut()) -> f64 {
    let (start, before) = (Instant::now(), calls.load(Ordering::Relaxed));
    while start.elapsed() < PHASE {
        meanwhile();
        thread::sleep(PAUSE);
    }
    let counted = calls.load(Ordering::Relaxed) - before;
    counted as f64 / start.elapsed().as_secs_f64()
}

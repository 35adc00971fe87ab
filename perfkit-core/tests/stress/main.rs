//! Masses of calls, from many threads at once and ending in every way, while
//! another thread takes one snapshot after the other: no call is lost or counted
//! twice, and no snapshot contradicts itself or takes back what an earlier one
//! said.
//!
//! Some two million calls are recorded by default, in a few seconds. A hundred
//! million, best with optimisation, are recorded with
//!
//! ```console
//! $ PERFKIT_STRESS=long cargo test --release --package perfkit-core --test stress
//! ```
//!
//! Every value is known beforehand, although the order of the threads is not:
//! see `threads.rs`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

mod clock_steps;
mod endings;
mod thread_ends;
mod threads;

#[path = "../watch/mod.rs"]
mod watch;

use std::env::{self, VarError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use perfkit::histogram::Histogram;
use perfkit::{CountingAllocator, Monitor, OperationSnapshot, WindowSnapshot};

use watch::Watch;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// How many times as much is recorded as by default.
fn scale() -> u64 {
    match env::var("PERFKIT_STRESS") {
        Err(VarError::NotPresent) => 1,
        Ok(text) if text == "long" => 50,
        other => panic!("PERFKIT_STRESS is {other:?}, and known is `long`"),
    }
}

/// Runs the work while another thread takes snapshots. Each of them must have
/// at least as many calls as `ended` said before it was taken.
fn under_watch(monitor: &Monitor, ended: impl Fn() -> u64 + Sync, work: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut watch = Watch::default();
            loop {
                let is_last = is_over.load(Ordering::Acquire);
                let ended = ended();
                let snapshot = monitor.snapshot();
                let counts = snapshot.operations.iter();
                let shown: u64 = counts.map(|operation| operation.lifetime.count()).sum();
                assert!(shown >= ended, "{ended} calls had ended, {shown} are shown");
                watch.see(&snapshot);
                if is_last {
                    break;
                }
            }
        });
        let _over = SetOnDrop(&is_over);
        work();
    });
}

/// So that the watch ends when the work panics, too.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn operation(monitor: &Monitor, name: &str) -> OperationSnapshot {
    monitor.snapshot().operation(name).unwrap().clone()
}

/// The metric has exactly the values of the expected histogram.
fn assert_exact(window: &WindowSnapshot, metric: &str, expected: &Histogram) {
    let summary = window.metric(metric).unwrap();
    let histogram = summary.histogram.as_ref().unwrap();
    let recorded: Vec<_> = histogram.recorded().collect();
    assert_eq!(recorded, expected.recorded().collect::<Vec<_>>());
    assert_eq!(histogram, expected);
    assert_eq!(summary.count, expected.count());
    assert_eq!(summary.sum, expected.sum() as f64);
}

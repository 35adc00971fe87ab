//! A number that nobody holds to anything is looked at once. A budget is a bound on it, in a
//! file beside the code, and a gate says whether a report keeps it: by the exit code, so
//! that CI can stop. Bound what users feel (the 95th percentile, the share that succeeds) rather
//! than a mean, warn before the bound is reached, and let a value that nobody measured be no
//! pass.
//!
//! The knob: how calls are spread. Where all take as long, a bound on the mean finds what a bound
//! on a percentile finds; where few are slow, it finds nothing.
//!
//! In production, watch the same numbers as in CI: `perfkit-patterns gate FILES` holds
//! reports of Lighthouse, k6, redis-benchmark and of the gallery to its
//! `perfkit.toml`, which has the budgets of the notes: a page in 2 s and its first byte in
//! 100 ms, hit rate above 95 %, 99.99 % of calls succeed, a heap below 300 MB with warnings at 80
//! and 90 %. A budget that is never near its bound is too loose to find anything.

use std::time::Duration;

use perfkit::budget::Budget;
use perfkit::unit::Unit;
use perfkit::{MockClock, Monitor, Snapshot};

use crate::{Amounts, Error, Lab, Lesson, Question, memory_of};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 21,
    name: "budgets",
    title: "Budgets that a gate holds reports to",
    source: include_str!("21_budgets.rs"),
    measure,
};

/// The budgets of the notes, as they stand in `examples/patterns/perfkit.toml`.
pub const BUDGETS: &str = include_str!("../../perfkit.toml");

const API: &str = "api";

/// What is recorded of ten thousand calls of a service: in every hundred, so many take this long,
/// and the others 20 ms.
#[must_use]
pub fn service(slow: u64, takes: Duration) -> Snapshot {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for call in 0..10_000 {
        let is_slow = call % 100 < slow;
        let takes = if is_slow {
            takes
        } else {
            Duration::from_millis(20)
        };
        monitor.measure(API, || clock.advance(takes));
    }
    monitor.snapshot()
}

/// Wrong: the mean is below 100 ms.
#[must_use]
pub fn by_mean() -> Budget {
    Budget::of(API).mean(Duration::from_millis(100))
}

/// Right: 95 in 100 calls are.
#[must_use]
pub fn by_percentile() -> Budget {
    Budget::of(API).p95(Duration::from_millis(100))
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let seconds = Duration::from_secs_f64;
    for (what, slow, takes, holds) in [
        (
            "8 of 100 calls take 600 ms",
            8,
            seconds(0.6),
            "few calls are slow: the others hide them in the mean",
        ),
        (
            "all calls take 150 ms",
            100,
            seconds(0.15),
            "never: a mean of equal calls is each of them",
        ),
    ] {
        let snapshot = service(slow, takes);
        let kept = |budget: Budget| u64::from(budget.check(&snapshot).is_ok());
        let missed = Amounts::Count([kept(by_mean()), kept(by_percentile())]);
        let forms = ["a bound on the mean", "a bound on p95"];
        lab.counted(Question::of(what, holds), forms, "missed", missed)?;
    }
    // What the gallery's own report holds to the budget of the heap.
    let (_, memory) = memory_of(|| service(8, seconds(0.6)));
    let heap = lab.monitor.gauge("heap").unit(Unit::Bytes);
    heap.set(memory.peak_bytes as f64);
    Ok(())
}

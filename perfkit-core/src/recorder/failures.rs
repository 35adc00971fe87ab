//! The calls of a shard that did not succeed.

use crate::outcome::Ending;

use super::sample::Quantity;
use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release, add, widen};
use super::tally::{Tally, extent, only_totals};

/// How many there were, and how long they took.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) failure: AtomicU64,
    pub(super) panic: AtomicU64,
    pub(super) cancelled: AtomicU64,
    /// Calls within others of the operation, and those that are not timed.
    pub(super) without_time: AtomicU64,
    pub(super) sum: AtomicU64,
    pub(super) min: AtomicU64,
    pub(super) max: AtomicU64,
}

impl Failures {
    /// Counts a call that did not succeed, and its duration if it has one. The
    /// count comes last, so that a reader which sees it sees the rest.
    pub(super) fn count(&self, ending: Ending, duration: Option<u64>) {
        match duration {
            Some(duration) => {
                add(&self.sum, duration);
                widen(&self.min, &self.max, duration);
            }
            None => add(&self.without_time, 1),
        }
        let count = match ending {
            Ending::Success => return,
            Ending::Failure => &self.failure,
            Ending::Panic => &self.panic,
            Ending::Cancelled => &self.cancelled,
        };
        count.store(count.own().saturating_add(1), Release);
    }

    pub(super) fn read(&self, tally: &mut Tally) {
        let calls = &mut tally.calls;
        calls.failure = self.failure.load(Acquire);
        calls.panic = self.panic.load(Acquire);
        calls.cancelled = self.cancelled.load(Acquire);
        let failed = [calls.failure, calls.panic, calls.cancelled];
        let failed = failed.into_iter().fold(0, u64::saturating_add);
        let mut time = extent(&self.sum, &self.min, &self.max);
        time.count = failed.saturating_sub(self.without_time.load(Relaxed));
        tally.set(Quantity::FailureTime, only_totals(time));
    }
}

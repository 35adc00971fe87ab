//! The calls of a shard that did not succeed.

use crate::outcome::Ending;

use super::extent::Extent;
use super::sample::{Quantity, signed};
use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release, add};
use super::tally::{Tally, only_totals};

/// How many there were, and how long they took.
#[derive(Debug, Default)]
pub(super) struct Failures {
    failure: AtomicU64,
    panic: AtomicU64,
    cancelled: AtomicU64,
    /// Calls within others of the operation, and those that are not timed.
    without_time: AtomicU64,
    pub(super) time: Extent,
}

impl Failures {
    /// Counts a call that did not succeed, and its duration if it has one. The
    /// count comes last, so that a reader which sees it sees the rest.
    pub(super) fn count(&self, ending: Ending, duration: Option<u64>) {
        match duration {
            Some(duration) => self.time.add(signed(duration)),
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
        let timed = failed.saturating_sub(self.without_time.load(Relaxed));
        let time = self.time.totals(timed);
        tally.set(Quantity::FailureTime, only_totals(time));
    }

    /// Back to zero. Nobody else may use the failures meanwhile.
    pub(super) fn clear(&self) {
        let counts = [
            &self.failure,
            &self.panic,
            &self.cancelled,
            &self.without_time,
        ];
        counts.map(|count| count.store(0, Relaxed));
        self.time.clear();
    }
}

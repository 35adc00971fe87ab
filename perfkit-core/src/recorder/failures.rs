//! The calls of a shard that did not succeed.

use crate::outcome::Ending;

use super::extent::Extent;
use super::sample::{Quantity, signed};
use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release, add};
use super::tally::{Tally, only_totals};

/// How many there were, and how long they took.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// By how they ended; those that succeeded are counted elsewhere.
    counts: [AtomicU64; Ending::ALL.len()],
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
        let count = &self.counts[ending as usize];
        count.store(count.own().saturating_add(1), Release);
    }

    /// The sum of two numbers and of how many there were of any kind.
    pub(super) fn sum(&self, numbers: [u64; 2]) -> u64 {
        let counts = self.counts.iter().map(|count| count.load(Relaxed));
        counts.chain(numbers).fold(0, u64::wrapping_add)
    }

    /// Whether one took so long or longer. For the one thread that writes.
    pub(super) fn have_longer(&self, duration: u64) -> bool {
        self.time.reaches(signed(duration))
    }

    pub(super) fn read(&self, tally: &mut Tally) {
        let counts = self.counts.each_ref();
        let [_, failed @ ..] = counts.map(|count| count.load(Acquire));
        let calls = &mut tally.calls;
        [calls.failure, calls.panic, calls.cancelled] = failed;
        let failed = failed.into_iter().fold(0, u64::saturating_add);
        let timed = failed.saturating_sub(self.without_time.load(Relaxed));
        let time = self.time.totals(timed);
        tally.set(Quantity::FailureTime, only_totals(time));
    }

    /// Back to zero. Nobody else may use the failures meanwhile.
    pub(super) fn clear(&self) {
        let counts = self.counts.iter().chain([&self.without_time]);
        counts.for_each(|count| count.store(0, Relaxed));
        self.time.clear();
    }
}

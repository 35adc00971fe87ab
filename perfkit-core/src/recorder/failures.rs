//! The calls of a shard that did not succeed.

use crate::outcome::Ending;

use super::counts::bucket_of;
use super::extent::Extent;
use super::sample::{Quantity, signed};
use super::sparse_counts::SparseCounts;
use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release};
use super::tally::{Series, Tally, joined};

/// The ways to end without success, as they are counted here.
const ENDINGS: [Ending; 3] = [Ending::Failure, Ending::Panic, Ending::Cancelled];

/// How many there were, and how long they took. A call is counted where its time is, or
/// among those without one, and nowhere else: so no two counts can disagree.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// By how they ended.
    times: [SparseCounts; ENDINGS.len()],
    /// Calls within others of the operation, and those that are not timed.
    without_time: [AtomicU64; ENDINGS.len()],
    pub(super) extent: Extent,
}

impl Failures {
    /// Counts a call that did not succeed, and its duration if it has one. The
    /// count comes last, so that a reader which sees it sees the rest.
    pub(super) fn count(&self, ending: Ending, duration: Option<u64>) {
        let Some(at) = ENDINGS.iter().position(|known| *known == ending) else {
            return;
        };
        let Some(duration) = duration else {
            let count = &self.without_time[at];
            return count.store(count.own().saturating_add(1), Release);
        };
        self.extent.add(signed(duration));
        self.times[at].add_one(bucket_of(duration));
    }

    /// Counts a failure that is neither longer than all before nor without a time.
    #[inline]
    pub(super) fn count_failure(&self, duration: u64) {
        let [failures, ..] = &self.times;
        self.extent.add(signed(duration));
        failures.add_one(bucket_of(duration));
    }

    /// The sum of two numbers and of how many there were without a time.
    pub(super) fn sum(&self, numbers: [u64; 2]) -> u64 {
        let counts = self.without_time.iter().map(|count| count.load(Relaxed));
        counts.chain(numbers).fold(0, u64::wrapping_add)
    }

    /// Whether one took so long or longer. For the one thread that writes.
    pub(super) fn have_longer(&self, duration: u64) -> bool {
        self.extent.reaches(signed(duration))
    }

    pub(super) fn read(&self, tally: &mut Tally) {
        let (mut buckets, mut timed) = (Vec::new(), 0_u64);
        for (at, ending) in ENDINGS.into_iter().enumerate() {
            let (of_ending, count) = self.times[at].read();
            let without_time = self.without_time[at].load(Acquire);
            tally.calls.add(ending, count.saturating_add(without_time));
            buckets = joined(&buckets, &of_ending, |all, more| all + more);
            timed = timed.saturating_add(count);
        }
        let totals = self.extent.totals(timed);
        tally.set(Quantity::FailureTime, Series { totals, buckets });
    }

    /// Back to zero. Nobody else may use the failures meanwhile.
    pub(super) fn clear(&self) {
        self.times.iter().for_each(SparseCounts::clear);
        for count in &self.without_time {
            count.store(0, Relaxed);
        }
        self.extent.clear();
    }
}

//! How many values fell into each bucket, counted by one thread and read by any.
//!
//! A count is 64 bits wide in two halves, so that the fast path writes four bytes:
//! the low half on every call, the high half once in 2³² calls.
//!
//! | order | write | ordering | what a reader may conclude | test |
//! |---|---|---|---|---|
//! | 1 | `lowest`, `highest` ([`Counts::widen_to`]) | `Relaxed` | published by the shard's `timed`: a call that is known lies within the range | `loom::a_reader_loses_and_doubles_nothing` |
//! | 2 | `low[bucket]` | `Release` | all values counted before are in their buckets too | the same |
//! | 3 | `high[bucket]`, when `low` became zero | `Release` | between 2 and 3 the count lacks 2³²: [`Counts::read_whole`] reads again | `a_count_goes_on_beyond_32_bits` |
//! | – | `far`, beyond the near buckets, under a lock | `has_far`: `Release` | who sees `has_far` takes the lock, nobody else does | `loom::values_so_large_that_they_are_under_a_lock_are_not_lost_either` |

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::histogram::bucket;

use super::sync::{Acquire, AtomicU32, Mutex, Own, Relaxed, Release, lock};

/// How many buckets are near: up to 2⁴⁴ ticks, which are hours, or bytes, which
/// are 16 TiB. Larger values are far: they are rare, and counted under a lock.
///
/// There are fewer where every step of the program is followed.
const NEAR: usize = match (cfg!(perfkit_loom), cfg!(miri)) {
    (true, _) => 4,
    (_, true) => 1024,
    _ => 4864,
};

/// How often a reading is made anew that caught a count in the middle of a carry.
/// The model checker has no such counts and would follow each try in every order.
pub(super) const TRIES_IF_TORN: u32 = if cfg!(perfkit_loom) { 1 } else { 8000 };

/// How many buckets a reader looks at together, to pass over empty ones.
const CHUNK: usize = 16;

/// The pending bucket where no call is pending: nothing is counted there.
pub(super) const NO_BUCKET: u32 = u32::MAX;

/// Counts that only grow. The low halves are all that is written but for once in
/// 2³² times; a reader puts both together.
#[derive(Debug, Default)]
pub(super) struct Counts {
    low: Box<[AtomicU32]>,
    high: OnceLock<Box<[AtomicU32]>>,
    far: Mutex<BTreeMap<u16, u64>>,
    /// Whether there are any: few ever take that lock.
    has_far: AtomicU32,
    /// The lowest and the highest bucket that may hold values.
    lowest: AtomicU32,
    highest: AtomicU32,
}

/// A count that has room for one more.
pub(super) struct Room<'a> {
    count: &'a AtomicU32,
    next: u32,
}

impl Room<'_> {
    #[inline(always)]
    pub(super) fn add_one(self) {
        // Whoever sees it sees all that were counted before.
        self.count.store(self.next, Release);
    }
}

/// The bucket of a value.
#[inline(always)]
pub(super) fn bucket_of(value: u64) -> u32 {
    u32::from(bucket::index(value))
}

/// The bucket of a value that is at most [`bucket::HIGHEST`].
#[inline(always)]
pub(super) fn bucket_of_ordinary(value: u64) -> u32 {
    bucket::index_of_low(value)
}

fn zeros(buckets: usize) -> Box<[AtomicU32]> {
    (0..buckets).map(|_| AtomicU32::default()).collect()
}

impl Counts {
    pub(super) const BYTES: usize = NEAR * size_of::<u32>();

    /// All zero.
    pub(super) fn new() -> Self {
        Self {
            low: zeros(NEAR),
            lowest: AtomicU32::new(u32::MAX),
            ..Self::default()
        }
    }

    /// Says that a bucket will hold values, before the call that is in it is told
    /// to readers. For the one thread that writes.
    #[inline]
    pub(super) fn widen_to(&self, bucket: u32) {
        if bucket < self.lowest.own() {
            self.lowest.store(bucket, Relaxed);
        }
        if bucket > self.highest.own() {
            self.highest.store(bucket, Relaxed);
        }
    }

    /// Adds one. For the one thread that writes.
    #[inline]
    pub(super) fn add_one(&self, bucket: u32) {
        let Some(count) = self.low.get(bucket as usize) else {
            self.add_far(bucket);
            return;
        };
        let next = count.own().wrapping_add(1);
        Room { count, next }.add_one();
        if next == 0 {
            self.carry(bucket);
        }
    }

    /// Where one is added to a bucket, if no more has to be written for it. For the one
    /// thread that writes.
    #[inline(always)]
    pub(super) fn room(&self, bucket: u32) -> Option<Room<'_>> {
        let count = self.low.get(bucket as usize)?;
        let next = count.own().wrapping_add(1);
        (next != 0).then_some(Room { count, next })
    }

    #[cold]
    #[inline(never)]
    fn add_far(&self, bucket: u32) {
        if let Ok(bucket) = u16::try_from(bucket) {
            *lock(&self.far).entry(bucket).or_default() += 1;
            self.has_far.store(1, Release);
        }
    }

    #[cold]
    #[inline(never)]
    fn carry(&self, bucket: u32) {
        let high = self.high.get_or_init(|| zeros(NEAR));
        let count = &high[bucket as usize];
        count.store(count.own().wrapping_add(1), Release);
    }

    /// Every bucket that holds values, ascending, and their sum.
    pub(super) fn read(&self) -> (Vec<(u16, u64)>, u64) {
        let mut filled = Vec::with_capacity(64);
        let mut sum = 0;
        let high = self.high.get();
        let first = self.lowest.load(Relaxed) as usize / CHUNK;
        let last = self.highest.load(Relaxed) as usize / CHUNK;
        let chunks = self.low.chunks(CHUNK).enumerate();
        for (number, chunk) in chunks.take(last + 1).skip(first) {
            let mut lows = [0; CHUNK];
            for (low, count) in lows.iter_mut().zip(chunk) {
                *low = count.load(Acquire);
            }
            // Most chunks are empty.
            if high.is_none() && lows.iter().fold(0, |all, low| all | low) == 0 {
                continue;
            }
            for (offset, low) in lows.into_iter().enumerate() {
                let index = number * CHUNK + offset;
                let mut count = u64::from(low);
                if let Some(high) = high.and_then(|high| high.get(index)) {
                    count += u64::from(high.load(Acquire)) << 32;
                }
                if count > 0 {
                    filled.push((index as u16, count));
                    sum += count;
                }
            }
        }
        if self.has_far.load(Acquire) != 0 {
            for (bucket, count) in lock(&self.far).iter() {
                filled.push((*bucket, *count));
                sum += count;
            }
        }
        (filled, sum)
    }

    /// The same, of no fewer values than are known to have been untimed: a reading
    /// in the middle of a carry lacks many.
    pub(super) fn read_whole(&self, known: u64) -> (Vec<(u16, u64)>, u64) {
        let mut reading = self.read();
        for _ in 1..TRIES_IF_TORN {
            if reading.1 >= known {
                break;
            }
            reading = self.read();
        }
        reading
    }

    /// How many values are in a bucket, or fewer in the middle of a carry.
    pub(super) fn of(&self, bucket: u32) -> u64 {
        let Some(low) = self.low.get(bucket as usize) else {
            let far = u16::try_from(bucket).ok();
            return far
                .and_then(|far| lock(&self.far).get(&far).copied())
                .unwrap_or(0);
        };
        let high = self
            .high
            .get()
            .map_or(0, |high| high[bucket as usize].load(Acquire));
        u64::from(high) << 32 | u64::from(low.load(Acquire))
    }

    /// Back to zero. Nobody else may use the counts meanwhile.
    pub(super) fn clear(&self) {
        let high = self.high.get().into_iter().flatten();
        for count in self.low.iter().chain(high) {
            count.store(0, Relaxed);
        }
        lock(&self.far).clear();
        self.has_far.store(0, Relaxed);
        self.lowest.store(u32::MAX, Relaxed);
        self.highest.store(0, Relaxed);
    }

    #[cfg(test)]
    pub(super) fn set_low(&self, bucket: u32, count: u32) {
        self.low[bucket as usize].store(count, Relaxed);
    }
}

/// The count of a bucket that was read, to be changed.
pub(super) fn count_of(buckets: &mut Vec<(u16, u64)>, bucket: u16) -> &mut u64 {
    let found = buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket);
    let at = found.unwrap_or_else(|at| {
        buckets.insert(at, (bucket, 0));
        at
    });
    &mut buckets[at].1
}

/// Raises the count of a bucket to at least the given one; says by how much.
pub(super) fn raise(buckets: &mut Vec<(u16, u64)>, bucket: u16, least: u64) -> u64 {
    if least == 0 {
        return 0;
    }
    let count = count_of(buckets, bucket);
    let lacking = least.saturating_sub(*count);
    *count += lacking;
    lacking
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_count_goes_on_beyond_32_bits() {
        let counts = Counts::new();
        counts.widen_to(7);
        counts.set_low(7, u32::MAX - 1);
        for _ in 0..3 {
            counts.add_one(7);
        }
        let whole = (vec![(7, (1 << 32) + 1)], (1 << 32) + 1);
        assert_eq!(counts.read(), whole);
        assert_eq!(counts.read_whole(1 << 32), whole);
    }

    #[test]
    fn far_values_are_counted_too() {
        let counts = Counts::new();
        let near_bits = if cfg!(miri) { 14 } else { 44 };
        let (near, far) = (bucket_of((1 << near_bits) - 1), bucket_of(u64::MAX));
        assert_eq!(near as usize, NEAR - 1);
        counts.widen_to(near);
        for bucket in [near, far, NO_BUCKET, far] {
            counts.add_one(bucket);
        }
        let expected = vec![(near as u16, 1), (far as u16, 2)];
        assert_eq!(counts.read(), (expected, 3));
        counts.clear();
        assert_eq!(counts.read(), (Vec::new(), 0));
    }
}

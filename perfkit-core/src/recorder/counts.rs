//! How many values fell into each bucket, counted by one thread and read by any.

use std::sync::OnceLock;

use crate::histogram::bucket;

use super::sync::{Acquire, AtomicU32, Relaxed, Release};

/// The largest value that has a bucket of its own: 2⁴⁴ ticks are hours, and that
/// many bytes are 16 TiB. Larger values share the last bucket.
const HIGHEST: u64 = if cfg!(perfkit_loom) { 3 } else { (1 << 44) - 1 };

/// How many buckets are kept.
pub(super) const BUCKETS: usize = if cfg!(perfkit_loom) { 4 } else { 4864 };

/// Counts that only grow. The low halves are all that is written but for once in
/// 2³² times; a reader puts both together.
#[derive(Debug)]
pub(super) struct Counts {
    low: Box<[AtomicU32]>,
    high: OnceLock<Box<[AtomicU32]>>,
}

/// The bucket of a value.
#[inline(always)]
pub(super) fn bucket_of(value: u64) -> u32 {
    u32::from(bucket::index(value.min(HIGHEST)))
}

fn zeros(buckets: usize) -> Box<[AtomicU32]> {
    (0..buckets).map(|_| AtomicU32::new(0)).collect()
}

impl Counts {
    pub(super) const BYTES: usize = (BUCKETS + 1) * size_of::<u32>();

    /// All zero. One bucket more than are read takes what is not to be counted.
    pub(super) fn new() -> Self {
        Self {
            low: zeros(BUCKETS + 1),
            high: OnceLock::new(),
        }
    }

    /// Adds one. For the one thread that writes.
    #[inline(always)]
    pub(super) fn add_one(&self, bucket: u32) {
        let Some(count) = self.low.get(bucket as usize) else {
            return;
        };
        let next = count.load(Relaxed).wrapping_add(1);
        count.store(next, Relaxed);
        if next == 0 {
            self.carry(bucket);
        }
    }

    #[cold]
    #[inline(never)]
    fn carry(&self, bucket: u32) {
        let high = self.high.get_or_init(|| zeros(BUCKETS + 1));
        let count = &high[bucket as usize];
        count.store(count.load(Relaxed).wrapping_add(1), Release);
    }

    /// Every bucket that holds values, ascending, and their sum.
    pub(super) fn read(&self) -> (Vec<(u16, u64)>, u64) {
        let mut filled = Vec::new();
        let mut sum = 0;
        let high = self.high.get();
        for (index, low) in self.low[..BUCKETS].iter().enumerate() {
            let mut count = u64::from(low.load(Relaxed));
            if let Some(high) = high {
                count += u64::from(high[index].load(Acquire)) << 32;
            }
            if count > 0 {
                filled.push((index as u16, count));
                sum += count;
            }
        }
        (filled, sum)
    }

    /// Back to zero. Nobody else may use the counts meanwhile.
    pub(super) fn clear(&self) {
        let high = self.high.get().into_iter().flatten();
        for count in self.low.iter().chain(high) {
            count.store(0, Relaxed);
        }
    }

    #[cfg(test)]
    pub(super) fn set_low(&self, bucket: u32, count: u32) {
        self.low[bucket as usize].store(count, Relaxed);
    }
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_count_goes_on_beyond_32_bits() {
        let counts = Counts::new();
        counts.set_low(7, u32::MAX - 1);
        for _ in 0..3 {
            counts.add_one(7);
        }
        assert_eq!(counts.read(), (vec![(7, (1 << 32) + 1)], (1 << 32) + 1));
    }

    #[test]
    fn the_spare_bucket_is_not_read() {
        let counts = Counts::new();
        counts.add_one(BUCKETS as u32);
        counts.add_one(u32::MAX);
        assert_eq!(counts.read(), (Vec::new(), 0));
        assert_eq!(bucket_of(u64::MAX), BUCKETS as u32 - 1);
        assert_eq!(bucket_of(HIGHEST), BUCKETS as u32 - 1);
    }
}

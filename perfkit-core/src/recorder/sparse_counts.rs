//! How many values fell into each bucket, where few buckets are ever used: counted by one
//! thread and read by any.
//!
//! A chunk of buckets takes memory once a value falls into it. Chunks are as long as the
//! buckets of one power of two are many, so that values of like size need one or two.

use std::sync::OnceLock;

use crate::alloc;

use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release};

/// How many buckets are in a chunk; one where every step of the program is followed.
const CHUNK: usize = if cfg!(perfkit_loom) { 1 } else { 128 };

/// How many chunks hold all buckets.
const CHUNKS: usize = (crate::histogram::bucket::COUNT).div_ceil(CHUNK);

type Chunk = OnceLock<Box<[AtomicU64]>>;

/// Counts that only grow.
#[derive(Debug, Default)]
pub(super) struct SparseCounts {
    chunks: OnceLock<Box<[Chunk]>>,
}

impl SparseCounts {
    /// Adds one. For the one thread that writes. Who sees it sees what was written before.
    pub(super) fn add_one(&self, bucket: u32) {
        let index = bucket as usize;
        let Some(chunk) = self.chunks().get(index / CHUNK) else {
            return;
        };
        let counts = chunk.get_or_init(|| alloc::uncounted(|| zeros(CHUNK)));
        let count = &counts[index % CHUNK];
        count.store(count.own().wrapping_add(1), Release);
    }

    /// What this takes of memory is not the program's call's.
    fn chunks(&self) -> &[Chunk] {
        let make = || (0..CHUNKS).map(|_| OnceLock::new()).collect();
        self.chunks.get_or_init(|| alloc::uncounted(make))
    }

    /// Every bucket that holds values, ascending, and their sum.
    pub(super) fn read(&self) -> (Vec<(u16, u64)>, u64) {
        let (mut filled, mut sum) = (Vec::new(), 0_u64);
        for (number, chunk) in self.chunks.get().into_iter().flatten().enumerate() {
            for (offset, count) in chunk.get().into_iter().flatten().enumerate() {
                let count = count.load(Acquire);
                if count > 0 {
                    filled.push(((number * CHUNK + offset) as u16, count));
                    sum = sum.wrapping_add(count);
                }
            }
        }
        (filled, sum)
    }

    /// Back to zero. Nobody else may use the counts meanwhile.
    pub(super) fn clear(&self) {
        let chunks = self.chunks.get().into_iter().flatten();
        for count in chunks.filter_map(OnceLock::get).flatten() {
            count.store(0, Relaxed);
        }
    }
}

fn zeros(buckets: usize) -> Box<[AtomicU64]> {
    (0..buckets).map(|_| AtomicU64::new(0)).collect()
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;
    use crate::recorder::counts::bucket_of;

    #[test]
    fn every_bucket_has_its_count() {
        let counts = SparseCounts::default();
        assert_eq!(counts.read(), (Vec::new(), 0));
        let buckets = [0, 127, 128, 129, bucket_of(1 << 40), bucket_of(u64::MAX)];
        for (more, &bucket) in buckets.iter().enumerate() {
            (0..=more).for_each(|_| counts.add_one(bucket));
        }
        let filled = buckets.iter().zip(1..).map(|(&b, n)| (b as u16, n));
        assert_eq!(counts.read(), (filled.collect(), 21));
        counts.clear();
        assert_eq!(counts.read(), (Vec::new(), 0));
    }

    #[test]
    fn memory_is_taken_for_what_is_used() {
        let counts = SparseCounts::default();
        for ns in (1_000_000..1_100_000).step_by(1000) {
            counts.add_one(bucket_of(ns));
        }
        let chunks = counts.chunks().iter().filter_map(OnceLock::get);
        assert!(chunks.count() <= 2);
    }
}

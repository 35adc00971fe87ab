//! The iterations of a sample, which several threads share.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::start_gate::Apart;

/// The iterations of each thread are about so many portions: small enough that no thread
/// is left to do its last ones alone, uncontended, and large enough that taking them
/// costs little.
const PORTIONS: u64 = 128;

/// Gives out portions until there are none.
///
/// Every thread that takes as many portions as the others gets equally many iterations,
/// so that functions whose threads wait for each other in each call come to an end.
#[derive(Debug, Default)]
pub(super) struct IterationPool {
    threads: u64,
    /// Of each thread's share.
    portions: AtomicU64,
    size: AtomicU64,
    last_size: AtomicU64,
    taken: Apart<AtomicU64>,
}

impl IterationPool {
    pub(super) fn of(threads: usize) -> Self {
        Self {
            threads: threads as u64,
            ..Self::default()
        }
    }

    /// Fills an empty pool with so many iterations for each thread.
    pub(super) fn fill(&self, iterations: u64) {
        let iterations = iterations.max(1);
        let size = (iterations / PORTIONS).max(1);
        let portions = iterations.div_ceil(size);
        self.size.store(size, Relaxed);
        self.portions.store(portions, Relaxed);
        self.last_size
            .store(iterations - (portions - 1) * size, Relaxed);
        self.taken.0.store(0, Relaxed);
    }

    /// The iterations of the next portion; `None` when all are taken.
    pub(super) fn take(&self) -> Option<u64> {
        let taken = self.taken.0.fetch_add(1, Relaxed);
        let portions = self.portions.load(Relaxed);
        if taken >= self.threads * portions {
            None
        } else if taken >= self.threads * (portions - 1) {
            Some(self.last_size.load(Relaxed))
        } else {
            Some(self.size.load(Relaxed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_iteration_is_taken_once() {
        for (threads, iterations) in [(1, 1), (2, 1), (3, 127), (2, 129), (4, 1000), (8, 77_777)] {
            let pool = IterationPool::of(threads);
            pool.fill(iterations);
            let all: Vec<u64> = std::iter::from_fn(|| pool.take()).collect();
            assert_eq!(all.iter().sum::<u64>(), threads as u64 * iterations);
            assert_eq!(all.len() % threads, 0, "equally many for each");
            assert!(
                all.iter()
                    .all(|size| *size <= iterations.div_ceil(PORTIONS))
            );
            assert_eq!(pool.take(), None);
        }
    }

    #[test]
    fn threads_in_step_do_equally_many() {
        let pool = IterationPool::of(3);
        pool.fill(1000);
        let mut done = [0; 3];
        'all: loop {
            for own in &mut done {
                match pool.take() {
                    Some(portion) => *own += portion,
                    None => break 'all,
                }
            }
        }
        assert_eq!(done, [1000; 3]);
    }
}

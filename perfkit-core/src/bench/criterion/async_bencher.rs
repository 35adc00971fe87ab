//! Futures as what a benchmark measures.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::super::routine::{AsyncInputRoutine, AsyncRoutine, CustomRoutine};
use super::bencher::Bencher;
use super::measurement::{Measurement, WallTime};
use super::settings::BatchSize;

/// Drives futures to their end.
pub trait AsyncExecutor {
    /// Returns what the future does, once it is ready.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;
}

impl<E: AsyncExecutor> AsyncExecutor for &E {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        (**self).block_on(future)
    }
}

#[cfg(feature = "criterion-tokio")]
impl AsyncExecutor for tokio::runtime::Runtime {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.block_on(future)
    }
}

#[cfg(feature = "criterion-tokio")]
impl AsyncExecutor for tokio::runtime::Handle {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.block_on(future)
    }
}

/// As [`Bencher`], of routines that return futures. The runtime is entered once for many
/// iterations, and entering does not count.
#[derive(Debug)]
pub struct AsyncBencher<'a, 'b, A: AsyncExecutor, M: Measurement = WallTime> {
    pub(super) bencher: &'b mut Bencher<'a, M>,
    pub(super) runner: A,
}

impl<'a, M: Measurement> Bencher<'a, M> {
    /// Measures futures, which a runtime drives.
    pub fn to_async<'b, A: AsyncExecutor>(&'b mut self, runner: A) -> AsyncBencher<'a, 'b, A, M> {
        AsyncBencher {
            bencher: self,
            runner,
        }
    }
}

impl<A: AsyncExecutor, M: Measurement> AsyncBencher<'_, '_, A, M> {
    /// Measures a routine.
    #[inline(never)]
    pub fn iter<F: Future>(&mut self, routine: impl FnMut() -> F) {
        let block_on = |future: Pin<&mut dyn Future<Output = ()>>| self.runner.block_on(future);
        self.bencher
            .measure(&mut AsyncRoutine::new(routine, &block_on));
    }

    /// The same: what a future returns is dropped within the time.
    #[inline(never)]
    pub fn iter_with_large_drop<F: Future>(&mut self, routine: impl FnMut() -> F) {
        self.iter(routine);
    }

    /// Measures what the routine says that so many iterations took.
    #[inline(never)]
    pub fn iter_custom<F: Future<Output = Duration>>(&mut self, mut routine: impl FnMut(u64) -> F) {
        let runner = &self.runner;
        let custom = |iterations| runner.block_on(routine(iterations));
        self.bencher.measure(&mut CustomRoutine(custom));
    }

    /// Measures a routine that uses up an input, which is made outside of the time. What it
    /// returns is dropped there too.
    #[inline(never)]
    pub fn iter_batched<I, F: Future>(
        &mut self,
        setup: impl FnMut() -> I,
        routine: impl FnMut(I) -> F,
        size: BatchSize,
    ) {
        let block_on = |future: Pin<&mut dyn Future<Output = ()>>| self.runner.block_on(future);
        let mut batches = AsyncInputRoutine::new(setup, routine, &block_on);
        batches.at_a_time = Box::new(move |iterations| size.of_sample(iterations));
        self.bencher.measure(&mut batches);
    }

    /// As [`iter_batched`](Self::iter_batched), with one input at a time.
    #[inline(never)]
    pub fn iter_with_setup<I, F: Future>(
        &mut self,
        setup: impl FnMut() -> I,
        routine: impl FnMut(I) -> F,
    ) {
        self.iter_batched(setup, routine, BatchSize::PerIteration);
    }
}

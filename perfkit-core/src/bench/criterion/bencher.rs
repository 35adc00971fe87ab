//! Calls what a benchmark measures.

use std::hint::black_box;
use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use super::super::routine::{
    CustomRoutine, InputRoutine, NoFailures, PlainRoutine, Routine, WithRoutine,
};
use super::measurement::{Measurement, WallTime};
use super::settings::BatchSize;

/// What a routine is handed to.
type Serve<'a> = dyn FnMut(&mut dyn Routine) + 'a;

/// Takes what a benchmark measures, by one of its `iter` methods. The first that is called
/// counts.
pub struct Bencher<'a, M: Measurement = WallTime> {
    /// None once it was called.
    serve: Option<&'a mut Serve<'a>>,
    measurement: PhantomData<M>,
}

impl<M: Measurement> std::fmt::Debug for Bencher<'_, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bencher").finish_non_exhaustive()
    }
}

impl<M: Measurement> Bencher<'_, M> {
    /// Measures a routine. What it returns is dropped within the time.
    #[inline(never)]
    pub fn iter<O>(&mut self, mut routine: impl FnMut() -> O) {
        self.measure(&mut PlainRoutine::new(|| {
            black_box(routine());
        }));
    }

    /// The same, where what it returns is dropped outside of the time.
    #[inline(never)]
    pub fn iter_with_large_drop<O>(&mut self, routine: impl FnMut() -> O) {
        self.measure(&mut PlainRoutine::new(routine));
    }

    /// Measures what the routine says that so many iterations took. Nothing else is known of
    /// them: no CPU time and no allocations.
    #[inline(never)]
    pub fn iter_custom(&mut self, routine: impl FnMut(u64) -> Duration) {
        self.measure(&mut CustomRoutine(routine));
    }

    /// Measures a routine that uses up an input, which is made outside of the time. What it
    /// returns is dropped there too.
    #[inline(never)]
    pub fn iter_batched<I, O>(
        &mut self,
        setup: impl FnMut() -> I,
        routine: impl FnMut(I) -> O,
        size: BatchSize,
    ) {
        let inputs = InputRoutine::new(setup, routine, NoFailures);
        self.measure(&mut inputs.at_a_time(move |iterations| size.of_sample(iterations)));
    }

    /// The same of a routine that changes its input.
    #[inline(never)]
    pub fn iter_batched_ref<I, O>(
        &mut self,
        setup: impl FnMut() -> I,
        mut routine: impl FnMut(&mut I) -> O,
        size: BatchSize,
    ) {
        let by_value = |mut input: I| {
            let output = routine(&mut input);
            (output, input)
        };
        self.iter_batched(setup, by_value, size);
    }

    /// As [`iter_batched`](Self::iter_batched), with one input at a time.
    #[inline(never)]
    pub fn iter_with_setup<I, O>(&mut self, setup: impl FnMut() -> I, routine: impl FnMut(I) -> O) {
        self.iter_batched(setup, routine, BatchSize::PerIteration);
    }

    /// As [`iter_batched`](Self::iter_batched), with as many inputs at a time as there may be.
    #[inline(never)]
    pub fn iter_with_large_setup<I, O>(
        &mut self,
        setup: impl FnMut() -> I,
        routine: impl FnMut(I) -> O,
    ) {
        self.iter_batched(setup, routine, BatchSize::NumBatches(1));
    }

    pub(super) fn measure(&mut self, routine: &mut dyn Routine) {
        if let Some(serve) = self.serve.take() {
            serve(routine);
        }
    }
}

/// A benchmark as its closure defines it.
pub(super) struct Definition<F, M> {
    define: F,
    measurement: PhantomData<M>,
}

impl<F, M> Definition<F, M> {
    pub(super) fn new(define: F) -> Self {
        Self {
            define,
            measurement: PhantomData,
        }
    }
}

impl<M: Measurement, F: FnMut(&mut Bencher<'_, M>)> WithRoutine for Definition<F, M> {
    fn with_routine(&mut self, serve: &mut dyn FnMut(&mut dyn Routine)) -> io::Result<()> {
        let mut bencher = Bencher {
            serve: Some(serve),
            measurement: PhantomData,
        };
        (self.define)(&mut bencher);
        match bencher.serve {
            None => Ok(()),
            Some(_) => Err(io::Error::other(
                "its closure calls no `iter`, so that there is nothing to measure",
            )),
        }
    }
}

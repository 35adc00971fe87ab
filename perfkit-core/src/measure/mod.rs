//! Measuring a call: closures, futures, guards.
//!
//! Time is always measured. Memory, CPU time and throughput are asked for on
//! the [`Operation`]. A panic is recorded while it unwinds, a dropped future
//! as cancelled.

mod call;
mod counted;
mod direct;
mod future;
mod nesting;
mod segment;
mod texts;
mod timer;

pub use future::Measured;
pub use texts::Texts;
pub use timer::Timer;

pub(crate) use call::{Call, Dropped};
pub(crate) use counted::Counted;
pub(crate) use direct::Direct;
pub use direct::{Extras, TimeOnly};

use std::fmt::Display;
use std::future::Future;

use crate::alloc;
use crate::monitor::{Monitor, Operation};
use crate::outcome::Outcome;
use crate::recorder::{Allowed, Shard, names, shard_of_thread};

impl Monitor {
    /// Measures a closure under a name.
    ///
    /// Whatever it returns is a success; use [`Monitor::try_measure`] for a
    /// `Result`.
    pub fn measure<T>(&self, name: &str, work: impl FnOnce() -> T) -> T {
        self.call(name, work, |_, _| Outcome::Success)
    }

    /// Measures a closure that may fail: an `Err` is counted as a failure, with
    /// its type and text, and its time is kept apart from that of successes.
    ///
    /// # Errors
    /// Those of the closure.
    pub fn try_measure<T, E: Display>(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.call(name, work, |result, texts| texts.of_result(result))
    }

    #[inline]
    fn call<T>(
        &self,
        name: &str,
        work: impl FnOnce() -> T,
        outcome: impl FnOnce(&T, Texts) -> Outcome,
    ) -> T {
        if !cfg!(feature = "record") {
            return work();
        }
        let allowed = self.allowed();
        if !allowed.is_enabled() {
            return work();
        }
        if !allowed.is_with_care()
            && let Some(shard) = names::find(self.id(), name)
        {
            shard.refresh(allowed);
            return straight(shard, TimeOnly, work, outcome);
        }
        let operation = self.operation(name);
        if let Some(shard) = operation.shard(allowed) {
            alloc::uncounted(|| names::remember(self.id(), name, shard));
        }
        operation.call(work, outcome)
    }

    /// Measures a future from its first poll to completion.
    pub fn measure_async<F: Future>(
        &self,
        name: &str,
        work: F,
    ) -> Measured<F, impl FnOnce(&F::Output) -> Outcome + use<F>> {
        self.operation(name).measure_async(work)
    }

    /// Measures a future that may fail, as [`Monitor::try_measure`] a closure.
    pub fn try_measure_async<T, E: Display, F: Future<Output = Result<T, E>>>(
        &self,
        name: &str,
        work: F,
    ) -> Measured<F, impl FnOnce(&F::Output) -> Outcome + use<T, E, F>> {
        self.operation(name).try_measure_async(work)
    }
}

impl Operation {
    /// Measures a closure; see [`Monitor::measure`].
    pub fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        self.call(work, |_, _| Outcome::Success)
    }

    /// Measures a closure that may fail; see [`Monitor::try_measure`].
    ///
    /// # Errors
    /// Those of the closure.
    pub fn try_measure<T, E: Display>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.call(work, |result, texts| texts.of_result(result))
    }

    /// Measures a closure whose value tells how it ended.
    ///
    /// ```
    /// use perfkit::{Failure, Outcome};
    /// let cache = perfkit::Monitor::new().operation("cache");
    /// let hit = cache.measure_with(|| None::<u32>, |value| match value {
    ///     Some(_) => Outcome::Success,
    ///     None => Outcome::Failure(Failure::new("miss", "")),
    /// });
    /// assert_eq!(hit, None);
    /// ```
    pub fn measure_with<T>(
        &self,
        work: impl FnOnce() -> T,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> T {
        self.call(work, |value, _| alloc::uncounted(|| outcome(value)))
    }

    #[inline]
    fn call<T>(&self, work: impl FnOnce() -> T, outcome: impl FnOnce(&T, Texts) -> Outcome) -> T {
        if !cfg!(feature = "record") {
            return work();
        }
        let allowed = self.target.monitor.allowed();
        if !allowed.is_enabled() {
            return work();
        }
        if let Some(shard) = self.shard(allowed) {
            if self.options.has_any() {
                return straight(shard, self.options, work, outcome);
            }
            return straight(shard, TimeOnly, work, outcome);
        }
        let mut call = Call::begin(self.target.clone(), self.options, Dropped::Panicked);
        let value = work();
        call.finish(|texts| outcome(&value, texts));
        value
    }

    /// The calling thread's shard, where calls may go to it straight.
    #[inline]
    fn shard(&self, allowed: Allowed) -> Option<&'static Shard> {
        if allowed.is_with_care() {
            return None;
        }
        let shard = shard_of_thread(&self.target.entry.recorder)?;
        shard.refresh(allowed);
        Some(shard)
    }

    /// Measures a future; see [`Monitor::measure_async`].
    pub fn measure_async<F: Future>(
        &self,
        work: F,
    ) -> Measured<F, impl FnOnce(&F::Output) -> Outcome + use<F>> {
        Measured::new(self.clone(), work, |_: &F::Output| Outcome::Success)
    }

    /// Measures a future that may fail; see [`Monitor::try_measure_async`].
    pub fn try_measure_async<T, E: Display, F: Future<Output = Result<T, E>>>(
        &self,
        work: F,
    ) -> Measured<F, impl FnOnce(&F::Output) -> Outcome + use<T, E, F>> {
        Measured::new(self.clone(), work, |result: &Result<T, E>| {
            Outcome::of_result(result)
        })
    }

    /// Starts a guard that measures until it is stopped or dropped.
    pub fn start(&self) -> Timer {
        Timer::of(self)
    }
}

#[inline(always)]
fn straight<T>(
    shard: &'static Shard,
    extras: impl Extras,
    work: impl FnOnce() -> T,
    outcome: impl FnOnce(&T, Texts) -> Outcome,
) -> T {
    let call = Direct::begin(shard, extras, Dropped::Panicked);
    let value = work();
    call.finish(|texts| outcome(&value, texts));
    value
}

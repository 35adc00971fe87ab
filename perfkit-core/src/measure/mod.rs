//! Measuring a call: closures, futures, streams, guards.
//!
//! Time is always measured. Memory, CPU time and throughput are asked for on
//! the [`Operation`]. A panic is recorded while it unwinds, a dropped future
//! as cancelled, and so is a dropped stream.

mod async_selection;
mod call;
mod call_labels;
mod error_text_policy;
mod fast_call;
mod future;
mod judge;
mod nesting;
mod plain_timer;
mod segment;
#[cfg(feature = "stream")]
mod stream;
mod timer;
mod untimed_call;

pub use async_selection::AsyncSelection;
pub use error_text_policy::ErrorTextPolicy;
pub use future::MeasuredFuture;
#[cfg(feature = "stream")]
pub use stream::MeasuredStream;
pub use timer::Timer;

pub(crate) use call::{Call, Dropped};
pub(crate) use call_labels::CallLabels;
pub(crate) use fast_call::{FastCall, enter as enter_fast, enter_collected, leave as leave_fast};
pub use fast_call::{MetricSelection, TimeOnly};
pub(crate) use untimed_call::UntimedCall;

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use crate::alloc;
use crate::labelled_outcome::LabelledOutcome;
use crate::monitor::{Destination, Entry, Monitor, Operation};
use crate::outcome::Outcome;
use crate::recorder::{Shard, StateReading, names, shard_of_thread};

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
        self.call(name, work, |result, text_policy| {
            text_policy.of_result(result)
        })
    }

    #[inline]
    fn call<T>(
        &self,
        name: &str,
        work: impl FnOnce() -> T,
        outcome: impl FnOnce(&T, ErrorTextPolicy) -> Outcome,
    ) -> T {
        if !cfg!(feature = "record") {
            return work();
        }
        let state = self.state();
        if !state.is_enabled() {
            return work();
        }
        if let Some(shard) = names::find(names::Key::named(self.id(), name))
            && enter_by_state(shard, state, self, None)
        {
            return call_fast(shard, TimeOnly, work, outcome);
        }
        let operation = self.operation(name);
        if let Some(shard) = operation.shard(state) {
            alloc::uncounted(|| names::remember(names::Key::named(self.id(), name), shard));
        }
        operation.call(work, outcome)
    }

    /// Measures a future from its first poll to completion.
    pub fn measure_async<F: Future>(
        &self,
        name: &str,
        work: F,
    ) -> MeasuredFuture<F, impl FnOnce(&F::Output) -> Outcome + use<F>> {
        self.operation(name).measure_async(work)
    }

    /// Measures a future that may fail, as [`Monitor::try_measure`] a closure.
    pub fn try_measure_async<T, E: Display, F: Future<Output = Result<T, E>>>(
        &self,
        name: &str,
        work: F,
    ) -> MeasuredFuture<F, impl FnOnce(&F::Output) -> Outcome + use<T, E, F>> {
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
        self.call(work, |result, text_policy| text_policy.of_result(result))
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

    /// Measures a closure whose value tells how it ended, and labels.
    ///
    /// A call that panics has no value, and is counted without these labels.
    ///
    /// ```
    /// use perfkit::Outcome;
    /// let monitor = perfkit::Monitor::new();
    /// let get = monitor.operation("get");
    /// get.measure_labelled(|| 404, |status| Outcome::Success.label("status", status));
    /// assert!(monitor.snapshot().operation(r#"get{status="404"}"#).is_some());
    /// ```
    pub fn measure_labelled<T, O: Into<LabelledOutcome>>(
        &self,
        work: impl FnOnce() -> T,
        outcome: impl FnOnce(&T) -> O,
    ) -> T {
        if !self.destination.monitor.is_enabled() {
            return work();
        }
        let (destination, labels) = (self.destination.clone(), CallLabels::default());
        let mut call = Call::begin_labelled(destination, self.options, labels);
        let value = work();
        call.finish(|_| outcome(&value));
        value
    }

    /// Measures a future as [`Operation::measure_labelled`] measures a closure. One that is
    /// dropped before it ends is counted without the labels of its value.
    pub fn measure_async_labelled<
        F: Future,
        R: Into<LabelledOutcome>,
        O: FnOnce(&F::Output) -> R,
    >(
        &self,
        work: F,
        outcome: O,
    ) -> MeasuredFuture<F, O> {
        MeasuredFuture::labelled(self.clone(), CallLabels::default(), work, outcome)
    }

    #[inline]
    fn call<T>(
        &self,
        work: impl FnOnce() -> T,
        outcome: impl FnOnce(&T, ErrorTextPolicy) -> Outcome,
    ) -> T {
        if !cfg!(feature = "record") {
            return work();
        }
        let state = self.destination.monitor.state();
        if !state.is_enabled() {
            return work();
        }
        let Destination { monitor, entry } = &*self.destination;
        if let Some(shard) = self.shard(state)
            && enter_by_state(shard, state, monitor, Some(entry))
        {
            if self.options.has_any() {
                return call_fast(shard, self.options, work, outcome);
            }
            return call_fast(shard, TimeOnly, work, outcome);
        }
        let mut call = Call::begin(self.destination.clone(), self.options, Dropped::PANICKED);
        let value = work();
        call.finish(|text_policy| outcome(&value, text_policy));
        value
    }

    /// The calling thread's shard, where calls may take the fast path.
    #[inline]
    fn shard(&self, state: StateReading) -> Option<&'static Shard> {
        if state.needs_full_path() && !state.is_collected() {
            return None;
        }
        shard_of_thread(&self.destination.entry.recorder)
    }

    /// Measures a future; see [`Monitor::measure_async`].
    pub fn measure_async<F: Future>(
        &self,
        work: F,
    ) -> MeasuredFuture<F, impl FnOnce(&F::Output) -> Outcome + use<F>> {
        MeasuredFuture::of(self.clone(), work, |_: &F::Output| Outcome::Success)
    }

    /// Measures a future that may fail; see [`Monitor::try_measure_async`].
    pub fn try_measure_async<T, E: Display, F: Future<Output = Result<T, E>>>(
        &self,
        work: F,
    ) -> MeasuredFuture<F, impl FnOnce(&F::Output) -> Outcome + use<T, E, F>> {
        MeasuredFuture::of(self.clone(), work, |result: &Result<T, E>| {
            Outcome::of_result(result)
        })
    }

    /// Starts a guard that measures until it is stopped or dropped.
    #[inline]
    pub fn start(&self) -> Timer {
        Timer::of(self)
    }
}

/// Enters the shard for a call on the fast path, if calls may take it.
#[inline]
pub(crate) fn enter_by_state(
    shard: &'static Shard,
    state: StateReading,
    monitor: &Monitor,
    entry: Option<&Arc<Entry>>,
) -> bool {
    if !state.needs_full_path() {
        shard.gate.remember_state(state);
        return enter_fast(shard, state);
    }
    state.is_collected() && enter_collected(shard, state, monitor, entry)
}

/// A call that has entered the shard.
#[inline(always)]
fn call_fast<T>(
    shard: &'static Shard,
    selection: impl MetricSelection,
    work: impl FnOnce() -> T,
    outcome: impl FnOnce(&T, ErrorTextPolicy) -> Outcome,
) -> T {
    let call = FastCall::begin(shard, selection, Dropped::PANICKED);
    let value = work();
    call.finish(|text_policy| outcome(&value, text_policy));
    value
}

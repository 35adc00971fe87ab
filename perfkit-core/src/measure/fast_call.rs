//! A call that goes straight to its thread's shard: the fast path, which nearly
//! all calls take.
//!
//! It is for calls that end on their thread before their caller goes on, on the
//! cycle counter, while no collector wants each of them. Everything else goes the
//! way of [`super::call`].
//!
//! All of it is made to stay in registers: what is seldom needed is a function of
//! its own, and gets numbers, never a reference to the call.

use std::mem::ManuallyDrop;

use crate::alloc::{self, Mark, MemoryUse};
use crate::clock::{Clock, counter};
use crate::monitor::Options;
use crate::outcome::{Ending, Failure, Outcome};
use crate::recorder::{Sample, Shard, Work, slow_path};

use super::call::Dropped;
use super::error_text_policy::ErrorTextPolicy;
use super::nesting::{self, Outer};

/// What a call measures beside time.
pub trait MetricSelection: Copy {
    /// Whether allocations are.
    fn memory(&self) -> bool;
    /// Whether CPU time is.
    fn cpu(&self) -> bool;
    /// What the call processes.
    fn work(&self) -> Option<Work>;
}

/// Time alone.
#[derive(Clone, Copy, Debug)]
pub struct TimeOnly;

impl MetricSelection for TimeOnly {
    #[inline(always)]
    fn memory(&self) -> bool {
        false
    }

    #[inline(always)]
    fn cpu(&self) -> bool {
        false
    }

    #[inline(always)]
    fn work(&self) -> Option<Work> {
        None
    }
}

impl MetricSelection for Options {
    #[inline(always)]
    fn memory(&self) -> bool {
        self.memory
    }

    #[inline(always)]
    fn cpu(&self) -> bool {
        self.cpu
    }

    #[inline(always)]
    fn work(&self) -> Option<Work> {
        self.work
    }
}

impl Options {
    pub(crate) fn of(selection: &impl MetricSelection) -> Self {
        Self {
            memory: selection.memory(),
            cpu: selection.cpu(),
            work: selection.work(),
        }
    }
}

/// A call in flight. Dropped, it ended as it was told to when it began.
#[derive(Debug)]
pub(crate) struct FastCall<E: MetricSelection> {
    shard: &'static Shard,
    depth: u32,
    outer: Outer,
    dropped: Dropped,
    selection: E,
    memory: Option<Mark>,
    cpu_start_ns: Option<u64>,
    start: u64,
}

/// A call whose clock was stopped. Times are in ticks.
#[derive(Clone, Copy)]
struct Stopped {
    shard: &'static Shard,
    nested: bool,
    end: u64,
    duration: u64,
    self_time: u64,
    cpu_ns: Option<u64>,
    memory: Option<MemoryUse>,
    work: Option<Work>,
}

impl<E: MetricSelection> FastCall<E> {
    /// Begins a call. The clock is read last, so that the other readings fall
    /// outside.
    #[inline(always)]
    pub(crate) fn begin(shard: &'static Shard, selection: E, dropped: Dropped) -> Self {
        Self {
            shard,
            outer: nesting::enter(),
            depth: shard.enter(),
            dropped,
            selection,
            memory: if selection.memory() {
                Mark::set()
            } else {
                None
            },
            cpu_start_ns: if selection.cpu() { cpu_ns() } else { None },
            start: counter(),
        }
    }

    /// Ends the call with the outcome that a function finds out.
    #[inline(always)]
    pub(crate) fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
        let stopped = ManuallyDrop::new(self).stop();
        let judging = Judging(stopped);
        let outcome = outcome(ErrorTextPolicy::of(stopped.shard, stopped.end));
        std::mem::forget(judging);
        match outcome {
            Outcome::Success if !stopped.nested => stopped.record_success(),
            Outcome::Failure(failure) => stopped.record_failure(failure),
            outcome => stopped.record_ending(outcome.ending()),
        }
    }

    #[inline(always)]
    fn stop(&self) -> Stopped {
        let end = counter();
        let cpu_ns = match self.cpu_start_ns {
            Some(start_ns) => cpu_ns().map(|end_ns| end_ns.saturating_sub(start_ns)),
            None => None,
        };
        let duration = end.saturating_sub(self.start);
        let callees = nesting::leave(self.outer, end, duration);
        self.shard.leave(self.depth);
        Stopped {
            shard: self.shard,
            nested: self.depth > 0,
            end,
            duration,
            self_time: duration.saturating_sub(callees),
            cpu_ns,
            memory: self.memory.as_ref().map(Mark::read),
            work: self.selection.work(),
        }
    }
}

impl<E: MetricSelection> Drop for FastCall<E> {
    #[inline(always)]
    fn drop(&mut self) {
        let stopped = self.stop();
        stopped.record_ending(self.dropped.ending());
    }
}

#[inline]
fn cpu_ns() -> Option<u64> {
    Clock::os().thread_cpu_ns()
}

impl Stopped {
    #[inline(always)]
    fn record_success(mut self) {
        if self.shard.wants_slow_path(self.end, self.duration)
            && is_clock_jump(self.shard, self.end, self.duration)
        {
            (self.duration, self.self_time) = (0, 0);
        }
        if self.memory.is_some() || self.cpu_ns.is_some() || self.work.is_some() {
            self.shard
                .record_optional(self.memory, self.cpu_ns, self.work);
        }
        self.shard
            .record_success(self.end, self.duration, self.self_time);
    }

    #[inline(always)]
    fn record_failure(self, failure: Failure) {
        record_other(self.shard, self.sample(Ending::Failure), Some(failure));
    }

    #[inline(always)]
    fn record_ending(self, ending: Ending) {
        record_other(self.shard, self.sample(ending), None);
    }

    #[inline(always)]
    fn sample(self, ending: Ending) -> Sample {
        Sample {
            start: self.end.saturating_sub(self.duration),
            end: self.end,
            ending,
            nested: self.nested,
            self_time: self.self_time,
            busy_time: None,
            cpu_ns: self.cpu_ns,
            memory: self.memory,
            work: self.work,
        }
    }
}

/// See [`slow_path`].
#[cold]
#[inline(never)]
fn is_clock_jump(shard: &'static Shard, end: u64, duration: u64) -> bool {
    alloc::uncounted(|| slow_path(shard, end, duration))
}

#[cold]
#[inline(never)]
fn record_other(shard: &'static Shard, mut sample: Sample, failure: Option<Failure>) {
    alloc::uncounted(|| {
        let duration = sample.duration();
        if shard.wants_slow_path(sample.end, duration) && slow_path(shard, sample.end, duration) {
            sample = sample.without_time();
        }
        shard.record(&sample, failure.as_ref());
        drop(failure);
    });
}

/// Records a call whose outcome cannot be told, because finding it out panicked.
struct Judging(Stopped);

impl Drop for Judging {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.record_ending(Ending::Panic);
    }
}

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

use crate::alloc;
use crate::clock::Clock;
use crate::monitor::Options;
use crate::outcome::{Ending, Failure, Outcome};
use crate::recorder::{OptionalValues, Sample, Shard, slow_path};

use super::call::Dropped;
use super::error_text_policy::ErrorTextPolicy;
use super::judge::judge;
use super::nesting::{self, Outer};
use super::segment::Segment;

/// What a call measures beside time.
pub trait MetricSelection: Copy {
    /// The selection as options, which the compiler knows where it can.
    fn options(self) -> Options;
}

/// Time alone.
#[derive(Clone, Copy, Debug)]
pub struct TimeOnly;

impl MetricSelection for TimeOnly {
    #[inline(always)]
    fn options(self) -> Options {
        Options::default()
    }
}

impl MetricSelection for Options {
    #[inline(always)]
    fn options(self) -> Options {
        self
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
    segment: Segment,
}

/// A call whose clock was stopped, as if it had succeeded.
#[derive(Clone, Copy)]
struct Stopped {
    shard: &'static Shard,
    sample: Sample,
}

impl<E: MetricSelection> FastCall<E> {
    /// Begins a call.
    #[inline(always)]
    pub(crate) fn begin(shard: &'static Shard, selection: E, dropped: Dropped) -> Self {
        Self {
            shard,
            outer: nesting::enter(),
            depth: shard.enter(),
            dropped,
            selection,
            segment: Segment::begin(selection.options(), &Clock::COUNTER),
        }
    }

    /// Ends the call with the outcome that a function finds out.
    #[inline(always)]
    pub(crate) fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
        let stopped = ManuallyDrop::new(self).stop();
        let text_policy = ErrorTextPolicy::of(stopped.shard, stopped.sample.end);
        let panicked = move || stopped.record_other(Ending::Panic, None);
        match judge(|| outcome(text_policy), panicked) {
            Outcome::Success if !stopped.sample.nested => stopped.record_success(),
            Outcome::Failure(failure) => {
                stopped.record_other(Ending::Failure, Some(failure));
            }
            outcome => stopped.record_other(outcome.ending(), None),
        }
    }

    #[inline(always)]
    fn stop(&self) -> Stopped {
        let options = self.selection.options();
        let (end, used) = self.segment.end(options, &Clock::COUNTER);
        let duration = end.saturating_sub(self.segment.start);
        let callees = nesting::leave(self.outer, end, duration);
        self.shard.leave(self.depth);
        let sample = Sample {
            end,
            duration,
            ending: Ending::Success,
            nested: self.depth > 0,
            self_time: duration.saturating_sub(callees),
            optional: OptionalValues {
                busy_time: None,
                ..used
            },
        };
        Stopped {
            shard: self.shard,
            sample,
        }
    }
}

impl<E: MetricSelection> Drop for FastCall<E> {
    #[inline(always)]
    fn drop(&mut self) {
        let stopped = self.stop();
        stopped.record_other(self.dropped.ending(), None);
    }
}

impl Stopped {
    #[inline(always)]
    fn record_success(self) {
        let Self { shard, mut sample } = self;
        let (end, duration) = (sample.end, sample.duration);
        if shard.wants_slow_path(end, duration) && is_clock_jump(shard, end, duration) {
            sample = sample.without_time();
        }
        shard.record_optional(&sample.optional);
        shard.record_success(end, sample.duration, sample.self_time);
    }

    #[inline(always)]
    fn record_other(self, ending: Ending, failure: Option<Failure>) {
        let Self { shard, sample } = self;
        record_other(shard, Sample { ending, ..sample }, failure);
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
        let duration = sample.duration;
        if shard.wants_slow_path(sample.end, duration) && slow_path(shard, sample.end, duration) {
            sample = sample.without_time();
        }
        shard.record(&sample, failure.as_ref());
        drop(failure);
    });
}

//! A timer as nearly all are: of time alone, on the cycle counter, while no collector wants
//! each call.

use crate::clock::Clock;
use crate::monitor::{Handle, Operation};
use crate::outcome::{Ending, Outcome};
use crate::recorder::{OptionalValues, Sample, add_waiting, shard_of_thread};

use super::call::{Call, Dropped};
use super::nesting::{self, Covered};

/// What is known of it while it runs, small enough to be moved about.
#[derive(Debug)]
pub(super) struct PlainTimer {
    destination: Handle,
    /// The call that it began in.
    outer: Covered,
    /// In ticks.
    start: u64,
    dropped: Dropped,
}

impl PlainTimer {
    /// Begins one; says no where more is wanted of the call than its time.
    #[inline]
    pub(super) fn begin(operation: &Operation) -> Option<Self> {
        let state = operation.destination.monitor.state();
        if !state.is_fast() || operation.options.has_any() {
            return None;
        }
        let destination = operation.destination.clone();
        let shard = shard_of_thread(&destination.entry.recorder)?;
        shard.add_waiting(1);
        Some(Self {
            outer: Covered::of_current(),
            dropped: Dropped::ended(),
            start: Clock::COUNTER.ticks(),
            destination,
        })
    }

    /// The same as a call of any kind, from which more is wanted by now.
    pub(super) fn into_call(self) -> Call {
        let Self {
            destination,
            outer,
            start,
            dropped,
        } = self;
        Call::of_guard(destination, outer, start, dropped)
    }

    /// Ends it as one that was dropped.
    #[inline]
    pub(super) fn end_as_dropped(self) {
        match self.dropped.outcome() {
            Outcome::Success => self.stop(),
            other => self.into_call().finish(|_| other),
        }
    }

    /// Ends it without recording anything.
    pub(super) fn discard(self) {
        add_waiting(&self.destination.entry.recorder, -1);
    }

    /// Ends it as a success.
    #[inline]
    pub(super) fn stop(self) {
        let end = Clock::COUNTER.ticks();
        let Self {
            destination,
            outer,
            start,
            ..
        } = &self;
        let duration = end.saturating_sub(*start);
        let self_time = duration.saturating_sub(nesting::leave_guarded(*outer, *start, end));
        // The thread may have begun to end meanwhile.
        let shard = shard_of_thread(&destination.entry.recorder);
        if let Some(shard) = shard
            && self_time == duration
            && destination.monitor.state().is_fast()
            && shard.record_ordinary(end, duration, &OptionalValues::default())
        {
            shard.add_waiting(-1);
        } else {
            self.stop_rarely(end, duration, self_time);
        }
    }

    #[cold]
    #[inline(never)]
    fn stop_rarely(&self, end: u64, duration: u64, self_time: u64) {
        add_waiting(&self.destination.entry.recorder, -1);
        let sample = Sample {
            end,
            duration,
            ending: Ending::Success,
            nested: false,
            self_time,
            optional: OptionalValues::default(),
        };
        self.destination.record(sample, Outcome::Success);
    }
}

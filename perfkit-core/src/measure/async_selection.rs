//! What an async call measures beside time, in each of its polls.

use crate::monitor::Options;
use crate::recorder::{BusyTime, OptionalValues, Used};

use super::fast_call::{MetricSelection, TimeOnly};
use super::segment::Resources;

/// A selection of what an async call measures.
pub trait AsyncSelection: MetricSelection {
    /// What polls used.
    type UsedByPolls: UsedByPolls;

    /// Of a call that has not been polled.
    fn before_polls(self) -> Self::UsedByPolls;

    /// Of a poll that took so long, in ticks.
    fn used_by_poll(self, begun: &Self::Begun, duration: u64) -> Self::UsedByPolls;
}

/// What the polls of an async call used up to now.
pub trait UsedByPolls: Used {
    /// Adds a later poll.
    fn then(&mut self, later: &OptionalValues);
}

impl AsyncSelection for TimeOnly {
    type UsedByPolls = BusyTime;

    #[inline(always)]
    fn before_polls(self) -> BusyTime {
        BusyTime(0)
    }

    #[inline(always)]
    fn used_by_poll(self, _begun: &(), duration: u64) -> BusyTime {
        BusyTime(duration)
    }
}

impl UsedByPolls for BusyTime {
    #[inline(always)]
    fn then(&mut self, later: &OptionalValues) {
        self.0 = self.0.saturating_add(later.busy_time.unwrap_or(0));
    }
}

impl AsyncSelection for Options {
    type UsedByPolls = OptionalValues;

    #[inline]
    fn before_polls(self) -> OptionalValues {
        OptionalValues {
            work: self.work,
            ..OptionalValues::default()
        }
    }

    #[inline(always)]
    fn used_by_poll(self, begun: &Resources, duration: u64) -> OptionalValues {
        OptionalValues {
            busy_time: Some(duration),
            ..self.used(begun, duration)
        }
    }
}

impl UsedByPolls for OptionalValues {
    #[inline]
    fn then(&mut self, later: &OptionalValues) {
        self.add(later);
    }
}

/// What one poll measures: its time is busy time.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfPoll<E>(pub(super) E);

impl<E: AsyncSelection> MetricSelection for OfPoll<E> {
    type Begun = E::Begun;
    type Used = E::UsedByPolls;

    #[inline(always)]
    fn options(self) -> Options {
        self.0.options()
    }

    #[inline(always)]
    fn begin(self) -> E::Begun {
        self.0.begin()
    }

    #[inline(always)]
    fn used(self, begun: &E::Begun, duration: u64) -> E::UsedByPolls {
        self.0.used_by_poll(begun, duration)
    }
}

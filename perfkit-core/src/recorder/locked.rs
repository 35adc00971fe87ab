//! A recorder behind one lock: plain and exact, and the yardstick for faster ones.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::outcome::Failure;
use crate::window::{Ring, Slots};

use super::errors::ErrorLog;
use super::sample::Sample;
use super::tally::Tally;
use super::{Limits, Recording};

/// How many slots the last period is cut into.
const SLOTS: u64 = 60;

/// Counts the calls of one operation. Nothing is allocated before the first.
#[derive(Debug)]
pub(crate) struct Recorder {
    limits: Limits,
    state: Mutex<Option<Box<State>>>,
}

#[derive(Debug)]
struct State {
    lifetime: Tally,
    last_calls: Ring<Sample>,
    last_period: Slots<Tally>,
    errors: ErrorLog,
}

impl State {
    fn new(limits: Limits) -> Self {
        Self {
            lifetime: Tally::default(),
            last_calls: Ring::new(limits.last_calls),
            last_period: Slots::new(limits.last_period, SLOTS),
            errors: ErrorLog::default(),
        }
    }
}

impl Recorder {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::new(None),
        }
    }

    /// Counts one call.
    pub(crate) fn record(&self, sample: &Sample, failure: Option<&Failure>) {
        let mut guard = self.lock();
        let state = guard.get_or_insert_with(|| Box::new(State::new(self.limits)));
        state.lifetime.record(sample);
        state.last_period.at(sample.end_ns).record(sample);
        state.last_calls.push(*sample);
        if let Some(failure) = failure {
            state.errors.record(failure);
        }
    }

    /// Everything that was counted so far.
    pub(crate) fn read(&self, now_ns: u64) -> Recording {
        let guard = self.lock();
        let Some(state) = guard.as_ref() else {
            return Recording {
                lifetime: Tally::default(),
                last_calls: Vec::new(),
                last_period: Tally::default(),
                last_period_start_ns: now_ns,
                errors: Vec::new(),
            };
        };
        let mut last_period = Tally::default();
        let (last_period_start_ns, slots) = state.last_period.recent(now_ns);
        slots.for_each(|slot| last_period.merge(slot));
        Recording {
            lifetime: state.lifetime.clone(),
            last_calls: state.last_calls.iter().copied().collect(),
            last_period,
            last_period_start_ns,
            errors: state.errors.kinds().to_vec(),
        }
    }

    /// Forgets every call.
    pub(crate) fn reset(&self) {
        *self.lock() = None;
    }

    /// Nothing that runs under the lock can leave the state half-changed in a
    /// way that matters more than losing the recorder would.
    fn lock(&self) -> MutexGuard<'_, Option<Box<State>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

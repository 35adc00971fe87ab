//! A call that belongs to no thread.

use crate::integration::finished_call::FinishedCall;
use crate::monitor::{Handle, Monitor, Operation};
use crate::outcome::Outcome;
use crate::recorder::{Work, add_waiting};

/// A call in flight whose parts run on any thread, and between which it waits. It is
/// recorded when it is told how it ended. Measured functions that run meanwhile are
/// not among its callees.
#[derive(Debug)]
pub(super) struct DetachedCall {
    destination: Handle,
    /// In ticks, as all times here.
    start: u64,
    busy: u64,
}

impl DetachedCall {
    /// Begins a call; `None` where nothing is recorded.
    pub(super) fn begin<'a>(
        monitor: &Monitor,
        operation: impl FnOnce() -> &'a Operation,
    ) -> Option<Self> {
        let start = monitor.is_enabled().then(|| monitor.clock().ticks())?;
        let destination = operation().destination.clone();
        add_waiting(&destination.entry.recorder, 1);
        Some(Self {
            destination,
            start,
            busy: 0,
        })
    }

    pub(super) fn now(&self) -> u64 {
        self.destination.monitor.clock().ticks()
    }

    /// Counts a time as one in which the call did not wait.
    pub(super) fn add_busy(&mut self, ticks: u64) {
        self.busy = self.busy.saturating_add(ticks);
    }

    /// Records the call, which ends now.
    pub(super) fn end(self, outcome: Outcome, work: Work) {
        add_waiting(&self.destination.entry.recorder, -1);
        let finished = FinishedCall {
            start: self.start,
            end: self.now(),
            busy: self.busy,
            callees: 0,
            nested: false,
            work: Some(work),
        };
        finished.record(&self.destination, outcome);
    }
}

//! What a call that belonged to no thread was.

use crate::monitor::Destination;
use crate::outcome::Outcome;
use crate::recorder::{OptionalValues, Sample, Work};

/// A call that ended, whose parts ran on any thread. Times are ticks.
#[derive(Debug)]
pub(super) struct FinishedCall {
    pub(super) start: u64,
    pub(super) end: u64,
    /// The part in which it did not wait.
    pub(super) busy: u64,
    /// The part that its callees cover.
    pub(super) callees: u64,
    /// Whether it ran within another call of the same operation.
    pub(super) nested: bool,
    pub(super) work: Option<Work>,
}

impl FinishedCall {
    pub(super) fn record(self, destination: &Destination, outcome: Outcome) {
        let duration = self.end.saturating_sub(self.start);
        let sample = Sample {
            end: self.end,
            duration,
            ending: outcome.ending(),
            nested: self.nested,
            self_time: duration.saturating_sub(self.callees),
            optional: OptionalValues {
                busy_time: Some(self.busy),
                work: self.work,
                ..OptionalValues::default()
            },
        };
        destination.record(sample, outcome);
    }
}

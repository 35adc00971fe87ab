//! The call that a span is.

use crate::integration::finished_call::FinishedCall;
use crate::outcome::{Failure, Outcome};

use super::visitor::Labels;

/// A span in flight. It may be entered on several threads at once. Times are ticks.
#[derive(Debug, Default)]
pub(super) struct SpanCall {
    /// When it was first entered.
    start: Option<u64>,
    /// How many threads are in it, and since when any is.
    entered: u32,
    entered_since: u64,
    busy: u64,
    /// How much of it child spans cover, and up to when they were counted.
    callees: u64,
    covered_until: u64,
    was_panicking: bool,
    has_panicked: bool,
    failure: Option<Failure>,
    pub(super) labels: Labels,
}

impl SpanCall {
    pub(super) fn has_begun(&self) -> bool {
        self.start.is_some()
    }

    pub(super) fn enter(&mut self, now: u64) {
        self.start.get_or_insert(now);
        if self.entered == 0 {
            self.entered_since = now;
            self.was_panicking = std::thread::panicking();
        }
        self.entered += 1;
    }

    /// Leaves the span; one that was entered before the layer recorded is left alone.
    pub(super) fn exit(&mut self, now: u64) {
        let Some(entered) = self.entered.checked_sub(1) else {
            return;
        };
        self.entered = entered;
        if entered == 0 {
            let busy = now.saturating_sub(self.entered_since);
            self.busy = self.busy.saturating_add(busy);
        }
        self.has_panicked |= std::thread::panicking() && !self.was_panicking;
    }

    /// A later value of a field replaces an earlier one.
    pub(super) fn add_labels(&mut self, labels: Labels) {
        self.labels.extend(labels);
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }

    /// Counts a child span that ended. Of children side by side the later part counts, and of
    /// one that ran before this was entered the part since then.
    pub(super) fn add_child(&mut self, start: u64, end: u64) {
        let start = start.max(self.start.unwrap_or(end));
        let added = end.saturating_sub(start.max(self.covered_until));
        self.callees = self.callees.saturating_add(added);
        self.covered_until = self.covered_until.max(end);
    }

    /// What the call was, which ends now; `None` where it never began.
    pub(super) fn finish(self, end: u64, nested: bool) -> Option<(FinishedCall, Outcome)> {
        let outcome = match self.failure {
            _ if self.has_panicked => Outcome::Panic,
            Some(failure) => Outcome::Failure(failure),
            None => Outcome::Success,
        };
        let call = FinishedCall {
            start: self.start?,
            end,
            busy: self.busy,
            callees: self.callees,
            nested,
            work: None,
        };
        Some((call, outcome))
    }
}

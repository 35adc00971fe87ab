//! A call in flight on one thread.

use crate::monitor::Operation;
use crate::outcome::Outcome;
use crate::recorder::Sample;

use super::nesting;
use super::segment::{Segment, Used};

/// A call in flight. Dropped without [`Call::finish`] it is a panic if the
/// thread began to unwind meanwhile, and a success otherwise.
#[derive(Debug)]
pub(crate) struct Call {
    operation: Operation,
    /// `None` once the call was recorded or discarded.
    segment: Option<Segment>,
    was_panicking: bool,
}

impl Call {
    /// Begins a call; `None` while recording is off.
    pub(crate) fn begin(operation: &Operation) -> Option<Self> {
        if !cfg!(feature = "record") || !operation.monitor.is_enabled() {
            return None;
        }
        Some(Self {
            operation: operation.clone(),
            was_panicking: std::thread::panicking(),
            segment: Some(Segment::begin(operation)),
        })
    }

    /// Ends the call. The outcome is asked for after the clock was read.
    pub(crate) fn finish(mut self, outcome: impl FnOnce() -> Outcome) {
        self.end(outcome);
    }

    /// Ends the call without recording it.
    pub(crate) fn discard(mut self) {
        if let Some(segment) = self.segment.take() {
            segment.end(&self.operation);
        }
    }

    fn end(&mut self, outcome: impl FnOnce() -> Outcome) {
        let Some(segment) = self.segment.take() else {
            return;
        };
        let (start_ns, nested) = (segment.start_ns, segment.is_nested());
        let (end_ns, used) = segment.end(&self.operation);
        let span = Span {
            start_ns,
            end_ns,
            nested,
        };
        record(&self.operation, span, &used, false, outcome());
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let is_unwinding = !self.was_panicking && std::thread::panicking();
        self.end(|| {
            if is_unwinding {
                Outcome::Panic
            } else {
                Outcome::Success
            }
        });
    }
}

/// When a call ran, and whether inside another of the same operation.
pub(super) struct Span {
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) nested: bool,
}

/// Records a finished call and tells the call around it how long it took.
pub(super) fn record(
    operation: &Operation,
    span: Span,
    used: &Used,
    is_async: bool,
    outcome: Outcome,
) {
    let total_ns = span.end_ns.saturating_sub(span.start_ns);
    nesting::add_callee(total_ns);
    let sample = Sample {
        start_ns: span.start_ns,
        end_ns: span.end_ns,
        ending: outcome.ending(),
        nested: span.nested,
        self_ns: total_ns.saturating_sub(used.callees_ns),
        busy_ns: is_async.then_some(used.busy_ns),
        cpu_ns: used.cpu_ns,
        memory: used.memory,
        work: operation.options.work,
    };
    operation.monitor.record(&operation.entry, &sample, outcome);
}

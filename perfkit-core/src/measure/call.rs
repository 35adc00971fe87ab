//! A call in flight on one thread.

use std::sync::Arc;

use crate::alloc;
use crate::monitor::Operation;
use crate::outcome::Outcome;
use crate::recorder::Sample;

use super::nesting::{self, Covered, Frame};
use super::segment::{Segment, Used};

/// A call in flight. Its clock stops with [`Call::stop`]; dropped before that
/// it ended as it was told to when it began.
#[derive(Debug)]
pub(crate) struct Call {
    operation: Operation,
    /// `None` once the clock was stopped.
    running: Option<Running>,
    dropped: Dropped,
}

/// What it means when a call is dropped before its clock was stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dropped {
    /// It panicked: nothing else leaves the call early.
    Panicked,
    /// It panicked if the thread began to unwind meanwhile, and ended well
    /// otherwise.
    Ended { was_panicking: bool },
}

#[derive(Debug)]
struct Running {
    place: Place,
    segment: Segment,
}

/// How a call stands among the calls around it.
#[derive(Debug)]
enum Place {
    /// It ends before whatever began before it: calls within it are its callees.
    Frame(Frame),
    /// It may end in any order, as guards do. It is a callee of the call that it
    /// began in, and calls that end meanwhile count as its own.
    Guard { outer: Covered },
}

impl Call {
    /// Begins a call that ends before its caller goes on; `None` while recording
    /// is off.
    pub(crate) fn begin(operation: &Operation, dropped: Dropped) -> Option<Self> {
        Self::begin_at(operation, dropped, || {
            let id = Arc::as_ptr(&operation.entry) as usize;
            Place::Frame(Frame::enter(id, Covered::of_new_frame()))
        })
    }

    /// Begins a call that a guard ends, in whatever order guards end.
    pub(crate) fn begin_guarded(operation: &Operation) -> Option<Self> {
        let was_panicking = std::thread::panicking();
        Self::begin_at(operation, Dropped::Ended { was_panicking }, || {
            let outer = nesting::current();
            Place::Guard { outer }
        })
    }

    fn begin_at(
        operation: &Operation,
        dropped: Dropped,
        place: impl FnOnce() -> Place,
    ) -> Option<Self> {
        if !cfg!(feature = "record") || !operation.monitor.is_enabled() {
            return None;
        }
        Some(Self {
            operation: operation.clone(),
            dropped,
            running: Some(Running {
                place: place(),
                segment: Segment::begin(operation),
            }),
        })
    }

    /// Stops the clock. The call is recorded when the result is told its outcome.
    pub(crate) fn stop(mut self) -> Option<Stopped> {
        self.stop_running()
    }

    /// Ends the call without recording it.
    pub(crate) fn discard(mut self) {
        if let Some(running) = self.running.take() {
            running.segment.end(&self.operation);
            if let Place::Frame(frame) = running.place {
                frame.leave();
            }
        }
    }

    fn stop_running(&mut self) -> Option<Stopped> {
        let Running { place, segment } = self.running.take()?;
        let start_ns = segment.start_ns;
        let (end_ns, used) = segment.end(&self.operation);
        let (nested, parent, callees_ns) = match place {
            Place::Frame(frame) => {
                let (nested, parent) = (frame.nested, frame.parent());
                (nested, parent, frame.leave().callees_ns)
            }
            Place::Guard { outer } => {
                let now = nesting::current();
                let is_same = now.frame == outer.frame;
                let ended = now.callees_ns.saturating_sub(outer.callees_ns);
                (false, outer.frame, if is_same { ended } else { 0 })
            }
        };
        nesting::add_callee(parent, start_ns, end_ns);
        let ended = Ended {
            start_ns,
            end_ns,
            nested,
            callees_ns,
            used,
            is_async: false,
        };
        Some(Stopped::new(self.operation.clone(), ended))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let has_panicked = match self.dropped {
            Dropped::Panicked => true,
            Dropped::Ended { was_panicking } => !was_panicking && std::thread::panicking(),
        };
        if let Some(stopped) = self.stop_running() {
            stopped.record(if has_panicked {
                Outcome::Panic
            } else {
                Outcome::Success
            });
        }
    }
}

/// A call whose clock was stopped and whose outcome is not known yet. Dropped
/// without one, finding it out panicked.
#[derive(Debug)]
pub(crate) struct Stopped {
    operation: Operation,
    ended: Option<Ended>,
}

impl Stopped {
    pub(super) fn new(operation: Operation, ended: Ended) -> Self {
        Self {
            operation,
            ended: Some(ended),
        }
    }

    pub(crate) fn record(mut self, outcome: Outcome) {
        if let Some(ended) = self.ended.take() {
            ended.record(&self.operation, outcome);
        }
    }

    /// Records the outcome that a function finds out, which may allocate.
    pub(crate) fn record_with(self, outcome: impl FnOnce() -> Outcome) {
        let outcome = alloc::uncounted(outcome);
        self.record(outcome);
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended.record(&self.operation, Outcome::Panic);
        }
    }
}

/// A call that ended, before it is recorded.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) nested: bool,
    pub(super) callees_ns: u64,
    pub(super) used: Used,
    pub(super) is_async: bool,
}

impl Ended {
    pub(super) fn record(self, operation: &Operation, outcome: Outcome) {
        let total_ns = self.end_ns.saturating_sub(self.start_ns);
        let sample = Sample {
            start_ns: self.start_ns,
            end_ns: self.end_ns,
            ending: outcome.ending(),
            nested: self.nested,
            self_ns: total_ns.saturating_sub(self.callees_ns),
            busy_ns: self.is_async.then_some(self.used.busy_ns),
            cpu_ns: self.used.cpu_ns,
            memory: self.used.memory,
            work: operation.options.work,
        };
        alloc::uncounted(|| operation.monitor.record(&operation.entry, &sample, outcome));
    }
}

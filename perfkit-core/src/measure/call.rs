//! A call in flight on one thread, in all its variety.

use std::mem::ManuallyDrop;

use crate::alloc;
use crate::monitor::{Handle, Options};
use crate::outcome::{Ending, Outcome};
use crate::recorder::Sample;

use super::error_text_policy::ErrorTextPolicy;
use super::nesting::{self, Covered, Depth, Outer};
use super::segment::Segment;

/// A call in flight. Its clock stops with [`Call::stop`]; dropped before that
/// it ended as it was told to when it began.
#[derive(Debug)]
pub(crate) struct Call {
    destination: Handle,
    options: Options,
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

impl Dropped {
    /// Of a call that ends well when it is dropped, unless it panicked.
    pub(crate) fn ended() -> Self {
        let was_panicking = std::thread::panicking();
        Self::Ended { was_panicking }
    }

    pub(super) fn ending(self) -> Ending {
        match self {
            Self::Ended { was_panicking } if was_panicking || !std::thread::panicking() => {
                Ending::Success
            }
            _ => Ending::Panic,
        }
    }
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
    Within(Outer, Depth),
    /// It may end in any order, as guards do. It is a callee of the call that it
    /// began in, and calls that end meanwhile count as its own.
    Beside(Covered),
}

impl Call {
    /// Begins a call that ends before its caller goes on.
    pub(crate) fn begin(destination: Handle, options: Options, dropped: Dropped) -> Self {
        let depth = Depth::enter(&destination.entry.recorder);
        let place = Place::Within(nesting::enter(), depth);
        Self::begin_at(destination, options, dropped, place)
    }

    /// Begins a call that a guard ends, in whatever order guards end.
    pub(crate) fn begin_guarded(destination: Handle, options: Options) -> Self {
        let place = Place::Beside(Covered::of_current());
        Self::begin_at(destination, options, Dropped::ended(), place)
    }

    fn begin_at(destination: Handle, options: Options, dropped: Dropped, place: Place) -> Self {
        let segment = Segment::begin(options, destination.monitor.clock());
        Self {
            destination,
            options,
            dropped,
            running: Some(Running { place, segment }),
        }
    }

    /// Ends the call with the outcome that a function finds out.
    pub(crate) fn finish(&mut self, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
        if let Some(stopped) = self.stop() {
            let outcome = alloc::uncounted(|| outcome(ErrorTextPolicy::all()));
            stopped.record(outcome);
        }
    }

    /// Ends the call without recording it.
    pub(crate) fn discard(mut self) {
        if let Some(running) = self.running.take() {
            running.segment.end(self.destination.monitor.clock());
            if let Place::Within(outer, depth) = running.place {
                depth.leave();
                nesting::abandon(outer);
            }
        }
    }

    fn stop(&mut self) -> Option<Stopped<'_>> {
        let Running { place, segment } = self.running.take()?;
        let start = segment.start;
        let (end, used) = segment.end(self.destination.monitor.clock());
        let (nested, callees) = match place {
            Place::Within(outer, depth) => {
                let nested = depth.is_nested();
                depth.leave();
                (nested, nesting::leave(outer, end, used.busy_time))
            }
            Place::Beside(outer) => {
                let now = Covered::of_current();
                let is_same = now.frame == outer.frame;
                let ended = now.callees.saturating_sub(outer.callees);
                nesting::add_guarded(outer, start, end);
                (false, if is_same { ended } else { 0 })
            }
        };
        let total = end.saturating_sub(start);
        let sample = Sample {
            start,
            end,
            ending: Ending::Success,
            nested,
            self_time: total.saturating_sub(callees),
            busy_time: None,
            cpu_ns: used.cpu_ns,
            memory: used.memory,
            work: self.options.work,
        };
        Some(Stopped { call: self, sample })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let outcome = match self.dropped.ending() {
            Ending::Success => Outcome::Success,
            _ => Outcome::Panic,
        };
        if let Some(stopped) = self.stop() {
            stopped.record(outcome);
        }
    }
}

/// A call whose clock was stopped and whose outcome is not known yet. Dropped,
/// finding it out panicked.
#[derive(Debug)]
struct Stopped<'a> {
    call: &'a Call,
    sample: Sample,
}

impl Stopped<'_> {
    fn record(self, outcome: Outcome) {
        ManuallyDrop::new(self).record_now(outcome);
    }

    fn record_now(&self, outcome: Outcome) {
        let destination = &self.call.destination;
        let sample = Sample {
            ending: outcome.ending(),
            ..self.sample
        };
        alloc::uncounted(|| {
            destination
                .monitor
                .record(&destination.entry, &sample, outcome);
        });
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.record_now(Outcome::Panic);
    }
}

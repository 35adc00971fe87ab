//! A call in flight on one thread, in all its variety.

use std::mem;

use crate::alloc;
use crate::label::Label;
use crate::labelled_outcome::LabelledOutcome;
use crate::monitor::{Handle, Options};
use crate::outcome::{Ending, Outcome};
use crate::recorder::{OptionalValues, Outer, Sample, add_waiting};

use super::call_labels::CallLabels;
use super::error_text_policy::ErrorTextPolicy;
use super::judge::judge;
use super::nesting::{self, Covered, Depth};
use super::segment::Segment;

/// A call in flight. Its clock stops with [`Call::stop`]; dropped before that
/// it ended as it was told to when it began.
#[derive(Debug)]
pub(crate) struct Call {
    destination: Handle,
    options: Options,
    /// `None` once the clock was stopped.
    running: Option<(Place, Segment)>,
    dropped: Dropped,
    labels: CallLabels,
}

/// What it means when a call is dropped before its clock was stopped: a word of its own,
/// which the compiler need not take apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dropped(u64);

impl Dropped {
    /// It panicked: nothing else leaves the call early.
    pub(crate) const PANICKED: Self = Self(0);

    /// It panicked if the thread began to unwind meanwhile, and ended well otherwise.
    const ENDED: Self = Self(1);

    /// It ended well: the thread was unwinding before.
    const ENDED_ANYWAY: Self = Self(2);

    /// Of a call that ends well when it is dropped, unless it panicked.
    pub(crate) fn ended() -> Self {
        match std::thread::panicking() {
            true => Self::ENDED_ANYWAY,
            false => Self::ENDED,
        }
    }

    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::ENDED_ANYWAY => Outcome::Success,
            Self::ENDED if !std::thread::panicking() => Outcome::Success,
            _ => Outcome::Panic,
        }
    }
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

    /// Begins such a call of which the result tells labels.
    pub(crate) fn begin_labelled(
        destination: Handle,
        options: Options,
        labels: CallLabels,
    ) -> Self {
        let depth = Depth::enter_unresolved(&destination.entry.recorder);
        let place = Place::Within(nesting::enter(), depth);
        let mut call = Self::begin_at(destination, options, Dropped::PANICKED, place);
        call.labels = labels;
        call
    }

    /// Begins a call that a guard ends, in whatever order guards end.
    pub(crate) fn begin_guarded(destination: Handle, options: Options) -> Self {
        add_waiting(&destination.entry.recorder, 1);
        let place = Place::Beside(Covered::of_current());
        Self::begin_at(destination, options, Dropped::ended(), place)
    }

    /// The call of a guard that began before, of which time alone was measured up to now.
    pub(super) fn of_guard(
        destination: Handle,
        outer: Covered,
        start: u64,
        dropped: Dropped,
    ) -> Self {
        Self {
            destination,
            options: Options::default(),
            dropped,
            running: Some((Place::Beside(outer), Segment::of_time(start))),
            labels: CallLabels::default(),
        }
    }

    fn begin_at(destination: Handle, options: Options, dropped: Dropped, place: Place) -> Self {
        let segment = Segment::begin(options, destination.monitor.clock());
        Self {
            destination,
            options,
            dropped,
            running: Some((place, segment)),
            labels: CallLabels::default(),
        }
    }

    /// Counts the call under a label.
    pub(super) fn label(&mut self, label: Label) {
        self.labels.add([label]);
    }

    /// Ends the call with the outcome that a function finds out.
    pub(crate) fn finish<O: Into<LabelledOutcome>>(
        &mut self,
        outcome: impl FnOnce(ErrorTextPolicy) -> O,
    ) {
        if let Some(sample) = self.stop() {
            let find_out = || alloc::uncounted(|| outcome(ErrorTextPolicy::all()).into());
            let labels = mem::take(&mut self.labels);
            let destination = &self.destination;
            let panicked = || labels.clone().record(destination, sample, Outcome::Panic);
            let told: LabelledOutcome = judge(find_out, panicked);
            labels.record_told(destination, sample, told);
        }
    }

    /// Ends the call without recording it.
    pub(crate) fn discard(mut self) {
        if let Some((place, segment)) = self.running.take() {
            segment.end(self.options, self.destination.monitor.clock());
            let recorder = &self.destination.entry.recorder;
            match place {
                Place::Within(outer, depth) => {
                    depth.leave(recorder);
                    nesting::abandon(outer);
                }
                Place::Beside(_) => add_waiting(recorder, -1),
            }
        }
    }

    fn stop(&mut self) -> Option<Sample> {
        let (place, segment) = self.running.take()?;
        let start = segment.start;
        let (end, used) = segment.end(self.options, self.destination.monitor.clock());
        let duration = end.saturating_sub(start);
        let recorder = &self.destination.entry.recorder;
        let (nested, callees) = match place {
            Place::Within(outer, depth) => {
                let nested = depth.is_nested();
                depth.leave(recorder);
                let callees = nesting::callees().wrapping_sub(outer.callees);
                nesting::leave(outer, end, duration);
                (nested, callees)
            }
            Place::Beside(outer) => {
                add_waiting(recorder, -1);
                (false, nesting::leave_guarded(outer, start, end))
            }
        };
        Some(Sample {
            end,
            duration,
            ending: Ending::Success,
            nested,
            self_time: duration.saturating_sub(callees),
            optional: OptionalValues {
                busy_time: None,
                ..used
            },
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let outcome = self.dropped.outcome();
        if let Some(sample) = self.stop() {
            let labels = mem::take(&mut self.labels);
            labels.record(&self.destination, sample, outcome);
        }
    }
}

//! A measured future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::alloc;
use crate::labelled_outcome::LabelledOutcome;
use crate::monitor::{Handle, Operation, Options};
#[cfg(feature = "stream")]
use crate::outcome::Ending;
use crate::outcome::Outcome;
#[cfg(feature = "stream")]
use crate::recorder::Work;
use crate::recorder::{OptionalValues, Sample, add_waiting, shard_of_thread};

use super::call::Dropped;
use super::call_labels::CallLabels;
use super::fast_call::{FastCall, MetricSelection, enter as enter_fast};
use super::judge::judge;
use super::nesting::{self, Covered, Depth};
use super::segment::{Resources, Segment};

/// What a poll may have measured: whatever was begun is read at its end, without
/// asking once more whether it is wanted.
const ANY: Options = Options {
    memory: true,
    cpu: true,
    work: None,
};

pin_project! {
    /// A future that is measured from its first poll to completion.
    ///
    /// Time in polls is busy time, the rest the task waited. Dropped between
    /// the first poll and completion it counts as cancelled; dropped before the
    /// first poll it never was a call. The task may move between threads.
    #[derive(Clone, Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct MeasuredFuture<F, O> {
        #[pin]
        work: F,
        outcome: Option<O>,
        call: AsyncCall,
    }
}

impl<F, O> MeasuredFuture<F, O> {
    pub(crate) fn new(operation: Operation, work: F, outcome: O) -> Self {
        Self {
            work,
            outcome: Some(outcome),
            call: AsyncCall::new(operation),
        }
    }

    /// One of which the result tells labels.
    pub(crate) fn labelled(operation: Operation, labels: CallLabels, work: F, outcome: O) -> Self {
        let mut future = Self::new(operation, work, outcome);
        future.call.labels = Some(alloc::uncounted(|| Box::new(labels)));
        future
    }
}

impl<F: Future, R: Into<LabelledOutcome>, O: FnOnce(&F::Output) -> R> Future
    for MeasuredFuture<F, O>
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !cfg!(feature = "record") {
            return this.work.poll(context);
        }
        if let Some(poll) = this.call.enter_fast() {
            let result = this.work.poll(context);
            match &result {
                Poll::Pending => this.call.suspend(poll),
                Poll::Ready(value) => poll.finish(this.outcome.take(), value),
            }
            return result;
        }
        // Used where it lies: what was just written piece by piece is slow to copy.
        let mut entered = this.call.enter();
        let Some(poll) = &mut entered else {
            return this.work.poll(context);
        };
        let result = this.work.poll(context);
        match &result {
            Poll::Pending => poll.suspend(),
            Poll::Ready(value) => {
                let outcome = this.outcome.take();
                poll.finish(|| match outcome {
                    Some(outcome) => alloc::uncounted(|| outcome(value).into()),
                    None => Outcome::Success.into(),
                });
            }
        }
        result
    }
}

/// An async call, between and within its polls.
#[derive(Debug)]
pub(super) struct AsyncCall {
    pub(super) destination: Handle,
    options: Options,
    /// Where the result tells any.
    labels: Option<Box<CallLabels>>,
    state: State,
}

/// The clone of a future is a call of its own.
impl Clone for AsyncCall {
    fn clone(&self) -> Self {
        Self {
            destination: self.destination.clone(),
            options: self.options,
            labels: self.labels.clone(),
            state: State::NotPolled,
        }
    }
}

#[derive(Debug)]
enum State {
    NotPolled,
    Polled(Progress),
    /// Recorded, or not to be recorded.
    Done,
}

/// What is known of an async call between its polls. Times are in ticks.
#[derive(Debug)]
struct Progress {
    start: u64,
    nested: bool,
    /// The call that it was first polled in.
    parent: u64,
    covered: Covered,
    used: OptionalValues,
}

impl AsyncCall {
    pub(super) fn new(operation: Operation) -> Self {
        Self {
            destination: operation.destination,
            options: operation.options,
            labels: None,
            state: State::NotPolled,
        }
    }

    /// Begins the first poll where it may be all of the call: then it is one as any other.
    /// The call counts as recorded, unless it is suspended.
    #[inline]
    pub(super) fn enter_fast(&mut self) -> Option<FirstPoll> {
        if !matches!(self.state, State::NotPolled) || self.labels.is_some() {
            return None;
        }
        let state = self.destination.monitor.state();
        if !state.is_enabled() || state.needs_full_path() {
            return None;
        }
        let shard = shard_of_thread(&self.destination.entry.recorder)?;
        shard.gate.remember_state(state);
        if !enter_fast(shard, state) {
            return None;
        }
        self.state = State::Done;
        Some(FirstPoll {
            outer_until: nesting::until(),
            call: FastCall::begin(shard, OfPoll(self.options), Dropped::PANICKED),
        })
    }

    /// Ends a first poll that was not all of the call.
    #[inline]
    pub(super) fn suspend(&mut self, poll: FirstPoll) {
        self.state = State::Polled(poll.suspend());
    }

    /// Begins a poll; `None` when nothing is to be recorded.
    #[inline]
    pub(super) fn enter(&mut self) -> Option<PollGuard<'_>> {
        let covered = match &self.state {
            State::Done => return None,
            State::NotPolled if !self.destination.monitor.is_enabled() => {
                self.state = State::Done;
                return None;
            }
            State::NotPolled => Covered::of_new_frame(),
            State::Polled(progress) => progress.covered,
        };
        let recorder = &self.destination.entry.recorder;
        let depth = if self.labels.is_some() {
            Depth::enter_unresolved(recorder)
        } else {
            Depth::enter(recorder)
        };
        if matches!(self.state, State::Polled(_)) {
            depth.add_waiting(recorder, -1);
        }
        let outer = covered.resume();
        let segment = Segment::begin(self.options, self.destination.monitor.clock());
        if matches!(self.state, State::NotPolled) {
            self.state = State::Polled(Progress {
                start: segment.start,
                nested: depth.is_nested(),
                parent: outer.frame,
                covered,
                used: OptionalValues {
                    work: self.options.work,
                    ..OptionalValues::default()
                },
            });
        }
        Some(PollGuard {
            call: self,
            depth,
            outer,
            segment,
            has_ended: false,
        })
    }

    /// Counts an item that the poll before this yielded. For the first one it says what the
    /// call was up to then.
    #[cfg(feature = "stream")]
    pub(super) fn count_item(&mut self) -> Option<Sample> {
        let State::Polled(progress) = &mut self.state else {
            return None;
        };
        let Some(Work::Items(items)) = &mut progress.used.work else {
            return None;
        };
        *items = items.saturating_add(1);
        if *items > 1 {
            return None;
        }
        let end = self.destination.monitor.clock().ticks();
        let duration = end.saturating_sub(progress.start);
        Some(Sample {
            end,
            duration,
            ending: Ending::Success,
            nested: progress.nested,
            self_time: duration.saturating_sub(progress.covered.callees),
            optional: OptionalValues {
                busy_time: progress.used.busy_time,
                ..OptionalValues::default()
            },
        })
    }

    /// Counts the call, and for the one around it.
    #[inline]
    fn record(&mut self, end: u64, told: LabelledOutcome) {
        let state = std::mem::replace(&mut self.state, State::Done);
        let State::Polled(progress) = state else {
            return;
        };
        nesting::add_callee(progress.parent, progress.start, end);
        let is_plain =
            matches!(told.outcome, Outcome::Success) && !progress.nested && self.labels.is_none();
        if is_plain && self.record_success(&progress, end) {
            return;
        }
        let duration = end.saturating_sub(progress.start);
        let sample = Sample {
            end,
            duration,
            ending: told.outcome.ending(),
            nested: progress.nested,
            self_time: duration.saturating_sub(progress.covered.callees),
            optional: progress.used,
        };
        match self.labels.take() {
            Some(labels) => {
                alloc::uncounted(|| labels.record_told(&self.destination, sample, told));
            }
            None => self.destination.record(sample, told.outcome),
        }
    }

    /// Counts an outermost successful call in the thread's shard, where
    /// that is possible.
    #[inline]
    fn record_success(&self, progress: &Progress, end: u64) -> bool {
        let state = self.destination.monitor.state();
        if state.needs_full_path() {
            return false;
        }
        let Some(shard) = shard_of_thread(&self.destination.entry.recorder) else {
            return false;
        };
        shard.gate.remember_state(state);
        let duration = end.saturating_sub(progress.start);
        if shard.wants_slow_path(end, duration) {
            // The full path gives it.
            return false;
        }
        shard.record_optional(&progress.used);
        let self_time = duration.saturating_sub(progress.covered.callees);
        shard.record_success(end, duration, self_time);
        true
    }
}

impl Drop for AsyncCall {
    fn drop(&mut self) {
        if matches!(self.state, State::Polled(_)) {
            add_waiting(&self.destination.entry.recorder, -1);
            let end = self.destination.monitor.clock().ticks();
            self.record(end, Outcome::Cancelled.into());
        }
    }
}

/// A first poll in progress.
pub(super) struct FirstPoll {
    /// Of the call around it.
    outer_until: u64,
    call: FastCall<OfPoll>,
}

impl FirstPoll {
    #[inline]
    pub(super) fn finish<T, R: Into<LabelledOutcome>>(
        self,
        outcome: Option<impl FnOnce(&T) -> R>,
        value: &T,
    ) {
        self.call.finish(|_| match outcome {
            Some(outcome) => alloc::uncounted(|| outcome(value).into()).outcome,
            None => Outcome::Success,
        });
    }

    fn suspend(self) -> Progress {
        let (outer, start) = (self.call.outer(), self.call.start());
        let (used, nested) = self.call.suspend();
        let (covered, parent) = Covered::suspended(outer, self.outer_until);
        Progress {
            start,
            nested,
            parent,
            covered,
            used,
        }
    }
}

/// What a poll measures: its time is busy time.
#[derive(Clone, Copy, Debug)]
struct OfPoll(Options);

impl MetricSelection for OfPoll {
    type Begun = Resources;
    type Used = OptionalValues;

    fn options(self) -> Options {
        self.0
    }

    #[inline]
    fn begin(self) -> Resources {
        self.0.begin()
    }

    #[inline]
    fn used(self, begun: &Resources, duration: u64) -> OptionalValues {
        OptionalValues {
            busy_time: Some(duration),
            ..self.0.used(begun, duration)
        }
    }
}

/// A poll in progress. Dropped without an end, the poll panicked.
pub(super) struct PollGuard<'a> {
    call: &'a mut AsyncCall,
    depth: Depth,
    outer: Covered,
    segment: Segment,
    has_ended: bool,
}

impl PollGuard<'_> {
    pub(super) fn finish(&mut self, outcome: impl FnOnce() -> LabelledOutcome) {
        let Some(end) = self.end_poll() else {
            return;
        };
        let told = judge(outcome, || self.call.record(end, Outcome::Panic.into()));
        self.call.record(end, told);
    }

    /// The call goes on later.
    pub(super) fn suspend(&mut self) {
        if !self.has_ended {
            let recorder = &self.call.destination.entry.recorder;
            self.depth.add_waiting(recorder, 1);
        }
        self.end_poll();
    }

    #[inline]
    fn end_poll(&mut self) -> Option<u64> {
        if std::mem::replace(&mut self.has_ended, true) {
            return None;
        }
        let clock = self.call.destination.monitor.clock();
        let (end, used) = self.segment.end(ANY, clock);
        self.depth.leave(&self.call.destination.entry.recorder);
        let covered = self.outer.resume();
        if let State::Polled(progress) = &mut self.call.state {
            progress.used.then(&used);
            progress.covered = covered;
        }
        Some(end)
    }
}

impl Drop for PollGuard<'_> {
    fn drop(&mut self) {
        if let Some(end) = self.end_poll() {
            self.call.record(end, Outcome::Panic.into());
        }
    }
}

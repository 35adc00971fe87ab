//! A measured future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey;

use pin_project_lite::pin_project;

use crate::alloc;
use crate::labelled_outcome::LabelledOutcome;
use crate::monitor::{Destination, Handle, Operation, Options};
#[cfg(feature = "stream")]
use crate::outcome::Ending;
use crate::outcome::Outcome;
use crate::recorder::{
    GLOBAL_STATE, Sample, Shard, ThreadCache, Used, add_waiting, find_and_cache, shard_of_thread,
};
#[cfg(feature = "stream")]
use crate::recorder::{OptionalValues, Work};

use super::async_selection::{AsyncSelection, OfPoll, UsedByPolls as _};
use super::call::Dropped;
use super::call_labels::CallLabels;
use super::fast_call::{FastCall, enter as enter_fast};
use super::judge::judge;
use super::nesting::{self, Covered, Depth};
use super::segment::Segment;

pin_project! {
    /// A future that is measured from its first poll to completion.
    ///
    /// Time in polls is busy time, the rest the task waited. Dropped between
    /// the first poll and completion it counts as cancelled; dropped before the
    /// first poll it never was a call. The task may move between threads.
    #[derive(Clone, Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct MeasuredFuture<F, O, E: AsyncSelection = Options> {
        #[pin]
        work: F,
        outcome: Option<O>,
        call: AsyncCall<E>,
    }
}

impl<F, O, E: AsyncSelection> MeasuredFuture<F, O, E> {
    /// One of a place in the program, which keeps the thread's shard under a key.
    #[inline(always)]
    pub(crate) fn at(
        destination: &'static Destination,
        place: (&'static LocalKey<ThreadCache>, usize),
        selection: E,
        work: F,
        outcome: O,
    ) -> Self {
        Self {
            work,
            outcome: Some(outcome),
            call: AsyncCall {
                destination: Handle::Static(destination),
                place: Some(place),
                selection,
                labels: None,
                state: State::NotPolled,
            },
        }
    }

    pub(crate) fn new(destination: Handle, selection: E, work: F, outcome: O) -> Self {
        Self {
            work,
            outcome: Some(outcome),
            call: AsyncCall::new(destination, selection),
        }
    }
}

impl<F, O> MeasuredFuture<F, O> {
    pub(crate) fn of(operation: Operation, work: F, outcome: O) -> Self {
        Self::new(operation.destination, operation.options, work, outcome)
    }

    /// One of which the result tells labels.
    pub(crate) fn labelled(operation: Operation, labels: CallLabels, work: F, outcome: O) -> Self {
        let mut future = Self::of(operation, work, outcome);
        future.call.labels = Some(alloc::uncounted(|| Box::new(labels)));
        future
    }
}

impl<F, R, O, E> Future for MeasuredFuture<F, O, E>
where
    F: Future,
    R: Into<LabelledOutcome>,
    O: FnOnce(&F::Output) -> R,
    E: AsyncSelection,
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
pub(super) struct AsyncCall<E: AsyncSelection> {
    pub(super) destination: Handle,
    /// Where the thread's shard is kept, under which key, if the place in the program does.
    place: Option<(&'static LocalKey<ThreadCache>, usize)>,
    selection: E,
    /// Where the result tells any.
    labels: Option<Box<CallLabels>>,
    state: State<E::UsedByPolls>,
}

/// The clone of a future is a call of its own.
impl<E: AsyncSelection> Clone for AsyncCall<E> {
    fn clone(&self) -> Self {
        Self {
            destination: self.destination.clone(),
            place: self.place,
            selection: self.selection,
            labels: self.labels.clone(),
            state: State::NotPolled,
        }
    }
}

#[derive(Debug)]
enum State<U> {
    NotPolled,
    Polled(Progress<U>),
    /// Recorded, or not to be recorded.
    Done,
}

/// What is known of an async call between its polls. Times are in ticks.
#[derive(Debug)]
struct Progress<U> {
    start: u64,
    nested: bool,
    /// The call that it was first polled in.
    parent: u64,
    covered: Covered,
    used: U,
}

impl<E: AsyncSelection> AsyncCall<E> {
    pub(super) fn new(destination: Handle, selection: E) -> Self {
        Self {
            destination,
            place: None,
            selection,
            labels: None,
            state: State::NotPolled,
        }
    }

    /// Begins the first poll where it may be all of the call: then it is one as any other.
    /// The call counts as recorded, unless it is suspended.
    #[inline(always)]
    pub(super) fn enter_fast(&mut self) -> Option<FirstPoll<E>> {
        if !matches!(self.state, State::NotPolled) || self.labels.is_some() {
            return None;
        }
        let kept = self.place.and_then(|(cache, key)| {
            let shard = cache.with(|cache| cache.shard(key))?;
            shard
                .gate
                .enter_outermost(GLOBAL_STATE.read())
                .then_some(shard)
        });
        let shard = kept.or_else(|| self.find_and_enter())?;
        self.state = State::Done;
        Some(FirstPoll {
            outer_until: nesting::until(),
            call: FastCall::begin(shard, OfPoll(self.selection), Dropped::PANICKED),
        })
    }

    /// Finds the thread's shard, and enters it where calls may take the fast path.
    fn find_and_enter(&self) -> Option<&'static Shard> {
        let state = self.destination.monitor.state();
        if !state.is_enabled() || state.needs_full_path() {
            return None;
        }
        let recorder = &self.destination.entry.recorder;
        let shard = match self.place {
            Some((cache, key)) => find_and_cache(recorder, cache, key),
            None => shard_of_thread(recorder),
        }?;
        shard.gate.remember_state(state);
        enter_fast(shard, state).then_some(shard)
    }

    /// Ends a first poll that was not all of the call.
    #[inline]
    pub(super) fn suspend(&mut self, poll: FirstPoll<E>) {
        self.state = State::Polled(poll.suspend());
    }

    /// Begins a poll; `None` when nothing is to be recorded.
    #[inline]
    pub(super) fn enter(&mut self) -> Option<PollGuard<'_, E>> {
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
        let options = self.selection.options();
        let segment = Segment::begin(options, self.destination.monitor.clock());
        if matches!(self.state, State::NotPolled) {
            self.state = State::Polled(Progress {
                start: segment.start,
                nested: depth.is_nested(),
                parent: outer.frame,
                covered,
                used: self.selection.before_polls(),
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
            optional: progress.used.values(),
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
    fn record_success(&self, progress: &Progress<E::UsedByPolls>, end: u64) -> bool {
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
        shard.record_used(&progress.used);
        let self_time = duration.saturating_sub(progress.covered.callees);
        shard.record_success(end, duration, self_time);
        true
    }
}

#[cfg(feature = "stream")]
impl AsyncCall<Options> {
    /// Counts an item that the poll before this yielded. For the first one it says what the
    /// call was up to then.
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
}

impl<E: AsyncSelection> Drop for AsyncCall<E> {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.state, State::Polled(_)) {
            add_waiting(&self.destination.entry.recorder, -1);
            let end = self.destination.monitor.clock().ticks();
            self.record(end, Outcome::Cancelled.into());
        }
    }
}

/// A first poll in progress.
pub(super) struct FirstPoll<E: AsyncSelection> {
    /// Of the call around it.
    outer_until: u64,
    call: FastCall<OfPoll<E>>,
}

impl<E: AsyncSelection> FirstPoll<E> {
    #[inline(always)]
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

    fn suspend(self) -> Progress<E::UsedByPolls> {
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

/// A poll in progress. Dropped without an end, the poll panicked.
pub(super) struct PollGuard<'a, E: AsyncSelection> {
    call: &'a mut AsyncCall<E>,
    depth: Depth,
    outer: Covered,
    segment: Segment,
    has_ended: bool,
}

impl<E: AsyncSelection> PollGuard<'_, E> {
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
        let options = self.call.selection.options();
        let (end, used) = self.segment.end(options, clock);
        self.depth.leave(&self.call.destination.entry.recorder);
        let covered = self.outer.resume();
        if let State::Polled(progress) = &mut self.call.state {
            progress.used.then(&used);
            progress.covered = covered;
        }
        Some(end)
    }
}

impl<E: AsyncSelection> Drop for PollGuard<'_, E> {
    fn drop(&mut self) {
        if let Some(end) = self.end_poll() {
            self.call.record(end, Outcome::Panic.into());
        }
    }
}

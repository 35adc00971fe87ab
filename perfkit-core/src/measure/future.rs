//! A measured future.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::monitor::Operation;
use crate::outcome::Outcome;

use super::call::{Ended, Stopped};
use super::nesting::{self, Covered, Frame};
use super::segment::{Segment, Used};

pin_project! {
    /// A future that is measured from its first poll to completion.
    ///
    /// Time in polls is busy time, the rest the task waited. Dropped between
    /// the first poll and completion it counts as cancelled; dropped before the
    /// first poll it never was a call. The task may move between threads.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Measured<F, O> {
        #[pin]
        work: F,
        outcome: Option<O>,
        call: AsyncCall,
    }
}

/// The clone of a future is a call of its own.
impl<F: Clone, O: Clone> Clone for Measured<F, O> {
    fn clone(&self) -> Self {
        Self {
            work: self.work.clone(),
            outcome: self.outcome.clone(),
            call: AsyncCall {
                operation: self.call.operation.clone(),
                state: State::NotPolled,
            },
        }
    }
}

impl<F: Future, O: FnOnce(&F::Output) -> Outcome> Measured<F, O> {
    pub(crate) fn new(operation: Operation, work: F, outcome: O) -> Self {
        Self {
            work,
            outcome: Some(outcome),
            call: AsyncCall {
                operation,
                state: State::NotPolled,
            },
        }
    }
}

impl<F: Future, O: FnOnce(&F::Output) -> Outcome> Future for Measured<F, O> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !cfg!(feature = "record") {
            return this.work.poll(context);
        }
        let Some(poll) = this.call.enter() else {
            return this.work.poll(context);
        };
        let result = this.work.poll(context);
        match &result {
            Poll::Pending => poll.pause(),
            Poll::Ready(value) => {
                let outcome = this.outcome.take();
                poll.finish(|| outcome.map_or(Outcome::Success, |outcome| outcome(value)));
            }
        }
        result
    }
}

/// An async call, between and within its polls.
#[derive(Debug)]
struct AsyncCall {
    operation: Operation,
    state: State,
}

#[derive(Debug)]
enum State {
    NotPolled,
    Polled(Progress),
    /// Recorded, or not to be recorded.
    Done,
}

/// What is known of an async call between its polls.
#[derive(Debug)]
struct Progress {
    start_ns: u64,
    nested: bool,
    /// The call that it was first polled in.
    parent: u64,
    covered: Covered,
    used: Used,
}

impl AsyncCall {
    /// Begins a poll; `None` when nothing is to be recorded.
    fn enter(&mut self) -> Option<PollGuard<'_>> {
        let covered = match &self.state {
            State::Done => return None,
            State::NotPolled if !self.operation.monitor.is_enabled() => {
                self.state = State::Done;
                return None;
            }
            State::NotPolled => Covered::of_new_frame(),
            State::Polled(progress) => progress.covered,
        };
        let id = Arc::as_ptr(&self.operation.entry) as usize;
        let frame = Frame::enter(id, covered);
        let segment = Segment::begin(&self.operation);
        if matches!(self.state, State::NotPolled) {
            self.state = State::Polled(Progress {
                start_ns: segment.start_ns,
                nested: frame.nested,
                parent: frame.parent(),
                covered,
                used: Used::default(),
            });
        }
        Some(PollGuard {
            call: self,
            running: Some((frame, segment)),
        })
    }

    /// Counts the call for the one around it, and hands out what to record.
    fn end(&mut self, end_ns: u64) -> Option<Ended> {
        let state = std::mem::replace(&mut self.state, State::Done);
        let State::Polled(progress) = state else {
            return None;
        };
        nesting::add_callee(progress.parent, progress.start_ns, end_ns);
        Some(Ended {
            start_ns: progress.start_ns,
            end_ns,
            nested: progress.nested,
            callees_ns: progress.covered.callees_ns,
            used: progress.used,
            is_async: true,
        })
    }

    fn record(&mut self, end_ns: u64, outcome: Outcome) {
        if let Some(ended) = self.end(end_ns) {
            ended.record(&self.operation, outcome);
        }
    }
}

impl Drop for AsyncCall {
    fn drop(&mut self) {
        if matches!(self.state, State::Polled(_)) {
            let end_ns = self.operation.monitor.clock().now_ns();
            self.record(end_ns, Outcome::Cancelled);
        }
    }
}

/// A poll in progress. Dropped without an end, the poll panicked.
struct PollGuard<'a> {
    call: &'a mut AsyncCall,
    running: Option<(Frame, Segment)>,
}

impl PollGuard<'_> {
    fn pause(mut self) {
        self.end_poll();
    }

    fn finish(mut self, outcome: impl FnOnce() -> Outcome) {
        let Some(end_ns) = self.end_poll() else {
            return;
        };
        let Some(ended) = self.call.end(end_ns) else {
            return;
        };
        Stopped::new(self.call.operation.clone(), ended).record_with(outcome);
    }

    fn end_poll(&mut self) -> Option<u64> {
        let (frame, segment) = self.running.take()?;
        let (end_ns, stretch) = segment.end(&self.call.operation);
        let covered = frame.leave();
        if let State::Polled(progress) = &mut self.call.state {
            progress.used.then(stretch);
            progress.covered = covered;
        }
        Some(end_ns)
    }
}

impl Drop for PollGuard<'_> {
    fn drop(&mut self) {
        if let Some(end_ns) = self.end_poll() {
            self.call.record(end_ns, Outcome::Panic);
        }
    }
}

//! A measured future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::monitor::Operation;
use crate::outcome::Outcome;

use super::call::{Span, record};
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
    Polled {
        start_ns: u64,
        nested: bool,
        used: Used,
    },
    /// Recorded, or not to be recorded.
    Done,
}

impl AsyncCall {
    /// Begins a poll; `None` when nothing is to be recorded.
    fn enter(&mut self) -> Option<PollGuard<'_>> {
        match self.state {
            State::Done => return None,
            State::NotPolled if !self.operation.monitor.is_enabled() => {
                self.state = State::Done;
                return None;
            }
            _ => {}
        }
        let segment = Segment::begin(&self.operation);
        if matches!(self.state, State::NotPolled) {
            self.state = State::Polled {
                start_ns: segment.start_ns,
                nested: segment.is_nested(),
                used: Used::default(),
            };
        }
        Some(PollGuard {
            call: self,
            segment: Some(segment),
        })
    }

    fn end(&mut self, end_ns: u64, outcome: Outcome) {
        let state = std::mem::replace(&mut self.state, State::Done);
        if let State::Polled {
            start_ns,
            nested,
            used,
        } = state
        {
            let span = Span {
                start_ns,
                end_ns,
                nested,
            };
            record(&self.operation, span, &used, true, outcome);
        }
    }
}

impl Drop for AsyncCall {
    fn drop(&mut self) {
        if matches!(self.state, State::Polled { .. }) {
            let end_ns = self.operation.monitor.clock().now_ns();
            self.end(end_ns, Outcome::Cancelled);
        }
    }
}

/// A poll in progress. Dropped without an end, the poll panicked.
struct PollGuard<'a> {
    call: &'a mut AsyncCall,
    segment: Option<Segment>,
}

impl PollGuard<'_> {
    fn pause(mut self) {
        self.end_segment();
    }

    fn finish(mut self, outcome: impl FnOnce() -> Outcome) {
        if let Some(end_ns) = self.end_segment() {
            self.call.end(end_ns, outcome());
        }
    }

    fn end_segment(&mut self) -> Option<u64> {
        let (end_ns, stretch) = self.segment.take()?.end(&self.call.operation);
        if let State::Polled { used, .. } = &mut self.call.state {
            used.then(stretch);
        }
        Some(end_ns)
    }
}

impl Drop for PollGuard<'_> {
    fn drop(&mut self) {
        if let Some(end_ns) = self.end_segment() {
            self.call.end(end_ns, Outcome::Panic);
        }
    }
}

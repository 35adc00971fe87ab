//! A measured stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::stream::{FusedStream, Stream};
use pin_project_lite::pin_project;

use crate::monitor::{Monitor, Operation, Options};
use crate::outcome::Outcome;
use crate::recorder::Work;

use super::future::AsyncCall;

pin_project! {
    /// A stream that is measured from its first poll to its end.
    ///
    /// Time in polls is busy time, the rest the task or the stream waited; what it yields
    /// are the call's items. Dropped between the first poll and its end it counts as
    /// cancelled; dropped before the first poll it never was a call. It may move between
    /// threads. A clone is a call of its own.
    #[derive(Clone, Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct MeasuredStream<S> {
        #[pin]
        work: S,
        call: AsyncCall<Options>,
    }
}

impl<S> MeasuredStream<S> {
    pub(crate) fn new(mut operation: Operation, work: S) -> Self {
        operation.options.work = Some(Work::Items(0));
        let call = AsyncCall::new(operation.destination, operation.options);
        Self { work, call }
    }
}

impl<S: Stream> Stream for MeasuredStream<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if !cfg!(feature = "record") {
            return this.work.poll_next(context);
        }
        if let Some(poll) = this.call.enter_fast() {
            let polled = this.work.poll_next(context);
            match &polled {
                Poll::Ready(None) => poll.finish(Some(|_: &()| Outcome::Success), &()),
                Poll::Ready(Some(_)) => {
                    this.call.suspend(poll);
                    count_item(this.call);
                }
                Poll::Pending => this.call.suspend(poll),
            }
            return polled;
        }
        let Some(mut poll) = this.call.enter() else {
            return this.work.poll_next(context);
        };
        let polled = this.work.poll_next(context);
        match &polled {
            Poll::Ready(None) => poll.finish(|| Outcome::Success.into()),
            Poll::Ready(Some(_)) => {
                poll.suspend();
                drop(poll);
                count_item(this.call);
            }
            Poll::Pending => poll.suspend(),
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.work.size_hint()
    }
}

impl<S: FusedStream> FusedStream for MeasuredStream<S> {
    fn is_terminated(&self) -> bool {
        self.work.is_terminated()
    }
}

/// Counts an item, and the time to the first one in an operation of its own.
#[inline]
fn count_item(call: &mut AsyncCall<Options>) {
    if let Some(sample) = call.count_item() {
        call.destination.record_first_item(sample);
    }
}

impl Monitor {
    /// Measures a stream from its first poll to its end; see [`Operation::measure_stream`].
    pub fn measure_stream<S: Stream>(&self, name: &str, work: S) -> MeasuredStream<S> {
        self.operation(name).measure_stream(work)
    }
}

impl Operation {
    /// Measures a stream from its first poll to its end, with what it yields as items,
    /// whatever the operation declares. The time to the first item is that of the operation
    /// `NAME (first item)`.
    ///
    /// It succeeds when it ends. One that is dropped before, as by a consumer that has
    /// enough, is cancelled; an item that is an error is an item.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let monitor = perfkit::Monitor::new();
    /// let rows = monitor.operation("rows").measure_stream(stream::iter([1, 2, 3]));
    /// assert_eq!(rows.count().await, 3);
    ///
    /// let snapshot = monitor.snapshot();
    /// let rows = snapshot.operation("rows").unwrap();
    /// assert_eq!(rows.lifetime.calls.success, 1);
    /// assert_eq!(rows.lifetime.metric("items").unwrap().sum, 3.0);
    /// assert_eq!(snapshot.operation("rows (first item)").unwrap().lifetime.calls.success, 1);
    /// # });
    /// ```
    pub fn measure_stream<S: Stream>(&self, work: S) -> MeasuredStream<S> {
        MeasuredStream::new(self.clone(), work)
    }
}

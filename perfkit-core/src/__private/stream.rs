//! A stream from the moment that the options of its call are known.

use futures_core::Stream;

use crate::measure::{MeasuredStream, MetricSelection};

use super::enter::Enter;

impl<E: MetricSelection> Enter<'_, E> {
    /// Wraps a stream.
    pub fn measure_stream<S: Stream>(self, work: S) -> MeasuredStream<S> {
        MeasuredStream::new(self.operation(), work)
    }
}

/// Calls a closure that returns a stream of known items: the closure's body is checked
/// with it, as it is against the function's signature.
pub fn stream_of<T, S: Stream<Item = T>>(work: impl FnOnce() -> S) -> S {
    work()
}

/// A stream of known items.
pub fn stream<T, S: Stream<Item = T>>(stream: S) -> S {
    stream
}

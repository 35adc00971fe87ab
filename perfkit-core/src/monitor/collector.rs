//! What takes measurements as they are made.

use std::time::{Duration, SystemTime};

use crate::outcome::{Ending, Failure};

use super::{Labelled, Measurement};

/// Takes measurements as they are made, on a thread of its own.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
///
/// let monitor = perfkit::Monitor::new();
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&seen);
/// monitor.set_collector(move |m: &perfkit::Measurement| {
///     sink.lock().unwrap().push((m.operation.clone(), m.is_success()));
/// })?;
/// monitor.measure("work", || ());
/// assert!(monitor.flush_collector(Duration::from_secs(10)));
/// assert!(seen.lock().unwrap().contains(&("work".to_owned(), true)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Collector: Send {
    /// Takes one measurement. A panic here ends the delivery, not the program.
    ///
    /// A collector needs this or [`Collector::collect_call`].
    fn collect(&mut self, measurement: &Measurement) {
        let _ = measurement;
    }

    /// Takes one call with all that was measured of it; by default it hands one measurement
    /// after the other to [`Collector::collect`].
    fn collect_call(&mut self, call: &CollectedCall<'_>) {
        for measurement in call.measurements {
            self.collect(measurement);
        }
    }

    /// Lets go of what is kept back: nothing more comes for the moment, or somebody waits in
    /// [`Monitor::flush_collector`](crate::Monitor::flush_collector).
    fn flush(&mut self) {}

    /// How many calls it took since this was last asked and could not keep, because a disk
    /// is full for example. They count as
    /// [dropped](crate::Monitor::dropped_deliveries).
    fn take_lost(&mut self) -> u64 {
        0
    }
}

impl<F: FnMut(&Measurement) + Send> Collector for F {
    fn collect(&mut self, measurement: &Measurement) {
        self(measurement);
    }
}

/// One call, as a [`Collector`] gets it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CollectedCall<'a> {
    /// The operation's name, with labels if it has any.
    pub operation: &'a str,
    /// The name and the labels apart, where there are labels.
    pub labelled: Option<&'a Labelled>,
    /// When the call began, by the wall clock, counted back from when it was delivered.
    pub start: SystemTime,
    /// From its start to its end, however it ended.
    pub duration: Duration,
    /// The same without measured callees on its thread or task.
    pub self_time: Duration,
    /// How it ended.
    pub ending: Ending,
    /// Kind and text of the failure, if it was one.
    pub failure: Option<&'a Failure>,
    /// Whether it ran within another call of the operation, whose time has its own in it.
    pub is_nested: bool,
    /// Every value that was measured.
    pub measurements: &'a [Measurement],
}

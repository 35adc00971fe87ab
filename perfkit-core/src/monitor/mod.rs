//! Monitors: named operations, a clock, and where their calls are counted.

mod builder;
mod channel;
mod collecting;
mod collector;
mod counter;
mod delivery;
mod gauge;
mod instrument;
mod labels;
mod measurement;
mod operation;
mod ratio;
mod registry;
mod value_kind;

pub use builder::MonitorBuilder;
pub use collector::{CollectedCall, Collector};
pub use counter::Counter;
pub use gauge::Gauge;
pub use labels::Labelled;
pub use measurement::Measurement;

pub(crate) use channel::{
    Call as CollectorCall, send_anyway as send_to_collector, send_plain as send_plain_to_collector,
};
pub(crate) use instrument::Instrument;
pub use operation::Operation;
#[doc(hidden)]
pub use operation::Options;
pub(crate) use operation::{Destination, Handle};
pub(crate) use registry::Entry;
pub(crate) use value_kind::ValueKind;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::alloc;
use crate::clock::Clock;
use crate::outcome::{Failure, Outcome};
use crate::recorder::{
    Common, CounterCell, GaugeCell, Limits, MonitorState, Sample, StateReading, TraceContext,
    record, shard_of_thread,
};

use delivery::Delivery;
use instrument::{Counters, Gauges};
use ratio::{RatioParts, Ratios};
use registry::Registry;

/// Records the calls of named operations. Clones share what was recorded.
///
/// Most programs use the global one, through `#[measure]`, [`crate::measure()`]
/// and [`crate::snapshot()`]; a monitor of one's own keeps tests apart from each
/// other and subsystems from the program.
///
/// ```
/// let monitor = perfkit::Monitor::new();
/// let sum = monitor.measure("sum", || (1..=10).sum::<u32>());
/// assert_eq!(sum, 55);
/// assert_eq!(monitor.snapshot().operation("sum").unwrap().lifetime.calls.success, 1);
/// ```
#[derive(Clone, Debug)]
pub struct Monitor {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    state: MonitorState,
    common: Arc<Common>,
    registry: Registry<Entry>,
    counters: Counters,
    gauges: Gauges,
    ratios: Ratios,
    /// In ticks of the clock.
    started: AtomicU64,
    delivery: Delivery,
    /// See [`Monitor::known_values`].
    values: OnceLock<Monitor>,
}

impl Monitor {
    /// Whether it is the program's own, which is there for good.
    pub(crate) fn is_global(&self) -> bool {
        matches!(self.inner.state, MonitorState::Global)
    }

    /// Switches recording on or off. Calls in flight are still recorded.
    pub fn set_enabled(&self, is_enabled: bool) {
        self.inner.state.set_enabled(is_enabled);
    }

    /// Whether calls are recorded.
    #[must_use]
    #[inline]
    pub fn is_enabled(&self) -> bool {
        cfg!(feature = "record") && self.state().is_enabled()
    }

    /// Never given twice.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.inner.common.id
    }

    #[inline(always)]
    pub(crate) fn state(&self) -> StateReading {
        self.inner.state.read()
    }

    /// Forgets all calls and what was counted; operations, counters and their handles stay, and
    /// so do the values of gauges.
    pub fn reset(&self) {
        for entry in self.inner.registry.entries() {
            entry.recorder.reset();
        }
        let now = self.clock().ticks();
        self.counters()
            .iter()
            .for_each(|counter| counter.cell.reset());
        self.gauges().iter().for_each(|gauge| gauge.cell.reset(now));
        self.inner.started.store(now, Ordering::Relaxed);
        if let Some(values) = self.known_values() {
            values.reset();
        }
    }

    /// Where values are recorded that the program hands over, if there ever was one: as
    /// durations of calls, on a clock that counts whole nanoseconds, so that whole numbers
    /// stay what they are. Each entry knows its [`ValueKind`], but for that of all names
    /// beyond the limit.
    pub(crate) fn known_values(&self) -> Option<&Self> {
        self.inner.values.get()
    }

    /// Sends every measurement to a collector from now on.
    ///
    /// The collector runs on a thread of its own. Each measured thread has a queue of 4096
    /// calls to it (128 KiB), up to 512 threads; all others share one. The calls of a thread
    /// come in their order, some milliseconds after they ended, those of different threads
    /// in any. When the collector falls behind, calls are dropped and counted
    /// ([`Monitor::dropped_deliveries`]); measuring never waits for it: it costs some 25 ns
    /// more. Every call is delivered or counted as dropped. A later call replaces the
    /// collector, after it got everything queued.
    ///
    /// On that thread a write to a closed pipe or to a file that may not grow fails, and is
    /// no signal.
    ///
    /// # Errors
    /// The system refuses the thread.
    pub fn set_collector(&self, collector: impl Collector + 'static) -> std::io::Result<()> {
        let clock = self.clock().clone();
        self.inner.delivery.start(Box::new(collector), clock)?;
        // On another clock all calls take the full path anyway.
        self.inner.state.set_collected(self.clock().is_counter());
        Ok(())
    }

    /// Keeps single calls of each operation with the trace that they are part of, from now on:
    /// exemplars, which Prometheus and OpenTelemetry show beside a histogram.
    ///
    /// The function says which trace runs on the calling thread. It is called when a call
    /// ends, on the thread on which it ended: a span within the call has ended by then, and
    /// the one around it counts. A panic in it is no trace.
    /// `perfkit::otlp::current_trace`, in the feature `otlp-exemplars`, reads the current
    /// context of OpenTelemetry.
    ///
    /// Kept is the latest call of each length, where the next one is twice as long, of
    /// successes and of all else apart: at most 128 of an operation, some 100 bytes each.
    /// Each thread asks for at most one in some 10 ms to 30 ms of each length. They are not in
    /// saved reports.
    ///
    /// ```
    /// use perfkit::{Monitor, TraceContext};
    ///
    /// let monitor = Monitor::new();
    /// monitor.collect_exemplars(|| TraceContext::new(0xabc, 0x12));
    /// monitor.measure("work", || ());
    /// let snapshot = monitor.snapshot();
    /// let exemplar = snapshot.operation("work").unwrap().exemplars[0];
    /// assert_eq!(exemplar.trace.to_string(), "00000000000000000000000000000abc-0000000000000012");
    /// ```
    pub fn collect_exemplars(&self, source: fn() -> Option<TraceContext>) {
        self.inner.common.set_trace_source(Some(source));
        self.inner.state.set_traced(true);
    }

    /// Keeps no further exemplars; those that there are stay until [`Monitor::reset`].
    pub fn stop_exemplars(&self) {
        self.inner.state.set_traced(false);
        self.inner.common.set_trace_source(None);
    }

    /// Waits until the collector got everything that was measured before this
    /// call, at most for `timeout`; false if it did not.
    pub fn flush_collector(&self, timeout: Duration) -> bool {
        self.inner.delivery.flush(timeout)
    }

    /// Takes the collector away, after it got everything that is queued.
    pub fn remove_collector(&self) {
        self.inner.state.set_collected(false);
        self.inner.delivery.stop();
    }

    /// How many calls the collector missed because it fell behind or panicked, and those that
    /// it could not keep ([`Collector::take_lost`]).
    #[must_use]
    pub fn dropped_deliveries(&self) -> u64 {
        self.inner.delivery.dropped()
    }

    /// The number of the channel to the collector; zero without one.
    pub(crate) fn channel(&self) -> u64 {
        self.inner.delivery.channel()
    }

    /// Makes a sender to the collector for the calls of an operation from this thread; says
    /// whether there is one.
    pub(crate) fn is_ready_to_send(&self, entry: &Arc<Entry>) -> bool {
        alloc::uncounted(|| self.inner.delivery.is_ready_for(entry))
    }

    /// What to do when a collector is set for the first time.
    pub(crate) fn when_collecting(&self, begin: fn()) {
        self.inner.delivery.at_begin(begin);
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.common.clock
    }

    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        self.inner.registry.entries()
    }

    pub(crate) fn counters(&self) -> Vec<Arc<Instrument<CounterCell>>> {
        self.inner.counters.entries()
    }

    pub(crate) fn gauges(&self) -> Vec<Arc<Instrument<GaugeCell>>> {
        self.inner.gauges.entries()
    }

    /// The names of ratios, and the counters that they are of.
    pub(crate) fn ratios(&self) -> Vec<(String, RatioParts)> {
        self.inner.ratios.all()
    }

    pub(crate) fn common(&self) -> &Common {
        &self.inner.common
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.common.limits
    }

    /// When the monitor began or was last reset, in ticks of its clock.
    pub(crate) fn started(&self) -> u64 {
        self.inner.started.load(Ordering::Relaxed)
    }

    /// A number that changes with every call and every reset: a reading for those who only
    /// want to know whether there is something new.
    pub(crate) fn progress(&self) -> u64 {
        let entries = self.entries();
        let recorded = entries.iter().map(|entry| entry.recorder.progress());
        let own = recorded.fold(self.started(), u64::wrapping_add);
        let values = self.known_values().map_or(0, Self::progress);
        let counters = self.counters();
        let counted = counters.iter().map(|counter| counter.cell.sum());
        let gauges = self.gauges();
        let set = gauges.iter().map(|gauge| gauge.cell.attempts());
        counted
            .chain(set)
            .fold(own.wrapping_add(values), u64::wrapping_add)
    }

    /// Counts a finished call, and hands it to the collector if there is one.
    pub(crate) fn record(&self, entry: &Arc<Entry>, sample: &Sample, outcome: Outcome) {
        let failure: Option<Failure> = match outcome {
            Outcome::Failure(failure) => Some(failure),
            _ => None,
        };
        let state = self.state();
        record(&entry.recorder, sample, failure.as_ref(), state);
        if state.is_traced() && !sample.nested {
            let shard = shard_of_thread(&entry.recorder);
            if shard.is_none_or(|shard| shard.is_exemplar_due(sample.end, sample.duration)) {
                entry.recorder.offer_exemplar(sample);
            }
        }
        if self.inner.delivery.is_active() {
            let call = CollectorCall {
                operation: entry.recorder.id,
                sample: *sample,
                failure,
            };
            self.inner.delivery.send(entry, call);
        }
    }
}

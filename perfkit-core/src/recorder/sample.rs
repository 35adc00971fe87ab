//! One finished call.

use crate::alloc::MemoryUse;
use crate::clock::Scale;
use crate::metric::Metric;
use crate::outcome::Ending;
use crate::unit::Unit;

/// What a call says that it processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// So many items.
    Items(u64),
    /// So many bytes.
    Bytes(u64),
}

/// One finished call, with everything that was measured of it. Times are ticks of
/// the monitor's clock, until [`Sample::in_ns`] made them nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) ending: Ending,
    /// Whether the operation was already running on this thread or task: such
    /// a call is counted, and all but its self time belongs to the outermost.
    pub(crate) nested: bool,
    pub(crate) self_time: u64,
    /// Time in polls; async calls only.
    pub(crate) busy_time: Option<u64>,
    pub(crate) cpu_ns: Option<u64>,
    pub(crate) memory: Option<MemoryUse>,
    pub(crate) work: Option<Work>,
}

/// A call of the ring, small as most are.
#[derive(Clone, Debug)]
pub(crate) struct RingEntry {
    pub(crate) end: u64,
    pub(crate) duration: u64,
    pub(crate) self_time: u64,
    pub(crate) ending: Ending,
    pub(crate) nested: bool,
    /// What was measured beside time, if anything was.
    pub(crate) optional: Option<Box<OptionalValues>>,
}

/// What was measured of a call of the ring beside its time.
#[derive(Clone, Debug)]
pub(crate) struct OptionalValues {
    pub(crate) busy_time: Option<u64>,
    pub(crate) cpu_ns: Option<u64>,
    pub(crate) memory: Option<MemoryUse>,
    pub(crate) work: Option<Work>,
}

impl RingEntry {
    pub(crate) fn sample(&self) -> Sample {
        let optional = self.optional.as_deref();
        Sample {
            start: self.end.saturating_sub(self.duration),
            end: self.end,
            ending: self.ending,
            nested: self.nested,
            self_time: self.self_time,
            busy_time: optional.and_then(|optional| optional.busy_time),
            cpu_ns: optional.and_then(|optional| optional.cpu_ns),
            memory: optional.and_then(|optional| optional.memory),
            work: optional.and_then(|optional| optional.work),
        }
    }
}

/// The quantities that a recorder keeps apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    ExecutionTime,
    SelfTime,
    BusyTime,
    CpuTime,
    FailureTime,
    Allocated,
    Allocations,
    NetGrowth,
    PeakGrowth,
    Items,
    Bytes,
}

impl Quantity {
    /// Those of every outermost successful call.
    pub(crate) const OF_TIME: usize = 2;

    /// All, with those of time first.
    pub(crate) const ALL: [Self; 11] = [
        Self::ExecutionTime,
        Self::SelfTime,
        Self::BusyTime,
        Self::CpuTime,
        Self::FailureTime,
        Self::Allocated,
        Self::Allocations,
        Self::NetGrowth,
        Self::PeakGrowth,
        Self::Items,
        Self::Bytes,
    ];

    pub(crate) fn metric(self) -> Metric {
        self.metric_and_unit().0
    }

    pub(crate) fn unit(self) -> Unit {
        self.metric_and_unit().1
    }

    fn metric_and_unit(self) -> (Metric, Unit) {
        match self {
            Self::ExecutionTime => (Metric::EXECUTION_TIME, Unit::Nanoseconds),
            Self::SelfTime => (Metric::SELF_TIME, Unit::Nanoseconds),
            Self::BusyTime => (Metric::BUSY_TIME, Unit::Nanoseconds),
            Self::CpuTime => (Metric::CPU_TIME, Unit::Nanoseconds),
            Self::FailureTime => (Metric::FAILURE_TIME, Unit::Nanoseconds),
            Self::Allocated => (Metric::ALLOCATED, Unit::Bytes),
            Self::Allocations => (Metric::ALLOCATIONS, Unit::Count),
            Self::NetGrowth => (Metric::NET_GROWTH, Unit::Bytes),
            Self::PeakGrowth => (Metric::PEAK_GROWTH, Unit::Bytes),
            Self::Items => (Metric::ITEMS, Unit::Count),
            Self::Bytes => (Metric::BYTES, Unit::Bytes),
        }
    }

    /// Whether values are measured in ticks of the monitor's clock.
    pub(super) fn is_in_ticks(self) -> bool {
        matches!(
            self,
            Self::ExecutionTime | Self::SelfTime | Self::BusyTime | Self::FailureTime
        )
    }
}

impl Sample {
    /// Whether it has no value but that of time: an outermost successful call of
    /// which nothing else was measured.
    pub(crate) fn is_plain(&self) -> bool {
        self.ending == Ending::Success
            && !self.nested
            && self.busy_time.is_none()
            && self.cpu_ns.is_none()
            && self.memory.is_none()
            && self.work.is_none()
    }

    pub(crate) fn duration(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// The call as if it had taken no longer than that.
    pub(super) fn at_most(mut self, longest: u64) -> Self {
        self.start = self.start.max(self.end.saturating_sub(longest));
        self.self_time = self.self_time.min(longest);
        self
    }

    /// The call as if it had taken no time.
    pub(crate) fn without_time(mut self) -> Self {
        self.start = self.end;
        self.self_time = 0;
        self
    }

    /// From ticks to nanoseconds.
    pub(crate) fn in_ns(mut self, scale: Scale) -> Self {
        let duration = scale.ns(self.duration());
        self.end = scale.ns(self.end);
        self.start = self.end.saturating_sub(duration);
        self.self_time = scale.ns(self.self_time);
        self.busy_time = self.busy_time.map(|ticks| scale.ns(ticks));
        self
    }

    /// The call's value of a quantity; `None` where it has none. A call that
    /// did not succeed has a failure time and nothing else, so that failures
    /// are never mixed into the values of successful calls.
    pub(crate) fn value(&self, quantity: Quantity) -> Option<i64> {
        let whole = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        // What a call within another of the same operation took and used is in
        // the outermost call's values already.
        if self.nested && quantity != Quantity::SelfTime {
            return None;
        }
        if self.ending != Ending::Success {
            let failed = quantity == Quantity::FailureTime;
            return failed.then(|| whole(self.duration()));
        }
        match quantity {
            Quantity::ExecutionTime => Some(whole(self.duration())),
            Quantity::SelfTime => Some(whole(self.self_time)),
            Quantity::BusyTime => self.busy_time.map(whole),
            Quantity::CpuTime => self.cpu_ns.map(whole),
            Quantity::FailureTime => None,
            Quantity::Allocated => self.memory.map(|used| whole(used.allocated_bytes)),
            Quantity::Allocations => self.memory.map(|used| whole(used.allocations)),
            Quantity::NetGrowth => self.memory.map(|used| used.net_growth_bytes),
            Quantity::PeakGrowth => self.memory.map(|used| whole(used.peak_growth_bytes)),
            Quantity::Items => match self.work {
                Some(Work::Items(items)) => Some(whole(items)),
                _ => None,
            },
            Quantity::Bytes => match self.work {
                Some(Work::Bytes(bytes)) => Some(whole(bytes)),
                _ => None,
            },
        }
    }
}

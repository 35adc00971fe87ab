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
    pub(crate) end: u64,
    pub(crate) duration: u64,
    pub(crate) ending: Ending,
    /// Whether the operation was already running on this thread or task: such
    /// a call is counted, and all but its self time belongs to the outermost.
    pub(crate) nested: bool,
    pub(crate) self_time: u64,
    pub(crate) optional: OptionalValues,
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

/// What was measured of a call, or of a part of it, beside its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionalValues {
    /// Time in polls, in ticks; async calls only.
    pub(crate) busy_time: Option<u64>,
    pub(crate) cpu_ns: Option<u64>,
    pub(crate) memory: Option<MemoryUse>,
    pub(crate) work: Option<Work>,
}

impl OptionalValues {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.busy_time.is_none()
            && self.cpu_ns.is_none()
            && self.memory.is_none()
            && self.work.is_none()
    }

    /// Adds a later part of the same call.
    #[inline]
    pub(crate) fn add(&mut self, later: &Self) {
        let sum = |earlier: Option<u64>, later: Option<u64>| match (earlier, later) {
            (Some(earlier), Some(later)) => Some(earlier.saturating_add(later)),
            (earlier, later) => earlier.or(later),
        };
        self.busy_time = sum(self.busy_time, later.busy_time);
        self.cpu_ns = sum(self.cpu_ns, later.cpu_ns);
        match (&mut self.memory, &later.memory) {
            (Some(earlier), Some(later)) => earlier.then(*later),
            (earlier, later) => *earlier = earlier.or(*later),
        }
    }
}

impl RingEntry {
    pub(crate) fn sample(&self) -> Sample {
        Sample {
            end: self.end,
            duration: self.duration,
            ending: self.ending,
            nested: self.nested,
            self_time: self.self_time,
            optional: self.optional.as_deref().copied().unwrap_or_default(),
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
        self.ending == Ending::Success && !self.nested && self.optional.is_empty()
    }

    pub(crate) fn start(&self) -> u64 {
        self.end.saturating_sub(self.duration)
    }

    /// The call as if it had taken no longer than that.
    pub(super) fn at_most(mut self, longest: u64) -> Self {
        self.duration = self.duration.min(longest);
        self.self_time = self.self_time.min(longest);
        self
    }

    /// The call as if it had taken no time.
    #[inline(always)]
    pub(crate) fn without_time(mut self) -> Self {
        (self.duration, self.self_time) = (0, 0);
        self
    }

    /// From ticks to nanoseconds.
    pub(crate) fn in_ns(mut self, scale: Scale) -> Self {
        self.end = scale.ns(self.end);
        self.duration = scale.ns(self.duration);
        self.self_time = scale.ns(self.self_time);
        self.optional.busy_time = self.optional.busy_time.map(|ticks| scale.ns(ticks));
        self
    }

    /// The call's value of a quantity; `None` where it has none. A call that
    /// did not succeed has a failure time and nothing else, so that failures
    /// are never mixed into the values of successful calls.
    pub(crate) fn value(&self, quantity: Quantity) -> Option<i64> {
        // What a call within another of the same operation took and used is in
        // the outermost call's values already.
        if self.nested && quantity != Quantity::SelfTime {
            return None;
        }
        if self.ending != Ending::Success {
            let failed = quantity == Quantity::FailureTime;
            return failed.then(|| signed(self.duration));
        }
        let OptionalValues {
            busy_time,
            cpu_ns,
            memory,
            work,
        } = self.optional;
        match (quantity, work) {
            (Quantity::ExecutionTime, _) => Some(signed(self.duration)),
            (Quantity::SelfTime, _) => Some(signed(self.self_time)),
            (Quantity::BusyTime, _) => busy_time.map(signed),
            (Quantity::CpuTime, _) => cpu_ns.map(signed),
            (Quantity::Allocated, _) => memory.map(|used| signed(used.allocated_bytes)),
            (Quantity::Allocations, _) => memory.map(|used| signed(used.allocations)),
            (Quantity::NetGrowth, _) => memory.map(|used| used.net_growth_bytes),
            (Quantity::PeakGrowth, _) => memory.map(|used| signed(used.peak_growth_bytes)),
            (Quantity::Items, Some(Work::Items(amount)))
            | (Quantity::Bytes, Some(Work::Bytes(amount))) => Some(signed(amount)),
            (Quantity::FailureTime | Quantity::Items | Quantity::Bytes, _) => None,
        }
    }
}

/// As a signed number; saturates.
#[inline]
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// As a number without a sign; a negative one is zero.
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

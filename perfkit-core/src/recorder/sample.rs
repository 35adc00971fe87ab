//! One finished call.

use crate::alloc::MemoryUse;
use crate::metric::Metric;
use crate::outcome::Ending;
use crate::unit::Unit;

/// What a call says that it processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Items(u64),
    Bytes(u64),
}

/// One finished call, with everything that was measured of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) ending: Ending,
    /// Whether the operation was already running on this thread or task: such
    /// a call is counted, and all but its self time belongs to the outermost.
    pub(crate) nested: bool,
    pub(crate) self_ns: u64,
    /// Time in polls; async calls only.
    pub(crate) busy_ns: Option<u64>,
    pub(crate) cpu_ns: Option<u64>,
    pub(crate) memory: Option<MemoryUse>,
    pub(crate) work: Option<Work>,
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
        match self {
            Self::ExecutionTime => Metric::EXECUTION_TIME,
            Self::SelfTime => Metric::SELF_TIME,
            Self::BusyTime => Metric::BUSY_TIME,
            Self::CpuTime => Metric::CPU_TIME,
            Self::FailureTime => Metric::FAILURE_TIME,
            Self::Allocated => Metric::ALLOCATED,
            Self::Allocations => Metric::ALLOCATIONS,
            Self::NetGrowth => Metric::NET_GROWTH,
            Self::PeakGrowth => Metric::PEAK_GROWTH,
            Self::Items => Metric::ITEMS,
            Self::Bytes => Metric::BYTES,
        }
    }

    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::ExecutionTime
            | Self::SelfTime
            | Self::BusyTime
            | Self::CpuTime
            | Self::FailureTime => Unit::Nanoseconds,
            Self::Allocated | Self::NetGrowth | Self::PeakGrowth | Self::Bytes => Unit::Bytes,
            Self::Allocations | Self::Items => Unit::Count,
        }
    }

    /// Whether a distribution is kept; of the others the totals alone.
    pub(crate) fn has_distribution(self) -> bool {
        matches!(
            self,
            Self::ExecutionTime | Self::CpuTime | Self::Allocated | Self::PeakGrowth
        )
    }
}

impl Sample {
    pub(crate) fn duration_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
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
            return failed.then(|| whole(self.duration_ns()));
        }
        match quantity {
            Quantity::ExecutionTime => Some(whole(self.duration_ns())),
            Quantity::SelfTime => Some(whole(self.self_ns)),
            Quantity::BusyTime => self.busy_ns.map(whole),
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

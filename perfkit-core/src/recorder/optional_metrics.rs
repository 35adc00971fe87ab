//! What is measured of a call beside its time, counted by one thread and read by
//! any. Takes memory once there is something.

use std::fmt::Debug;
use std::sync::OnceLock;

use crate::alloc::{self, MemoryUse};

use super::counts::{Counts, bucket_of};
use super::extent::Extent;
use super::sample::{OptionalValues, Quantity, Work, signed, unsigned};
use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release};
use super::tally::{Series, Tally};

/// What a call used beside time, which is counted from where it lies: what was just written
/// piece by piece is slow to copy.
pub trait Used: Copy + Debug {
    fn values(&self) -> OptionalValues;

    /// Counts it, of a successful call at a position of the thread's calls.
    fn record(&self, metrics: &OptionalMetrics, position: impl FnOnce() -> u64);
}

/// Where time alone is measured.
impl Used for () {
    #[inline(always)]
    fn values(&self) -> OptionalValues {
        OptionalValues::default()
    }

    #[inline(always)]
    fn record(&self, _metrics: &OptionalMetrics, _position: impl FnOnce() -> u64) {}
}

impl Used for OptionalValues {
    #[inline(always)]
    fn values(&self) -> OptionalValues {
        *self
    }

    #[inline(always)]
    fn record(&self, metrics: &OptionalMetrics, position: impl FnOnce() -> u64) {
        if !self.is_empty() {
            metrics.record(position(), self);
        }
    }
}

/// Where an async call measures time alone: how long its polls took, in ticks.
#[derive(Clone, Copy, Debug)]
pub struct BusyTime(pub(crate) u64);

impl Used for BusyTime {
    #[inline(always)]
    fn values(&self) -> OptionalValues {
        OptionalValues {
            busy_time: Some(self.0),
            ..OptionalValues::default()
        }
    }

    #[inline(always)]
    fn record(&self, metrics: &OptionalMetrics, position: impl FnOnce() -> u64) {
        metrics.record_busy_time(position(), self.0);
    }
}

/// The quantities of one operation on one thread that are measured on request.
#[derive(Debug, Default)]
pub struct OptionalMetrics {
    ring_len: usize,
    memory: OnceLock<Box<Group<4>>>,
    /// Those that are measured alone. The self time is that of calls that had
    /// callees, of which only the ring is of use; of others it is the whole time.
    singles: [OnceLock<Box<Group<1>>>; Quantity::ALL.len()],
}

const MEMORY: [Quantity; 4] = [
    Quantity::Allocated,
    Quantity::PeakGrowth,
    Quantity::Allocations,
    Quantity::NetGrowth,
];

impl OptionalMetrics {
    pub(super) fn new(ring_len: usize) -> Self {
        Self {
            ring_len,
            ..Self::default()
        }
    }

    /// Counts the optional of a successful call at the given position of the
    /// thread's calls. Nothing is allocated after the first.
    #[inline]
    pub(super) fn record(&self, position: u64, values: &OptionalValues) {
        if let Some(used) = values.memory {
            let values = [
                signed(used.allocated_bytes),
                signed(used.peak_growth_bytes),
                signed(used.allocations),
                used.net_growth_bytes,
            ];
            self.group(&self.memory, MEMORY, 2).record(position, values);
        }
        let record = |quantity, value| self.single(quantity).record(position, [signed(value)]);
        if let Some(cpu_ns) = values.cpu_ns {
            record(Quantity::CpuTime, cpu_ns);
        }
        if let Some(busy_time) = values.busy_time {
            record(Quantity::BusyTime, busy_time);
        }
        match values.work {
            Some(Work::Items(items)) => record(Quantity::Items, items),
            Some(Work::Bytes(bytes)) => record(Quantity::Bytes, bytes),
            None => {}
        }
    }

    #[inline(always)]
    fn record_busy_time(&self, position: u64, busy_time: u64) {
        let group = self.single(Quantity::BusyTime);
        group.record(position, [signed(busy_time)]);
    }

    #[inline(always)]
    fn single(&self, quantity: Quantity) -> &Group<1> {
        let distributed = usize::from(quantity == Quantity::CpuTime);
        self.group(&self.singles[quantity as usize], [quantity], distributed)
    }

    #[inline(always)]
    fn group<'a, const N: usize>(
        &self,
        group: &'a OnceLock<Box<Group<N>>>,
        quantities: [Quantity; N],
        distributed: usize,
    ) -> &'a Group<N> {
        match group.get() {
            Some(group) => group,
            None => make(group, quantities, distributed, self.ring_len),
        }
    }

    /// Keeps the self time of the call at a position, which had callees.
    #[inline]
    pub(super) fn record_self_time(&self, position: u64, self_time: u64) {
        let group = self.single(Quantity::SelfTime);
        group.remember(position, [signed(self_time)]);
    }

    pub(super) fn read(&self, tally: &mut Tally) {
        if let Some(memory) = self.memory.get() {
            memory.read(tally);
        }
        for group in self.singles() {
            group.read(tally);
        }
    }

    /// The self time of a call of the ring, if it had callees.
    pub(super) fn self_time_at(&self, position: u64) -> Option<u64> {
        self.single_at(Quantity::SelfTime, position)
    }

    fn single_at(&self, quantity: Quantity, position: u64) -> Option<u64> {
        let [value] = self.singles[quantity as usize].get()?.at(position)?;
        Some(unsigned(value))
    }

    /// What was measured of a call of the ring beside time.
    pub(super) fn at(&self, position: u64) -> Option<Box<OptionalValues>> {
        let memory = self.memory.get().and_then(|memory| {
            let [allocated, peak, allocations, net_growth_bytes] = memory.at(position)?;
            Some(MemoryUse {
                allocated_bytes: unsigned(allocated),
                allocations: unsigned(allocations),
                net_growth_bytes,
                peak_growth_bytes: unsigned(peak),
            })
        });
        let one = |quantity| self.single_at(quantity, position);
        let items = one(Quantity::Items).map(Work::Items);
        let values = OptionalValues {
            busy_time: one(Quantity::BusyTime),
            cpu_ns: one(Quantity::CpuTime),
            memory,
            work: items.or_else(|| one(Quantity::Bytes).map(Work::Bytes)),
        };
        (!values.is_empty()).then(|| Box::new(values))
    }

    /// For the one thread that writes: the extremes of what comes from now on.
    pub(super) fn forget_extremes(&self) {
        if let Some(memory) = self.memory.get() {
            memory.forget_extremes();
        }
        self.singles().for_each(Group::forget_extremes);
    }

    /// Back to the start. Nobody else may use the optional meanwhile.
    pub(super) fn clear(&self) {
        if let Some(memory) = self.memory.get() {
            memory.clear();
        }
        self.singles().for_each(Group::clear);
    }

    fn singles(&self) -> impl Iterator<Item = &Group<1>> {
        self.singles
            .iter()
            .filter_map(|group| Some(&**group.get()?))
    }
}

/// What this takes of memory is not the program's call's.
#[cold]
#[inline(never)]
fn make<const N: usize>(
    group: &OnceLock<Box<Group<N>>>,
    quantities: [Quantity; N],
    distributed: usize,
    ring_len: usize,
) -> &Group<N> {
    let make = || alloc::uncounted(|| Group::new(quantities, distributed, ring_len));
    group.get_or_init(make)
}

/// Quantities that are measured together.
#[derive(Debug)]
struct Group<const N: usize> {
    quantities: [Quantity; N],
    count: AtomicU64,
    totals: [Extent; N],
    /// The distributions of the first few.
    counts: Vec<Counts>,
    ring: Box<[RingCell<N>]>,
}

/// The values of one call, with its position plus one, so that zero is none.
#[derive(Debug)]
struct RingCell<const N: usize> {
    tag: AtomicU64,
    values: [AtomicU64; N],
}

impl<const N: usize> Group<N> {
    fn new(quantities: [Quantity; N], distributed: usize, ring_len: usize) -> Box<Self> {
        let entry = |_| RingCell {
            tag: AtomicU64::new(0),
            values: std::array::from_fn(|_| AtomicU64::new(0)),
        };
        Box::new(Self {
            quantities,
            count: AtomicU64::new(0),
            totals: std::array::from_fn(|_| Extent::default()),
            counts: (0..distributed).map(|_| Counts::new()).collect(),
            ring: (0..ring_len).map(entry).collect(),
        })
    }

    #[inline]
    fn record(&self, position: u64, values: [i64; N]) {
        self.remember(position, values);
        for (totals, value) in self.totals.iter().zip(values) {
            totals.add(value);
        }
        for (counts, value) in self.counts.iter().zip(values) {
            let bucket = bucket_of(unsigned(value));
            counts.widen_to(bucket);
            counts.add_one(bucket);
        }
        let count = self.count.own().wrapping_add(1);
        self.count.store(count, Release);
    }

    #[inline]
    fn remember(&self, position: u64, values: [i64; N]) {
        let entry = self.entry(position);
        entry.tag.store(position + 1, Release);
        for (cell, value) in entry.values.iter().zip(values) {
            cell.store(value as u64, Release);
        }
    }

    /// A distribution counts for itself: its buckets may know of a call more than
    /// the group does, whose count comes last. So do the totals, which are read
    /// after it.
    fn read(&self, tally: &mut Tally) {
        let known = self.count.load(Acquire);
        for (at, (quantity, extent)) in self.quantities.into_iter().zip(&self.totals).enumerate() {
            let counts = self.counts.get(at);
            let (buckets, count) =
                counts.map_or_else(|| (Vec::new(), known), |counts| counts.read_whole(known));
            let totals = extent.totals(count);
            tally.set(quantity, Series { totals, buckets });
        }
    }

    /// The values of the call at a position, if it had any.
    fn at(&self, position: u64) -> Option<[i64; N]> {
        let entry = self.entry(position);
        let value = |at: usize| entry.values[at].load(Acquire) as i64;
        (entry.tag.load(Acquire) == position + 1).then(|| std::array::from_fn(value))
    }

    /// The ring's length is a power of two.
    #[inline]
    fn entry(&self, position: u64) -> &RingCell<N> {
        &self.ring[position as usize & (self.ring.len() - 1)]
    }

    fn forget_extremes(&self) {
        self.totals.iter().for_each(Extent::forget_extremes);
    }

    fn clear(&self) {
        self.count.store(0, Relaxed);
        self.totals.iter().for_each(Extent::clear);
        self.counts.iter().for_each(Counts::clear);
        for entry in &self.ring {
            entry.tag.store(0, Relaxed);
        }
    }
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;
    use crate::clock::Scale;
    use crate::histogram::Histogram;

    /// From values with a bucket each to some that share one, and back.
    const VALUES: [u64; 7] = [0, 1, 256, 257, 300, 40_000, 40_040];

    // Miri would take minutes for it, and no two threads meet here.
    #[cfg_attr(miri, ignore)]
    #[test]
    fn a_group_can_be_stored_at_every_step_of_a_call() {
        for first in VALUES {
            for second in VALUES {
                for third in VALUES {
                    follow_the_steps([first, second, third]);
                }
            }
        }
    }

    /// Reads a group after each step of calls with these values: a report must be
    /// readable, know of the calls that are in a bucket, and take nothing back.
    #[track_caller]
    fn follow_the_steps(values: [u64; 3]) {
        let group = Group::new([Quantity::CpuTime], 1, 4);
        let mut known: Option<Histogram> = None;
        let mut calls_are = |calls: u64| {
            let mut tally = Tally::default();
            group.read(&mut tally);
            tally.in_ns(Scale::IDENTITY);
            let series = tally.series(Quantity::CpuTime);
            let counted = series.map_or(0, |series| series.totals.count);
            assert_eq!(counted, calls, "{values:?}");
            let Some(now) = series.and_then(Series::histogram) else {
                return;
            };
            let stored = serde_json::to_string(&now).map_err(|error| error.to_string());
            let back = stored.and_then(|text| {
                let back = serde_json::from_str::<Histogram>(&text);
                back.map_err(|error| format!("{error}: {text}"))
            });
            assert_eq!(back.as_ref(), Ok(&now), "{values:?}");
            if let Some(before) = &known {
                let only_grew = now.sum() >= before.sum()
                    && now.min() <= before.min()
                    && now.max() >= before.max();
                assert!(only_grew, "{values:?}: {before:?}, {now:?}");
            }
            known = Some(now);
        };
        for (calls, value) in (0..).zip(values) {
            let bucket = bucket_of(value);
            group.totals[0].add(value as i64);
            calls_are(calls);
            group.counts[0].widen_to(bucket);
            calls_are(calls);
            group.counts[0].add_one(bucket);
            calls_are(calls + 1);
            group.count.store(calls + 1, Release);
            calls_are(calls + 1);
        }
        let sum = known.map(|known| known.sum());
        assert_eq!(sum, Some(u128::from(values.iter().sum::<u64>())));
    }
}

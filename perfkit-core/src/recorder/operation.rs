//! The calls of one operation on all threads.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::clock::Clock;
use crate::outcome::Failure;
use crate::window::{SLOTS, Slots};

use super::errors;
use super::exemplar::{Exemplars, TraceSource};
use super::fork;
use super::sample::{RingEntry, Sample};
use super::shard::{Shard, ShardOwner};
use super::state::StateReading;
use super::sync::{Arc, Mutex, Weak, lock, lock_soon, try_lock};
use super::tally::Tally;
use super::{Limits, Recording, pool};

/// How long a call waits, in ticks, before it looks again whether the clock's
/// rate is known by now.
const LATER: u64 = 1 << 20;

/// What the operations of a monitor share.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    /// What tells the traces of calls.
    trace_source: Mutex<Option<TraceSource>>,
    /// How many bytes the shards of all operations take, those of values included.
    shards_bytes: Arc<AtomicUsize>,
    /// Never given twice.
    pub(crate) id: u64,
}

impl Common {
    pub(crate) fn new(clock: Clock, limits: Limits) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Self {
            clock,
            limits,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            trace_source: Mutex::new(None),
            shards_bytes: Arc::default(),
        }
    }

    /// With a last period of 60 s, and without room for calls.
    #[cfg(all(test, not(perfkit_loom)))]
    pub(super) fn of_a_minute(clock: impl Into<Clock>) -> Self {
        let limits = Limits {
            last_calls: 1,
            last_period: std::time::Duration::from_secs(60),
            shards_bytes: 0,
        };
        Self::new(clock.into(), limits)
    }

    /// On another clock, with shards out of the same budget.
    #[cfg(feature = "metrics")]
    pub(crate) fn with_clock(&self, clock: Clock) -> Self {
        Self {
            shards_bytes: Arc::clone(&self.shards_bytes),
            ..Self::new(clock, self.limits)
        }
    }

    /// Slots for the last period; `None` as long as the clock's rate is not known.
    pub(super) fn slots<T: Default>(&self) -> Option<Slots<T>> {
        let scale = self.clock.scale_by_now()?;
        let period_ns = u64::try_from(self.limits.last_period.as_nanos());
        let period = scale.ticks(period_ns.unwrap_or(u64::MAX));
        Some(Slots::new(period, SLOTS))
    }

    /// What tells the traces of calls from here on.
    pub(crate) fn set_trace_source(&self, source: Option<TraceSource>) {
        *lock(&self.trace_source) = source;
    }

    /// Takes a shard's bytes out of the budget, if they are left.
    fn take_bytes(&self, bytes: usize) -> bool {
        let budget = self.limits.shards_bytes;
        let take = |used: usize| used.checked_add(bytes).filter(|used| *used <= budget);
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        self.shards_bytes.fetch_update(set, get, take).is_ok()
    }
}

/// Counts the calls of one operation. Takes next to no memory before the first.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// Never given twice, and below 2⁶³.
    pub(crate) id: u64,
    common: Arc<Common>,
    members: Mutex<Members>,
    /// For threads that have no shard of their own; taken in turns.
    shared: Mutex<Option<&'static Shard>>,
    /// As [`Shard::add_waiting`], of calls that no shard is at hand for.
    waiting: AtomicU64,
    exemplars: Exemplars,
    /// Whether a reading since the last reset saw a call in flight.
    was_in_flight: AtomicBool,
}

#[derive(Debug, Default)]
struct Members {
    all: Vec<Member>,
    windows: Option<Box<Windows>>,
    /// What was counted when the operation was last reset.
    before_reset: Option<Box<Tally>>,
}

/// A shard of the operation.
#[derive(Debug)]
struct Member {
    shard: &'static Shard,
    /// Whether its thread ended, so that another may go on with it.
    is_free: bool,
    seen_before_reset: u64,
    unlogged_before_reset: u64,
}

#[derive(Debug)]
struct Windows {
    slots: Slots<Tally>,
    /// All that was before the slots.
    passed: Tally,
    /// What the slots hold, and all that was before.
    untimed: Tally,
    /// A moment in the slot that calls go to now.
    at: u64,
}

impl Recorder {
    pub(crate) fn new(common: Arc<Common>) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        fork::watch();
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            common,
            members: Mutex::new(Members::default()),
            shared: Mutex::new(None),
            waiting: AtomicU64::new(0),
            exemplars: Exemplars::default(),
            was_in_flight: AtomicBool::new(false),
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.common.clock
    }

    /// Counts a call that is in flight and does not run, or no longer so; see [`Shard`].
    pub(super) fn add_waiting(&self, more: i64) {
        // Two's complement: what is added is what was meant.
        self.waiting.fetch_add(more as u64, Ordering::Relaxed);
    }

    /// Counts one call of a thread that has no shard of its own.
    pub(super) fn record_shared(
        self: &Arc<Self>,
        sample: &Sample,
        failure: Option<&Failure>,
        state: StateReading,
    ) {
        let mut shared = lock(&self.shared);
        let shard = *shared.get_or_insert_with(|| self.add_member());
        self.record_in(shard, sample, failure, state);
    }

    /// Counts one call of the thread that the shard is of.
    pub(super) fn record_in(
        &self,
        shard: &'static Shard,
        sample: &Sample,
        failure: Option<&Failure>,
        state: StateReading,
    ) {
        shard.gate.remember_state(state);
        if shard.is_slot_over(sample.end) {
            shard.note_reset();
            self.close_slot(shard, sample.end);
        }
        if shard.is_longest(sample.duration)
            && self.clock().is_clock_jump(sample.end, sample.duration)
        {
            shard.record(&sample.without_time(), failure);
        } else {
            shard.record(sample, failure);
        }
    }

    /// A shard for the calling thread: one that a thread left behind, or a new
    /// one; `None` when the memory for shards is used up.
    pub(super) fn lease(self: &Arc<Self>) -> Option<&'static Shard> {
        let mut members = lock(&self.members);
        if let Some(free) = members.all.iter_mut().find(|member| member.is_free) {
            free.is_free = false;
            return Some(free.shard);
        }
        drop(members);
        let bytes = Shard::bytes(self.common.limits.last_calls);
        self.common.take_bytes(bytes).then(|| self.add_member())
    }

    fn add_member(self: &Arc<Self>) -> &'static Shard {
        let shard = pool::take(self.common.limits.last_calls);
        let owner: Weak<Self> = Arc::downgrade(self);
        *lock(&shard.owner) = Some(owner);
        lock(&self.members).all.push(Member {
            shard,
            is_free: false,
            seen_before_reset: 0,
            unlogged_before_reset: 0,
        });
        shard
    }

    /// Takes back the shard of a thread that ends.
    pub(super) fn give_back(&self, shard: &'static Shard) {
        let mut members = lock(&self.members);
        let found = members
            .all
            .iter_mut()
            .find(|member| std::ptr::eq(member.shard, shard));
        if let Some(member) = found {
            shard.gate.rest();
            // The next thread has senders of its own.
            shard.set_channel(0, 0);
            member.is_free = true;
        }
    }

    /// Everything that was counted so far, in nanoseconds, with so many of the last calls at
    /// most.
    pub(crate) fn read(&self, now: u64, last_calls: usize) -> Recording {
        let scale = self.clock().scale();
        let mut members = lock(&self.members);
        // First of all, so that calls which find the lock held are in a slot of now.
        members.advance(&self.common, now);
        let calls_in_flight = self.in_flight(&members);
        let total = members.total();
        let mut lifetime = members.since_reset(&total);
        let (mut last_period, last_period_start) = members.last_period(&self.common, now, total);
        let last_calls = members.last_calls(last_calls);
        let errors = members.errors();
        drop(members);
        lifetime.in_ns(scale);
        last_period.in_ns(scale);
        Recording {
            exemplars: self.exemplars.read(scale),
            lifetime,
            last_calls,
            scale,
            last_period,
            last_period_start,
            errors,
            calls_in_flight,
        }
    }

    /// How many calls have begun and not ended. What has ended meanwhile is among those
    /// that are read later.
    fn in_flight(&self, members: &Members) -> u64 {
        let shards = members.all.iter().map(|member| member.shard.in_flight());
        let waiting = self.waiting.load(Ordering::Relaxed);
        // A call that begins to wait meanwhile may be missed, and there are none below zero.
        let in_flight = shards.fold(waiting, u64::wrapping_add).cast_signed().max(0);
        if in_flight > 0 {
            self.was_in_flight.store(true, Ordering::Relaxed);
        }
        in_flight.cast_unsigned()
    }

    /// Whether a reading since the last reset saw a call in flight: then all later ones have
    /// the operation, whatever they see of a call that is just ending.
    pub(crate) fn was_in_flight(&self) -> bool {
        self.was_in_flight.load(Ordering::Relaxed)
    }

    /// A number that every call changes: a reading for those who only want to know whether
    /// there is something new.
    pub(crate) fn progress(&self) -> u64 {
        let members = lock(&self.members);
        let shards = members.all.iter().map(|member| member.shard.progress());
        shards.fold(0, u64::wrapping_add)
    }

    /// Forgets every call. Calls in flight are counted when they end.
    pub(crate) fn reset(&self) {
        self.exemplars.forget();
        let mut members = lock(&self.members);
        // First, so that a thread knows of the reset when it counts a call after it.
        members.all.iter().for_each(|m| m.shard.mark_reset());
        let total = members.total();
        self.was_in_flight.store(false, Ordering::Relaxed);
        members.windows = None;
        members.before_reset = Some(Box::new(total));
        for member in &mut members.all {
            member.seen_before_reset = member.shard.seen();
            member.unlogged_before_reset = member.shard.errors.forget();
        }
    }
}

impl Recorder {
    /// Keeps a call if it is part of a trace.
    pub(crate) fn offer_exemplar(&self, sample: &Sample) {
        let source = try_lock(&self.common.trace_source).and_then(|source| *source);
        if let Some(source) = source {
            self.exemplars.offer(sample, source);
        }
    }
}

impl ShardOwner for Recorder {
    /// Closes the slot of the time window that ended before a call did, before
    /// the call is counted. If someone else is at the shards for longer than a
    /// moment, the call goes to the slot that is open, and the next one tries
    /// again.
    #[cold]
    fn close_slot(&self, shard: &Shard, end: u64) {
        let Some(mut members) = lock_soon(&self.members, 16) else {
            return;
        };
        let slot_end = members.advance(&self.common, end);
        shard.set_slot_end(slot_end.unwrap_or(end.saturating_add(LATER)));
    }

    fn is_clock_jump(&self, end: u64, duration: u64) -> bool {
        self.clock().is_clock_jump(end, duration)
    }

    fn offer_exemplar(&self, sample: &Sample) {
        Self::offer_exemplar(self, sample);
    }
}

impl Drop for Recorder {
    /// Nobody can record to the operation any more, so its shards are free.
    fn drop(&mut self) {
        let members = lock(&self.members);
        for member in &members.all {
            pool::put(member.shard);
        }
    }
}

impl Members {
    fn total(&self) -> Tally {
        let mut total = Tally::default();
        for member in &self.all {
            total.merge(&member.shard.read());
        }
        total
    }

    /// Of the total, the part since the last reset. Its extremes are exact where
    /// the threads know of the reset.
    fn since_reset(&self, total: &Tally) -> Tally {
        let Some(before) = &self.before_reset else {
            return total.clone();
        };
        let mut since = total.since(before);
        let called = |member: &&Member| member.shard.seen() != member.seen_before_reset;
        let called = self.all.iter().filter(called);
        if called.clone().all(|member| member.shard.knows_of_reset()) {
            let mut extremes = Tally::default();
            called.for_each(|member| extremes.merge(&member.shard.read()));
            since.take_extremes(&extremes);
        }
        since
    }

    /// Begins the slot of a moment if it is not the present one, and says when it
    /// ends; `None` while the clock's rate is not known.
    fn advance(&mut self, common: &Common, at: u64) -> Option<u64> {
        let windows = self.windows(common, at)?;
        let end = windows.slots.end_of(windows.at);
        if at < end {
            return Some(end);
        }
        let total = self.total();
        let windows = self.windows(common, at)?;
        windows.count(total);
        windows.at = at;
        Some(windows.slots.end_of(at))
    }

    fn windows(&mut self, common: &Common, at: u64) -> Option<&mut Windows> {
        if self.windows.is_none() {
            let slots = common.slots()?;
            let before = self.before_reset.as_deref().cloned().unwrap_or_default();
            self.windows = Some(Box::new(Windows {
                slots,
                passed: before.clone(),
                untimed: before,
                at,
            }));
        }
        self.windows.as_deref_mut()
    }

    /// The calls of the last period, and where its first slot begins.
    ///
    /// The slots are not looked at: sixty of each operation take much longer to read than
    /// what was before them.
    fn last_period(&mut self, common: &Common, now: u64, total: Tally) -> (Tally, u64) {
        let Some(windows) = self.windows(common, now) else {
            return (Tally::default(), now);
        };
        windows.count(total);
        let last_period = windows.untimed.since(&windows.passed);
        (last_period, windows.slots.start(now))
    }

    /// The latest calls of all threads, from the oldest to the newest.
    fn last_calls(&self, most: usize) -> Vec<RingEntry> {
        let of_thread = |member: &Member| {
            let mut calls = member.shard.last_calls(most, member.seen_before_reset);
            calls.reverse();
            calls
        };
        // Each thread's calls stand from the oldest to the newest.
        let mut threads: Vec<Vec<RingEntry>> = self.all.iter().map(of_thread).collect();
        let mut newest = Vec::with_capacity(most);
        while newest.len() < most {
            let end = |calls: &Vec<RingEntry>| calls.last().map(|call| call.end);
            let with_newest = threads.iter_mut().max_by_key(|calls| end(calls));
            let Some(call) = with_newest.and_then(Vec::pop) else {
                break;
            };
            newest.push(call);
        }
        newest.reverse();
        newest
    }

    fn errors(&self) -> Vec<errors::ErrorSnapshot> {
        let mut all = Vec::new();
        for member in &self.all {
            let errors = member.shard.errors.read(member.unlogged_before_reset);
            errors::merge(&mut all, errors);
        }
        all
    }
}

impl Windows {
    /// Puts what is not in a slot yet into the present one.
    fn count(&mut self, total: Tally) {
        let added = total.since(&self.untimed);
        let passed = &mut self.passed;
        let slot = self.slots.at_and_passed(self.at, |slot| passed.merge(slot));
        slot.merge(&added);
        self.untimed = total;
    }
}

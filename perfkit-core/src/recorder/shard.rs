//! The calls of one operation on one thread.
//!
//! One thread writes, any thread reads, nobody waits. All numbers only grow, so
//! that two readings have a difference, and no call is in two readings or in none.
//!
//! The bucket of a call is counted when the next call comes: until then it is
//! *pending*. So no address that is written depends on the time just read, which
//! would make the processor wait for the clock. A reader adds the pending call
//! when the buckets lack it.
//!
//! # The order of writes of a successful call
//! [`Shard::record_ordinary`] and [`Shard::record_success`] write in this order, a reader reads in the reverse
//! order. The tests are those of `recorder::loom`, which fail when a step is moved
//! or loses its ordering; `.ci/loom` runs them.
//!
//! | step | write | ordering | what a reader may conclude | test |
//! |---|---|---|---|---|
//! | 1 | the bucket of the call before, `counts` | `Release` | who sees the new `pending` sees this bucket counted | `a_reader_loses_and_doubles_nothing` |
//! | 2 | `pending` | `Release` | who sees `timed` of step 6 sees the bucket of that call or of a later one | the same |
//! | 3 | the entry of the ring | `Release` | an entry is whole unless the writer has come round to it; `seen` read before and after tells | `a_call_of_the_ring_is_never_half_one_and_half_another` |
//! | 4 | `sum`, `sum_of_others`, `self_sum_of_others` | `Relaxed` | exact when `timed` did not change meanwhile, else of a few calls more or less | `a_shard_is_handed_on_with_its_calls` |
//! | 5 | `min`, `max`, `span` and the range of `counts` | `Relaxed` | as the sums; `Tally::in_ns` moves extremes into the outermost buckets | `a_call_is_before_a_reset_or_after_it` |
//! | 6 | `timed` | `Release` | everything above is there for that many calls | all of them |
//!
//! A reader reads `timed`, then `pending`, then the buckets. So the buckets hold
//! all calls that it knows of but for the pending one; and if they lack one, the
//! pending bucket that was read is that of the last call. When `timed` has changed
//! at the end, the reader looks at the pending bucket once more: it may have been
//! read before the call was in it, and later calls would hide that one was lacking.
//!
//! # Who may touch what
//! | field | written by | read by | test |
//! |---|---|---|---|
//! | `timed`, `sum`, `sum_of_others`, `self_sum_of_others`, `min`, `max`, `pending`, `counts`, `ring`, `others`, `untimed`, `nested`, `failures`, `optional`, `waiting` | the thread that leased the shard | any thread | `two_threads_never_have_the_same_shard` |
//! | `span` | that thread | that thread | `tests/growth.rs`, and all that a clock which jumps fails |
//! | `channel`, `operation`, `exemplars_due` | that thread | that thread | `tests/collector.rs` |
//! | `outer_frame`, `outer_callees` | that thread | that thread | `recording.rs`, `recursion_multiplies_nothing` |
//! | `gate` | that thread, from a reading of the monitor's state | that thread, and whoever takes the shard from an operation that is gone | `recording.rs`, `recursion_multiplies_nothing`, `what_is_switched_off_is_not_recorded` and `a_monitor_may_go_while_a_call_on_it_runs` |
//! | `slot_end` | whoever holds the lock on the operation's shards | that thread, without a lock: an old value only makes it ask again | `a_call_is_in_one_slot` |
//! | `was_reset` | set by the thread that resets, cleared by the shard's thread | any thread | `a_call_is_before_a_reset_or_after_it` |
//! | `errors` | see [`ErrorCounts`] | | |
//! | `owner` | whoever adds the shard to an operation or takes it away | that thread, under the lock | `a_shard_is_handed_on_with_its_calls` |

use std::cmp::Ordering::{Equal, Less};
use std::fmt::Debug;

use crate::histogram::bucket::HIGHEST;
use crate::metric_summary::Totals;
use crate::outcome::{Ending, Failure};

use super::counts::{
    Counts, NO_BUCKET, TRIES_IF_TORN, bucket_of, bucket_of_ordinary, count_of, raise,
};
use super::error_counts::ErrorCounts;
use super::exemplar::DueTimes;
use super::failures::Failures;
use super::gate::Gate;
use super::optional_metrics::{OptionalMetrics, Used};
use super::ring::{LONGEST, Ring, pack};
use super::sample::{Quantity, RingEntry, Sample, signed};
use super::sync::{
    Acquire, AtomicU32, AtomicU64, Mutex, Own, Relaxed, Release, Weak, add, lock, try_lock,
};
use super::tally::{Series, Tally, only_totals};

/// The call around one that runs: its frame, and how much time its callees had taken
/// before; see `measure::nesting`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outer {
    pub(crate) frame: u64,
    pub(crate) callees: u64,
}

/// How often a reading that a writer disturbed is made anew.
const TRIES: u32 = if cfg!(perfkit_loom) { 1 } else { 8 };

/// The counters of one operation on one thread. The first line is written by
/// every call, and what follows only by some.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub(crate) struct Shard {
    /// Outermost successful calls that were timed.
    timed: AtomicU64,
    /// Of ordinary calls, whose self time is all of it; see [`Shard::is_ordinary`].
    sum: AtomicU64,
    min: AtomicU64,
    /// By how much an ordinary duration is above the shortest at most.
    span: AtomicU64,
    /// When a slot of the time window ends, in ticks; zero before the first call.
    slot_end: AtomicU64,
    pub(crate) gate: Gate,
    pending: AtomicU32,
    /// Calls in the ring that are not in `timed`.
    others: AtomicU64,
    /// Of the call that runs on the fast path; see [`Outer`].
    outer_frame: AtomicU64,
    outer_callees: AtomicU64,
    max: AtomicU64,
    /// Of all other successful calls, and of nested ones the self time alone.
    sum_of_others: AtomicU64,
    self_sum_of_others: AtomicU64,
    /// Successful calls that were counted and not timed, in no ring.
    untimed: AtomicU64,
    counts: Counts,
    ring: Ring,
    nested: AtomicU64,
    failures: Failures,
    optional: OptionalMetrics,
    pub(super) errors: ErrorCounts,
    /// How many calls began to wait on this thread, less those that ceased to: of all
    /// threads together it is how many wait.
    waiting: AtomicU64,
    /// Not zero from a reset until the thread has seen it.
    was_reset: AtomicU32,
    /// The channel by which calls go to a collector, and the number of the operation there; zero
    /// before the first.
    channel: AtomicU64,
    operation: AtomicU64,
    exemplars_due: DueTimes,
    /// The operation that the shard serves; none in the pool.
    pub(super) owner: Mutex<Option<Weak<dyn ShardOwner>>>,
}

/// The operation that a shard serves, as far as the shard's thread needs it now
/// and then.
pub(super) trait ShardOwner: Send + Sync + Debug {
    /// Closes the slot of the time window that ended before a call did, before
    /// the call is counted.
    fn close_slot(&self, shard: &Shard, end: u64);

    /// Whether so long a duration tells of a step of the clock.
    fn is_clock_jump(&self, end: u64, duration: u64) -> bool;

    /// Keeps a call if it is part of a trace.
    fn offer_exemplar(&self, sample: &Sample);
}

/// How a reading of the successful calls went.
enum Reading {
    /// No call was recorded meanwhile.
    Quiet,
    /// One was: all numbers are still right for themselves, but the sums may be of
    /// a few calls more or less than the buckets.
    Disturbed,
    /// A count was read in the middle of a change.
    Torn,
}

impl Shard {
    /// An empty shard that keeps at least the given number of latest calls.
    pub(super) fn new(last_calls: usize) -> Self {
        let ring_len = Self::ring_len(last_calls);
        let shard = Self {
            pending: AtomicU32::new(NO_BUCKET),
            counts: Counts::new(),
            ring: Ring::new(ring_len),
            optional: OptionalMetrics::new(ring_len),
            ..Self::default()
        };
        shard.forget_extremes();
        shard
    }

    /// A few more than asked for, because a reader cannot trust the entries that
    /// a writer overwrites meanwhile.
    pub(super) fn ring_len(last_calls: usize) -> usize {
        (last_calls + last_calls / 64 + 1).next_power_of_two()
    }

    /// What a shard takes of memory, without optional.
    pub(super) fn bytes(last_calls: usize) -> usize {
        size_of::<Self>() + Counts::BYTES + Ring::bytes(Self::ring_len(last_calls))
    }

    pub(super) fn keeps(&self, last_calls: usize) -> bool {
        self.ring.len() == Self::ring_len(last_calls)
    }
}

/// For the one thread that writes.
impl Shard {
    /// Remembers the call around the one that runs on the fast path.
    #[inline(always)]
    pub(crate) fn set_outer(&self, outer: Outer) {
        self.outer_frame.store(outer.frame, Relaxed);
        self.outer_callees.store(outer.callees, Relaxed);
    }

    #[inline(always)]
    pub(crate) fn outer(&self) -> Outer {
        Outer {
            frame: self.outer_frame.own(),
            callees: self.outer_callees.own(),
        }
    }

    /// The channel to a collector that calls know; zero for none.
    pub(crate) fn channel(&self) -> u64 {
        self.channel.own()
    }

    /// The number of the operation that a collector knows it by.
    pub(crate) fn operation(&self) -> u64 {
        self.operation.own()
    }

    pub(crate) fn set_channel(&self, channel: u64, operation: u64) {
        self.channel.store(channel, Relaxed);
        self.operation.store(operation, Relaxed);
    }

    /// Whether a call is to be offered as an exemplar, in ticks.
    pub(crate) fn is_exemplar_due(&self, end: u64, duration: u64) -> bool {
        self.exemplars_due.is_due(end, duration)
    }

    /// Whether there is more to do than to count a call; see [`slow_path`].
    #[inline(always)]
    pub(crate) fn wants_slow_path(&self, end: u64, duration: u64) -> bool {
        self.is_slot_over(end) || self.is_longest(duration)
    }

    /// Whether a slot of the time window ended before a call did.
    #[inline(always)]
    pub(super) fn is_slot_over(&self, end: u64) -> bool {
        end >= self.slot_end.load(Relaxed)
    }

    /// For whoever holds the lock on the operation's shards.
    pub(super) fn set_slot_end(&self, slot_end: u64) {
        self.slot_end.store(slot_end, Relaxed);
    }

    /// Counts an outermost successful call without callees, if it is an ordinary one: it
    /// ends in the slot that is open, and is neither shorter nor longer than all before.
    /// Else says no, and has written nothing.
    #[inline(always)]
    pub(crate) fn record_ordinary(&self, end: u64, duration: u64, used: &impl Used) -> bool {
        let above = duration.wrapping_sub(self.min.own());
        if self.is_slot_over(end) || above > self.span.own() {
            return false;
        }
        let Some(room) = self.counts.room(self.pending.own()) else {
            return false;
        };
        self.record_used(used);
        room.add_one();
        let timed = self.count_success(end, duration, bucket_of_ordinary(duration));
        // There are never so many that it wraps: a duration is below 2⁴⁸ here.
        let sum = self.sum.own().wrapping_add(duration);
        self.sum.store(sum, Relaxed);
        self.tell(timed);
        true
    }

    /// Counts an outermost successful call.
    #[inline]
    pub(crate) fn record_success(&self, end: u64, duration: u64, self_time: u64) {
        if self_time != duration {
            self.optional.record_self_time(self.position(), self_time);
        }
        self.counts.add_one(self.pending.own());
        let timed = self.count_success(end, duration, bucket_of(duration));
        add(&self.sum_of_others, duration);
        add(&self.self_sum_of_others, self_time);
        if duration < self.min.own() || duration > self.max.own() {
            self.widen_to(duration);
        }
        self.tell(timed);
    }

    /// Steps 2 and 3 of the order above; what this returns is for [`Self::tell`].
    #[inline(always)]
    fn count_success(&self, end: u64, duration: u64, bucket: u32) -> u64 {
        self.pending.store(bucket, Release);
        let timed = self.timed.own();
        let position = timed.wrapping_add(self.others.own());
        self.ring
            .push(position, end, pack(duration, Ending::Success, false));
        timed
    }

    /// Step 6.
    #[inline(always)]
    fn tell(&self, timed: u64) {
        self.timed.store(timed.wrapping_add(1), Release);
    }

    /// Takes note of a reset, when there was one: before the first call that ends
    /// after it is counted, whenever that call began.
    pub(super) fn note_reset(&self) {
        if self.was_reset.swap(0, Relaxed) != 0 {
            self.forget_extremes();
        }
    }

    #[cold]
    fn widen_to(&self, duration: u64) {
        self.min.store(duration.min(self.min.own()), Relaxed);
        self.max.store(duration.max(self.max.own()), Relaxed);
        let longest = self.max.own().min(HIGHEST);
        self.span
            .store(longest.saturating_sub(self.min.own()), Relaxed);
        self.counts.widen_to(bucket_of(duration));
    }

    /// Whether a duration is longer than all before: perhaps the clock jumped.
    #[inline(always)]
    pub(super) fn is_longest(&self, duration: u64) -> bool {
        duration > self.max.own() && !self.failures.have_longer(duration)
    }

    /// Counts what was measured of the next successful call beside its time.
    #[inline(always)]
    pub(crate) fn record_used(&self, used: &impl Used) {
        used.record(&self.optional, || self.position());
    }

    /// Counts any call.
    pub(crate) fn record(&self, sample: &Sample, failure: Option<&Failure>) {
        let sample = &sample.at_most(LONGEST);
        let self_time = sample.self_time;
        if sample.ending == Ending::Success && !sample.nested {
            self.record_used(&sample.optional);
            self.record_success(sample.end, sample.duration, self_time);
            return;
        }
        if sample.ending == Ending::Success {
            return self.record_nested(sample.end, sample.duration, self_time);
        }
        let duration = (!sample.nested).then_some(sample.duration);
        self.failures.count(sample.ending, duration);
        if let Some(failure) = failure {
            self.errors.log(failure);
        }
        self.push_other(
            sample.end,
            pack(sample.duration, sample.ending, sample.nested),
        );
    }

    /// Counts a successful call that ran within another of the operation.
    #[inline]
    pub(crate) fn record_nested(&self, end: u64, duration: u64, self_time: u64) {
        let [duration, self_time] = [duration, self_time].map(|time| time.min(LONGEST));
        add(&self.nested, 1);
        add(&self.self_sum_of_others, self_time);
        if self_time != duration {
            self.optional.record_self_time(self.position(), self_time);
        }
        self.push_other(end, pack(duration, Ending::Success, true));
    }

    /// Remembers a call that is not in `timed` as the latest.
    #[inline]
    fn push_other(&self, end: u64, packed: u64) {
        self.ring.push(self.position(), end, packed);
        let others = self.others.own().wrapping_add(1);
        self.others.store(others, Release);
    }

    /// Counts a successful call of which nothing else is known.
    #[inline(always)]
    pub(crate) fn record_untimed_success(&self) {
        add(&self.untimed, 1);
    }

    /// Counts a call that did not succeed and of which nothing else is known.
    pub(crate) fn record_untimed(&self, ending: Ending, failure: Option<&Failure>) {
        self.failures.count(ending, None);
        if let Some(failure) = failure {
            self.errors.log(failure);
        }
    }

    /// Whether a failure of this kind is as the last one was, and its text not wanted: then
    /// [`Shard::record_repeat`] may count it.
    #[inline(always)]
    pub(crate) fn repeats(&self, kind: &'static str, end: u64) -> bool {
        self.errors.repeats.are_of(kind, end)
    }

    /// Counts an outermost failure of such a kind, if it is an ordinary one: it ends in the
    /// slot that is open, and is not the longest. Else says no, and has written nothing.
    #[inline]
    pub(crate) fn record_repeat(&self, end: u64, duration: u64, kind: &'static str) -> bool {
        let is_ordinary = !self.is_slot_over(end)
            && self.failures.have_longer(duration)
            && self.errors.repeats.are_of(kind, end);
        if is_ordinary {
            self.failures.count_failure(duration);
            self.errors.repeats.add_one();
            self.push_other(end, pack(duration, Ending::Failure, false));
        }
        is_ordinary
    }

    /// Whether the text of a failure is worth writing; see [`ErrorLog`].
    #[cold]
    pub(crate) fn wants_text(&self, kind: &str, now: u64) -> bool {
        self.errors.wants_text(kind, now)
    }

    /// The extremes are those of the calls from now on.
    pub(super) fn forget_extremes(&self) {
        self.min.store(u64::MAX, Relaxed);
        self.max.store(0, Relaxed);
        self.span.store(0, Relaxed);
        self.failures.extent.forget_extremes();
        self.optional.forget_extremes();
    }

    /// Counts a call that is in flight and does not run from here on, or runs again.
    #[inline]
    pub(crate) fn add_waiting(&self, more: i64) {
        let waiting = self.waiting.own().wrapping_add_signed(more);
        self.waiting.store(waiting, Relaxed);
    }

    fn position(&self) -> u64 {
        let timed = self.timed.own();
        timed.wrapping_add(self.others.own())
    }
}

/// For any thread.
impl Shard {
    /// How many calls run, and how many more began to wait here than ceased to, modulo 2⁶⁴.
    pub(super) fn in_flight(&self) -> u64 {
        self.gate.depth().wrapping_add(self.waiting.load(Relaxed))
    }

    /// Tells the thread of a reset, by making its next call one that has more to
    /// do than to count. For whoever may call [`Shard::set_slot_end`].
    pub(super) fn mark_reset(&self) {
        self.was_reset.store(1, Relaxed);
        self.set_slot_end(0);
    }

    /// Whether the thread has seen the last reset.
    pub(super) fn knows_of_reset(&self) -> bool {
        self.was_reset.load(Relaxed) == 0
    }

    /// All calls up to now.
    pub(super) fn read(&self) -> Tally {
        let (mut tally, mut state) = self.try_read();
        for try_number in 1..TRIES_IF_TORN {
            // The writer is carrying a count beyond 32 bits: that is soon done.
            let is_worth_another = match state {
                Reading::Quiet => false,
                Reading::Disturbed => try_number < TRIES,
                Reading::Torn => true,
            };
            if !is_worth_another {
                break;
            }
            (tally, state) = self.try_read();
        }
        self.failures.read(&mut tally);
        self.optional.read(&mut tally);
        tally
    }

    fn try_read(&self) -> (Tally, Reading) {
        let timed = self.timed.load(Acquire);
        let pending = self.pending.load(Acquire);
        let (mut buckets, mut count) = self.counts.read();
        if count < timed {
            *count_of(&mut buckets, pending as u16) += 1;
            count += 1;
        }
        let [sum, of_others, self_of_others] =
            [&self.sum, &self.sum_of_others, &self.self_sum_of_others]
                .map(|sum| i128::from(sum.load(Relaxed)));
        let extremes = [&self.min, &self.max].map(|extreme| extreme.load(Relaxed));
        let nested = self.nested.load(Relaxed);
        let is_quiet = self.timed.load(Acquire) == timed;
        if !is_quiet {
            // The pending call may have been counted after its bucket was read,
            // and later ones in its stead. By now it is in its bucket.
            count += raise(&mut buckets, pending as u16, self.counts.of(pending));
        }
        let self_time = Totals {
            sum: sum + self_of_others,
            count: count + nested,
            ..Totals::default()
        };
        let state = match count.cmp(&timed) {
            Less => Reading::Torn,
            Equal if is_quiet => Reading::Quiet,
            _ => Reading::Disturbed,
        };
        let mut tally = Tally {
            nested,
            untimed: self.untimed.load(Relaxed),
            ..Tally::default()
        };
        tally.calls.success = count + nested + tally.untimed;
        let totals = Totals::with(count, sum + of_others, extremes.map(signed));
        tally.set(Quantity::ExecutionTime, Series { totals, buckets });
        tally.set(Quantity::SelfTime, only_totals(self_time));
        (tally, state)
    }

    /// How many calls the ring has seen; see [`Shard::last_calls`].
    pub(super) fn seen(&self) -> u64 {
        let timed = self.timed.load(Acquire);
        timed.wrapping_add(self.others.load(Acquire))
    }

    /// A number that every call changes, whether it is timed or not.
    pub(super) fn progress(&self) -> u64 {
        self.failures.sum([self.seen(), self.untimed.load(Relaxed)])
    }

    /// The latest calls, at most so many, from the newest to the oldest, of those
    /// that came after the first `after`.
    pub(super) fn last_calls(&self, most: usize, after: u64) -> Vec<RingEntry> {
        let mut best = Vec::new();
        for _ in 0..TRIES {
            let (calls, is_whole) = self.try_last_calls(most, after);
            if is_whole || calls.len() > best.len() {
                best = calls;
            }
            if is_whole {
                break;
            }
        }
        best
    }

    /// The latest calls, and whether a writer left all of them alone.
    fn try_last_calls(&self, most: usize, after: u64) -> (Vec<RingEntry>, bool) {
        let seen = self.seen();
        let len = self.ring.len() as u64;
        let wanted = (most as u64).min(len).min(seen.saturating_sub(after));
        let positions = (seen - wanted..seen).rev();
        let mut calls: Vec<RingEntry> = positions.map(|position| self.call_at(position)).collect();
        // The writer may be in the middle of the call after those it has counted.
        let overwritten = (self.seen() + 1).saturating_sub(len);
        let trusted = seen.saturating_sub(overwritten.max(seen - wanted));
        calls.truncate(usize::try_from(trusted).unwrap_or(usize::MAX));
        let is_whole = calls.len() as u64 == wanted;
        (calls, is_whole)
    }

    fn call_at(&self, position: u64) -> RingEntry {
        let call = self.ring.at(position);
        RingEntry {
            self_time: self
                .optional
                .self_time_at(position)
                .unwrap_or(call.duration),
            optional: self.optional.at(position),
            ..call
        }
    }
}

/// When nobody else uses the shard.
impl Shard {
    /// Forgets everything, to serve another operation.
    pub(super) fn clear(&self) {
        self.gate.clear();
        self.was_reset.store(0, Relaxed);
        *lock(&self.owner) = None;
        self.pending.store(NO_BUCKET, Relaxed);
        let numbers = [
            &self.timed,
            &self.sum,
            &self.sum_of_others,
            &self.self_sum_of_others,
            &self.slot_end,
            &self.others,
            &self.untimed,
            &self.nested,
            &self.waiting,
            &self.channel,
            &self.operation,
        ];
        for number in numbers {
            number.store(0, Relaxed);
        }
        self.counts.clear();
        self.exemplars_due.forget();
        self.failures.clear();
        self.optional.clear();
        self.forget_extremes();
        self.errors.clear();
    }
}

/// Keeps a call if it is part of a trace.
#[cold]
pub(crate) fn offer_exemplar(shard: &'static Shard, sample: &Sample) {
    // Nothing is locked while the program is asked for the trace.
    let owner = try_lock(&shard.owner).and_then(|owner| owner.as_ref()?.upgrade());
    if let Some(owner) = owner {
        owner.offer_exemplar(sample);
    }
}

/// Does what comes up seldom when a call goes to its thread's shard on the fast
/// path. Says whether the call counts as if it had taken no time, because the
/// clock jumped.
pub(crate) fn slow_path(shard: &'static Shard, end: u64, duration: u64) -> bool {
    shard.note_reset();
    let Some(owner) = try_lock(&shard.owner).and_then(|owner| owner.as_ref()?.upgrade()) else {
        return false;
    };
    if shard.is_slot_over(end) {
        owner.close_slot(shard, end);
    }
    shard.is_longest(duration) && owner.is_clock_jump(end, duration)
}

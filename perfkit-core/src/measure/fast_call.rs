//! A call that goes straight to its thread's shard: the fast path, which nearly
//! all calls take.
//!
//! It is for calls that end on their thread before their caller goes on, on the
//! cycle counter. Everything else goes the way of [`super::call`]. While a collector wants
//! each of them, they begin and end in functions of their own ([`enter_collected`]), so that
//! those that nobody collects are as before.
//!
//! All of it is made to stay in registers: what is seldom needed is a function of
//! its own, and gets numbers, never a reference to the call.

use std::fmt::Debug;
use std::mem::{self, ManuallyDrop};
use std::sync::Arc;

use crate::alloc;
use crate::clock::Clock;
use crate::monitor::{
    CollectorCall, Entry, Monitor, Options, send_plain_to_collector, send_to_collector,
};
use crate::outcome::{Ending, Failure, Outcome};
use crate::recorder::{
    OptionalValues, Outer, Sample, Shard, StateReading, Used, offer_exemplar, slow_path,
};

use super::call::Dropped;
use super::error_text_policy::ErrorTextPolicy;
use super::nesting;
use super::segment::Resources;

/// What a call measures beside time.
pub trait MetricSelection: Copy {
    /// What is read of it when a call begins; nothing where time alone is measured, so
    /// that nothing is kept in memory for a call that panics.
    type Begun: Debug;

    /// What a call used.
    type Used: Used;

    /// The selection as options, which the compiler knows where it can.
    fn options(self) -> Options;

    /// Reads it.
    fn begin(self) -> Self::Begun;

    /// What was used since, in a call that took so long, in ticks.
    fn used(self, begun: &Self::Begun, duration: u64) -> Self::Used;
}

/// Time alone.
#[derive(Clone, Copy, Debug)]
pub struct TimeOnly;

impl MetricSelection for TimeOnly {
    type Begun = ();
    type Used = ();

    #[inline(always)]
    fn options(self) -> Options {
        Options::default()
    }

    #[inline(always)]
    fn begin(self) {}

    #[inline(always)]
    fn used(self, _begun: &(), _duration: u64) {}
}

impl MetricSelection for Options {
    type Begun = Resources;
    type Used = OptionalValues;

    #[inline(always)]
    fn options(self) -> Options {
        self
    }

    #[inline(always)]
    fn begin(self) -> Resources {
        Resources::begin(self, &Clock::COUNTER)
    }

    #[inline(always)]
    fn used(self, begun: &Resources, duration: u64) -> OptionalValues {
        begun.used(self, &Clock::COUNTER, duration)
    }
}

/// A call in flight. Dropped, it ended as it was told to when it began.
///
/// What is known of the call around it is kept in the shard, so that little is left for
/// the stack of the function that is measured.
#[derive(Debug)]
pub(crate) struct FastCall<E: MetricSelection> {
    shard: &'static Shard,
    /// In ticks.
    start: u64,
    dropped: Dropped,
    selection: E,
    begun: E::Begun,
}

/// When a call ran, in ticks, and what callees had taken at its end.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    end: u64,
    callees: u64,
}

/// Enters the shard for a call on the fast path. Says no where it has to take the full
/// one: the monitor's state says so, or the thread ends.
#[inline(always)]
pub(crate) fn enter(shard: &'static Shard, state: StateReading) -> bool {
    shard.gate.enter_outermost(state) || enter_nested(shard, state)
}

/// The same where a collector gets the call: of the operation's monitor, by a number that
/// calls know after the first. Without the operation it may say no.
#[cold]
#[inline(never)]
pub(crate) fn enter_collected(
    shard: &'static Shard,
    state: StateReading,
    monitor: &Monitor,
    entry: Option<&Arc<Entry>>,
) -> bool {
    let channel = monitor.channel();
    if shard.channel() != channel {
        let Some(entry) = entry else { return false };
        if channel != 0 && !monitor.is_ready_to_send(entry) {
            return false;
        }
        shard.set_channel(channel, entry.recorder.id);
    }
    if shard.gate.is_running() && !nesting::put_aside(shard.outer()) {
        return false;
    }
    shard.gate.enter_collected(state);
    true
}

/// The same within another call of the operation.
#[cold]
#[inline(never)]
fn enter_nested(shard: &'static Shard, state: StateReading) -> bool {
    let is_entered = shard.gate.takes_nested(state) && nesting::put_aside(shard.outer());
    if is_entered {
        shard.gate.enter();
    }
    is_entered
}

/// Leaves the shard, after the last write to it: it may serve another operation then.
#[inline]
pub(crate) fn leave(shard: &'static Shard) {
    if shard.gate.is_outermost() {
        return shard.gate.leave_outermost();
    }
    if shard.gate.is_nested()
        && let Some(outer) = nesting::take_back()
    {
        shard.set_outer(outer);
    }
    shard.gate.leave();
}

impl<E: MetricSelection> FastCall<E> {
    /// Begins a call that has [entered](enter) its shard.
    #[inline(always)]
    pub(crate) fn begin(shard: &'static Shard, selection: E, dropped: Dropped) -> Self {
        shard.set_outer(nesting::enter());
        Self {
            shard,
            dropped,
            selection,
            begun: selection.begin(),
            start: Clock::COUNTER.ticks(),
        }
    }

    /// Ends the call with the outcome that a function finds out. Where that panics, the
    /// call is dropped.
    #[inline(always)]
    pub(crate) fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
        let (span, used) = self.read();
        let outcome = outcome(ErrorTextPolicy::of(self.shard, span.end));
        let shard = ManuallyDrop::new(self).shard;
        if let Outcome::Success = outcome {
            // There is nothing in it to be dropped, which the compiler cannot know.
            mem::forget(outcome);
            return record_success(shard, span, &used);
        }
        if let Outcome::Failure(failure) = &outcome
            && let Some(kind) = failure.bare_static_kind()
            && record_repeat(shard, span.start, span.end, span.callees, kind)
        {
            mem::forget(outcome);
            return;
        }
        record_other(shard, span.start, span.end, span.callees, &used, outcome);
    }

    /// Reads when the call ended, and what it used.
    #[inline(always)]
    fn read(&self) -> (Span, E::Used) {
        let span = Span {
            start: self.start,
            end: Clock::COUNTER.ticks(),
            callees: nesting::callees(),
        };
        let duration = span.end.saturating_sub(span.start);
        (span, self.selection.used(&self.begun, duration))
    }

    /// Leaves the call unfinished: it goes on later, maybe on another thread. Says what it
    /// used up to now, and whether it ran within another of its operation.
    pub(super) fn suspend(self) -> (E::Used, bool) {
        let call = ManuallyDrop::new(self);
        let (_, used) = call.read();
        let is_nested = call.shard.gate.is_nested();
        call.shard.add_waiting(1);
        leave(call.shard);
        (used, is_nested)
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The call around it.
    pub(super) fn outer(&self) -> Outer {
        self.shard.outer()
    }
}

impl<E: MetricSelection> Drop for FastCall<E> {
    #[inline(always)]
    fn drop(&mut self) {
        let (
            Span {
                start,
                end,
                callees,
            },
            used,
        ) = self.read();
        record_other(
            self.shard,
            start,
            end,
            callees,
            &used,
            self.dropped.outcome(),
        );
    }
}

/// Counts a successful call. All that is not ordinary leaves before the first write, and
/// with numbers in registers, so that nothing is kept on the stack for it.
#[inline(always)]
fn record_success<U: Used>(shard: &'static Shard, span: Span, used: &U) {
    let Span {
        start,
        end,
        callees,
    } = span;
    // Where the clock went back, it is longer than all before.
    let duration = end.wrapping_sub(start);
    let outer = shard.outer();
    if shard.gate.is_outermost()
        && callees == outer.callees
        && nesting::callees() == callees
        && shard.record_ordinary(end, duration, used)
    {
        nesting::leave(outer, end, duration);
        shard.gate.leave_outermost();
    } else {
        record_rare(shard, start, end, callees, used);
    }
}

/// Counts a failure that is as the last one was; says no where it is anything else.
#[inline(never)]
fn record_repeat(
    shard: &'static Shard,
    start: u64,
    end: u64,
    callees: u64,
    kind: &'static str,
) -> bool {
    let duration = end.wrapping_sub(start);
    let outer = shard.outer();
    let is_repeat = shard.gate.is_outermost()
        && nesting::callees() == callees
        && shard.record_repeat(end, duration, kind);
    if is_repeat {
        nesting::leave(outer, end, duration);
        shard.gate.leave_outermost();
    }
    is_repeat
}

/// A successful call that has callees, runs within another of its operation, or that
/// there is more to do of.
#[cold]
#[inline(never)]
fn record_rare<U: Used>(shard: &'static Shard, start: u64, end: u64, callees: u64, used: &U) {
    if shard.gate.is_collected() {
        return record_collected(shard, start, end, callees, used);
    }
    let ended = Ended::of(shard, start, end, callees);
    if !ended.is_timed {
        ended.record(shard, used.values(), Ending::Success, None);
    } else if ended.nested {
        // What it used is the outermost call's.
        shard.record_nested(end, ended.duration, ended.self_time);
    } else {
        shard.record_used(used);
        shard.record_success(end, ended.duration, ended.self_time);
    }
    leave(shard);
}

#[cold]
#[inline(never)]
fn record_other<U: Used>(
    shard: &'static Shard,
    start: u64,
    end: u64,
    callees: u64,
    used: &U,
    outcome: Outcome,
) {
    let ended = Ended::of(shard, start, end, callees);
    alloc::uncounted(|| match shard.gate.is_collected() {
        true => ended.hand_over(shard, used.values(), outcome),
        false => {
            ended.record(shard, used.values(), outcome.ending(), outcome.failure());
            drop(outcome);
        }
    });
    leave(shard);
}

/// Counts a successful call, hands it to the collector, and keeps it with its trace, as far
/// as that is wanted.
#[inline(never)]
fn record_collected<U: Used>(shard: &'static Shard, start: u64, end: u64, callees: u64, used: &U) {
    let ended = Ended::of(shard, start, end, callees);
    let (used, [channel, operation]) = (used.values(), [shard.channel(), shard.operation()]);
    if ended.nested || !ended.is_timed || !used.is_empty() {
        alloc::uncounted(|| ended.hand_over(shard, used, Outcome::Success));
    } else {
        shard.record_success(end, ended.duration, ended.self_time);
        if shard.gate.is_traced() && shard.is_exemplar_due(end, ended.duration) {
            let sample = ended.sample(used, Ending::Success);
            alloc::uncounted(|| offer_exemplar(shard, &sample));
        }
        if channel != 0 {
            send_plain_to_collector(channel, operation, end, ended.duration, ended.self_time);
        }
    }
    leave(shard);
}

/// A call that has ended, and not left its shard.
struct Ended {
    end: u64,
    duration: u64,
    self_time: u64,
    nested: bool,
    /// Whether its time is known: not if the clock jumped.
    is_timed: bool,
}

impl Ended {
    /// Counts it for the call around it, and does what comes up seldom.
    #[inline(always)]
    fn of(shard: &'static Shard, start: u64, end: u64, callees: u64) -> Self {
        let duration = end.saturating_sub(start);
        let outer = shard.outer();
        // What finding out the outcome called came after the end, and is of the caller too.
        let later = nesting::callees().wrapping_sub(callees);
        nesting::leave_late(outer, end, duration.wrapping_add(later));
        let is_jump = || alloc::uncounted(|| slow_path(shard, end, duration));
        Self {
            end,
            duration,
            self_time: duration.saturating_sub(callees.wrapping_sub(outer.callees)),
            nested: shard.gate.is_nested(),
            is_timed: !(shard.wants_slow_path(end, duration) && is_jump()),
        }
    }

    /// The same of a call of any kind.
    #[inline(never)]
    fn hand_over(&self, shard: &'static Shard, used: OptionalValues, outcome: Outcome) {
        let sample = self.sample(used, outcome.ending());
        shard.record(&sample, outcome.failure());
        let may_be_kept = shard.gate.is_traced() && self.is_timed && !self.nested;
        if may_be_kept && shard.is_exemplar_due(self.end, self.duration) {
            offer_exemplar(shard, &sample);
        }
        if shard.channel() == 0 {
            return;
        }
        let failure = match outcome {
            Outcome::Failure(failure) => Some(failure),
            _ => None,
        };
        let call = CollectorCall {
            operation: shard.operation(),
            sample,
            failure,
        };
        send_to_collector(shard.channel(), call);
    }

    /// Counts a call of any kind.
    fn record(
        &self,
        shard: &'static Shard,
        optional: OptionalValues,
        ending: Ending,
        failure: Option<&Failure>,
    ) {
        shard.record(&self.sample(optional, ending), failure);
    }

    #[inline(always)]
    fn sample(&self, optional: OptionalValues, ending: Ending) -> Sample {
        let sample = Sample {
            end: self.end,
            duration: self.duration,
            ending,
            nested: self.nested,
            self_time: self.self_time,
            optional,
        };
        match self.is_timed {
            true => sample,
            false => sample.without_time(),
        }
    }
}

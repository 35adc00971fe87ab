//! Whether a monitor's calls are recorded, and on which path.
//!
//! The fast path ([`crate::measure::FastCall`]) reads the cycle counter and counts
//! in the thread's shard. The full path ([`crate::measure::Call`]) does whatever is
//! asked for beside that.
//!
//! | bit | set by | when it is set |
//! |---|---|---|
//! | `ENABLED` | `Monitor::set_enabled` | calls are recorded |
//! | `FULL_PATH` | a clock other than the counter | each call takes the full path |
//! | `COLLECTED` | `Monitor::set_collector`, on the counter | calls that could take the fast path do so beside it: they are counted there, and handed over when they end; all others take the full path |
//! | `TRACED` | `Monitor::collect_exemplars` | the same, and some are kept with their trace |
//!
//! A call site reads the state once, `Relaxed`, when the call begins, and compares
//! it with the one number that its shard remembers: enabled, no full path, and no call
//! of the operation running on the thread. One comparison decides all three. A call that began before a change ends on the path on
//! which it began: nothing else depends on the state, so no ordering is needed.
//! `tests/recording.rs`, `what_is_switched_off_is_not_recorded`, fails without the
//! first bit, and `tests/asked_for.rs` and `tests/collector.rs` without the others.

use std::sync::atomic::{AtomicU64, Ordering};

/// Calls are recorded.
const ENABLED: u64 = 1;

/// Calls take the full path, because the clock is not the cycle counter.
const FULL_PATH: u64 = 2;

/// A collector wants each of the calls.
pub(super) const COLLECTED: u64 = 4;

/// Some calls are kept with the trace that they are part of.
pub(super) const TRACED: u64 = 8;

/// The state of a monitor, in one number that every call compares.
#[derive(Debug)]
pub(crate) struct State(AtomicU64);

/// A reading of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateReading(u64);

impl State {
    /// Recording, on the full path until it is known that the fast one will do.
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(ENABLED | FULL_PATH))
    }

    #[inline(always)]
    pub(crate) fn read(&self) -> StateReading {
        StateReading(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set_enabled(&self, is_enabled: bool) {
        self.set(ENABLED, is_enabled);
    }

    pub(crate) fn set_full_path(&self, is_set: bool) {
        self.set(FULL_PATH, is_set);
    }

    pub(crate) fn set_collected(&self, is_set: bool) {
        self.set(COLLECTED, is_set);
    }

    pub(crate) fn set_traced(&self, is_set: bool) {
        self.set(TRACED, is_set);
    }

    fn set(&self, bit: u64, is_set: bool) {
        if is_set {
            self.0.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!bit, Ordering::Relaxed);
        }
    }
}

impl StateReading {
    #[inline(always)]
    pub(crate) fn is_enabled(self) -> bool {
        self.0 & ENABLED != 0
    }

    /// Whether a call takes the full path that cannot be [collected](Self::is_collected) on
    /// the fast one.
    #[inline(always)]
    pub(crate) fn needs_full_path(self) -> bool {
        self.0 & (FULL_PATH | COLLECTED | TRACED) != 0
    }

    /// Whether calls take the fast path and are handed to a collector or kept with their trace
    /// at its end.
    #[inline(always)]
    pub(crate) fn is_collected(self) -> bool {
        self.0 & FULL_PATH == 0 && self.is_enabled() && !self.is_fast()
    }

    /// Whether some calls are kept with the trace that they are part of.
    #[inline(always)]
    pub(crate) fn is_traced(self) -> bool {
        self.0 & TRACED != 0
    }

    /// What a gate remembers of it while such calls run.
    pub(super) fn of_gate(self) -> u64 {
        self.0 & (COLLECTED | TRACED)
    }

    /// Whether calls take the fast path.
    #[inline(always)]
    pub(crate) fn is_fast(self) -> bool {
        self.is(Self::FAST_PATH)
    }

    /// The state in which a call takes the fast path.
    pub(super) const FAST_PATH: u64 = ENABLED;

    /// Whether the state is a number that a shard remembers.
    #[inline(always)]
    pub(super) fn is(self, remembered: u64) -> bool {
        self.0 == remembered
    }
}

/// The state of the program's own monitor, where every call site finds it.
pub(crate) static GLOBAL_STATE: State = State::new();

/// The state of one monitor.
#[derive(Debug)]
pub(crate) enum MonitorState {
    Global,
    Own(State),
}

impl std::ops::Deref for MonitorState {
    type Target = State;

    #[inline(always)]
    fn deref(&self) -> &State {
        match self {
            Self::Global => &GLOBAL_STATE,
            Self::Own(state) => state,
        }
    }
}

//! Which calls of an operation run on a thread, and whether further ones take the fast path.

use super::state::{COLLECTED, StateReading, TRACED};
use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release};

/// What a call adds to the gate while it runs.
const DEEPER: u64 = 1 << 4;

/// What is only set while calls run.
const WATCHED: u64 = COLLECTED | TRACED;

/// The gate while an outermost call runs that took the fast path.
const RUNNING: u64 = StateReading::FAST_PATH + DEEPER;

/// The monitor's state in which calls take the fast path, zero before the first;
/// [`DEEPER`] for each call of the operation that runs on the thread; and [`COLLECTED`]
/// or [`TRACED`] while they run and a collector gets them, or some are kept with their trace.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Gate(AtomicU64);

/// For the one thread that writes.
impl Gate {
    /// Enters a call; says how deep it is nested in itself.
    #[inline(always)]
    pub(crate) fn enter(&self) -> u64 {
        let gate = self.0.own();
        self.0.store(gate.wrapping_add(DEEPER), Relaxed);
        gate / DEEPER
    }

    /// Leaves a call; says whether it ran within another of the operation.
    #[inline(always)]
    pub(crate) fn leave(&self) -> bool {
        // There may be none to leave: the thread may have ended meanwhile.
        let gate = self.0.own();
        let gate = gate.checked_sub(DEEPER).unwrap_or(gate);
        let gate = if gate < DEEPER { gate & !WATCHED } else { gate };
        // Who sees that no call runs sees what the last one wrote.
        self.0.store(gate, Release);
        gate >= DEEPER
    }

    /// Enters the outermost call where the monitor is in the state for the fast path;
    /// else says no, and has done nothing.
    #[inline(always)]
    pub(crate) fn enter_outermost(&self, state: StateReading) -> bool {
        let is_open = state.is(self.0.own());
        if is_open {
            self.0.store(RUNNING, Relaxed);
        }
        is_open
    }

    /// Enters a call that a collector gets, or that may be kept with its trace.
    pub(crate) fn enter_collected(&self, state: StateReading) {
        let gate = self.0.own() | state.of_gate();
        self.0.store(gate.wrapping_add(DEEPER), Relaxed);
    }

    /// Whether a collector gets the call that runs on the fast path, or it may be kept with
    /// its trace.
    #[inline(always)]
    pub(crate) fn is_collected(&self) -> bool {
        self.0.own() & WATCHED != 0
    }

    /// Whether the call that runs may be kept with its trace.
    #[inline(always)]
    pub(crate) fn is_traced(&self) -> bool {
        self.0.own() & TRACED != 0
    }

    /// Whether the call that runs on the fast path runs in no other of the operation, and no
    /// collector gets it.
    #[inline(always)]
    pub(crate) fn is_outermost(&self) -> bool {
        self.0.own() == RUNNING
    }

    /// Leaves such a call.
    #[inline(always)]
    pub(crate) fn leave_outermost(&self) {
        self.0.store(StateReading::FAST_PATH, Release);
    }

    /// Whether a call of the operation runs on the thread.
    pub(crate) fn is_running(&self) -> bool {
        self.0.own() >= DEEPER
    }

    /// Whether the call that runs, runs within another of the operation.
    #[inline(always)]
    pub(crate) fn is_nested(&self) -> bool {
        self.0.own() >= 2 * DEEPER
    }

    /// Whether a further call may take the fast path, as far as the monitor's state says.
    #[inline]
    pub(crate) fn takes_nested(&self, state: StateReading) -> bool {
        state.is(self.0.own() % DEEPER)
    }

    /// Remembers the state of the monitor in which calls take the fast path.
    #[inline]
    pub(crate) fn remember_state(&self, state: StateReading) {
        let gate = self.0.own();
        if !state.is(gate % DEEPER) {
            let kept = gate - gate % DEEPER + (gate & WATCHED);
            self.0.store(kept | StateReading::FAST_PATH, Relaxed);
        }
    }
}

impl Gate {
    /// How many calls run. For any thread.
    pub(super) fn depth(&self) -> u64 {
        self.0.load(Acquire) / DEEPER
    }

    /// Whether no call runs. What those that ran have written is there. For any thread.
    pub(super) fn is_idle(&self) -> bool {
        self.0.load(Acquire) < DEEPER
    }

    /// No thread's calls are running any more. When nobody else uses the shard.
    pub(super) fn rest(&self) {
        let remembered = self.0.own() % DEEPER;
        self.0.store(remembered & !WATCHED, Relaxed);
    }

    /// The same, and no state is remembered.
    pub(super) fn clear(&self) {
        self.0.store(0, Relaxed);
    }
}

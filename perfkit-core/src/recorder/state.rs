//! What a monitor allows its calls to do without asking.

use std::sync::atomic::{AtomicU64, Ordering};

/// Calls are recorded.
const ENABLED: u64 = 1;

/// Something beside counting is to be done with each call, or its clock is not
/// the cycle counter.
const WITH_CARE: u64 = 2;

/// The state of a monitor, in one number that every call compares.
#[derive(Debug)]
pub(crate) struct State(AtomicU64);

/// A reading of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed(u64);

impl State {
    /// Recording, with care until it is known that none is needed.
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(ENABLED | WITH_CARE))
    }

    #[inline(always)]
    pub(crate) fn read(&self) -> Allowed {
        Allowed(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set_enabled(&self, is_enabled: bool) {
        self.set(ENABLED, is_enabled);
    }

    pub(crate) fn set_with_care(&self, with_care: bool) {
        self.set(WITH_CARE, with_care);
    }

    fn set(&self, bit: u64, is_set: bool) {
        if is_set {
            self.0.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!bit, Ordering::Relaxed);
        }
    }
}

impl Allowed {
    #[inline(always)]
    pub(crate) fn is_enabled(self) -> bool {
        self.0 & ENABLED != 0
    }

    #[inline(always)]
    pub(crate) fn is_with_care(self) -> bool {
        self.0 & WITH_CARE != 0
    }

    /// The state in which a call needs no care.
    #[inline(always)]
    pub(super) fn carefree(self) -> u64 {
        (self.0 & !WITH_CARE) | ENABLED
    }

    /// Whether the state is that carefree one.
    #[inline(always)]
    pub(super) fn is(self, carefree: u64) -> bool {
        self.0 == carefree
    }
}

/// The state of the program's own monitor, where every call site finds it.
pub(crate) static GLOBAL_STATE: State = State::new();

/// The state of one monitor.
#[derive(Debug)]
pub(crate) enum StateOf {
    Global,
    Own(State),
}

impl std::ops::Deref for StateOf {
    type Target = State;

    #[inline(always)]
    fn deref(&self) -> &State {
        match self {
            Self::Global => &GLOBAL_STATE,
            Self::Own(state) => state,
        }
    }
}

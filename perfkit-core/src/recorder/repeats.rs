//! Failures of the kind that failed last, which are counted without a lock.
//!
//! Where failures come in masses, most are of one kind, and their texts are not written. The
//! thread knows such a kind by the place of its name in the program, and counts its failures
//! here. They become part of the [`ErrorLog`](super::errors::ErrorLog) when another kind, or a
//! text, is due.

use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release};

/// The numbers only grow, so that nobody has to wait for anybody.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// Where the name of the kind lies and how long it is, for the one thread that writes.
    start: AtomicU64,
    len: AtomicU64,
    /// Until when no text of it is wanted, in ticks; zero where there is no kind.
    until: AtomicU64,
    count: AtomicU64,
    /// How many of them are in the log, or forgotten. Written under the lock on the errors.
    logged: AtomicU64,
}

/// For the one thread that writes.
impl Repeats {
    /// Whether a failure of this kind that ended now can be counted here.
    #[inline(always)]
    pub(super) fn are_of(&self, kind: &'static str, end: u64) -> bool {
        end < self.until.own()
            && self.start.own() == kind.as_ptr().addr() as u64
            && self.len.own() == kind.len() as u64
    }

    #[inline(always)]
    pub(super) fn add_one(&self) {
        self.count.store(self.count.own().wrapping_add(1), Release);
    }

    /// From now on failures of this kind are counted here, if they end before so many ticks.
    pub(super) fn begin(&self, kind: &'static str, until: u64) {
        self.start.store(kind.as_ptr().addr() as u64, Relaxed);
        self.len.store(kind.len() as u64, Relaxed);
        self.until.store(until, Relaxed);
    }
}

/// For whoever holds the lock on the errors.
impl Repeats {
    /// How many are not in the log.
    pub(super) fn pending(&self) -> u64 {
        let count = self.count.load(Acquire);
        count.wrapping_sub(self.logged.load(Acquire))
    }

    /// They are in the log from now on. Said before they are added to it, so that a reader
    /// who finds them there knows of it.
    pub(super) fn set_logged(&self, more: u64) {
        let logged = self.logged.load(Relaxed).wrapping_add(more);
        self.logged.store(logged, Release);
    }

    /// The next failure of the kind is not counted here.
    pub(super) fn end(&self) {
        self.until.store(0, Relaxed);
    }
}

/// For any thread.
impl Repeats {
    /// A number that changes when some become part of the log.
    pub(super) fn logged(&self) -> u64 {
        self.logged.load(Acquire)
    }
}

/// When nobody else uses the shard.
impl Repeats {
    pub(super) fn clear(&self) {
        for number in [
            &self.start,
            &self.len,
            &self.until,
            &self.count,
            &self.logged,
        ] {
            number.store(0, Relaxed);
        }
    }
}

//! The latest calls of a shard, written by one thread and read by any.
//!
//! A new call goes to the place of the oldest. A reader sees a call whole unless the
//! writer has come round to its place; how many calls there were before and after
//! tells, and `Shard::last_calls` reads again then.

use crate::outcome::Ending;

use super::sample::RingEntry;
use super::sync::{Acquire, AtomicU64, Release};

/// The longest duration that an entry of the ring holds: decades of ticks, which
/// only a clock that steps can tell of.
pub(super) const LONGEST: u64 = u64::MAX >> 3;

#[derive(Debug, Default)]
pub(super) struct Ring {
    cells: Box<[RingCell]>,
}

/// Where the ring keeps one call.
#[derive(Debug, Default)]
struct RingCell {
    end: AtomicU64,
    /// See [`pack`].
    packed: AtomicU64,
}

impl Ring {
    /// An empty ring; its length is a power of two.
    pub(super) fn new(len: usize) -> Self {
        Self {
            cells: (0..len).map(|_| RingCell::default()).collect(),
        }
    }

    /// What a ring takes of memory.
    pub(super) fn bytes(len: usize) -> usize {
        len * size_of::<RingCell>()
    }

    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Writes the call at a position of the thread's calls. For the one thread that
    /// writes.
    #[inline(always)]
    pub(super) fn push(&self, position: u64, end: u64, packed: u64) {
        let at = position as usize & (self.cells.len() - 1);
        if let Some(cell) = self.cells.get(at) {
            cell.end.store(end, Release);
            cell.packed.store(packed, Release);
        }
    }

    /// The call at a position, with all of its time as self time.
    pub(super) fn at(&self, position: u64) -> RingEntry {
        let cell = &self.cells[position as usize & (self.cells.len() - 1)];
        let end = cell.end.load(Acquire);
        let packed = cell.packed.load(Acquire);
        let duration = packed >> 3;
        RingEntry {
            end,
            duration,
            self_time: duration,
            ending: Ending::ALL[(packed & 3) as usize],
            nested: packed & 4 != 0,
            optional: None,
        }
    }
}

/// The duration, and in the lowest three bits how the call ended and whether it was
/// nested.
#[inline(always)]
pub(super) fn pack(duration: u64, ending: Ending, nested: bool) -> u64 {
    duration << 3 | u64::from(nested) << 2 | ending as u64
}

//! A number that only grows, of any number of threads.
//!
//! | when | who | what |
//! |---|---|---|
//! | something is added | its thread | one read of the clock, one comparison, one relaxed addition to the cell that it shares with an eighth of all threads |
//! | the first time after a slot has ended | the same | puts what the cells have gained since the last time into the slot that has ended, unless another thread is just doing so: nobody waits |
//! | a reading | whoever reads | the same, and adds up the slots that count now |
//!
//! What is gained is the difference between two sums of cells that only grow until the next
//! reset, so that all that was added is in exactly one slot.

use std::cell::Cell;
use std::sync::atomic::AtomicUsize;
// Not the model checker's: all that threads share here is added up.
use std::sync::atomic::AtomicU64;

use crate::alloc;
use crate::window::Slots;

use super::Common;
use super::sync::{Mutex, Relaxed, lock, try_lock};

/// So many threads can count at once without waiting for each other's caches.
const CELLS: usize = 8;

/// How long until the next look, in ticks, where the clock's rate is not known yet.
const LATER: u64 = 1 << 20;

/// Counts from 0 to 2⁶⁴ − 1, where it stays.
#[derive(Debug, Default)]
pub(crate) struct CounterCell {
    cells: [Padded; CELLS],
    /// In ticks; at first every moment is later.
    slot_end: AtomicU64,
    windows: Mutex<Windows>,
}

/// A number on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Padded(AtomicU64);

/// What a counter has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CounterReading {
    /// Since the start or the last reset.
    pub(crate) total: u64,
    pub(crate) last_period: u64,
    /// Where the last period's first slot begins, in ticks.
    pub(crate) last_period_start: u64,
}

#[derive(Debug, Default)]
struct Windows {
    /// Made when the clock's rate is known.
    slots: Option<Slots<u64>>,
    /// What is in slots, and all that was before.
    placed: u64,
    /// A moment in the slot that is open.
    at: u64,
}

impl CounterCell {
    /// Adds at a moment of the clock.
    #[inline]
    pub(crate) fn add(&self, amount: u64, now: u64, common: &Common) {
        if now >= self.slot_end.load(Relaxed) {
            self.close_slot(now, common);
        }
        let number = &self.cells[cell_of_thread()].0;
        let before = number.fetch_add(amount, Relaxed);
        if before.checked_add(amount).is_none() {
            number.store(u64::MAX, Relaxed);
        }
    }

    /// What was counted since the start or the last reset.
    pub(crate) fn sum(&self) -> u64 {
        let cells = self.cells.iter().map(|cell| cell.0.load(Relaxed));
        cells.fold(0, u64::saturating_add)
    }

    #[cold]
    fn close_slot(&self, now: u64, common: &Common) {
        alloc::uncounted(|| {
            if let Some(mut windows) = try_lock(&self.windows) {
                let end = windows.advance(self.sum(), now, common);
                self.slot_end.store(end, Relaxed);
            }
        });
    }

    /// What was counted until a moment of the clock.
    pub(crate) fn read(&self, now: u64, common: &Common) -> CounterReading {
        let mut windows = lock(&self.windows);
        let end = windows.advance(self.sum(), now, common);
        self.slot_end.store(end, Relaxed);
        let total = self.sum();
        windows.place(total);
        let recent = windows.slots.as_ref().map(|slots| {
            let (start, slots) = slots.recent(now);
            (start, slots.copied().fold(0, u64::saturating_add))
        });
        let (last_period_start, last_period) = recent.unwrap_or((now, total));
        CounterReading {
            total,
            last_period,
            last_period_start,
        }
    }

    /// Begins at 0. What is added meanwhile was before it or is after it.
    pub(crate) fn reset(&self) {
        let mut windows = lock(&self.windows);
        // Not a sum to be subtracted: one near the largest number would leave no room.
        self.cells.iter().for_each(|cell| cell.0.store(0, Relaxed));
        *windows = Windows::default();
        self.slot_end.store(0, Relaxed);
    }
}

impl Windows {
    /// Begins the slot of a moment if it is not the open one, and says when to look again.
    fn advance(&mut self, sum: u64, now: u64, common: &Common) -> u64 {
        if self.slots.is_none() {
            let Some(slots) = common.slots() else {
                return now.saturating_add(LATER);
            };
            self.slots = Some(slots);
            self.at = now;
        }
        let end_of = |windows: &Self, at| windows.slots.as_ref().map_or(0, |s| s.end_of(at));
        if now >= end_of(self, self.at) {
            self.place(sum);
            self.at = now;
        }
        end_of(self, self.at)
    }

    /// Puts what is in no slot yet into the open one.
    fn place(&mut self, sum: u64) {
        if let Some(slots) = &mut self.slots {
            let slot = slots.at(self.at);
            *slot = slot.saturating_add(sum.saturating_sub(self.placed));
            self.placed = sum;
        }
    }
}

/// Which of the cells the calling thread adds to.
#[inline]
fn cell_of_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static CELL: Cell<usize> = const { Cell::new(CELLS) };
    }
    CELL.with(|cell| match cell.get() {
        known if known < CELLS => known,
        _ => {
            let next = THREADS.fetch_add(1, Relaxed) % CELLS;
            cell.set(next);
            next
        }
    })
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;
    use crate::clock::{Clock, MockClock};

    #[test]
    fn what_is_counted_passes_out_of_the_window() {
        let common = Common::of_a_minute(MockClock::new());
        let cell = CounterCell::default();
        let second = 1_000_000_000;
        let recent = |seconds: u64| cell.read(seconds * second, &common).last_period;
        cell.add(1, 0, &common);
        cell.add(2, 30 * second, &common);
        assert_eq!(recent(30), 3);
        cell.add(4, 59 * second, &common);
        assert_eq!(recent(59), 7);
        assert_eq!(recent(60), 6);
        assert_eq!(recent(90), 4);
        assert_eq!(recent(200), 0);
        assert_eq!(cell.read(200 * second, &common).total, 7);
        cell.reset();
        cell.add(8, 201 * second, &common);
        let read = cell.read(201 * second, &common);
        assert_eq!((read.total, read.last_period), (8, 8));
    }

    #[test]
    fn the_largest_number_is_never_passed() {
        let common = Common::of_a_minute(MockClock::new());
        let cell = CounterCell::default();
        for amount in [u64::MAX - 1, 5, 7] {
            cell.add(amount, 0, &common);
        }
        let read = cell.read(0, &common);
        assert_eq!((read.total, read.last_period), (u64::MAX, u64::MAX));
    }

    #[test]
    fn after_a_reset_there_is_room_up_to_the_largest_number_again() {
        let common = Common::of_a_minute(MockClock::new());
        let cell = CounterCell::default();
        for before in [u64::MAX - 1, u64::MAX] {
            cell.add(before, 0, &common);
            assert_eq!(cell.read(0, &common).total, before);
            cell.reset();
            assert_eq!(cell.read(0, &common).total, 0);
            cell.add(20, 0, &common);
            let read = cell.read(0, &common);
            assert_eq!((read.total, read.last_period), (20, 20));
            cell.reset();
        }
    }

    #[test]
    fn threads_lose_nothing_and_each_addition_is_in_one_slot() {
        const EACH: u64 = if cfg!(miri) { 100 } else { 50_000 };
        let common = Common::of_a_minute(Clock::os());
        let cell = CounterCell::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..EACH).for_each(|now| cell.add(1, now << 20, &common)));
            }
            for now in 0..100 {
                let read = cell.read(now << 20, &common);
                assert!(read.last_period <= read.total && read.total <= cell.sum());
            }
        });
        // All of it was within the last 60 s.
        let read = cell.read(EACH << 20, &common);
        assert_eq!((read.total, read.last_period), (4 * EACH, 4 * EACH));
    }
}

//! Rolling windows: the last N things, and the last T seconds.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How many slots the last period is cut into: with the default of 60 s, a second each.
pub(crate) const SLOTS: u64 = 60;

/// Which calls a set of numbers covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Window {
    /// Every call since the start or the last reset.
    Lifetime,
    /// The last so many calls, exactly.
    LastCalls(u64),
    /// The calls that ended within the last so many nanoseconds, to the slot.
    #[serde(rename = "last_period_ns")]
    LastPeriod(u64),
}

/// The last so many ticks of a clock, cut into slots of equal length. Whatever is
/// put in lands in exactly one slot.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    slot_ticks: u64,
    slots: u64,
    /// Slot number (time divided by the slot's length) and content, ascending.
    filled: VecDeque<(u64, T)>,
}

impl<T: Default> Slots<T> {
    pub(crate) fn new(period_ticks: u64, slots: u64) -> Self {
        let slots = slots.max(1);
        Self {
            slot_ticks: (period_ticks / slots).max(1),
            slots,
            filled: VecDeque::new(),
        }
    }

    /// When the slot of a moment ends.
    pub(crate) fn end_of(&self, at: u64) -> u64 {
        let end = (at / self.slot_ticks).saturating_add(1);
        end.saturating_mul(self.slot_ticks)
    }

    /// The slot for something that happened at a moment. What is older than
    /// every kept slot, because the clock stepped back, goes to the oldest.
    pub(crate) fn at(&mut self, at: u64) -> &mut T {
        self.at_and_passed(at, |_| ())
    }

    /// The same; slots that pass out of the window are handed over.
    pub(crate) fn at_and_passed(&mut self, at: u64, passed: impl FnMut(&T)) -> &mut T {
        let number = at / self.slot_ticks;
        self.drop_older_than(number, passed);
        // Nearly always it is the last one or a new one: the others are left alone, because to
        // look for it among them takes longest.
        let position = match self.filled.back() {
            Some((last, _)) if *last < number => self.filled.len(),
            Some((last, _)) if *last == number => self.filled.len() - 1,
            _ => self.filled.partition_point(|(slot, _)| *slot < number),
        };
        let exists = self
            .filled
            .get(position)
            .is_some_and(|(slot, _)| *slot == number);
        if !exists && (position > 0 || self.filled.is_empty()) {
            self.filled.insert(position, (number, T::default()));
        }
        &mut self.filled[position].1
    }

    /// The slots that still count now, with the start of the window.
    pub(crate) fn recent(&self, now: u64) -> (u64, impl Iterator<Item = &T>) {
        let first = self.first_kept(now / self.slot_ticks);
        let recent = self.filled.iter().filter(move |(slot, _)| *slot >= first);
        (self.start(now), recent.map(|(_, content)| content))
    }

    /// Where the window starts that a moment is in.
    pub(crate) fn start(&self, now: u64) -> u64 {
        self.first_kept(now / self.slot_ticks) * self.slot_ticks
    }

    fn first_kept(&self, newest: u64) -> u64 {
        newest.saturating_sub(self.slots - 1)
    }

    fn drop_older_than(&mut self, newest: u64, mut passed: impl FnMut(&T)) {
        let first = self.first_kept(newest);
        while self.filled.front().is_some_and(|(slot, _)| *slot < first) {
            if let Some((_, content)) = self.filled.pop_front() {
                passed(&content);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slots_pass_out_of_the_window_one_by_one() {
        let second = 1_000_000_000;
        let mut slots: Slots<u32> = Slots::new(3 * second, 3);
        let mut passed = 0;
        for time in [0, 1, 1, 2] {
            *slots.at_and_passed(time * second, |count| passed += count) += 1;
        }
        let mut passed_by = |seconds| {
            slots.at_and_passed(seconds * second, |count| passed += count);
            passed
        };
        assert_eq!([2, 3, 4, 5].map(&mut passed_by), [0, 1, 3, 4]);
        assert_eq!(
            [2, 5].map(|time| slots.start(time * second) / second),
            [0, 3]
        );
    }

    proptest! {
        #[test]
        fn everything_lands_in_exactly_one_slot(times in prop::collection::vec(0_u64..100, 1..200)) {
            let mut slots: Slots<u32> = Slots::new(50, 5);
            let mut passed = 0;
            for (done, &time) in times.iter().enumerate() {
                *slots.at_and_passed(time, |count| passed += count) += 1;
                let kept: u32 = slots.filled.iter().map(|(_, count)| *count).sum();
                prop_assert_eq!((kept + passed) as usize, done + 1);
                let numbers: Vec<u64> = slots.filled.iter().map(|(number, _)| *number).collect();
                prop_assert!(numbers.is_sorted_by(|a, b| a < b));
            }
        }
    }
}

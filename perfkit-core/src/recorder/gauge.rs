//! A number that rises and falls, of any number of threads.
//!
//! | when | who | what |
//! |---|---|---|
//! | it changes | its thread | exchanges the value; adds the time that the value before was held to the slots, unless another thread is just doing so: then it leaves word, and nobody waits |
//! | the lock was given back | who had it | looks whether word was left meanwhile, and adds once more |
//! | a reading | whoever reads | the same, and adds up the slots that count now |
//!
//! What a thread that left word had exchanged was held for as long as another one takes to
//! add: among the extremes it is exactly, in the mean by its time until then.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

use crate::alloc;
use crate::window::Slots;

use super::Common;
use super::sync::{Mutex, Relaxed, hold_soon};

/// So many turns of other threads are waited for where a gauge is read.
const TURNS: u32 = 1000;

/// The latest value and, over time, its extremes and its mean.
#[derive(Debug, Default)]
pub(crate) struct GaugeCell {
    /// The bits of the number.
    latest: AtomicU64,
    updates: AtomicU64,
    rejected: AtomicU64,
    /// Whether a thread left word.
    is_left: AtomicBool,
    /// Of those that left word.
    left: AtomicRange,
    windows: Mutex<Windows>,
}

/// What is known of a gauge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GaugeReading {
    /// The value; `None` before the first.
    pub(crate) latest: Option<f64>,
    /// How often it was set or changed since the start or the last reset.
    pub(crate) updates: u64,
    /// Updates that would have made it no number.
    pub(crate) rejected: u64,
    pub(crate) lifetime: Held,
    pub(crate) last_period: Held,
}

/// Values that were held for some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Held {
    range: Range,
    /// The sum of each value times the ticks that it was held.
    area: f64,
    /// How many ticks there was a value.
    pub(crate) ticks: u64,
}

#[derive(Debug, Default)]
struct Windows {
    /// Without what is in the open slot.
    lifetime: Held,
    /// Made when the clock's rate is known. Without the open one.
    slots: Option<Slots<Held>>,
    /// What the open slot has so far.
    open: Held,
    /// A moment in it.
    open_at: u64,
    /// When it ends; 0 where none is open.
    open_until: u64,
    /// The value that is held, once there was one.
    value: Option<f64>,
    /// Since when, or until when its time was added.
    at: u64,
    updates_before_reset: u64,
    rejected_before_reset: u64,
}

impl GaugeCell {
    /// Sets it at a moment of the clock.
    pub(crate) fn set(&self, value: f64, now: u64, common: &Common) {
        self.change(|_| value, now, common);
    }

    /// Adds to it, or to 0 if it never had a value, at a moment of the clock.
    pub(crate) fn add(&self, amount: f64, now: u64, common: &Common) {
        self.change(|before| before + amount, now, common);
    }

    fn change(&self, change: impl Fn(f64) -> f64, now: u64, common: &Common) {
        let changed = |bits| {
            let value = change(f64::from_bits(bits));
            value.is_finite().then(|| value.to_bits())
        };
        let (set, get) = (Ordering::AcqRel, Ordering::Acquire);
        let Ok(before) = self.latest.fetch_update(set, get, changed) else {
            self.rejected.fetch_add(1, Relaxed);
            return;
        };
        self.updates.fetch_add(1, Relaxed);
        self.add_time(change(f64::from_bits(before)), now, common);
    }

    fn add_time(&self, value: f64, now: u64, common: &Common) {
        let Some(mut windows) = hold_soon(&self.windows, 0) else {
            self.left.extend(value);
            self.is_left.store(true, Ordering::Release);
            // Either this thread finds the lock free now, or the one that has it finds the
            // word after it gave it back.
            fence(Ordering::SeqCst);
            return self.finish(now, common);
        };
        self.hold_latest(&mut windows, now, common);
        windows.extend(Range::of(value));
        drop(windows);
        fence(Ordering::SeqCst);
        self.finish(now, common);
    }

    /// Adds what others left.
    fn finish(&self, now: u64, common: &Common) {
        while self.is_left.load(Ordering::Acquire) {
            let Some(mut windows) = hold_soon(&self.windows, 0) else {
                return;
            };
            self.hold_latest(&mut windows, now, common);
            drop(windows);
            fence(Ordering::SeqCst);
        }
    }

    fn hold_latest(&self, windows: &mut Windows, now: u64, common: &Common) {
        windows.advance(now, common);
        if self.is_left.swap(false, Ordering::AcqRel) {
            windows.extend(self.left.take());
        }
        windows.value = self.latest();
    }

    fn latest(&self) -> Option<f64> {
        let is_known = self.updates.load(Relaxed) > 0;
        is_known.then(|| f64::from_bits(self.latest.load(Ordering::Acquire)))
    }

    /// What is known at a moment of the clock.
    pub(crate) fn read(&self, now: u64, common: &Common) -> GaugeReading {
        let Some(mut windows) = hold_soon(&self.windows, TURNS) else {
            // A fork found it held by a thread that this process does not have.
            return GaugeReading {
                latest: self.latest(),
                updates: self.updates.load(Relaxed),
                rejected: self.rejected.load(Relaxed),
                lifetime: Held::default(),
                last_period: Held::default(),
            };
        };
        self.hold_latest(&mut windows, now, common);
        // A thread may have given it the value, and not have told it yet.
        if let Some(value) = windows.value {
            windows.extend(Range::of(value));
        }
        let mut lifetime = windows.lifetime;
        lifetime.merge(&windows.open);
        let last_period = windows.slots.as_ref().map(|slots| {
            let mut recent = windows.open;
            slots.recent(now).1.for_each(|slot| recent.merge(slot));
            recent
        });
        GaugeReading {
            latest: windows.value,
            updates: self.updates.load(Relaxed) - windows.updates_before_reset,
            rejected: self.rejected.load(Relaxed) - windows.rejected_before_reset,
            lifetime,
            last_period: last_period.unwrap_or(lifetime),
        }
    }
}

impl GaugeCell {
    /// How often it was set, changed or refused to be.
    pub(crate) fn attempts(&self) -> u64 {
        let rejected = self.rejected.load(Relaxed);
        self.updates.load(Relaxed).wrapping_add(rejected)
    }

    /// Forgets all but the value that it has at a moment of the clock.
    pub(crate) fn reset(&self, now: u64) {
        let Some(mut windows) = hold_soon(&self.windows, TURNS) else {
            return;
        };
        self.is_left.store(false, Relaxed);
        let _ = self.left.take();
        let value = self.latest();
        let held = value.map(|value| Held::of(value, 0));
        *windows = Windows {
            lifetime: held.unwrap_or_default(),
            value,
            at: now,
            updates_before_reset: self.updates.load(Relaxed),
            rejected_before_reset: self.rejected.load(Relaxed),
            ..Windows::default()
        };
    }
}

impl Held {
    fn merge(&mut self, other: &Self) {
        self.range = self.range.merged(other.range);
        self.area += other.area;
        self.ticks = self.ticks.saturating_add(other.ticks);
    }

    fn of(value: f64, ticks: u64) -> Self {
        Self {
            range: Range::of(value),
            area: value * ticks as f64,
            ticks,
        }
    }

    /// The smallest and the largest value; `None` where there was none.
    pub(crate) fn extremes(&self) -> Option<(f64, f64)> {
        self.range.ends()
    }

    /// The mean over time; `None` where no value was held for any time.
    pub(crate) fn mean(&self) -> Option<f64> {
        let (min, max) = self.extremes()?;
        // What is rounded, or too large to be added, does not leave the values' range.
        let mean = self.area / self.ticks as f64;
        (self.ticks > 0 && !mean.is_nan()).then(|| mean.clamp(min, max))
    }
}

impl Windows {
    /// Adds the time until a moment to the slots that it was in.
    fn advance(&mut self, now: u64, common: &Common) {
        if now >= self.open_until {
            return alloc::uncounted(|| self.advance_to_next(now, common));
        }
        let begun = std::mem::replace(&mut self.at, now);
        if let Some(value) = self.value {
            let held = Held::of(value, now.saturating_sub(begun));
            self.open.merge(&held);
        }
    }

    /// Closes the open slot, and opens that of a moment.
    #[cold]
    fn advance_to_next(&mut self, now: u64, common: &Common) {
        let begun = std::mem::replace(&mut self.at, now);
        let closed = std::mem::take(&mut self.open);
        self.lifetime.merge(&closed);
        let ticks = now.saturating_sub(begun);
        let held = self.value.filter(|_| ticks > 0);
        if let Some(value) = held {
            self.lifetime.merge(&Held::of(value, ticks));
        }
        let open_at = std::mem::replace(&mut self.open_at, now);
        let is_any = closed.extremes().is_some();
        let (had_slots, all) = (self.slots.is_some(), self.lifetime);
        let Some(slots) = self.slots(common) else {
            return;
        };
        if !had_slots {
            // All that there was until the clock's rate was known.
            slots.at(now).merge(&all);
            self.open_until = slots.end_of(now);
            return;
        }
        if is_any {
            slots.at(open_at).merge(&closed);
        }
        let open_until = slots.end_of(now);
        let mut from = begun.max(slots.recent(now).0);
        while let Some(value) = held.filter(|_| from < now) {
            let until = slots.end_of(from).min(now);
            slots.at(from).merge(&Held::of(value, until - from));
            from = until;
        }
        self.open_until = open_until;
    }

    /// Adds values that were held for no time so far.
    fn extend(&mut self, range: Range) {
        self.open.range = self.open.range.merged(range);
    }

    fn slots(&mut self, common: &Common) -> Option<&mut Slots<Held>> {
        if self.slots.is_none() {
            self.slots = Some(common.slots()?);
        }
        self.slots.as_mut()
    }
}

/// From the smallest to the largest of some values, as numbers in the same order.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    low: u64,
    high: u64,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            low: u64::MAX,
            high: 0,
        }
    }
}

const SIGN: u64 = 1 << 63;

impl Range {
    fn of(value: f64) -> Self {
        let bits = value.to_bits();
        let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
        Self {
            low: ordered,
            high: ordered,
        }
    }

    fn merged(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    fn ends(self) -> Option<(f64, f64)> {
        let value = |ordered: u64| match ordered & SIGN {
            0 => f64::from_bits(!ordered),
            _ => f64::from_bits(ordered & !SIGN),
        };
        (self.low <= self.high).then(|| (value(self.low), value(self.high)))
    }
}

/// A range that several threads widen.
#[derive(Debug)]
struct AtomicRange {
    low: AtomicU64,
    high: AtomicU64,
}

impl Default for AtomicRange {
    fn default() -> Self {
        let Range { low, high } = Range::default();
        Self {
            low: low.into(),
            high: high.into(),
        }
    }
}

impl AtomicRange {
    fn extend(&self, value: f64) {
        let Range { low, high } = Range::of(value);
        self.low.fetch_min(low, Relaxed);
        self.high.fetch_max(high, Relaxed);
    }

    /// What it came to; empty from here on.
    fn take(&self) -> Range {
        let Range { low, high } = Range::default();
        Range {
            low: self.low.swap(low, Relaxed),
            high: self.high.swap(high, Relaxed),
        }
    }
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;
    use crate::clock::{Clock, MockClock};

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn the_mean_is_over_the_time_that_each_value_was_held() {
        let common = Common::of_a_minute(MockClock::new());
        let gauge = GaugeCell::default();
        assert_eq!(gauge.read(0, &common).latest, None);
        gauge.set(10.0, 100 * SECOND, &common);
        let read = gauge.read(100 * SECOND, &common);
        assert_eq!((read.latest, read.lifetime.mean()), (Some(10.0), None));
        gauge.add(-14.0, 130 * SECOND, &common);
        let read = gauge.read(140 * SECOND, &common);
        assert_eq!((read.latest, read.updates), (Some(-4.0), 2));
        assert_eq!(read.lifetime.extremes(), Some((-4.0, 10.0)));
        let mean = (30.0 * 10.0 - 4.0 * 10.0) / 40.0;
        assert_eq!(read.lifetime.mean(), Some(mean));
        assert_eq!(read.last_period.mean(), Some(mean));
        // The window's first slot begins at 141 s.
        let read = gauge.read(200 * SECOND, &common);
        assert_eq!(read.last_period.extremes(), Some((-4.0, -4.0)));
        assert_eq!(read.last_period.ticks, 59 * SECOND);
        // A long time without a change, or a look.
        let read = gauge.read(1_000_000 * SECOND, &common);
        assert_eq!(read.last_period.ticks, 59 * SECOND);
        assert_eq!(read.last_period.mean(), Some(-4.0));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let common = Common::of_a_minute(MockClock::new());
        let gauge = GaugeCell::default();
        gauge.set(1.0, 0, &common);
        for value in [f64::NAN, f64::INFINITY] {
            gauge.set(value, 0, &common);
            gauge.add(value, 0, &common);
        }
        let read = gauge.read(0, &common);
        assert_eq!(
            (read.latest, read.updates, read.rejected),
            (Some(1.0), 1, 4)
        );
        assert_eq!(read.lifetime.extremes(), Some((1.0, 1.0)));
    }

    #[test]
    fn a_value_that_its_thread_did_not_tell_yet_is_within_the_extremes() {
        let common = Common::of_a_minute(MockClock::new());
        let gauge = GaugeCell::default();
        gauge.set(1.0, 0, &common);
        gauge.latest.store(5.0_f64.to_bits(), Relaxed);
        let read = gauge.read(SECOND, &common);
        assert_eq!(read.latest, Some(5.0));
        assert_eq!(read.lifetime.extremes(), Some((1.0, 5.0)));
        assert_eq!(read.last_period.extremes(), Some((1.0, 5.0)));
    }

    #[test]
    fn a_reset_keeps_the_value_and_nothing_else() {
        let common = Common::of_a_minute(MockClock::new());
        let gauge = GaugeCell::default();
        gauge.set(9.0, 0, &common);
        gauge.set(3.0, SECOND, &common);
        gauge.reset(2 * SECOND);
        let read = gauge.read(4 * SECOND, &common);
        assert_eq!((read.latest, read.updates), (Some(3.0), 0));
        assert_eq!(read.lifetime.extremes(), Some((3.0, 3.0)));
        assert_eq!(read.lifetime.ticks, 2 * SECOND);
        assert_eq!(read.last_period, read.lifetime);
    }

    #[test]
    fn threads_lose_no_change_and_the_last_value_is_held() {
        const EACH: u64 = if cfg!(miri) { 50 } else { 20_000 };
        let common = Common::of_a_minute(Clock::os());
        let gauge = GaugeCell::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for now in 0..EACH {
                        gauge.add(1.0, now, &common);
                        gauge.add(-1.0, now, &common);
                    }
                });
            }
        });
        let held = hold_soon(&gauge.windows, 0).unwrap().value;
        assert_eq!((held, gauge.is_left.load(Relaxed)), (Some(0.0), false));
        let read = gauge.read(EACH, &common);
        assert_eq!((read.latest, read.updates), (Some(0.0), 8 * EACH));
        let (min, max) = read.lifetime.extremes().unwrap();
        assert!(min == 0.0 && (1.0..=4.0).contains(&max), "{min} to {max}");
    }
}

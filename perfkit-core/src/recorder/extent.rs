//! Sum and extremes of signed numbers, written by one thread and read by any.

use crate::metric_summary::Totals;

use super::sync::{AtomicU64, Own, Relaxed};

/// All in two's complement. Until the first number the extremes are in no order.
#[derive(Debug)]
pub(super) struct Extent {
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Default for Extent {
    fn default() -> Self {
        Self {
            sum: AtomicU64::new(0),
            min: AtomicU64::new(i64::MAX as u64),
            max: AtomicU64::new(i64::MIN as u64),
        }
    }
}

impl Extent {
    #[inline]
    pub(super) fn add(&self, value: i64) {
        let sum = (self.sum.own() as i64).saturating_add(value);
        self.sum.store(sum as u64, Relaxed);
        if value < self.min.own() as i64 {
            self.min.store(value as u64, Relaxed);
        }
        if value > self.max.own() as i64 {
            self.max.store(value as u64, Relaxed);
        }
    }

    /// Whether a number is as high or higher. For the one thread that writes.
    pub(super) fn reaches(&self, value: i64) -> bool {
        self.max.own() as i64 >= value
    }

    /// The totals of so many numbers.
    pub(super) fn totals(&self, count: u64) -> Totals {
        let sum = i128::from(self.sum.load(Relaxed) as i64);
        let extremes = [&self.min, &self.max].map(|extreme| extreme.load(Relaxed) as i64);
        Totals::with(count, sum, extremes)
    }

    pub(super) fn forget_extremes(&self) {
        self.min.store(i64::MAX as u64, Relaxed);
        self.max.store(i64::MIN as u64, Relaxed);
    }

    pub(super) fn clear(&self) {
        self.sum.store(0, Relaxed);
        self.forget_extremes();
    }
}

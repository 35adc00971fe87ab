//! The primitives that the recorder is built from: the standard library's, or
//! those of the model checker that runs the same code.

#[cfg(not(perfkit_loom))]
pub(super) use std::sync::atomic::{AtomicU32, AtomicU64};
#[cfg(not(perfkit_loom))]
pub(super) use std::sync::{Arc, Mutex, MutexGuard, TryLockError, Weak};

#[cfg(perfkit_loom)]
pub(super) use loom::sync::atomic::{AtomicU32, AtomicU64};
#[cfg(perfkit_loom)]
pub(super) use loom::sync::{Mutex, MutexGuard};
#[cfg(perfkit_loom)]
pub(super) use std::sync::{Arc, TryLockError, Weak};

pub(super) use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Locks; a thread that panicked while it held the lock left nothing half-done
/// that matters more than losing the rest would.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Locks if that needs no waiting.
pub(super) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Adds to a number that only the calling thread writes.
#[inline(always)]
pub(super) fn add(number: &AtomicU64, amount: u64) {
    number.store(number.load(Relaxed).saturating_add(amount), Relaxed);
}

/// Raises or lowers a pair of extremes that only the calling thread writes.
#[inline(always)]
pub(super) fn widen(min: &AtomicU64, max: &AtomicU64, value: u64) {
    if value < min.load(Relaxed) {
        min.store(value, Relaxed);
    }
    if value > max.load(Relaxed) {
        max.store(value, Relaxed);
    }
}

//! The primitives that the recorder is built from: the standard library's, or
//! those of the model checker that runs the same code.

use std::ops::{Deref, DerefMut};

#[cfg(perfkit_loom)]
pub(super) use checked::{AtomicU32, AtomicU64};
#[cfg(perfkit_loom)]
pub(super) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(perfkit_loom))]
pub(super) use std::sync::atomic::{AtomicU32, AtomicU64};
#[cfg(not(perfkit_loom))]
pub(super) use std::sync::{Mutex, MutexGuard};

pub(super) use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
pub(super) use std::sync::{Arc, Weak};
use std::sync::{PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::fork::Section;

/// A lock that is held, in a section that a fork waits for.
#[derive(Debug)]
pub(super) struct Guard<'a, T> {
    guard: MutexGuard<'a, T>,
    /// Left after the lock was let go.
    _section: Section,
}

/// Locks; a thread that panicked while it held the lock left nothing half-done
/// that matters more than losing the rest would.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> Guard<'_, T> {
    let section = Section::enter();
    Guard {
        guard: mutex.lock().unwrap_or_else(PoisonError::into_inner),
        _section: section,
    }
}

/// Locks if that needs no waiting.
pub(super) fn try_lock<T>(mutex: &Mutex<T>) -> Option<Guard<'_, T>> {
    let section = Section::enter();
    Some(Guard {
        guard: try_hold(mutex)?,
        _section: section,
    })
}

/// Locks if that needs no waiting but for a moment: some microseconds, and so many
/// turns of other threads that want the core, or 100 ms of them.
pub(super) fn lock_soon<T>(mutex: &Mutex<T>, turns: u32) -> Option<Guard<'_, T>> {
    soon(turns, || try_lock(mutex))
}

/// As [`lock_soon`], in no section: for a lock that is taken so often that a
/// section would cost too much. A fork may find it held, so that everybody takes
/// it in this way and can do without.
pub(super) fn hold_soon<T>(mutex: &Mutex<T>, turns: u32) -> Option<MutexGuard<'_, T>> {
    soon(turns, || try_hold(mutex))
}

fn try_hold<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// How long a lock is waited for at most, however many turns others have: on a busy machine
/// each may take milliseconds, and the lock may be one that nobody gives back after a fork.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

fn soon<G>(turns: u32, attempt: impl Fn() -> Option<G>) -> Option<G> {
    let (spins, turns) = if cfg!(perfkit_loom) {
        (0, 0)
    } else {
        (64, turns)
    };
    let mut begun = None;
    let spin = (0..spins).map(|_| std::hint::spin_loop());
    let turn = |_| {
        std::thread::yield_now();
        begun.get_or_insert_with(Instant::now).elapsed() < LONGEST_WAIT
    };
    let mut pauses = spin.map(|()| true).chain((0..turns).map(turn));
    loop {
        if let Some(guard) = attempt() {
            return Some(guard);
        }
        pauses.next().filter(|goes_on| *goes_on)?;
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// A number that only the calling thread writes.
pub(super) trait Own<T> {
    fn own(&self) -> T;
}

#[cfg(not(perfkit_loom))]
impl Own<u64> for AtomicU64 {
    #[inline(always)]
    fn own(&self) -> u64 {
        self.load(Relaxed)
    }
}

#[cfg(not(perfkit_loom))]
impl Own<u32> for AtomicU32 {
    #[inline(always)]
    fn own(&self) -> u32 {
        self.load(Relaxed)
    }
}

/// The model checker's numbers.
///
/// It looks for other orders of two threads' accesses only where no access of the
/// same thread came between: a writer's own readings would hide each of its
/// writes. So the checker does not see those.
#[cfg(perfkit_loom)]
mod checked {
    use std::sync::atomic::Ordering::{self, Relaxed};

    macro_rules! number {
        ($name:ident, $of:ty) => {
            #[derive(Debug)]
            pub(crate) struct $name {
                checked: loom::sync::atomic::$name,
                /// What was written last. The threads of a model run in turns.
                last: std::sync::atomic::$name,
            }

            impl $name {
                pub(crate) fn new(value: $of) -> Self {
                    Self {
                        checked: loom::sync::atomic::$name::new(value),
                        last: std::sync::atomic::$name::new(value),
                    }
                }

                pub(crate) fn load(&self, order: Ordering) -> $of {
                    self.checked.load(order)
                }

                pub(crate) fn store(&self, value: $of, order: Ordering) {
                    self.checked.store(value, order);
                    self.last.store(value, Relaxed);
                }

                pub(crate) fn swap(&self, value: $of, order: Ordering) -> $of {
                    let before = self.checked.swap(value, order);
                    self.last.store(value, Relaxed);
                    before
                }
            }

            impl Default for $name {
                fn default() -> Self {
                    Self::new(0)
                }
            }

            impl super::Own<$of> for $name {
                fn own(&self) -> $of {
                    self.last.load(Relaxed)
                }
            }
        };
    }

    number!(AtomicU32, u32);
    number!(AtomicU64, u64);
}

/// Adds to a number that only the calling thread writes.
#[inline(always)]
pub(super) fn add(number: &AtomicU64, amount: u64) {
    number.store(number.own().saturating_add(amount), Relaxed);
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_never_given_back_is_not_waited_for() {
        let mutex = Mutex::new(());
        let held = mutex.lock();
        let turns = if cfg!(miri) { 10 } else { u32::MAX };
        assert!(hold_soon(&mutex, turns).is_none());
        drop(held);
        assert!(hold_soon(&mutex, 0).is_some());
    }
}

//! A lock that no fork finds held.

use std::ops::{Deref, DerefMut};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::recorder::{Section, watch_forks};

/// A lock whose holders are in a section that a fork waits for.
#[derive(Debug)]
pub(super) struct SectionLock<T>(RwLock<T>);

/// A lock that is held.
pub(super) struct Held<G> {
    guard: G,
    /// Left after the lock was let go.
    _section: Section,
}

impl<T: Default> Default for SectionLock<T> {
    fn default() -> Self {
        watch_forks();
        Self(RwLock::default())
    }
}

/// A thread that panicked while it held the lock left nothing half-done.
impl<T> SectionLock<T> {
    pub(super) fn read(&self) -> Held<RwLockReadGuard<'_, T>> {
        let section = Section::enter();
        Held {
            guard: self.0.read().unwrap_or_else(PoisonError::into_inner),
            _section: section,
        }
    }

    pub(super) fn write(&self) -> Held<RwLockWriteGuard<'_, T>> {
        let section = Section::enter();
        Held {
            guard: self.0.write().unwrap_or_else(PoisonError::into_inner),
            _section: section,
        }
    }
}

impl<G: Deref> Deref for Held<G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for Held<G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

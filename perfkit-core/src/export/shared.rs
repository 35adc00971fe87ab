//! What a thread shares with those who wait for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "otlp")]
use std::time::Duration;
use std::time::Instant;

/// The longest time that anybody waits: a century is as good as forever, and does not
/// overflow.
#[cfg(feature = "otlp")]
const FOREVER: Duration = Duration::from_secs(3_000_000_000);

/// The moment that is so far from now.
#[cfg(feature = "otlp")]
pub(super) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(FOREVER)
}

/// A state, and a way to wait for its changes.
#[derive(Default)]
pub(super) struct Shared<T> {
    state: Mutex<T>,
    changed: Condvar,
}

impl<T> Shared<T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notify_all(&self) {
        self.changed.notify_all();
    }

    /// Waits until the state is as wanted, or the deadline.
    pub(super) fn wait<'a>(
        &self,
        state: MutexGuard<'a, T>,
        deadline: Instant,
        is_wanted: impl Fn(&T) -> bool,
    ) -> MutexGuard<'a, T> {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self
            .changed
            .wait_timeout_while(state, left, |state| !is_wanted(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

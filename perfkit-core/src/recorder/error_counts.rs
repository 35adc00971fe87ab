//! The failures of a shard, by kind.
//!
//! | field | written by | read by | test of `recorder::loom` |
//! |---|---|---|---|
//! | `kinds` | the shard's thread, unless the lock is held: then it counts in `unlogged` | any thread, under the lock | `a_failure_is_among_the_errors_though_they_are_being_read` |
//! | `repeats` | that thread; what is in the log, and that there are no more, whoever holds the lock on `kinds` | any thread: once more where some became part of the log meanwhile | `a_failure_that_repeats_is_counted_once` |

use crate::outcome::Failure;

use super::errors::{self, ErrorLog, ErrorSnapshot};
use super::repeats::Repeats;
use super::sync::{Arc, AtomicU64, Mutex, Relaxed, add, hold_soon};

/// How often a reading is made anew of which some may be counted twice.
const TRIES: u32 = 8;

#[derive(Debug, Default)]
pub(super) struct ErrorCounts {
    kinds: Mutex<Kinds>,
    /// Failures of the kind that failed last, which are not in `kinds` yet.
    pub(super) repeats: Repeats,
    /// Failures that came while a reader looked at the kinds.
    unlogged: AtomicU64,
}

/// The failures by kind, and of which kind those are that are counted in `repeats`.
#[derive(Debug, Default)]
struct Kinds {
    log: Option<Arc<ErrorLog>>,
    repeated: Option<&'static str>,
}

/// For the one thread that writes.
impl ErrorCounts {
    pub(super) fn log(&self, failure: &Failure) {
        // A reader holds it for as long as it takes to copy a pointer, unless it
        // loses its core just then.
        let Some(mut kinds) = hold_soon(&self.kinds, 1000) else {
            return add(&self.unlogged, 1);
        };
        let Kinds { log, repeated } = &mut *kinds;
        let log = log.get_or_insert_default();
        if let Some(kind) = repeated.take() {
            let more = self.repeats.pending();
            self.repeats.set_logged(more);
            log.add(kind, more);
        }
        log.record(failure);
        if let Some(kind) = failure.static_kind() {
            *repeated = Some(kind);
            self.repeats.begin(kind, log.no_text_until());
        } else {
            self.repeats.end();
        }
    }

    /// Whether the text of a failure is worth writing; see [`ErrorLog`].
    pub(super) fn wants_text(&self, kind: &str, now: u64) -> bool {
        let kinds = hold_soon(&self.kinds, 16);
        kinds.is_none_or(|mut kinds| {
            let log = kinds.log.get_or_insert_default();
            log.wants_text(kind, now)
        })
    }
}

/// For any thread.
impl ErrorCounts {
    /// Forgets all kinds; how many failures of unknown kind there were.
    pub(super) fn forget(&self) -> u64 {
        if let Some(mut kinds) = hold_soon(&self.kinds, 1000) {
            *kinds = Kinds::default();
            self.repeats.end();
            self.repeats.set_logged(self.repeats.pending());
        }
        self.unlogged.load(Relaxed)
    }

    /// The failures by kind, less so many of unknown kind.
    pub(super) fn read(&self, unlogged_before: u64) -> Vec<ErrorSnapshot> {
        let (mut errors, mut is_whole) = self.try_read();
        for _ in 1..TRIES {
            if is_whole {
                break;
            }
            (errors, is_whole) = self.try_read();
        }
        let unlogged = self.unlogged.load(Relaxed).saturating_sub(unlogged_before);
        errors::merge(&mut errors, vec![ErrorSnapshot::other(unlogged)]);
        errors
    }

    /// The failures whose kind is known, and whether none of them changed its place meanwhile,
    /// so that it may be counted twice.
    pub(super) fn try_read(&self) -> (Vec<ErrorSnapshot>, bool) {
        let Some(kinds) = hold_soon(&self.kinds, 1000) else {
            return (Vec::new(), true);
        };
        let log = kinds.log.clone();
        let (repeated, logged) = (kinds.repeated, self.repeats.logged());
        let pending = self.repeats.pending();
        drop(kinds);
        let mut errors = log.map_or_else(Vec::new, |log| log.counts());
        let more = match repeated {
            Some(kind) => ErrorSnapshot::of(kind, pending),
            None => ErrorSnapshot::other(pending),
        };
        errors::merge(&mut errors, vec![more]);
        (errors, self.repeats.logged() == logged)
    }
}

/// When nobody else uses the shard.
impl ErrorCounts {
    pub(super) fn clear(&self) {
        self.forget();
        self.repeats.clear();
        self.unlogged.store(0, Relaxed);
    }
}

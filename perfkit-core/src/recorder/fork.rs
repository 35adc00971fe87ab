//! Locks that no fork finds held.
//!
//! A forked child has one thread. A lock that another thread held at that moment
//! would stay locked in the child for good, so a fork waits until nobody is in a
//! *section* that holds locks; they all are short. A thread that wants to enter
//! one meanwhile waits until the fork is done. The record path has none.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How many threads are in a section.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static IS_FORKING: AtomicBool = AtomicBool::new(false);
/// How many forks this process is away from the one that began.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// How long a fork waits at most: longer than a section takes unless its thread
/// is kept from running.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_micros(50);

thread_local! {
    /// Sections within sections count once.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A section in which the thread holds locks.
#[derive(Debug)]
pub(crate) struct Section(());

impl Section {
    pub(crate) fn enter() -> Self {
        let depth = DEPTH.with(|depth| depth.replace(depth.get() + 1));
        if depth == 0 {
            loop {
                INSIDE.fetch_add(1, Ordering::SeqCst);
                if !IS_FORKING.load(Ordering::SeqCst) {
                    break;
                }
                INSIDE.fetch_sub(1, Ordering::SeqCst);
                std::thread::sleep(PAUSE);
            }
        }
        Self(())
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        let depth = DEPTH.with(|depth| {
            depth.set(depth.get().saturating_sub(1));
            depth.get()
        });
        if depth == 0 {
            // A child forgets the sections of the threads that it does not have.
            let leave = |inside: usize| inside.checked_sub(1);
            let (set, get) = (Ordering::SeqCst, Ordering::SeqCst);
            let _ = INSIDE.fetch_update(set, get, leave);
        }
    }
}

/// Makes forks wait for sections to end. Called before the first section that
/// matters; later calls do nothing.
#[cfg(all(unix, not(miri)))]
#[expect(unsafe_code, reason = "the standard library has no hook for forks")]
pub(crate) fn watch() {
    static WATCHED: std::sync::Once = std::sync::Once::new();
    WATCHED.call_once(|| {
        // SAFETY: the three are functions of this program that take and return
        // nothing, do not unwind, and use atomics and sleep alone.
        let _ = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    });
}

/// Other systems do not fork, nor does Miri, which runs one process.
#[cfg(not(all(unix, not(miri))))]
pub(crate) fn watch() {}

/// A number that a forked child does not share with its parent: threads that were
/// begun under another one do not exist in this process.
pub(crate) fn generation() -> u64 {
    watch();
    GENERATION.load(Ordering::Relaxed)
}

#[cfg(all(unix, not(miri)))]
extern "C" fn before() {
    IS_FORKING.store(true, Ordering::SeqCst);
    let own = usize::from(DEPTH.with(Cell::get) > 0);
    let mut left = PATIENCE;
    while INSIDE.load(Ordering::SeqCst) > own && !left.is_zero() {
        std::thread::sleep(PAUSE);
        left = left.saturating_sub(PAUSE);
    }
}

#[cfg(all(unix, not(miri)))]
extern "C" fn in_parent() {
    IS_FORKING.store(false, Ordering::SeqCst);
}

#[cfg(all(unix, not(miri)))]
extern "C" fn in_child() {
    let own = usize::from(DEPTH.with(Cell::get) > 0);
    INSIDE.store(own, Ordering::SeqCst);
    GENERATION.fetch_add(1, Ordering::Relaxed);
    IS_FORKING.store(false, Ordering::SeqCst);
}

//! Threads that the program does not know of.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread that no signal is delivered to.
///
/// A signal to the process goes to any thread that does not block it. A program that waits
/// for its signals (`sigwait`, `signalfd`) blocks them in all of its threads: one more that
/// took them would die of them, and the program with it. Not for code of the program: what
/// it starts would inherit that.
pub(crate) fn spawn_without_signals(
    builder: Builder,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    // The new thread inherits what this one blocks.
    let _blocked = BlockedSignals::all();
    builder.spawn(work)
}

/// Starts a thread that a write to a closed pipe, or one beyond the largest file that there
/// may be, does not end, and the program with it: it fails there.
///
/// What code of the program starts from there inherits nothing: the standard library lets
/// new processes begin with no signal blocked.
pub(crate) fn spawn_without_signals_of_writing(
    builder: Builder,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let _blocked = BlockedSignals::of_writing();
    builder.spawn(work)
}

/// Signals are blocked in this thread until it is dropped.
#[cfg(all(unix, not(miri)))]
struct BlockedSignals {
    before: libc::sigset_t,
}

#[cfg(all(unix, not(miri)))]
#[expect(unsafe_code, reason = "the standard library knows no signals")]
impl BlockedSignals {
    fn all() -> Self {
        // SAFETY: a set of signals is plain data, which is filled before it is read.
        let [mut all, mut before] = unsafe { std::mem::zeroed::<[libc::sigset_t; 2]>() };
        // SAFETY: the pointers are to locals that live across the calls.
        unsafe {
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        }
        Self { before }
    }

    /// These two beside those that are blocked already.
    fn of_writing() -> Self {
        // SAFETY: as above.
        let [mut both, mut before] = unsafe { std::mem::zeroed::<[libc::sigset_t; 2]>() };
        // SAFETY: as above.
        unsafe {
            libc::sigemptyset(&raw mut both);
            libc::sigaddset(&raw mut both, libc::SIGPIPE);
            libc::sigaddset(&raw mut both, libc::SIGXFSZ);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const both, &raw mut before);
        }
        Self { before }
    }
}

#[cfg(all(unix, not(miri)))]
impl Drop for BlockedSignals {
    #[expect(unsafe_code, reason = "the standard library knows no signals")]
    fn drop(&mut self) {
        // SAFETY: the set was filled by the system; the old one is not asked for.
        unsafe {
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                &raw const self.before,
                std::ptr::null_mut(),
            );
        }
    }
}

/// Other systems do not deliver signals to threads.
#[cfg(not(all(unix, not(miri))))]
struct BlockedSignals;

#[cfg(not(all(unix, not(miri))))]
impl BlockedSignals {
    fn all() -> Self {
        Self
    }

    fn of_writing() -> Self {
        Self
    }
}

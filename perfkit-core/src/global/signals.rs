//! Signals that end the program, and take what it recorded with them.
//!
//! Where a signal still has its default action, which is to end the program, a handler takes
//! its place. It wakes a thread, and that thread has the report saved and lets the program
//! die of the very same signal. What keeps the program as it is without us:
//!
//! - The handler calls `sigaction`, `getpid` and `sem_post` and uses atomics, nothing else. It
//!   does not wait: the thread that it interrupted may hold any lock, and goes on.
//! - A signal that the program handles, ignores or waits for is left alone. A handler that it
//!   installs later takes the place of ours. Some handlers then call the one that was there
//!   before (`signal-hook`, and with it tokio): ours sees that it is not the handler of the
//!   signal any more, and does nothing.
//! - A semaphore and no pipe: a program that closes all file descriptors would give the
//!   number of the pipe to a file of its own.
//! - A forked child has no thread to save anything: the handler gives the default action
//!   back, and the child dies. `exec` gives it back by itself.
//! - The first process of a container, for which a signal's default action is none, keeps it.
//! - It dies in any case: the save is waited for [`PATIENCE`] long.
//!
//! What is left:
//!
//! - A program which looks finds a handler where there was none.
//! - A call that no flag restarts (`poll`, `epoll_wait`, `select`, `nanosleep`) returns `EINTR`
//!   in the thread that ran the handler, where the default action would have let it return
//!   never; the thread goes on for as long as the report takes.
//! - A signal which comes in the very microsecond in which the program replaces the handler
//!   may be taken for one that its own handler passed on.

use std::io;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use libc::{SIGHUP, SIGINT, SIGTERM, c_int};

use crate::process::spawn_without_signals;

use super::saver::LastRequest;

const ENDS: [c_int; 3] = [SIGHUP, SIGINT, SIGTERM];

/// How long the program's death waits for the report.
const PATIENCE: Duration = Duration::from_secs(5);

/// The process that has the thread.
static WATCHED: AtomicU32 = AtomicU32::new(0);
/// What wakes the thread.
static WAKE: AtomicPtr<libc::sem_t> = AtomicPtr::new(std::ptr::null_mut());
/// The address of our handler, once it is known.
static HANDLER: AtomicUsize = AtomicUsize::new(0);
/// The signal of which the program is dying; zero while it lives.
static DYING_OF: AtomicI32 = AtomicI32::new(0);

/// Lets the report be saved before a signal ends the program.
pub(super) fn watch(saver: SyncSender<LastRequest>) -> io::Result<()> {
    watch_on(|| {
        let builder = std::thread::Builder::new().name("perfkit-signal".to_owned());
        spawn_without_signals(builder, move || wait_for_signals(&saver)).map(drop)
    })
}

/// The same, with how the thread is started.
fn watch_on(start_thread: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let own = std::process::id();
    if own == 1 {
        return Ok(());
    }
    let wake = new_semaphore()?;
    WAKE.store(wake, Ordering::Release);
    DYING_OF.store(0, Ordering::Release);
    HANDLER.store(on_signal as *const () as usize, Ordering::Release);
    start_thread()?;
    // Not before: the handlers that a forked child has of its parent would wake nobody.
    WATCHED.store(own, Ordering::Release);
    ENDS.into_iter().for_each(install);
    Ok(())
}

/// Whoever ends the program while a signal is about to end it waits here for that.
pub(super) fn let_signal_end() {
    const STEP: Duration = Duration::from_millis(5);
    let mut left = PATIENCE + PATIENCE;
    let is_dying = || {
        DYING_OF.load(Ordering::Acquire) != 0
            && WATCHED.load(Ordering::Acquire) == std::process::id()
    };
    while is_dying() && !left.is_zero() {
        std::thread::sleep(STEP);
        left = left.saturating_sub(STEP);
    }
}

/// On a thread of its own, which blocks all signals.
fn wait_for_signals(saver: &SyncSender<LastRequest>) {
    while wait_for_wake() {
        let (request, answer) = sync_channel(1);
        if saver.try_send(request).is_ok() {
            let _ = answer.recv_timeout(PATIENCE);
        }
        let signal = DYING_OF.load(Ordering::Acquire);
        set_default(signal);
        raise_here(signal);
        // The program has just given the signal another meaning.
        DYING_OF.store(0, Ordering::Release);
    }
}

extern "C" fn on_signal(signal: c_int) {
    if !is_handler_of(signal) {
        // Called by the program's own handler, which decides what becomes of the program.
        return;
    }
    let wake = WAKE.load(Ordering::Acquire);
    if WATCHED.load(Ordering::Acquire) != std::process::id() || wake.is_null() {
        // A forked child.
        set_default(signal);
        raise_here(signal);
        return;
    }
    let (set, get) = (Ordering::AcqRel, Ordering::Acquire);
    if DYING_OF.compare_exchange(0, signal, set, get).is_ok() {
        post(wake);
    }
}

/// Takes the place of the default action; of nothing else.
fn install(signal: c_int) {
    if action_of(signal) != Some(libc::SIG_DFL) {
        return;
    }
    let handler = HANDLER.load(Ordering::Acquire);
    let before = exchange_action(signal, handler);
    // The program was quicker.
    if let Some(before) = before.filter(|before| before.sa_sigaction != libc::SIG_DFL) {
        restore_action(signal, &before);
    }
}

/// Whether the system calls our handler for the signal.
fn is_handler_of(signal: c_int) -> bool {
    action_of(signal) == Some(HANDLER.load(Ordering::Acquire))
}

/// What a signal does.
#[expect(unsafe_code, reason = "the standard library knows no signals")]
fn action_of(signal: c_int) -> Option<libc::sighandler_t> {
    // SAFETY: an action is plain data, of which the system fills in what there is.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: nothing is set, and the other pointer is to a local that lives across the call.
    let result = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    (result == 0).then_some(action.sa_sigaction)
}

/// Sets what a signal does; returns what it did before.
#[expect(unsafe_code, reason = "the standard library knows no signals")]
fn exchange_action(signal: c_int, handler: libc::sighandler_t) -> Option<libc::sigaction> {
    // SAFETY: actions are plain data, and all zeros are an action without flags that blocks
    // no further signals.
    let [mut action, mut before] = unsafe { std::mem::zeroed::<[libc::sigaction; 2]>() };
    action.sa_sigaction = handler;
    // System calls go on, and a thread with little room for its stack has another for this.
    action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: the pointers are to locals that live across the call. The handler is one of the
    // system's own or a function of this program that takes the signal, does not unwind and
    // uses what may be used in a handler alone.
    let result = unsafe { libc::sigaction(signal, &raw const action, &raw mut before) };
    (result == 0).then_some(before)
}

#[expect(unsafe_code, reason = "the standard library knows no signals")]
fn restore_action(signal: c_int, action: &libc::sigaction) {
    // SAFETY: it is the action that the system gave us of this signal.
    unsafe { libc::sigaction(signal, action, std::ptr::null_mut()) };
}

fn set_default(signal: c_int) {
    exchange_action(signal, libc::SIG_DFL);
}

/// Sends a signal to the calling thread, which takes it now or, in a handler, at its end.
#[expect(unsafe_code, reason = "the standard library knows no signals")]
fn raise_here(signal: c_int) {
    // SAFETY: a set of signals is plain data, which is filled before it is read.
    let [mut only, mut before] = unsafe { std::mem::zeroed::<[libc::sigset_t; 2]>() };
    // SAFETY: the pointers are to locals that live across the calls.
    unsafe {
        libc::sigemptyset(&raw mut only);
        libc::sigaddset(&raw mut only, signal);
        libc::raise(signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const only, &raw mut before);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
    }
}

/// A semaphore that is there until the process ends.
#[expect(
    unsafe_code,
    reason = "no lock of the standard library is for handlers"
)]
fn new_semaphore() -> io::Result<*mut libc::sem_t> {
    // SAFETY: it is plain data, which the next call makes a semaphore of.
    let semaphore = Box::leak(Box::new(unsafe { std::mem::zeroed::<libc::sem_t>() }));
    // SAFETY: it has its place for good, and nobody else knows it.
    match unsafe { libc::sem_init(semaphore, 0, 0) } {
        0 => Ok(semaphore),
        _ => Err(io::Error::last_os_error()),
    }
}

#[expect(
    unsafe_code,
    reason = "no lock of the standard library is for handlers"
)]
fn post(semaphore: *mut libc::sem_t) {
    // SAFETY: it comes from `new_semaphore`. This may be done in a handler, and sets no error
    // that the interrupted code could see, but for a count that is beyond its type.
    unsafe { libc::sem_post(semaphore) };
}

/// False if there is no waiting.
#[expect(
    unsafe_code,
    reason = "no lock of the standard library is for handlers"
)]
fn wait_for_wake() -> bool {
    let wake = WAKE.load(Ordering::Acquire);
    loop {
        // SAFETY: it comes from `new_semaphore`.
        let result = unsafe { libc::sem_wait(wake) };
        if result == 0 {
            return true;
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            ENDS.into_iter()
                .filter(|s| is_handler_of(*s))
                .for_each(set_default);
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_watched_only_once_it_has_the_thread() {
        let refused = watch_on(|| Err(io::Error::other("refused in this test")));
        assert!(refused.is_err() || std::process::id() == 1);
        assert_eq!(WATCHED.load(Ordering::Acquire), 0);
        assert!(!ENDS.into_iter().any(is_handler_of));
    }
}

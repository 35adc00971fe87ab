//! A guard that measures a section of code.

use std::borrow::Cow;
use std::fmt::Display;
use std::mem::ManuallyDrop;

use crate::alloc;
use crate::label::Label;
use crate::monitor::Operation;
use crate::outcome::{Failure, Outcome};

use super::call::Call;
use super::plain_timer::PlainTimer;

/// Measures from its start until it is stopped, failed or dropped.
///
/// Dropped, it is a success, or a panic if the thread is unwinding. It stays on
/// its thread; across an await use [`Operation::measure_async`].
///
/// Timers may overlap and end in any order, each with its own time; only the
/// self times of those that overlap mix, and with `memory` their peak growths:
/// a timer that begins within another must end before it, or the other's peak
/// and that of the call around both may be too small. A timer within another of the same
/// operation is no recursion but a call of its own.
///
/// ```
/// let monitor = perfkit::Monitor::new();
/// let timer = monitor.operation("load").start();
/// let found = [1, 2, 3].contains(&4);
/// if found { timer.stop() } else { timer.fail("not_found", "no 4 in the list") }
///
/// let snapshot = monitor.snapshot();
/// let load = snapshot.operation("load").unwrap();
/// assert_eq!(load.lifetime.calls.failure, 1);
/// assert_eq!(load.errors[0].kind, "not_found");
/// ```
#[derive(Debug)]
#[must_use = "a timer that is not kept stops at once"]
pub struct Timer {
    running: Option<Running>,
    /// The call's frame belongs to the thread that began it.
    _not_send: std::marker::PhantomData<*const ()>,
}

#[derive(Debug)]
enum Running {
    Plain(PlainTimer),
    /// In a box, so that a plain timer is small.
    Full(Box<Call>),
}

impl Timer {
    #[inline]
    pub(super) fn of(operation: &Operation) -> Self {
        // Each way tells what it found in registers, so that a plain timer is put where it
        // stays: a copy of what was just written waits for that.
        let running = match cfg!(feature = "record").then(|| PlainTimer::begin(operation)) {
            Some(Some(timer)) => Some(Running::Plain(timer)),
            Some(None) => begin_full(operation).map(Running::Full),
            None => None,
        };
        Self {
            running,
            _not_send: std::marker::PhantomData,
        }
    }

    /// The call as one that may have labels.
    fn full(&mut self) -> Option<&mut Call> {
        let running = match self.running.take()? {
            Running::Plain(timer) => alloc::uncounted(|| Box::new(timer.into_call())),
            Running::Full(call) => call,
        };
        match self.running.insert(Running::Full(running)) {
            Running::Full(call) => Some(call),
            Running::Plain(_) => None,
        }
    }

    /// Counts the call under a label, as one of the operation `name{key="value"}`. Of two
    /// values of one key the later one counts; 100 characters of it are kept.
    ///
    /// ```
    /// let monitor = perfkit::Monitor::new();
    /// let mut timer = monitor.operation("get").start();
    /// let status = 404;
    /// timer.label("status", status);
    /// timer.stop();
    /// assert!(monitor.snapshot().operation(r#"get{status="404"}"#).is_some());
    /// ```
    pub fn label(&mut self, key: &str, value: impl Display) {
        if let Some(call) = self.full() {
            alloc::uncounted(|| call.label(Label::new(key, &value)));
        }
    }

    /// Ends the call as a success.
    #[inline]
    pub fn stop(self) {
        match ManuallyDrop::new(self).running.take() {
            Some(Running::Plain(timer)) => timer.stop(),
            Some(Running::Full(call)) => {
                unboxed(call, |mut call| call.finish(|_| Outcome::Success));
            }
            None => {}
        }
    }

    /// Ends the call as a failure. The kind should be one of few: failures are
    /// counted by it.
    #[inline]
    pub fn fail(self, kind: impl Into<Cow<'static, str>>, text: impl Display) {
        let outcome = |_| Outcome::Failure(Failure::new(kind, text));
        match ManuallyDrop::new(self).running.take() {
            Some(Running::Plain(timer)) => timer.into_call().finish(outcome),
            Some(Running::Full(call)) => unboxed(call, |mut call| call.finish(outcome)),
            None => {}
        }
    }

    /// Ends without recording anything.
    #[inline]
    pub fn discard(self) {
        match ManuallyDrop::new(self).running.take() {
            Some(Running::Plain(timer)) => timer.discard(),
            Some(Running::Full(call)) => unboxed(call, Call::discard),
            None => {}
        }
    }
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        match self.running.take() {
            Some(Running::Plain(timer)) => timer.end_as_dropped(),
            Some(Running::Full(call)) => unboxed(call, drop),
            None => {}
        }
    }
}

/// Begins a call of which more is wanted than its time.
#[cold]
fn begin_full(operation: &Operation) -> Option<Box<Call>> {
    let begin = || Call::begin_guarded(operation.destination.clone(), operation.options);
    let is_enabled = operation.destination.monitor.is_enabled();
    is_enabled.then(|| alloc::uncounted(|| Box::new(begin())))
}

/// Ends a call, whose box is not the program's.
#[cold]
fn unboxed(call: Box<Call>, end: impl FnOnce(Call)) {
    end(alloc::uncounted(|| *call));
}

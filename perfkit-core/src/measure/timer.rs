//! A guard that measures a section of code.

use std::borrow::Cow;
use std::fmt::Display;

use crate::alloc;
use crate::label::Label;
use crate::monitor::Operation;
use crate::outcome::{Failure, Outcome};

use super::call::Call;

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
    call: Option<Call>,
    /// The call's frame belongs to the thread that began it.
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Timer {
    #[inline]
    pub(super) fn of(operation: &Operation) -> Self {
        let begin = || Call::begin_guarded(operation.destination.clone(), operation.options);
        let is_enabled = operation.destination.monitor.is_enabled();
        Self {
            call: is_enabled.then(begin),
            _not_send: std::marker::PhantomData,
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
        if let Some(call) = &mut self.call {
            alloc::uncounted(|| call.label(Label::new(key, &value)));
        }
    }

    /// Ends the call as a success.
    #[inline]
    pub fn stop(self) {
        self.end(|| Outcome::Success);
    }

    /// Ends the call as a failure. The kind should be one of few: failures are
    /// counted by it.
    #[inline]
    pub fn fail(self, kind: impl Into<Cow<'static, str>>, text: impl Display) {
        self.end(|| Outcome::Failure(Failure::new(kind, text)));
    }

    /// Ends without recording anything.
    #[inline]
    pub fn discard(mut self) {
        if let Some(call) = self.call.take() {
            call.discard();
        }
    }

    #[inline]
    fn end(mut self, outcome: impl FnOnce() -> Outcome) {
        if let Some(call) = &mut self.call {
            call.finish(|_| outcome());
        }
    }
}

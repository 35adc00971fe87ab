//! Finding out how a call ended, which may panic.

use std::mem;

/// The outcome that a function finds out. Where that panics, the call counts as one
/// that did.
#[inline(always)]
pub(super) fn judge<O>(find_out: impl FnOnce() -> O, panicked: impl FnMut()) -> O {
    let unwinding = Unwinding(panicked);
    let outcome = find_out();
    mem::forget(unwinding);
    outcome
}

struct Unwinding<F: FnMut()>(F);

impl<F: FnMut()> Drop for Unwinding<F> {
    #[inline(always)]
    fn drop(&mut self) {
        (self.0)();
    }
}

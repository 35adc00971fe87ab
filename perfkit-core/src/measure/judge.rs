//! Finding out how a call ended, which may panic.

use std::mem;

use crate::outcome::Outcome;

/// The outcome that a function finds out. Where that panics, the call counts as one
/// that did.
#[inline(always)]
pub(super) fn judge(find_out: impl FnOnce() -> Outcome, panicked: impl FnMut()) -> Outcome {
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

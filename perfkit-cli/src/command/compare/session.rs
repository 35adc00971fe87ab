//! One session of measuring.

use perfkit::Report;

use crate::args::Verbosity;
use crate::error::Error;
use crate::interrupt::Signals;
use crate::plan::Plan;
use crate::revision::Checkout;

/// What is measured, and what goes for all of it.
#[derive(Clone, Copy)]
pub(in crate::command) struct Session<'a> {
    pub(in crate::command) plan: &'a Plan,
    /// The revision that this tree is compared with.
    pub(in crate::command) checkout: Option<&'a Checkout>,
    pub(in crate::command) signals: &'a Signals,
    pub(in crate::command) verbosity: Verbosity,
}

/// What was measured.
pub(in crate::command) struct Outcome {
    pub(in crate::command) report: Report,
    /// What ended it, if that was a failure.
    pub(in crate::command) failure: Option<Error>,
}

impl Session<'_> {
    /// Whether the user wants it to end.
    pub(in crate::command) fn is_interrupted(&self) -> bool {
        self.signals.is_interrupted()
    }

    /// Whether a terminal shows how far it has come.
    pub(in crate::command) fn shows_progress(&self) -> bool {
        self.plan.shows_progress && self.is_talkative()
    }

    /// Whether something may be said beside the result.
    pub(in crate::command) fn is_talkative(&self) -> bool {
        self.verbosity > Verbosity::Quiet
    }
}
